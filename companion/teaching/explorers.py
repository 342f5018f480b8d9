"""Explorers: one drawing function with sliders, live in JupyterLab and without a kernel in the book.

    @explore(alpha=Range(0, 4, 0.1, start=1, label="scale α"), n=Choice([8, 64], start=64, label="keys n"))
    def jacobian_norm(axes, alpha, n):
        '''One-line caption.

        Notice: what the reader should see, and at which setting.
        '''

Here stands what is declared; `canvas.py` draws a frame; `bake.py` and `live.py` are the two homes. Live, the cell
shows ipywidgets controls over one picture. While the book is built (`COMPANION_BAKE` names the folder for packs,
`COMPANION_NOTEBOOK` the notebook), every setting is drawn once as SVG and packed.
"""

import inspect
import itertools
import os
import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

import numpy as np

from companion.teaching._shell import ipython, show

FRAME_BUDGET = 250
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
        digits = max(0, *(-int(Decimal(str(v)).normalize().as_tuple().exponent) for v in (self.low, self.step)))
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


@dataclass(frozen=True, init=False)
class Cover:
    """The picture of a notebook on the book's first page: one panel of an explorer, from the left, at a setting."""

    panel: int
    setting: Mapping[str, Any]

    def __init__(self, panel: int = 1, /, **setting: Any) -> None:
        object.__setattr__(self, "panel", panel)
        object.__setattr__(self, "setting", setting)


def explore(
    *, panels: int = 1, height: float = 2.7, cover: Cover | None = None, **parameters: Parameter
) -> Callable[[Callable[..., Any]], "Explorer"]:
    """Turn `draw(axes, **parameters)` into an explorer, and show it where there is somebody to see it.

    `axes` is one matplotlib Axes, or a tuple of them when `panels` > 1; `draw` may return named numbers. With
    `cover=Cover(2, alpha=3)` the second panel at that setting is the notebook's picture on the book's first page; of
    a notebook without a cover it is the first panel of the first explorer, as it starts. Raises
    ValueError, naming the explorer, for parameters that do not fit the function, an empty range, a start or a cover
    off the grid, values that are shown alike, more than 250 frames, or a docstring without caption and notice.
    """

    def decorate(draw: Callable[..., Any]) -> Explorer:
        explorer = Explorer(draw, parameters, panels, height, cover)
        explorer.show()
        return explorer

    return decorate


