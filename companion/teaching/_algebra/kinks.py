"""Kinks and jumps: where functions such as |x|, min, ⌊x⌋ or a Piecewise go over from one formula to another.

An identity that holds on one side of such a boundary says nothing about the other. So a probe must have points on
both sides of each, found by solving for the boundary in one symbol with the others fixed, unless assumptions or
domain keep to one side.
"""

import random
from collections.abc import Iterable, Iterator
from functools import partial
from itertools import combinations, pairwise
from typing import NamedTuple

import sympy as sp
from sympy.core.relational import Relational

from companion.teaching._algebra.attempt import attempt
from companion.teaching._algebra.points import Point, Region, admits, drawn
from companion.teaching._algebra.signs import is_never_negative

MOST_POINTS = 60
# What a boundary in one symbol is searched for where it is no polynomial: at these sizes, of both signs.
_SIZES = [sp.Rational(10) ** k for k in range(-8, 9)]
_STEPS = 40


class Boundary(NamedTuple):
    """Where a function changes its formula: where `gap` changes sign, or goes over an integer if `steps`.

    `exactly` is set if its value on the boundary itself matters, as that of KroneckerDelta; `strict` if an identity
    may not be trusted before both sides have been seen, which roots and logarithms do without.
    """

    gap: sp.Expr
    steps: bool = False
    exactly: bool = False
    strict: bool = True

    @property
    def said(self) -> str:
        """The boundary for a reader."""
        return f"{self.gap} crossing an integer" if self.steps else f"{self.gap} = 0"


def boundaries(*sides: sp.Expr) -> list[Boundary]:
    """The boundaries of all functions with kinks or jumps in the sides, each once, in a fixed order."""
    found: dict[Boundary, None] = {}
    for side in sides:
        for node in sp.preorder_traversal(side):
            for boundary in _of_node(node):
                gap = boundary.gap
                if gap.free_symbols and gap.free_symbols <= side.free_symbols and not gap.is_number:
                    found[boundary] = None
    return list(found)


def _of_node(node: sp.Basic) -> Iterator[Boundary]:
    if isinstance(node, sp.Abs | sp.arg):
        yield Boundary(node.args[0])
    elif isinstance(node, sp.sign | sp.Heaviside):
        yield Boundary(node.args[0], exactly=True)
    elif isinstance(node, sp.KroneckerDelta):
        yield Boundary(node.args[0] - node.args[1], exactly=True)
    elif isinstance(node, sp.Min | sp.Max):
        for one, other in combinations(node.args, 2):
            yield Boundary(one - other)
    elif isinstance(node, sp.floor | sp.ceiling | sp.frac):
        yield Boundary(node.args[0], steps=True)
    elif isinstance(node, sp.Mod):
        yield Boundary(node.args[0] / node.args[1], steps=True)
    elif isinstance(node, sp.Piecewise):
        for _, condition in node.args:
            for relation in condition.atoms(Relational):
                yield Boundary(relation.lhs - relation.rhs, exactly=isinstance(relation, sp.Eq | sp.Ne))
    elif (isinstance(node, sp.Pow) and node.exp.is_integer is False) or isinstance(node, sp.log):
        for factor in sp.Mul.make_args(node.args[0]):
            base = factor.base if isinstance(factor, sp.Pow) else factor
            if base.is_extended_positive is None:
                yield Boundary(base, strict=False)


def crossings(
    found: Iterable[Boundary], symbols: list[sp.Symbol], where: Region, rng: random.Random
) -> Iterator[Point]:
    """Points on both sides of each boundary, and on it where it can be met exactly; at most `MOST_POINTS`."""
    seen, lists = set(), [list(_near(boundary, symbols, where, rng)) for boundary in found]
    # Two conditions at a time: a point near one boundary, moved to another in another symbol.
    for (first, near), (second, _) in combinations(list(zip(found, lists, strict=True)), 2):
        for point in near[:2]:
            moved = [s for s in symbols if s in second.gap.free_symbols and s not in first.gap.free_symbols]
            lists += [list(_moved(second, s, point, where))[:3] for s in moved[:1]]
    count = 0
    for turn in range(max(map(len, lists), default=0)):
        for near in lists:
            if turn < len(near) and count < MOST_POINTS:
                point = near[turn]
                values = tuple(point.values())
                if values not in seen:
                    seen.add(values)
                    count += 1
                    yield point


def _near(boundary: Boundary, symbols: list[sp.Symbol], where: Region, rng: random.Random) -> Iterator[Point]:
    free = [symbol for symbol in symbols if symbol in boundary.gap.free_symbols]
    for try_ in range(3):
        for symbol in free:
            point = {s: drawn(s, where, 1 + 3 * try_, rng) for s in symbols}
            yield from _moved(boundary, symbol, point, where)


def _moved(boundary: Boundary, symbol: sp.Symbol, point: Point, where: Region) -> Iterator[Point]:
    """`point` with `symbol` moved onto a boundary and to both sides of it, where the region has such points."""
    if symbol.is_extended_real is False:
        return
    line = boundary.gap.subs({s: value for s, value in point.items() if s != symbol})
    targets = [line - k for k in (1, 0, 2, -1)] if boundary.steps else [line]
    for target in targets:
        for root in _roots(target, symbol, where):
            for value in _around(root, symbol):
                moved = {**point, symbol: value}
                if admits(where, moved):
                    yield moved


