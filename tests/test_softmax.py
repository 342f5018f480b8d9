"""companion.softmax: probabilities, Rényi entropies, Jacobian."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from companion.softmax import jacobian, renyi_entropy, softmax

scores = arrays(float, st.tuples(st.integers(1, 4), st.integers(1, 6)), elements=st.floats(-50, 50))
orders = st.floats(0, 20)


def test_softmax_of_known_vectors():
    np.testing.assert_allclose(softmax([0, 0, 0, 0]), 1 / 4)
    np.testing.assert_allclose(softmax(np.log([1, 2, 5])), np.array([1, 2, 5]) / 8)


def test_softmax_does_not_overflow():
    np.testing.assert_array_equal(softmax([1e308, 0.0]), [1, 0])
    np.testing.assert_array_equal(softmax([-1e308, -1e308]), [0.5, 0.5])


def test_masked_keys_get_nothing():
    np.testing.assert_array_equal(softmax([0, -np.inf, 0]), [0.5, 0, 0.5])


@given(scores, st.sampled_from([0, 1, -1]))
def test_softmax_agrees_with_scipy_along_any_axis(x, axis):
    np.testing.assert_allclose(softmax(x, axis=axis), scipy.special.softmax(x, axis=axis), rtol=1e-12)


@given(scores, st.floats(-1e3, 1e3))
def test_softmax_ignores_a_common_shift(x, shift):
    np.testing.assert_allclose(softmax(x + shift), softmax(x), rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize(
    ("x", "message"),
    [
        (1.0, r"at least 1 entry on axis -1, got shape \(\)"),
        (np.empty((2, 0)), r"got shape \(2, 0\)"),
        ([0, np.nan], "got maximum nan"),
        ([0, np.inf], "got maximum inf"),
        ([[0, 1], [-np.inf, -np.inf]], "got maximum -inf"),
    ],
)
def test_softmax_refuses(x, message):
    with pytest.raises(ValueError, match=message):
        softmax(x)


def test_entropies_of_a_known_distribution():
    p = [1 / 2, 1 / 4, 1 / 4, 0]
    assert renyi_entropy(p, 0) == pytest.approx(np.log(3))
    assert renyi_entropy(p, 1) == pytest.approx(1.5 * np.log(2))
    assert renyi_entropy(p, 2) == pytest.approx(-np.log(3 / 8))
    assert renyi_entropy(p, np.inf) == pytest.approx(np.log(2))
    assert renyi_entropy(p) == renyi_entropy(p, 1)


@given(st.integers(1, 50), orders)
def test_every_entropy_of_the_uniform_distribution_is_log_n(n, order):
    assert renyi_entropy(np.full(n, 1 / n), order) == pytest.approx(np.log(n), abs=1e-9)


@given(scores, orders, orders)
def test_entropy_falls_with_its_order(x, a, b):
    p = softmax(x)
    low, high = sorted((a, b))
    assert (renyi_entropy(p, low) >= renyi_entropy(p, high) - 1e-9).all()


@given(scores)
def test_order_one_is_the_limit_from_both_sides(x):
    p = softmax(x / 10)
    for order in (1 - 1e-5, 1 + 1e-5):
        np.testing.assert_allclose(renyi_entropy(p, order), renyi_entropy(p, 1), atol=1e-3)


def test_large_orders_do_not_underflow():
    assert renyi_entropy(np.full(1000, 1e-3), 500) == pytest.approx(np.log(1000))


@pytest.mark.parametrize(
    ("p", "order", "message"),
    [
        ([0.5, 0.5], -1, "order must be one finite number of at least 0, got -1"),
        ([0.5, 0.5], np.nan, "got nan"),
        ([0.5, 0.4], 1, "sum of 0.9"),
        ([1.5, -0.5], 1, "got minimum -0.5"),
        ([], 1, r"got shape \(0,\)"),
        (1.0, 1, r"got shape \(\)"),
    ],
)
def test_entropy_refuses(p, order, message):
    with pytest.raises(ValueError, match=message):
        renyi_entropy(p, order)


@given(scores.map(lambda x: x / 20), st.floats(0.01, 4))
def test_jacobian_is_the_derivative_of_softmax(s, alpha):
    h = 1e-6
    J = jacobian(softmax(alpha * s), alpha)
    for j in range(s.shape[-1]):
        step = h * np.eye(s.shape[-1])[j]
        slope = (softmax(alpha * (s + step)) - softmax(alpha * (s - step))) / (2 * h)
        np.testing.assert_allclose(J[..., :, j], slope, atol=1e-8)


@given(scores, st.floats(0, 10))
def test_jacobian_is_a_graph_laplacian(x, alpha):
    p = softmax(x)
    J = jacobian(p, alpha)
    np.testing.assert_allclose(J.sum(axis=-1), 0, atol=1e-12)
    np.testing.assert_array_equal(J, np.swapaxes(J, -1, -2))
    assert (np.linalg.eigvalsh(J) >= -1e-12).all()
    # Half its L1 norm, its trace and its nuclear norm are one number.
    g = alpha * (1 - (p**2).sum(axis=-1))
    np.testing.assert_allclose(np.abs(J).sum(axis=(-2, -1)) / 2, g, atol=1e-12)
    np.testing.assert_allclose(np.abs(np.linalg.eigvalsh(J)).sum(axis=-1), g, atol=1e-10)


@pytest.mark.parametrize(
    ("p", "alpha", "message"),
    [([0.5, 0.4], 1, "sum of 0.9"), ([1.0], np.inf, "alpha must be one finite number of at least 0, got inf")],
)
def test_jacobian_refuses(p, alpha, message):
    with pytest.raises(ValueError, match=message):
        jacobian(p, alpha)
