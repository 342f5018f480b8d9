"""Exercises: the reader's answer is checked by algebra, and a wrong one is shown a point where it fails."""

from collections.abc import Callable, Mapping, Sequence
from numbers import Real
from typing import Any

from companion.teaching._shell import ipython, show

_MARKS = {True: "✓ Right", False: "Not yet", None: "Undecided"}
_WAITING = "Your turn: put your answer in place of the dots."
_AGREES = "It agrees with the answer at 12 random points, but SymPy could not prove it equal."
_UNCLEAR = "It could not be evaluated at enough points to compare it with the answer. Try to simplify it."
Verdict = tuple[bool | None, str]


class _Unchecked(Exception):
    """What the reader gave cannot be compared with the answer; says why."""


class Exercise:
    """A question whose answer is computed, not typed.

    `answer` is a function without arguments that returns a number, a SymPy expression, equation or matrix, or a
    tuple of numbers or expressions; it is called once, when it is first needed. `domain` and `assuming` restrict
    the points of comparison as in `Ledger.prove`; `rtol` is how near a rounded number must come. Raises ValueError
    for arguments of another kind.
    """

    def __init__(
        self,
        question: str,
        answer: Callable[[], Any],
        domain: Mapping[Any, tuple[Any, Any]] | None = None,
        assuming: Sequence[Any] = (),
        rtol: float = 1e-3,
    ) -> None:
        if not isinstance(question, str) or not question.strip():
            raise ValueError(f"question must be a text, got {question!r}")
        if not callable(answer):
            raise ValueError(f"answer must be a function that computes the answer, got {answer!r}")
        if isinstance(rtol, bool) or not isinstance(rtol, Real) or not 0 < rtol < 0.1:
            raise ValueError(f"rtol must lie between 0 and 0.1, got {rtol!r}")
        self.question, self._compute = " ".join(question.split()), answer
        self._domain, self._assuming, self._rtol = domain, assuming, float(rtol)
        self._answer: Any = None

    def check(self, expression: Any) -> None:
        """Say whether `expression` is right; `...` says that the answer is still to come. Never evaluates text.

        A wrong answer is shown a point where it fails, or how far off a number is. Nothing that a reader may give
        raises an error: what cannot be compared is told what is expected.
        """
        if expression is ...:
            right, mark, message = None, "Exercise", _WAITING
        else:
            try:
                right, message = self._verdict(expression)
            except _Unchecked as reason:
                expected = self._kind()
                right, message = False, f"Nothing was checked: {reason}. The answer is to be {expected}."
            mark = _MARKS[right]
        _say(
            f"{mark} · {self.question}: {message}",
            f"> **{mark}** — {self.question}\n>\n> {message}",
            {"exercise": {"question": self.question, "right": right}},
        )

    def _computed(self) -> Any:
        """The answer, computed when it is first needed. Raises ValueError if it is nothing to compare with."""
        import sympy as sp

        from companion.teaching import _symbolic as algebra

        if self._answer is None:
            computed = self._compute()
            try:
                float_point = isinstance(computed, float | sp.Float)
                self._answer = _finite(computed) if float_point else _exact(computed)
            except (algebra.Unsuitable, _Unchecked) as error:
                raise ValueError(f"answer of {self.question!r}: {error}") from None
        return self._answer

    def _kind(self) -> str:
        """What an answer must be, without giving it away."""
        from companion.teaching import _symbolic as algebra

        answer = self._computed()
        if isinstance(answer, tuple):
            return f"a tuple of {len(answer)} numbers or SymPy expressions"
        names = ", ".join(symbol.name for symbol in algebra.symbols_of(answer))
        within = f" in {names}" if names else ""
        form = algebra.shape(answer)
        if isinstance(form, tuple):
            return f"a {form[0]} × {form[1]} Matrix{within}"
        if form:
            return f"an equation{within}, written with Eq"
        return f"a SymPy expression{within}" if names else "a number, or a SymPy expression without symbols"

    def _verdict(self, given: Any) -> Verdict:
        """Whether `given` is right (None: undecided), and what to say. Raises _Unchecked if it cannot be compared."""
        from companion.teaching import _symbolic as algebra

        answer = self._computed()
        if isinstance(given, str | bytes):
            raise _Unchecked("text is never evaluated, so leave out the quotation marks")
        if not isinstance(answer, tuple):
            parts = [("", given, answer)]
        elif isinstance(given, tuple | list) and len(given) == len(answer):
            parts = [(f"in place {i + 1}, ", *two) for i, two in enumerate(zip(given, answer, strict=True))]
        else:
            raise _Unchecked("yours is no tuple of this length")
        undecided = None
        for place, yours, ours in parts:
            try:
                right, message = self._compare(yours, ours)
            except algebra.Unsuitable as error:
                raise _Unchecked(str(error)) from None
            if right is False:
                sentence = place + message
                return False, f"{sentence[0].upper()}{sentence[1:]}."
            undecided = undecided or (None if right else message)
        return (None, undecided) if undecided else (True, message)

    def _compare(self, given: Any, answer: Any) -> Verdict:
        import sympy as sp

        from companion.teaching import _symbolic as algebra

        if type(given).__module__ == "numpy" and getattr(given, "ndim", None) == 0:
            given = given.item()
        if isinstance(given, float) or (isinstance(given, sp.Expr) and given.is_number and given.has(sp.Float)):
            if algebra.shape(answer) or not answer.is_number:
                raise _Unchecked("a rounded number is no formula")
            return self._rounded(_finite(given), answer)
        given = _exact(given)
        if isinstance(given, tuple):
            raise _Unchecked("yours is a tuple")
        if answer.has(sp.Float):
            return self._rounded(given, answer)
        if given.is_Rational and answer.is_number and not answer.is_rational:
            # A plain number in place of an irrational one can only be meant as a rounded one.
            return self._rounded(given, answer)
        return self._equal(_renamed(given, answer), answer)

    def _rounded(self, given: Any, answer: Any) -> Verdict:
        """The verdict on a number that need only be near the answer; where that is a whole number, it must be it."""
        if not given.is_number:
            raise _Unchecked("yours is not a number")
        yours, ours = complex(given), complex(answer)
        near = 1e-9 if answer.is_Integer else self._rtol
        if abs(yours - ours) <= near * (abs(ours) or 1):
            return True, "That is the number." if answer.is_Integer else f"Within {100 * near:g} % of the exact value."
        return False, _off(yours, ours)

    def _equal(self, given: Any, answer: Any) -> Verdict:
        """The verdict on an exact expression, matrix or equation."""
        from companion.teaching import _symbolic as algebra

        where = algebra.region(self._domain, self._assuming)
        entries = algebra.pairs(given, answer)
        unclear = unproved = False
        for place, yours, ours in entries:
            seen = algebra.compare(yours, ours, where)
            if isinstance(seen, algebra.Difference):
                if not algebra.symbols_of(yours, ours):
                    return False, place + _off(complex(yours), complex(ours))
                at = f"{place}{seen.where}".removesuffix(": ")
                return False, f"{at} yours gives {seen.left}, the answer is {seen.right}"
            unclear = unclear or seen < algebra.PROBES
            unproved = unproved or unclear or not algebra.reduces_to_zero(yours - ours, (), where)
        if unproved:
            return None, _UNCLEAR if unclear else _AGREES
        return True, "SymPy proves it equal to the answer."


