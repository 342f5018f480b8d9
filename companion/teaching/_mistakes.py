"""Typical mistakes, named only where SymPy proves that this one mistake makes of the answer what the reader gave.

The simplest explanation comes first: sign, constant factor, added constant, reciprocal, square, root, one minus;
two symbols exchanged; one symbol with another sign, factor or power; a power of a symbol as a factor; a derivative
or an integral in place of the function. The first that is proved is named. Of a number many things are true at
once (4 is the square of 2, and twice 2), so there a mistake is named only if no other explains it.
"""

from collections.abc import Iterable, Iterator
from itertools import combinations, groupby, product
from typing import Any, NamedTuple

import sympy as sp

from companion.teaching._answers import (
    FACTOR,
    OFFSET,
    RECOGNISED,
    WHOLE,
    Judged,
    Measure,
    is_proved,
    is_rounded,
    sample_point,
)
from companion.teaching._symbolic import UNEVALUATED, admits, attempt, region, symbols_of

# Beyond this many operations the search would keep the reader waiting.
LARGEST = 150
_HALF = sp.Rational(1, 2)
_EIGHT_SEVENTHS = sp.Rational(8, 7)
_INNER_FACTORS = (2, _HALF, 3, sp.Rational(1, 3), 4, sp.Rational(1, 4))
_INNER_POWERS = (2, _HALF, -1, 3, sp.Rational(1, 3), -2)
_OUTER_POWERS = (1, -1, 2, -2, _HALF, -_HALF, 3, -3, 4, -4)


class Case(NamedTuple):
    """A mistake in words, `{}` standing for the symbols that it concerns, and the two sides that are then equal."""

    says: str
    left: Any
    right: Any
    same: str | None = None
    symbols: str = ""


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
    if case.same is None and _clearly_differ(case.left, case.right, measure):
        return False
    nearer = min(measure.rtol, RECOGNISED)
    return is_proved(case.left, case.right, measure._replace(same=case.same, rtol=nearer))


def _clearly_differ(left: Any, right: Any, measure: Measure) -> bool:
    """Whether two expressions are far apart at one simple point: that rules most mistakes out, and a proof is slow."""
    if any(not isinstance(side, sp.Expr) or side.has(sp.Float, *UNEVALUATED) for side in (left, right)):
        return False
    simple = sample_point(symbols_of(left, right), measure)
    # At 1 all powers are equal.
    point = {s: v if s.is_integer else v * _EIGHT_SEVENTHS for s, v in simple.items()}
    if not point or not admits(region(measure.domain, measure.assuming), point):
        return False
    values = attempt(lambda: [complex(side.evalf(15, subs=point)) for side in (left, right)])
    if values is None:
        return False
    size = max(map(abs, values))
    return 1e-9 < size < 1e9 and abs(values[0] - values[1]) > 1e-6 * size


def _first(cases: Iterable[Case], measure: Measure) -> str | None:
    """The first mistake that is proved; where it may be about one symbol or another, all of them are named."""
    for says, alike in groupby(cases, key=lambda case: case.says):
        if found := [case.symbols for case in alike if _proved(case, measure)]:
            return says.format(" or ".join(dict.fromkeys(found)))
    return None


def _only(cases: Iterable[Case], measure: Measure) -> str | None:
    found = [case.says for case in cases if _proved(case, measure)]
    return found[0] if len(found) == 1 else None


def _of_numbers(given: Any, answer: Any) -> Iterator[Case]:
    """What may have happened to a number. Of a rational one, square and root are as likely a factor: not named."""
    if answer == 0:
        return
    yield Case("yours has the wrong sign", given, -answer)
    if answer.is_Integer and abs(answer) > 3:
        yield Case("yours is off by one", abs(given - answer), sp.Integer(1))
    if abs(abs(complex(answer)) - 1) > 0.1:
        yield Case("yours is the reciprocal of the answer", given, 1 / answer)
    if not answer.is_extended_real:
        yield Case("the imaginary part has the wrong sign", given, sp.conjugate(answer))
        yield Case("the real part has the wrong sign", given, -sp.conjugate(answer))
        return
    if not answer.is_rational and not is_rounded(answer):
        yield Case("yours is the square of the answer", given, answer**2)
    if answer > 0 and not sp.sqrt(answer).is_rational and not is_rounded(answer):
        yield Case("yours is the square root of the answer", given, sp.sqrt(answer))
    if 0 < answer < 1 and abs(answer - _HALF) > WHOLE:
        yield Case("yours is one minus the answer", given, 1 - answer)


def _of_expressions(given: Any, answer: Any) -> Iterator[Case]:
    if answer == 0:
        return
    yield Case("yours has the wrong sign", given, -answer)
    yield Case("yours is off by a constant factor", given, answer, FACTOR)
    yield Case("yours is off by an added constant", given, answer, OFFSET)
    yield Case("yours is the reciprocal of the answer", given, 1 / answer)
    yield Case("yours is the square of the answer", given, answer**2)
    yield Case("yours is a square root of the answer", given**2, answer)
    yield Case("yours is one minus the answer", given, 1 - answer)
    symbols = symbols_of(answer)
    for one, other in combinations(symbols, 2):
        swapped = answer.xreplace({one: other, other: one})
        yield Case("yours has {} exchanged", given, swapped, symbols=f"{one} and {other}")
    for symbol in symbols:
        yield Case("yours has the wrong sign of {}", given, answer.subs(symbol, -symbol), symbols=symbol.name)
    for symbol, factor in product(symbols, _INNER_FACTORS):
        scaled = answer.subs(symbol, factor * symbol)
        yield Case("yours has {} with another factor than the answer has", given, scaled, symbols=symbol.name)
    for symbol, power in product(symbols, _INNER_POWERS):
        raised = answer.subs(symbol, symbol**power)
        yield Case("yours has another power of {} than the answer has", given, raised, symbols=symbol.name)
    for symbol, power in product(symbols, _OUTER_POWERS):
        yield Case("yours is off by a power of {}", given, answer * symbol**power, symbols=symbol.name)
    for symbol in symbols:
        slope = sp.diff(answer, symbol)
        yield Case("yours is the derivative of the answer by {}", given, slope, symbols=symbol.name)
    for symbol in symbols:
        slope = sp.diff(given, symbol)
        yield Case("the answer is the derivative of yours by {}", slope, answer, symbols=symbol.name)


def _of_matrices(given: Any, answer: Any) -> Iterator[Case]:
    if answer.is_zero_matrix:
        return
    yield Case("yours has the wrong sign", given, -answer)
    yield Case("yours is off by a constant factor", given, answer, FACTOR)
    if answer.rows == answer.cols:
        yield Case("yours is the transpose of the answer", given, answer.T)
        if answer.rows <= 4:
            yield Case("yours is the inverse of the answer", given * answer, sp.eye(answer.rows))
