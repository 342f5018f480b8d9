"""Typed answers: read as a reader means them, bounded before they are built, and never evaluated."""

import contextlib
import time

import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.teaching.exercises import Exercise
from companion.teaching.reading import Unreadable, read_answer, understood
from companion.teaching.typed import reply

alpha, beta, B, n, x, lam = sp.symbols("alpha beta B n x lambda", positive=True)
SYMBOLS = [alpha, beta, B, n, x, lam]
HALF = sp.Rational(1, 2)

MEANT = [
    ("√3 α coth(√3 α)/n", sp.sqrt(3) * alpha * sp.coth(sp.sqrt(3) * alpha) / n),
    ("9e^4", 9 * sp.exp(4)),
    ("2 beta exp(-B)", 2 * beta * sp.exp(-B)),
    ("β(1 − e^{−2B})", beta * (1 - sp.exp(-2 * B))),
    (r"\beta e^{-B}", beta * sp.exp(-B)),
    ("½ ln 3", sp.log(3) / 2),
    ("1/2 ln 3", sp.log(3) / 2),
    ("λ²", lam**2),
    ("lambda^2", lam**2),
    ("e²ˣ", sp.exp(2 * x)),
    ("x⁻¹", 1 / x),
    ("-x²", -(x**2)),
    ("2^3^2", sp.Integer(512)),
    ("sin² x + cos^2(x)", sp.sin(x) ** 2 + sp.cos(x) ** 2),
    ("sin 2x cos x", sp.sin(2 * x) * sp.cos(x)),
    ("√(x+1) n", sp.sqrt(x + 1) * n),
    ("√√x", x ** sp.Rational(1, 4)),
    ("2|x − n||n|", 2 * sp.Abs(x - n) * n),
    ("n!/(n−2)!", sp.factorial(n) / sp.factorial(n - 2)),
    ("2^n!", 2 ** sp.factorial(n)),
    ("nexp(x)", n * sp.exp(x)),
    ("tanh(αx/β²)", sp.tanh(alpha * x / beta**2)),
    ("pin", sp.pi * n),
    ("−2+i√2", -2 + sp.I * sp.sqrt(2)),
    ("log(8, 2)", sp.Integer(3)),
    ("binom(31, 15)", sp.binomial(31, 15)),
    ("artanh(1/2)", sp.atanh(HALF)),
    ("0.125", sp.Rational(1, 8)),
    ("1e-4", sp.Rational(1, 10_000)),
    ("2e-x", 2 * sp.E - x),
    ("n(n+1)", n * (n + 1)),
    ("sp.sqrt(3)*sp.exp(-2*alpha)", sp.sqrt(3) * sp.exp(-2 * alpha)),
    ("（1，2）", (1, 2)),
    ("1/2, 1/12", (HALF, sp.Rational(1, 12))),
    ("[√2, 0]", (sp.sqrt(2), 0)),
    ("[1, x; 2, 3]", sp.Matrix([[1, x], [2, 3]])),
    ("[[1, x], [2, 3]]", sp.Matrix([[1, x], [2, 3]])),
    ("Matrix([x, 1])", sp.Matrix([x, 1])),
    ("x = 2n", sp.Eq(x, 2 * n)),
]


@pytest.mark.parametrize(("text", "meant"), MEANT)
def test_a_text_is_read_as_it_is_meant(text, meant):
    assert read_answer(text, SYMBOLS) == meant


def test_the_exercises_symbols_come_before_constants_and_functions():
    e, i, gamma = sp.symbols("e i gamma")
    assert read_answer("e^i gamma", [e, i, gamma]) == e**i * gamma
    assert read_answer("e^i gamma(3)") == 2 * sp.exp(sp.I)
    assert read_answer("2e3", [e, sp.Symbol("e3")]) != 2000


def test_a_sign_and_its_name_are_one_symbol():
    b_t, epsilon = sp.Symbol("b_t"), sp.Symbol("varepsilon", positive=True)
    for text in ("b_t ε", "b_{t} epsilon", "b_t ϵ", "b_t varepsilon", "b_t eps"):
        assert read_answer(text, [b_t, epsilon]) == b_t * epsilon
    assert read_answer("x₀", [sp.Symbol("x_0", real=True)]) == sp.Symbol("x_0", real=True)


def test_a_symbol_of_the_readers_own_is_kept():
    assert read_answer("x + C", [x]) == x + sp.Symbol("C")


HOSTILE = [
    "x.__class__", "().__class__.__bases__", "__import__('os')", "lambda: 0", "[x for x in n]", "x if n else 1", "x:=3",
    "'abc'", "x;n", "9^9^9", "9**9**9", "factorial(10^9)", "(10^9)!", "((10!)!)!", "gamma(10^10)", "binomial(10^9, 5)",
    "exp(10^9)", "exp(exp(exp(20)))", "x!!!!", "10^4000", "1e999", "1.0000001^(10^7)", "2^(1/10^30)", "(x+1)^1000000",
    "((x+1)^1000)^1000", "(x+n+alpha)^900", "9" * 400, "x" * 10_000, "x" * 400,
    "(" * 200 + "x" + ")" * 200, "-" * 400 + "x",
    "√" * 400 + "x", "2^" * 200 + "2", "x^" * 120 + "x", "exp(" * 30 + "x" + ")" * 30, "((x", "x))", "(x]", "|x", "x+",
    "*x", "x//2", "1/0", "0/0",
    "sin(1/0)", "x/(n−n)", "tan(pi/2)", "= =", "x==", "", "   ", "[]", "[[1],[2,3]]", "√", "sin",
    "sin+1", "sin(1,2,3)", "(1,2)+3", "(1,(2,3))", "99 995", "😀", "\0", "\x7f", "‮x", "foo(3)", "x<2", "x%2",
]  # fmt: skip


