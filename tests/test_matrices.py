import re

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st

from companion.matrices import Premises, any_rank, diagonal, full_rank, orthonormal, projector, transpose

EPS = sp.symbols("epsilon", positive=True)


def tall():
    """A of full column rank, and the inverse G of its Gram matrix."""
    premises = Premises("r <= n")
    A = premises.given("A n×r", draw=full_rank)
    G = premises.given("G r×r", symmetric=True, draw=lambda A: np.linalg.inv(A.T @ A))
    return premises, A, G


def penrose():
    """A of any rank, and X with Penrose's four equations as rules."""
    premises = Premises()
    A = premises.given("A n×r")
    X = premises.given("X r×n", draw=lambda A: np.linalg.pinv(A))
    T = transpose
    return premises.rules((A * X * A, A), (X * A * X, X), (T(X) * T(A), A * X), (T(A) * T(X), X * A)), A, X


def test_the_inverse_of_a_gram_matrix_cancels_inside_a_word():
    premises, A, G = tall()
    rules = premises.rules((G * transpose(A) * A, 1))
    assert rules.reduce(A * G * transpose(A) * A * G) == A * G
    # The transposed rule was not written down.
    assert rules.reduce(transpose(A) * A * G) == 1


def test_the_transpose_reverses_a_product_and_leaves_a_symmetric_letter():
    _, A, G = tall()
    assert transpose(2 * A * G + 3 * A) == 2 * G * transpose(A) + 3 * transpose(A)
    assert transpose(transpose(A)) == A


def test_rules_are_applied_until_none_applies():
    premises = Premises()
    P = premises.given("P n×n", symmetric=True, draw=projector)
    assert premises.rules((P * P, P)).reduce(P**5 + (1 - P) ** 3) == 1


def test_numbers_in_front_of_words():
    rules, A, X = penrose()
    assert sp.expand(rules.reduce((A * X + EPS) ** 2) - A * X - 2 * EPS * A * X - EPS**2) == 0


def test_powers_are_as_long_as_they_say():
    premises = Premises()
    assert premises.rules().trace(premises.given("C n×n") ** 3) == sp.Symbol("tr(C·C·C)", real=True)


def test_a_rule_that_is_wrong_by_a_factor_is_refused_with_its_gap():
    premises, A, G = tall()
    with pytest.raises(ValueError, match=r"the rule G\*A\^T\*A → 2 does not hold: its sides differ by 1 for n = "):
        premises.rules((G * transpose(A) * A, 2))


def test_a_rule_that_holds_for_full_rank_alone_is_refused_for_any_rank():
    premises = Premises("r <= n")
    A = premises.given("A n×r")
    X = premises.given("X r×n", draw=lambda A: np.linalg.pinv(A))
    with pytest.raises(ValueError, match="does not hold"):
        premises.rules((X * A, 1))


def test_a_rule_that_holds_for_tall_matrices_alone_is_refused_for_all_shapes():
    premises = Premises()
    A = premises.given("A n×r", draw=full_rank)
    X = premises.given("X r×n", draw=lambda A: np.linalg.pinv(A))
    with pytest.raises(ValueError, match="does not hold"):
        premises.rules((X * A, 1))


# --- rules that do not hold, though they hold by chance or for some sizes ---------------------------------------------


@pytest.mark.parametrize("k", range(2, 9))
def test_products_of_many_matrices_do_not_vanish_by_chance(k):
    """Each letter is 0 now and then, so of all examples few are left to show that the product is not."""
    premises = Premises()
    letters = premises.given(", ".join(f"{name} n×n" for name in "ABCDEFGH"[:k]))
    with pytest.raises(ValueError, match="does not hold"):
        premises.rules((sp.Mul(*letters), 0))


def test_rules_that_hold_next_to_a_row_a_column_or_a_rank_of_one_alone_are_refused():
    premises = Premises()
    A, B, C = premises.given("A n×r, B r×m, C m×n")
    P = premises.given("P n×n", symmetric=True, draw=projector)
    one = A * B * C
    for left, right in (
        (one * A * transpose(A) * A, A * transpose(A) * one * A),
        (P * one * P, P * transpose(one) * P),
        (one * P * transpose(one), transpose(one) * P * one),
    ):
        with pytest.raises(ValueError, match="does not hold"):
            premises.rules((left, right))


@pytest.mark.parametrize("power", range(1, 6))
def test_a_matrix_that_vanishes_in_small_sizes_alone(power):
    premises = Premises()
    N = premises.given("N n×n", draw=lambda rng, shape: np.triu(rng.normal(size=shape), 1))
    with pytest.raises(ValueError, match="does not hold"):
        premises.rules((N**power, 0))


