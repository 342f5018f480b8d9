"""The probe: both sides, as they were given, evaluated at points. It guards against a mistake of algebra.

Points are drawn from a hash of the two sides, so that nobody can write a pair of sides that agrees just there; a few
lie on both sides of each kink and jump. The probe works to so many digits that the smallest number in either side
counts.
"""

import random
from collections.abc import Iterator
from itertools import chain
from typing import NamedTuple

import sympy as sp
from sympy.core.function import AppliedUndef

from companion.teaching._algebra.attempt import STEP_SECONDS, attempt
from companion.teaching._algebra.functions import without_undefined
from companion.teaching._algebra.kinks import Boundary, Sightings, boundaries, crossings
from companion.teaching._algebra.points import EVERYWHERE, PROBES, Point, Reach, Region, points, seed_of
from companion.teaching._algebra.sides import UNEVALUATED, Unsuitable, symbols_of
from companion.teaching._algebra.values import (
    NoValue,
    TooLarge,
    approximately,
    at,
    infinite,
    measure,
    readable,
    relates,
    substitute,
)
from companion.teaching._patience import within

POINTS_A_FUNCTION = 3
# The largest part of the points at which the sides may have no value.
MOST_MISSED = 0.25


class Difference(NamedTuple):
    """A place where two sides differ, in words; `left` and `right` are the sides' values there."""

    where: str
    left: str
    right: str
    gap: str


class Seen(NamedTuple):
    """At how many points two sides agreed, at how many they had no value, and what was not seen of their kinks."""

    held: int
    missed: int
    unseen: tuple[Boundary, ...] = ()

    @property
    def enough(self) -> bool:
        """Whether the probe may be trusted."""
        return self.held >= PROBES and self.missed <= MOST_MISSED * (self.held + self.missed) and not self.unseen


def compare(lhs: sp.Expr, rhs: sp.Expr, where: Region = EVERYWHERE, order: str = "=") -> Difference | int:
    """The first point where the order ("=", "<" or "<=") fails, or the number of points where it holds.

    That number is below PROBES if the probe may not be trusted. Raises Unsuitable if sides that are to be ordered
    are not real.
    """
    seen = probe(lhs, rhs, where, order)
    if isinstance(seen, Difference):
        return seen
    return seen.held if seen.enough else min(seen.held, PROBES - 1)


def probe(
    lhs: sp.Expr, rhs: sp.Expr, where: Region = EVERYWHERE, order: str = "=", precisely: bool = False
) -> Difference | Seen:
    """As `compare`, with all that was seen. `precisely` also compares closed forms of integrals and sums.

    Inequalities are tried at points of very different sizes. Where there are no symbols to draw, one evaluation
    counts for all.
    """
    forms = closed(lhs, rhs)
    seen = _probe(lhs, rhs, where, order, forms or (lhs, rhs))
    # By themselves integrals and sums are evaluated to few digits.
    if precisely and forms and isinstance(seen, Seen):
        again = _probe(*forms, where, order, forms)
        return again if isinstance(again, Difference) else seen
    return seen


def _probe(lhs: sp.Expr, rhs: sp.Expr, where: Region, order: str, forms: tuple[sp.Expr, ...]) -> Difference | Seen:
    rng, symbols = random.Random(seed_of(lhs, rhs)), symbols_of(lhs, rhs)
    undefined = bool(lhs.atoms(AppliedUndef) | rhs.atoms(AppliedUndef))
    if not symbols and not undefined:
        result = _at_point((lhs, rhs), {}, order)
        return result if isinstance(result, Difference) else Seen(PROBES * bool(result), int(not result))
    if symbols and where.relations:
        symbols = symbols_of(lhs, rhs, *where.relations)
    found = boundaries(lhs, rhs, *(form for form in forms if form not in (lhs, rhs)))
    if any(boundary.gap.has(sp.DiracDelta) for boundary in found) or lhs.has(sp.DiracDelta) or rhs.has(sp.DiracDelta):
        _refuse_pulses(lhs, rhs)
    reach, sightings, sides, held, missed = Reach(), Sightings(found), (lhs, rhs), 0, 0
    for turn, (point, special) in enumerate(_all_points(symbols, rng, where, order, reach, undefined, found)):
        if not special and held + missed >= 2 * PROBES:
            break
        # New functions cost more than new points: a set of them serves for a few points, if points there are.
        if undefined and (not symbols or turn % POINTS_A_FUNCTION == 0):
            sides = without_undefined((lhs, rhs), rng)
        try:
            result = _at_point(sides, point, order)
        except TooLarge:
            if any(value.is_Integer for value in point.values()):
                reach.shorten()
            continue
        if isinstance(result, Difference):
            return result
        if result:
            sightings.add(point)
        if special:
            continue
        held, missed = held + result, missed + (not result)
        if held >= PROBES and missed <= MOST_MISSED * (held + missed):
            break
    return Seen(held, missed, tuple(sightings.unseen(where)))


