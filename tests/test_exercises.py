"""Exercises: right answers in any form, wrong ones with a point, and nothing evaluated that is no expression."""

import pytest
import sympy as sp

from companion.teaching import Exercise

n, k = sp.symbols("n k", positive=True, integer=True)


@pytest.fixture
def ratio():
    return Exercise("the ratio", answer=lambda: sp.sqrt(4**n - 1) / k)


@pytest.fixture
def count():
    return Exercise("the number of keys", answer=lambda: 9 * sp.exp(4))


def said(capsys, exercise, expression):
    exercise.check(expression)
    return capsys.readouterr().out.strip()


def test_the_dots_wait(capsys, ratio):
    assert said(capsys, ratio, ...) == "Exercise · the ratio: Your turn: put your answer in place of the dots."


def test_the_answer_is_computed_once(capsys):
    calls = []
    exercise = Exercise("once", answer=lambda: calls.append(1) or k)
    exercise.check(...)
    exercise.check(k)
    assert calls == [1]


@pytest.mark.parametrize(
    "right",
    [
        sp.sqrt((2**n - 1) * (2**n + 1)) / k,
        sp.sqrt(4 ** sp.Symbol("n") - 1) / sp.Symbol("k"),
        sp.sqrt(4 ** sp.Symbol("n", real=True) - 1) * k**-1,
    ],
)
def test_right_in_another_form_and_with_symbols_declared_anew(capsys, ratio, right):
    assert said(capsys, ratio, right).startswith("✓ Right")


def test_a_wrong_expression_gets_a_point_not_the_formula(capsys, ratio):
    text = said(capsys, ratio, sp.sqrt(4**n) / k)
    assert text.startswith("Not yet")
    assert "yours gives" in text
    assert "the answer is" in text
    assert "sqrt" not in text


@pytest.mark.parametrize("wrong", ["sqrt(4**n - 1)/k", "__import__('os').abort()", None, [1], {"n": 1}, (1, 2)])
def test_what_is_no_expression_is_told_what_is_expected(capsys, ratio, wrong):
    text = said(capsys, ratio, wrong)
    assert "Nothing was checked" in text
    assert "a SymPy expression in k, n" in text


@pytest.mark.parametrize("wrong", [True, sp.nan, sp.oo, sp.Matrix([1, 2]), 0.5 * n, object()])
def test_unsuitable_expressions_are_refused(capsys, ratio, wrong):
    assert "Nothing was checked" in said(capsys, ratio, wrong)


def test_unknown_symbols_are_named(capsys, ratio):
    assert "q does not occur" in said(capsys, ratio, sp.Symbol("q"))


def test_the_point_is_readable(capsys):
    exercise = Exercise("root", answer=lambda: sp.sqrt(4**n - 1))
    assert said(capsys, exercise, 2**n) == "Not yet · root: At n = 2 yours gives 4, the answer is √15 ≈ 3.873."


@pytest.mark.parametrize("right", [9 * sp.exp(4), 491, 491.38, 491.0, sp.exp(4) * 9.0])
def test_numbers_may_be_rounded(capsys, count, right):
    assert said(capsys, count, right).startswith("✓ Right")


def test_wrong_numbers_are_told_how_far_off(capsys, count):
    assert "Yours is about 1.8 % too large." in said(capsys, count, 500.0)
    assert "too small" in said(capsys, count, 9 * sp.exp(3))
    assert said(capsys, count, 2).endswith("Yours is about 2.5e+02 times too small.")
    assert "wrong sign" in said(capsys, count, -491.4)
    assert "not a real number" in said(capsys, count, sp.I)
    assert "491" not in said(capsys, count, 500.0)


def test_matrices(capsys):
    exercise = Exercise("the inverse", answer=lambda: sp.Matrix([[1, k], [0, 1]]).inv())
    assert said(capsys, exercise, sp.Matrix([[1, -k], [0, 1]])).startswith("✓ Right")
    assert "In entry (1, 2), at k = 1 yours gives 1, the answer is -1." in said(
        capsys, exercise, sp.Matrix([[1, k], [0, 1]])
    )
    assert "a 2 × 2 Matrix" in said(capsys, exercise, k)


