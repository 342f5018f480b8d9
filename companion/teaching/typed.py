"""Answers typed into the book's page: read, checked by the exercise, and what the page then says.

The page has the exercise as the data that `Exercise.to_data` wrote; this module runs in the reader's own browser,
and needs SymPy alone.
"""

import json
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

import sympy as sp

from companion.teaching._written import read
from companion.teaching.exercises import Exercise
from companion.teaching.reading import Unreadable, read_answer, understood

Reply = dict[str, Any]


def reply(data: Mapping[str, Any], text: str) -> Reply:
    """What a page says about `text` as an answer to the exercise that `data` holds.

    Beside what `Exercise.to_data` wrote, `data` may have "names": what the notebook calls a symbol, where that is not
    the symbol's name. `right` is True, False or None (undecided); `mark` and `message` are the words of JupyterLab;
    `understood` is MathML of what was read, or None if nothing could be. Raises ValueError for data that is none.
    """
    exercise, symbols, names, answer = _exercise(json.dumps(data, sort_keys=True))
    try:
        given = _fitted(read_answer(text, symbols, names), answer)
        shown = understood(given)
    except Unreadable as reason:
        return {"right": False, "mark": "Not yet", "message": f"Nothing was checked: {reason}.", "understood": None}
    verdict = exercise.verdict(given)
    return {"right": verdict.right, "mark": verdict.mark, "message": verdict.message, "understood": shown}


def prepare(data: Mapping[str, Any]) -> None:
    """Have the exercise ready, and what a first check loads, so that the reader does not wait for it."""
    exercise, _, _, answer = _exercise(json.dumps(data, sort_keys=True))
    exercise.verdict(answer)


@lru_cache(maxsize=32)
def _exercise(data: str) -> tuple[Exercise, tuple[sp.Symbol, ...], dict[str, str], Any]:
    """The exercise that a text holds, its symbols, their further names, and its answer."""
    fields = json.loads(data)
    names = fields.pop("names", {})
    return Exercise.from_data(fields), tuple(map(read, fields["symbols"])), names, read(fields["answer"])


def _fitted(given: Any, answer: Any) -> Any:
    """A plain list of numbers as a column or a row, where the answer is one."""
    if isinstance(given, tuple) and isinstance(answer, sp.MatrixBase) and 1 in answer.shape:
        column = sp.Matrix(list(given))
        return column if answer.cols == 1 else column.T
    return given
