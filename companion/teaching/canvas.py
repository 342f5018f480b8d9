"""How a frame of an explorer is drawn: one reused figure a panel, as SVG for the book, as PNG live."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from companion.teaching.explorers import Explorer, Setting


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
def failing_at(explorer: Explorer, setting: Setting) -> Iterator[None]:
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
