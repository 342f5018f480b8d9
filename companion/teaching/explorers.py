"""Explorers: one drawing function with sliders, live in JupyterLab and without a kernel in the book.

    @explore(alpha=Range(0, 4, 0.1, start=1, label="scale α"), n=Choice([8, 64], start=64, label="keys n"))
    def jacobian_norm(axes, alpha, n):
        '''One-line caption.

        Notice: what the reader should see, and at which setting.
        '''

Live, the cell shows ipywidgets controls over one picture. While the book is built (`COMPANION_BAKE` names the
site's static folder, `COMPANION_NOTEBOOK` the notebook), every setting is drawn once as SVG, packed as JSON, and
the cell shows the HTML that `book/_static/explorer.js` brings to life.
"""

import asyncio
import gzip
import html
import inspect
import io
import itertools
import json
import os
import re
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from companion.teaching._shell import _shell, show

FRAME_BUDGET = 250
PACK_BUDGET = 1_500_000
Setting = tuple[int, ...]


@dataclass(frozen=True)
class Range:
    """A slider over low, low + step, …, high; `show` (a format or a function) turns a value into text."""

    low: float
    high: float
    step: float
    start: float | None = None
    label: str = ""
    unit: str = ""
    show: str | Callable[[float], str] | None = None

    def values(self) -> list[float]:
        """The grid, without the drift of adding floats. Raises ValueError if it is empty."""
        low, high, step = (Decimal(str(v)) for v in (self.low, self.high, self.step))
        if not all(v.is_finite() for v in (low, high, step)) or step <= 0:
            raise ValueError(f"step must be positive and all three finite, got {self.low, self.high, self.step}")
        if high < low:
            raise ValueError(f"the range from {self.low} to {self.high} is empty")
        exact = [low + k * step for k in range(int((high - low) / step) + 1)]
        whole = all(isinstance(v, int) for v in (self.low, self.step))
        return [int(v) if whole else float(v) for v in exact]

    def texts(self) -> list[str]:
        """How each value is shown to the reader."""
        if callable(self.show):
            return [self.show(v) for v in self.values()]
        if self.show is not None:
            return [format(v, self.show) for v in self.values()]
        digits = max(0, *(-Decimal(str(v)).normalize().as_tuple().exponent for v in (self.low, self.step)))
        return [f"{v:.{digits}f}" for v in self.values()]


@dataclass(frozen=True)
class Choice:
    """A drop-down over `options`: a sequence of values, or a mapping from what is shown to the value."""

    options: Sequence[Any] | Mapping[str, Any]
    start: Any = None
    label: str = ""
    unit: str = ""

    def values(self) -> list[Any]:
        """The options. Raises ValueError if there are none."""
        values = list(self.options.values() if isinstance(self.options, Mapping) else self.options)
        if not values:
            raise ValueError("there are no options")
        return values

    def texts(self) -> list[str]:
        """How each option is shown to the reader."""
        return [str(option) for option in self.options]


Parameter = Range | Choice


def explore(
    *, panels: int = 1, height: float = 2.7, **parameters: Parameter
) -> Callable[[Callable[..., Any]], "Explorer"]:
    """Turn `draw(axes, **parameters)` into an explorer, and show it where there is somebody to see it.

    `axes` is one matplotlib Axes, or a tuple of them when `panels` > 1; `draw` may return named numbers. Raises
    ValueError, naming the explorer, for parameters that do not fit the function, an empty range, a start off
    the grid, values that are shown alike, more than 250 frames, or a docstring without caption and notice.
    """

    def decorate(draw: Callable[..., Any]) -> Explorer:
        explorer = Explorer(draw, parameters, panels, height)
        explorer.show()
        return explorer

    return decorate


