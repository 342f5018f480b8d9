"""Claims: true ones pass, false ones fail with a counterexample, and nothing that is no comparison passes."""

import random
import re
import threading
import time
from types import SimpleNamespace

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.capture import capture_output

from companion.teaching import ClaimError, Ledger
from companion.teaching._patience import within
from companion.teaching.claims import BadClaim, FalseClaim, Undecided

x, y, a = sp.symbols("x y a", positive=True)
r, s, t = sp.symbols("r s t", real=True)
k, n = sp.symbols("k n", integer=True, positive=True)
z = sp.symbols("z")
h = sp.Function("h")(r)
Z = sp.Function("Z", positive=True)(a)
phi = sp.exp(-(r**2) / 2) / sp.sqrt(2 * sp.pi)
p = sp.Function("p", positive=True)(r)
X, Y = sp.MatrixSymbol("X", 2, 2), sp.MatrixSymbol("Y", 2, 2)
b, i = sp.IndexedBase("b", positive=True), sp.symbols("i", integer=True)
G = 1 / sp.sqrt(1 - 2 * s * t + t**2)
Q = sp.exp(a * r) + sp.exp(a * s) + y

# (name, left, right, options): each true as it stands, from the notebooks' own subjects.
TRUE = [
    ("square", (x + y) ** 2, x**2 + 2 * x * y + y**2, {}),
    ("trigonometry", sp.sin(z) ** 2 + sp.cos(z) ** 2, 1, {}),
    ("softmax diagonal", sp.diff(sp.exp(a * r) / Q, r), a * sp.exp(a * r) / Q * (1 - sp.exp(a * r) / Q), {}),
    (
        "softmax off diagonal",
        sp.diff(sp.exp(a * r) / Q, s),
        -a * sp.exp(a * r) * sp.exp(a * s) / Q**2,
        {"computed": True},
    ),
    ("Stein, any h", sp.diff(h * phi, r), (sp.diff(h, r) - r * h) * phi, {}),
    ("log Z, any Z", sp.diff(sp.log(Z), a, 2), sp.diff(Z, a, 2) / Z - (sp.diff(Z, a) / Z) ** 2, {}),
    ("gamma ratio", sp.gamma(k + 1) / sp.gamma(k), k, {}),
    ("Pochhammer", sp.rf(sp.Rational(1, 2), k), sp.gamma(k + sp.Rational(1, 2)) / sp.sqrt(sp.pi), {}),
    ("sum", sp.Sum(n, (n, 1, k)), k * (k + 1) / 2, {}),
    ("sech", 1 - sp.tanh(r) ** 2, sp.sech(r) ** 2, {}),
    ("nested root", sp.sqrt(5 + 2 * sp.sqrt(6)), sp.sqrt(2) + sp.sqrt(3), {}),
    ("limit", sp.Limit(a / sp.sqrt(a**2 + sp.log(1 + 2 * a**2)), a, sp.oo), 1, {}),
    ("Gaussian moment", sp.integrate(phi * sp.exp(a * r), (r, -sp.oo, sp.oo)), sp.exp(a**2 / 2), {"computed": True}),
    (
        "Legendre generating function",
        2 * t * sp.diff(G, t) + G,
        (1 / t - t) * sp.diff(G, s),
        {"domain": {s: (-1, 1), t: (0, 1)}},
    ),
    ("root on an interval", sp.sqrt((1 - s) ** 2), 1 - s, {"domain": {s: (-1, 1)}}),
    ("matrix symbols", (X * Y).T, Y.T * X.T, {"computed": True}),
    ("indexed", sp.Sum(b[i], (i, 1, 3)) ** 2, (b[1] + b[2] + b[3]) ** 2, {"computed": True}),
    ("Fokker-Planck", sp.diff(p * sp.diff(sp.log(p), r), r), sp.diff(p, r, 2), {"computed": True}),
    ("Bessel", sp.diff(sp.besseli(0, x), x), sp.besseli(1, x), {"computed": True}),
    ("binomials", sp.binomial(n + 1, k) * (n + 1 - k), sp.binomial(n, k) * (n + 1), {}),
    ("equation", sp.Eq((x + 1) ** 2, y, evaluate=False), sp.Eq(x**2 + 2 * x + 1, y, evaluate=False), {}),
    ("matrix", sp.Matrix([[1, x], [0, 1]]) ** 2, sp.Matrix([[1, 2 * x], [0, 1]]), {"computed": True}),
    (
        "piecewise",
        sp.Piecewise((x**2 - 1, x > 1), (x, True)),
        sp.Piecewise(((x - 1) * (x + 1), x > 1), (x, True)),
        {},
    ),
]
SQUARE = ((x + y) ** 2, x**2 + 2 * x * y + y**2)
TINY = sp.Rational(1, 10**150)
IDS = [name for name, *_ in TRUE]


@pytest.fixture
def claims():
    return Ledger("test")


@pytest.mark.parametrize(("name", "lhs", "rhs", "options"), TRUE, ids=IDS)
def test_true_identities_are_proved(claims, name, lhs, rhs, options):
    claims.prove(name, lhs, rhs, **options)
    assert [(c.number, c.grade, c.statement) for c in claims.claims] == [(1, "proved", name)]


