"""companion.softmax: softmax and its relatives, its Jacobian and its entropy."""

import numpy as np
import pytest
import scipy.special
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from companion import softmax as module
from companion.softmax import (
    jacobian,
    margin_loss,
    perturb_max,
    renyi_entropy,
    softmax,
    taylor_softmax,
    topk_softmax,
)

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


def test_taylor_softmax_of_known_vectors():
    np.testing.assert_allclose(taylor_softmax([0.0, 1.0]), [2 / 7, 5 / 7])
    np.testing.assert_allclose(taylor_softmax([-1.0, -3.0]), [1 / 6, 5 / 6])
    np.testing.assert_allclose(taylor_softmax([[1.0, -2.0], [0.0, 0.0]], 4)[0], np.array([65, 8]) / 73)


def test_taylor_softmax_tends_to_softmax_and_does_not_overflow():
    x = np.array([0.3, -1.2, 2.0])
    np.testing.assert_allclose(taylor_softmax(x, 20), softmax(x), atol=1e-12)
    np.testing.assert_allclose(taylor_softmax([1e200, 2e200]), [0.2, 0.8])


def test_topk_softmax_of_known_vectors():
    np.testing.assert_allclose(topk_softmax(np.log([1.0, 2, 3, 6]), 2), [0, 0, 1 / 3, 2 / 3])
    np.testing.assert_array_equal(topk_softmax([5.0, 1, 1, 1], 3) > 0, [True, True, True, False])
    np.testing.assert_array_equal(topk_softmax([[0.0, 1], [1, 0]], 1), [[0, 1], [1, 0]])


@given(scores)
def test_topk_softmax_of_all_entries_is_softmax(x):
    np.testing.assert_allclose(topk_softmax(x, x.shape[-1]), softmax(x))


def test_margin_loss_is_the_cross_entropy_of_lowered_logits():
    cos = np.array([[0.9, 0.2, -0.4], [0.1, 0.3, 0.5]])
    lowered = (cos - 0.25 * np.eye(3)[[0, 1]]) / 0.1
    np.testing.assert_allclose(margin_loss(cos, [0, 1], 0.25, 0.1), -np.log(softmax(lowered)[[0, 1], [0, 1]]))
    assert margin_loss([1.0, -1.0], 0, tau=1e-3) < 1e-300


def test_gumbel_noise_gives_softmax():
    x = np.array([[0.3, -1.0, 0.8, 2.0], [0.0, 0.0, 0.0, 0.0]])
    np.testing.assert_allclose(perturb_max(x), softmax(x), atol=1e-6)


def test_perturbed_winners_in_closed_form():
    gap = 0.7
    np.testing.assert_allclose(perturb_max([gap, 0], "exponential")[1], np.exp(-gap) / 2, atol=1e-4)
    np.testing.assert_allclose(perturb_max([gap, 0], "uniform")[1], (1 - gap) ** 2 / 2, atol=1e-6)
    np.testing.assert_allclose(perturb_max([gap, 0], "normal")[0], scipy.special.ndtr(gap / np.sqrt(2)), atol=1e-5)
    a = np.exp(gap)
    np.testing.assert_allclose(perturb_max([gap, 0], "logistic")[0], a * (a - 1 - np.log(a)) / (a - 1) ** 2, atol=1e-5)


@pytest.mark.parametrize("noise", module.NOISE)
@pytest.mark.parametrize("n", [6, 64])
def test_perturbed_winners_are_as_exact_as_promised(noise, n):
    rows, spread = (3, 3) if n == 6 else (1, 1)
    x = spread * np.random.default_rng(7).standard_normal((rows, n))
    p = perturb_max(x, noise)
    assert np.abs(p - perturb_max(x, noise, nodes=2**16)).max() < 1e-4
    assert np.abs(p.sum(axis=-1) - 1).max() < 1e-3


@pytest.mark.parametrize("noise", module.NOISE)
def test_perturbed_winners_nearly_sum_to_one_and_ignore_a_shift(noise):
    x = np.random.default_rng(1).standard_normal((4, 5))
    p = perturb_max(x, noise)
    np.testing.assert_allclose(p.sum(axis=-1), 1, atol=1e-3)
    np.testing.assert_allclose(perturb_max(x + 3, noise), p, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: taylor_softmax([0.0, 1.0], 3), "k must be even, .*got 3"),
        (lambda: taylor_softmax([0.0, 1.0], 0), "k must be a whole number of at least 2, got 0"),
        (lambda: topk_softmax([0.0, 1.0], 3), "k must be at most the number of entries, 2, got 3"),
        (lambda: topk_softmax([0.0, 1.0], 0), "k must be a whole number of at least 1, got 0"),
        (lambda: margin_loss([0.0, 1.1], 0), "cos must lie between -1 and 1, got 1.1"),
        (lambda: margin_loss([0.0, 1.0], 0, tau=0), "tau must be positive and finite, got 0"),
        (lambda: margin_loss([0.0, 1.0], 0, margin=-1), "margin must be one finite number of at least 0, got -1"),
        (lambda: margin_loss([0.0, 1.0], 5), "got 5"),
        (lambda: perturb_max([0.0, 1.0], "cauchy"), "noise must be one of .*got 'cauchy'"),
        (lambda: perturb_max([0.0, 1.0], nodes=0), "nodes must be a whole number of at least 1, got 0"),
    ],
)
def test_alternatives_refuse(call, message):
    with pytest.raises(ValueError, match=message):
        call()
