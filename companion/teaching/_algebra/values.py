"""Values of two sides at a point: to how many digits, when they count as equal, and how a reader sees them."""

import math
import re

import mpmath
import sympy as sp

from companion.teaching._algebra.points import Point
from companion.teaching._algebra.sides import UNEVALUATED, Unsuitable

# Digits beyond those that the numbers themselves need, and the most that a point may need before it is passed over.
GUARD_DIGITS = 50
MOST_DIGITS = 1000
# The most terms of a sum, and the largest exponent or argument of a special function, that a point may ask for.
MOST_TERMS = 2000
_BINDERS = (*UNEVALUATED, sp.Lambda)
_DIGITS_PER_BIT = math.log10(2)
_CHEAP = (sp.Abs, sp.sign, sp.floor, sp.ceiling, sp.frac, sp.Mod, sp.Min, sp.Max, sp.Piecewise, sp.KroneckerDelta)
_ELEMENTARY = (sp.exp, sp.log, sp.sin, sp.cos, sp.tan, sp.Heaviside, sp.DiracDelta, sp.re, sp.im, sp.arg, sp.conjugate)


class TooLarge(Exception):
    """A point at which the sides take too much work; a smaller one will do."""


class NoValue(Exception):
    """A point at which a side has no value that SymPy can tell."""


def check_work(side: sp.Expr, point: Point) -> None:
    """Raises TooLarge where a side at a point needs very large powers, very high roots, or very many terms."""
    hard = {symbol for symbol, value in point.items() if value.is_Rational and max(abs(value.p), value.q) > 12}
    for node in sp.preorder_traversal(side) if hard else ():
        if isinstance(node, sp.Pow):
            sizes = [node.exp]
        elif isinstance(node, sp.Sum | sp.Product):
            sizes = [limit[2] - limit[1] for limit in node.limits if len(limit) == 3]
        elif isinstance(node, sp.Function) and not isinstance(node, _CHEAP + _ELEMENTARY):
            sizes = list(node.args)
        else:
            continue
        for value in (size.xreplace(point) for size in sizes if size.free_symbols & hard):
            if value.is_Rational and (abs(value) > MOST_TERMS or (value.q > MOST_TERMS and isinstance(node, sp.Pow))):
                raise TooLarge


def substitute(side: sp.Expr, point: Point) -> sp.Expr:
    """`side` at `point`, an exact number that is not evaluated yet, or an infinite one. Raises NoValue or TooLarge."""
    check_work(side, point)
    # subs knows bound variables; where there are none, xreplace does the same in one pass.
    value = side.subs(point) if side.has(*_BINDERS) else side.xreplace(point)
    if value.has(sp.Limit, sp.Derivative, sp.Subs):
        value = value.doit()
    if value is sp.nan or value.free_symbols:
        raise NoValue
    return value


def infinite(value: sp.Expr) -> bool:
    """Whether a side's value at a point is infinite, or a sum without a limit."""
    if value in (sp.oo, -sp.oo, sp.zoo) or any(node.args[0].is_zero for node in value.atoms(sp.DiracDelta)):
        return True
    endless = (node for node in value.atoms(sp.Sum) if any(end.is_infinite for limit in node.limits for end in limit))
    return any(node.is_convergent() == sp.false for node in endless)


def reach(*values: sp.Expr) -> int:
    """How many powers of ten, up or down, the numbers inside `values` reach from 1."""
    most = 0
    for node in set().union(*(value.atoms(sp.Number, sp.Pow, sp.Function) for value in values)):
        if node.is_Rational:
            bits = max(node.p.bit_length(), node.q.bit_length())
        else:
            parts = node.evalf(3).as_real_imag()
            bits = max((abs(mpmath.mag(part)) for part in parts if part.is_Float and part), default=0)
        most = max(most, int(bits * _DIGITS_PER_BIT) + 1)
    return most


def evaluate(value: sp.Expr, digits: int) -> sp.Expr:
    """An exact number to `digits` digits. Raises NoValue if SymPy cannot."""
    number = value.evalf(digits, maxn=2 * digits)
    if number.has(*UNEVALUATED):
        number = value.doit().evalf(digits, maxn=2 * digits)
    parts = number.as_real_imag()
    if not all(part.is_Float or part.is_Rational for part in parts):
        raise NoValue
    return number


def magnitude(number: sp.Expr) -> sp.Expr:
    """|x| + |y| of a number x + iy: cheaper than its absolute value, and as good for a comparison."""
    return sum(map(abs, number.as_real_imag()))


def measure(left: sp.Expr, right: sp.Expr) -> tuple[sp.Expr, sp.Expr, sp.Expr]:
    """Both values at a point, and up to what distance they count as equal.

    Errors of evaluation are relative to the largest number that occurs, so the digits must reach from there to the
    smallest. Integrals and sums are evaluated to fewer digits, and compared to nine. Raises NoValue or TooLarge where
    they cannot be evaluated.
    """
    if left.has(*UNEVALUATED) or right.has(*UNEVALUATED):
        # A sum is right to so many digits behind the point, an integral to so many in all.
        digits = 25 if left.has(sp.Integral) or right.has(sp.Integral) else 25 + min(reach(left, right), MOST_DIGITS)
        numbers, slack = (evaluate(left, digits), evaluate(right, digits)), sp.Rational(1, 10**9)
    else:
        most = reach(left, right)
        digits = GUARD_DIGITS + 3 * most
        if digits > MOST_DIGITS:
            raise TooLarge
        numbers, slack = (evaluate(left, digits), evaluate(right, digits)), sp.Rational(1, 10 ** (30 + 2 * most))
    return *numbers, slack * (1 + sum(map(magnitude, numbers)))


def relates(order: str, left: sp.Expr, right: sp.Expr, close: sp.Expr) -> bool:
    """Whether `left` order `right` holds for two numbers that are equal if not further apart than `close`."""
    gap = left - right
    if order == "=":
        return bool(magnitude(gap) <= close)
    if any(abs(number.as_real_imag()[1]) > close for number in (left, right)):
        raise Unsuitable(
            f"a side is not real ({approximately(left)} against {approximately(right)}), so they have no order"
        )
    gap = gap.as_real_imag()[0]
    return bool(gap < 0) if order == "<" else bool(gap <= close)


def approximately(number: sp.Expr) -> str:
    """A number for a reader, to five digits; an integer as it is."""
    real, imaginary = number.as_real_imag()
    if abs(imaginary) > sp.Rational(1, 10**12) * abs(real):
        return f"{complex(number):.5g}"
    if not sp.Rational(1, 10**300) < abs(real) < 10**300:
        return str(real.evalf(5)) if real else "0"
    value = float(real)
    return str(int(value)) if value == int(value) and abs(value) < 1e6 else f"{value:.5g}"


def readable(value: sp.Expr, number: sp.Expr) -> str:
    """An exact number for a reader: as it is if that is short, and to five digits."""
    near, text = approximately(number), re.sub(r"sqrt\((\w+)\)", r"√\1", str(value))
    if value.is_Integer or (value.is_Rational and value == sp.Rational(near)):
        return near if len(text) > 15 or not value.is_Integer else text
    return f"{text} ≈ {near}" if len(text) <= 12 else near


def at(point: Point) -> str:
    """A point for a reader."""
    return "at " + ", ".join(f"{symbol} = {value}" for symbol, value in point.items()) + ": " if point else ""