def break_it(rhs):
    """The right side with one thing wrong: a sign, a factor, a summand."""
    if isinstance(rhs, sp.Eq):
        return [sp.Eq(2 * rhs.lhs, rhs.rhs), sp.Eq(rhs.lhs, rhs.rhs + 1)]
    if isinstance(rhs, sp.MatrixExpr) and not isinstance(rhs, sp.MatrixBase):
        rhs = rhs.as_explicit()
    if isinstance(rhs, sp.MatrixBase):
        return [rhs.applyfunc(lambda e: 2 * e)]
    rhs = sp.sympify(rhs)
    if isinstance(rhs, sp.Piecewise):
        return [sp.Piecewise(*((expression + 1, condition) for expression, condition in rhs.args))]
    return [-rhs, 2 * rhs, rhs + 1]


@pytest.mark.parametrize(("name", "lhs", "rhs", "options"), TRUE, ids=IDS)
def test_broken_identities_fail_with_a_counterexample(claims, name, lhs, rhs, options):
    for wrong in break_it(rhs):
        with pytest.raises(FalseClaim, match=r"left side .*, right side .*, difference"):
            claims.prove(name, lhs, wrong, **options)
        with pytest.raises(ClaimError):
            claims.prove(name, lhs, wrong, by=lambda e: sp.Integer(0), **options)
    assert not claims.claims


@settings(max_examples=25, deadline=None)
@given(st.lists(st.integers(-4, 4), min_size=2, max_size=5).filter(any), st.integers(-3, 3).filter(bool))
def test_expanded_polynomials_pass_and_shifted_ones_fail(roots, shift):
    product = sp.prod([x - root for root in roots])
    claims = Ledger("test")
    claims.prove("expanded", product, sp.expand(product))
    with pytest.raises(FalseClaim):
        claims.prove("shifted", product, sp.expand(product) + shift)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.sampled_from([sp.sin, sp.exp, sp.sqrt, sp.log]))
def test_a_counterexample_really_is_one(power, factor, summand, function):
    true = sp.diff(x**power * function(factor * x) + summand * y, x)
    wrong = true + sp.Rational(summand, 7) * x * y
    with pytest.raises(FalseClaim) as caught:
        Ledger("test").prove("wrong", true, wrong)
    point = {x: sp.Rational(shown_at(caught, "x")), y: sp.Rational(shown_at(caught, "y"))}
    assert abs((true - wrong).subs(point).evalf()) > 1e-6


@settings(max_examples=15, deadline=None)
@given(
    st.recursive(
        st.sampled_from([x, r, sp.Integer(2)]), lambda e: st.tuples(st.sampled_from("+*s"), e, e), max_leaves=5
    )
)
def test_the_product_rule_holds_and_without_a_term_fails(tree):
    u, v = build(tree), sp.exp(r * x)
    claims = Ledger("test")
    claims.prove("product rule", sp.diff(u * v, r), sp.diff(u, r) * v + u * sp.diff(v, r), computed=True)
    with pytest.raises(FalseClaim):
        claims.prove("half of it", sp.diff(u * v, r), sp.diff(u, r) * v + u * v)


def build(tree):
    if isinstance(tree, sp.Basic):
        return tree
    operation, left, right = tree
    left, right = build(left), build(right)
    return {"+": left + 2 * right, "*": left * right + 1, "s": sp.sin(left) + 3 + right**2}[operation]


def test_counterexample_is_one_and_easy_to_read(claims):
    with pytest.raises(FalseClaim, match=r"wrong: at x = 1, y = 1: left side 4, right side 3, difference 1"):
        claims.prove("wrong", (x + y) ** 2, x**2 + x * y + y**2)


def test_the_wrong_entry_of_a_matrix_is_named(claims):
    with pytest.raises(FalseClaim, match=r"in entry \(1, 2\)"):
        claims.prove("wrong", sp.Matrix([[1, x]]), sp.Matrix([[1, 2 * x]]))


def test_branch_cuts_are_seen(claims):
    with pytest.raises(FalseClaim):
        claims.prove("wrong", sp.sqrt(z**2), z)
    claims.prove("right", sp.sqrt(x**2), x, computed=True)


# --- inequalities ------------------------------------------------------------


def test_inequalities(claims):
    claims.prove("sum of squares", 2 * s * t <= s**2 + t**2, by=lambda gap: (s - t) ** 2)
    claims.prove("strict", sp.Lt(sp.Integer(0), x * (1 + r**2), evaluate=False))
    claims.prove("bound", 1 - 1 / (1 + y) ** 2 <= 2 * y, by=sp.factor)
    claims.prove("exponential", sp.exp(r) >= 1 + r)
    claims.prove("logarithm", sp.log(x) <= x - 1)
    claims.prove("two derivatives deep", 1 - sp.exp(-x) < x)
    claims.prove("on an interval", sp.Gt(s * (1 - s), 0, evaluate=False), domain={s: (0, 1)})
    claims.prove("turned round", sp.Ge(s**2 + t**2, 2 * s * t, evaluate=False), by=lambda gap: (s - t) ** 2)
    assert len(claims.claims) == 8


