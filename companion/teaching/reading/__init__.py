"""Answers typed as text, read into SymPy and never evaluated: `√3 α coth(√3 α)/n`, `9e^4`, `2 beta exp(-B)`.

    read_answer("2 beta exp(-B)", [beta, B])

The text becomes tokens, these a line of Python in which every name is a place in a table, and this Python's own `ast`,
of which a short list of nodes is taken: there is nothing to call or to reach that is not in the table.
Multiplication may be left out, and the brackets of a function's argument; decimals are fractions; = makes an equation,
a comma a tuple, [a, b; c, d] or [[a, b], [c, d]] a matrix. Sizes are bounded before SymPy builds anything.
"""

from collections.abc import Iterable, Mapping
from typing import Any

import sympy as sp
from sympy.printing.mathml import mathml

from companion.teaching.reading._build import built
from companion.teaching.reading._functions import FUNCTIONS
from companion.teaching.reading._tokens import Names, Token, Unreadable, tokens

# Signs as the book sets them: SymPy's printer takes a double-struck e and a hyphen.
_SIGNS = {"&ExponentialE;": "e", "&ImaginaryI;": "i", "<mo>-</mo>": "<mo>−</mo>"}
__all__ = ["Unreadable", "read_answer", "understood"]


def read_answer(text: str, symbols: Iterable[sp.Symbol] = (), names: Mapping[str, str] | None = None) -> Any:
    """The expression, equation, matrix or tuple (a plain one) that `text` means; `symbols` are the exercise's own.

    `names` holds further names of symbols: of a variable in Python that is called otherwise, the symbol's own name.

    Raises Unreadable, which says why, for everything that is none of these, or too large to work with.
    """
    pieces = tokens(text, Names(symbols, FUNCTIONS, names or {}))
    if not pieces:
        raise Unreadable("there is nothing in it")
    read = [built(side) for side in _sides(pieces)]
    if len(read) == 1:
        return read[0]
    if any(isinstance(side, tuple | sp.Equality) for side in read):
        raise Unreadable("an equation stands between two expressions or two matrices")
    return sp.Eq(*read, evaluate=False)


def understood(answer: Any) -> str:
    """What was read, as MathML for a page."""
    inner = mathml(sp.Tuple(*answer) if isinstance(answer, tuple) else answer, printer="presentation")
    for entity, sign in _SIGNS.items():
        inner = inner.replace(entity, sign)
    return f'<math xmlns="http://www.w3.org/1998/Math/MathML">{inner}</math>'


def _sides(pieces: list[Token]) -> list[list[Token]]:
    """The tokens on both sides of an equals sign, or all of them. Raises Unreadable if a side is empty."""
    places = [at for at, token in enumerate(pieces) if token.kind == "="]
    if len(places) > 1:
        raise Unreadable("it has more than one equals sign")
    sides = [pieces[: places[0]], pieces[places[0] + 1 :]] if places else [pieces]
    if not all(sides):
        raise Unreadable("one side of the equation is empty")
    return sides
