"""Linear prediction of Gaussian sequences: each formula against a brute-force computation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import prediction

PHI = st.floats(-0.9, 0.9)


@given(phi=PHI, L=st.integers(2, 8))
def test_masked_weights_are_conditional_means(phi, L):
    S = prediction.ar1_cov(phi, L)
    weights = prediction.masked_weights(S)
    for i in range(L):
        others = np.delete(np.arange(L), i)
        np.testing.assert_allclose(
            weights[i, others], np.linalg.solve(S[np.ix_(others, others)], S[others, i]), atol=1e-10
        )
        assert weights[i, i] == 0


def test_a_flattened_image():
    S = prediction.field_cov(0.8, 0.6, 9, 16)
    i = 4 * 16 + 7
    weights = prediction.masked_weights(S)[i]
    h, v = 0.8 / 1.64, 0.6 / 1.36
    near = {1: h, -1: h, 16: v, -16: v, 17: -h * v, 15: -h * v, -17: -h * v, -15: -h * v}
    for lag, value in near.items():
        assert weights[i + lag] == pytest.approx(value, abs=1e-12)
    assert np.abs(np.delete(weights, [i + lag for lag in near])).max() < 1e-12
    assert S[i, i + 17] == pytest.approx(0.8 * 0.6)


def test_gradient_of_the_bias_by_differences():
    rng = np.random.default_rng(0)
    r, b, Gamma = rng.normal(size=5), rng.normal(size=5), prediction.ar1_cov(0.5, 5)

    def loss(b):
        alpha = np.exp(b) / np.exp(b).sum()
        return 1 - 2 * alpha @ r + alpha @ Gamma @ alpha

    steps = 1e-6 * np.eye(5)
    slopes = [(loss(b + step) - loss(b - step)) / 2e-6 for step in steps]
    np.testing.assert_allclose(prediction.bias_gradient(r, Gamma, b), slopes, atol=1e-8)


def test_the_largest_of_several():
    assert prediction.lag_success(0.0, 32) == pytest.approx(1 / 32)
    assert prediction.lag_success(1.0, 2) == pytest.approx(0.7602499)  # Φ(1/√2)
    np.testing.assert_allclose(prediction.lag_success([[9.0], [-9.0]], 5), [[1], [0]], atol=1e-6)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: prediction.ar1_cov(1.0, 3), "phi must lie between -1 and 1, got 1.0"),
        (lambda: prediction.ar1_cov(0.5, 0), "L must be a whole number of at least 1, got 0"),
        (lambda: prediction.masked_weights(np.ones((2, 3))), r"S must have shape \(2, 2\), got \(2, 3\)"),
        (lambda: prediction.masked_weights([[1, 2], [0, 1]]), "S must be symmetric, got entries that differ by 2"),
        (lambda: prediction.masked_weights(np.ones((2, 2))), "S must be positive definite"),
        (lambda: prediction.bias_gradient([1], [[1]], [1, 2]), r"b must have shape \(1,\), got \(2,\)"),
        (lambda: prediction.lag_success(1.0, 0), "M must be a whole number of at least 1, got 0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
