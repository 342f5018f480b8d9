"""Identities of matrices of any size: words of letters that do not commute, rewritten by rules that hold.

    tall = Premises("r <= n")
    A = tall.given("A n×r", draw=full_rank)
    G = tall.given("G r×r", symmetric=True, draw=lambda A: np.linalg.inv(A.T @ A))
    gram = tall.rules((G * transpose(A) * A, 1))
    gram.reduce(A * G * transpose(A) * A)        # A

`Premises` says which matrices are given and how examples of them are drawn; `rules` tries each rule on the examples,
sizes and ranks at random, and refuses one that does not hold. What `Rules` reduces holds for matrices of any size
that obey its rules, and is tried on the examples too. A trial cannot tell a rule from one that fails above size 6
alone, such as N⁶ = 0 for a triangular N with zeros on its diagonal, or by less than a billionth.
"""

import inspect
import re
from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import NDArray

from companion import _draws as draws
from companion import _words as words
from companion._draws import any_rank, diagonal, full_rank, orthonormal, projector
from companion._words import Terms, Word, transpose

Array = NDArray[np.float64]
__all__ = [
    "Premises",
    "Rules",
    "any_rank",
    "diagonal",
    "full_rank",
    "orthonormal",
    "projector",
    "transpose",
]
EXAMPLES, LARGEST, STEPS, TOLERANCE = 24, 6, 1000, 1e-9
# An example shows nothing about a matrix that is as good as zero, or beside one that is huge.
SMALL, LARGE = 1e-3, 1e5
_GIVEN = re.compile(r"([^\W\d]\w*)(?:\s+([a-z]|1)\s*[×x]\s*([a-z]|1))?")


