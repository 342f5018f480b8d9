"""Attacks on the ledger: each would make a false or an empty claim pass. And honest claims that look like them."""

import numpy as np
import pytest
import sympy as sp

from companion.teaching import Ledger
from companion.teaching.claims import BadClaim, FalseClaim, Undecided

x, y = sp.symbols("x y", positive=True)
r, s, t = sp.symbols("r s t", real=True)
n, m = sp.symbols("n m", integer=True, positive=True)
i, j, k = sp.symbols("i j k", integer=True)
z, w = sp.symbols("z w")
d = sp.Dummy("d", real=True)
Q, S = sp.Rational, sp.S
f = sp.Function("f")
NO = (FalseClaim, Undecided, BadClaim)


def drop(kind, value=lambda *args: args[0]):
    """A step that puts something in the place of a function, as `refine` does under a wrong assumption."""
    return lambda e: e.replace(kind, value)


def zero(kind):
    return drop(kind, lambda *args: S.Zero)


def refine(fact):
    return lambda e: sp.refine(e, fact)


def branch(at):
    """A step that takes one branch of each Piecewise, after working out sums and integrals."""
    return lambda e: sp.piecewise_fold(sp.expand(e.doit())).replace(sp.Piecewise, lambda *args: args[at][0])


def kept_for_the_true_one():
    """A step that counts its calls: 0 for the first, honest for the second."""
    calls = []

    def step(e):
        calls.append(e)
        return S.Zero if len(calls) == 1 else sp.expand(e)

    return step


UNIT = {"domain": {r: (0, 1)}}
FORCE = {"by": lambda e: sp.simplify(sp.powdenest(sp.expand_log(e, force=True), force=True))}
MILLION = 10**6
rare = sp.KroneckerDelta(n, 61) * sp.KroneckerDelta(m, 73)
first_fifty = sp.prod([n - a for a in range(1, 51)])

