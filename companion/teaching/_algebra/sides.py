"""Sides of a claim: exact SymPy expressions, and the pairs of entries that are compared."""

import reprlib
import sys
from fractions import Fraction
from typing import Any

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction
from sympy.logic.boolalg import BooleanAtom, BooleanFunction
from sympy.matrices.expressions.matexpr import MatrixElement

# What `doit` works out.
UNEVALUATED = (sp.Integral, sp.Sum, sp.Product, sp.Limit, sp.Derivative, sp.Subs)


class Unsuitable(ValueError):
    """A side that is no exact symbolic expression, or a comparison that cannot be made as asked."""


def exact_side(side: Any) -> sp.Basic:
    """`side` as an exact SymPy expression, matrix or relation in scalar symbols. Raises Unsuitable for all else."""
    if isinstance(side, bool | BooleanAtom | BooleanFunction):
        raise Unsuitable(
            f"a side is the truth value {side}, which holds no comparison any more: "
            "pass both sides, or build the relation with evaluate=False"
        )
    if isinstance(side, list | tuple):
        return _rows([exact_side(entry) for entry in side])
    if type(side) in (int, Fraction):
        return sp.Rational(side)
    if isinstance(side, int | float | complex | sp.Float) or type(side).__module__ == "numpy":
        raise Unsuitable(
            f"a side is {reprlib.repr(side)} of type {type(side).__name__}: write an exact SymPy number or a Matrix"
        )
    if isinstance(side, sp.Poly):
        side = side.as_expr()
    if not isinstance(side, sp.Expr | sp.MatrixBase | sp.Eq):
        raise Unsuitable(f"a side is {reprlib.repr(side)} of type {type(side).__name__}, not a SymPy expression")
    if not _own(type(side)):
        raise Unsuitable(f"a side is of the type {type(side).__name__}, which is not SymPy's own")
    if isinstance(side, sp.MatrixExpr) and not isinstance(side, sp.MatrixBase):
        side = _explicit(side)
    if isinstance(side, sp.MatrixBase):
        return sp.ImmutableDenseMatrix(*side.shape, [exact_side(entry) for entry in side])
    if isinstance(side, sp.Eq):
        return sp.Eq(exact_side(side.lhs), exact_side(side.rhs), evaluate=False)
    _check_nodes(side)
    return _scalar(side)


def _rows(entries: list[Any]) -> sp.ImmutableDenseMatrix:
    """A list of scalars as a column, a list of columns (nested lists) as the rows of a matrix."""
    if entries and all(isinstance(entry, sp.MatrixBase) and entry.shape[1] == 1 for entry in entries):
        if len({entry.shape for entry in entries}) > 1:
            raise Unsuitable("a side is a list of lists of different lengths")
        return sp.ImmutableDenseMatrix([list(entry) for entry in entries])
    if not all(isinstance(entry, sp.Expr) for entry in entries):
        raise Unsuitable("a side is a list of things that are not all scalars")
    return sp.ImmutableDenseMatrix(len(entries), 1, entries)


def _own(kind: type) -> bool:
    """Whether a class is SymPy's own, or an undefined function: others may redefine what equality means."""
    if type(kind) is UndefinedFunction:
        return True
    module = str(kind.__module__)
    return module.split(".")[0] == "sympy" and getattr(sys.modules.get(module), kind.__name__, None) is kind


def _check_nodes(side: sp.Expr) -> None:
    for node in sp.preorder_traversal(side):
        if not _own(type(node)):
            raise Unsuitable(f"a side contains the type {type(node).__name__}, which is not SymPy's own")
        if isinstance(node, sp.Float):
            raise Unsuitable(f"a side contains the float {node}: write an exact number, such as Rational(1, 2)")
        if node is sp.nan:
            raise Unsuitable("a side contains nan")
        if isinstance(node, sp.Order):
            raise Unsuitable("a side contains the remainder O(…) of a series: use removeO()")
        if isinstance(node, sp.AccumBounds) or type(node).__name__ == "RandomSymbol":
            raise Unsuitable(f"a side contains {node}, which is no single number")
        if isinstance(node, sp.Symbol | AppliedUndef) and node.is_commutative is False:
            raise Unsuitable(f"{node} does not commute, so numbers cannot stand for it: use explicit matrices")
    if side in (sp.oo, -sp.oo, sp.zoo):
        raise Unsuitable(f"a side is infinite ({side})")


def _explicit(side: sp.MatrixExpr) -> sp.MatrixBase:
    try:
        return side.doit().as_explicit()
    except (ValueError, TypeError, AttributeError):
        raise Unsuitable(f"the matrix {side} has no numbers for a shape: use sp.Matrix") from None


def _scalar(side: sp.Expr) -> sp.Expr:
    """`side` with a plain symbol for each entry of a matrix symbol and each indexed one."""
    if side.has(sp.MatrixSymbol):
        matrices = {m: _explicit(m) for m in side.atoms(sp.MatrixSymbol)}
        side = side.doit() if isinstance(side, MatrixElement) else side.subs(matrices).doit()
        side = side.xreplace({e: sp.Symbol(str(e)) for e in side.atoms(MatrixElement)})
        if side.has(sp.MatrixSymbol):
            raise Unsuitable(f"{side} holds a matrix symbol that cannot be written out: use sp.Matrix")
    if side.has(sp.Indexed):
        side = side.doit()
        if any(node.has(sp.Indexed) for node in side.atoms(*UNEVALUATED)):
            raise Unsuitable(
                f"{side} sums over an index: give it limits that are numbers, so that it can be written out"
            )
        side = side.xreplace(
            {e: sp.Symbol(str(e), **getattr(e.base, "assumptions0", {})) for e in side.atoms(sp.Indexed)}
        )
    return side


def pairs(lhs: sp.Basic, rhs: sp.Basic) -> list[tuple[str, sp.Expr, sp.Expr]]:
    """Entries of both sides, each with the words that say where it stands. Raises Unsuitable for other shapes."""
    if isinstance(lhs, sp.Eq) and isinstance(rhs, sp.Eq):
        sides = (("on the left of =, ", lhs.lhs, rhs.lhs), ("on the right of =, ", lhs.rhs, rhs.rhs))
        return [(words + where, a, b) for words, *two in sides for where, a, b in pairs(*two)]
    left, right = shape(lhs), shape(rhs)
    if left != right:
        raise Unsuitable(f"the sides have different shapes: {left or 'a scalar'} and {right or 'a scalar'}")
    if left is None:
        return [("", lhs, rhs)]
    if isinstance(left, str) or 0 in left:
        raise Unsuitable("both sides are empty")
    rows, columns = left
    return [
        (f"in entry {i + 1 if columns == 1 else (i + 1, j + 1)}, ", lhs[i, j], rhs[i, j])
        for i in range(rows)
        for j in range(columns)
    ]


def shape(side: sp.Basic) -> tuple[int, int] | str | None:
    """The shape of a side: that of a matrix, "an equation", or None for a scalar."""
    return "an equation" if isinstance(side, sp.Eq) else getattr(side, "shape", None)


def symbols_of(*sides: sp.Basic) -> list[sp.Symbol]:
    """The free symbols of all sides, in a fixed order. Raises Unsuitable if two of them have one name."""
    found = sorted(set().union(*(side.free_symbols for side in sides)), key=lambda s: s.sort_key())
    names = [s.name for s in found if not isinstance(s, sp.Dummy)]
    for name in names:
        if names.count(name) > 1:
            raise Unsuitable(f"two different symbols are called {name}: declare it once, with its assumptions")
    return found