@pytest.mark.parametrize("sizes", [("r < n",), ("r <= n",), ("n <= r",), ()])
def test_every_order_of_sizes_that_the_conditions_allow_occurs(sizes):
    premises = Premises(*sizes)
    premises.given("A n×r")
    seen = {np.sign(example["sizes"]["n"] - example["sizes"]["r"]) for example in premises.examples()}
    assert seen == {"r < n": {1}, "r <= n": {0, 1}, "n <= r": {-1, 0}, "": {-1, 0, 1}}["".join(sizes)]


@settings(max_examples=60, deadline=None)
@given(st.lists(st.sampled_from("AXEaxe"), min_size=2, max_size=5), st.lists(st.sampled_from("AXEaxe"), max_size=5))
def test_no_false_rule_about_a_pseudo_inverse_is_taken(left, right):
    """Words at random, judged on matrices of this test's own; the truth is known by one example larger than all."""
    premises = Premises()
    A = premises.given("A n×r")
    X, E = premises.given("X r×n", draw=lambda A: np.linalg.pinv(A)), premises.given("E r×n")
    symbols = {"A": A, "X": X, "E": E} | {"a": transpose(A), "x": transpose(X), "e": transpose(E)}
    rows = {"A": 0, "x": 0, "e": 0, "X": 1, "E": 1, "a": 1}
    rng = np.random.default_rng(0)
    a, e = rng.normal(size=(9, 4)) @ rng.normal(size=(4, 7)), rng.normal(size=(7, 9))
    values = {"A": a, "X": np.linalg.pinv(a), "E": e} | {"a": a.T, "x": np.linalg.pinv(a).T, "e": e.T}
    first = rows[left[0]]

    def chained(word):
        return [letter if rows[letter] == (first + k) % 2 else letter.swapcase() for k, letter in enumerate(word)]

    left, right = chained(left), chained(right[: len(right) - (len(right) - len(left)) % 2] if right else right)
    one = np.linalg.multi_dot([np.eye((9, 7)[first]), *(values[letter] for letter in left)])
    other = (
        0 * one if not right else np.linalg.multi_dot([np.eye((9, 7)[first]), *(values[letter] for letter in right)])
    )
    false = not np.allclose(one, other, rtol=0, atol=1e-7 * np.abs(one).max())
    pair = sp.Mul(*(symbols[x] for x in left)), sp.Mul(*(symbols[x] for x in right)) if right else 0
    if false:
        with pytest.raises(ValueError, match="does not hold"):
            premises.rules(pair)
    else:
        premises.rules(pair)


def test_coefficients_take_either_sign_and_many_values():
    premises = Premises()
    A, t, k = premises.given("A n×r"), sp.Symbol("t", real=True), sp.Symbol("k", integer=True)
    for wrong in (sp.Abs(t) / t, sp.sqrt(t**2) / t, (-1) ** k, sp.sign(t)):
        with pytest.raises(ValueError, match="does not hold"):
            premises.rules((A, wrong * A))
    assert premises.rules((A, (-1) ** (2 * k) * A)).reduce(EPS * A - EPS * A) == 0


def test_coefficients_take_the_signs_that_they_may_have():
    premises = Premises()
    A = premises.given("A n×r")

    def verdict(coefficient):
        try:
            premises.rules((A, coefficient * A))
        except ValueError as error:
            return str(error)
        return "holds"

    for sign, allowed in (("nonpositive", -1), ("nonnegative", 1), ("negative", -1), ("positive", 1), ("zero", 0)):
        assert verdict(1 + sp.sign(sp.Symbol("t", **{sign: True})) - allowed) == "holds", sign
    assert "coefficients must be real and finite, got i" in verdict(sp.Symbol("i", imaginary=True))


def test_rules_that_undo_each_other_do_not_run_for_ever():
    rules, A, X = penrose()
    circle = rules.premises.rules((A, A * X * A))
    with pytest.raises(ValueError, match="rules must come to an end"):
        circle.reduce(A)
    with pytest.raises(ValueError, match="rules must come to an end"):
        circle.trace(A * X)


def test_matrices_that_commute_are_put_in_order_once():
    premises = Premises()
    K = premises.given("K n×n", symmetric=True, draw=diagonal)
    L = premises.given("L n×n", symmetric=True, draw=diagonal)
    assert premises.rules((L * K, K * L)).reduce(L * K * L * K) == K**2 * L**2


def test_the_trace_knows_rotations_and_transposes():
    premises = Premises()
    A, B = premises.given("A n×r, B r×n")
    free = premises.rules()
    assert free.trace(A * B) == free.trace(B * A) == free.trace(transpose(A * B)) == sp.Symbol("tr(A·B)", real=True)
    assert free.norm2(A) == free.norm2(transpose(A)) != free.norm2(B)