@pytest.mark.parametrize(
    ("relation", "by"),
    [
        (s**2 + t**2 <= 2 * s * t, ()),
        (2 * s * t <= s**2 + t**2 - 1, lambda gap: (s - t) ** 2),
        (sp.Lt(2 * s * t, s**2 + t**2 - sp.Rational(1, 10), evaluate=False), lambda gap: x),
        (x <= 1000, lambda gap: sp.Integer(1)),
        (sp.Le(1, x, evaluate=False), ()),
        (sp.exp(r) >= 1 + r + r**2 / 10, ()),
        (sp.log(x) <= x - sp.Rational(11, 10), ()),
        (sp.Ge(1 / r, -1, evaluate=False), ()),
        (sp.Ge(x * sp.log(x), 0, evaluate=False), ()),
        (sp.Le(sp.sqrt(r), 1 + r**2, evaluate=False), ()),
        (sp.Gt(r**2, 0, evaluate=False), ()),
        (sp.Lt(x, x - TINY * y, evaluate=False), lambda gap: y),
        (sp.Ge(x**2, 1000 * x - 249999, evaluate=False), ()),
    ],
)
def test_false_inequalities_fail(claims, relation, by):
    with pytest.raises(ClaimError):
        claims.prove("wrong", relation, by=by)


def test_a_form_that_does_not_equal_the_gap_proves_nothing(claims):
    with pytest.raises(Undecided, match="does not see the sign"):
        claims.prove("a true bound, badly argued", 2 * s * t <= s**2 + t**2, by=lambda gap: (s - t) ** 2 + 1)


def test_an_inequality_that_is_only_an_equality_somewhere_is_not_strict(claims):
    with pytest.raises(ClaimError):
        claims.prove("wrong", sp.Lt(2 * s * t, s**2 + t**2, evaluate=False), by=lambda gap: (s - t) ** 2)


# --- what is no comparison ------------------------------------------------------------


class Yes(sp.Symbol):
    """Equal to everything, so it says."""

    def __eq__(self, other):
        return True

    def __hash__(self):
        return 1


class Three(int):
    """An integer whose differences are 0, so it says."""

    def __sub__(self, other):
        return 0


class Rows(sp.Matrix):
    """A matrix of another's making."""


A, B = sp.symbols("A B", commutative=False)


@pytest.mark.parametrize(
    ("lhs", "rhs", "said"),
    [
        (x, None, "only one side"),
        (sp.true, None, "truth value"),
        (True, True, "truth value"),
        (x == x, None, "truth value"),
        (x, 0.5 * x, "float"),
        (x, 0.5, "float"),
        (x, np.float64(1.0), "float"),
        (x, sp.nan, "nan"),
        (sp.oo, sp.oo, "infinite"),
        ("x", "x", "not a SymPy expression"),
        (x, {1: 2}, "not a SymPy expression"),
        (sp.Matrix([1, 2]), sp.Matrix([[1, 2]]), "different shapes"),
        (sp.Matrix([1, 2]), x, "different shapes"),
        ([], [], "empty"),
        ([[1, 2], [3, 4]], [1, 2, 3, 4], "different shapes"),
        ([[1, 2], [3]], [[1, 2], [3]], "different lengths"),
        (x, sp.Symbol("x"), "two different symbols are called x"),
        (A * B, B * A, "does not commute"),
        (sp.MatrixSymbol("M", k, k), sp.MatrixSymbol("M", k, k), "no numbers for a shape"),
        (sp.sin(x).series(x, 0, 4), x - x**3 / 6 + sp.O(x**4), "removeO"),
        (sp.AccumBounds(0, 1), sp.AccumBounds(0, 1), "no single number"),
        (x + Yes("u"), x + Yes("v"), "not SymPy's own"),
        (Three(3), 4, "Three"),
        (Rows([x]), Rows([y]), "not SymPy's own"),
        (np.array([1, 2]), [1, 2], "exact SymPy number"),
        (Yes("u"), Yes("v"), "not SymPy's own"),
        (sp.Ne(x, y), None, "cannot be proved"),
    ],
)
def test_unsuitable_sides_are_refused(claims, lhs, rhs, said):
    with pytest.raises(BadClaim, match=said):
        claims.prove("bad", lhs, rhs)


@pytest.mark.parametrize(
    "options",
    [
        {"by": lambda e: sp.Integer(0)},
        {"by": [sp.expand, lambda e: e * 0]},
        {"domain": {x: (1, 1)}},
        {"assuming": [sp.false]},
        {"assuming": [sp.Lt(x, 0)]},
        {"assuming": [True]},
        {"assuming": iter([sp.Lt(y, 0)])},
        {"domain": {x: (2, 1)}},
        {"domain": {"x": (0, 1)}},
        {"domain": {x: (sp.nan, 1)}},
        {"domain": {y: (0, 1)}},
        {"domain": [x]},
        {"domain": {x: (-2, -1)}},
        {"by": lambda e: e.subs(x, 1)},
        {"by": lambda e: sp.diff(e, x)},
        {"by": lambda e: None},
        {"by": lambda e: 0.0 * e},
        {"by": "simplify"},
        {"domain": {x: (1, 1)}, "by": lambda e: e.subs(x, 1)},
    ],
)
def test_no_argument_makes_a_false_claim_pass(claims, options):
    for wrong in (x + sp.Rational(1, 10**300), x + (x - 1) * sp.Rational(1, 7), x + (x - 1) / 10**25):
        with pytest.raises(ClaimError):
            claims.prove("false", x, wrong, **options)
    assert not claims.claims


