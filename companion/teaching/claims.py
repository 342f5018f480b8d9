"""Claims: what a notebook says, checked by a machine and shown with its grade.

    claims = Ledger("sequence/01-hippo-matrix")
    claims.prove("the sum of two squares", (x + y) ** 2, x**2 + 2 * x * y + y**2)

A claim compares two sides that were computed by different routes. It passes only if the comparison was made and
held; everything else is a `ClaimError` that says why, with a place where the two sides differ.
"""

import math
import reprlib
from collections.abc import Callable, Iterable, Mapping, Sequence
from numbers import Real
from typing import Any, NamedTuple

from companion.teaching._shell import ipython, show

GRADES = ("proved", "exact", "numeric", "simulated")
_LONGEST_LATEX = 240
_FEWEST_SAMPLES = 30
_MOST_SIGMAS = 6


class ClaimError(AssertionError):
    """A claim that did not pass. Shown in a notebook as its message alone."""

    def _render_traceback_(self) -> list[str]:
        return [f"{type(self).__name__}: {self}"]


class FalseClaim(ClaimError):
    """The two sides differ."""


class Undecided(ClaimError):
    """Neither a proof nor a counterexample was found."""


class BadClaim(ClaimError):
    """The comparison cannot be made as asked."""


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
    ) -> None:
        """Claim that lhs = rhs (or the relation `lhs`, as a ≤ b) for all values its symbols may take.

        Sides are SymPy expressions, integers, matrices or lists of them. SymPy must reduce lhs − rhs to zero, with
        the help of the simplifying steps `by` if need be, and both sides as given must agree at 12 random points.
        Points respect the symbols' assumptions, `domain` {x: (low, high)} and `assuming` [relations]. The
        sides are displayed unless the statement has mathematics of its own; `show_sides` decides otherwise (True,
        False, or LaTeX to display in their place). Raises FalseClaim, Undecided or BadClaim.
        """
        from companion.teaching import _symbolic as algebra

        statement = self._checked(statement)
        steps = [by] if callable(by) else by
        if not isinstance(steps, Sequence) or not all(map(callable, steps)):
            raise BadClaim(f"{statement}: by must be a function or a list of functions, got {by!r}")
        _refuse_same(statement, lhs, rhs)
        try:
            lhs, order, rhs = _sides(lhs, rhs)
            entries, where = algebra.pairs(lhs, rhs), algebra.region(domain, assuming)
            symbols = algebra.symbols_of(*(side for _, *sides in entries for side in sides))
            if strange := sorted(s.name for s in where.bounds if s not in symbols):
                raise BadClaim(f"{statement}: domain names {strange[0]}, which occurs on neither side")
            for place, left, right in entries:
                _probe(f"{statement}: {place}", left, right, order, where, precisely=bool(steps))
            for place, left, right in entries:
                _reduce(f"{statement}: {place}", left, right, order, where, steps)
        except algebra.Unsuitable as error:
            raise BadClaim(f"{statement}: {error}") from None
        general = symbols or any(side.atoms(algebra.AppliedUndef) for _, *sides in entries for side in sides)
        seen = f"at {algebra.PROBES} random points{algebra.words(where)}" if general else "to 30 digits"
        if order == "=":
            check = f"SymPy reduces the difference to 0; both sides agree {seen}."
        else:
            check = f"SymPy sees that the difference has one sign; it holds {seen}."
        sign = r"\le" if order == "<=" else order
        self._pass("proved", statement, check, _shown(statement, show_sides, lhs, sign, rhs))

    def exact(self, statement: str, lhs: Any, rhs: Any, cases: Iterable[Any] | None = None) -> None:
        """Claim that both sides are equal in exact arithmetic in every case.

        With `cases`, lhs and rhs are functions of a case (a tuple is unpacked); without, they are sequences or
        matrices that are compared entry by entry. Raises FalseClaim, Undecided or BadClaim.
        """
        from companion.teaching import _symbolic as algebra

        statement = self._checked(statement)
        _refuse_same(statement, lhs, rhs)
        rows = [("", lhs, rhs)] if cases is None else _rows(statement, lhs, rhs, cases)
        count = 0
        try:
            for case, left, right in rows:
                compared = algebra.pairs(algebra.exact_side(left), algebra.exact_side(right))
                count += 1 if cases is not None else len(compared)
                for place, a, b in compared:
                    _probe(f"{statement}: {case}{place}", a, b, "=", algebra.EVERYWHERE)
                    if not algebra.equals_zero(a - b) and not algebra.reduces_to_zero(a - b):
                        raise Undecided(f"{statement}: {case}{place}could not decide whether {a} equals {b}")
        except algebra.Unsuitable as error:
            raise BadClaim(f"{statement}: {error}") from None
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
    ) -> None:
        """Claim that floating-point numbers agree within a tolerance, or lie within bounds.

        value and expected are numbers or arrays of one shape; |value − expected| ≤ atol + rtol·|expected|. In place
        of expected, `at_least` and `at_most` bound value. Raises FalseClaim or BadClaim.
        """
        import numpy as np

        statement = self._checked(statement)
        got = _numbers(statement, "value", value)
        if at_least is not None or at_most is not None:
            if expected is not None or rtol is not None or atol is not None:
                raise BadClaim(f"{statement}: give either an expected value or bounds, not both")
            self._within(statement, got, at_least, at_most)
            return
        want = _numbers(statement, "expected", expected)
        if got.shape != want.shape:
            raise BadClaim(f"{statement}: the sides have different shapes, {got.shape} and {want.shape}")
        if rtol is None and atol is None:
            raise BadClaim(f"{statement}: give a tolerance, rtol= or atol=")
        relative = 0.0 if rtol is None else _setting(statement, "rtol", rtol, below=1)
        absolute = 0.0 if atol is None else _setting(statement, "atol", atol)
        with np.errstate(over="ignore"):
            allowed = absolute + relative * np.abs(want)
        largest = np.abs(want).max()
        if absolute >= (1 - relative) * largest if largest else absolute >= 1:
            raise BadClaim(
                f"{statement}: the tolerance is as large as what is expected (at most {_short(largest)}), so the claim "
                "says nothing; take a smaller one, or at_least= and at_most="
            )
        _refuse_same(statement, value, expected)
        off = np.abs(got - want)
        if not (off <= allowed).all():
            k = np.unravel_index(np.argmax(off - allowed), off.shape)
            where = f"at index {tuple(map(int, k))}: " if off.ndim else ""
            raise FalseClaim(
                f"{statement}: {where}value {_short(got[k])}, expected {_short(want[k])}, "
                f"difference {_short(off[k])}, allowed {_short(allowed[k])}"
            )
        tolerances = ((rtol, " relative"), (atol, ""))
        within = " + ".join(f"{float(size):g}{kind}" for size, kind in tolerances if size is not None)
        said = f"{_short(got[()])} against {_short(want[()])}" if not got.ndim else f"All {got.size} numbers agree"
        self._pass("numeric", statement, f"{said}, within {within}.", "")

    def _within(self, statement: str, got: Any, at_least: Any, at_most: Any) -> None:
        import numpy as np

        if np.iscomplexobj(got):
            raise BadClaim(f"{statement}: complex values have no bounds")
        for name, bound, wrong in (("at least", at_least, np.less), ("at most", at_most, np.greater)):
            if bound is None:
                continue
            limit = _numbers(statement, name.replace(" ", "_"), bound)
            if limit.ndim:
                raise BadClaim(f"{statement}: {name.replace(' ', '_')} must be one number, got shape {limit.shape}")
            if wrong(got, limit).any():
                worst = got.min() if wrong is np.less else got.max()
                raise FalseClaim(f"{statement}: value {_short(worst)}, which is not {name} {_short(limit[()])}")
        bounds = [f"{n} {_short(b)}" for n, b in (("at least", at_least), ("at most", at_most)) if b is not None]
        said = _short(got[()]) if not got.ndim else f"All {got.size} numbers"
        self._pass("numeric", statement, f"{said}, {' and '.join(bounds)}.", "")

    def simulated(self, statement: str, samples: Any, expected: Any, sigmas: float = 4) -> None:
        """Claim that the mean of `samples` lies within `sigmas` standard errors of `expected`.

        samples (n,) with a number, or (n, k) with k numbers that must all hold. Raises FalseClaim or BadClaim.
        """
        import numpy as np

        statement = self._checked(statement)
        drawn, want = _numbers(statement, "samples", samples), _numbers(statement, "expected", expected)
        allowed = _setting(statement, "sigmas", sigmas, at_most=_MOST_SIGMAS)
        if np.iscomplexobj(drawn) or np.iscomplexobj(want):
            raise BadClaim(f"{statement}: samples are complex; take their real and imaginary parts")
        if drawn.ndim not in (1, 2) or want.shape != drawn.shape[1:]:
            raise BadClaim(f"{statement}: samples have shape {drawn.shape}, expected has shape {want.shape}")
        if len(drawn) < _FEWEST_SAMPLES:
            raise BadClaim(
                f"{statement}: {len(drawn)} samples are too few for a standard error, take at least {_FEWEST_SAMPLES}"
            )
        with np.errstate(over="ignore", invalid="ignore"):
            mean, error = drawn.mean(axis=0), drawn.std(axis=0, ddof=1) / math.sqrt(len(drawn))
        if not np.isfinite(error).all():
            raise BadClaim(f"{statement}: the samples are too large for a standard error")
        # Rounding alone makes equal samples differ in the last digit of their mean.
        if (error <= 1e-14 * np.abs(mean)).any():
            raise BadClaim(f"{statement}: the samples do not vary, so they have no standard error")
        z = np.atleast_1d((mean - want) / error)
        k = int(np.argmax(np.abs(z)))
        mean, error, want = (np.atleast_1d(part)[k] for part in (mean, error, want))
        said = f"mean {_short(mean)} ± {_short(error)}, expected {_short(want)}"
        if not (np.abs(z) <= allowed).all():
            raise FalseClaim(f"{statement}: {said}, which is {abs(z[k]):.1f} standard errors away, allowed {allowed:g}")
        worst = f" At the largest of {z.size} deviations:" if z.size > 1 else ""
        self._pass(
            "simulated",
            statement,
            f"{len(drawn):,} samples.{worst} {said}, {abs(z[k]):.1f} standard errors apart, {allowed:g} allowed.",
            "",
        )

    def table(self) -> None:
        """Show all claims of the notebook as a table. Raises BadClaim if there are none."""
        if not self.claims:
            raise BadClaim(f"the ledger {self.name!r} holds no claim")
        counts = {grade: sum(c.grade == grade for c in self.claims) for grade in GRADES}
        summary = f"{len(self.claims)} claims: " + ", ".join(f"{n} {grade}" for grade, n in counts.items() if n)
        rows = [f"| {c.number} | {c.grade} | {c.statement.replace('|', chr(92) + 'vert ')} |" for c in self.claims]
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