class Explorer:
    """A drawing function, its grid of settings, and the two homes it can be shown in."""

    def __init__(
        self, draw: Callable[..., Any], parameters: Mapping[str, Parameter], panels: int, height: float
    ) -> None:
        self.draw, self.panels, self.height = draw, panels, height
        self.name = draw.__name__
        self.caption, self.notice = self._docstring()
        self.parameters = dict(parameters)
        self._check_signature()
        grids = {name: self._grid(name, p) for name, p in self.parameters.items()}
        self.values = {name: values for name, (values, _) in grids.items()}
        self.texts = {name: texts for name, (_, texts) in grids.items()}
        self.start = tuple(self._start(name, p) for name, p in self.parameters.items())
        frames = sum(1 for _ in self.settings())
        if frames > FRAME_BUDGET:
            raise self._wrong(f"{frames} frames are more than the budget of {FRAME_BUDGET}")

    def _wrong(self, what: str) -> ValueError:
        return ValueError(f"explorer {self.name!r}: {what}")

    def _docstring(self) -> tuple[str, str]:
        paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", inspect.getdoc(self.draw) or "") if p.strip()]
        if len(paragraphs) < 2 or not paragraphs[1].startswith("Notice:"):
            raise self._wrong("the docstring needs a caption, an empty line, and a paragraph 'Notice: …'")
        return paragraphs[0], " ".join(paragraphs[1:]).removeprefix("Notice:").strip()

    def _check_signature(self) -> None:
        for name, number in (("panels", self.panels), ("height", self.height)):
            if isinstance(number, Parameter):
                raise self._wrong(f"{name!r} is taken, it cannot be the name of a parameter")
        if not isinstance(self.panels, int) or self.panels < 1:
            raise self._wrong(f"panels must be a whole number above zero, got {self.panels!r}")
        if not 1 <= self.height <= 8:
            raise self._wrong(f"height must be between 1 and 8 inches, got {self.height!r}")
        taken = list(inspect.signature(self.draw).parameters)[1:]
        if set(taken) != set(self.parameters):
            unknown = sorted(set(self.parameters) - set(taken))
            missing = sorted(set(taken) - set(self.parameters))
            raise self._wrong(f"parameters {unknown} are unknown to the function, {missing} have no control")
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, Range | Choice):
                raise self._wrong(f"parameter {name!r} must be a Range or a Choice, got {parameter!r}")
        if not self.parameters:
            raise self._wrong("it has no parameter")

    def _grid(self, name: str, parameter: Parameter) -> tuple[list[Any], list[str]]:
        try:
            values, texts = parameter.values(), parameter.texts()
        except (ValueError, ArithmeticError) as error:
            raise self._wrong(f"parameter {name!r}: {error}") from None
        if twice := [text for k, text in enumerate(texts) if text in texts[:k]]:
            raise self._wrong(f"parameter {name!r}: two values are shown as {twice[0]!r}")
        return values, texts

    def _start(self, name: str, parameter: Parameter) -> int:
        values = self.values[name]
        if parameter.start is None:
            return 0
        known = values if parameter.start in values else self.texts[name]
        if parameter.start not in known:
            raise self._wrong(f"parameter {name!r}: the start {parameter.start!r} is not on the grid")
        return known.index(parameter.start)

    def settings(self) -> Iterator[Setting]:
        """All settings as tuples of grid indices; the last parameter changes fastest."""
        return itertools.product(*(range(len(values)) for values in self.values.values()))

    def arguments(self, setting: Setting) -> dict[str, Any]:
        """The drawing function's keyword arguments at a setting."""
        return {name: self.values[name][k] for name, k in zip(self.parameters, setting, strict=True)}

    def describe(self, setting: Setting) -> str:
        """A setting in words, as "scale α = 1, keys n = 512"."""
        return ", ".join(
            f"{p.label or name} = {self.texts[name][k]}{' ' + p.unit if p.unit else ''}"
            for (name, p), k in zip(self.parameters.items(), setting, strict=True)
        )

    def __repr__(self) -> str:
        shown = ", ".join(f"{n} = {self.texts[n][k]}" for n, k in zip(self.parameters, self.start, strict=True))
        return f"explorer {self.name}: {shown}"

    def show(self) -> None:
        """Display the explorer in IPython; elsewhere do nothing."""
        if _shell() is None:
            return
        shown_before = _SHOWN.pop(self.name, None)
        if folder := os.environ.get("COMPANION_BAKE"):
            if shown_before:
                raise self._wrong("the notebook has another explorer of this name")
            _SHOWN[self.name] = self
            bundle = {"text/html": bake(self, Path(folder), os.environ["COMPANION_NOTEBOOK"])}
        else:
            if shown_before:
                shown_before.close()
            _SHOWN[self.name] = live = Live(self)
            bundle = live.box._repr_mimebundle_()
            # A start frame that cannot be drawn has no picture; the box shows the error.
            if self.start in live.remembered:
                bundle |= {"image/png": live.remembered[self.start][0]}
        show(bundle | {"text/plain": repr(self)})