def _around(root: sp.Expr, symbol: sp.Symbol) -> list[sp.Expr]:
    if symbol.is_integer:
        low = sp.floor(root)
        return [low + 1, low, low - 1, low + 2, low + 5, low - 5]
    near = sp.Rational(str(root.evalf(15))) if not root.is_Rational else root
    width, part = sp.Rational(1, 7) * max(1, abs(near)), abs(near) / 7 or sp.Rational(1, 1000)
    sides = [near + width, near - width, near + part, near - part, near + part / 1000, near - part / 1000]
    return [*sides[:2], root, *sides[2:]] if root.is_Rational else sides


def _roots(line: sp.Expr, symbol: sp.Symbol, where: Region) -> list[sp.Expr]:
    """Where an expression in one real symbol is 0: all roots of a polynomial, changes of sign of anything else."""
    if line.free_symbols != {symbol}:
        return []
    if line.is_polynomial(symbol) and sp.degree(line, symbol) <= 6:
        found = attempt(lambda: sp.real_roots(sp.Poly(line, symbol)), seconds=1.0) or []
        return list(dict.fromkeys(found))[:4]
    low, high = where.bounds.get(symbol, (-sp.oo, sp.oo))
    grid = [s * sign for s in _SIZES for sign in (-1, 1)] + [sp.Rational(k, 4) for k in range(-40, 41)]
    if low.is_finite and high.is_finite:
        grid = [low + (high - low) * sp.Rational(k, 41) for k in range(42)]
    values = [(x, _number(line, symbol, x)) for x in sorted(x for x in grid if low <= x <= high)]
    known = [(x, value) for x, value in values if value is not None]
    roots = [x for x, value in known if value == 0]
    for (a, at_a), (b, at_b) in pairwise(known):
        if at_a * at_b < 0 and len(roots) < 4:
            roots.append(_bisected(line, symbol, a, b, at_a))
    return roots


def _bisected(line: sp.Expr, symbol: sp.Symbol, a: sp.Expr, b: sp.Expr, at_a: float) -> sp.Expr:
    for _ in range(_STEPS):
        middle = (a + b) / 2
        value = _number(line, symbol, middle)
        if value is None:
            break
        a, b = (middle, b) if value * at_a > 0 else (a, middle)
    return a


def _number(line: sp.Expr, symbol: sp.Symbol, x: sp.Expr) -> float | None:
    """The real value of an expression at a number, or None."""
    value = attempt(lambda: complex(line.subs(symbol, x).evalf(15)), seconds=1.0)
    return None if value is None or value.imag or value.real != value.real else value.real


class Sightings:
    """On which sides of each boundary a probe had points."""

    def __init__(self, found: list[Boundary]) -> None:
        self.places: dict[Boundary, set[int | str]] = {boundary: set() for boundary in found}

    def add(self, point: Point) -> None:
        """Note where a point lies."""
        for boundary, places in self.places.items():
            if len(places) < 3:
                place = attempt(partial(_place, boundary, point), seconds=1.0)
                places.update([] if place is None else [place])

    def unseen(self, where: Region) -> list[Boundary]:
        """The boundaries of which one side was not seen, although nothing shows that there is none."""
        return [b for b, places in self.places.items() if b.strict and not _enough(b, places, where)]


def _place(boundary: Boundary, point: Point) -> int | str:
    exact = boundary.gap.subs(point)
    value = exact.evalf(30)
    real, imaginary = value.as_real_imag()
    if abs(imaginary) > abs(real) / 10**20:
        return "complex"
    if boundary.steps:
        return int(sp.floor(exact if exact.is_Rational else real))
    return 0 if exact == 0 or abs(real) < sp.Rational(1, 10**25) else int(sp.sign(real))


def _enough(boundary: Boundary, places: set[int | str], where: Region) -> bool:
    gap = boundary.gap
    if "complex" in places:
        return True
    if boundary.steps:
        integers = sorted(int(place) for place in places)
        if len(integers) != 1:
            return len(integers) > 1
        return is_never_negative(gap - integers[0], where) and is_never_negative(integers[0] + 1 - gap, where, True)
    met, both = 0 in places, {-1, 1} <= places
    if boundary.exactly and not met and not (gap.is_extended_real and _never_met(boundary, places, where)):
        return False
    if both or (boundary.exactly and met and places != {0} and (1 in places or -1 in places) and gap.is_integer):
        return True
    above, below = 1 in places or met, -1 in places or met
    return (above and is_never_negative(gap, where)) or (below and is_never_negative(-gap, where))


def _never_met(boundary: Boundary, places: set[int | str], where: Region) -> bool:
    """Whether no point lies on a boundary as far as is known; only points of integers are sure to be found."""
    gap = boundary.gap
    if {-1, 1} <= places and not gap.is_integer:
        return True
    return is_never_negative(gap, where, True) or is_never_negative(-gap, where, True)
