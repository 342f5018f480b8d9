"""Claims: what a notebook says, checked by a machine and shown with its grade.

    claims = Ledger("sequence/01-hippo-matrix")
    claims.prove("the sum of two squares", (x + y) ** 2, x**2 + 2 * x * y + y**2)

A claim compares two sides that were computed by different routes. It passes only if the comparison was made and
held; everything else is a `ClaimError` that says why, with a place where the two sides differ.
"""

import math
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from companion.teaching._shell import _shell, show

GRADES = ("proved", "exact", "numeric", "simulated")
_LONGEST_LATEX = 240


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
        import sympy as sp

        from companion.teaching import _symbolic as algebra

        self._check_statement(statement)
        steps = [by] if callable(by) else list(by)
        relation = "="
        try:
            if rhs is None:
                if not isinstance(lhs, sp.core.relational.Relational):
                    algebra.exact_side(lhs)
                    raise BadClaim(f"{statement}: there is only one side; pass two, or a relation such as a <= b")
                relation, lhs, rhs = lhs.rel_op, lhs.lhs, lhs.rhs
                if relation in (">", ">="):
                    relation, lhs, rhs = relation.replace(">", "<"), rhs, lhs
                if relation not in ("==", "<", "<="):
                    raise BadClaim(f"{statement}: the relation {relation} cannot be proved")
            lhs, rhs = algebra.exact_side(lhs), algebra.exact_side(rhs)
            entries = algebra.pairs(lhs, rhs)
            decide = self._equal if relation in ("=", "==") else self._ordered
            for where, left, right in entries:
                decide(statement, where, left, right, steps, domain or {}, assuming, relation)
        except algebra.Unsuitable as error:
            raise BadClaim(f"{statement}: {error}") from None
        sign = {"<": "<", "<=": r"\le"}.get(relation, "=")
        number = any(e.free_symbols or e.atoms(sp.core.function.AppliedUndef) for _, *sides in entries for e in sides)
        seen = "at 12 random points" if number else "to 30 digits"
        how = {
            "=": f"SymPy reduces the difference to 0; both sides agree {seen}.",
            "<": f"SymPy sees that the difference has one sign; it holds {seen}.",
        }["=" if sign == "=" else "<"]
        self._pass("proved", statement, how, _shown(statement, show_sides, lhs, sign, rhs))

    @staticmethod
    def _equal(
        statement: str,
        where: str,
        lhs: Any,
        rhs: Any,
        by: list,
        domain: Mapping,
        assuming: Sequence,
        relation: str,
    ) -> None:
        from companion.teaching import _symbolic as algebra

        seen = algebra.compare(lhs, rhs, None, domain, assuming)
        if isinstance(seen, algebra.Difference):
            raise FalseClaim(f"{statement}: {where}{_difference(seen)}")
        if seen < algebra.PROBES:
            raise Undecided(
                f"{statement}: {where}the sides could be evaluated at only {seen} of {algebra.PROBES} points, so a "
                "mistake could hide; narrow the symbols' assumptions, give domain=, or use a lower grade"
            )
        if not _attempt(statement, lambda: algebra.reduces_to_zero(lhs - rhs, by)):
            raise Undecided(
                f"{statement}: {where}both sides agree at {seen} random points, but SymPy does not reduce their "
                "difference to 0; help it with by=, make stronger assumptions, or use a lower grade"
            )

    @staticmethod
    def _ordered(
        statement: str,
        where: str,
        lhs: Any,
        rhs: Any,
        by: list,
        domain: Mapping,
        assuming: Sequence,
        relation: str,
    ) -> None:
        from companion.teaching import _symbolic as algebra

        strict = relation == "<"

        def holds(left: Any, right: Any) -> bool:
            if not (left.is_extended_real and right.is_extended_real):
                raise algebra.Unsuitable("a side is not real, so the two cannot be ordered")
            return bool(left < right) if strict else bool(left <= right) or algebra.agree(left, right)

        seen = algebra.compare(lhs, rhs, holds, domain, assuming, wide=True)
        if isinstance(seen, algebra.Difference):
            raise FalseClaim(f"{statement}: {where}{_difference(seen)}, so {relation} does not hold")
        if seen < algebra.PROBES:
            raise Undecided(f"{statement}: {where}the sides could be evaluated at only {seen} points")
        if not _attempt(statement, lambda: algebra.never_negative(rhs - lhs, strict, by)):
            raise Undecided(
                f"{statement}: {where}{relation} holds at {seen} random points, but SymPy does not see the sign of "
                "the difference; let by= return it as a sum of terms with a sign, or make stronger assumptions"
            )

    def exact(self, statement: str, lhs: Any, rhs: Any, cases: Iterable[Any] | None = None) -> None:
        """Claim that both sides are equal in exact arithmetic in every case.

        With `cases`, lhs and rhs are functions of a case (a tuple is unpacked); without, they are sequences or
        matrices that are compared entry by entry. Raises FalseClaim, Undecided or BadClaim.
        """
        from companion.teaching import _symbolic as algebra

        self._check_statement(statement)
        if cases is None:
            rows = [("", lhs, rhs)]
        else:
            if not callable(lhs) or not callable(rhs):
                raise BadClaim(f"{statement}: with cases=, both sides must be functions of a case")
            rows = []
            for case in cases:
                arguments = case if isinstance(case, tuple) else (case,)
                rows.append((f"in case {case}: ", lhs(*arguments), rhs(*arguments)))
        count = 0
        try:
            for case, left, right in rows:
                compared = algebra.pairs(algebra.exact_side(left), algebra.exact_side(right))
                count += 1 if cases is not None else len(compared)
                for where, a, b in compared:
                    seen = algebra.compare(a, b)
                    if isinstance(seen, algebra.Difference):
                        raise FalseClaim(f"{statement}: {case}{where}{_difference(seen)}")
                    if not (a - b).equals(0) and not algebra.reduces_to_zero(a - b):
                        raise Undecided(f"{statement}: {case}{where}could not decide whether {a} equals {b}")
        except algebra.Unsuitable as error:
            raise BadClaim(f"{statement}: {error}") from None
        if not count:
            raise BadClaim(f"{statement}: there are no cases")
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

        self._check_statement(statement)
        got = _numbers(statement, "value", value)
        if at_least is not None or at_most is not None:
            if expected is not None or rtol is not None or atol is not None:
                raise BadClaim(f"{statement}: give either an expected value or bounds, not both")
            self._within(statement, got, at_least, at_most)
            return
        want = _numbers(statement, "expected", expected)
        if value is expected and isinstance(value, np.ndarray):
            raise BadClaim(f"{statement}: both sides are the same array, so nothing is compared")
        if got.shape != want.shape:
            raise BadClaim(f"{statement}: the sides have different shapes, {got.shape} and {want.shape}")
        allowed = 0.0
        for name, tolerance in (("rtol", rtol), ("atol", atol)):
            if tolerance is None:
                continue
            top = 1 if name == "rtol" else math.inf
            if isinstance(tolerance, bool) or not 0 < float(tolerance) < top:
                raise BadClaim(
                    f"{statement}: {name} must be positive, finite and, if relative, below 1, got {tolerance}"
                )
            allowed = allowed + float(tolerance) * (np.abs(want) if name == "rtol" else 1.0)
        if rtol is None and atol is None:
            raise BadClaim(f"{statement}: give a tolerance, rtol= or atol=")
        off = np.abs(got - want)
        if not (off <= allowed).all():
            k = np.unravel_index(np.argmax(off - allowed), off.shape)
            where = f"at index {tuple(map(int, k))}: " if off.ndim else ""
            raise FalseClaim(
                f"{statement}: {where}value {_short(got[k])}, expected {_short(want[k])}, "
                f"difference {_short(off[k])}, allowed {_short(np.broadcast_to(allowed, off.shape)[k])}"
            )
        tolerances = ((rtol, " relative"), (atol, ""))
        within = " + ".join(f"{size:g}{kind}" for size, kind in tolerances if size is not None)
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

        self._check_statement(statement)
        drawn, want = _numbers(statement, "samples", samples), _numbers(statement, "expected", expected)
        if isinstance(sigmas, bool) or not 0 < float(sigmas) <= 6:
            raise BadClaim(f"{statement}: sigmas must lie between 0 and 6, got {sigmas}")
        if drawn.ndim not in (1, 2) or want.shape != drawn.shape[1:]:
            raise BadClaim(f"{statement}: samples have shape {drawn.shape}, expected has shape {want.shape}")
        if len(drawn) < 2:
            raise BadClaim(f"{statement}: {len(drawn)} samples are too few for a standard error")
        mean, error = drawn.mean(axis=0), drawn.std(axis=0, ddof=1) / math.sqrt(len(drawn))
        if not (error > 0).all():
            raise BadClaim(f"{statement}: the samples do not vary, so they have no standard error")
        z = (mean - want) / error
        k = np.unravel_index(np.argmax(np.abs(z)), z.shape)
        said = f"mean {_short(mean[k])} ± {_short(error[k])}, expected {_short(want[k])}"
        if not (np.abs(z) <= sigmas).all():
            raise FalseClaim(f"{statement}: {said}, which is {abs(z[k]):.1f} standard errors away, allowed {sigmas:g}")
        worst = f" At the largest of {z.size} deviations:" if z.size > 1 else ""
        self._pass(
            "simulated",
            statement,
            f"{len(drawn):,} samples.{worst} {said}, {abs(z[k]):.1f} standard errors apart, {sigmas:g} allowed.",
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

    def _check_statement(self, statement: Any) -> None:
        if not isinstance(statement, str) or not statement.strip():
            raise BadClaim(f"statement must say in words what is claimed, got {statement!r}")
        for claim in self.claims:
            if claim.statement == statement and not _reruns(claim.cell, _cell()):
                raise BadClaim(f"{statement}: claim {claim.number} says this already")

    def _pass(self, grade: str, statement: str, check: str, latex: str) -> None:
        """Write a claim that passed into the ledger, in the place of its former run if it had one; show it."""
        cell = _cell()
        former = next((k for k, c in enumerate(self.claims) if c.statement == statement), None)
        if former is None:
            # An edited cell that is run again: its former claims make room for the present ones.
            stale = [k for k, c in enumerate(self.claims) if cell[0] and c.cell[0] == cell[0] and c.cell[1] != cell[1]]
            former = stale[0] if stale else None
        number = len(self.claims) + 1 if former is None else self.claims[former].number
        claim = Claim(number, grade, statement, check, latex, cell)
        if former is None:
            self.claims.append(claim)
        else:
            self.claims[former] = claim
        lines = [f"**✓ Claim {number} · {grade}** — {statement}"] + [f"$$ {latex} $$"] * bool(latex) + [f"*{check}*"]
        _display(
            {
                "text/plain": f"✓ Claim {number} · {grade}: {statement}",
                "text/markdown": "\n>\n".join(f"> {line}" for line in lines),
            },
            {"claim": {"ledger": self.name, "number": number, "grade": grade, "statement": statement}},
        )


def _attempt(statement: str, decide: Callable[[], bool]) -> bool:
    """The outcome of `decide`; an error inside by= is reported as what it is."""
    from companion.teaching._symbolic import Unsuitable

    try:
        return decide()
    except Unsuitable:
        raise
    except Exception as error:
        raise Undecided(f"{statement}: a step of by= failed with {type(error).__name__}: {error}") from error


def _difference(seen: Any) -> str:
    from companion.teaching._symbolic import short

    return (
        f"{seen.where}left side {short(seen.left)}, right side {short(seen.right)}, "
        f"difference {short(seen.left - seen.right)}"
    )


def _numbers(statement: str, name: str, value: Any) -> Any:
    """`value` as a finite float or complex array. Raises BadClaim for anything else."""
    import numpy as np

    if value is None or isinstance(value, bool | str):
        raise BadClaim(f"{statement}: {name} must be a number or an array of numbers, got {value!r}")
    if isinstance(value, np.ma.MaskedArray):
        raise BadClaim(f"{statement}: {name} is a masked array; fill or select its entries first")
    array = np.asarray(value)
    if array.dtype.kind in "OV":
        try:
            array = np.asarray(np.vectorize(complex, otypes=[complex])(array))
        except (TypeError, ValueError):
            raise BadClaim(f"{statement}: {name} must hold numbers, got {type(value).__name__}") from None
        array = array.real if not array.imag.any() else array
    if array.dtype.kind not in "iufc":
        raise BadClaim(f"{statement}: {name} must hold numbers, got {array.dtype}")
    if not array.size:
        raise BadClaim(f"{statement}: {name} is empty")
    if not np.isfinite(array).all():
        raise BadClaim(f"{statement}: {name} has an entry that is {array[~np.isfinite(array)].ravel()[0]}")
    return array.astype(complex if array.dtype.kind == "c" else float)


def _short(number: Any) -> str:
    return f"{complex(number):.5g}" if isinstance(number, complex) else f"{float(number):.5g}"


def _shown(statement: str, show_sides: str | bool | None, lhs: Any, sign: str, rhs: Any) -> str:
    """The LaTeX to display below a statement: nothing where the statement says it already."""
    if isinstance(show_sides, str):
        return show_sides
    return _latex(lhs, sign, rhs) if show_sides or (show_sides is None and "$" not in statement) else ""


def _latex(lhs: Any, sign: str, rhs: Any) -> str:
    """Both sides as LaTeX on one line, or nothing if that would be too long to read."""
    import sympy as sp

    text = f"{sp.latex(lhs)} {sign} {sp.latex(rhs)}"
    return text if len(text) <= _LONGEST_LATEX else ""


def _cell() -> tuple[str | None, int | None]:
    """The id of the running notebook cell, where the front end tells it, and the number of its execution."""
    shell = _shell()
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
    if _shell() is not None:
        show(bundle, metadata)
