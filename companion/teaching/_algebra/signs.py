"""Signs: whether a difference is never negative, by SymPy's assumptions or by calculus."""

from collections.abc import Iterable

import sympy as sp
from sympy.calculus.util import continuous_domain

from companion.teaching._algebra.attempt import attempt
from companion.teaching._algebra.points import EVERYWHERE, Region
from companion.teaching._algebra.reduce import Step, confined, reduces_to_zero, scalar_result
from companion.teaching._algebra.sides import symbols_of


def never_negative(gap: sp.Expr, strict: bool, by: Iterable[Step] = (), where: Region = EVERYWHERE) -> bool:
    """Whether SymPy sees that `gap` is ≥ 0 (> 0 if strict) in one of its forms, or by its derivatives.

    Forms that `by` returns must equal the gap. Raises Unsuitable for a form that is no expression.
    """
    forms = [gap]
    for step in by:
        form = scalar_result(step(gap))
        if not reduces_to_zero(form - gap, (), where):
            return False
        forms.append(form)
    inside = [confined(form, where) for form in forms]
    return any(is_never_negative(form, where, strict) for form in forms) or any(
        rises_from_zero(inside[0], symbol, strict) for symbol in symbols_of(inside[0])
    )


def is_never_negative(gap: sp.Expr, where: Region, strict: bool = False) -> bool:
    """Whether SymPy's assumptions show that `gap` is ≥ 0 (> 0 if strict) in a region."""
    for symbol, (low, high) in where.bounds.items():
        # No other integer goes beyond the ends of a linear function.
        if symbol.is_integer and symbol in gap.free_symbols and gap.diff(symbol, 2).is_zero:
            if low.is_finite and high.is_finite:
                return all(is_never_negative(gap.subs(symbol, end), where, strict) for end in (low, high))
            end, slope = (low, gap.diff(symbol)) if low.is_finite else (high, -gap.diff(symbol))
            return is_never_negative(gap.subs(symbol, end), where, strict) and is_never_negative(slope, where)
    return any(has_sign(form, strict) for form in dict.fromkeys([gap, confined(gap, where)]))


def has_sign(gap: sp.Expr, strict: bool) -> bool:
    """Whether SymPy's assumptions show that `gap` is ≥ 0 (> 0 if strict), as it stands or simplified."""

    def seen(form: sp.Expr) -> bool:
        return bool(form.is_positive if strict else form.is_nonnegative)

    for step in (sp.Expr.doit, sp.factor, sp.together, sp.simplify, sp.expand, lambda e: sp.factor(sp.simplify(e))):
        form = attempt(lambda step=step: step(gap))  # type: ignore[misc]
        if form is None:
            continue
        numerator, denominator = form.as_numer_denom()
        if seen(form) or (denominator.is_positive and (seen(numerator) or seen(sp.factor(numerator)))):
            return True
    return False


def rises_from_zero(gap: sp.Expr, symbol: sp.Symbol, strict: bool, depth: int = 2) -> bool:
    """Whether calculus in one real symbol shows that `gap` is ≥ 0 (> 0 if strict).

    It does if the gap is monotone and has no negative limit at its low end, or is convex and not negative at a
    stationary point. The signs of derivatives are found in the same way, `depth` derivatives deep.
    """
    half, whole = symbol.is_nonnegative, symbol.is_nonnegative is None and symbol.is_nonzero is None
    if not symbol.is_real or symbol.is_integer or symbol.is_nonpositive or not (half or whole):
        return False
    line = sp.Interval(0, sp.oo, bool(symbol.is_positive)) if half else sp.S.Reals
    # On a half line that is open at its low end the gap may tend to 0 there and yet be positive.
    attained = strict and line.contains(line.inf) is sp.true

    def signed(slope: sp.Expr, strict: bool) -> bool:
        return has_sign(slope, strict) or (depth > 1 and rises_from_zero(slope, symbol, strict, depth - 1))

    def argued() -> bool:
        if gap.count_ops() > 100 or continuous_domain(gap, symbol, line) != line:
            return False
        slope = sp.diff(gap, symbol)
        if signed(slope, strict) and has_sign(sp.limit(gap, symbol, line.inf, "+"), attained):
            return True
        if signed(-slope, strict) and has_sign(sp.limit(gap, symbol, sp.oo), False):
            return True
        if has_sign(sp.diff(slope, symbol), False):
            return any(has_sign(gap.subs(symbol, p), strict) for p in sp.solve(slope, symbol) if p in line)
        return False

    return bool(attempt(argued))