def _sides(lhs: Any, rhs: Any) -> tuple[Any, str, Any]:
    """Left side, order ("=", "<" or "<=") and right side of what is to be proved, exact. Raises algebra.Unsuitable."""
    from sympy.core.relational import Relational

    from companion.teaching import _symbolic as algebra

    order = "="
    if rhs is None:
        if not isinstance(lhs, Relational):
            algebra.exact_side(lhs)
            raise algebra.Unsuitable("there is only one side; pass two, or a relation such as a <= b")
        order, lhs, rhs = lhs.rel_op, lhs.lhs, lhs.rhs
        if order in (">", ">="):
            order, lhs, rhs = order.replace(">", "<"), rhs, lhs
        if order not in ("==", "<", "<="):
            raise algebra.Unsuitable(f"the relation {order} cannot be proved")
    return algebra.exact_side(lhs), "=" if order == "==" else order, algebra.exact_side(rhs)


def _refuse_same(statement: str, lhs: Any, rhs: Any) -> None:
    """Refuse one mutable thing, array or function on both sides; SymPy's own expressions may be one by caching."""
    import numpy as np
    from sympy import Basic, MutableDenseMatrix

    views = [side.__array_interface__ for side in (lhs, rhs) if isinstance(side, np.ndarray)]
    plain = callable(lhs) and not isinstance(lhs, Basic)
    same = lhs is rhs and (plain or isinstance(lhs, float | list | np.ndarray | MutableDenseMatrix))
    if same or (len(views) == 2 and views[0] == views[1]):
        raise BadClaim(f"{statement}: both sides are the same {type(lhs).__name__}, so nothing is compared")


