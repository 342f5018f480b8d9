"""Points to compare two sides at: drawn from the symbols' assumptions, and from where a claim is made."""

import hashlib
import random
from collections.abc import Iterable, Iterator, Mapping
from fractions import Fraction
from typing import Any, NamedTuple

import sympy as sp
from sympy.logic.boolalg import Boolean, BooleanAtom

from companion.teaching._algebra.sides import Unsuitable

Point = dict[Any, Any]
PROBES = 12


class Region(NamedTuple):
    """Where a claim is made, beyond the symbols' assumptions: bounds of symbols, and relations between them."""

    bounds: Mapping[sp.Symbol, tuple[sp.Expr, sp.Expr]]
    relations: tuple[Boolean, ...]


def region(domain: Mapping[Any, Any] | None, assuming: Iterable[Any] | None) -> Region:
    """The region that `domain` {symbol: (low, high)} and `assuming` [relations] describe, checked.

    Raises Unsuitable for a domain without an inside, and for what is no symbol, bound or relation.
    """
    if not isinstance(domain, Mapping | None):
        raise Unsuitable(f"domain must be of the form {{symbol: (low, high)}}, got {domain!r}")
    bounds = {}
    for symbol, ends in (domain or {}).items():
        if not isinstance(symbol, sp.Symbol):
            raise Unsuitable(f"domain names {symbol!r}, which is not a symbol")
        if not isinstance(ends, tuple | list) or len(ends) != 2:
            raise Unsuitable(f"the domain of {symbol} must be a pair (low, high), got {ends!r}")
        bounds[symbol] = tuple(_bound(symbol, end) for end in ends)
        low, high = bounds[symbol]
        if not low < high:
            raise Unsuitable(f"the domain of {symbol}, from {low} to {high}, is too narrow to draw points from")
    relations = (assuming,) if isinstance(assuming, Boolean | bool) else tuple(assuming or ())
    for relation in relations:
        if not isinstance(relation, Boolean) or isinstance(relation, BooleanAtom) or not relation.free_symbols:
            raise Unsuitable(f"assuming holds {relation!r}, which is not a relation such as x < y")
    return Region(bounds, relations)


def _bound(symbol: sp.Symbol, end: Any) -> sp.Expr:
    try:
        number = sp.nsimplify(end, rational=True) if not isinstance(end, bool | str) else sp.nan
    except (TypeError, ValueError):
        number = sp.nan
    if not (number.is_number and number.is_extended_real):
        raise Unsuitable(f"the domain of {symbol} must have real numbers as ends, got {end!r}")
    return number


def words(where: Region) -> str:
    """The region in LaTeX for a reader, such as `for $0 < t < 1$`; nothing if there are no restrictions."""
    parts = []
    for symbol, (low, high) in where.bounds.items():
        sign = r"\le" if symbol.is_integer else "<"
        left = "" if low == -sp.oo else f"{sp.latex(low)} {sign} "
        right = "" if high == sp.oo else f" {sign} {sp.latex(high)}"
        parts.append(f"${left}{sp.latex(symbol)}{right}$")
    parts += [f"${sp.latex(relation)}$" for relation in where.relations]
    return f" for {' and '.join(parts)}" if parts else ""


def seed_of(*sides: Any) -> int:
    """A seed that depends on the sides alone."""
    return int.from_bytes(hashlib.sha256("|".join(map(sp.srepr, sides)).encode()).digest()[:8], "big")


EVERYWHERE = Region({}, ())