TOWER = sp.exp(-sp.exp(10 + x))


@pytest.mark.parametrize(
    ("lhs", "rhs", "by"),
    [
        (sp.sin(x) ** 2 + sp.cos(x) ** 2, 1 + (sp.tan(x) - 2) * TINY, lambda e: e.subs(sp.tan(x), 2)),
        (sp.sin(x) ** 2 + sp.cos(x) ** 2, 1 + (sp.tan(x) - 2) * TOWER, lambda e: e.subs(sp.tan(x), 2)),
        (sp.cos(sp.exp(-sp.exp(5 + x))), sp.Integer(1), lambda e: e.subs(sp.exp(-sp.exp(5 + x)), 0)),
        ((-1) ** (2 * k), 1 + TINY * (1 - (-1) ** k), lambda e: e.subs(k, 2 * n)),
        (sp.log(x**z), z * sp.log(x), lambda e: sp.expand_log(e, force=True)),
        (sp.sqrt(sp.Function("f")(x) ** 2), sp.Function("f")(x), lambda e: sp.powdenest(e, force=True)),
        (sp.Integral(sp.cos(r), (r, 0, x)), sp.sin(x) + (sp.tan(x) - 2) / 10**12, lambda e: e.subs(sp.tan(x), 2)),
    ],
)
def test_the_probe_sees_what_a_dishonest_step_hides(claims, lhs, rhs, by):
    with pytest.raises((FalseClaim, Undecided)):
        claims.prove("false", lhs, rhs, by=by)


def test_a_step_that_puts_in_a_value_is_refused(claims):
    with pytest.raises(BadClaim, match="special case at best"):
        claims.prove("true, but badly argued", sp.sin(x) ** 2 + sp.cos(x) ** 2, 1, by=lambda e: e.subs(x, 1))


def test_a_step_may_change_the_variable(claims):
    root = sp.symbols("root", positive=True)
    lhs = sp.sqrt(x + 2 * sp.sqrt(x) + 1)
    claims.prove("in √x", lhs, 1 + sp.sqrt(x), by=lambda e: sp.simplify(e.subs(x, root**2)))


@pytest.mark.parametrize("assuming", [[x < y], [y < x], [x + y > 9]])
def test_counterexamples_respect_the_relations(claims, assuming):
    with pytest.raises(FalseClaim) as caught:
        claims.prove("wrong", x, y, assuming=assuming)
    point = {x: sp.Rational(shown_at(caught, "x")), y: sp.Rational(shown_at(caught, "y"))}
    assert all(relation.subs(point) for relation in assuming)


@pytest.mark.parametrize(("low", "high"), [(3, 4), (-1, 0), (5, sp.oo), (-sp.oo, -7), (sp.Rational(1, 3), 0.5)])
def test_counterexamples_stay_in_the_domain(claims, low, high):
    with pytest.raises(FalseClaim) as caught:
        claims.prove("wrong", r**2, r, domain={r: (low, high)})
    assert low <= sp.Rational(shown_at(caught, "r")) <= high


def shown_at(caught, name):
    return re.search(rf"\b{name} = (-?[\d/]+)", str(caught.value)).group(1)


def test_a_step_that_proves_anything_proves_nothing(claims):
    """Refused even where the claim is true, and though the probe would have found a false one."""
    with pytest.raises(BadClaim, match="so it proves nothing"):
        claims.prove("true, dishonestly", (x + 1) ** 2, x**2 + 2 * x + 1, by=lambda e: sp.Integer(0))


def test_a_difference_that_vanishes_at_small_integers_is_found(claims):
    wrong = k + sp.prod([k - j for j in range(1, 13)])
    with pytest.raises(ClaimError):
        claims.prove("false beyond twelve", k, wrong)
    with pytest.raises(ClaimError):
        claims.prove("false beyond twelve", k, wrong, by=lambda e: sp.Integer(0))


def test_undecided_is_an_error_of_its_own(claims):
    with pytest.raises(Undecided, match="evaluated at only 0 of 12 points"):
        claims.prove("no points", (x + 1) ** 2, x**2 + 2 * x + 1, assuming=[sp.Lt(x, 0, evaluate=False)])
    with pytest.raises(Undecided, match="does not reduce"):
        claims.prove("true, but SymPy does not know", sp.LambertW(x * sp.exp(x)), x)
    assert not claims.claims


def test_an_error_inside_by_is_named(claims):
    with pytest.raises(Undecided, match="a step of by= failed with ZeroDivisionError"):
        claims.prove("bad step", (x + 1) ** 2, x**2 + 2 * x + 1, by=lambda e: 1 / 0)


