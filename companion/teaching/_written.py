"""Exact expressions as text that another Python, in a browser, reads back: SymPy's `srepr`, never evaluated."""

import ast
from typing import Any

import sympy as sp
from sympy.functions.elementary.piecewise import ExprCondPair

_CONSTANTS = {
    sp.srepr(number): number
    for number in (sp.pi, sp.E, sp.I, sp.oo, sp.zoo, sp.GoldenRatio, sp.EulerGamma, sp.Catalan, sp.true, sp.false)
}
# Only these take a text as an argument; others would evaluate it.
_NAMED = (sp.Symbol, sp.Float, sp.Function)


def written(expression: sp.Basic) -> str:
    """The `srepr` of an expression, matrix, relation or Tuple, the same in every run.

    Raises ValueError if it does not read back as the very same expression.
    """
    text = sp.srepr(expression)
    if expression.has(sp.Dummy):
        raise ValueError(f"{expression} holds a Dummy, which no text can name: use a Symbol")
    try:
        same = read(text) == expression
    except ValueError as error:
        raise ValueError(f"{expression} cannot be written as text: {error}") from None
    if not same:
        raise ValueError(f"{expression} does not read back from its text as the same: use doit() or simplify()")
    return text


def read(text: str) -> Any:
    """The expression whose `srepr` is `text`; nothing is evaluated but SymPy's own constructors.

    Raises ValueError for a text that is no `srepr`.
    """
    try:
        return _value(ast.parse(text, mode="eval").body)
    except (SyntaxError, TypeError, AttributeError) as error:
        raise ValueError(f"{text!r} is no SymPy expression: {error}") from None


def _value(node: ast.expr) -> Any:
    if isinstance(node, ast.Constant) and type(node.value) in (int, bool):
        return node.value
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_value(node.operand)
    if isinstance(node, ast.List | ast.Tuple):
        return [_value(entry) for entry in node.elts]
    if isinstance(node, ast.Name) and node.id in _CONSTANTS:
        return _CONSTANTS[node.id]
    if isinstance(node, ast.Call):
        return _called(node)
    raise ValueError(f"{ast.unparse(node)} is nothing that SymPy writes")


def _called(node: ast.Call) -> Any:
    if isinstance(node.func, ast.Call):
        function = _called(node.func)
        if not isinstance(function, type):
            raise ValueError(f"{ast.unparse(node.func)} is not a function")
        return function(*map(_value, node.args))
    name = node.func.id if isinstance(node.func, ast.Name) else ""
    kind = ExprCondPair if name == ExprCondPair.__name__ else getattr(sp, name, None)
    if not (isinstance(kind, type) and issubclass(kind, sp.Basic | sp.MatrixBase)):
        raise ValueError(f"{ast.unparse(node.func)} is not a class of SymPy's")
    arguments = [
        argument.value
        if kind in _NAMED and isinstance(argument, ast.Constant) and isinstance(argument.value, str)
        else _value(argument)
        for argument in node.args
    ]
    if kind in _NAMED:
        return kind(*arguments, **{str(option.arg): _value(option.value) for option in node.keywords})
    if node.keywords:
        raise ValueError(f"{ast.unparse(node)} has options that no expression has")
    # An equation is kept as it is written, even where SymPy sees that it holds.
    return kind(*arguments, evaluate=False) if kind is sp.Equality else kind(*arguments)
