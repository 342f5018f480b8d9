"""Words of letters that do not commute: how `companion.matrices` keeps sums of matrix products.

A letter is a SymPy symbol, a word a tuple of letters, a sum of words a dictionary from words to coefficients; the
empty word is the identity. The transpose of A is a letter of its own, A^T; that of a symmetric letter is itself.
"""

from collections.abc import Iterable
from functools import reduce
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

Array = NDArray[np.float64]
Word = tuple[sp.Symbol, ...]
Terms = dict[Word, sp.Expr]
_MARK = "^T"


def letter(name: str, symmetric: bool) -> sp.Symbol:
    """The symbol of a matrix."""
    return sp.Symbol(name, commutative=False, **({"hermitian": True} if symmetric else {}))


def base(symbol: sp.Symbol) -> str:
    """The name of the matrix that a letter stands for, transposed or not."""
    return str(symbol.name).removesuffix(_MARK)


def is_transposed(symbol: sp.Symbol) -> bool:
    """Whether a letter stands for the transpose of what it is named after."""
    return str(symbol.name).endswith(_MARK)


def transposed(word: Word) -> Word:
    """The transpose of a word."""
    return tuple(_partner(symbol) for symbol in reversed(word))


def _partner(symbol: sp.Symbol) -> sp.Symbol:
    if symbol.is_hermitian:
        return symbol
    return letter(base(symbol) if is_transposed(symbol) else symbol.name + _MARK, symmetric=False)


def terms(expr: Any) -> Terms:
    """A SymPy expression as a sum of words. Raises ValueError for what is no sum of products of letters."""
    if isinstance(expr, str):
        raise ValueError(f"expr must be made of given matrices, got the text {expr!r}")
    found: Terms = {}
    for term in sp.Add.make_args(sp.expand(sp.sympify(expr))):
        scalars, letters = term.args_cnc()
        word: list[sp.Symbol] = []
        for factor in letters:
            symbol, power = factor.as_base_exp()
            if not (isinstance(symbol, sp.Symbol) and power.is_Integer and power > 0):
                raise ValueError(f"expr must be a sum of products of given matrices, got the factor {factor}")
            word += [symbol] * int(power)
        add(found, tuple(word), sp.Mul(*scalars))
    return found


def add(into: Terms, word: Word, coefficient: sp.Expr) -> None:
    """Adds a multiple of a word to a sum, from which it goes if nothing is left of it."""
    total = sp.expand(into.pop(word, sp.S.Zero) + coefficient)
    if total != 0:
        into[word] = total


def expression(found: Terms) -> sp.Expr:
    """A sum of words as a SymPy expression."""
    return sp.Add(*(c * sp.Mul(*word) for word, c in found.items()))


def transpose(expr: sp.Expr) -> sp.Expr:
    """The transpose of a sum of words: letters are transposed and stand in reverse order."""
    return expression({transposed(word): c for word, c in terms(expr).items()})


def spelt(word: Iterable[sp.Symbol]) -> str:
    """A word to be read."""
    return "·".join(symbol.name for symbol in word) or "1"


def rotations(word: Word) -> list[Word]:
    """All words with the trace of this one, rotations and transposed ones, each once, the plainest first."""
    both = (word, transposed(word))
    return sorted({w[k:] + w[:k] for w in both for k in range(len(w))}, key=_plain)


def _plain(word: Word) -> tuple[int, str]:
    """An order of words: those with few transposes first."""
    return sum(map(is_transposed, word)), spelt(word)


def rank(word: Word) -> tuple[int, tuple[int, str]]:
    """An order of the words in traces: the short ones first, the same for all rotations."""
    return len(word), _plain(rotations(word)[0] if word else ())


def value(terms: Terms, example: dict[str, Any], rows: int) -> tuple[Array, float]:
    """The value of a sum of words in an example, and the size of its largest term."""
    total, size = np.zeros((1, 1)), 0.0
    for word, c in terms.items():
        factors = [example[base(s)].T if is_transposed(s) else example[base(s)] for s in word]
        product = scalar(c, example) * (reduce(np.matmul, factors) if factors else np.eye(rows))
        total, size = total + product, max(size, float(np.abs(product).max()))
    return total, size


def scalar(c: sp.Expr, example: dict[str, Any]) -> float:
    """The value of a coefficient: numbers and sizes as in the example, other symbols at values that they may take.

    Raises ValueError if that is no finite real number.
    """
    known = example["sizes"] | example
    point = {
        s: sp.Float(float(known[s.name])) if s.name in known else _value(s, example["trial"]) for s in c.free_symbols
    }
    value = c.xreplace(point)
    if not (value.is_number and value.is_extended_real and value.is_finite):
        said = ", ".join(f"{s} = {v}" for s, v in point.items())
        raise ValueError(
            f"coefficients must be real and finite, got {c}" + (f", which is {value} for {said}" if said else "")
        )
    return float(value)


def _value(symbol: sp.Symbol, trial: int) -> sp.Expr:
    """A value of a symbol, another one in each trial: of either sign, and any size below 2, if it may be so.

    A symbol that cannot be real stays as it is.
    """
    if symbol.is_extended_real is False:
        return symbol
    rng = np.random.default_rng([trial, *symbol.name.encode()])
    size = sp.Integer(int(rng.integers(1, 4))) if symbol.is_integer else sp.Float(rng.uniform(0.1, 2))
    signs = [1] * (symbol.is_positive is not False) + [-1] * (symbol.is_negative is not False)
    return size * signs[trial % len(signs)] if signs else sp.S.Zero
