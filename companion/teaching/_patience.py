"""A limit of processor time for algebra that may take for ever.

    within(4, lambda: sp.simplify(expression))    # None if that takes more than four seconds of processor time

A limit counts the processor time of its thread, never the clock on the wall, so that a busy machine changes no
verdict. Limits nest: a task inside a task has no more time than is left to the outer one, and when the outer one's
time is up, it is the outer call that ends. How a task is stopped is one of `ENFORCERS`; where threads cannot start
(Python in the browser), calls are counted instead, and a page may put in its own by `enforce_with`.
"""

import ctypes
import math
import os
import sys
import threading
import time
from collections.abc import Callable
from types import FrameType
from typing import Any, Protocol, TypeVar

T = TypeVar("T")
# How often, in seconds, a watcher looks at its thread's clock.
_LOOK = 0.05
# How many calls of functions pass between two looks at the clock where no watcher can be started.
_CALLS = 500


class Over(BaseException):
    """Time is up. Not an Exception, so that what catches those does not catch this."""


class Enforcer(Protocol):
    """Stops a thread whose time is up, by an `Over` raised in it, until it is told to `end`."""

    def end(self) -> None:
        """Watch no more."""


class Limits(threading.local):
    """The limits under way in one thread: when each ends, on the thread's own clock, the outermost first."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """No limit is under way. A forked process begins so: its thread has a clock of its own, and no watcher."""
        self.deadlines: list[float] = []
        self.clock = _thread_clock()
        # Held while an exception is sent or taken back, so that none arrives after its limit.
        self.turn = threading.Lock()
        self.enforcer: Enforcer | None = None


def _thread_clock() -> Callable[[], float]:
    """The clock of this thread's processor time that other threads can read, or that of the process."""
    try:
        clock = time.pthread_getcpuclockid(threading.get_ident())
        time.clock_gettime(clock)
    except (AttributeError, OSError):  # Some systems have none; Python in the browser names one that it has not.
        return time.process_time
    return lambda: time.clock_gettime(clock)


class Watcher:
    """A second thread that raises `Over` in the first. It stops Python code, as SymPy is, in any thread."""

    def __init__(self, limits: Limits) -> None:
        self.deadlines, self.clock, self.turn = limits.deadlines, limits.clock, limits.turn
        self.caller, self.done = ctypes.c_ulong(threading.get_ident()), threading.Event()
        self.printed, self.sent = sys.unraisablehook, False
        threading.Thread(target=self._watch, daemon=True).start()
        sys.unraisablehook = self._report

    def _watch(self) -> None:
        # Code that swallows every exception needs to be told more than once: so at each look.
        while not self.done.wait(_LOOK):
            with self.turn:
                if self.deadlines and self.clock() > self.deadlines[-1]:
                    self.sent = True
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(self.caller, ctypes.py_object(Over))

    def _report(self, unraisable: Any) -> None:
        # An exception that arrives in a destructor goes no further, and would only be printed.
        if unraisable.exc_type is not Over:
            self.printed(unraisable)

    def take_back(self) -> None:
        """Let an exception arrive that was sent and may not have arrived, while `turn` is held."""
        try:
            # It arrives within a few steps of a loop. Taking it back through the same function that sends it leaves
            # the interpreter looking out for it for ever.
            for _ in range(1000 if self.sent else 0):
                pass
        except Over:
            pass
        self.sent = False

    def end(self) -> None:
        """Watch no more, and print what cannot be raised as before."""
        self.done.set()
        sys.unraisablehook = self.printed


class CallCounter:
    """A look at the clock every few hundred calls of functions, by Python's profiler. Needs no second thread."""

    def __init__(self, limits: Limits) -> None:
        self.limits, self.calls = limits, 0
        sys.setprofile(self._called)

    def _called(self, frame: FrameType, event: str, argument: Any) -> None:
        self.calls += 1
        # Never inside this module, where a limit is being set or ended.
        if self.calls % _CALLS == 0 and frame.f_globals.get("__name__") != __name__:
            limits = self.limits
            if limits.deadlines and limits.clock() > limits.deadlines[-1]:
                raise Over

    def end(self) -> None:
        """Count no more."""
        sys.setprofile(None)


ENFORCERS: tuple[Callable[[Limits], Enforcer], ...] = (Watcher, CallCounter)
_limits = Limits()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_limits.begin)
_chosen: list[Callable[[Limits], Enforcer]] = []


def enforce_with(enforcer: Callable[[Limits], Enforcer] | None) -> None:
    """Let `enforcer` stop tasks from now on, such as one that a page's interrupt buffer works for; None: as before."""
    _chosen[:] = [enforcer] if enforcer else []


def _start(limits: Limits) -> Enforcer:
    """The first enforcer that can start here."""
    for enforcer in _chosen or ENFORCERS[:-1]:
        try:
            return enforcer(limits)
        except RuntimeError:  # Threads cannot start here.
            continue
    return ENFORCERS[-1](limits)


def within(seconds: float, task: Callable[[], T]) -> T | None:
    """What `task` returns, or None if it takes more than `seconds` of processor time."""
    limits = _limits
    depth = len(limits.deadlines)
    outer = limits.deadlines[-1] if depth else math.inf
    deadline = limits.clock() + seconds
    try:
        try:
            limits.deadlines.append(min(deadline, outer))
            if depth == 0 or limits.enforcer is None:
                limits.enforcer = _start(limits)
            return task()
        finally:
            _leave(limits, depth)
    except Over:
        _leave(limits, depth)
        if outer <= deadline or limits.clock() > outer:
            raise
        return None


def remaining() -> float:
    """The seconds of processor time that are left to this thread's innermost limit; infinite without one."""
    return _limits.deadlines[-1] - _limits.clock() if _limits.deadlines else math.inf


def _leave(limits: Limits, depth: int) -> None:
    """End the limits below `depth`, and take back an exception that was sent but has not arrived."""
    with limits.turn:
        del limits.deadlines[depth:]
        if isinstance(limits.enforcer, Watcher):
            limits.enforcer.take_back()
    if depth == 0 and limits.enforcer is not None:
        limits.enforcer.end()
        limits.enforcer = None