class Reach:
    """How far integers are drawn: to a million, and less far once that takes too much work."""

    def __init__(self) -> None:
        self.top = 10**6

    def shorten(self) -> None:
        """Draw less far from now on, but no less far than to twelve."""
        self.top = max(12, self.top // 10)


def size(symbol: sp.Symbol, attempt: int, rng: random.Random, wide: bool, reach: Reach) -> sp.Expr:
    """A number above 0 (from 0 on for integers) to draw a value from; the first ones are small and easy to read."""
    far = attempt >= 4 and attempt % (2 if wide else 3) == 0
    if symbol.is_integer:
        top = 3 if attempt < 4 else rng.choice([40, 400, 10**4, 10**6]) if attempt % 2 else 12
        number = sp.Integer(rng.randint(0 if attempt > 2 else 1, min(top, reach.top)))
        return 2 * number + int(bool(symbol.is_odd)) if symbol.is_even or symbol.is_odd else number
    if attempt < 4:
        return sp.Rational(rng.randint(1, 6), rng.randint(1, 3))
    if not far:
        scale = Fraction(1)
    elif attempt == 6 and not wide:
        scale = Fraction(1, 10**8)
    else:
        scale = Fraction(10) ** rng.choice([-8, -4, -2, 2, 4] if wide else [-4, -2, -1, 1])
    return sp.Rational(rng.randint(1, 400), rng.randint(100, 160)) * sp.Rational(scale)


def draw(symbol: sp.Symbol, attempt: int, rng: random.Random, wide: bool, reach: Reach) -> sp.Expr:
    """A value for a symbol: of its sign if it has one, complex if nothing says that it is real."""
    value, sign = size(symbol, attempt, rng, wide, reach), rng.choice([1, -1])
    if symbol.is_imaginary:
        return value * sp.I * sign
    if symbol.is_extended_real is None:
        turn = (
            sp.Rational(rng.randint(1, 300), rng.randint(90, 160))
            * rng.choice([1, -1])
            * (9 if attempt % 4 == 3 else 1)
        )
        return value * sign + (sp.I * turn if attempt > 1 else 0)
    if symbol.is_extended_nonpositive:
        return -value
    return value if symbol.is_extended_nonnegative else value * sign


def between(
    symbol: sp.Symbol, low: sp.Expr, high: sp.Expr, attempt: int, rng: random.Random, wide: bool, reach: Reach
) -> sp.Expr:
    """A value for a symbol between two bounds, either of which may be infinite; sometimes close to one of them."""
    if low.is_infinite and high.is_infinite:
        return draw(symbol, attempt, rng, wide, reach)
    if low.is_infinite or high.is_infinite:
        step = size(symbol, attempt, rng, wide, reach)
        if symbol.is_integer:
            return sp.ceiling(low) + step if high.is_infinite else sp.floor(high) - step
        return low + step if high.is_infinite else high - step
    if symbol.is_integer:
        first, last = int(sp.ceiling(low)), int(sp.floor(high))
        return sp.Integer(rng.randint(first, max(first, last)))
    part = sp.Rational(rng.randint(1, 999), 1000 * (100 if wide and attempt % 3 == 0 else 1))
    return low + (high - low) * (1 - part if attempt % 2 else part)


def fits(symbol: sp.Symbol, value: sp.Expr) -> bool:
    """Whether nothing that is assumed of a symbol is known to be false of a value."""
    return all(
        getattr(value, f"is_{fact}") in (truth, None)
        for fact, truth in symbol.assumptions0.items()
        if fact not in ("commutative", "hermitian", "antihermitian")
    )


def drawn(
    symbol: sp.Symbol, where: Region, attempt: int, rng: random.Random, wide: bool = False, reach: Reach | None = None
) -> sp.Expr:
    """A value for a symbol, in its domain if it has one."""
    reach = reach or Reach()
    if symbol in where.bounds:
        return between(symbol, *where.bounds[symbol], attempt, rng, wide, reach)
    return draw(symbol, attempt, rng, wide, reach)


def points(
    symbols: list[sp.Symbol], rng: random.Random, where: Region, wide: bool, reach: Reach, again: bool = False
) -> Iterator[Point]:
    """Points that respect assumptions and region, each once unless `again`; at most 40 tries for each one needed."""
    seen = set()
    for attempt in range(40 * PROBES):
        point = {symbol: drawn(symbol, where, attempt, rng, wide, reach) for symbol in symbols}
        values = tuple(point.values())
        if (again or values not in seen) and admits(where, point):
            seen.add(values)
            yield point


def admits(where: Region, point: Point) -> bool:
    """Whether a point respects its symbols' assumptions and the region."""
    bounded = all(low <= point[symbol] <= high for symbol, (low, high) in where.bounds.items() if symbol in point)
    return (
        bounded
        and all(fits(symbol, value) for symbol, value in point.items())
        and all(relation.subs(point) is sp.true for relation in where.relations)
    )