# What this process has shown last under each name: a cell that is run again replaces its widgets.
_SHOWN: dict[str, Any] = {}


# --- drawing ----------------------------------------------------------------------------------------------------


class Canvas:
    """The figures of an explorer, one a panel, drawn again and again. No pyplot, so no global state."""

    def __init__(self, explorer: Explorer, dpi: int = 140) -> None:
        from matplotlib import rc_context
        from matplotlib.backends.backend_agg import FigureCanvasAgg
        from matplotlib.figure import Figure

        from companion.teaching import plotting

        self.explorer, self.style = explorer, plotting.style()
        # Ticks and grid are most of what a frame costs, and seldom change: their SVG is kept.
        self.scaffolds: dict[tuple[int, str], str] = {}
        # Live, the pixels of the last ones.
        self.grounds: dict[int, tuple[str, Any]] = {}
        size = plotting.panel_size(explorer.panels, explorer.height)
        with rc_context(self.style):
            self.figures = [Figure(figsize=size, dpi=dpi) for _ in range(explorer.panels)]
            for figure in self.figures:
                FigureCanvasAgg(figure)
            self.axes = tuple(figure.add_axes(plotting.panel_box(*size)) for figure in self.figures)

    def draw(self, setting: Setting) -> list[tuple[str, str]]:
        """Draw a setting; return the named numbers as text."""
        from matplotlib import rc_context

        explorer = self.explorer
        with rc_context(self.style):
            for axes in self.axes:
                wipe(axes)
            named = explorer.draw(self.axes if explorer.panels > 1 else self.axes[0], **explorer.arguments(setting))
        return [(name, v if isinstance(v, str) else f"{v:.4g}") for name, v in (named or {}).items()]

    def png(self) -> bytes:
        """The panels side by side as PNG, compressed for speed rather than size."""
        import numpy as np
        from matplotlib import rc_context
        from PIL import Image

        with rc_context(self.style):
            pixels = np.hstack([self._pixels(panel) for panel in range(len(self.figures))])
        out = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()

    def _pixels(self, panel: int) -> Any:
        """RGBA of a panel: ticks and grid, copied if they are those of the frame before, and the rest drawn on top."""
        figure, axes = self.figures[panel], self.axes[panel]
        canvas, scaffold = figure.canvas, self._scaffold(axes)
        if self.grounds.get(panel, ("", None))[0] != scaffold:
            with only(axes, axis=True):
                canvas.draw()
            self.grounds[panel] = scaffold, canvas.copy_from_bbox(figure.bbox)
        canvas.restore_region(self.grounds[panel][1])
        figure.patch.set_visible(False)
        try:
            with only(axes, axis=False):
                figure.draw(canvas.get_renderer())
        finally:
            figure.patch.set_visible(True)
        return canvas.buffer_rgba()

    def svg(self, panel: int) -> tuple[str, str]:
        """View box and inner SVG of a panel."""
        from matplotlib import rc_context

        axes, prefix = self.axes[panel], f"{self.explorer.name}-{panel}-"
        with rc_context(self.style | {"svg.fonttype": "path", "svg.hashsalt": "scientific spaces"}):
            scaffold = self._scaffold(axes)
            if (panel, scaffold) not in self.scaffolds:
                with only(axes, axis=True):
                    self.scaffolds[panel, scaffold] = tidy(self._save(panel), prefix)[1]
            with only(axes, axis=False):
                box, inner = tidy(self._save(panel), prefix)
        return box, f"{self.scaffolds[panel, scaffold]}\n{inner}"

    def _save(self, panel: int) -> str:
        out = io.StringIO()
        self.figures[panel].savefig(out, format="svg", transparent=True, metadata={"Date": None})
        return out.getvalue()

    @staticmethod
    def _scaffold(axes: Any) -> str:
        """What the look of the ticks, grid and axis labels depends on."""
        axes.apply_aspect()
        parts: list[Any] = [axes.axison, axes.get_position().bounds]
        for axis in (axes.xaxis, axes.yaxis):
            places = axis.get_majorticklocs()
            words = axis.get_major_formatter().format_ticks(places)
            look = sorted(axis.get_tick_params().items(), key=str)
            parts += [axis.get_view_interval(), places, words, look]
            parts += [axis.get_scale(), axis.get_visible(), axis.get_inverted(), axis.get_label_text()]
            parts += [axis.label.get_color(), axis.label.get_fontsize(), axis.labelpad]
        return repr(parts)


