"""One look for every figure: a palette that colour-blind readers can tell apart, and small drawing helpers.

Each colour has a light and a dark value. Figures are drawn with the light ones; the book swaps in the dark ones
(`book/_ext/palette.py`), which is why a figure must take its colours from `PALETTE`.
"""

from collections.abc import Iterator, MutableMapping, Sequence
from contextlib import contextmanager
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike

# Data colours have a contrast of at least 3:1 with the paper, ink and muted of at least 4.5:1.
PALETTE = {
    "blue": "#0b66b0",
    "orange": "#c65a00",
    "green": "#0a7d5a",
    "red": "#c1272d",
    "purple": "#8a4fa3",
    "sky": "#2a8fbd",
    "ink": "#1c2128",
    "muted": "#5d6670",
    "grid": "#dfe3e8",
    "paper": "#ffffff",
}
DARK = {
    "blue": "#6cb2f0",
    "orange": "#f59a4a",
    "green": "#4fcfa0",
    "red": "#ff8080",
    "purple": "#cf9be6",
    "sky": "#7fd0f5",
    "ink": "#e6e9ed",
    "muted": "#a4adb8",
    "grid": "#343b45",
    "paper": "#15191e",
}
CYCLE = ("blue", "orange", "green", "purple", "red", "sky")
_SUPERSCRIPT = str.maketrans("0123456789-.", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻·")
# Points of the smallest text (but for what mathematics raises or lowers): 11 px or more wherever a panel is shown, that
# is 324 px wide beside another one, 350 px on a phone. `panel_size` is as narrow as this asks for.
TEXT = 9.0
# Inches kept free around a panel for tick labels, axis labels and a title: fixed, so that frames do not jump.
_LEFT, _RIGHT, _BOTTOM, _TOP = 0.68, 0.18, 0.5, 0.3


def style() -> dict[str, Any]:
    """Settings of matplotlib for every figure."""
    from cycler import cycler

    ink, muted = PALETTE["ink"], PALETTE["muted"]
    return {
        "font.size": TEXT,
        "axes.titlesize": 9.5,
        "axes.labelsize": TEXT,
        "xtick.labelsize": TEXT,
        "ytick.labelsize": TEXT,
        "axes.edgecolor": muted,
        "axes.labelcolor": ink,
        "axes.titlecolor": ink,
        # A title's height is given: looking for room above the ticks would cost more than drawing them.
        "axes.titley": 1.0,
        "text.color": ink,
        "xtick.color": muted,
        "ytick.color": muted,
        "xtick.labelcolor": ink,
        "ytick.labelcolor": ink,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.linewidth": 0.8,
        "axes.grid": True,
        "axes.axisbelow": True,
        "grid.color": PALETTE["grid"],
        "grid.linewidth": 0.7,
        "lines.linewidth": 1.8,
        "lines.solid_capstyle": "round",
        "figure.facecolor": PALETTE["paper"],
        "axes.facecolor": "none",
        "savefig.facecolor": "none",
        "axes.prop_cycle": cycler(color=[PALETTE[name] for name in CYCLE]),
        "path.simplify_threshold": 0.4,
    }


@contextmanager
def styled() -> Iterator[None]:
    """Within this context matplotlib draws in the book's style; cheaper than `rc_context`, which copies everything."""
    from matplotlib import rcParams

    ours, rc = style(), cast(MutableMapping[str, Any], rcParams)
    before = {name: rc[name] for name in ours if rc[name] != ours[name]}
    # Inside another such context there is nothing to do.
    rc.update({name: ours[name] for name in before})
    try:
        yield
    finally:
        rc.update(before)


def panel_size(panels: int, height: float) -> tuple[float, float]:
    """Width and height of a panel in inches: one panel is a little wider than each of several."""
    return (3.9 if panels == 1 else 3.6), height


def panel_box(width: float, height: float) -> tuple[float, float, float, float]:
    """Left, bottom, width and height of the axes in a panel, as fractions."""
    return (
        _LEFT / width,
        _BOTTOM / height,
        1 - (_LEFT + _RIGHT) / width,
        1 - (_BOTTOM + _TOP) / height,
    )


def figure(panels: int = 1, height: float = 2.7) -> tuple[Any, Any]:
    """A figure in the book's style that is not an explorer: (figure, axes), or (figure, tuple of axes)."""
    from matplotlib import pyplot as plt

    with styled():
        width, _ = panel_size(panels, height)
        fig, axes = plt.subplots(1, panels, figsize=(width * panels, height), layout="constrained")
    return fig, (axes if panels == 1 else tuple(axes))


def label_line(axes: Any, x: float, y: float, text: str, color: str = "ink", **kwargs: Any) -> None:
    """Write `text` beside the point (x, y) in a palette colour: a label at its line, in place of a legend."""
    offset = kwargs.pop("offset", (4, 3))
    axes.annotate(
        text, (x, y), xytext=offset, textcoords="offset points", color=PALETTE[color], fontsize=TEXT, **kwargs
    )


def mark(axes: Any, x: float, y: float, text: str = "", color: str = "red", **kwargs: Any) -> None:
    """A dot at (x, y), with a label if `text` is given."""
    axes.plot([x], [y], "o", ms=6, color=PALETTE[color], mec=PALETTE["paper"], mew=1, zorder=5, clip_on=False)
    if text:
        label_line(axes, x, y, text, color, **kwargs)


def band(axes: Any, x: ArrayLike, low: ArrayLike, high: ArrayLike, color: str = "blue") -> None:
    """A shaded band between two curves, as between two quantiles."""
    axes.fill_between(x, low, high, color=PALETTE[color], alpha=0.16, linewidth=0)


def guide(axes: Any, x: float | None = None, y: float | None = None, text: str = "", color: str = "muted") -> None:
    """A dotted vertical line at `x` or horizontal one at `y`, with a label if `text` is given."""
    line = axes.axvline if x is not None else axes.axhline
    line(x if x is not None else y, color=PALETTE[color], linestyle=":", linewidth=1.3, zorder=1)
    if text and x is not None:
        axes.text(
            x,
            1.0,
            text,
            transform=axes.get_xaxis_transform(),
            color=PALETTE[color],
            fontsize=TEXT,
            ha="center",
            va="bottom",
        )
    elif text:
        axes.text(
            1.0,
            y,
            text,
            transform=axes.get_yaxis_transform(),
            color=PALETTE[color],
            fontsize=TEXT,
            ha="right",
            va="bottom",
        )


def bars(axes: Any, x: ArrayLike, heights: ArrayLike, color: str = "blue", width: float = 0.8) -> None:
    """Plain bars; one artist for all of them, which draws faster than one each."""
    from matplotlib.collections import PolyCollection

    x, heights = np.asarray(x, float), np.asarray(heights, float)
    left, right, zero = x - width / 2, x + width / 2, np.zeros_like(x)
    corners = np.stack([left, zero, left, heights, right, heights, right, zero], axis=-1).reshape(-1, 4, 2)
    axes.add_collection(PolyCollection(list(corners), facecolors=PALETTE[color], linewidths=0))
    axes.autoscale_view()


def heatmap(axes: Any, values: ArrayLike, limits: tuple[float, float] | None = None, diverging: bool = False) -> None:
    """A small matrix as coloured cells, row 0 on top; `diverging` runs from blue over white to orange."""
    from matplotlib.colors import LinearSegmentedColormap

    stops = ["blue", "paper", "orange"] if diverging else ["paper", "blue"]
    cmap = LinearSegmentedColormap.from_list("derived", [PALETTE[name] for name in stops])
    low, high = limits or (None, None)
    axes.imshow(values, cmap=cmap, vmin=low, vmax=high, interpolation="none", aspect="auto")
    axes.grid(visible=False)


def log_ticks(axes: Any, axis: str, powers: Sequence[int] | None = None) -> None:
    """Label a linear axis that shows log10 of its data with powers of ten (a true log axis draws slowly)."""
    own = axes.xaxis if axis == "x" else axes.yaxis
    if powers is None:
        low, high = axes.get_xlim() if axis == "x" else axes.get_ylim()
        powers = range(int(np.ceil(low)), int(np.floor(high)) + 1)
    own.set_ticks(list(powers), [power_of_ten(p) for p in powers])


def power_of_ten(exponent: float) -> str:
    """Ten to a power in one line of plain text: a tick of a figure, a value of a slider."""
    return f"10{f'{exponent:g}'.translate(_SUPERSCRIPT)}"
