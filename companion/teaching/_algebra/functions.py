"""Random concrete functions in the place of undefined ones, such as f in f(x)."""

import random
from itertools import pairwise

import sympy as sp
from sympy.core.function import AppliedUndef, UndefinedFunction


def concrete(applied: AppliedUndef, rng: random.Random) -> sp.Lambda:
    """A random smooth function in the place of an undefined one: real or positive where that one is declared so."""
    xs = sp.symbols(f"x:{len(applied.args)}", real=True)
    c = [sp.Rational(rng.randint(-12, 12) or 5, rng.randint(3, 9)) for _ in range(3 * len(xs) + 2)]
    body = c[-1] + sum(c[3 * i] * x + c[3 * i + 1] * x**2 + c[3 * i + 2] * sp.sin(x + i) for i, x in enumerate(xs))
    body += sum(x * y for x, y in pairwise(xs))
    if applied.is_nonnegative:
        body = sp.exp(body / 5) + sp.Rational(1, 3)
    elif applied.is_nonpositive:
        body = -sp.exp(body / 5) - sp.Rational(1, 3)
    elif applied.is_extended_real is None:
        body += sp.I * c[-2] * sp.cos(sum(xs))
    return sp.Lambda(xs, body)


def without_undefined(sides: tuple[sp.Expr, ...], rng: random.Random) -> tuple[sp.Expr, ...]:
    """The sides with a random concrete function in the place of each undefined one."""
    found: dict[UndefinedFunction, AppliedUndef] = {}
    for applied in sorted(set().union(*(side.atoms(AppliedUndef) for side in sides)), key=sp.default_sort_key):
        found.setdefault(applied.func, applied)
    # In u(φ(s)) first u: a derivative with respect to φ has no meaning once φ is an expression.
    for function, applied in sorted(found.items(), key=lambda item: -_depth(item[1])):
        lam = concrete(applied, rng)
        sides = tuple(side.replace(function, lambda *args, lam=lam: lam(*args)).doit() for side in sides)
    return sides


def _depth(applied: AppliedUndef) -> int:
    """How deep undefined functions are nested inside one another, as 2 in u(φ(s))."""
    return 1 + max((_depth(inner) for arg in applied.args for inner in arg.atoms(AppliedUndef)), default=0)
