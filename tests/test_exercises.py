"""Exercises: right answers in any form, wrong ones with a point, and nothing evaluated that is no expression."""

import json
import subprocess
import sys
from typing import ClassVar

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
    at = "in entry (1, 2), at k = 1 yours gives 1, the answer is -1."
    assert f"Yours is the inverse of the answer: {at}" in said(capsys, exercise, sp.Matrix([[1, k], [0, 1]]))
    assert "In entry (2, 2), yours is about 2 times too large." in said(capsys, exercise, sp.Matrix([[1, -k], [0, 2]]))
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


@pytest.fixture
def displayed(monkeypatch):
    shown = []
    monkeypatch.setattr("companion.teaching.exercises.ipython", lambda: object())
    monkeypatch.setattr(
        "IPython.display.display", lambda bundle, **options: shown.append((bundle, options["metadata"]))
    )
    return shown


def test_what_is_shown_in_a_notebook(displayed, ratio):
    ratio.check(sp.sqrt(4**n - 1) / k)
    bundle, metadata = displayed[0]
    assert bundle["text/plain"].startswith("✓ Right · the ratio: SymPy proves")
    assert bundle["text/markdown"].startswith("> **✓ Right** — the ratio")
    assert metadata == {"exercise": {"question": "the ratio", "right": True}}


def test_an_exercise_that_waits_carries_itself_as_data(displayed, ratio):
    ratio.check(...)
    bundle, metadata = displayed[0]
    assert bundle["text/plain"] == "Exercise · the ratio: Your turn: put your answer in place of the dots."
    data = json.loads(json.dumps(metadata["exercise"]["data"]))
    again = Exercise.from_data(data)
    for given in (sp.sqrt(4**n - 1) / k, sp.sqrt(4**n) / k, -sp.sqrt(4**n - 1) / k, n, 3):
        assert again.verdict(given) == ratio.verdict(given)


def test_beside_its_data_stands_what_the_notebook_calls_its_symbols(displayed, monkeypatch):
    class Shell:
        """A notebook's variables: a symbol under other names, one that is named so, another one, and hidden ones."""

        beta, gamma = sp.symbols("beta gamma", positive=True)
        user_ns: ClassVar = {"rate_b": beta, "beta": beta, "gamma": beta, "_7": beta, "n": n, "two": 2}

    monkeypatch.setattr("companion.teaching.exercises.ipython", Shell)
    Exercise("the sum", answer=lambda: Shell.beta + Shell.gamma).check(...)
    assert displayed[0][1]["exercise"]["names"] == {"rate_b": "beta"}


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
    assert "In place 2, yours is the square of the answer." in said(capsys, exercise, (-sp.sqrt(2), 2))
    assert "In place 2, yours is about 6.1 % too large." in said(capsys, exercise, (-sp.sqrt(2), 1.5))
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


x, y, a = sp.symbols("x y a", positive=True)
LAMBDA = sp.Symbol("lambda", positive=True)


@pytest.mark.parametrize(
    ("answer", "given", "says"),
    [
        (x**2 + y, -(x**2) - y, "yours has the wrong sign"),
        (x**2 + y, sp.pi * (x**2 + y), "yours is off by a constant factor"),
        (x**2 + y, -2 * x**2 - 2 * y, "yours is off by a constant factor"),
        (x**2 + y, x**2 + y - sp.log(2), "yours is off by an added constant"),
        (x**2 + y, 1 / (x**2 + y), "yours is the reciprocal of the answer"),
        (x**2 + y, (x**2 + y) ** 2, "yours is the square of the answer"),
        (x**2 + y, sp.sqrt(x**2 + y), "yours is a square root of the answer"),
        (sp.exp(-x), 1 - sp.exp(-x), "yours is one minus the answer"),
        (x**2 + y, y**2 + x, "yours has x and y exchanged"),
        (x**2 + y, x**2 - y, "yours has the wrong sign of y"),
        (x**2 + y, x**2 + 3 * y, "yours has y with another factor"),
        (x**2 + y, x**3 + y, ""),
        (x**2 + y, x**4 + y, "yours has another power of x"),
        (x**2 + y, x**3 + x * y, "yours is off by a power of x"),
        (sp.exp(-x * y), sp.exp(-2 * x * y), "yours is the square"),
        (sp.exp(-x * y) + 1, sp.exp(-2 * x * y) + 1, "yours has x or y with another factor"),
        (x**2 + y, 2 * x, "yours is the derivative of the answer by x"),
        (x**2 + y, x**3 / 3 + x * y, "the answer is the derivative of yours by x"),
        (x**2 + y, x * y, ""),
        (sp.Integer(2), 4, ""),
        (sp.Integer(9), 3, ""),
        (sp.Rational(1, 2), sp.Rational(1, 4), ""),
        (sp.Rational(1, 3), 3, "yours is the reciprocal"),
        (sp.sqrt(2) + 1, 3 + 2 * sp.sqrt(2), "yours is the square"),
        (sp.Integer(7), 8, "yours is off by one"),
        (LAMBDA**2, -(LAMBDA**2), "yours has the wrong sign"),
        (LAMBDA**2, 2 * LAMBDA, "yours is the derivative of the answer by lambda"),
    ],
)
def test_a_typical_mistake_is_named(answer, given, says):
    verdict = Exercise("q", answer=lambda: answer).verdict(given)
    assert verdict.right is False
    assert verdict.message.lower().startswith(says)
    assert says or not verdict.message.lower().startswith(("yours has", "the answer is the"))