@pytest.mark.parametrize("text", HOSTILE, ids=lambda text: repr(text[:20]))
def test_what_cannot_be_read_is_told_at_once(text):
    start = time.process_time()
    with pytest.raises(Unreadable) as told:
        read_answer(text, SYMBOLS)
    assert time.process_time() - start < 1
    assert 8 < len(str(told.value)) < 200
    assert str(told.value).isprintable()


@given(st.text(max_size=40))
@settings(max_examples=400, deadline=None)
def test_any_text_is_read_or_told(text):
    with contextlib.suppress(Unreadable):
        read_answer(text, SYMBOLS)


@given(st.text(alphabet="xnαe123.+-*/^()[]|!,=√; sincoexpl", max_size=25))
@settings(max_examples=600, deadline=None)
def test_nearly_mathematical_text_is_read_or_told(text):
    with contextlib.suppress(Unreadable):
        assert understood(read_answer(text, SYMBOLS)).startswith("<math")


def expressions():
    leaves = st.sampled_from([x, n, alpha, lam]) | st.integers(-20, 20).map(sp.Integer) | st.sampled_from([sp.pi, HALF])

    def grown(inner):
        return (
            st.tuples(inner, inner).map(lambda two: two[0] + two[1])
            | st.tuples(inner, inner).map(lambda two: two[0] * two[1])
            | st.tuples(inner, st.integers(-3, 3)).filter(lambda p: p[0] != 0).map(lambda p: p[0] ** p[1])
            | st.tuples(st.sampled_from([sp.sin, sp.tanh, sp.sqrt, sp.Abs]), inner).map(lambda f: f[0](f[1]))
        )

    finite = st.recursive(leaves, grown, max_leaves=6)
    return finite.filter(lambda e: not e.has(sp.zoo, sp.nan, sp.oo, sp.I))


@given(expressions())
@settings(max_examples=200, deadline=None)
def test_what_sympy_prints_is_read_back(expression):
    read = read_answer(str(expression), SYMBOLS)
    if read != expression:
        at = {x: 0.3, n: 0.7, alpha: 1.1, lam: 0.6}
        assert complex(read.subs(at).evalf(30)) == pytest.approx(complex(expression.subs(at).evalf(30)))


def test_what_was_read_is_shown():
    shown = understood(read_answer("√3 e^(-x)", SYMBOLS))
    assert "<msqrt>" in shown
    assert "<mi>e</mi>" in shown
    assert understood(read_answer("1, x", SYMBOLS)).count("<mo>,</mo>") == 1


EXERCISE = {
    "question": "The column",
    "answer": "MutableDenseMatrix([[Pow(Integer(2), Rational(1, 2))], [Symbol('x', positive=True)]])",
    "symbols": ["Symbol('x', positive=True)"],
    "domain": {},
    "assuming": [],
    "mistakes": [],
    "same": None,
    "rtol": 0.001,
}


def test_a_reply_has_the_words_of_jupyterlab():
    right = reply(EXERCISE, "√2, x")
    assert (right["right"], right["mark"], right["message"]) == (
        True,
        "✓ Right",
        "SymPy proves it equal to the answer.",
    )
    wrong = reply(EXERCISE, "[√2; 2x]")
    assert (wrong["right"], wrong["mark"]) == (False, "Not yet")
    assert "the answer is" in wrong["message"]
    unread = reply(EXERCISE, "√2, x(")
    assert unread["understood"] is None
    assert unread["message"] == "Nothing was checked: the bracket “(” is not closed."


# --- what the notebook calls a symbol -------------------------------------------------------------------------------


def test_a_symbol_is_known_by_the_notebooks_name_for_it():
    beta, kappa, x = sp.symbols("beta kappa x", positive=True)
    names = {"rate_b": "beta", "b_rate": "beta", "g": "kappa", "lost": "nowhere"}
    for text in ("beta x + kappa", "β x + κ", "rate_b x + g", "b_rate*x + g", r"\beta x + \kappa", "b_ratex+g"):
        assert read_answer(text, [beta, kappa, x], names) == beta * x + kappa, text
    with pytest.raises(Unreadable, match="lost"):
        read_answer("lost", [beta], names)


def test_a_notebooks_name_takes_nothing_away():
    """The code may call ε e, and another symbol what is the name of this one."""
    epsilon, x = sp.symbols("epsilon x", positive=True)
    assert read_answer("e^x + epsilon", [epsilon, x], {"e": "epsilon"}) == sp.exp(x) + epsilon
    assert read_answer("x", [epsilon, x], {"x": "epsilon"}) == x
    assert read_answer("sin(x)", [epsilon, x], {"sin": "epsilon"}) == sp.sin(x)


def test_a_page_takes_the_notebooks_names():
    energy, share = sp.symbols("E c", positive=True)
    data = Exercise("the product", lambda: energy * (share - 1) ** 2).to_data()
    sent = {**data, "names": {"size_squared": "E", "share": "c"}}
    for text in ("size_squared (1 - share)^2", "E (1 - c)^2", "E*(share - 1)^2"):
        assert reply(sent, text)["right"] is True, text
    assert reply(data, "size_squared (1 - share)^2")["right"] is False
