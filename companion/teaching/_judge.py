"""How a symbolic claim is judged: what is no comparison is refused, then the probe, then algebra."""

from collections.abc import Callable, Iterable, Sequence
from types import CodeType, FunctionType
from typing import Any

import numpy as np
import sympy as sp
from sympy.core.function import AppliedUndef
from sympy.core.relational import Relational

from companion.teaching import _symbolic as algebra
from companion.teaching._verdicts import BadClaim, FalseClaim, Undecided

_ROUNDING = {"round", "rint", "around", "isclose", "allclose", "trunc", "float", "evalf"}


def sides(lhs: Any, rhs: Any) -> tuple[Any, str, Any]:
    """Left side, order ("=", "<" or "<=") and right side of what is to be proved, exact. Raises algebra.Unsuitable."""
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


def refuse_same(statement: str, lhs: Any, rhs: Any) -> None:
    """Raises BadClaim for one object on both sides, or two functions of the same code; numbers may be equal."""
    views = [side.__array_interface__ for side in (lhs, rhs) if isinstance(side, np.ndarray)]
    number = isinstance(lhs, int) or (isinstance(lhs, sp.Expr) and lhs.is_number)
    # SymPy's own expressions may be one object by caching: see `same_already`.
    same = lhs is rhs and lhs is not None and not number and not isinstance(lhs, sp.Expr)
    if same or (len(views) == 2 and views[0] == views[1]) or _same_code(lhs, rhs):
        raise BadClaim(f"{statement}: both sides are the same {type(lhs).__name__}, so nothing is compared")


def _same_code(lhs: Any, rhs: Any) -> bool:
    """Whether two functions do the same with the same: their code, and what they have taken along."""
    if not all(isinstance(side, FunctionType) for side in (lhs, rhs)):
        return False
    one, other = (
        (code.co_code, code.co_consts, code.co_names, code.co_argcount, side.__defaults__, _cells(side))
        for side in (lhs, rhs)
        for code in [side.__code__]
    )
    return all(repr(a) == repr(b) for a, b in zip(one, other, strict=True))


def _cells(function: Any) -> list[int]:
    return [id(cell.cell_contents) for cell in function.__closure__ or ()]


def same_already(statement: str, lhs: sp.Basic, rhs: sp.Basic, computed: bool) -> bool:
    """Whether two sides are one expression before any work here. Raises BadClaim unless that was `computed` before."""
    same = bool(lhs == rhs)
    if same and not computed:
        raise BadClaim(
            f"{statement}: both sides are the same expression ({sp.sstr(lhs)[:80]}) before any work, so nothing is "
            "compared; leave the work to the ledger, by sp.Integral, sp.Sum, sp.Derivative or evaluate=False, or say "
            "by computed=True that a side was computed before"
        )
    return same


def refuse_rounded(statement: str, *functions: Any) -> None:
    """Raises BadClaim for functions of a case whose code rounds, compares floats, or holds one."""
    for function in functions:
        for code in _codes(getattr(function, "__code__", None)):
            seen = sorted(_ROUNDING.intersection(code.co_names)) + [c for c in code.co_consts if isinstance(c, float)]
            if seen:
                raise BadClaim(
                    f"{statement}: a side works with floating point ({seen[0]}), so it is not exact arithmetic; use "
                    "SymPy's numbers, or the grade numeric"
                )


def _codes(code: CodeType | None) -> Iterable[CodeType]:
    if code is not None:
        yield code
        for constant in code.co_consts:
            if isinstance(constant, CodeType):
                yield from _codes(constant)