def test_the_sentence_of_a_mistake_shows_a_point_as_well():
    verdict = Exercise("root", answer=lambda: sp.sqrt(4**n - 1)).verdict(-sp.sqrt(4**n - 1))
    assert verdict.message.startswith("Yours has the wrong sign: at n = ")
    assert "sqrt" not in verdict.message


def test_what_only_looks_like_a_mistake_is_not_named():
    """|x| is proportional to x on either side of 0, not on the whole line."""
    r = sp.Symbol("r", real=True)
    verdict = Exercise("q", answer=lambda: r).verdict(2 * sp.Abs(r))
    assert verdict.right is False
    assert "factor" not in verdict.message


def test_foreseen_mistakes_come_first():
    exercise = Exercise("slope", answer=lambda: x**2, mistakes={lambda: -(x**2): "you went the other way."})
    assert exercise.verdict(-x * x).message.startswith("You went the other way: at x = ")
    assert exercise.verdict(2 * x**2).message.startswith("Yours is off by a constant factor")


def test_a_foreseen_mistake_may_hold_a_symbol_that_the_answer_has_not():
    exercise = Exercise("limit", answer=lambda: x**2, mistakes={lambda: x**2 * y: "y cancels"})
    assert exercise.verdict(x**2 * sp.Symbol("y")).message == "y cancels."
    assert "y does not occur in the answer" in exercise.verdict(x + y).message


@pytest.mark.parametrize("wrong", [54.6, 54.598, sp.exp(4)])
def test_a_foreseen_number_may_be_rounded(wrong):
    exercise = Exercise("keys", answer=lambda: 9 * sp.exp(4), mistakes={lambda: sp.exp(4): "nine times as many"})
    assert exercise.verdict(wrong).message == "Nine times as many."


def test_up_to_a_constant():
    exercise = Exercise("antiderivative", answer=lambda: sp.atan(x) / a, same="up to a constant")
    for right in (sp.atan(x) / a, sp.atan(x) / a + 5, sp.atan(x) / a + sp.Symbol("C")):
        assert exercise.verdict(right).message == "SymPy proves it equal to the answer, up to a constant."
    # What depends on one of the answer's symbols is no constant.
    assert exercise.verdict(sp.atan(x) / a + a).right is False
    assert exercise.verdict(2 * sp.atan(x) / a).message.startswith("Yours is off by a constant factor")
    assert "C does not occur" in exercise.verdict(sp.Symbol("C") * sp.atan(x) / a).message


def test_proportional():
    exercise = Exercise("density", answer=lambda: x * sp.exp(-a * x), same="proportional")
    for right in (x * sp.exp(-a * x), -3 * x * sp.exp(-a * x), sp.Symbol("C") * x * sp.exp(-a * x)):
        assert exercise.verdict(right).right is True
        assert Exercise.from_data(exercise.to_data()).verdict(right).right is True
    for wrong in (a * x * sp.exp(-a * x), x * sp.exp(-a * x) + 1, 0, x**2):
        assert exercise.verdict(wrong).right is False


def test_a_vector_may_be_proportional():
    exercise = Exercise("eigenvector", answer=lambda: sp.Matrix([1, sp.sqrt(2)]), same="proportional")
    assert exercise.verdict(sp.Matrix([sp.sqrt(2), 2])).right is True
    assert exercise.verdict(sp.Matrix([1, -sp.sqrt(2)])).right is False
    assert exercise.verdict(sp.Matrix([0, 0])).right is False


def test_equations_may_be_turned_round():
    u, v = sp.symbols("u v", real=True)
    exercise = Exercise("law", answer=lambda: sp.Eq(u, (v + 1) ** 2))
    assert exercise.verdict(sp.Eq(v**2 + 2 * v + 1, u)).right is True
    assert exercise.verdict(sp.Eq(u, -((v + 1) ** 2))).message.startswith("On the right of =, yours has the wrong sign")