def _probe(what: str, lhs: Any, rhs: Any, order: str, where: Any, precisely: bool = False) -> None:
    """Compare two sides at random points. Raises FalseClaim, or Undecided if there are too few points.

    `precisely` also compares the closed forms of integrals and sums, which by themselves are evaluated to few digits.
    """
    from companion.teaching import _symbolic as algebra

    seen = algebra.compare(lhs, rhs, where, order)
    if precisely and isinstance(seen, int) and (closed := algebra.closed(lhs, rhs)):
        again = algebra.compare(*closed, where, order)
        seen = again if isinstance(again, algebra.Difference) else seen
    if isinstance(seen, algebra.Difference):
        fails = "" if order == "=" else f", so {order} does not hold"
        raise FalseClaim(
            f"{what}{seen.where}left side {seen.left}, right side {seen.right}, difference {seen.gap}{fails}"
        )
    if seen < algebra.PROBES:
        raise Undecided(
            f"{what}the sides could be evaluated at only {seen} of {algebra.PROBES} points, so a mistake could hide; "
            "change the symbols' assumptions, domain= or assuming=, or use a lower grade"
        )


def _reduce(what: str, lhs: Any, rhs: Any, order: str, where: Any, by: Sequence[Callable[[Any], Any]]) -> None:
    """Prove by algebra what the probe found to hold. Raises Undecided."""
    from companion.teaching import _symbolic as algebra

    try:
        if order == "=":
            proved = algebra.reduces_to_zero(lhs - rhs, by, where)
        else:
            proved = algebra.never_negative(rhs - lhs, order == "<", by, where)
    except algebra.Unsuitable:
        raise
    except Exception as error:
        raise Undecided(f"{what}a step of by= failed with {type(error).__name__}: {error}") from error
    if proved:
        return
    held = f"at {algebra.PROBES} random points"
    if order == "=":
        raise Undecided(
            f"{what}both sides agree {held}, but SymPy does not reduce their difference to 0; help it with by=, make "
            "stronger assumptions, or use a lower grade"
        )
    raise Undecided(
        f"{what}{order} holds {held}, but SymPy does not see the sign of the difference; let by= return it as a sum of "
        "terms with a sign, or make stronger assumptions"
    )