class Explorer:
    """A drawing function, its grid of settings, and the two homes it can be shown in."""

    def __init__(
        self,
        draw: Callable[..., Any],
        parameters: Mapping[str, Parameter],
        panels: int,
        height: float,
        cover: Cover | None = None,
    ) -> None:
        self.draw, self.panels, self.height = draw, panels, height
        self.name = draw.__name__
        self.caption, self.notice = self._docstring()
        self.parameters = dict(parameters)
        self._check_signature()
        grids = {name: self._grid(name, p) for name, p in self.parameters.items()}
        self.values = {name: values for name, (values, _) in grids.items()}
        self.texts = {name: texts for name, (_, texts) in grids.items()}
        self.start = tuple(
            0 if p.start is None else self._place(name, p.start, "the start") for name, p in self.parameters.items()
        )
        self.cover = None if cover is None else self._check_cover(cover)
        # Drawn on by `at`, once somebody asks.
        self._canvas: Any = None
        frames = sum(1 for _ in self.settings())
        if frames > FRAME_BUDGET:
            raise self.wrong(f"{frames} frames are more than the budget of {FRAME_BUDGET}")

    def wrong(self, what: str) -> ValueError:
        """The error that says what is wrong with this explorer, naming it."""
        return ValueError(f"explorer {self.name!r}: {what}")

    def _docstring(self) -> tuple[str, str]:
        paragraphs = [" ".join(p.split()) for p in re.split(r"\n\s*\n", inspect.getdoc(self.draw) or "") if p.strip()]
        if len(paragraphs) < 2 or not paragraphs[1].startswith("Notice:"):
            raise self.wrong("the docstring needs a caption, an empty line, and a paragraph 'Notice: …'")
        return paragraphs[0], " ".join(paragraphs[1:]).removeprefix("Notice:").strip()

    def _check_signature(self) -> None:
        for name, given in (("panels", self.panels), ("height", self.height)):
            if isinstance(given, Parameter):
                raise self.wrong(f"{name!r} is taken, it cannot be the name of a parameter")
        if not isinstance(self.panels, int) or self.panels < 1:
            raise self.wrong(f"panels must be a whole number above zero, got {self.panels!r}")
        if not 1 <= self.height <= 8:
            raise self.wrong(f"height must be between 1 and 8 inches, got {self.height!r}")
        taken = list(inspect.signature(self.draw).parameters)[1:]
        if set(taken) != set(self.parameters):
            unknown = sorted(set(self.parameters) - set(taken))
            missing = sorted(set(taken) - set(self.parameters))
            raise self.wrong(f"parameters {unknown} are unknown to the function, {missing} have no control")
        for name, parameter in self.parameters.items():
            if not isinstance(parameter, Range | Choice):
                raise self.wrong(f"parameter {name!r} must be a Range or a Choice, got {parameter!r}")
        if not self.parameters:
            raise self.wrong("it has no parameter")

    def _grid(self, name: str, parameter: Parameter) -> tuple[list[Any], list[str]]:
        try:
            values, texts = parameter.values(), parameter.texts()
        except (ValueError, ArithmeticError) as error:
            raise self.wrong(f"parameter {name!r}: {error}") from None
        if twice := [text for k, text in enumerate(texts) if text in texts[:k]]:
            raise self.wrong(f"parameter {name!r}: two values are shown as {twice[0]!r}")
        return values, texts

    def _place(self, name: str, value: Any, what: str = "the value") -> int:
        for known in (self.values[name], self.texts[name]):
            for k, one in enumerate(known):
                # True is not 1 here, and an array, compared entry by entry, equals no setting.
                same = value == one
                if isinstance(same, bool | np.bool_) and same and isinstance(one, bool) == isinstance(value, bool):
                    return k
        raise self.wrong(f"parameter {name!r}: {what} {value!r} is not on the grid")

    def _setting(self, given: Mapping[str, Any]) -> Setting:
        if unknown := sorted(set(given) - set(self.parameters)):
            raise self.wrong(f"there are no parameters {unknown}, only {list(self.parameters)}")
        places = dict(zip(self.parameters, self.start, strict=True))
        return tuple((places | {name: self._place(name, value) for name, value in given.items()}).values())

    def _check_cover(self, cover: Cover) -> tuple[int, Setting]:
        if not isinstance(cover, Cover):
            raise self.wrong(f"cover must be a Cover, got {cover!r}")
        if isinstance(cover.panel, bool) or cover.panel not in range(1, self.panels + 1):
            raise self.wrong(f"cover's panel must be between 1 and {self.panels}, got {cover.panel!r}")
        return cover.panel, self._setting(cover.setting)

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

    def at(self, **setting: Any) -> dict[str, Any]:
        """The numbers that the drawing function names at a setting; a parameter that is not given takes its start.

        They are the function's own values, not rounded for show. Raises ValueError for a parameter that the explorer
        does not have, and for a value that is not on its grid.
        """
        from companion.teaching.canvas import Canvas, failing_at

        at = self._setting(setting)
        self._canvas = self._canvas or Canvas(self)
        with failing_at(self, at):
            return self._canvas.draw(at)

    def __repr__(self) -> str:
        shown = ", ".join(f"{n} = {self.texts[n][k]}" for n, k in zip(self.parameters, self.start, strict=True))
        return f"explorer {self.name}: {shown}"

    def show(self) -> None:
        """Display the explorer in IPython, in the home that the environment asks for; elsewhere do nothing."""
        if ipython() is None:
            return
        shown_before = _SHOWN.pop(self.name, None)
        if folder := os.environ.get("COMPANION_BAKE"):
            from companion.teaching.bake import bake

            if shown_before:
                raise self.wrong("the notebook has another explorer of this name")
            _SHOWN[self.name] = self
            bundle = {"text/html": bake(self, Path(folder), os.environ["COMPANION_NOTEBOOK"])}
        else:
            from companion.teaching.live import Live

            if shown_before:
                shown_before.close()
            _SHOWN[self.name] = live = Live(self)
            bundle = live.bundle()
        show(bundle | {"text/plain": repr(self)})


# What this process has shown last under each name: a cell that is run again replaces its widgets.
_SHOWN: dict[str, Any] = {}
