"""Exercises: the reader's answer is checked by algebra, and a wrong one is shown a point where it fails."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from companion.teaching._shell import _shell, show

_WAITING = "Your turn: put your answer in place of the dots."


class Exercise:
    """A question whose answer is computed, not typed.

    `answer` is a function without arguments that returns a SymPy expression, a matrix, or a number; `domain` and
    `assuming` restrict the points of comparison as in `Ledger.prove`; `rtol` is how near a floating-point answer
    to a question about a number must come.
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
        if not 0 < rtol < 0.1:
            raise ValueError(f"rtol must lie between 0 and 0.1, got {rtol}")
        self.question, self._compute = question, answer
        self._domain, self._assuming, self._rtol = domain, assuming, rtol
        self._answer: Any = None

    def check(self, expression: Any) -> None:
        """Say whether `expression` is right; `...` says that the answer is still to come. Never evaluates text."""
        right, message = (None, _WAITING) if expression is ... else self._verdict(expression)
        mark = {True: "✓ Right", False: "Not yet", None: "Exercise"}[right]
        _say(
            f"{mark} · {self.question}: {message}",
            f"> **{mark}** — {self.question}\n>\n> {message}",
            {"exercise": {"question": self.question, "right": right}},
        )

    def _verdict(self, given: Any) -> tuple[bool | None, str]:
        import sympy as sp

        from companion.teaching import _symbolic as algebra

        if self._answer is None:
            computed = self._compute()
            self._answer = sp.Float(computed) if isinstance(computed, float) else algebra.exact_side(computed)
        answer = self._answer
        expected = f"the answer is to be {self._kind()}"
        if isinstance(given, sp.Expr) and given.is_number and given.has(sp.Float):
            given = float(given)
        if isinstance(given, float):
            exact = answer.is_Matrix or not answer.is_number
            return (False, f"Nothing was checked: {expected}.") if exact else self._number(sp.Float(given), answer)
        if isinstance(given, list | tuple | str | dict | None.__class__):
            return False, f"Nothing was checked: {expected}, and text is never evaluated."
        try:
            given = algebra.exact_side(given)
            algebra.pairs(given, answer)
        except algebra.Unsuitable as error:
            return False, f"Nothing was checked, as {error}; {expected}."
        if answer.has(sp.Float):
            return self._number(given, answer)
        return self._expression(given, answer)

    def _kind(self) -> str:
        """What an answer must be, without giving it away."""
        if shape := getattr(self._answer, "shape", None):
            return f"a {shape[0]} × {shape[1]} Matrix"
        names = ", ".join(sorted(map(str, self._answer.free_symbols)))
        return f"a SymPy expression in {names}" if names else "a number, or a SymPy expression without symbols"

    def _number(self, given: Any, answer: Any) -> tuple[bool, str]:
        if not given.is_number:
            return False, f"Nothing was checked: the answer is to be {self._kind()}."
        off = complex(given.evalf()) / complex(answer.evalf()) - 1 if answer != 0 else complex(given.evalf())
        if abs(off) <= self._rtol:
            return True, f"Within {self._rtol:g} of the exact value."
        if off.imag:
            return False, "Yours is not a real number." if abs(off.imag) > self._rtol else "Yours is off."
        return (
            False,
            f"Yours is {abs(off.real):.2g} times the answer too {'large' if off.real > 0 else 'small'}.",
        )

    def _expression(self, given: Any, answer: Any) -> tuple[bool | None, str]:
        from companion.teaching import _symbolic as algebra

        # A reader who declares the symbols anew, with other assumptions, means the same ones.
        known = {symbol.name: symbol for symbol in answer.free_symbols}
        given = given.subs({s: known[s.name] for s in given.free_symbols if s.name in known})
        if strange := sorted(s.name for s in given.free_symbols if s.name not in known):
            return (
                False,
                f"Nothing was checked: {', '.join(strange)} does not occur; the answer is to be {self._kind()}.",
            )
        for where, yours, ours in algebra.pairs(given, answer):
            seen = algebra.compare(yours, ours, None, self._domain, self._assuming)
            if isinstance(seen, algebra.Difference):
                if not known:
                    return self._number(yours, ours)
                place = (where + seen.where).removesuffix(": ")
                return (
                    False,
                    f"{place} yours gives {algebra.short(seen.left)}, the answer is {algebra.short(seen.right)}.",
                )
            if not algebra.reduces_to_zero(yours - ours):
                if seen < algebra.PROBES:
                    return None, "Undecided: it could not be evaluated at enough points. Try to simplify it."
                return (
                    None,
                    f"It agrees with the answer at {seen} random points, but SymPy could not prove it equal.",
                )
        return True, "SymPy proves it equal to the answer."


def _say(plain: str, markdown: str, metadata: dict[str, Any]) -> None:
    """Show a verdict in IPython, or print it elsewhere."""
    if _shell() is None:
        print(plain)
    else:
        show({"text/plain": plain, "text/markdown": markdown}, metadata)