# --- exact, numeric, simulated ------------------------------------------------------------


def test_exact(claims):
    claims.exact(
        "binomials", lambda i: sp.binomial(2 * i, i), lambda i: sp.factorial(2 * i) / sp.factorial(i) ** 2, range(9)
    )
    claims.exact("pairs", lambda i, j: i * j, lambda i, j: j * i, cases=[(2, 3), (4, 5)])
    claims.exact("roots", [sp.sqrt(8), sp.Rational(1, 3)], [2 * sp.sqrt(2), sp.Rational(2, 6)])
    assert "all 9 cases" in claims.claims[0].check
    assert "all 2 cases" in claims.claims[1].check


@pytest.mark.parametrize(
    ("lhs", "rhs", "cases", "error", "said"),
    [
        (lambda i: i, lambda i: i**2, [0, 1, 2], FalseClaim, r"in case 2: left side 2, right side 4"),
        (lambda i: i, lambda i: i + 0, [1, 1], BadClaim, "case 1 is listed twice"),
        (lambda i: i, lambda i: i + 0, "ab", BadClaim, "list of cases"),
        (lambda i: i, lambda i: i + 0, 5, BadClaim, "list of cases"),
        (max, max, [(1, 2)], BadClaim, "the same"),
        ([True], [True], None, BadClaim, "truth value"),
        (lambda i: i, lambda i: i + 0, [], BadClaim, "no cases"),
        (lambda i: i, lambda i: i + 0, iter(()), BadClaim, "no cases"),
        (lambda i: i / 2, lambda i: 2 * i / 4, [1], BadClaim, "float"),
        (3, 3, [1], BadClaim, "functions of a case"),
        ([1, 2], [1, 2, 3], None, BadClaim, "different shapes"),
        ([sp.sqrt(2)], [sp.sqrt(2) + sp.Rational(1, 10**40)], None, FalseClaim, "left side"),
    ],
)
def test_exact_fails(claims, lhs, rhs, cases, error, said):
    with pytest.raises(ClaimError) as caught:
        claims.exact("bad", lhs, rhs, cases=cases)
    assert isinstance(caught.value, error) or (error is FalseClaim and isinstance(caught.value, Undecided))
    if isinstance(caught.value, error):
        assert caught.match(said)
    assert not claims.claims


def test_numeric(claims):
    claims.numeric("scalar", 0.8413, 0.84, atol=0.005)
    claims.numeric("array", np.array([1.0, 2.0]), [1.0, 2.0 + 1e-9], rtol=1e-8)
    claims.numeric("bounds", np.array([2.0, 3.0]), at_least=2, at_most=3)
    claims.numeric("SymPy numbers", sp.sqrt(2), 2**0.5, rtol=1e-12)
    assert len(claims.claims) == 4


def test_what_computed_numbers_lie_between_is_told_in_one_word(claims):
    low, value, high = np.array([1.0, 2.0]), np.array([2.0, 3.0]), np.array([3.0, 4.0])
    claims.numeric("on one side", value, above=low)
    claims.numeric("on both sides", value, above=low, below=high)
    one, both = (claim.check for claim in claims.claims)
    assert one == "All 2 numbers, each above the one that it is compared with."
    assert both == "All 2 numbers, each between the two that it is compared with."
    with pytest.raises(FalseClaim, match="not below 3"):
        claims.numeric("not all", np.array([2.0, 5.0]), above=low, below=np.array([3.0, 3.0]))