def _rows(statement: str, lhs: Any, rhs: Any, cases: Iterable[Any]) -> list[tuple[str, Any, Any]]:
    """Both functions at every case, each with the words that name it. Raises BadClaim if there are no cases."""
    if not callable(lhs) or not callable(rhs):
        raise BadClaim(f"{statement}: with cases=, both sides must be functions of a case")
    if isinstance(cases, str | bytes) or not isinstance(cases, Iterable):
        raise BadClaim(f"{statement}: cases must be a list of cases, got {cases!r}")
    rows, named = [], set()
    for case in cases:
        if repr(case) in named:
            raise BadClaim(f"{statement}: case {case} is listed twice")
        named.add(repr(case))
        arguments = case if isinstance(case, tuple) else (case,)
        rows.append((f"in case {case}: ", lhs(*arguments), rhs(*arguments)))
    if not rows:
        raise BadClaim(f"{statement}: there are no cases")
    return rows


def _setting(statement: str, name: str, value: Any, below: float = math.inf, at_most: float = math.inf) -> float:
    """A tolerance as a float that is positive and not too large. Raises BadClaim."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not (0 < number < below and number <= at_most):
        top = f" and below {below:g}" if below < math.inf else f" and at most {at_most:g}" if at_most < math.inf else ""
        raise BadClaim(f"{statement}: {name} must be positive, finite{top}, got {reprlib.repr(value)}")
    return number


def _numbers(statement: str, name: str, value: Any) -> Any:
    """`value` as a finite float or complex array. Raises BadClaim for anything else."""
    import numpy as np

    if value is None or isinstance(value, bool | str):
        raise BadClaim(f"{statement}: {name} must be a number or an array of numbers, got {value!r}")
    if isinstance(value, np.ma.MaskedArray):
        raise BadClaim(f"{statement}: {name} is a masked array; fill or select its entries first")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" or isinstance(value, list | tuple):
            array = _as_complex(np.asarray(value, dtype=object))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadClaim(f"{statement}: {name} must hold numbers, got {reprlib.repr(value)} ({error})") from None
    if array.dtype.kind not in "iufc":
        raise BadClaim(f"{statement}: {name} must hold numbers, got {array.dtype}")
    if not array.size:
        raise BadClaim(f"{statement}: {name} is empty")
    with np.errstate(over="ignore"):
        array = array.astype(complex if array.dtype.kind == "c" else float)
    if not np.isfinite(array).all():
        raise BadClaim(f"{statement}: {name} has an entry that is {array[~np.isfinite(array)].ravel()[0]}")
    return array


def _as_complex(entries: Any) -> Any:
    """An array of numbers of any kind, SymPy's too, as complex ones, or as floats if none is complex."""
    import numpy as np

    for entry in entries.flat:
        if isinstance(entry, bool | np.bool_ | str | bytes):
            raise TypeError(f"{entry!r} is of type {type(entry).__name__}")
    array = np.array([complex(entry) for entry in entries.flat]).reshape(entries.shape)
    return array if array.imag.any() else array.real


def _short(number: Any) -> str:
    return f"{complex(number):.5g}" if isinstance(number, complex) else f"{float(number):.5g}"


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
