"""Deciding whether two SymPy expressions are equal, or one is never above the other: algebra and a probe.

Algebra reduces the difference to zero for the general case. The probe evaluates both sides, as they were given,
at points drawn from the symbols' assumptions. Each guards against the other: a simplifier may be wrong, and a few
points prove nothing. Points are drawn from a hash of the two sides, so that nobody can write a pair of sides that
agrees just there.
"""

import hashlib
import random
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from fractions import Fraction
from itertools import pairwise
from typing import Any, NamedTuple

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction

PROBES = 12
DIGITS = 30
REDUCE_SECONDS = 12.0
PROBE_SECONDS = 12.0
Point = dict[Any, Any]
_BINDERS = (sp.Integral, sp.Sum, sp.Product, sp.Limit, sp.Derivative, sp.Subs, sp.Lambda)
Step = Callable[[sp.Expr], sp.Expr]


class Difference(NamedTuple):
    """A place where two sides differ."""

    where: str
    left: Any
    right: Any


class Unsuitable(ValueError):
    """A side that is no exact symbolic expression."""


def exact_side(side: Any) -> sp.Basic:
    """`side` as an exact SymPy expression or matrix. Raises Unsuitable for anything else."""
    if isinstance(side, bool | sp.logic.boolalg.BooleanAtom | sp.logic.boolalg.BooleanFunction):
        raise Unsuitable(
            f"a side is the truth value {side}, which holds no comparison any more: "
            "pass both sides, or build the relation with evaluate=False"
        )
    if isinstance(side, list | tuple):
        return sp.Matrix([exact_side(entry) for entry in side])
    if isinstance(side, int | Fraction):
        return sp.Rational(side)
    if isinstance(side, sp.MatrixBase):
        for entry in side:
            exact_side(entry)
        return side
    if isinstance(side, float | complex) or type(side).__module__ == "numpy":
        raise Unsuitable(f"a side is the float {side!r}: write an exact number, such as Rational(1, 2)")
    if not isinstance(side, sp.Expr):
        raise Unsuitable(f"a side is {side!r} of type {type(side).__name__}, not a SymPy expression")
    own = str(type(side).__module__).startswith("sympy.") or isinstance(type(side), UndefinedFunction)
    if not own:
        raise Unsuitable(f"a side is of the type {type(side).__name__}, which is not SymPy's own")
    if side.has(sp.nan):
        raise Unsuitable("a side contains nan")
    if side.has(sp.Float):
        raise Unsuitable(f"a side contains the float {min(side.atoms(sp.Float), key=str)}: write an exact number")
    if side in (sp.oo, -sp.oo, sp.zoo):
        raise Unsuitable(f"a side is infinite ({side})")
    return side


def pairs(lhs: sp.Basic, rhs: sp.Basic) -> list[tuple[str, sp.Expr, sp.Expr]]:
    """Entries of both sides, each with the words that say where it stands. Raises Unsuitable for other shapes."""
    left, right = getattr(lhs, "shape", None), getattr(rhs, "shape", None)
    if left != right:
        raise Unsuitable(f"the sides have different shapes: {left or 'a scalar'} and {right or 'a scalar'}")
    if left is None:
        return [("", lhs, rhs)]
    if 0 in left:
        raise Unsuitable("both sides are empty")
    rows, columns = left
    return [
        (f"in entry {i + 1 if columns == 1 else (i + 1, j + 1)}, ", lhs[i, j], rhs[i, j])
        for i in range(rows)
        for j in range(columns)
    ]


# --- points -------------------------------------------------------------------------------------------------------


def seed_of(*sides: Any) -> int:
    """A seed that depends on the sides alone."""
    return int.from_bytes(hashlib.sha256("|".join(map(sp.srepr, sides)).encode()).digest()[:8], "big")


def draw(symbol: sp.Symbol, attempt: int, rng: random.Random, wide: bool) -> sp.Expr:
    """A value that fits the symbol's assumptions; the first attempts are small and easy to read."""
    if symbol.is_integer:
        top = 3 if attempt < 6 else (400 if wide and attempt % 3 == 0 else 12)
        value = sp.Integer(rng.randint(0 if attempt > 2 and symbol.is_nonzero is None else 1, top))
        if symbol.is_even or symbol.is_odd:
            value = 2 * value + int(bool(symbol.is_odd))
    elif attempt < 4:
        value = sp.Rational(rng.randint(1, 6), rng.randint(1, 3))
    else:
        size = Fraction(10) ** rng.choice([-4, -2, 2, 4]) if wide and attempt % 3 == 0 else 1
        value = sp.Rational(rng.randint(1, 400), rng.randint(100, 160)) * sp.Rational(size)
    if symbol.is_imaginary:
        return value * sp.I * rng.choice([1, -1])
    if symbol.is_extended_real is None:
        angle = sp.Rational(rng.randint(1, 300), rng.randint(90, 160))
        return value * rng.choice([1, -1]) + (sp.I * angle * rng.choice([1, -1]) if attempt > 1 else 0)
    if symbol.is_negative or (symbol.is_nonpositive and not symbol.is_zero):
        return -value
    if symbol.is_extended_nonnegative:
        return value
    return value * rng.choice([1, -1])