@pytest.mark.parametrize(
    ("arguments", "error", "said"),
    [
        (dict(value=1.0, expected=1.1, rtol=1e-3), FalseClaim, "value 1, expected 1.1"),
        (dict(value=[1.0, 2.0], expected=[1.0, 3.0], atol=0.1), FalseClaim, r"at index \(1,\)"),
        (dict(value=3.1, at_most=3), FalseClaim, "not at most 3"),
        (dict(value=[1.0], expected=1.0, rtol=0.1), BadClaim, "different shapes"),
        (dict(value=1.0, expected=1.1), BadClaim, "give a tolerance"),
        (dict(value=1.0), BadClaim, "must be a number"),
        (dict(value=1.0, expected=1.1, rtol=float("nan")), BadClaim, "rtol must be positive"),
        (dict(value=1.0, expected=9.0, rtol=float("inf")), BadClaim, "rtol must be positive"),
        (dict(value=1.0, expected=9.0, rtol=1.0), BadClaim, "at most 0.5"),
        (dict(value=1.0, expected=9.0, atol=float("inf")), BadClaim, "atol must be positive"),
        (dict(value=1.0, expected=1.1, atol=-1), BadClaim, "atol must be positive"),
        (dict(value=1.0, expected=1.1, atol=True), BadClaim, "atol must be positive"),
        (dict(value=float("nan"), expected=1.0, rtol=0.1), BadClaim, "entry that is nan"),
        (dict(value=1.0, expected=float("nan"), rtol=0.1), BadClaim, "entry that is nan"),
        (dict(value=[1.0, float("inf")], expected=[1.0, 1.0], rtol=0.1), BadClaim, "inf"),
        (dict(value=True, expected=True, rtol=0.1), BadClaim, "must be a number"),
        (dict(value=np.array([True]), expected=np.array([True]), rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value="1", expected="1", rtol=0.1), BadClaim, "must be a number"),
        (dict(value=np.array([None]), expected=np.array([None]), rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value=[], expected=[], rtol=0.1), BadClaim, "empty"),
        (dict(value=np.ma.masked_all(2), expected=[1.0, 1.0], rtol=0.1), BadClaim, "masked"),
        (dict(value=1.0, expected=1.0, rtol=0.1, at_most=2), BadClaim, "not both"),
        (dict(value=1.0, at_most=float("inf")), BadClaim, "inf"),
        (dict(value=1.0, at_most=[1.0, 2.0]), BadClaim, "one number"),
        (dict(value=1.0, at_most=True), BadClaim, "at_most must be a number"),
        (dict(value=1j, at_most=2), BadClaim, "complex"),
        (dict(value=1.0, expected=9.0, atol=1e9), BadClaim, "claim says nothing"),
        (dict(value=5.0, expected=0.0, atol=10), BadClaim, "claim says nothing"),
        (dict(value=-1.7e308, expected=1.7e308, rtol=0.49, atol=1.7e308), BadClaim, "claim says nothing"),
        (dict(value=1.0, expected=1.1, rtol="0.2"), BadClaim, "rtol must be positive"),
        (dict(value=1.0, expected=1.1, rtol=np.array([0.2, 0.2])), BadClaim, "rtol must be positive"),
        (dict(value=[True], expected=[1.0], rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value=np.array(["1"], dtype=object), expected=[1.0], rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value=[[1], [1, 2]], expected=[1, 2], rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value=x, expected=2 * x, rtol=0.1), BadClaim, "must hold numbers"),
        (dict(value=10**400, expected=10**400 + 1, rtol=0.1), BadClaim, "must hold numbers"),
    ],
)
def test_numeric_fails(claims, arguments, error, said):
    with pytest.raises(error, match=said):
        claims.numeric("bad", **arguments)
    assert not claims.claims


def test_the_same_array_twice_is_no_comparison(claims):
    same = np.ones(3)
    with pytest.raises(BadClaim, match="the same ndarray"):
        claims.numeric("bad", same, same, rtol=0.1)


def test_simulated(claims):
    rng = np.random.default_rng(0)
    claims.simulated("one mean", rng.normal(2, 1, 4000), 2)
    claims.simulated("three means", rng.normal([0, 1, 2], 1, (4000, 3)), [0, 1, 2])
    assert "4,000 samples" in claims.claims[0].check


@pytest.mark.parametrize(
    ("samples", "expected", "sigmas", "error", "said"),
    [
        (np.random.default_rng(0).normal(size=4000), 1, 4, FalseClaim, "standard errors away"),
        (np.random.default_rng(0).normal(size=(4000, 2)), [0, 1], 4, FalseClaim, "standard errors away"),
        ([], 0, 4, BadClaim, "empty"),
        ([1.0], 1, 4, BadClaim, "too few"),
        ([1.0, float("inf")], 1, 4, BadClaim, "inf"),
        ([0.1] * 300, 0.1, 4, BadClaim, "do not vary"),
        ([0.1 + 0.2] * 277, 0.3, 4, BadClaim, "do not vary"),
        ([1e200, 2e200] * 150, 5, 4, BadClaim, "too large"),
        (np.exp(1j * np.arange(99)), 0, 4, BadClaim, "complex"),
        (np.arange(99) % 2 == 0, 0.5, 4, BadClaim, "must hold numbers"),
        (np.zeros((99, 2, 2)), np.zeros((2, 2)), 4, BadClaim, "shape"),
        (np.random.default_rng(0).normal(size=(99, 3)), 0, 4, BadClaim, "shape"),
        ([0.0, 1.0], float("nan"), 4, BadClaim, "nan"),
        ([0.0, 1.0], 0.5, 0, BadClaim, "sigmas"),
        ([0.0, 1.0], 0.5, float("inf"), BadClaim, "sigmas"),
        ([0.0, 1.0], 0.5, float("nan"), BadClaim, "sigmas"),
        ([0.0, 1.0], 0.5, 7, BadClaim, "sigmas must be positive, finite and at most 5, got 7"),
        ([0.0, 1.0], 0.5, "4", BadClaim, "sigmas"),
        ([0.0, 1.0], [0.5, 0.5], 4, BadClaim, "shape"),
    ],
)
def test_simulated_fails(claims, samples, expected, sigmas, error, said):
    with pytest.raises(error, match=said):
        claims.simulated("bad", samples, expected, sigmas=sigmas)
    assert not claims.claims


# --- the ledger ------------------------------------------------------------


@pytest.mark.parametrize("statement", ["", "  ", None, 3])
def test_a_claim_needs_words(claims, statement):
    with pytest.raises(BadClaim, match="statement must say"):
        claims.prove(statement, x, x + 0)


