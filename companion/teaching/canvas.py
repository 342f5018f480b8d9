"""How a frame of an explorer is drawn: one reused figure a panel, as SVG for the book, as PNG live."""

import io
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.axis import Axis
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.ticker import AutoLocator, NullFormatter, NullLocator, ScalarFormatter
from matplotlib.transforms import Bbox
from PIL import Image

from companion.teaching import plotting
from companion.teaching._svg import Drawing, SvgRenderer, document
from companion.teaching.explorers import Explorer, Setting

# SVG is drawn in points.
POINTS = 72


class Canvas:
    """The figures of an explorer, one a panel, drawn again and again. No pyplot, so no global state."""

    def __init__(self, explorer: Explorer, dpi: int = POINTS) -> None:
        self.explorer = explorer
        # Ticks and grid are most of what a frame costs, and seldom change: their SVG is kept.
        self.scaffolds: dict[tuple[int, int, str], Drawing] = {}
        # Live, the pixels of the last ones.
        self.grounds: dict[int, tuple[str, Any]] = {}
        size = plotting.panel_size(explorer.panels, explorer.height)
        self.size = POINTS * size[0], POINTS * size[1]
        with plotting.styled():
            self.figures = [Figure(figsize=size, dpi=dpi) for _ in range(explorer.panels)]
            self.canvases = [FigureCanvasAgg(figure) for figure in self.figures]
            self.axes = tuple(figure.add_axes(plotting.panel_box(*size)) for figure in self.figures)
        self.renderers = [SvgRenderer(*self.size, f"{explorer.name}-{panel}-") for panel in range(explorer.panels)]

    def draw(self, setting: Setting) -> dict[str, Any]:
        """Draw a setting; return the numbers that the drawing function names."""
        explorer = self.explorer
        with plotting.styled():
            for axes in self.axes:
                wipe(axes)
            named = explorer.draw(self.axes if explorer.panels > 1 else self.axes[0], **explorer.arguments(setting))
            for axes in self.axes:
                enlarge(axes)
        return dict(named or {})

    def svg(self, panel: int) -> tuple[str, str]:
        """View box and inner SVG of a panel."""
        axes, renderer = self.axes[panel], self.renderers[panel]
        unseen = {axes.patch, axes.xaxis, axes.yaxis, *(() if axes.axison else axes.spines.values())}
        with plotting.styled():
            axes.apply_aspect()
            layers = [self.scaffold(panel, k) for k in range(2) if axes.axison]
            content = renderer.drawn(artist for artist in axes.get_children() if artist not in unseen)
        width, height = self.size
        return f"0 0 {width:g} {height:g}", document(*layers, content)

    def scaffold(self, panel: int, k: int) -> Drawing:
        """Ticks, labels and grid of the x-axis (k = 0) or the y-axis (k = 1), remembered."""
        axes = self.axes[panel]
        axis = (axes.xaxis, axes.yaxis)[k]
        key = panel, k, scaffold_of(axes, axis)
        if key not in self.scaffolds:
            self.scaffolds[key] = self.renderers[panel].drawn([axis])
        return self.scaffolds[key]

    def png(self) -> bytes:
        """The panels side by side as PNG, compressed for speed rather than size."""
        with plotting.styled():
            pixels = np.hstack([self.pixels(panel) for panel in range(len(self.figures))])
        out = io.BytesIO()
        Image.fromarray(pixels).convert("RGB").save(out, "png", compress_level=1)
        return out.getvalue()

    def pixels(self, panel: int) -> Any:
        """RGBA of a panel: ticks and grid, copied if they are those of the frame before, and the rest drawn on top."""
        figure, axes = self.figures[panel], self.axes[panel]
        canvas = self.canvases[panel]
        axes.apply_aspect()
        scaffold = "\n".join(scaffold_of(axes, axis) for axis in (axes.xaxis, axes.yaxis))
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


def scaffold_of(axes: Axes, axis: Axis) -> str:
    """What the look of an axis of `axes` depends on: ticks, grid and label."""
    places = axis.get_majorticklocs().tolist()
    words = axis.get_major_formatter().format_ticks(places)
    parts: list[Any] = [axes.axison, axes.get_position().bounds, axis.get_view_interval(), places, words]
    parts += [sorted(axis.get_tick_params().items(), key=str)]
    parts += [axis.get_scale(), axis.get_visible(), axis.get_inverted(), axis.get_label_text()]
    parts += [axis.label.get_color(), axis.label.get_fontsize(), axis.labelpad]
    return repr(parts)


def in_words(named: dict[str, Any]) -> list[tuple[str, str]]:
    """Named numbers as the reader sees them, to four digits; those below ten million in full."""
    return [(name, with_powers(v) if isinstance(v, str) else in_digits(v + 0.0)) for name, v in named.items()]


def in_digits(value: float) -> str:
    """A number to four digits; up to ten million in full."""
    return with_powers(f"{value:,.0f}" if 9999.5 <= abs(value) < 1e7 else f"{value:.4g}")


def with_powers(text: str) -> str:
    """A number as it is printed in books, with a true minus and no e for a power of ten; other text as it is."""
    parts = re.fullmatch(r"(-?)([0-9][0-9.,]*)(?:e([+-][0-9]+))?", text)
    if not parts:
        return text
    sign, digits, exponent = parts.groups()
    return ("−" if sign else "") + digits + (f" · {plotting.power_of_ten(int(exponent))}" if exponent else "")


@contextmanager
def only(axes: Axes, *, axis: bool) -> Iterator[None]:
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


def enlarge(axes: Axes) -> None:
    """Raise text that is too small to read on the page to the smallest size that is not."""
    for text in (*axes.texts, axes.title, axes.xaxis.label, axes.yaxis.label):
        if float(text.get_fontsize()) < plotting.TEXT:
            text.set_fontsize(plotting.TEXT)


def wipe(axes: Axes) -> None:
    """Take everything off the axes but the axes themselves: making new ticks is most of what a frame costs."""
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
    axes.set_title("")
    axes.set_xlabel("")
    axes.set_ylabel("")
    axes.set_aspect("auto")
    axes.dataLim = Bbox.null()
    axes.set_xlim(0, 1)
    axes.set_ylim(0, 1)
    axes.autoscale(enable=True)
    if not all(axis.get_tick_params()["gridOn"] for axis in (axes.xaxis, axes.yaxis)):
        axes.grid(visible=True)
    for axis in (axes.xaxis, axes.yaxis):
        axis.set_major_locator(AutoLocator())
        axis.set_major_formatter(ScalarFormatter())
        axis.set_minor_locator(NullLocator())
        axis.set_minor_formatter(NullFormatter())