@contextmanager
def only(axes: Any, *, axis: bool) -> Iterator[None]:
    """Within this context the axes show only their ticks, grid and axis labels, or everything but these."""
    own = {axes.xaxis, axes.yaxis}
    hidden = [a for a in axes.get_children() if a.get_visible() and (a in own) != axis]
    for artist in hidden:
        artist.set_visible(False)
    try:
        yield
    finally:
        for artist in hidden:
            artist.set_visible(True)


@contextmanager
def at(explorer: Explorer, setting: Setting) -> Iterator[None]:
    """Within this context an error says at which setting of the explorer it happened."""
    try:
        yield
    except Exception as error:
        error.add_note(f"explorer {explorer.name!r} failed at {explorer.describe(setting)}")
        raise


def wipe(axes: Any) -> None:
    """Take everything off the axes but the axes themselves: making new ticks is most of what a frame costs."""
    from matplotlib.ticker import AutoLocator, NullFormatter, NullLocator, ScalarFormatter
    from matplotlib.transforms import Bbox

    for artist in [*axes.lines, *axes.collections, *axes.patches, *axes.texts, *axes.images]:
        artist.remove()
    axes.containers.clear()
    if axes.legend_ is not None:
        axes.legend_.remove()
    axes.set_axis_on()
    axes.set_prop_cycle(None)
    for name, axis in (("x", axes.xaxis), ("y", axes.yaxis)):
        if axis.get_scale() != "linear":
            axes.set(**{f"{name}scale": "linear"})
    axes.set(title="", xlabel="", ylabel="", aspect="auto")
    axes.dataLim = Bbox.null()
    axes.set(xlim=(0, 1), ylim=(0, 1))
    axes.autoscale(enable=True)
    axes.grid(visible=True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(AutoLocator())
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())


_NUMBER = re.compile(r"scale\([^)]*\)|base64,[^\"]*|-?\d+\.\d{3,}")


