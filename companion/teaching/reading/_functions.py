"""The functions that a typed answer may use, under the names that readers know them by."""

from collections.abc import Callable
from typing import Any

import sympy as sp

from companion.teaching.reading._sizes import binomial, factorial, growing
from companion.teaching.reading._tokens import Unreadable


def log(argument: Any, base: Any = None) -> Any:
    """The natural logarithm, or that to a base."""
    return sp.log(argument) if base is None else sp.log(argument, base)


def quotient(numerator: Any, denominator: Any = sp.S.One) -> Any:
    """What a reader of SymPy writes as Rational(1, 3)."""
    return numerator / denominator


def equation(left: Any, right: Any) -> Any:
    """An equation, kept as it is written even where SymPy sees that it holds."""
    return sp.Eq(left, right, evaluate=False)


def matrix(*rows: Any) -> Any:
    """A matrix of its rows or, of one plain list, a column."""
    entries = rows[0] if len(rows) == 1 else rows
    if isinstance(entries, sp.MatrixBase):
        return entries
    if not isinstance(entries, tuple):
        raise Unreadable("a matrix is written [[a, b], [c, d]]")
    return sp.Matrix(list(entries))


_AS_IN_SYMPY = (
    sp.sqrt, sp.cbrt, sp.sign, sp.re, sp.im, sp.conjugate, sp.floor, sp.ceiling, sp.Abs, sp.Min, sp.Max,
    sp.sin, sp.cos, sp.tan, sp.cot, sp.sec, sp.csc, sp.asin, sp.acos, sp.atan, sp.acot, sp.atan2,
    sp.tanh, sp.coth, sp.sech, sp.csch, sp.asinh, sp.acosh, sp.atanh, sp.acoth,
    sp.erf, sp.erfc, sp.erfi, sp.zeta,
)  # fmt: skip
FUNCTIONS: dict[str, Callable[..., Any]] = {function.__name__: function for function in _AS_IN_SYMPY}
FUNCTIONS |= {f"arc{name[1:]}": function for name, function in FUNCTIONS.items() if name[0] == "a" and name != "atan2"}
FUNCTIONS |= {f"ar{name[1:]}": function for name, function in FUNCTIONS.items() if name[0] == "a" and name[-1] == "h"}
FUNCTIONS |= {function.__name__: growing(function) for function in (sp.exp, sp.sinh, sp.cosh)}
FUNCTIONS |= {
    "log": log,
    "ln": log,
    "log2": lambda argument: log(argument, 2),
    "log10": lambda argument: log(argument, 10),
    "abs": sp.Abs,
    "ceil": sp.ceiling,
    "min": sp.Min,
    "max": sp.Max,
    "gamma": lambda argument: factorial(argument, sp.gamma),
    "Gamma": lambda argument: factorial(argument, sp.gamma),
    "harmonic": lambda argument: factorial(argument, sp.harmonic),
    "factorial": factorial,
    "binomial": binomial,
    "binom": binomial,
    "Rational": quotient,
    "Eq": equation,
    "Matrix": matrix,
}
# The functions that may be taken of a tuple or a matrix.
OF_LISTS = (matrix, equation)