def concrete(function: type, applied: AppliedUndef, rng: random.Random) -> sp.Lambda:
    """A random smooth function in the place of an undefined one, positive if that one is declared positive."""
    xs = sp.symbols(f"x:{len(applied.args)}", real=True)
    c = [sp.Rational(rng.randint(-12, 12) or 5, rng.randint(3, 9)) for _ in range(3 * len(xs) + 1)]
    body = c[-1] + sum(c[3 * i] * x + c[3 * i + 1] * x**2 + c[3 * i + 2] * sp.sin(x + i) for i, x in enumerate(xs))
    body += sum(x * y for x, y in pairwise(xs))
    if applied.is_positive or applied.is_nonnegative:
        body = sp.exp(body / 5) + sp.Rational(1, 3)
    return sp.Lambda(xs, body)


def without_undefined(sides: tuple[sp.Expr, ...], rng: random.Random) -> tuple[tuple[sp.Expr, ...], bool]:
    """The sides with a concrete function for each undefined one, and whether there was one."""
    found = {}
    for applied in sorted(set().union(*(side.atoms(AppliedUndef) for side in sides)), key=sp.default_sort_key):
        found.setdefault(applied.func, applied)
    for function, applied in found.items():
        lam = concrete(function, applied, rng)
        sides = tuple(side.replace(function, lambda *args, lam=lam: lam(*args)) for side in sides)
    return (tuple(side.doit() for side in sides) if found else sides), bool(found)


def points(
    symbols: list[sp.Symbol],
    rng: random.Random,
    domain: Mapping[sp.Symbol, tuple[Any, Any]],
    assuming: Iterable[Any],
    wide: bool,
) -> Iterator[Point]:
    """Points that respect assumptions, `domain` and `assuming`; at most 40 for each one that is needed."""
    for attempt in range(40 * PROBES):
        point = {}
        for symbol in symbols:
            if symbol in domain:
                low, high = (sp.sympify(bound) for bound in domain[symbol])
                part = sp.Rational(rng.randint(1, 999), 1000)
                value = low + (high - low) * part
                point[symbol] = sp.floor(value) if symbol.is_integer else value
            else:
                point[symbol] = draw(symbol, attempt, rng, wide)
        if all(relation.subs(point) == True for relation in assuming):  # noqa: E712 (SymPy's true)
            yield point


def evaluate(side: sp.Expr, point: Point) -> sp.Expr | None:
    """The number that `side` is at `point`, to 30 digits; None where it has none there."""
    try:
        # subs knows bound variables; where there are none, xreplace does the same in one pass.
        value = side.subs(point) if side.has(*_BINDERS) else side.xreplace(point)
        number = value.evalf(DIGITS)
        if not number.is_number or number.has(sp.Integral, sp.Sum, sp.Limit, sp.Derivative, sp.Product):
            number = value.doit().evalf(DIGITS)
        number = sp.sympify(number)
        parts = number.as_real_imag()
        return number if all(part.is_Float or part.is_Rational for part in parts) else None
    except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError, RecursionError):
        return None


def agree(left: sp.Expr, right: sp.Expr) -> bool:
    """Whether two numbers are equal up to the error of their evaluation to 30 digits."""
    return bool(abs(left - right) <= sp.Float("1e-20") * (abs(left) + abs(right)) + sp.Float("1e-28"))


def roughly(left: sp.Expr, right: sp.Expr) -> bool:
    """The same for sides with integrals and sums, which are evaluated to fewer digits."""
    return bool(abs(left - right) <= sp.Float("1e-9") * (abs(left) + abs(right)) + sp.Float("1e-12"))


def short(number: sp.Expr) -> str:
    """A number for a reader: an integer as it is, others to five digits."""
    number = sp.nsimplify(number) if number.is_Integer else number
    re_part, im_part = number.as_real_imag()
    if abs(im_part) > 1e-12 * abs(re_part):
        return f"{complex(number):.5g}"
    value = float(re_part)
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else f"{value:.5g}"


def at(point: Point) -> str:
    """A point for a reader."""
    return "at " + ", ".join(f"{symbol} = {value}" for symbol, value in point.items()) + ": " if point else ""