def tidy(svg: str, prefix: str) -> tuple[str, str]:
    """View box and inner part of matplotlib's SVG: small, without clashing ids, colours left to the page."""
    from companion.teaching.plotting import PALETTE

    box = re.search(r'viewBox="([^"]+)"', svg)[1]
    inner = svg[svg.index(">", svg.index("<svg ")) + 1 : svg.rindex("</svg>")]
    inner = re.sub(r"<metadata>.*?</metadata>", "", inner, flags=re.DOTALL)
    referred = set(re.findall(r'(?:href="#|url\(#)([^")]+)', inner))
    inner = re.sub(r' id="([^"]+)"', lambda m: f' id="{prefix}{m[1]}"' if m[1] in referred else "", inner)
    inner = re.sub(r'xlink:href="#', f'href="#{prefix}', inner).replace("url(#", f"url(#{prefix}")
    inner = inner.replace("xlink:href=", "href=")
    inner = _NUMBER.sub(lambda m: m[0] if m[0][0] in "sb" else f"{float(m[0]):.2f}".rstrip("0").rstrip("."), inner)
    for name, colour in PALETTE.items():
        inner = inner.replace(f": {colour}", f": var(--x-{name}, {colour})")
    return box, "\n".join(line.strip() for line in inner.splitlines() if line.strip())


# --- the book -----------------------------------------------------------------------------------------------------


