"""Typical mistakes, named only where SymPy proves that this one mistake makes of the answer what the reader gave.

The simplest explanation comes first: sign, constant factor, added constant, reciprocal, square, root, one minus;
two symbols exchanged; one symbol with another sign, factor or power; a power of a symbol as a factor; a derivative
or an integral in place of the function. The first that is proved is named. Of a number many things are true at
once (4 is the square of 2, and twice 2), so there a mistake is named only if no other explains it.
"""

from collections.abc import Iterator
from itertools import combinations
from typing import Any

import sympy as sp

from companion.teaching._answers import FACTOR, OFFSET, RECOGNISED, WHOLE, Judged, Measure, is_proved, is_rounded
from companion.teaching._symbolic import symbols_of

# Beyond this many operations the search would keep the reader waiting.
LARGEST = 150
_HALF = sp.Rational(1, 2)
_INNER_FACTORS = (2, _HALF, 3, sp.Rational(1, 3), 4, sp.Rational(1, 4))
_INNER_POWERS = (2, _HALF, -1, 3, sp.Rational(1, 3), -2)
_OUTER_POWERS = (1, -1, 2, -2, _HALF, -_HALF, 3, -3, 4, -4)
Case = tuple[str, Any, Any, str | None]


def named(given: Any, answer: Any, judged: Judged, measure: Measure) -> str:
    """What is wrong with `given`, which was judged not to be `answer`: the mistake if one is proved, and where."""
    where = judged.place + judged.message
    if sum(sp.count_ops(side) for side in (given, answer)) > LARGEST:
        return where
    if isinstance(answer, sp.MatrixBase) and (whole := _first(_of_matrices(given, answer), measure)):
        return f"{whole}: {where}"
    if judged.entry is None:
        return where
    yours, ours = judged.entry
    if symbols_of(ours):
        mistake = _first(_of_expressions(yours, ours), measure)
        return f"{judged.place}{mistake}: {judged.message}" if mistake else where
    mistake = None if symbols_of(yours) else _only(_of_numbers(yours, ours), measure)
    return judged.place + mistake if mistake else where


def _proved(case: Case, measure: Measure) -> bool:
    _, left, right, same = case
    return is_proved(left, right, measure._replace(same=same, rtol=min(measure.rtol, RECOGNISED)))


def _first(cases: Iterator[Case], measure: Measure) -> str | None:
    return next((case[0] for case in cases if _proved(case, measure)), None)


def _only(cases: Iterator[Case], measure: Measure) -> str | None:
    found = [case[0] for case in cases if _proved(case, measure)]
    return found[0] if len(found) == 1 else None


def _of_numbers(given: Any, answer: Any) -> Iterator[Case]:
    """What may have happened to a number. Of a rational one, square and root are as likely a factor: not named."""
    if answer == 0:
        return
    yield "yours has the wrong sign", given, -answer, None
    if answer.is_Integer and abs(answer) > 3:
        yield "yours is off by one", abs(given - answer), sp.Integer(1), None
    if abs(abs(complex(answer)) - 1) > 0.1:
        yield "yours is the reciprocal of the answer", given, 1 / answer, None
    if not answer.is_extended_real:
        yield "the imaginary part has the wrong sign", given, sp.conjugate(answer), None
        yield "the real part has the wrong sign", given, -sp.conjugate(answer), None
        return
    if not answer.is_rational and not is_rounded(answer):
        yield "yours is the square of the answer", given, answer**2, None
    if answer > 0 and not sp.sqrt(answer).is_rational and not is_rounded(answer):
        yield "yours is the square root of the answer", given, sp.sqrt(answer), None
    if 0 < answer < 1 and abs(answer - _HALF) > WHOLE:
        yield "yours is one minus the answer", given, 1 - answer, None


def _of_expressions(given: Any, answer: Any) -> Iterator[Case]:
    if answer == 0:
        return
    yield "yours has the wrong sign", given, -answer, None
    yield "yours is off by a constant factor", given, answer, FACTOR
    yield "yours is off by an added constant", given, answer, OFFSET
    yield "yours is the reciprocal of the answer", given, 1 / answer, None
    yield "yours is the square of the answer", given, answer**2, None
    yield "yours is a square root of the answer", given**2, answer, None
    yield "yours is one minus the answer", given, 1 - answer, None
    symbols = symbols_of(answer)
    for one, other in combinations(symbols, 2):
        yield f"yours has {one} and {other} exchanged", given, answer.xreplace({one: other, other: one}), None
    for symbol in symbols:
        yield f"yours has the wrong sign of {symbol}", given, answer.subs(symbol, -symbol), None
    for symbol in symbols:
        for factor in _INNER_FACTORS:
            says = f"yours has {symbol} with another factor than the answer has"
            yield says, given, answer.subs(symbol, factor * symbol), None
        for power in _INNER_POWERS:
            says = f"yours has another power of {symbol} than the answer has"
            yield says, given, answer.subs(symbol, symbol**power), None
    for symbol in symbols:
        for power in _OUTER_POWERS:
            yield f"yours is off by a power of {symbol}", given, answer * symbol**power, None
    for symbol in symbols:
        yield f"yours is the derivative of the answer by {symbol}", given, sp.diff(answer, symbol), None
        yield f"the answer is the derivative of yours by {symbol}", sp.diff(given, symbol), answer, None


def _of_matrices(given: Any, answer: Any) -> Iterator[Case]:
    if answer.is_zero_matrix:
        return
    yield "yours has the wrong sign", given, -answer, None
    yield "yours is off by a constant factor", given, answer, FACTOR
    if answer.rows == answer.cols:
        yield "yours is the transpose of the answer", given, answer.T, None
        if answer.rows <= 4:
            yield "yours is the inverse of the answer", given * answer, sp.eye(answer.rows), None
