"""Exact calculus with Gaussians, in SymPy.

SymPy's `integrate` leaves error functions in products of symbolic Gaussians, or takes seconds. Completing the square
and reading off moments are exact and quick.
"""

import sympy as sp


def density(x: sp.Expr, mean: sp.Expr, var: sp.Expr) -> sp.Expr:
    """The density at x of a normal variable with this mean and variance."""
    return sp.exp(-((x - mean) ** 2) / (2 * var)) / sp.sqrt(2 * sp.pi * var)


def expect(expr: sp.Expr, *zs: sp.Symbol) -> sp.Expr:
    """The exact expectation of a polynomial in independent standard normal variables zs.

    By E z^k = (k − 1)!! for even k, 0 for odd k. Raises ValueError if expr is no polynomial in them, or without any.
    """
    if not zs:
        raise ValueError("zs must name at least one variable, got none")
    poly = _poly("expr", expr, *zs)
    return sp.Add(*(c * sp.prod([_moment(k) for k in powers]) for powers, c in poly.terms()))


def integrate_out(log_density: sp.Expr, y: sp.Symbol) -> sp.Expr:
    """Logarithm of ∫ exp(log_density) dy over the whole line, for a log density that is quadratic in y.

    By completing the square: ∫ exp(a y² + b y + c) dy = √(−π/a) exp(c − b²/(4a)). Raises ValueError unless
    the degree in y is 2 and a is not known to be ≥ 0.
    """
    poly = _poly("log_density", log_density, y)
    if poly.degree() != 2:
        raise ValueError(f"log_density must be quadratic in y = {y}, got degree {poly.degree()}")
    a, b, c = poly.all_coeffs()
    if sp.factor(a).is_nonnegative:
        raise ValueError(f"log_density must fall off in y = {y}, but the coefficient of its square is {a}")
    return c - b**2 / (4 * a) + sp.log(-sp.pi / a) / 2


def _moment(k: int) -> sp.Expr:
    return sp.factorial2(k - 1) if k % 2 == 0 else sp.S.Zero


def _poly(name: str, expr: sp.Expr, *ys: sp.Symbol) -> sp.Poly:
    try:
        return sp.Poly(sp.sympify(expr, strict=True), *ys)
    except (sp.PolynomialError, sp.SympifyError) as error:
        listed = ", ".join(map(str, ys))
        raise ValueError(f"{name} must be a polynomial in {listed}, got {expr}: {error}") from None
