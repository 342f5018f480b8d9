"""Algebra: a difference reduced to zero by SymPy's simplifiers, and by steps that the author gives."""

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import sympy as sp

from companion.teaching._algebra.attempt import attempt
from companion.teaching._algebra.points import EVERYWHERE, Region, seed_of
from companion.teaching._algebra.sides import Unsuitable, exact_side, shape
from companion.teaching._patience import within

# Patience with all steps of algebra for one difference together, in seconds of processor time.
REDUCE_SECONDS = 10.0
Step = Callable[[sp.Expr], sp.Expr]
_PRIMES = (2, 3, 5, 7, 11, 13, 17, 19, 23, 29, 31, 37)

LADDER: tuple[Step, ...] = (
    sp.expand,
    lambda e: sp.expand(e.doit()),
    sp.cancel,
    sp.simplify,
    lambda e: sp.simplify(e.rewrite(sp.exp)),
    sp.gammasimp,
    lambda e: sp.gammasimp(e.rewrite(sp.gamma)),
    lambda e: sp.simplify(sp.expand_log(e)),
    lambda e: sp.trigsimp(sp.expand_trig(e)),
    sp.factor,
    lambda e: sp.factor(e, deep=True),
    sp.radsimp,
    lambda e: sp.expand(sp.sqrtdenest(e)),
    lambda e: sp.simplify(sp.powsimp(sp.expand_power_base(e))),
    lambda e: sp.simplify(sp.expand_func(e)),
)


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression is literally zero, in each branch if it is a Piecewise."""
    if isinstance(expression, sp.Piecewise):
        return all(branch == 0 for branch, _ in expression.args)
    return expression == 0


def ladder(difference: sp.Expr) -> Iterator[sp.Expr]:
    """The difference after each of SymPy's simplifiers that knows it, the cheap ones first."""
    for step in LADDER:
        reduced = attempt(lambda step=step: step(difference))  # type: ignore[misc]
        if reduced is not None:
            yield reduced


def climbs_down(difference: sp.Expr) -> bool:
    """Whether one of the simplifiers takes the difference to zero before patience is at an end."""
    return vanishes(difference) or bool(within(REDUCE_SECONDS, lambda: any(map(vanishes, ladder(difference)))))


def reduces_to_zero(difference: sp.Expr, by: Iterable[Step] = (), where: Region = EVERYWHERE) -> bool:
    """Whether `by`, then the ladder of SymPy's simplifiers, takes the difference to zero.

    Each step is also given a difference that is wrong on purpose. Raises Unsuitable if it takes that to zero too, or
    drops a symbol from it: then it puts in a value, and proves a special case at best.
    """
    symbols = sorted(difference.free_symbols, key=lambda s: s.sort_key())
    broken = difference + 1 + sum(prime * s for prime, s in zip(_PRIMES * len(symbols), symbols, strict=False))
    for turn, step in enumerate(by):
        # In an order that a step which counts its calls cannot expect.
        if (seed_of(difference) + turn) % 2:
            broken = scalar_result(step(broken))
            difference = scalar_result(step(difference))
        else:
            difference, broken = scalar_result(step(difference)), scalar_result(step(broken))
        if vanishes(broken):
            raise Unsuitable("by= turns a wrong difference into 0 as well, so it proves nothing")
        if len(broken.free_symbols) < len(symbols):
            raise Unsuitable("by= puts a value in for a symbol, so it proves a special case at best")
        if vanishes(difference):
            return True
    if difference.has(sp.Piecewise):
        folded = sp.piecewise_fold(difference)
        if isinstance(folded, sp.Piecewise):
            return all(reduces_to_zero(branch, (), where) for branch, _ in folded.args)
        difference = folded
    if climbs_down(difference):
        return True
    inside = confined(difference, where)
    return inside != difference and climbs_down(inside)


def equals_zero(number: sp.Expr) -> bool:
    """Whether SymPy knows, by its minimal polynomial or otherwise, that a number is zero."""
    return bool(attempt(lambda: number.equals(0)))


def scalar_result(value: Any) -> sp.Expr:
    """What a step of by= returned, if it is an exact scalar. Raises Unsuitable otherwise."""
    side = exact_side(value)
    if not isinstance(side, sp.Expr) or shape(side):
        raise Unsuitable(f"a step of by= returned {value!r}, which is not an expression")
    return side


def confined(expression: sp.Expr, where: Region) -> sp.Expr:
    """The expression with each bounded real symbol written in a positive one that has no bounds.

    SymPy's assumptions know signs but no intervals: s in (a, b) is a + (b − a) u/(1 + u) for one u > 0.
    """
    for symbol, (low, high) in where.bounds.items():
        if symbol.is_integer or (low.is_infinite and high.is_infinite):
            continue
        u = sp.Dummy(symbol.name, positive=True)
        if high.is_infinite:
            form = low + u
        elif low.is_infinite:
            form = high - u
        else:
            form = low + (high - low) * u / (1 + u)
        expression = expression.subs(symbol, form)
    return expression
