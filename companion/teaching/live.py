"""Explorers in JupyterLab and wherever a kernel runs: ipywidgets controls over one picture."""

import asyncio
import html
import math
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

from companion.teaching.canvas import Canvas, failing_at, in_words
from companion.teaching.explorers import Explorer, Range, Setting

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

        self.explorer, self.canvas = explorer, Canvas(explorer, dpi=140)
        self.remembered: dict[Setting, tuple[bytes, list[tuple[str, str]]]] = {}
        self.wanted, self.before, self.touched = explorer.start, explorer.start, -math.inf
        # Messages of controls may come on another thread than that of the cells, with an event loop of its own.
        self.turn = threading.RLock()
        self.planned: object | None = None
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

    def bundle(self) -> dict[str, Any]:
        """What the cell shows: the widgets, and the start frame as PNG for readers without a kernel."""
        bundle = self.box._repr_mimebundle_()
        # A start frame that cannot be drawn has no picture; the box shows the error.
        if self.explorer.start in self.remembered:
            bundle |= {"image/png": self.remembered[self.explorer.start][0]}
        return bundle

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
        with self.turn:
            self.before, self.wanted = self.wanted, tuple(control.index for control in self.controls)
            calm, self.touched = time.monotonic() - self.touched > self.burst, time.monotonic()
            if calm or self.wanted in self.remembered:
                self.serve()
            else:
                self.later(self.settle, self.serve)

    def later(self, delay: float, step: Callable[[], None]) -> None:
        """Do `step` after `delay` seconds instead of what was planned before; at once without an event loop."""
        self.planned = plan = object()

        def due() -> None:
            with self.turn:
                if self.planned is plan:
                    step()

        try:
            asyncio.get_running_loop().call_later(delay, due)
        except RuntimeError:
            due()

    def picture(self, setting: Setting) -> tuple[bytes, list[tuple[str, str]]]:
        """The picture and the named numbers of a setting, drawn now or remembered."""
        if setting not in self.remembered:
            with failing_at(self.explorer, setting):
                numbers = in_words(self.canvas.draw(setting))
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
        self.planned = None
        for part in [*self.controls, *self.plays, *self.box.children, self.box]:
            part.close()