def probe(what: str, lhs: sp.Expr, rhs: sp.Expr, order: str, where: algebra.Region, precisely: bool = False) -> int:
    """Compare two sides at random points; the number of those without a value. Raises FalseClaim or Undecided."""
    seen = algebra.probe(lhs, rhs, where, order, precisely)
    if isinstance(seen, algebra.Difference):
        fails = "" if order == "=" else f", so {order} does not hold"
        raise FalseClaim(
            f"{what}{seen.where}left side {seen.left}, right side {seen.right}, difference {seen.gap}{fails}"
        )
    if not seen.enough and seen.unseen and seen.held >= algebra.PROBES:
        raise Undecided(
            f"{what}no point was found on both sides of {seen.unseen[0].said}, where a side has a kink or a jump, so a "
            "mistake could hide; say by domain= or assuming= on which side the claim is made, or use a lower grade"
        )
    if not seen.enough:
        tried = max(algebra.PROBES, seen.held + seen.missed)
        raise Undecided(
            f"{what}the sides could be evaluated at only {seen.held} of {tried} points, so a mistake could hide; "
            "change the symbols' assumptions, domain= or assuming=, or use a lower grade"
        )
    return seen.missed


def reduce(
    what: str, lhs: sp.Expr, rhs: sp.Expr, order: str, where: algebra.Region, by: Sequence[Callable[[Any], Any]]
) -> None:
    """Prove by algebra what the probe found to hold. Raises Undecided."""
    try:
        if order == "=":
            proved = algebra.reduces_to_zero(lhs - rhs, by, where)
        else:
            proved = algebra.never_negative(rhs - lhs, order == "<", by, where)
    except (algebra.Unsuitable, ImportError, MemoryError):
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


def described(
    entries: list[tuple[str, sp.Expr, sp.Expr]], order: str, where: algebra.Region, missed: int, done: bool
) -> str:
    """How a proved claim was checked, in a sentence."""
    both = [side for _, *pair in entries for side in pair]
    general = algebra.symbols_of(*both) or any(side.atoms(AppliedUndef) for side in both)
    seen = f"at {algebra.PROBES} random points{algebra.words(where)}" if general else "to 30 digits"
    if missed:
        seen += f" ({missed} more had no value)"
    if done:
        return f"Computed before: SymPy's result is literally the other side; both have values {seen}."
    if order == "=":
        return f"SymPy reduces the difference to 0; both sides agree {seen}."
    return f"SymPy sees that the difference has one sign; it holds {seen}."


def rows(statement: str, lhs: Any, rhs: Any, cases: Iterable[Any]) -> list[tuple[str, Any, Any]]:
    """Both functions at every case, each with the words that name it. Raises BadClaim if there are no cases."""
    if not callable(lhs) or not callable(rhs):
        raise BadClaim(f"{statement}: with cases=, both sides must be functions of a case")
    if isinstance(cases, str | bytes) or not isinstance(cases, Iterable):
        raise BadClaim(f"{statement}: cases must be a list of cases, got {cases!r}")
    found: list[tuple[str, Any, Any]] = []
    named: set[str] = set()
    for case in cases:
        if repr(case) in named:
            raise BadClaim(f"{statement}: case {case} is listed twice")
        named.add(repr(case))
        arguments = case if isinstance(case, tuple) else (case,)
        found.append((f"in case {case}: ", lhs(*arguments), rhs(*arguments)))
    if not found:
        raise BadClaim(f"{statement}: there are no cases")
    return found


def equal_cases(statement: str, found: list[tuple[str, Any, Any]], by_entry: bool) -> int:
    """The number of cases (or entries) that are equal in exact arithmetic. Raises FalseClaim, Undecided or BadClaim."""
    count = 0
    try:
        for case, left, right in found:
            compared = algebra.pairs(algebra.exact_side(left), algebra.exact_side(right))
            count += len(compared) if by_entry else 1
            for place, a, b in compared:
                if a == b and a.is_number:
                    continue
                probe(f"{statement}: {case}{place}", a, b, "=", algebra.EVERYWHERE)
                if not algebra.equals_zero(a - b) and not algebra.reduces_to_zero(a - b):
                    raise Undecided(f"{statement}: {case}{place}could not decide whether {a} equals {b}")
    except algebra.Unsuitable as error:
        raise BadClaim(f"{statement}: {error}") from None
    return count
