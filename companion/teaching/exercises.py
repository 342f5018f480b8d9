"""Exercises: the reader's answer is checked by algebra; a wrong one is shown where it fails, and its mistake named."""

import copy
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from numbers import Real
from typing import Any

import sympy as sp

from companion.teaching._answers import (
    FACTOR,
    OFFSET,
    Judged,
    Measure,
    Unchecked,
    Verdict,
    brought_to,
    exact,
    finite,
    is_proved,
    judge,
)
from companion.teaching._mistakes import named
from companion.teaching._shell import ipython, show
from companion.teaching._symbolic import Unsuitable, region, shape, symbols_of
from companion.teaching._written import read, written

_MARKS = {True: "✓ Right", False: "Not yet", None: "Undecided"}
_WAITING = Verdict(None, "Exercise", "Your turn: put your answer in place of the dots.")
_KEYS = {"question", "answer", "symbols", "domain", "assuming", "mistakes", "same", "rtol"}
Parts = list[tuple[Any, Any]]


class Exercise:
    """A question whose answer is computed, not typed.

    `answer` is a function without arguments that returns a number, a SymPy expression, equation or matrix, or a
    tuple of numbers or expressions. `mistakes` holds wrong answers that the author foresees, each a function like
    `answer`, with what the reader is told about it, such as "you differentiated by α, not by s".

    `same="up to a constant"` takes an expression that differs from the answer by a constant, `same="proportional"`
    an expression or matrix that is a constant, not zero, times the answer. A constant is what depends on none of
    the answer's symbols: a number, or a symbol of the reader's own, such as C.

    `domain` and `assuming` restrict the points of comparison as in `Ledger.prove`; `rtol` is how near a rounded
    number must come. Raises ValueError for arguments of another kind, for an answer that cannot be compared with or
    written as data, and for a mistake that is right.
    """

    def __init__(
        self,
        question: str,
        answer: Callable[[], Any],
        domain: Mapping[Any, tuple[Any, Any]] | None = None,
        assuming: Sequence[Any] = (),
        rtol: float = 1e-3,
        mistakes: Mapping[Callable[[], Any], str] | None = None,
        same: str | None = None,
    ) -> None:
        if not isinstance(question, str) or not question.strip():
            raise ValueError(f"question must be a text, got {question!r}")
        if not callable(answer):
            raise ValueError(f"answer must be a function that computes the answer, got {answer!r}")
        if isinstance(rtol, bool) or not isinstance(rtol, Real) or not 0 < rtol < 0.1:
            raise ValueError(f"rtol must lie between 0 and 0.1, got {rtol!r}")
        if same not in (None, OFFSET, FACTOR):
            raise ValueError(f"same must be {OFFSET!r} or {FACTOR!r}, got {same!r}")
        region(domain, assuming)
        relations = tuple(assuming) if isinstance(assuming, Sequence) else (assuming,)
        self.question: str = " ".join(question.split())
        self._measure: Measure = Measure(dict(domain or {}), relations, same, float(rtol))
        self._answer: Any = self._computed("answer", answer)
        if same:
            self._check_same()
        self._mistakes: list[tuple[Any, str]] = self._foreseen({} if mistakes is None else mistakes)
        self._symbols: list[sp.Symbol] = self._declared()
        self._data: dict[str, Any] = self._written()

    def check(self, expression: Any) -> None:
        """Show whether `expression` is right; `...` says that the answer is still to come. Never evaluates text.

        A wrong answer is shown a point where it fails, or how far off a number is, and its mistake if that is one
        that SymPy can prove. Nothing that a reader may give raises an error: what cannot be compared is told what is
        expected. The output of `check(...)` carries the exercise as data, see `to_data`, and beside it what the
        notebook calls the symbols, where that is not their name.
        """
        verdict = self.verdict(expression)
        exercise: dict[str, Any] = {"question": self.question, "right": verdict.right}
        if expression is ...:
            exercise["data"] = self.to_data()
            if names := self._names():
                exercise["names"] = names
        plain = f"{verdict.mark} · {self.question}: {verdict.message}"
        if ipython() is None:
            print(plain)
        else:
            markdown = f"> **{verdict.mark}** — {self.question}\n>\n> {verdict.message}"
            show({"text/plain": plain, "text/markdown": markdown}, {"exercise": exercise})

    def verdict(self, expression: Any) -> Verdict:
        """Whether `expression` is right (None: undecided), and the words that `check` shows; never raises."""
        if expression is ...:
            return _WAITING
        try:
            right, message = self._verdict(expression)
        except (Unchecked, Unsuitable) as reason:
            right, message = False, f"Nothing was checked: {reason}. The answer is to be {self._kind()}."
        return Verdict(right, _MARKS[right], message)

    def to_data(self) -> dict[str, Any]:
        """The exercise as plain data (JSON), the same in every run, from which `from_data` makes it again.

        Expressions are texts as SymPy's `srepr` writes them; `domain` has a pair of them for a symbol's name,
        `mistakes` a pair of a wrong answer and what to say about it.
        """
        return copy.deepcopy(self._data)

    @classmethod
    def from_data(cls, data: Mapping[str, Any]) -> "Exercise":
        """The exercise that `to_data` wrote. Raises ValueError for data of another form."""
        if not isinstance(data, Mapping) or set(data) != _KEYS:
            raise ValueError(f"data must have the keys {sorted(_KEYS)}, got {data!r}")
        symbols = {symbol.name: symbol for symbol in map(read, data["symbols"])}
        return cls(
            data["question"],
            partial(_taken, data["answer"]),
            domain={symbols[name]: (read(low), read(high)) for name, (low, high) in data["domain"].items()},
            assuming=[read(relation) for relation in data["assuming"]],
            rtol=data["rtol"],
            mistakes={partial(_taken, wrong): says for wrong, says in data["mistakes"]},
            same=data["same"],
        )

    def _computed(self, name: str, compute: Callable[[], Any]) -> Any:
        """What an answer's or a mistake's function returns. Raises ValueError if it is nothing to compare with."""
        computed = compute()
        try:
            if computed == ():
                raise Unchecked("an empty tuple asks for nothing")
            return finite(computed) if isinstance(computed, float | sp.Float) else exact(computed)
        except (Unsuitable, Unchecked) as error:
            raise ValueError(f"{name} of {self.question!r}: {error}") from None

    def _check_same(self) -> None:
        """Raises ValueError unless the answer leaves a constant open: then every number would be right."""
        answer = self._answer
        formula = isinstance(answer, sp.Expr) and not shape(answer) and bool(answer.free_symbols)
        vector = isinstance(answer, sp.MatrixBase) and self._measure.same == FACTOR and not answer.is_zero_matrix
        if not formula and not vector:
            raise ValueError(f"same={self._measure.same!r} says nothing about the answer of {self.question!r}")

    def _foreseen(self, mistakes: Mapping[Callable[[], Any], str]) -> list[tuple[Any, str]]:
        """The mistakes, computed. Raises ValueError for what is no mistake."""
        if not isinstance(mistakes, Mapping) or not all(map(callable, mistakes)):
            raise ValueError(f"mistakes must be of the form {{lambda: expression: text}}, got {mistakes!r}")
        found = []
        for compute, says in mistakes.items():
            if not isinstance(says, str) or not says.strip():
                raise ValueError(f"mistakes of {self.question!r}: what to say must be a text, got {says!r}")
            wrong = self._computed("mistakes", compute)
            if _form(wrong) != _form(self._answer):
                raise ValueError(f"mistakes of {self.question!r}: {wrong} is of another kind than the answer")
            if self._is(_places(wrong), _places(self._answer)):
                raise ValueError(f"mistakes of {self.question!r}: {wrong} is right")
            found.append((wrong, " ".join(says.split()).rstrip(".")))
        return found

    def _declared(self) -> list[sp.Symbol]:
        """The symbols of the whole exercise. Raises ValueError if two of them have one name."""
        wrong = [side for side, _ in self._mistakes]
        try:
            return symbols_of(self._answer, *wrong, *list(self._measure.domain), *self._measure.assuming)
        except Unsuitable as error:
            raise ValueError(f"{self.question!r}: {error}") from None

    def _written(self) -> dict[str, Any]:
        """The exercise as `to_data` gives it. Raises ValueError for what does not read back as it was."""
        measure = self._measure
        try:
            return {
                "question": self.question,
                "answer": written(self._answer),
                "symbols": [written(symbol) for symbol in self._symbols],
                "domain": {
                    symbol.name: [written(sp.nsimplify(end, rational=True)) for end in ends]
                    for symbol, ends in measure.domain.items()
                },
                "assuming": [written(relation) for relation in measure.assuming],
                "mistakes": [[written(wrong), says] for wrong, says in self._mistakes],
                "same": measure.same,
                "rtol": measure.rtol,
            }
        except ValueError as error:
            raise ValueError(f"{self.question!r}: {error}") from None

    def _names(self) -> dict[str, str]:
        """The notebook's variables that hold one of the symbols under another name, and the symbol's name."""
        taken = {symbol.name for symbol in self._symbols}
        held = dict(getattr(ipython(), "user_ns", {}))
        return {
            variable: value.name
            for variable, value in held.items()
            if isinstance(value, sp.Symbol) and value in self._symbols and variable not in taken
            if not variable.startswith("_")
        }

    def _kind(self) -> str:
        """What an answer must be, without giving it away."""
        answer = self._answer
        if isinstance(answer, sp.Tuple):
            return f"a tuple of {len(answer)} numbers or SymPy expressions"
        names = ", ".join(symbol.name for symbol in symbols_of(answer))
        within = f" in {names}" if names else ""
        form = shape(answer)
        if isinstance(form, tuple):
            return f"a {form[0]} × {form[1]} Matrix{within}"
        if form:
            return f"an equation{within}, written with Eq"
        return f"a SymPy expression{within}" if names else "a number, or a SymPy expression without symbols"

    def _parts(self, given: Any) -> list[tuple[Any, Any]]:
        """What was given, and the answer, place by place. Raises Unchecked if they cannot be compared."""
        if isinstance(given, str | bytes):
            raise Unchecked("text is never evaluated, so leave out the quotation marks")
        answers = _places(self._answer)
        if not isinstance(self._answer, sp.Tuple):
            given = [given]
        elif not isinstance(given, tuple | list | sp.Tuple) or len(given) != len(answers):
            raise Unchecked("yours is no tuple of this length")
        return [(brought_to(one, ours, self._symbols), ours) for one, ours in zip(given, answers, strict=True)]

    def _verdict(self, given: Any) -> tuple[bool | None, str]:
        """Whether `given` is right (None: undecided), and what to say. Raises Unchecked if it cannot be compared."""
        parts = self._parts(given)
        undecided = None
        for number, (yours, ours) in enumerate(parts, 1):
            try:
                judged = judge(yours, ours, self._measure)
            except (Unchecked, Unsuitable):
                if says := self._recognised(parts):
                    return False, _sentence(says)
                raise
            if judged.right is False:
                place = f"in place {number}, " if isinstance(self._answer, sp.Tuple) else ""
                return False, _sentence(self._explained(parts, place, yours, ours, judged))
            undecided = undecided or (None if judged.right else judged.message)
        return (None, undecided) if undecided else (True, judged.message)

    def _explained(self, parts: Parts, place: str, yours: Any, ours: Any, judged: Judged) -> str:
        """What to say of a wrong answer: its mistake if one is foreseen or proved, and where it fails."""
        if says := self._recognised(parts):
            numbers = not (ours.free_symbols or yours.free_symbols)
            return says if numbers else f"{says}: {place}{judged.place}{judged.message}"
        return place + named(yours, ours, judged, self._measure)

    def _recognised(self, parts: Parts) -> str | None:
        """What the author says of the mistake that was made, if it is one that was foreseen."""
        given = [yours for yours, _ in parts]
        return next((says for wrong, says in self._mistakes if self._is(given, _places(wrong))), None)

    def _is(self, given: Sequence[Any], wanted: Sequence[Any]) -> bool:
        return all(is_proved(one, other, self._measure) for one, other in zip(given, wanted, strict=True))


def _sentence(text: str) -> str:
    # A lone letter, as in m or d(x), is a symbol, and stays what it is.
    return f"{text[0].upper() if text[:2].isalpha() else text[0]}{text[1:]}."


def _places(answer: Any) -> Sequence[Any]:
    """The parts of an answer that are compared one by one."""
    return tuple(answer) if isinstance(answer, sp.Tuple) else (answer,)


def _form(answer: Any) -> Any:
    """What two answers that can be compared have in common."""
    return len(answer) if isinstance(answer, sp.Tuple) else shape(answer)


def _taken(text: str) -> Any:
    """An answer as the author's function returned it, from its text: a tuple for a Tuple."""
    expression = read(text)
    return tuple(expression) if isinstance(expression, sp.Tuple) else expression
