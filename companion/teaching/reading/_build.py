"""From tokens to SymPy, by a line of Python that is parsed and never run."""

import ast
from typing import Any

import sympy as sp

from companion.teaching.reading._brackets import DEEPEST, ENDS, OPEN, STARTS, bracketed
from companion.teaching.reading._functions import OF_LISTS
from companion.teaching.reading._sizes import factorial, power
from companion.teaching.reading._tokens import Token, Unreadable

LARGEST_MATRIX = 144
_NOT_LISTED = "it holds something that is no part of an expression"


def built(pieces: list[Token]) -> Any:
    """What one side means. Raises Unreadable if it means nothing."""
    table: dict[str, Any] = {}
    source = _source(bracketed(pieces), table)
    try:
        value = _Builder(table).build(ast.parse(source, mode="eval").body)
    except Unreadable:
        raise
    except SyntaxError:
        raise Unreadable("something is missing in it: " + _missing(pieces)) from None
    except (RecursionError, MemoryError):
        raise Unreadable("it is nested too deeply") from None
    except (TypeError, ValueError, ArithmeticError, AttributeError, NotImplementedError, sp.ShapeError) as error:
        raise Unreadable(f"SymPy cannot build it ({error})") from None
    for entry in value if isinstance(value, tuple) else (value,):
        if isinstance(entry, tuple):
            raise Unreadable("a tuple stands in a tuple")
        if isinstance(entry, sp.Basic | sp.MatrixBase) and entry.has(sp.nan, sp.zoo):
            raise Unreadable("it divides by zero")
    return value


def _missing(pieces: list[Token]) -> str:
    """Where a sign stands that has nothing to stand between, in words."""
    signs = ("+", "-", "*", "/", "**", ",")
    for one, other in zip([Token("(", ""), *pieces], [*pieces, Token(")", "")], strict=True):
        if one.kind in signs and other.kind in (*signs[:1], *signs[2:], ")", "]"):
            return f"after “{one.text}”"
        if one.kind in OPEN and other.kind in (*signs[2:], ")", "]", "!"):
            return f"before “{other.text}”" if other.text else "it ends too soon"
    return "it is no expression"


def _source(pieces: list[Token], table: dict[str, Any]) -> str:
    """A line of Python for the tokens, with the signs that were left out; names are places in `table`."""
    out: list[str] = []
    rows: list[int] = []
    for before, token in zip([None, *pieces], pieces, strict=False):
        if before and before.kind in ENDS and token.kind in STARTS:
            if before.kind == token.kind == "number":
                raise Unreadable(f"two numbers stand side by side: “{before.text} {token.text}”")
            out.append("*")
        if token.kind in ("number", "name", "function"):
            table[name := f"v{len(table)}"] = token.value
            out.append(name)
        elif token.kind == "[":
            rows.append(len(out))
            out.append("[")
        elif token.kind == "]":
            start = rows.pop()
            split = any(piece == "],[" for piece in out[start:])
            out[start] = "[[" if split and out[start] == "[" else out[start]
            out.append("]]" if split else "]")
        elif token.kind == ";":
            if not rows:
                raise Unreadable("a semicolon stands only between the rows of a matrix, [a, b; c, d]")
            out.append("],[")
        else:
            out.append(".factorial" if token.kind == "!" else token.kind)
    return " ".join(out)


class _Builder:
    """Builds SymPy objects from the nodes of `ast` that are listed here, and from no others."""

    def __init__(self, table: dict[str, Any]) -> None:
        self.table, self.depth = table, 0

    def build(self, node: ast.AST) -> Any:
        """The object that a node means. Raises Unreadable for a node that is not listed."""
        self.depth += 1
        if self.depth > 4 * DEEPEST:
            raise Unreadable("it is nested too deeply")
        try:
            return self._built(node)
        finally:
            self.depth -= 1

    def _built(self, node: ast.AST) -> Any:
        match node:
            case ast.Name(id=name) if name in self.table:
                if callable(self.table[name]) and not isinstance(self.table[name], sp.Basic):
                    raise Unreadable("a function has no argument")
                return self.table[name]
            case ast.UnaryOp(op=ast.USub() | ast.UAdd(), operand=operand):
                value = self._operand(operand)
                return -value if isinstance(node.op, ast.USub) else value
            case ast.BinOp(left=left, op=operation, right=right):
                return self._combined(self._operand(left), operation, self._operand(right))
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]) if name in self.table:
                return self._called(self.table[name], [self.build(argument) for argument in arguments])
            case ast.Attribute(value=value, attr="factorial"):
                return factorial(self._operand(value))
            case ast.Tuple(elts=entries):
                return tuple(self.build(entry) for entry in entries)
            case ast.List(elts=entries):
                return self._listed([self.build(entry) for entry in entries])
        raise Unreadable(_NOT_LISTED)

    def _operand(self, node: ast.AST) -> Any:
        value = self.build(node)
        if isinstance(value, tuple | sp.Equality):
            raise Unreadable("a tuple or an equation stands where a number or an expression should")
        return value

    def _combined(self, left: Any, operation: ast.operator, right: Any) -> Any:
        match operation:
            case ast.Add():
                return left + right
            case ast.Sub():
                return left - right
            case ast.Mult():
                return left * right
            case ast.Div():
                return left / right
            case ast.Pow():
                return power(left, right)
        raise Unreadable(_NOT_LISTED)

    def _called(self, function: Any, arguments: list[Any]) -> Any:
        if function not in OF_LISTS and any(isinstance(a, tuple | sp.MatrixBase) for a in arguments):
            raise Unreadable("a function is taken of a tuple or a matrix")
        try:
            return function(*arguments)
        except TypeError:
            raise Unreadable(f"a function has {len(arguments)} arguments, which does not fit") from None

    def _listed(self, entries: list[Any]) -> Any:
        """A matrix of the rows in a list, or a tuple of its entries."""
        if len(entries) > LARGEST_MATRIX or not entries:
            raise Unreadable("a list is empty or too long")
        if not all(isinstance(entry, tuple) for entry in entries):
            return tuple(entries)
        if len({len(entry) for entry in entries}) > 1 or sum(map(len, entries)) > LARGEST_MATRIX:
            raise Unreadable("the rows of the matrix have several lengths, or it is too large")
        return sp.Matrix([list(entry) for entry in entries])