def _exact(given: Any) -> Any:
    """An exact expression, matrix or equation, or a tuple of expressions. Raises algebra.Unsuitable for all else."""
    from companion.teaching import _symbolic as algebra

    if isinstance(given, tuple):
        return tuple(algebra.exact_side(entry) for entry in given)
    return algebra.exact_side(given)


def _finite(number: Any) -> Any:
    """A rounded number as SymPy's. Raises _Unchecked unless it is finite."""
    import sympy as sp

    value = sp.sympify(number).evalf()
    if not value.is_finite:
        raise _Unchecked(f"{number} is no finite number")
    return value


def _renamed(given: Any, answer: Any) -> Any:
    """`given` in the answer's own symbols: a reader who declares them anew, with other assumptions, means the same.

    Raises _Unchecked for symbols that the answer does not have.
    """
    known = {symbol.name: symbol for symbol in answer.free_symbols}
    if strange := sorted({symbol.name for symbol in given.free_symbols} - set(known)):
        raise _Unchecked(f"{', '.join(strange)} does not occur in the answer")
    return given.subs({symbol: known[symbol.name] for symbol in given.free_symbols})


def _off(yours: complex, ours: complex) -> str:
    """How far a number is from the answer, without giving the answer away."""
    if yours.imag or ours.imag:
        return "yours is off" if ours.imag else "yours is not a real number"
    if ours.real == 0 or yours.real == 0:
        return f"yours is too {'large' if yours.real > ours.real else 'small'}"
    ratio = yours.real / ours.real
    if ratio < 0:
        return "yours has the wrong sign"
    way = "large" if ratio > 1 else "small"
    if 0.5 < ratio < 2:
        return f"yours is about {100 * abs(ratio - 1):.2g} % too {way}"
    return f"yours is about {max(ratio, 1 / ratio):.2g} times too {way}"


def _say(plain: str, markdown: str, metadata: dict[str, Any]) -> None:
    """Show a verdict in IPython, or print it elsewhere."""
    if ipython() is None:
        print(plain)
    else:
        show({"text/plain": plain, "text/markdown": markdown}, metadata)
