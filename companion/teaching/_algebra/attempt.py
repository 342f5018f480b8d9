"""SymPy asked for something that it may not know, or may brood over for ever."""

from collections.abc import Callable
from typing import TypeVar

from companion.teaching._patience import within

T = TypeVar("T")
# Patience with one step of algebra, or one point, in seconds of processor time. A cell should take a tenth of it.
STEP_SECONDS = 4.0


def attempt(task: Callable[[], T], seconds: float | None = None) -> T | None:
    """What `task` returns, or None if SymPy does not know it or takes too long.

    SymPy raises many kinds of errors where it does not know; a broken installation or a machine at its end is none.
    """
    try:
        return within(STEP_SECONDS if seconds is None else seconds, task)
    except (ImportError, MemoryError):
        raise
    except Exception as error:
        if type(error) is RuntimeError:
            raise
        return None