def test_duplicates_are_refused_and_failures_leave_no_trace(claims):
    claims.prove("once", *SQUARE)
    with pytest.raises(BadClaim, match="claim 1 says this already"):
        claims.prove("once", *SQUARE)
    with pytest.raises(FalseClaim):
        claims.prove("twice", x, 2 * x)
    claims.prove("twice", *SQUARE)
    assert [c.number for c in claims.claims] == [1, 2]


def test_an_empty_ledger_has_no_table(claims):
    with pytest.raises(BadClaim, match="no claim"):
        claims.table()


@pytest.mark.parametrize("name", ["", None, 7])
def test_a_ledger_needs_a_name(name):
    with pytest.raises(BadClaim, match="name"):
        Ledger(name)


@pytest.fixture
def shown(monkeypatch):
    """A stand-in for IPython: what is displayed, and which cell is running."""
    displayed = []
    shell = SimpleNamespace(execution_count=1, parent={"metadata": {"cellId": "a"}})
    shell.get_parent = lambda: shell.parent
    monkeypatch.setattr("companion.teaching.claims.ipython", lambda: shell)
    monkeypatch.setattr("IPython.display.display", lambda bundle, **options: displayed.append((bundle, options)))
    return SimpleNamespace(shell=shell, displayed=displayed)


def run_cell(shown, cell, count):
    shown.shell.execution_count = count
    shown.shell.parent = {"metadata": {"cellId": cell} if cell else {}}


def test_what_a_claim_shows(claims, shown):
    claims.prove("two x", *SQUARE)
    bundle, options = shown.displayed[0]
    assert bundle["text/plain"] == "✓ Claim 1 · proved: two x"
    assert bundle["text/markdown"].splitlines() == [
        "> **✓ Claim 1 · proved** — two x",
        ">",
        r"> $$ \left(x + y\right)^{2} = x^{2} + 2 x y + y^{2} $$",
        ">",
        "> *SymPy reduces the difference to 0; both sides agree at 12 random points.*",
    ]
    mark = {"ledger": "test", "number": 1, "grade": "proved", "statement": "two x"}
    assert options == {"raw": True, "metadata": {"claim": mark}}


def test_the_table(claims, shown):
    claims.prove("first", *SQUARE)
    claims.numeric("second", 1.0, 1.01, rtol=0.1)
    claims.table()
    bundle, options = shown.displayed[-1]
    assert bundle["text/plain"].splitlines()[0] == "2 claims: 1 proved, 1 numeric"
    assert options["metadata"]["ledger"]["proved"] == 1


@pytest.mark.parametrize("known", [True, False])
def test_running_a_cell_again_replaces_its_claims(claims, shown, known):
    run_cell(shown, "a" if known else None, 1)
    claims.prove("first", *SQUARE)
    run_cell(shown, "b" if known else None, 2)
    claims.prove("second", *SQUARE)
    run_cell(shown, "a" if known else None, 3)
    claims.prove("first", *SQUARE)
    assert [(c.number, c.statement) for c in claims.claims] == [(1, "first"), (2, "second")]
    with pytest.raises(BadClaim, match="already"):
        claims.prove("first", *SQUARE)


def test_an_edited_cell_drops_its_former_claim(claims, shown):
    run_cell(shown, "a", 1)
    claims.prove("first", *SQUARE)
    run_cell(shown, "a", 2)
    claims.prove("first, reworded", *SQUARE)
    assert [(c.number, c.statement) for c in claims.claims] == [(1, "first, reworded")]


def test_an_edited_cell_hands_its_numbers_out_anew(claims, shown):
    run_cell(shown, "a", 1)
    for words in ("first", "second", "third"):
        claims.prove(words, *SQUARE)
    run_cell(shown, "b", 2)
    claims.prove("elsewhere", *SQUARE)
    run_cell(shown, "a", 3)
    claims.prove("second", *SQUARE)
    assert [(c.number, c.statement) for c in claims.claims] == [(2, "second"), (4, "elsewhere")]
    claims.prove("third, reworded", *SQUARE)
    claims.prove("a fourth", *SQUARE)
    claims.prove("a fifth", *SQUARE)
    assert sorted(c.number for c in claims.claims) == [1, 2, 3, 4, 5]
    assert {c.statement: c.number for c in claims.claims}["elsewhere"] == 4


def test_a_failed_run_of_a_cell_leaves_its_former_claims(claims, shown):
    run_cell(shown, "a", 1)
    claims.prove("first", *SQUARE)
    run_cell(shown, "a", 2)
    with pytest.raises(FalseClaim):
        claims.prove("first, reworded", x + x, 3 * x)
    assert [(c.number, c.statement) for c in claims.claims] == [(1, "first")]


def test_a_statement_is_put_on_one_line(claims):
    claims.prove("  two\n  lines ", *SQUARE)
    assert claims.claims[0].statement == "two lines"
    with pytest.raises(BadClaim, match="already"):
        claims.prove("two lines", *SQUARE)


def test_the_region_is_told(claims):
    claims.prove("root", sp.sqrt((1 - s) ** 2), 1 - s, domain={s: (-1, 1)})
    claims.prove("sum", *SQUARE, assuming=[x < y])
    assert "at 12 random points for $-1 < s < 1$." in claims.claims[0].check
    assert "at 12 random points for $x < y$." in claims.claims[1].check


