"""Claims: what a notebook says, checked by a machine and shown with its grade.

    claims = Ledger("sequence/01-hippo-matrix")
    claims.prove("the sum of two squares", (x + y) ** 2, x**2 + 2 * x * y + y**2)

A claim compares two sides that were computed by different routes. It passes only if the comparison was made and
held; everything else is a `ClaimError` that says why, with a place where the two sides differ.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from companion.teaching._patience import within
from companion.teaching._shell import ipython, show
from companion.teaching._verdicts import BadClaim, ClaimError, FalseClaim, Undecided

__all__ = ["GRADES", "BadClaim", "Claim", "ClaimError", "FalseClaim", "Ledger", "Undecided"]

GRADES = ("proved", "exact", "numeric", "simulated")
# The most processor time that a claim may take, in seconds.
CLAIM_SECONDS = 40.0
_LONGEST_LATEX = 240


class Claim(NamedTuple):
    """One passed claim: its number in the notebook, grade, statement, how it was checked, and its LaTeX."""

    number: int
    grade: str
    statement: str
    check: str
    latex: str
    cell: tuple[str | None, int | None]


class Ledger:
    """The claims of one notebook, in order."""

    def __init__(self, name: str) -> None:
        if not isinstance(name, str) or not name.strip():
            raise BadClaim(f"name must be the notebook's, such as 'attention/01-scale-gradient', got {name!r}")
        self.name = name
        self.claims: list[Claim] = []
        # For a cell that runs again: the numbers of its former claims, until they are taken.
        self._numbers: dict[str | None, dict[str, int]] = {}

    def prove(
        self,
        statement: str,
        lhs: Any,
        rhs: Any = None,
        by: Callable[[Any], Any] | Sequence[Callable[[Any], Any]] = (),
        domain: Mapping[Any, tuple[Any, Any]] | None = None,
        assuming: Sequence[Any] = (),
        show_sides: str | bool | None = None,
        computed: bool = False,
    ) -> None:
        """Claim that lhs = rhs (or the relation `lhs`, as a ≤ b) for all values its symbols may take.

        Sides are SymPy expressions, integers, matrices or lists of them. SymPy must reduce lhs − rhs to zero, with
        the help of the simplifying steps `by` if need be, and both sides as given must agree at 12 random points.
        Points respect the symbols' assumptions, `domain` {x: (low, high)} and `assuming` [relations]. The
        sides are displayed unless the statement has mathematics of its own; `show_sides` decides otherwise (True,
        False, or LaTeX to display in their place). Two sides that are one expression before any work are refused;
        where SymPy's work was done before, as by `integrate`, the author says so by `computed`, and readers are told.
        Raises FalseClaim, Undecided or BadClaim.
        """
        statement = self._checked(statement)
        steps = [by] if callable(by) else by
        if not isinstance(steps, Sequence) or not all(map(callable, steps)):
            raise BadClaim(f"{statement}: by must be a function or a list of functions, got {by!r}")
        _limited(statement, lambda: self._prove(statement, lhs, rhs, steps, domain, assuming, show_sides, computed))

    def _prove(
        self,
        statement: str,
        lhs: Any,
        rhs: Any,
        steps: Sequence[Callable[[Any], Any]],
        domain: Mapping[Any, tuple[Any, Any]] | None,
        assuming: Sequence[Any],
        show_sides: str | bool | None,
        computed: bool,
    ) -> None:
        from companion.teaching import _judge as judge
        from companion.teaching import _symbolic as algebra

        given = lhs, rhs
        try:
            lhs, order, rhs = judge.sides(lhs, rhs)
            entries, where = algebra.pairs(lhs, rhs), algebra.region(domain, assuming)
            judge.refuse_same(statement, *given)
            done = judge.same_already(statement, lhs, rhs, computed)
            symbols = algebra.symbols_of(*(side for _, *sides in entries for side in sides))
            if strange := sorted(s.name for s in where.bounds if s not in symbols):
                raise BadClaim(f"{statement}: domain names {strange[0]}, which occurs on neither side")
            missed = 0
            for place, left, right in entries:
                missed += judge.probe(f"{statement}: {place}", left, right, order, where, precisely=bool(steps))
            for place, left, right in entries:
                judge.reduce(f"{statement}: {place}", left, right, order, where, steps)
        except algebra.Unsuitable as error:
            raise BadClaim(f"{statement}: {error}") from None
        check = judge.described(entries, order, where, missed, done)
        sign = r"\le" if order == "<=" else order
        self._pass("proved", statement, check, _shown(statement, show_sides, lhs, sign, rhs))

    def exact(self, statement: str, lhs: Any, rhs: Any, cases: Iterable[Any] | None = None) -> None:
        """Claim that both sides are equal in exact arithmetic in every case.

        With `cases`, lhs and rhs are functions of a case (a tuple is unpacked); without, they are sequences or
        matrices that are compared entry by entry. Raises FalseClaim, Undecided or BadClaim.
        """
        statement = self._checked(statement)
        _limited(statement, lambda: self._exact(statement, lhs, rhs, cases))

    def _exact(self, statement: str, lhs: Any, rhs: Any, cases: Iterable[Any] | None) -> None:
        from companion.teaching import _judge as judge

        judge.refuse_same(statement, lhs, rhs)
        judge.refuse_rounded(statement, lhs, rhs)
        rows = [("", lhs, rhs)] if cases is None else judge.rows(statement, lhs, rhs, cases)
        count = judge.equal_cases(statement, rows, by_entry=cases is None)
        said = "the only case" if count == 1 else f"all {count} cases"
        self._pass("exact", statement, f"Equal in exact arithmetic in {said}.", "")

    def numeric(
        self,
        statement: str,
        value: Any,
        expected: Any = None,
        rtol: float | None = None,
        atol: float | None = None,
        at_least: float | None = None,
        at_most: float | None = None,
        scale: float | None = None,
        above: Any = None,
        below: Any = None,
    ) -> None:
        """Claim that floating-point numbers agree within a tolerance, lie within bounds, or above or below others.

        value and expected are numbers or arrays of one shape; |value − expected| ≤ atol + rtol·|expected|, which is
        at most half of |expected| in each entry, or half of `scale`, the size that errors are to be compared with. In
        place of expected, `at_least` and `at_most` bound value: by 0, or by a number within a factor 10 of it, or
        errors by at most half of `scale`; and
        `above` and `below` are other computed quantities, each a number or of value's shape, that lie strictly on
        the other side of value. Raises FalseClaim or BadClaim.
        """
        from companion.teaching import _floats as floats
        from companion.teaching import _judge as judge

        statement = self._checked(statement)
        got = floats.numbers(statement, "value", value)
        bounds, others = (at_least, at_most), (above, below)
        if any(bound is not None for bound in (*bounds, *others)):
            if any(option is not None for option in (expected, rtol, atol)) or (
                any(b is not None for b in bounds) and any(o is not None for o in others)
            ):
                raise BadClaim(f"{statement}: give an expected value, bounds, or others to compare with, not both")
            for other in others:
                judge.refuse_same(statement, value, other)
            in_bounds = any(bound is not None for bound in bounds)
            check = (
                floats.bounded(statement, got, *bounds, scale) if in_bounds else floats.ordered(statement, got, *others)
            )
        else:
            want = floats.numbers(statement, "expected", expected)
            judge.refuse_same(statement, value, expected)
            check = floats.agreement(statement, got, want, rtol, atol, scale)
        self._pass("numeric", statement, check, "")

    def simulated(self, statement: str, samples: Any, expected: Any, sigmas: float = 4) -> None:
        """Claim that the mean of `samples` lies within `sigmas` (at most 5) standard errors of `expected`.

        samples (n,) with a number, or (n, k) with k numbers that must all hold; n is at least 200. Raises FalseClaim
        or BadClaim.
        """
        from companion.teaching import _floats as floats

        statement = self._checked(statement)
        drawn = floats.numbers(statement, "samples", samples)
        want = floats.numbers(statement, "expected", expected)
        self._pass("simulated", statement, floats.deviation(statement, drawn, want, sigmas), "")

    def table(self) -> None:
        """Show all claims of the notebook as a table. Raises BadClaim if there are none."""
        if not self.claims:
            raise BadClaim(f"the ledger {self.name!r} holds no claim")
        counts = {grade: sum(c.grade == grade for c in self.claims) for grade in GRADES}
        summary = f"{len(self.claims)} claims: " + ", ".join(f"{n} {grade}" for grade, n in counts.items() if n)
        rows = [f"| {c.number} | {c.grade} | {_without_bars(c.statement)} |" for c in self.claims]
        _display(
            {
                "text/plain": "\n".join(
                    [summary, *(f"{c.number:3d}  {c.grade:9}  {c.statement}" for c in self.claims)]
                ),
                "text/markdown": "\n".join(["| | grade | claim |", "|---:|---|---|", *rows, "", f"**{summary}.**"]),
            },
            {"ledger": {"name": self.name, **counts}},
        )

    # --- keeping the book -----------------------------------------------------------------------------------------

    def _checked(self, statement: Any) -> str:
        """The statement on one line. Raises BadClaim if it says nothing, or if another claim says it already."""
        if not isinstance(statement, str) or not str.strip(statement):
            raise BadClaim(f"statement must say in words what is claimed, got {statement!r}")
        statement = " ".join(str.split(statement))
        for claim in self.claims:
            if claim.statement == statement and not _reruns(claim.cell, _cell()):
                raise BadClaim(f"{statement}: claim {claim.number} says this already")
        return statement

    def _pass(self, grade: str, statement: str, check: str, latex: str) -> None:
        """Write a claim that passed into the ledger, under the number of its former run if it had one; show it."""
        cell = _cell()
        if cell[0] is not None:
            # A cell that runs again, perhaps edited, takes all its former claims back and hands their numbers out anew.
            former = [c for c in self.claims if c.cell[0] == cell[0] and c.cell[1] != cell[1]]
            self.claims = [c for c in self.claims if c not in former]
            if former:
                self._numbers[cell[0]] = {c.statement: c.number for c in former}
        number = self._number(statement, cell[0])
        claim = Claim(number, grade, statement, check, latex, cell)
        self.claims = sorted([*(c for c in self.claims if c.number != number), claim])
        lines = [f"**✓ Claim {number} · {grade}** — {statement}"] + [f"$$ {latex} $$"] * bool(latex) + [f"*{check}*"]
        _display(
            {
                "text/plain": f"✓ Claim {number} · {grade}: {statement}",
                "text/markdown": "\n>\n".join(f"> {line}" for line in lines),
            },
            {"claim": {"ledger": self.name, "number": number, "grade": grade, "statement": statement}},
        )

    def _number(self, statement: str, cell: str | None) -> int:
        """The number of a claim: the one it had before, else one that its cell has to spare, else the next."""
        for claim in self.claims:
            if claim.statement == statement:
                return claim.number
        spare = self._numbers.get(cell, {})
        if statement not in spare:
            taken = {claim.number for claim in self.claims}
            free = [old for old, number in spare.items() if number not in taken]
            statement = free[0] if free else statement
        reserved = [number for numbers in self._numbers.values() for number in numbers.values()]
        following = max([0, *reserved, *(claim.number for claim in self.claims)]) + 1
        return spare.pop(statement, following)


def _limited(statement: str, task: Callable[[], None]) -> None:
    """Judge a claim within the processor time that it may take. Raises Undecided if that is not enough."""

    def judged() -> bool:
        task()
        return True

    if not within(CLAIM_SECONDS, judged):
        raise Undecided(
            f"{statement}: not decided in {CLAIM_SECONDS:g} seconds of processor time; make the sides smaller, help "
            "SymPy with by=, or use a lower grade"
        )


def _shown(statement: str, show_sides: str | bool | None, lhs: Any, sign: str, rhs: Any) -> str:
    """The LaTeX to display below a statement: nothing where the statement says it already."""
    if isinstance(show_sides, str):
        return " ".join(show_sides.split())
    return _latex(lhs, sign, rhs) if show_sides or (show_sides is None and "$" not in statement) else ""


def _latex(lhs: Any, sign: str, rhs: Any) -> str:
    """Both sides as LaTeX on one line, or nothing if that would be too long to read."""
    import sympy as sp

    text = f"{sp.latex(lhs)} {sign} {sp.latex(rhs)}"
    return text if len(text) <= _LONGEST_LATEX else ""


def _cell() -> tuple[str | None, int | None]:
    """The id of the running notebook cell, where the front end tells it, and the number of its execution."""
    shell = ipython()
    if shell is None:
        return None, None
    parent = shell.get_parent() if hasattr(shell, "get_parent") else {}
    return (parent or {}).get("metadata", {}).get("cellId"), shell.execution_count


def _reruns(former: tuple[str | None, int | None], now: tuple[str | None, int | None]) -> bool:
    """Whether `now` is another run of the cell that `former` was."""
    if now[1] is None or former[1] == now[1]:
        return False
    return former[0] == now[0] or None in (former[0], now[0])


def _display(bundle: dict[str, str], metadata: dict[str, Any]) -> None:
    """Show a bundle in IPython; elsewhere a claim that holds says nothing."""
    if ipython() is not None:
        show(bundle, metadata)


def _without_bars(statement: str) -> str:
    """A statement as the cell of a table, which a bar would end."""
    return statement.replace(r"\|", r"\Vert ").replace("|", r"\vert ")