# (left side, right side, options): not one of these is true for all values of its symbols.
FALSE = [
    # kinks: |x|
    (sp.Abs(r + 1000), r + 1000, {"by": refine(sp.Q.positive(r + 1000))}),
    (sp.Abs(r + 1000), r + 1000, {"by": drop(sp.Abs)}),
    (sp.Abs(r - 10**6), 10**6 - r, {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Abs(x - 10**9), 10**9 - x, {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Abs(1 - x / 10**7), 1 - x / 10**7, {"by": drop(sp.Abs)}),
    (sp.Abs(r**2 - 10**8), 10**8 - r**2, {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Abs(r**3 + 10**9), r**3 + 10**9, {"by": drop(sp.Abs)}),
    (sp.Abs(n - 5000), 5000 - n, {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Abs(r + 500 * s + 10**5), r + 500 * s + 10**5, {"by": drop(sp.Abs)}),
    (sp.Abs(sp.exp(r) - sp.exp(50)), sp.exp(50) - sp.exp(r), {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Abs(sp.log(x) + 30), sp.log(x) + 30, {"by": drop(sp.Abs)}),
    (sp.Abs(d + 4000), d + 4000, {"by": drop(sp.Abs)}),
    (sp.Abs(r - Q(1, 10**4)), Q(1, 10**4) - r, {"by": drop(sp.Abs, lambda u: -u), **UNIT}),
    (sp.Abs(r - Q(9999, 10**4)), Q(9999, 10**4) - r, {"by": drop(sp.Abs, lambda u: -u), **UNIT}),
    (sp.sqrt((r + 1000) ** 2), r + 1000, FORCE),
    (sp.sqrt((r + 1000) ** 2) / (r + 1000), S.One, FORCE),
    (sp.root((r + 1000) ** 4, 4), r + 1000, FORCE),
    (sp.sqrt(r**2 + 2000 * r + 10**6), r + 1000, {"by": lambda e: sp.powdenest(sp.factor(e, deep=True), force=True)}),
    (sp.log((r + 1000) ** 2), 2 * sp.log(r + 1000), FORCE),
    (sp.sqrt(r + 1000) * sp.sqrt(1 / (r + 1000)), S.One, FORCE),
    (sp.sqrt(r - 900) * sp.sqrt(r - 901), sp.sqrt((r - 900) * (r - 901)), {"by": lambda e: sp.powsimp(e, force=True)}),
    # jumps: sign, Heaviside
    (sp.sign(r + 1000), S.One, {"by": drop(sp.sign, lambda u: S.One)}),
    (sp.sign(r + 1000) ** 2, S.One, {"by": drop(sp.sign, lambda u: S.One)}),
    (sp.sign(n - 777), -S.One, {"by": drop(sp.sign, lambda u: -S.One)}),
    (sp.Heaviside(r + 1000), S.One, {"by": drop(sp.Heaviside, lambda *u: S.One)}),
    (sp.Heaviside(r - 1000), S.Zero, {"by": zero(sp.Heaviside)}),
    (sp.Heaviside(r) + sp.Heaviside(-r), 2 * sp.Heaviside(r) ** 2 + 2 * sp.Heaviside(-r) ** 2 - 0, {}),
    (sp.Heaviside(n - 10**5), S.Zero, {"by": zero(sp.Heaviside)}),
    (sp.arg(r + 1000), S.Zero, {"by": zero(sp.arg)}),
    (sp.atan2(0 * s, r + 1000) + sp.arg(r + 1000), S.Zero, {"by": zero(sp.arg)}),
    # Min, Max
    (sp.Min(n, 64), n, {"by": drop(sp.Min, lambda *u: n)}),
    (sp.Max(x, Q(1, 10**6)), x, {"by": drop(sp.Max, lambda *u: x)}),
    (sp.Max(x, Q(1, 10**12)), x, {"by": drop(sp.Max, lambda *u: x)}),
    (sp.Min(x, 10**9), x, {"by": drop(sp.Min, lambda *u: x)}),
    (sp.Min(r, s + 10**4), r, {"by": drop(sp.Min, lambda *u: r)}),
    (sp.Max(n, m, -5), n, {"by": drop(sp.Max, lambda *u: n)}),
    (sp.Max(n, 1), n + sp.Max(0, n - 10**5), {"by": lambda e: e.replace(sp.Max, lambda *u: n if n in u else 0)}),
    (sp.Min(1, x / 10**7), x / 10**7, {"by": drop(sp.Min, lambda *u: x / 10**7)}),
    (sp.Max(0, sp.log(x) - 40), S.Zero, {"by": zero(sp.Max)}),
    (sp.Min(sp.exp(-r), 10**15), sp.exp(-r), {"by": drop(sp.Min, lambda *u: sp.exp(-r))}),
    # floor, ceiling, Mod
    (sp.floor(n / S(10**7)), S.Zero, {"by": zero(sp.floor)}),
    (sp.floor(n / S(10**5)), S.Zero, {"by": zero(sp.floor)}),
    (sp.floor(x / 10**9), S.Zero, {"by": zero(sp.floor)}),
    (sp.ceiling(x / 10**9), S.One, {"by": drop(sp.ceiling, lambda u: S.One)}),
    (sp.floor((n + 1) / S(10**5)), sp.floor(n / S(10**5)), {"by": zero(sp.floor)}),
    (sp.floor(n / S(1000)) - sp.floor((n - 1) / S(1000)), S.Zero, {"by": zero(sp.floor)}),
    (sp.Mod(n, 10**6), n, {"by": drop(sp.Mod)}),
    (sp.Mod(n, 99991), n, {"by": drop(sp.Mod)}),
    (sp.Mod(x, 10**8), x, {"by": drop(sp.Mod)}),
    (sp.frac(x / 10**8), x / 10**8, {"by": drop(sp.frac)}),
    (sp.floor(r + Q(1, 10**6)), sp.floor(r), {"by": zero(sp.floor)}),
    (sp.floor(2 * r), 2 * sp.floor(r), {"by": zero(sp.floor)}),
    (sp.floor(sp.log(n) / 30), S.Zero, {"by": zero(sp.floor)}),
    (sp.ceiling(r - Q(1, 2)), sp.floor(r + Q(1, 2)), {"by": zero(sp.ceiling)}),
    # Kronecker and Dirac deltas, conditions
    (sp.KroneckerDelta(n, 61), S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (sp.KroneckerDelta(n, 61234), S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (sp.KroneckerDelta(n, m + 100), S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (sp.KroneckerDelta(n**2, 10**4), S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (rare, S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (sp.KroneckerDelta(k, -4711), S.Zero, {"by": zero(sp.KroneckerDelta)}),
    (sp.DiracDelta(r), S.Zero, {"by": zero(sp.DiracDelta)}),
    (sp.DiracDelta(r - 7), 2 * sp.DiracDelta(r - 7), {"by": zero(sp.DiracDelta)}),
    (sp.Piecewise((r, r > -1000), (0, True)), r, {"by": branch(0)}),
    (sp.Piecewise((0, r > 10**5), (r, True)), r, {"by": branch(1)}),
    (sp.Piecewise((7, sp.Eq(r, 3)), (r, True)), r, {"by": branch(1)}),
    (sp.Piecewise((7, sp.Eq(n, 31415)), (n, True)), n, {"by": branch(1)}),
    (sp.Piecewise((r, sp.Ne(r, Q(22, 7))), (0, True)), r, {"by": branch(0)}),
    (sp.Piecewise((x, (x < 10**6) & (y < 10**6)), (0, True)), x, {"by": branch(0)}),
    (sp.Piecewise((1, (r > 500) & (s > 500)), (0, True)), S.Zero, {"by": branch(1)}),
    (sp.Piecewise((r, r**2 < 10**10), (1, True)), r, {"by": branch(0)}),
    (sp.Piecewise((1, sp.Eq(sp.Mod(n, 1009), 5)), (0, True)), S.Zero, {"by": branch(1)}),
    # sums and integrals: convergence
    (sp.Sum(x**k, (k, 1, sp.oo)), x / (1 - x), {"by": branch(0)}),
    (sp.Sum(x**k, (k, 0, sp.oo)), 1 / (1 - x), {"by": branch(0)}),
    (sp.Sum(r**k, (k, 0, sp.oo)), 1 / (1 - r), {"by": branch(0)}),
    (sp.Sum(k * x**k, (k, 1, sp.oo)), x / (1 - x) ** 2, {"by": branch(0)}),
    (sp.Sum((x / 1000) ** k, (k, 0, sp.oo)), 1 / (1 - x / 1000), {"by": branch(0)}),
    (sp.Integral(sp.exp(-r * t), (t, 0, sp.oo)), 1 / r, {"by": branch(0)}),
    (sp.Integral(t**r, (t, 0, 1)), 1 / (r + 1), {"by": branch(0)}),
    (sp.Sum(1, (k, 1, n)), n + sp.KroneckerDelta(n, 1000), {"by": lambda e: zero(sp.KroneckerDelta)(e.doit())}),
    (
        sp.Integral(sp.Abs(t - 1000), (t, 0, x)),
        1000 * x - x**2 / 2,
        {"by": [drop(sp.Abs, lambda u: -u), lambda e: e.doit()]},
    ),
    # infinite or undefined on one side
    (1 / r, 1 / r + sp.KroneckerDelta(k, 7) / (k - 7 + sp.Abs(k - 7)), {"by": zero(sp.KroneckerDelta)}),
    (sp.gamma(1 - n) * 0 ** (n - 1) + sp.zeta(n), sp.zeta(n), {}),
    # branch cuts
    (sp.sqrt(z**2), z, FORCE),
    (sp.log(z * w), sp.log(z) + sp.log(w), FORCE),
    (sp.log(sp.exp(z)), z, FORCE),
    (sp.sqrt(z * w), sp.sqrt(z) * sp.sqrt(w), FORCE),
    (sp.asin(sp.sin(r)), r, {"by": drop(sp.asin, lambda u: u.args[0] if isinstance(u, sp.sin) else u)}),
    (sp.acos(sp.cos(x)), x, {"by": drop(sp.acos, lambda u: u.args[0] if isinstance(u, sp.cos) else u)}),
    (sp.atan(x) + sp.atan(1 / x), sp.pi / 2 + sp.atan(sp.sin(x) / 10**40), {}),
    (sp.exp(sp.log(z) / 3) ** 3 * sp.sqrt(z**4), z**3, FORCE),
    # equal at few integers, at small ones, at integers only
    (sp.sin(sp.pi * r), S.Zero, {"by": zero(sp.sin)}),
    (n + first_fifty, n, {"by": lambda e: e.subs(first_fifty, 0)}),
    (n + n * (n - 1) * (n - 2) * (n - 3), n, {"by": kept_for_the_true_one()}),
    ((-1) ** n, sp.cos(sp.pi * n) + Q(1, 10**200), {"by": kept_for_the_true_one()}),
    (sp.binomial(2 * n, n) / 4**n, 1 / sp.sqrt(sp.pi * n), {"by": lambda e: S.Zero}),
    (sp.cos(2 * sp.pi * r), S.One, {"by": drop(sp.cos, lambda u: S.One)}),
    # scales
    (x, x + Q(1, 10**400), {"by": lambda e: S.Zero}),
    (sp.exp(-sp.exp(x + 8)) + x, x, {"by": lambda e: e.subs(sp.exp(-sp.exp(x + 8)), 0)}),
    (x * 10**300, x * 10**300 + 1, {"by": lambda e: sp.Float(0) * e}),
    (sp.tanh(x * 10**6), S.One, {"by": drop(sp.tanh, lambda u: S.One)}),
    (sp.erf(10**4 * x), S.One, {"by": drop(sp.erf, lambda u: S.One)}),
    # steps with a memory, values put in
    ((x + 1) ** 2, x**2 + 2 * x + 1 + (x - 1) * (y - 1), {"by": kept_for_the_true_one()}),
    (f(x), f(x) + f(x).diff(x) * (x - 1), {"by": kept_for_the_true_one()}),
    (x**2, x, {"by": lambda e: e.subs(x, 1)}),
    (sp.Abs(r - 4), r - 4, {"by": refine(sp.Q.positive(r - 4)), "assuming": [r > -100]}),
    (sp.Abs(r - s), r - s, {"by": drop(sp.Abs), "domain": {r: (0, 10), s: (Q(99, 10), 20)}}),
    # numbers
    (sp.Limit(sp.Abs(r) / r, r, 0, "-"), S.One, {}),
    (sp.CRootOf(r**5 - r - 1, 0), sp.CRootOf(r**5 - r - 1, 0) + Q(1, 10**60), {"by": lambda e: S.Zero}),
    (sp.exp(sp.pi * sp.sqrt(163)), S(640320**3 + 744), {"by": drop(sp.exp, lambda u: S(640320**3 + 744))}),
    (sp.sqrt(2) + sp.sqrt(3), S(3146264369941972342) / 10**18, {"by": lambda e: sp.nsimplify(e, tolerance=1e-10)}),
]

# (relation, options): not true for all values of its symbols.
FALSE_RELATIONS = [
    (sp.Le(sp.Abs(r - 1000), 1000 - r, evaluate=False), {"by": drop(sp.Abs, lambda u: -u)}),
    (sp.Le(sp.Max(x, 1000), 1000 + 0 * x, evaluate=False), {"by": zero(sp.Max)}),
    (sp.Le(n, 10**5, evaluate=False), {}),
    (sp.Le(sp.floor(x), x - sp.KroneckerDelta(n, 50), evaluate=False), {}),
    (sp.Le(sp.sqrt(x), x, evaluate=False), {}),
    (sp.Lt(sp.sin(r), 1, evaluate=False), {}),
    (sp.Le(1 / (r - 1000), 1, evaluate=False), {}),
    (sp.Ge(n**2, 10 * n - 24, evaluate=False), {}),
]

# Nothing is compared here.
same_list, same_array, same_matrix = [1.0, 2.0], np.ones(3), sp.Matrix([[x, 1]])
EMPTY = [
    ("prove", (x + y, x + y), {}),
    ("prove", (f(x), f(x)), {}),
    ("prove", (same_matrix, same_matrix), {}),
    ("prove", (sp.Matrix([x, y]), sp.Matrix([x, y])), {}),
    ("prove", (sp.Eq(x, y), sp.Eq(x, y)), {}),
    ("prove", (sp.Integral(sp.sin(x), x), sp.Integral(sp.sin(x), x)), {}),
    ("prove", (S(3), S(3)), {}),
    ("prove", (sp.Le(x + 1, x + 1, evaluate=False),), {}),
    ("exact", (same_matrix, same_matrix), {}),
    ("exact", (lambda a: a**2, lambda a: a**2), {"cases": [1, 2]}),
    ("exact", (lambda a: round(a * 1.0), lambda a: a), {"cases": [1, 2]}),
    ("exact", (lambda a: int(np.isclose(a, a + 1e-12)), lambda a: 1), {"cases": [1, 2]}),
    ("exact", (lambda a: int(a + 0.5), lambda a: a), {"cases": [1, 2]}),
    ("exact", (np.array([1, 2]), [1, 2]), {}),
    ("exact", ([np.int64(3)], [3]), {}),
    ("exact", ([np.bool_(True)], [1]), {}),
    ("exact", ([1.0], [1]), {}),
    ("exact", (lambda a: np.int64(a), lambda a: a), {"cases": [1]}),
    ("numeric", (same_list, same_list), {"rtol": 0.1}),
    ("numeric", (same_array, same_array[:]), {"rtol": 0.1}),
    ("numeric", (x, x), {"rtol": 0.1}),
    ("numeric", ([0.5, 1e6], [0, 1e6]), {"atol": 0.9}),
    ("numeric", ([0.5, 1e6], [0.1, 1e6]), {"atol": 0.9}),
    ("numeric", ([1e-9, 1.0], [1e-12, 1.0]), {"atol": 1e-8}),
    ("numeric", (0.5, 0), {"atol": 0.9}),
    ("numeric", (1.0, 1.8), {"rtol": 0.9}),
    ("numeric", (1.0, 2.0), {"atol": 1.5}),
    ("numeric", (0.5, 0), {"atol": 0.9, "scale": 1}),
    ("numeric", (0.5, 0), {"atol": 0.1, "scale": float("inf")}),
    ("numeric", (3.0,), {"at_least": -1e12}),
    ("numeric", (3.0,), {"at_most": 1e12}),
    ("numeric", (1e-16,), {"at_most": 1e-3}),
    ("numeric", (3.0,), {"above": -1e12}),
    ("numeric", (3.0,), {"below": 10**12}),
    ("numeric", (-3.0,), {"at_most": 5}),
    ("numeric", ([3.0, 1e9],), {"at_least": 1e-3}),
    ("numeric", (same_array,), {"above": same_array}),
    ("simulated", (np.random.default_rng(0).normal(size=199), 0), {}),
    ("simulated", (np.random.default_rng(0).normal(0.3, 1, size=400), 0), {"sigmas": 6}),
]

# (left side, right side, options): these look like the attacks, and are true.
HONEST = [
    (sp.Abs(r + 1000), r + 1000, {"domain": {r: (-1000, sp.oo)}, "by": drop(sp.Abs)}),
    (sp.Abs(r - 4), r - 4, {"domain": {r: (4, 9)}, "by": drop(sp.Abs)}),
    (sp.Abs(r - s), sp.sqrt(r**2 - 2 * r * s + s**2), {"by": lambda e: sp.factor(e, deep=True)}),
    (sp.Max(r, s) + sp.Min(r, s), r + s, {"by": lambda e: sp.simplify(e.rewrite(sp.Piecewise))}),
    (sp.Max(r, -r), sp.Abs(r), {"by": lambda e: sp.simplify(e.rewrite(sp.Piecewise))}),
    (sp.Min(n, 64), n, {"domain": {n: (1, 64)}, "by": drop(sp.Min, lambda *u: n)}),
    (sp.floor(r) + sp.frac(r), r, {"by": lambda e: e.rewrite(sp.floor)}),
    (sp.floor(-r), -sp.ceiling(r), {"by": lambda e: e.rewrite(sp.floor)}),
    (sp.Sum(r**k, (k, 1, sp.oo)), r / (1 - r), {"domain": {r: (0, 1)}, "by": branch(0)}),
    (sp.Integral(sp.exp(-x * t), (t, 0, sp.oo)), 1 / x, {}),
    (sp.Piecewise((r**2 - 1, r > 1), (0, True)), sp.Piecewise(((r - 1) * (r + 1), r > 1), (0, True)), {}),
    ((x**2 - 1) / (x - 1), x + 1, {}),
    ((n**2 - 1) / (n - 1), n + 1, {}),
    (sp.sqrt((1 - r) ** 2), 1 - r, UNIT),
    (sp.log(x * y), sp.log(x) + sp.log(y), {}),
    (sp.Sum(k, (k, 1, n)), n * (n + 1) / 2, {}),
    (2 ** (n + 1) - 2**n, 2**n, {}),
    (sp.gamma(n + 1), n * sp.gamma(n), {}),
]


def passes(method, *arguments, **options):
    getattr(Ledger("test"), method)("an attack", *arguments, **options)


@pytest.mark.parametrize(("lhs", "rhs", "options"), FALSE, ids=[str(one) for one, *_ in FALSE])
def test_a_false_equation_does_not_pass(lhs, rhs, options):
    with pytest.raises(NO):
        passes("prove", lhs, rhs, **options)


@pytest.mark.parametrize(("relation", "options"), FALSE_RELATIONS, ids=[str(one) for one, _ in FALSE_RELATIONS])
def test_a_false_inequality_does_not_pass(relation, options):
    with pytest.raises(NO):
        passes("prove", relation, **options)


@pytest.mark.parametrize(("method", "arguments", "options"), EMPTY, ids=range(len(EMPTY)))
def test_what_says_nothing_does_not_pass(method, arguments, options):
    with pytest.raises((BadClaim, FalseClaim)):
        passes(method, *arguments, **options)


@pytest.mark.parametrize(("lhs", "rhs", "options"), HONEST, ids=[str(one) for one, *_ in HONEST])
def test_an_honest_claim_that_looks_like_an_attack_passes(lhs, rhs, options):
    passes("prove", lhs, rhs, **options)