def _all_points(
    symbols: list[sp.Symbol],
    rng: random.Random,
    where: Region,
    order: str,
    reach: Reach,
    undefined: bool,
    found: list[Boundary],
) -> Iterator[tuple[Point, bool]]:
    """Points at the boundaries, each with True, then random ones with False."""
    near = crossings(found, symbols, where, rng) if found else ()
    drawn = points(symbols, rng, where, order != "=", reach, again=undefined)
    first = [] if not found else [next(drawn, None)]
    yield from ((point, False) for point in first if point is not None)
    yield from chain(((point, True) for point in near), ((point, False) for point in drawn))


def _at_point(sides: tuple[sp.Expr, ...], point: Point, order: str) -> Difference | bool:
    """A difference, or whether both sides have a value at a point. Raises TooLarge."""
    try:
        result = within(STEP_SECONDS, lambda: _judged(sides, point, order))
    except (Unsuitable, TooLarge, ImportError, MemoryError):
        raise
    except NoValue:
        return _undefined(sides, point) or False
    except Exception as error:  # SymPy raises many kinds where a function has no value.
        if type(error) is RuntimeError:
            raise
        return False
    return False if result is None else result


def _judged(sides: tuple[sp.Expr, ...], point: Point, order: str) -> Difference | bool:
    values = tuple(substitute(side, point) for side in sides)
    endless = [infinite(value) for value in values]
    if all(endless):
        if order == "=" and {values[0], values[1]} == {sp.oo, -sp.oo}:
            return Difference(at(point), str(values[0]), str(values[1]), "infinite")
        return False
    if any(endless):
        if order != "=" and (values[0] == -sp.oo or values[1] == sp.oo):
            return True
        texts = ["infinite" if one else _text(value) for one, value in zip(endless, values, strict=True)]
        return Difference(at(point), texts[0], texts[1], "infinite")
    left, right, close = measure(*values)
    if relates(order, left, right, close):
        return True
    return Difference(at(point), readable(values[0], left), readable(values[1], right), approximately(left - right))


def _text(value: sp.Expr) -> str:
    # Raises NoValue if the other side's value is not to be had: then nothing is known.
    number, _, _ = measure(value, value)
    return readable(value, number)


def _undefined(sides: tuple[sp.Expr, ...], point: Point) -> Difference | None:
    """A difference if one side is 0/0 at a point, and its value nearby is not the other side's value."""
    values = [attempt(lambda side=side: substitute(side, point)) for side in sides]  # type: ignore[misc]
    if (values[0] is None) == (values[1] is None):
        return None
    k = 0 if values[0] is None else 1
    nudged = {s: v + sp.Rational(1, 10**20) if v.is_real else v for s, v in point.items()}
    known, near = values[1 - k], attempt(lambda: substitute(sides[k], nudged))
    if near is None or infinite(known) or infinite(near) or near.has(*UNEVALUATED):
        return None
    numbers = attempt(lambda: measure(near, known))
    if numbers is None or abs(numbers[0] - numbers[1]) <= sp.Rational(1, 10**9) * (1 + abs(numbers[1])):
        return None
    texts = ["undefined", readable(known, numbers[1])]
    return Difference(at(point), texts[k], texts[1 - k], "undefined")


def _refuse_pulses(*sides: sp.Expr) -> None:
    for side in sides:
        for node in side.atoms(sp.DiracDelta):
            if node.free_symbols & side.free_symbols and not side.has(sp.Integral):
                raise Unsuitable(f"{node} has no values to compare: state the claim for integrals against it")


def closed(lhs: sp.Expr, rhs: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """The sides with their integrals, sums and limits worked out; None if there are none, or SymPy cannot."""
    if not lhs.has(*UNEVALUATED) and not rhs.has(*UNEVALUATED):
        return None
    return attempt(lambda: (lhs.doit(), rhs.doit()))
