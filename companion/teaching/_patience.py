"""A time limit for algebra that may take for ever."""

import ctypes
import sys
import threading
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")
_AGAIN = 1.0


class _Over(BaseException):
    """Time is up. Not an Exception, so that what catches those does not catch this."""


def within(seconds: float, task: Callable[[], T]) -> T | None:
    """What `task` returns, or None if it takes longer than `seconds`.

    It is stopped by an exception that a second thread raises in it, so it must be Python code (as SymPy is); but it
    may run in any thread, where an alarm by signal works in the main thread alone.
    """
    caller, turn, done = ctypes.c_ulong(threading.get_ident()), threading.Lock(), threading.Event()

    def watch() -> None:
        patience = seconds
        while not done.wait(patience):
            with turn:
                if not done.is_set():
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(caller, ctypes.py_object(_Over))
            # Code that swallows every exception needs to be told more than once.
            patience = _AGAIN

    def finish() -> None:
        with turn:
            done.set()
            # Takes back an exception that was raised but has not arrived.
            ctypes.pythonapi.PyThreadState_SetAsyncExc(caller, None)

    def report(unraisable: Any) -> None:
        # An exception that arrives in a destructor goes no further, and would only be printed.
        if unraisable.exc_type is not _Over:
            printed(unraisable)

    result, printed = None, sys.unraisablehook
    sys.unraisablehook = report
    try:
        threading.Thread(target=watch, daemon=True).start()
        try:
            result = task()
        finally:
            finish()
    except _Over:
        result = None
        finish()
    finally:
        sys.unraisablehook = printed
    return result