@pytest.mark.parametrize(
    ("arguments", "name"),
    [
        ({"same": "equal"}, "same"),
        ({"same": "up to a constant", "answer": lambda: sp.Integer(3)}, "same"),
        ({"same": "up to a constant", "answer": lambda: sp.Matrix([x, y])}, "same"),
        ({"same": "proportional", "answer": lambda: sp.Matrix([0, 0])}, "same"),
        ({"mistakes": {x: "no function"}}, "mistakes"),
        ({"mistakes": [lambda: x]}, "mistakes"),
        ({"mistakes": {lambda: -x: " "}}, "mistakes"),
        ({"mistakes": {lambda: x + 0: "right"}}, "is right"),
        ({"mistakes": {lambda: sp.Matrix([x]): "another kind"}}, "another kind"),
        ({"mistakes": {lambda: x + sp.Symbol("x"): "two symbols called x"}}, "called x"),
        ({"answer": lambda: x + sp.Dummy("u")}, "Dummy"),
        ({"domain": {x: (1, 1)}}, "domain"),
        ({"answer": lambda: ()}, "answer"),
    ],
)
def test_exercises_that_say_nothing_are_refused(arguments, name):
    with pytest.raises(ValueError, match=name):
        Exercise(**({"question": "q", "answer": lambda: x} | arguments))


@pytest.mark.parametrize(
    "exercise",
    [
        Exercise("lambda", answer=lambda: LAMBDA**2 + 1, mistakes={lambda: LAMBDA: "the square"}),
        Exercise("tuple", answer=lambda: (x, sp.Rational(1, 3)), mistakes={lambda: (x, sp.Integer(3)): "turn it over"}),
        Exercise("matrix", answer=lambda: sp.Matrix([[x, sp.I], [0, 1]]), same="proportional"),
        Exercise("equation", answer=lambda: sp.Eq(x, y**2)),
        Exercise("rounded", answer=lambda: 0.8413, rtol=1e-2),
        Exercise("region", answer=lambda: x * y, domain={x: (0.3, 1), y: (0, sp.oo)}, assuming=[x < y]),
        Exercise("branches", answer=lambda: sp.Piecewise((x, x > 1), (y, True))),
        Exercise("integral", answer=lambda: sp.Integral(sp.exp(-(x**2)) * sp.Function("f")(x), (x, 0, y))),
    ],
    ids=lambda exercise: exercise.question,
)
def test_an_exercise_comes_back_from_its_data(exercise):
    data = json.loads(json.dumps(exercise.to_data()))
    assert Exercise.from_data(data).to_data() == exercise.to_data()


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os').getcwd()",
        "Symbol('x').name",
        "sympify('1')",
        "simplify(Integer(1))",
        "Add('1+1')",
        "x",
        "Symbol(",
        "Integer(1)(2)",
    ],
)
def test_data_is_read_and_never_evaluated(text):
    data = Exercise("q", answer=lambda: x).to_data() | {"answer": text}
    with pytest.raises(ValueError, match=r"SymPy|function"):
        Exercise.from_data(data)


@pytest.mark.parametrize("data", [None, {}, {"question": "q"}])
def test_data_of_another_form_are_refused(data):
    with pytest.raises(ValueError, match="data"):
        Exercise.from_data(data)


def test_sympy_is_all_that_an_exercise_needs():
    """As in a reader's browser, where nothing else is installed."""
    code = """
import sys
class Nothing:
    def find_spec(self, name, path=None, target=None):
        if name.split(".")[0] in ("numpy", "scipy", "matplotlib", "IPython", "ipywidgets"):
            raise ModuleNotFoundError(name)
sys.meta_path.insert(0, Nothing())
import sympy as sp
from companion.teaching.exercises import Exercise
x = sp.Symbol("x", positive=True)
exercise = Exercise("q", answer=lambda: x**2)
print(exercise.verdict(-x * x).message.split(":")[0])
Exercise.from_data(exercise.to_data()).check(x * x)
"""
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=300, check=False)
    assert run.returncode == 0, run.stderr
    assert run.stdout.splitlines() == ["Yours has the wrong sign", "✓ Right · q: SymPy proves it equal to the answer."]


def test_the_data_hold_the_domain():
    u = sp.Symbol("u", real=True)
    exercise = Exercise("root", answer=lambda: sp.sqrt((1 - u) ** 2), domain={u: (-1, 1)})
    assert Exercise.from_data(exercise.to_data()).verdict(1 - u).right is True


def test_of_several_explanations_of_a_number_none_is_named():
    """Of i, minus itself is also the reciprocal and the conjugate."""
    assert Exercise("unit", answer=lambda: 2 * sp.I).verdict(-2 * sp.I).message == "Yours is off."


def test_an_equation_that_holds_comes_back():
    exercise = Exercise("identity", answer=lambda: sp.Eq(x, x, evaluate=False))
    assert Exercise.from_data(exercise.to_data()).verdict(sp.Eq(x, x, evaluate=False)).right is True
