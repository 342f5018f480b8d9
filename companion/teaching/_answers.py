"""Comparing what a reader gave with an answer: exact things by algebra, rounded numbers by their distance."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, NamedTuple

import sympy as sp

from companion.teaching._symbolic import (
    PROBES,
    Difference,
    Unsuitable,
    compare,
    exact_side,
    pairs,
    reduces_to_zero,
    region,
    shape,
    symbols_of,
)

AGREES = "It agrees with the answer at 12 random points, but SymPy could not prove it equal."
UNCLEAR = "It could not be evaluated at enough points to compare it with the answer. Try to simplify it."
OFFSET, FACTOR = "up to a constant", "proportional"
_PROVED = {
    None: "SymPy proves it equal to the answer.",
    OFFSET: "SymPy proves it equal to the answer, up to a constant.",
    FACTOR: "SymPy proves it proportional to the answer.",
}
_FITTED = "even with both made equal at one point, "
# How near a whole number must come, and a rounded number that is to be recognised as a mistake.
WHOLE, RECOGNISED = 1e-9, 1e-4


class Unchecked(Exception):
    """What the reader gave cannot be compared with the answer; says why."""


class Verdict(NamedTuple):
    """Whether an answer is right (None: not decided, or not yet given), under which heading, and what to say."""

    right: bool | None
    mark: str
    message: str


class Judged(NamedTuple):
    """How one side compares with another: `right` is None if that is undecided.

    Where they differ, `place` says in which entry, `entry` holds both sides there.
    """

    right: bool | None
    message: str
    place: str = ""
    entry: tuple[Any, Any] | None = None


class Measure(NamedTuple):
    """What counts as equal: where sides are compared, up to what, and how near a rounded number must come."""

    domain: Mapping[Any, tuple[Any, Any]]
    assuming: Sequence[Any] = ()
    same: str | None = None
    rtol: float = 1e-3


def exact(given: Any) -> Any:
    """An exact expression, matrix or equation, or a Tuple of expressions. Raises Unsuitable for all else."""
    if isinstance(given, tuple | sp.Tuple):
        return sp.Tuple(*map(exact_side, given))
    return exact_side(given)


def finite(number: Any) -> Any:
    """A rounded number as SymPy's. Raises Unchecked unless it is finite."""
    value = sp.sympify(number).evalf()
    if not value.is_finite:
        raise Unchecked(f"{number} is no finite number")
    return value


def is_rounded(given: Any) -> bool:
    """Whether `given` is a floating-point number, or a number in which one occurs."""
    return isinstance(given, float) or (isinstance(given, sp.Expr) and given.is_number and given.has(sp.Float))


def brought_to(given: Any, answer: Any, known: Sequence[sp.Symbol]) -> Any:
    """What the reader gave as an exact thing, in the symbols `known`, or as a rounded number.

    A reader who declares a symbol anew, with other assumptions, means the same one. Raises Unchecked, or Unsuitable,
    for what cannot be compared with `answer`.
    """
    if type(given).__module__ == "numpy" and getattr(given, "ndim", None) == 0:
        given = given.item()
    if is_rounded(given):
        if shape(answer) or not answer.is_number:
            raise Unchecked("a rounded number is no formula")
        return finite(given)
    if isinstance(given, tuple | sp.Tuple):
        raise Unchecked("yours is a tuple")
    side = exact_side(given)
    by_name = {symbol.name: symbol for symbol in known}
    return side.subs({s: by_name[s.name] for s in side.free_symbols if s.name in by_name})


def strangers(given: sp.Basic, answer: sp.Basic) -> str:
    """The names of the symbols that occur in `given` and not in the answer."""
    return ", ".join(sorted({s.name for s in given.free_symbols - answer.free_symbols}))


def judge(given: Any, answer: Any, measure: Measure) -> Judged:
    """Whether `given`, which `brought_to` returned, is `answer`. Raises Unchecked if they cannot be compared."""
    # A plain number in place of an irrational one can only be meant as a rounded one.
    meant_rounded = given.is_Rational and answer.is_number and not answer.is_rational
    if not measure.same and (is_rounded(given) or answer.has(sp.Float) or meant_rounded):
        return _near(given, answer, measure.rtol)
    if not measure.same and (strange := strangers(given, answer)):
        raise Unchecked(f"{strange} does not occur in the answer")
    fitted = _fitted(given, answer, measure)
    if isinstance(fitted, Judged):
        return fitted
    judged = _equal(*fitted, measure)
    if judged.right is False and isinstance(given, sp.Eq):
        turned = _equal(sp.Eq(given.rhs, given.lhs, evaluate=False), answer, measure)
        judged = turned if turned.right else judged
    if measure.same and judged.right is False:
        if strange := strangers(given, answer):
            raise Unchecked(f"{strange} does not occur in the answer")
        # What was fitted is not what the reader wrote: a mistake is looked for in that.
        return judged._replace(entry=None if shape(answer) else (given, answer))
    return judged