def test_the_squared_norm_is_the_sum_of_all_squares():
    premises = Premises()
    C = premises.given("C n×n")
    assert premises.rules().norm2(C) == premises.rules().trace(C * transpose(C)) != premises.rules().trace(C * C)


def test_the_identity_counts_its_size_also_across_the_ends_of_a_word():
    premises, A, G = tall()
    n, r = sp.symbols("n r", integer=True, positive=True)
    rules = premises.rules((G * transpose(A) * A, 1))
    projection = A * G * transpose(A)
    assert rules.trace(projection) == r
    assert rules.norm2(projection - 1) == n - r


def test_a_word_that_vanishes_across_its_ends():
    premises = Premises()
    P, M = premises.given("P n×n", symmetric=True, draw=projector), premises.given("M n×m")
    B = premises.given("B n×m", draw=lambda P, M: P @ M)
    rules = premises.rules((P * B, B), (P * P, P))
    assert rules.norm2(B - M) == rules.norm2(M - P * M) + rules.norm2(B - P * M)
    N = premises.given("N n×n", draw=lambda rng, P: rng.normal(size=P.shape) @ (np.eye(len(P)) - P))
    assert premises.rules((N * P, 0)).trace(P * M * transpose(M) * N) == 0


def test_a_trace_does_not_chase_its_own_transpose():
    rules, A, X = penrose()
    assert rules.norm2(A * X - 1) == sp.Symbol("n", integer=True, positive=True) - sp.Symbol("tr(A·X)", real=True)


def test_sides_give_the_ledger_one_real_symbol_for_each_word():
    rules, A, X = penrose()
    one, a, x = sp.symbols("1 A·X X", real=True)
    assert rules.sides(A * X * A * X + 2, [X * A * X, 3 * X]) == (a + 2 * one, [x, 3 * x])


def test_a_number_may_be_given_too():
    premises = Premises()
    S = premises.given("S n×n", symmetric=True)
    premises.given("top", draw=lambda S: np.linalg.eigvalsh(S)[-1])
    top = sp.Symbol("top", real=True)
    u = premises.given("u n×1", draw=lambda S: np.linalg.eigh(S)[1][:, -1:])
    rules = premises.rules((S * u, top * u), (transpose(u) * u, 1))
    assert rules.reduce(transpose(u) * S * S * u) == top**2
    with pytest.raises(ValueError, match="does not hold"):
        premises.rules((S * u, u))


@settings(max_examples=25, deadline=None)
@given(st.lists(st.sampled_from("AXax"), min_size=1, max_size=7), st.integers(0, 2**32 - 1))
def test_what_is_reduced_equals_what_was_given(letters, seed):
    """On matrices of this test's own, larger than the examples and of rank 3."""
    rules, A, X = penrose()
    rng = np.random.default_rng(seed)
    a = rng.normal(size=(6, 3)) @ rng.normal(size=(3, 5))
    symbols = {"A": A, "X": X, "a": transpose(A), "x": transpose(X)}
    values = {"A": a, "X": np.linalg.pinv(a), "a": a.T, "x": np.linalg.pinv(a).T}
    # Only words whose sizes chain: every other letter is n×r, the ones between are r×n.
    flip = {"A": "a", "a": "A", "X": "x", "x": "X"}
    rows = {"A": 0, "x": 0, "X": 1, "a": 1}
    word = [letter if rows[letter] == k % 2 else flip[letter] for k, letter in enumerate(letters)]
    reduced = rules.reduce(sp.Mul(*(symbols[letter] for letter in word)))
    back = {symbols[letter]: letter for letter in symbols}
    product = np.linalg.multi_dot([np.eye(6), *(values[letter] for letter in word)])
    again = np.eye(6)
    for factor in reduced.as_ordered_factors():
        symbol, power = factor.as_base_exp()
        for _ in range(int(power)):
            again = again @ values[back[symbol]]
    assert np.allclose(product, again, atol=1e-8 * (1 + np.abs(product).max()))


@pytest.mark.parametrize("draw", [any_rank, full_rank, orthonormal])
def test_what_is_drawn_has_the_shape_and_moderate_singular_values(draw):
    rng = np.random.default_rng(0)
    for shape in ((1, 1), (2, 5), (5, 2), (3, 3)):
        s = np.linalg.svd(draw(rng, shape), compute_uv=False)
        assert all(value < 1e-12 or 0.49 < value < 2.01 for value in s)
        assert draw is any_rank or s.min() > 0.4


def test_every_rank_is_drawn():
    rng = np.random.default_rng(0)
    assert {np.linalg.matrix_rank(any_rank(rng, (3, 4))) for _ in range(60)} == {0, 1, 2, 3}
    assert {np.linalg.matrix_rank(projector(rng, (3, 3))) for _ in range(60)} == {0, 1, 2, 3}