def test_another_cell_may_not_say_the_same(claims, shown):
    run_cell(shown, "a", 1)
    claims.prove("first", *SQUARE)
    run_cell(shown, "b", 2)
    with pytest.raises(BadClaim, match="already"):
        claims.prove("first", *SQUARE)


def test_a_failed_claim_is_shown_as_its_message_alone():
    shell = InteractiveShell.instance()
    with capture_output() as captured:
        shell.run_cell("from companion.teaching.claims import FalseClaim\nraise FalseClaim('wrong: at x = 1')")
    shell.clear_instance()
    assert captured.stdout.strip() == "FalseClaim: wrong: at x = 1"


def test_points_depend_on_the_sides_not_on_the_run():
    random.seed(1)
    messages = []
    for _ in range(2):
        with pytest.raises(FalseClaim) as caught:
            Ledger("test").prove("wrong", sp.sin(x), sp.cos(x))
        messages.append(str(caught.value))
        random.seed(2)
    assert messages[0] == messages[1]


# --- patience -----------------------------------------------------------------------------


def spin(seconds):
    begun = time.thread_time()
    while time.thread_time() - begun < seconds:
        pass
    return "done"


def test_a_task_is_stopped_when_its_time_is_up_in_any_thread():
    begun, results = time.thread_time(), []
    results.append(within(0.1, lambda: spin(5)))
    thread = threading.Thread(target=lambda: results.append(within(0.1, lambda: spin(5))))
    thread.start()
    thread.join()
    assert results == [None, None]
    assert time.thread_time() - begun < 2


def test_the_outer_limit_ends_the_outer_task():
    def outer():
        return "swallowed", within(5, lambda: spin(3))

    assert within(0.2, outer) is None
    assert within(5, lambda: (within(0.1, lambda: spin(3)), "goes on")) == (None, "goes on")


def test_time_asleep_is_not_counted():
    assert within(0.1, lambda: time.sleep(0.3) or "awake") == "awake"


def test_calls_are_counted_where_no_thread_can_start(monkeypatch):
    def refuse(self):
        raise RuntimeError("can't start new thread")

    monkeypatch.setattr(threading.Thread, "start", refuse)
    assert within(0.1, lambda: spin(3)) is None
    assert within(5, lambda: spin(0.01)) == "done"


@pytest.mark.parametrize("error", [ImportError, MemoryError, RuntimeError])
def test_a_broken_machine_is_not_taken_for_ignorance(claims, monkeypatch, error):
    def broken(*_):
        raise error("broken")

    monkeypatch.setattr("companion.teaching._algebra.probe.substitute", broken)
    with pytest.raises(error, match="broken"):
        claims.prove("square", *SQUARE)


def test_a_task_that_is_done_in_time_is_left_alone():
    assert within(5, lambda: spin(0.01)) == "done"
    with pytest.raises(ZeroDivisionError):
        within(5, lambda: 1 / 0)


def test_no_interruption_arrives_late():
    results = {within(0.002, lambda: spin(0.002)) for _ in range(200)}
    assert results <= {None, "done"}


def test_a_claim_that_sympy_would_brood_over_is_given_up(claims, monkeypatch):
    monkeypatch.setattr("companion.teaching._algebra.reduce.REDUCE_SECONDS", 1.0)
    v = sp.symbols("v1:4", real=True)
    hard = sum(sp.exp(e) / (1 + sp.exp(e * sum(v))) ** 2 for e in v) ** 2
    begun = time.thread_time()
    with pytest.raises(Undecided, match="does not reduce"):
        claims.prove("hard", sp.LambertW(x * sp.exp(x)) * hard, x * hard)
    assert time.thread_time() - begun < 4


def test_an_interruption_in_a_destructor_is_not_printed(monkeypatch):
    class Slow:
        def __del__(self):
            spin(0.3)

    printed = []
    monkeypatch.setattr("sys.unraisablehook", lambda unraisable: printed.append(unraisable.exc_type))
    assert within(0.1, lambda: [Slow(), "done"].pop()) == "done"
    assert not printed


def test_a_function_of_an_undefined_function_is_probed():
    u, inner = sp.Function("u"), sp.Function("varphi")(x, y)
    chain = sp.diff(u(inner), y) * sp.diff(inner, x)
    Ledger("test").prove("the chain rule", chain, sp.diff(u(inner), x) * sp.diff(inner, y), computed=True)
    with pytest.raises(FalseClaim):
        Ledger("test").prove("a wrong one", chain, 2 * sp.diff(u(inner), x) * sp.diff(inner, y))


def test_a_bar_in_a_statement_does_not_end_a_cell_of_the_table(claims, shown):
    claims.prove(r"$\|x\|^2-1=|x-1||x+1|$ for $x>1$", (r - 1) * (r + 1), r**2 - 1)
    claims.table()
    row = next(line for line in shown.displayed[-1][0]["text/markdown"].splitlines() if line.startswith("| 1 |"))
    assert row == r"| 1 | proved | $\Vert x\Vert ^2-1=\vert x-1\vert \vert x+1\vert $ for $x>1$ |"