def is_proved(given: Any, answer: Any, measure: Measure) -> bool:
    """Whether `given` is `answer` by the same standard as a right answer; what cannot be compared is not."""
    try:
        return judge(given, answer, measure).right is True
    except (Unchecked, Unsuitable):
        return False


def _near(given: Any, answer: Any, rtol: float) -> Judged:
    """The verdict on a number that need only be near the answer; where that is a whole number, it must be it."""
    if not given.is_number:
        raise Unchecked("yours is not a number")
    yours, ours = complex(given), complex(answer)
    near = WHOLE if answer.is_Integer else rtol
    if abs(yours - ours) <= near * (abs(ours) or 1):
        return Judged(
            True, "That is the number." if answer.is_Integer else f"Within {100 * near:g} % of the exact value."
        )
    return Judged(False, off(yours, ours), "", (given, answer))


def _equal(given: Any, answer: Any, measure: Measure) -> Judged:
    """The verdict on an exact expression, matrix or equation."""
    where = region(measure.domain, measure.assuming)
    unclear = unproved = False
    for place, yours, ours in pairs(given, answer):
        seen = compare(yours, ours, where)
        if isinstance(seen, Difference):
            if symbols_of(yours, ours):
                at = seen.where.removesuffix(": ")
                message = f"{at} yours gives {seen.left}, the answer is {seen.right}"
            else:
                message = off(complex(yours), complex(ours))
            return Judged(False, (_FITTED if measure.same else "") + message, place, (yours, ours))
        unclear = unclear or seen < PROBES
        unproved = unproved or unclear or not _reduces(yours - ours, where)
    if unproved:
        return Judged(None, UNCLEAR if unclear else AGREES)
    return Judged(True, _PROVED[measure.same])


def _reduces(gap: Any, where: Any) -> bool:
    """Whether algebra takes a difference to zero, as it stands or with artanh and its like as logarithms."""
    return reduces_to_zero(gap, (), where) or reduces_to_zero(gap.rewrite(sp.log), (), where)


def _fitted(given: Any, answer: Any, measure: Measure) -> tuple[Any, Any] | Judged:
    """Both sides, brought to the same value at a fixed point: equal then means equal up to a constant."""
    if measure.same is None:
        return given, answer
    sample, entries = sample_point(symbols_of(answer), measure), pairs(given, answer)
    if measure.same == OFFSET:
        start, target = given.subs(sample), answer.subs(sample)
        shift = _simple(start - target)
        return (given - start, answer - target) if shift is None else (given, answer + shift)
    for _, yours, ours in entries:
        if abs(complex(unit := ours.subs(sample))) > 0:
            scale = yours.subs(sample)
            if scale == 0:
                return Judged(False, "yours is not proportional to the answer")
            ratio = _simple(scale / unit)
            return (given / scale, answer / unit) if ratio is None else (given, ratio * answer)
    raise Unchecked("the answer vanishes where it was to be compared")


def _simple(number: Any) -> sp.Rational | None:
    """The fraction with a small denominator that a number is, to fourteen digits; None if it is none."""
    value = number.evalf(30)
    if not value.is_Float:
        return sp.Rational(value) if value.is_Rational else None
    near = sp.Rational(str(Fraction(str(value)).limit_denominator(1000)))
    return near if near and abs(value / near - 1) < sp.Rational(1, 10**14) else None


def sample_point(symbols: Sequence[sp.Symbol], measure: Measure) -> dict[sp.Symbol, sp.Expr]:
    """A simple point inside the domain, with a different value for each symbol."""
    values: dict[sp.Symbol, sp.Expr] = {}
    for place, symbol in enumerate(symbols):
        low, high = (sp.nsimplify(end, rational=True) for end in measure.domain.get(symbol, (-sp.oo, sp.oo)))
        step = sp.Integer(place + 1)
        if low.is_finite and high.is_finite:
            inside = low + (high - low) * step / (len(symbols) + 1)
            values[symbol] = sp.ceiling(inside) if symbol.is_integer else inside
        elif low.is_finite or high.is_finite:
            values[symbol] = low + step if low.is_finite else high - step
        else:
            step = 2 * step if symbol.is_even else 2 * step + 1 if symbol.is_odd else step
            values[symbol] = -step if symbol.is_extended_nonpositive else step
    return values


def off(yours: complex, ours: complex) -> str:
    """How far a number is from the answer, without giving the answer away."""
    if yours.imag or ours.imag:
        return "yours is off" if ours.imag else "yours is not a real number"
    if ours.real == 0 or yours.real == 0:
        return f"yours is too {'large' if yours.real > ours.real else 'small'}"
    ratio = yours.real / ours.real
    if ratio < 0:
        return "yours has the wrong sign"
    way = "large" if ratio > 1 else "small"
    if 0.5 < ratio < 2:
        return f"yours is about {100 * abs(ratio - 1):.2g} % too {way}"
    return f"yours is about {max(ratio, 1 / ratio):.2g} times too {way}"