def test_a_symmetric_matrix_has_eigenvalues_of_either_sign():
    premises = Premises()
    premises.given("S n×n", symmetric=True)
    values = [np.linalg.eigvalsh(example["S"]) for example in premises.examples()]
    assert any(v.min() < -0.1 < 0.1 < v.max() for v in values)


def test_examples_obey_the_sizes_and_vary():
    premises = Premises("r < n")
    premises.given("A n×r, v n×1")
    sizes = [(example["sizes"]["n"], example["sizes"]["r"]) for example in premises.examples()]
    assert all(r < n for n, r in sizes)
    assert len(set(sizes)) > 2
    assert all(example["v"].shape == (example["sizes"]["n"], 1) for example in premises.examples())
    assert Premises().rules().reduce(sp.Integer(3)) == 3


REFUSED = {
    "a condition in words": (lambda: Premises("n is large"), "n is large"),
    "sizes that cannot be met": (lambda: Premises("n < r", "r < n").rules((sp.Integer(1), 1)), "one word"),
    "no example of such sizes": (lambda: impossible(), "n < r, r < n"),
    "a name without its sizes' cross": (lambda: Premises().given("A nr"), "'A nr'"),
    "an empty name": (lambda: Premises().given(""), "''"),
    "a name given twice": (lambda: Premises().given("A n×r, A n×r"), "'A'"),
    "a symmetric matrix that is not square": (lambda: Premises().given("A n×r", symmetric=True), "'A n×r'"),
    "a draw of what is not known": (lambda: Premises().given("A n×r", draw=lambda B: B), "'B'"),
    "a draw of another shape": (lambda: drawn("A n×n", lambda shape: np.ones(3)), "for A"),
    "a draw of NaN": (lambda: drawn("A n×r", lambda shape: np.full(shape, np.nan)), "for A"),
    "a draw that is not symmetric": (lambda: drawn("A n×n", lambda rng, shape: rng.normal(size=shape), True), "for A"),
    "a draw that is always 0": (lambda: drawn("A n×r", lambda shape: np.zeros(shape)), "entries between 0.001 and 1e5"),
    "a draw that is as good as 0": (lambda: drawn("A n×r", lambda shape: np.full(shape, 1e-10)), "for A, got 1e-10"),
    "a draw that hides the others": (lambda: drawn("A n×r", lambda shape: np.full(shape, 1e9)), "for A, got 1e+09"),
    "a number that has the name of a size": (lambda: Premises().given("n, A n×n"), "'n'"),
    "a size that has the name of a number": (lambda: Premises("k < n").given("k"), "'k'"),
    "an imaginary factor": (lambda: free("I*C"), "coefficients must be real and finite, got I"),
    "a root of what may be negative": (lambda: free("sqrt(t)*C"), "got sqrt(t), which is "),
    "an infinite factor": (lambda: free("oo*C"), "got oo"),
    "a text": (lambda: Premises().rules().reduce("A"), "got the text 'A'"),
    "sizes that do not chain": (lambda: free("A*A"), r"A·A, where A is n×r and A is n×r"),
    "a sum of two shapes": (lambda: free("A + B"), "n×r and r×n"),
    "a number and a matrix that is not square": (lambda: free("A + 1"), "n×r"),
    "a matrix that was not given": (lambda: free("A*Z"), "Z"),
    "an inverse": (lambda: free("1/C"), "C"),
    "the trace of what is not square": (lambda: free("A", "trace"), "n×r"),
    "the trace of a number": (lambda: free("3", "trace"), "3"),
    "a rule that begins with a sum": (lambda: rule("C + 1", 1), "C"),
    "a rule that begins with a factor": (lambda: rule("2*C", 1), "2"),
    "a rule that begins with nothing": (lambda: rule("1", 1), "1"),
}


def free(text, kind="reduce"):
    premises = Premises()
    A, B, C = premises.given("A n×r, B r×n, C n×n")
    others = {
        "Z": sp.Symbol("Z", commutative=False),
        "I": sp.I,
        "oo": sp.oo,
        "sqrt": sp.sqrt,
        "t": sp.Symbol("t", real=True),
    }
    return getattr(premises.rules(), kind)(eval(text, {"A": A, "B": B, "C": C} | others))


def rule(text, right):
    premises = Premises()
    return premises.rules((eval(text, {"C": premises.given("C n×n")}), right))


def drawn(text, draw, symmetric=False):
    premises = Premises()
    return premises.rules((premises.given(text, symmetric, draw), 0))


def impossible():
    premises = Premises("n < r", "r < n")
    return premises.rules((premises.given("A n×r"), 0))


@pytest.mark.parametrize(("call", "said"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