class Premises:
    """Which matrices are given, with their sizes, and examples that obey what is supposed of them.

    `sizes` are conditions such as "r <= n". Raises ValueError for a condition of another form.
    """

    def __init__(self, *sizes: str) -> None:
        self._conditions = [re.fullmatch(r"\s*([a-z])\s*(<=|<)\s*([a-z])\s*", size) for size in sizes]
        if None in self._conditions:
            raise ValueError(f"sizes must be conditions such as 'r <= n', got {sizes[self._conditions.index(None)]!r}")
        self._shapes: dict[str, tuple[str, ...]] = {}
        self._letters: dict[str, sp.Symbol] = {}
        self._draws: dict[str, tuple[Callable[..., Any], tuple[str, ...]]] = {}
        self._examples: list[dict[str, Any]] = []

    def given(self, text: str, symmetric: bool = False, draw: Callable[..., Any] | None = None) -> Any:
        """A symbol for each matrix in a text such as "A n×r, B r×m": one alone as it is, several as a tuple.

        A letter is any size, the same wherever it stands; a name without sizes is a number. `draw` makes an example
        out of what its arguments name: `rng`, `shape`, or what was given before. Without it a matrix is drawn with
        any rank. Raises ValueError for a text of another form, a name given twice, a number with the name of a size,
        a symmetric matrix that is not square, or an argument of `draw` that is not known. What is drawn is looked at
        by `rules`: ValueError for another shape, no symmetry, no finite values, all examples 0, or entries above 1e5.
        """
        symbols = []
        for part in map(str.strip, text.split(",")):
            if (fits := _GIVEN.fullmatch(part)) is None:
                raise ValueError(f"text must name matrices and their sizes, such as 'A n×r', got {part!r}")
            name, shape = fits[1], (fits[2], fits[3]) if fits[2] else ()
            if name in (*self._shapes, "rng", "shape", "sizes", "trial"):
                raise ValueError(f"text must give new names, got {name!r} again")
            if symmetric and (not shape or shape[0] != shape[1]):
                raise ValueError(f"symmetric matrices must be square, got {part!r}")
            sizes = self._named_sizes() | set(shape)
            if clash := sizes & {name for name, of in ({name: shape} | self._shapes).items() if not of}:
                raise ValueError(f"text must not name a number as a size, got {clash.pop()!r} for both")
            maker = draw or (draws.symmetric if symmetric else any_rank if shape else draws.number)
            needs = tuple(inspect.signature(maker).parameters)
            if strange := [word for word in needs if word not in ("rng", "shape", *self._shapes)]:
                raise ValueError(f"draw must take rng, shape or names given before, got {strange[0]!r}")
            self._shapes[name], self._draws[name] = shape, (maker, needs)
            self._letters[name] = words.letter(name, symmetric) if shape else sp.Symbol(name, real=True)
            symbols.append(self._letters[name])
        self._examples = []
        return symbols[0] if len(symbols) == 1 else tuple(symbols)

    def rules(self, *pairs: tuple[Any, Any]) -> "Rules":
        """Rules, each a pair (word, what stands in its place), with their transposes.

        Raises ValueError for a rule that does not hold in an example (naming the rule, the gap and the sizes), whose
        left side is no single word, or whose sizes do not fit.
        """
        return Rules(self, pairs)

    def shape(self, terms: Terms) -> tuple[str, ...]:
        """The sizes of a sum of words, () if it is a number. Raises ValueError if they do not fit together."""
        found: tuple[str, ...] = ()
        for word in terms:
            sizes = [self._size(letter) for letter in word]
            for k in range(1, len(word)):
                if sizes[k - 1][1] != sizes[k][0]:
                    said = (f"{word[i].name} is {'×'.join(sizes[i])}" for i in (k - 1, k))
                    raise ValueError(f"sizes must chain, got {words.spelt(word)}, where {' and '.join(said)}")
            if word:
                shape = (sizes[0][0], sizes[-1][1])
                if found and shape != found:
                    raise ValueError(f"terms must have one shape, got {'×'.join(found)} and {'×'.join(shape)}")
                found = shape
        if () in terms and found and found[0] != found[1]:
            raise ValueError(f"a number must be added to a square matrix, got one that is {'×'.join(found)}")
        return found

    def _size(self, letter: sp.Symbol) -> tuple[str, ...]:
        known = self._letters.get(words.base(letter))
        if known is None or letter not in (known, *words.transposed((known,))):
            raise ValueError(f"expr must be made of given matrices, got {letter.name}")
        shape = self._shapes[known.name]
        return shape[::-1] if words.is_transposed(letter) else shape

    def examples(self) -> list[dict[str, Any]]:
        """Examples of all that is given, by name, with their `sizes`: the same ones each time."""
        if not self._examples:
            rng = np.random.default_rng(len(self._shapes))
            drawn = [self._example(rng, trial) for trial in range(EXAMPLES)]
            for name in self._shapes:
                largest = max(float(np.abs(example[name]).max()) for example in drawn)
                if not SMALL <= largest <= LARGE:
                    raise ValueError(f"draw must reach entries between 0.001 and 1e5 for {name}, got {largest:.2g}")
            self._examples = drawn
        return self._examples

    def _named_sizes(self) -> set[str]:
        named = {size for shape in self._shapes.values() for size in shape} - {"1"}
        return named | {size for fits in self._conditions if fits for size in fits.group(1, 3)}

    def _example(self, rng: np.random.Generator, trial: int) -> dict[str, Any]:
        named = self._named_sizes()
        for attempt in range(1000):
            # Half of the examples have no small size, if they can: next to a row or a column much comes true.
            least = 3 if trial % 2 and attempt < 500 else 1
            sizes = {"1": 1} | {size: int(rng.integers(least, LARGEST + 1)) for size in sorted(named)}
            if all(sizes[f[1]] + (f[2] == "<") <= sizes[f[3]] for f in self._conditions if f):
                break
        else:
            raise ValueError(f"sizes must be possible, got {', '.join(f[0] for f in self._conditions if f)}")
        example: dict[str, Any] = {"sizes": sizes, "trial": trial}
        for name, (draw, needs) in self._draws.items():
            shape = tuple(sizes[size] for size in self._shapes[name])
            known = example | {"rng": rng, "shape": shape}
            value = np.asarray(draw(*(known[word] for word in needs)), dtype=float)
            if value.shape != shape or not np.isfinite(value).all():
                raise ValueError(f"draw must return finite values of shape {shape} for {name}, got {value.tolist()}")
            if self._letters[name].is_hermitian and not np.allclose(value, value.T, rtol=0, atol=TOLERANCE):
                raise ValueError(f"draw must return a symmetric matrix for {name}, got {value.tolist()}")
            example[name] = value
        return example

    def compare(self, what: str, one: Terms, other: Terms) -> None:
        """Raises ValueError if two sums of words differ in an example."""
        shape = self.shape({**one, **other})
        for example in self.examples():
            rows = example["sizes"][shape[0]] if shape else 1
            (a, size), (b, _) = words.value(one, example, rows), words.value(other, example, rows)
            if (gap := float(np.abs(a - b).max())) > TOLERANCE * (1 + size):
                where = ", ".join(f"{name} = {n}" for name, n in example["sizes"].items() if name != "1")
                raise ValueError(f"{what} does not hold: its sides differ by {gap:.2g} for {where}")

    def compare_traces(self, given: Terms, kept: Terms, number: sp.Expr) -> None:
        """Raises ValueError if the trace of a sum, in an example, is not a number and the traces of words kept."""
        rows = self.shape(given)[0]
        for example in self.examples():
            whole, size = words.value(given, example, example["sizes"][rows])
            parts = [np.trace(words.value({w: c}, example, 1)[0]) for w, c in kept.items()]
            if (gap := abs(np.trace(whole) - sum(parts) - words.scalar(number, example))) > TOLERANCE * (1 + size):
                raise ValueError(f"the trace of {words.expression(given)} is wrong by {gap:.2g}")