def test_agreement_without_proof_is_not_called_right(capsys):
    exercise = Exercise("hard", answer=lambda: sp.Symbol("x", positive=True))
    x = sp.Symbol("x", positive=True)
    text = said(capsys, exercise, sp.LambertW(x * sp.exp(x)))
    assert "could not prove" in text
    assert "Right" not in text


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"question": "", "answer": lambda: n}, "question"),
        ({"question": "q", "answer": n}, "answer"),
        ({"question": "q", "answer": lambda: n, "rtol": 2}, "rtol"),
    ],
)
def test_bad_exercises(arguments, name):
    with pytest.raises(ValueError, match=name):
        Exercise(**arguments)


def test_what_is_shown_in_a_notebook(monkeypatch, ratio):
    displayed = []
    monkeypatch.setattr("companion.teaching.exercises._shell", lambda: object())
    monkeypatch.setattr("IPython.display.display", lambda bundle, **options: displayed.append((bundle, options)))
    ratio.check(sp.sqrt(4**n - 1) / k)
    bundle, options = displayed[0]
    assert bundle["text/plain"].startswith("✓ Right · the ratio: SymPy proves")
    assert bundle["text/markdown"].startswith("> **✓ Right** — the ratio")
    assert options["metadata"] == {"exercise": {"question": "the ratio", "right": True}}


@pytest.mark.parametrize("wrong", [1001, 1000.5, sp.Rational(10001, 10), 999.9])
def test_a_whole_number_must_be_hit(capsys, wrong):
    exercise = Exercise("whole", answer=lambda: sp.Integer(1000))
    assert said(capsys, exercise, wrong).startswith("Not yet")
    assert said(capsys, exercise, 1000.0).startswith("✓ Right")
    assert said(capsys, exercise, 1000).startswith("✓ Right")


def test_a_wrong_closed_form_is_no_rounding(capsys, count):
    assert said(capsys, count, 9 * sp.exp(4) + sp.Rational(1, 10)).startswith("Not yet")


def test_rounded_answers(capsys):
    exercise = Exercise("rounded", answer=lambda: 0.8413)
    assert said(capsys, exercise, 0.8417).startswith("✓ Right")
    assert said(capsys, exercise, sp.Rational(8413, 10000)).startswith("✓ Right")
    assert "too large" in said(capsys, exercise, 0.85)
    assert "Nothing was checked" in said(capsys, exercise, float("nan"))


def test_tuples(capsys):
    exercise = Exercise("both roots", answer=lambda: (-sp.sqrt(2), sp.sqrt(2)))
    assert said(capsys, exercise, (-sp.sqrt(2), 2 / sp.sqrt(2))).startswith("✓ Right")
    assert said(capsys, exercise, (-1.4142, 1.4142)).startswith("✓ Right")
    assert "In place 2, yours is about 41 % too large." in said(capsys, exercise, (-sp.sqrt(2), 2))
    for wrong in (sp.sqrt(2), (1, 2, 3), "12", None):
        assert "a tuple of 2 numbers" in said(capsys, exercise, wrong)


def test_equations(capsys):
    exercise = Exercise("the law", answer=lambda: sp.Eq(k, (n + 1) ** 2))
    assert said(capsys, exercise, sp.Eq(k, n**2 + 2 * n + 1)).startswith("✓ Right")
    assert "On the right of =, at" in said(capsys, exercise, sp.Eq(k, n**2))
    assert "an equation in k, n" in said(capsys, exercise, n**2)
    assert "an equation in k, n" in said(capsys, exercise, k == n)


def test_domain_and_relations_restrict_the_comparison(capsys):
    u = sp.Symbol("u", real=True)
    exercise = Exercise("root", answer=lambda: sp.sqrt((1 - u) ** 2), domain={u: (-1, 1)})
    assert said(capsys, exercise, 1 - u).startswith("✓ Right")
    assert said(capsys, exercise, u - 1).startswith("Not yet")


@pytest.mark.parametrize("answer", ["text", None, float("nan"), sp.oo, {1}])
def test_an_answer_that_is_none_is_the_author_s_mistake(answer):
    with pytest.raises(ValueError, match="answer of 'q'"):
        Exercise("q", answer=lambda: answer).check(1)