def bake(explorer: Explorer, static: Path, notebook: str) -> str:
    """Draw every frame, write the pack below `static`, and return the figure's HTML.

    The pack (JSON): `lines`, the unique lines of SVG; `frames`, for each setting (last parameter fastest) and
    each panel the indices of its lines; `numbers` and `alt`, for each setting the named numbers and the text
    alternative; `frame_ms`, the median time of a frame. Raises ValueError when it is larger than 1.5 MB gzipped.
    """
    canvas, lines, frames, numbers, alts, seconds = Canvas(explorer), {}, [], [], [], []
    for setting in explorer.settings():
        begun = time.perf_counter()
        with at(explorer, setting):
            numbers.append(canvas.draw(setting))
            drawn = [canvas.svg(panel) for panel in range(explorer.panels)]
        seconds.append(time.perf_counter() - begun)
        frames.append([[lines.setdefault(line, len(lines)) for line in inner.split("\n")] for _, inner in drawn])
        alts.append(f"{explorer.caption} {explorer.describe(setting)}.")
        if setting == explorer.start:
            start = drawn
    pack = {
        "version": 1,
        "explorer": explorer.name,
        "lines": list(lines),
        "frames": frames,
        "numbers": numbers,
        "alt": alts,
        "frame_ms": round(1000 * sorted(seconds)[len(seconds) // 2], 1),
    }
    data = json.dumps(pack, ensure_ascii=False, separators=(",", ":")).encode()
    if (size := len(gzip.compress(data))) > PACK_BUDGET:
        raise explorer._wrong(f"its frames take {size:,} bytes gzipped, the budget is {PACK_BUDGET:,}")
    path = f"packs/{notebook}/{explorer.name}.json"
    (static / path).parent.mkdir(parents=True, exist_ok=True)
    (static / path).write_bytes(data)
    check_purity(canvas)
    first = list(explorer.settings()).index(explorer.start)
    return figure_html(explorer, path, start, numbers[first], alts[first])


def check_purity(used: Canvas) -> None:
    """Raise ValueError unless the start frame looks the same on used axes as on new ones."""
    explorer, looks = used.explorer, []
    for canvas in (used, Canvas(explorer)):
        canvas.scaffolds.clear()
        canvas.draw(explorer.start)
        looks.append([canvas.svg(panel) for panel in range(explorer.panels)])
    if looks[0] != looks[1]:
        raise explorer._wrong("its picture depends on the frame drawn before; set everything it needs, every time")


def figure_html(
    explorer: Explorer, path: str, drawn: list[tuple[str, str]], numbers: list[tuple[str, str]], alt: str
) -> str:
    """The figure with its start frame: complete before, and without, JavaScript."""
    spec = {
        "panels": explorer.panels,
        "parameters": [
            {
                "name": name,
                "kind": "range" if isinstance(p, Range) else "choice",
                "label": p.label or name,
                "unit": p.unit,
                "values": explorer.texts[name],
                "start": k,
            }
            for (name, p), k in zip(explorer.parameters.items(), explorer.start, strict=True)
        ],
    }
    say = html.escape
    panels = "\n".join(
        f'<svg class="explorer-panel" viewBox="{box}" role="img" aria-label="{say(alt)}">\n{inner}\n</svg>'
        for box, inner in drawn
    )
    named = "".join(f"<div><dt>{say(name)}</dt><dd>{say(value)}</dd></div>" for name, value in numbers)
    # "</" must not end the script early.
    data = json.dumps(spec, ensure_ascii=False).replace("</", r"<\/")
    named_so = f'id="explorer-{explorer.name}" data-explorer="{explorer.name}" data-pack="{path}"'
    return f"""<figure class="explorer" {named_so} style="--controls: {len(explorer.parameters)}">
<div class="explorer-controls" role="group" aria-label="Controls: {say(explorer.caption)}"></div>
<div class="explorer-panels">
{panels}
</div>
<p class="explorer-state">{say(explorer.describe(explorer.start))}</p>
<dl class="explorer-numbers">{named}</dl>
<figcaption><p class="explorer-caption">{say(explorer.caption)}</p>
<p class="explorer-notice"><strong>Notice</strong> {say(explorer.notice)}</p></figcaption>
<script type="application/json" class="explorer-spec">{data}</script>
</figure>"""


# --- JupyterLab -----------------------------------------------------------------------------------------------


# For screen readers only: ipywidgets' Image has no text alternative, and fails on a tooltip.
UNSEEN = "position:absolute;width:1px;height:1px;overflow:hidden;clip-path:inset(50%)"


class Live:
    """ipywidgets controls over one picture.

    Every picture is remembered. Once a control was touched, the settings next to the present one are drawn ahead
    while the kernel is idle, so that a slow step finds its picture ready. Of a burst of slider events only the
    last is drawn.
    """

    settle, burst, idle = 0.005, 0.2, 0.06

    def __init__(self, explorer: Explorer) -> None:
        import ipywidgets as widgets

        from companion.teaching import plotting

        self.explorer, self.canvas = explorer, Canvas(explorer)
        self.remembered: dict[Setting, tuple[bytes, list[tuple[str, str]]]] = {}
        self.wanted, self.before, self.timer, self.touched = explorer.start, explorer.start, None, 0.0
        longest = max(len(p.label or name) for name, p in explorer.parameters.items())
        wide, style = widgets.Layout(width="min(100%, 36rem)"), {"description_width": f"{3 + longest / 2:.0f}em"}
        self.controls = []
        for (name, p), k in zip(explorer.parameters.items(), explorer.start, strict=True):
            options = [(f"{text} {p.unit}".strip(), i) for i, text in enumerate(explorer.texts[name])]
            kind = widgets.SelectionSlider if isinstance(p, Range) else widgets.Dropdown
            control = kind(options=options, index=k, description=p.label or name, style=style, layout=wide)
            control.observe(self.changed, "index")
            self.controls.append(control)
        reset = widgets.Button(description="Reset", layout=widgets.Layout(width="6rem"))
        reset.on_click(self.reset)
        # Shown smaller than drawn: crisp on dense screens.
        width = f"{plotting.panel_size(explorer.panels, explorer.height)[0] * explorer.panels * 110:.0f}px"
        self.image = widgets.Image(format="png", layout=widgets.Layout(width=width, max_width="100%"))
        self.numbers, self.message = widgets.HTML(), widgets.HTML()
        words = widgets.HTML(f"<b>{html.escape(explorer.caption)}</b>")
        notice = widgets.HTML(f"<b>Notice</b> {html.escape(explorer.notice)}")
        self.plays = self.play()
        row = widgets.HBox([*self.plays, reset])
        self.box = widgets.VBox([words, *self.controls, row, self.image, self.message, self.numbers, notice])
        self.serve()

    def play(self) -> list[Any]:
        """A play button for the first slider, moving it in the browser; none where there is no slider."""
        import ipywidgets as widgets

        for control in self.controls:
            if isinstance(control, widgets.SelectionSlider):
                last = len(control.options) - 1
                play = widgets.Play(value=control.index, min=0, max=last, interval=250)
                widgets.jslink((play, "value"), (control, "index"))
                return [play]
        return []

    def changed(self, _: Any = None) -> None:
        """Take note of the setting the controls ask for; within a burst, draw once the events in the queue are read."""
        self.before, self.wanted = self.wanted, tuple(control.index for control in self.controls)
        calm, self.touched = time.monotonic() - self.touched > self.burst, time.monotonic()
        if calm or self.wanted in self.remembered:
            self.serve()
        else:
            self.later(self.settle, self.serve)

    def later(self, delay: float, step: Callable[[], None]) -> None:
        """Do `step` after `delay` seconds instead of what was planned before; at once without an event loop."""
        if self.timer is not None:
            self.timer.cancel()
        try:
            self.timer = asyncio.get_running_loop().call_later(delay, step)
        except RuntimeError:
            step()

    def picture(self, setting: Setting) -> tuple[bytes, list[tuple[str, str]]]:
        """The picture and the named numbers of a setting, drawn now or remembered."""
        if setting not in self.remembered:
            with at(self.explorer, setting):
                numbers = self.canvas.draw(setting)
                self.remembered[setting] = self.canvas.png(), numbers
        return self.remembered[setting]

    def serve(self) -> None:
        """Show the setting asked for, or the error that drawing it raised."""
        try:
            png, numbers = self.picture(self.wanted)
        except Exception as error:
            said = "\n".join([f"{type(error).__name__}: {error}", *getattr(error, "__notes__", [])])
            self.image.layout.visibility = "hidden"
            self.message.value = f"<pre>{html.escape(said)}</pre>"
            return
        self.image.value, self.image.layout.visibility, self.message.value = png, "visible", ""
        named = " · ".join(f"{html.escape(n)} = <b>{html.escape(v)}</b>" for n, v in numbers)
        alt = html.escape(f"Picture: {self.explorer.describe(self.wanted)}.")
        self.numbers.value = f'<span role="status" style="{UNSEEN}">{alt}</span>{named}'
        if self.wanted != self.before:
            self.later(self.idle, self.ahead)

    def neighbours(self) -> Iterator[Setting]:
        """Settings a reader is likely to ask for next: onward in the direction of motion, then all around."""
        sizes = [len(control.options) for control in self.controls]
        motion = [(now > then) - (now < then) for now, then in zip(self.wanted, self.before, strict=True)]
        axis = [[int(i == j) for j in range(len(sizes))] for i in range(len(sizes))]
        steps = [[k * m for m in motion] for k in (1, 2, 3)]
        steps += [[sign * a for a in unit] for unit in axis for sign in (1, -1)]
        for step in steps:
            near = tuple(w + d for w, d in zip(self.wanted, step, strict=True))
            if all(0 <= k < size for k, size in zip(near, sizes, strict=True)):
                yield near

    def ahead(self) -> None:
        """Draw one neighbour that is not there yet, then come back for the next."""
        for setting in self.neighbours():
            if setting not in self.remembered:
                try:
                    self.picture(setting)
                except Exception:
                    # Shown when the reader goes there; drawing ahead must not interrupt.
                    return
                self.later(self.idle / 4, self.ahead)
                return

    def reset(self, _: Any = None) -> None:
        """Stop playing and put every control back to its start, in one step."""
        for play in self.plays:
            play.playing = False
        for control, k in zip(self.controls, self.explorer.start, strict=True):
            control.unobserve(self.changed, "index")
            control.index = k
            control.observe(self.changed, "index")
        self.changed()

    def close(self) -> None:
        """Stop drawing and take the widgets down, in the page too."""
        if self.timer is not None:
            self.timer.cancel()
        for part in [*self.controls, *self.plays, *self.box.children, self.box]:
            part.close()
