"""Runs in the reader's browser, in Pyodide: one question and one typed answer in, the page's reply out.

Threads cannot start there, so the time limit of the algebra looks at the clock whenever the interrupt buffer asks for
it (see engine.mjs). What is missing in the archives is told: swallowed by a simplifier it would pose as "Undecided".
"""

import json
import signal
import sys
from importlib.abc import MetaPathFinder
from types import FrameType, ModuleType
from typing import Any

from companion.teaching import _patience as patience
from companion.teaching.typed import prepare, reply

missing: list[str] = []


class Told(MetaPathFinder):
    """Comes after all other finders: notes the modules that a full Python has, but for its own private parts."""

    def find_spec(self, name: str, path: Any, target: ModuleType | None = None) -> None:
        """Note the name, and find nothing."""
        home = name.split(".")[0]
        if home in ("sympy", "mpmath", "companion") or (home in sys.stdlib_module_names and home[0] != "_"):
            missing.append(name)


class Interrupts:
    """Raises `Over` in algebra whose time is up, at the first interrupt after that."""

    def __init__(self, limits: patience.Limits) -> None:
        self.limits = limits
        signal.signal(signal.SIGINT, self.interrupted)

    def interrupted(self, number: int, frame: FrameType | None) -> None:
        """Look at the clock, unless a limit is just being set or ended."""
        if frame is not None and frame.f_globals.get("__name__") == patience.__name__:
            return
        if self.limits.deadlines and self.limits.clock() > self.limits.deadlines[-1]:
            raise patience.Over

    def end(self) -> None:
        """Interrupt no more."""
        signal.signal(signal.SIGINT, signal.SIG_IGN)


def answer(exercise: str, text: str) -> str:
    """The reply as JSON, or {"error": …} where the checker itself failed."""
    missing.clear()
    try:
        said = reply(json.loads(exercise), text)
    except Exception as error:
        said = {"error": f"{type(error).__name__}: {error}"}
    if missing:
        said = {"error": f"these modules are not part of the page: {', '.join(sorted(set(missing)))}"}
    return json.dumps(said)


def warm(exercise: str) -> None:
    """Have an exercise ready, and what its first check loads."""
    prepare(json.loads(exercise))


sys.meta_path.append(Told())
signal.signal(signal.SIGINT, signal.SIG_IGN)
patience.enforce_with(Interrupts)