def compare(
    lhs: sp.Expr,
    rhs: sp.Expr,
    holds: Callable[[sp.Expr, sp.Expr], bool] | None = None,
    domain: Mapping[sp.Symbol, tuple[Any, Any]] | None = None,
    assuming: Iterable[Any] = (),
    wide: bool = False,
) -> Difference | int:
    """Evaluate both sides at random points: the first difference, or the number of points where all was well."""
    if holds is None:
        coarse = (sp.Integral, sp.Sum, sp.Product, sp.Limit)
        holds = roughly if lhs.has(*coarse) or rhs.has(*coarse) else agree
    for symbol, (low, high) in (domain or {}).items():
        if not sp.sympify(high) - low > sp.Rational(1, 1000) * (1 + abs(low) + abs(high)):
            raise Unsuitable(f"the domain of {symbol}, from {low} to {high}, is too narrow to draw points from")
    rng, begun, accepted = random.Random(seed_of(lhs, rhs)), time.monotonic(), 0
    symbols = sorted(lhs.free_symbols | rhs.free_symbols, key=lambda s: s.sort_key())
    undefined = bool(lhs.atoms(AppliedUndef) | rhs.atoms(AppliedUndef))
    if not symbols and not undefined:
        left, right = evaluate(lhs, {}), evaluate(rhs, {})
        if left is None or right is None:
            return 0
        return PROBES if holds(left, right) else Difference("", left, right)
    for point in points(symbols, rng, domain or {}, assuming, wide):
        (left, right), _ = without_undefined((lhs, rhs), rng) if undefined else ((lhs, rhs), False)
        values = evaluate(left, point), evaluate(right, point)
        if None not in values:
            if not holds(*values):
                return Difference(at(point), *values)
            accepted += 1
        if accepted == PROBES or time.monotonic() - begun > PROBE_SECONDS:
            break
    return accepted


# --- algebra ------------------------------------------------------------------------------------------------------

LADDER: tuple[Step, ...] = (
    sp.expand,
    lambda e: sp.expand(e.doit()),
    sp.cancel,
    sp.simplify,
    lambda e: sp.simplify(e.rewrite(sp.exp)),
    sp.gammasimp,
    lambda e: sp.gammasimp(e.rewrite(sp.gamma)),
    lambda e: sp.simplify(sp.expand_log(e, force=False)),
    lambda e: sp.trigsimp(sp.expand_trig(e)),
    sp.factor,
    sp.radsimp,
    lambda e: sp.simplify(sp.powsimp(sp.expand_power_base(e))),
)


def vanishes(expression: sp.Expr) -> bool:
    """Whether an expression is literally zero, in each branch if it is a Piecewise."""
    if isinstance(expression, sp.Piecewise):
        return all(branch == 0 for branch, _ in expression.args)
    return expression == 0


def reduces_to_zero(difference: sp.Expr, by: Iterable[Step] = ()) -> bool:
    """Whether `by`, then the ladder of SymPy's simplifiers, takes the difference to zero.

    Raises Unsuitable if `by` takes the difference plus 1 to zero as well: then it proves anything.
    """
    begun, broken = time.monotonic(), difference + 1
    for step in by:
        difference = sp.sympify(step(difference))
        broken = sp.sympify(step(broken))
        if vanishes(broken):
            raise Unsuitable("by= turns a wrong difference into 0 as well, so it proves nothing")
        if vanishes(difference):
            return True
    if difference.has(sp.Piecewise):
        folded = sp.piecewise_fold(difference)
        if isinstance(folded, sp.Piecewise):
            return all(reduces_to_zero(branch) for branch, _ in folded.args)
        difference = folded
    if vanishes(difference):
        return True
    for step in LADDER:
        if time.monotonic() - begun > REDUCE_SECONDS:
            return False
        try:
            if vanishes(step(difference)):
                return True
        except (ArithmeticError, ValueError, TypeError, NotImplementedError, AttributeError, RecursionError):
            continue
    return False


def never_negative(gap: sp.Expr, strict: bool, by: Iterable[Step] = ()) -> bool:
    """Whether SymPy sees that `gap` is ≥ 0 (> 0 if strict) in one of its forms; forms by `by` must equal it."""
    forms = [gap]
    for step in by:
        form = sp.sympify(step(gap))
        if not reduces_to_zero(form - gap):
            return False
        forms.append(form)
    for step in (sp.factor, sp.together, sp.simplify, sp.expand, lambda e: sp.factor(sp.simplify(e))):
        for form in tuple(forms):
            if form.is_positive if strict else form.is_nonnegative:
                return True
            numerator, denominator = form.as_numer_denom()
            if denominator.is_positive and (numerator.is_positive if strict else numerator.is_nonnegative):
                return True
        forms.append(step(gap))
    return any(form.is_positive if strict else form.is_nonnegative for form in forms)