class Rules:
    """Rules that were tried, and what they make of words. Made by `Premises.rules`."""

    def __init__(self, premises: Premises, pairs: tuple[tuple[Any, Any], ...]) -> None:
        self.premises, self.pairs = premises, pairs
        self._rules: list[tuple[Word, Terms]] = []
        for left, right in pairs:
            found, instead = words.terms(left), words.terms(right)
            if len(found) != 1 or () in found or set(found.values()) != {sp.S.One}:
                raise ValueError(f"a rule must begin with one word, got {left}")
            word = next(iter(found))
            premises.compare(f"the rule {left} → {right}", found, instead)
            mirror = words.transposed(word), {words.transposed(w): c for w, c in instead.items()}
            # The transpose of "these two commute" would only take it back.
            back = {mirror[0]: sp.S.One} == instead
            self._rules += [(word, instead)] if back or mirror[0] == word else [(word, instead), mirror]

    def reduce(self, expr: Any) -> sp.Expr:
        """What the rules make of a sum of words, applied until none applies. Raises ValueError if that has no end."""
        return words.expression(self._reduce(words.terms(expr)))

    def _reduce(self, given: Terms) -> Terms:
        self.premises.shape(given)
        waiting, done = dict(given), Terms()
        for _ in range(STEPS):
            if not waiting:
                self.premises.compare(f"the reduction of {words.expression(given)}", given, done)
                return done
            word, c = waiting.popitem()
            if (found := self._apply(word)) is None:
                words.add(done, word, c)
            else:
                for new, factor in found.items():
                    words.add(waiting, new, c * factor)
        raise ValueError(f"rules must come to an end, got {STEPS} steps from {words.expression(given)}")

    def _apply(self, word: Word) -> Terms | None:
        for left, right in self._rules:
            for k in range(len(word) - len(left) + 1):
                if word[k : k + len(left)] == left:
                    return {word[:k] + w + word[k + len(left) :]: c for w, c in right.items()}
        return None

    def sides(self, *exprs: Any) -> tuple[Any, ...]:
        """Each expression (or list of them) reduced, with a real symbol for each word left: what a claim compares.

        The identity is the symbol 1 for any size: a claim that compares identities of two sizes does not notice.
        """
        return tuple(list(self.sides(*e)) if isinstance(e, list) else self._side(e) for e in exprs)

    def _side(self, expr: Any) -> sp.Expr:
        return sp.Add(*(c * sp.Symbol(words.spelt(w), real=True) for w, c in self._reduce(words.terms(expr)).items()))

    def trace(self, expr: Any) -> sp.Expr:
        """The trace, as a sum of real symbols tr(A·B): words that are rotations or transposes of each other are one.

        Rules apply across the ends of a word; the identity counts its size. Raises ValueError for what is not square.
        """
        given = words.terms(expr)
        shape = self.premises.shape(given)
        if not shape or shape[0] != shape[1]:
            raise ValueError(f"expr must be a square matrix to have a trace, got {'×'.join(shape) or expr}")
        waiting, total, kept = [(given, shape[0])], sp.S.Zero, Terms()
        for _ in range(STEPS):
            if not waiting:
                self.premises.compare_traces(given, kept, total)
                return total + sp.Add(*(c * sp.Symbol(f"tr({words.spelt(w)})", real=True) for w, c in kept.items()))
            now, rows = waiting.pop()
            for word, c in self._reduce(now).items():
                turned = next(((w, f) for w in words.rotations(word) for f in self._simpler(w, word)), None)
                if turned:
                    first, found = turned
                    waiting.append(({w: c * f for w, f in found.items()}, self.premises.shape({first: c})[0]))
                elif word:
                    words.add(kept, words.rotations(word)[0], c)
                else:
                    total += c * (1 if rows == "1" else sp.Symbol(rows, integer=True, positive=True))
        raise ValueError(f"rules must come to an end, got {STEPS} steps from the trace of {expr}")

    def _simpler(self, turned: Word, word: Word) -> list[Terms]:
        """What a rule makes of a rotation, if all of it is simpler than the word, so that no word goes in circles."""
        found = self._apply(turned)
        return [found] if found is not None and all(words.rank(w) < words.rank(word) for w in found) else []

    def norm2(self, expr: Any) -> sp.Expr:
        """The squared Frobenius norm tr(XᵀX), by `trace`."""
        return self.trace(transpose(expr) * expr)
