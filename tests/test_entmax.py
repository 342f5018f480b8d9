"""companion.entmax: entmax from softmax to sparsemax, its thresholds, Jacobian, entropy and loss."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import brentq

from companion.entmax import entmax, entmax_jacobian, entmax_loss, half_l1, sparsemax, tsallis_entropy
from companion.softmax import softmax

scores = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-50, 50))


entmax_orders = st.sampled_from([1, 1.25, 1.5, 1.75, 2])


def by_root(x, order):
    """Entmax of one vector by a root finder."""
    beta = order - 1
    z = beta * (np.asarray(x) - np.max(x))

    def p(threshold):
        return np.maximum(z - threshold, 0) ** (1 / beta)

    return p(brentq(lambda threshold: p(threshold).sum() - 1, -1, 0, xtol=1e-14, rtol=1e-14))


def test_sparsemax_and_entmax_of_known_vectors():
    np.testing.assert_allclose(sparsemax([1, 0.5, 0]), [0.75, 0.25, 0])
    np.testing.assert_allclose(sparsemax([[0, 1], [0.2, 0]]), [[0, 1], [0.6, 0.4]])
    # Two entries, gap 1: √p₁ − √p₂ = 1/2 with p₁ + p₂ = 1.
    np.testing.assert_allclose(entmax([1, 0]), [(1 + np.sqrt(7)) ** 2 / 16, (np.sqrt(7) - 1) ** 2 / 16])


@pytest.mark.parametrize("order", [1.2, 1.5, 2])
def test_entmax_of_gaps_that_overflow(order):
    np.testing.assert_array_equal(entmax([1e308, -1e308], order), [1, 0])


@pytest.mark.parametrize("order", [1.25, 1.5, 2])
def test_entmax_at_the_gap_where_the_loser_gets_nothing(order):
    np.testing.assert_array_equal(entmax([1 / (order - 1), 0, 0], order), [1, 0, 0])
    assert (entmax([0.99 / (order - 1), 0, 0], order) > 0).all()


@given(scores.map(lambda x: x / 10), st.sampled_from([1.25, 1.5, 1.75, 2]))
def test_entmax_agrees_with_a_root_finder(x, order):
    np.testing.assert_allclose(entmax(x, order), [by_root(row, order) for row in x], atol=1e-9)


@pytest.mark.parametrize("order", [1.5, 2])
def test_entmax_of_rows_with_large_and_small_supports(order):
    rng = np.random.default_rng(0)
    x = np.concatenate([rng.standard_normal((3, 1000)) * 1e-4, 3 * rng.standard_normal((3, 1000)), np.zeros((1, 1000))])
    p = entmax(x, order)
    assert (p > 0).sum(axis=-1).max() == 1000
    np.testing.assert_allclose(p, [by_root(row, order) for row in x], atol=1e-11)


@pytest.mark.parametrize("order", [1.5, 2])
def test_entmax_of_long_rows_with_few_entries_near_the_top(order):
    x = 3 * np.random.default_rng(5).standard_normal((2, 3, 1000))
    x[0, 1, 500] = 100
    p = entmax(x, order)
    assert (p > 0).sum(axis=-1).max() < 50
    np.testing.assert_allclose(p.reshape(6, -1), [by_root(row, order) for row in x.reshape(6, -1)], atol=1e-11)


@given(scores.map(lambda x: x / 10), entmax_orders, st.floats(-100, 100))
def test_entmax_is_a_distribution_in_order_and_ignores_a_common_shift(x, order, shift):
    p = entmax(x, order)
    np.testing.assert_allclose(p.sum(axis=-1), 1, atol=1e-12)
    assert (p >= 0).all()
    sorted_by_x = np.take_along_axis(p, np.argsort(x, axis=-1, kind="stable"), axis=-1)
    assert (np.diff(sorted_by_x, axis=-1) >= -1e-12).all()
    np.testing.assert_allclose(entmax(x + shift, order), p, atol=1e-6)


@given(scores.map(lambda x: x / 10), entmax_orders, st.integers(0, 9))
def test_entmax_maximises_the_mean_logit_plus_the_entropy(x, order, seed):
    p, q = entmax(x, order), np.random.default_rng(seed).dirichlet(np.ones(x.shape[-1]), x.shape[0])
    best, other = (((r * x).sum(axis=-1) + tsallis_entropy(r, order)) for r in (p, q))
    assert (best >= other - 1e-9).all()


@pytest.mark.parametrize("order", [1, 1.3, 1.5, 2])
def test_masked_entries_get_nothing_and_count_for_nothing(order):
    masked = entmax([0.3, -np.inf, 0.1], order)
    assert masked[1] == 0
    np.testing.assert_allclose(masked[[0, 2]], entmax([0.3, 0.1], order))


@pytest.mark.parametrize("order", [1, 1.5, 2])
def test_entmax_between_the_exact_orders_tends_to_them(order):
    x = np.random.default_rng(0).standard_normal((20, 8))
    near = order + (1e-7 if order < 2 else -1e-7)
    np.testing.assert_allclose(entmax(x, near), entmax(x, order), atol=1e-5)


def test_few_iterations_are_a_rough_answer():
    x = np.array([1.0, 0.5, -0.2])
    assert np.abs(entmax(x, 1.3, iterations=3) - entmax(x, 1.3)).max() > 1e-3


@given(arrays(float, (2, 5), elements=st.floats(-2, 2)), entmax_orders)
def test_entmax_jacobian_is_the_derivative(x, order):
    p, h = entmax(x, order), 1e-6
    J = entmax_jacobian(p, order)
    steps = h * np.eye(5)
    slopes = (entmax(x[:, None] + steps, order) - entmax(x[:, None] - steps, order)) / (2 * h)
    # Not next to a kink, where an entry is about to enter or to leave the support.
    beta = order - 1
    if beta:
        best = p.argmax(axis=-1, keepdims=True)
        threshold = beta * np.take_along_axis(x, best, -1) - np.take_along_axis(p, best, -1) ** beta
        smooth = (np.abs(beta * x - threshold) > 1e-3).all(axis=-1)
    else:
        smooth = np.ones(len(x), bool)
    np.testing.assert_allclose(J[smooth], np.swapaxes(slopes, -1, -2)[smooth], atol=1e-5)
    np.testing.assert_allclose(half_l1(p, order), np.abs(J).sum(axis=(-1, -2)) / 2, atol=1e-12)
    np.testing.assert_allclose(half_l1(p, order), np.trace(J, axis1=-2, axis2=-1), atol=1e-12)


def test_half_l1_of_known_distributions():
    assert half_l1([0.5, 0.5, 0], 2) == pytest.approx(1)
    assert half_l1([0.5, 0.25, 0.25], 1) == pytest.approx(1 - 3 / 8)
    assert half_l1([1, 0, 0]) == 0
    assert half_l1(np.full(8, 1 / 8)) == pytest.approx(7 / np.sqrt(8))


def test_tsallis_entropy_of_known_distributions():
    assert tsallis_entropy([0.5, 0.5, 0], 2) == pytest.approx(1 / 4)
    assert tsallis_entropy([0.25] * 4, 1.5) == pytest.approx(2 / 3)
    assert tsallis_entropy([0.5, 0.5], 1) == pytest.approx(np.log(2))
    assert tsallis_entropy([0.7, 0.3], 1 + 1e-7) == pytest.approx(tsallis_entropy([0.7, 0.3], 1), abs=1e-6)


@given(arrays(float, (5,), elements=st.floats(-3, 3)), st.integers(0, 4), entmax_orders)
def test_the_gradient_of_the_loss_is_p_minus_the_label(x, target, order):
    h = 1e-5
    slopes = (entmax_loss(x + h * np.eye(5), target, order) - entmax_loss(x - h * np.eye(5), target, order)) / (2 * h)
    np.testing.assert_allclose(slopes, entmax(x, order) - np.eye(5)[target], atol=2e-5)


def test_the_loss_of_known_vectors():
    x = np.array([1, 0.5, 0])
    # Σ over the support {1, 1/2}, λ = 1/4: 1/2 − x_t + (1 + 1/4 − 2/16)/2.
    np.testing.assert_allclose([entmax_loss(x, t, 2) for t in range(3)], 1 / 2 - x + (5 / 4 - 1 / 8) / 2)
    np.testing.assert_allclose(entmax_loss([x, x], [0, 2], 1), -np.log(softmax(x)[[0, 2]]))
    assert entmax_loss([2.0, 0.0, -1.0], 0) == 0
    assert entmax_loss([1.99, 0.0, -1.0], 0) > 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: entmax([0.0, 1.0], 2.5), "order must lie between 1 and 2, got 2.5"),
        (lambda: entmax([0.0, 1.0], 0.9), "got 0.9"),
        (lambda: entmax([0.0, np.nan], 1.5), "x must have a finite maximum along its last axis, got maximum nan"),
        (lambda: entmax([[0.0, 1.0], [-np.inf, -np.inf]], 2), "got maximum -inf"),
        (lambda: sparsemax([]), r"x needs at least 1 entry on axis -1, got shape \(0,\)"),
        (lambda: entmax_jacobian([0.5, 0.5], 3), "order must lie between 1 and 2, got 3"),
        (lambda: half_l1([0.5, 0.4]), "sum of 0.9"),
        (lambda: tsallis_entropy([0.5, 0.5], 0.5), "order must be one finite number of at least 1, got 0.5"),
        (lambda: entmax_loss([0.0, 1.0], 2), "target must be whole numbers from 0 to 1, got 2"),
        (lambda: entmax_loss([0.0, 1.0], -1, 1), "got -1"),
        (lambda: entmax_loss([0.0, 1.0], 0.5), "got 0.5"),
        (lambda: entmax_loss([[0.0, 1.0]], [0, 1]), r"target must broadcast to shape \(1,\), got shape \(2,\)"),
    ],
)
def test_entmax_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call()
