"""Bounds on what a typed expression may grow to, applied before SymPy builds it: 9^(9^9) is told, not computed."""

import math
from typing import Any

import sympy as sp

from companion.teaching.reading._tokens import Unreadable

# Bits of an exact number, or of the exponent of a rounded one; a third of it are its decimal digits.
MOST_BITS = 4000
MOST_EXPONENT = 1000
MOST_TERMS = 10_000
MOST_STACKED = 3
LARGEST_FACTORIAL = 1000
_GROWING = (sp.exp, sp.sinh, sp.cosh, sp.gamma, sp.factorial)


def power(base: Any, exponent: Any) -> Any:
    """`base` to the power of `exponent`. Raises Unreadable if that is too large to work with."""
    if getattr(base, "is_Matrix", False) or getattr(exponent, "is_Matrix", False):
        raise Unreadable("a matrix has no power here: write out its entries")
    if base == 0 and exponent.is_number and exponent.is_negative:
        raise Unreadable("it divides by zero")
    if exponent.is_number and (_is_huge(base, exponent) or _terms(base, exponent) > MOST_TERMS):
        raise Unreadable(f"the power {_shown(base, True)}^{_shown(exponent, True)} is too large to work with")
    return bounded(base**exponent)


def _is_huge(base: Any, exponent: Any) -> bool:
    """Whether a power holds more than `MOST_BITS`, or its exponent is no small fraction."""
    size = _size(exponent)
    if exponent.is_Rational and exponent.q > MOST_EXPONENT:
        return True
    if base in (0, 1, -1, sp.E):
        return size > MOST_BITS
    held = max(_bits(base), abs(_log2(base))) if base.is_number else 0
    return size > MOST_EXPONENT or size * held > MOST_BITS


def _terms(base: Any, exponent: Any) -> int:
    """How many terms a power of a sum has when it is multiplied out."""
    if not isinstance(base, sp.Add) or not exponent.is_Integer:
        return 1
    return math.comb(abs(int(exponent)) + len(base.args) - 1, len(base.args) - 1)


def growing(function: Any) -> Any:
    """`function` (exp, sinh, cosh) with a bound on a number that it is taken of."""

    def applied(argument: Any) -> Any:
        if argument.is_number and _size(argument) > MOST_BITS:
            raise Unreadable(f"{function.__name__}({_shown(argument)}) is too large to work with")
        return bounded(function(argument))

    return applied


def factorial(argument: Any, function: Any = sp.factorial) -> Any:
    """`function` (factorial, gamma, harmonic) of an argument. Raises Unreadable for a number that is too large."""
    if argument.is_number and _size(argument) > LARGEST_FACTORIAL:
        raise Unreadable(f"{function.__name__}({_shown(argument)}) is too large to work with")
    return bounded(function(argument))


def binomial(n: Any, k: Any) -> Any:
    """The binomial coefficient. Raises Unreadable where a number in it is too large."""
    if any(side.is_number and _size(side) > LARGEST_FACTORIAL for side in (n, k)):
        raise Unreadable(f"binomial({_shown(n)}, {_shown(k)}) is too large to work with")
    return bounded(sp.binomial(n, k))


def bounded(expression: Any) -> Any:
    """The expression, if powers, exponentials and factorials stand in each other only a few deep."""
    if _stacked(expression) > MOST_STACKED:
        raise Unreadable("powers and exponentials are stacked too high in it")
    base, exponent = expression.as_base_exp() if isinstance(expression, sp.Pow) else (expression, sp.S.One)
    if base.free_symbols and exponent.is_number and _size(exponent) > MOST_EXPONENT:
        raise Unreadable(f"the exponent {_shown(exponent)} is too large to work with")
    return expression


def _stacked(expression: Any) -> int:
    """How many functions that grow faster than a power stand in each other."""
    deepest = max(map(_stacked, expression.args), default=0)
    grows = isinstance(expression, _GROWING) or (isinstance(expression, sp.Pow) and bool(expression.exp.free_symbols))
    return deepest + grows


def _size(number: Any) -> float:
    """The absolute value of a number that is not too large to evaluate, or infinity."""
    try:
        return float(abs(complex(number.evalf(5))))
    except (OverflowError, TypeError, ValueError):
        return math.inf


def _bits(number: Any) -> float:
    """The bits that an exact number holds in its largest numerator or denominator; 0 if it is no fraction."""
    return max(number.p.bit_length(), number.q.bit_length()) if number.is_Rational and number not in (1, -1) else 0


def _log2(number: Any) -> float:
    size = _size(number)
    return 0 if size == 0 else math.log2(size) if size < math.inf else math.inf


def _shown(expression: Any, bracketed: bool = False) -> str:
    """An expression in a few characters; `bracketed` where a sign stands next to it."""
    text = str(expression)
    text = text if len(text) <= 24 else text[:20] + "…"
    return f"({text})" if bracketed and not (expression.is_Atom and text.isalnum()) else text
