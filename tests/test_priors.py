"""Gaussian toys of pretraining: each formula against a brute-force computation."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import lra, prediction, priors, ridge

PHI = st.floats(-0.9, 0.9)


def spectrum(L=64, phi=0.9):
    return (1 - phi**2) / (1 - 2 * phi * np.cos(2 * np.pi * np.arange(L) / L) + phi**2)


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


@given(phi=PHI)
def test_causal_prediction_of_a_first_order_process(phi):
    np.testing.assert_allclose(priors.causal_weights(phi ** np.arange(6), 5), [phi, 0, 0, 0, 0], atol=1e-12)


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


@given(sigma=st.floats(0.1, 3))
def test_no_matrix_denoises_better(sigma):
    S, rng = prediction.ar1_cov(0.7, 4), np.random.default_rng(0)

    def loss(D):
        off = np.eye(4) - D
        return np.trace(off @ S @ off.T) + sigma**2 * np.trace(D @ D.T)

    D = priors.wiener(S, sigma)
    for _ in range(5):
        assert loss(D + 0.01 * rng.normal(size=(4, 4))) > loss(D)


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


@pytest.mark.parametrize(("n", "alpha"), [(8, 1.0), (32, 0.0), (96, 1.0)])
def test_ridge_risk_is_what_experiments_give(n, alpha):
    lam = spectrum(128)
    w2 = lam**alpha / (lam ** (1 + alpha)).sum()
    gain = lam / (lam + 1)
    mean, error = priors.simulate_ridge(lam, w2, gain, n, 0.3, 1.0, 200, np.random.default_rng(0))
    exact = ridge.ridge_risk(lam, w2, gain, n, 0.3, 1.0)
    assert abs(mean - exact) < 4 * error + 0.03 * exact


def test_the_best_penalty_is_the_best_of_many():
    lam = spectrum()
    w2, gain = lam / (lam**2).sum(), np.ones_like(lam)
    best = ridge.best_ridge_risk(lam, w2, gain, [4, 16, 100], 0.3)
    for n, value in zip((4, 16, 100), best, strict=True):
        risks = [ridge.ridge_risk(lam, w2, gain, n, 0.3, mu) for mu in np.geomspace(1e-3, 1e3, 60)]
        assert min(risks) >= value * (1 - 1e-3)
        assert min(risks) == pytest.approx(value, rel=0.02)


def test_ridge_of_independent_equal_directions():
    # One direction, n samples, tiny penalty: excess risk s²/(n − 1) by the equivalent, for which n is large.
    assert ridge.ridge_risk([1.0], [1.0], [1.0], 100, 1.0, 1e-9) == pytest.approx(1 / 99, rel=1e-6)


def test_the_table_has_its_rows():
    rows = {row["model"]: row for row in lra.lra_table()}
    assert len(rows) == 17
    assert rows["S4"]["pathx256"] == 67.82
    assert rows["Transformer"]["pathx"] is None
    assert {row["status"] for row in rows.values()} == {"verified", "recalled", "doubtful"}


ONES = np.ones(4)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: prediction.ar1_cov(1.0, 3), "phi must lie between -1 and 1, got 1.0"),
        (lambda: prediction.ar1_cov(0.5, 0), "L must be a whole number of at least 1, got 0"),
        (lambda: prediction.masked_weights(np.ones((2, 3))), r"S must be square, got shape \(2, 3\)"),
        (lambda: prediction.masked_weights([[1, 2], [0, 1]]), "S must be symmetric"),
        (lambda: prediction.masked_weights(np.ones((2, 2))), "S must be positive definite"),
        (lambda: priors.causal_weights([1, 0.5], 2), "r must hold at least p . 1 = 3 autocovariances"),
        (lambda: priors.wiener(np.eye(2), 0), "sigma must be positive and finite, got 0"),
        (lambda: prediction.bias_gradient([1], [[1]], [1, 2]), "r, Gamma, b must have shapes"),
        (lambda: prediction.lag_success(1.0, 0), "M must be a whole number of at least 1, got 0"),
        (lambda: ridge.ridge_risk([1, 0.0], [1, 1], [1, 1], 3, 0.1, 1), "spectrum must be finite and not 0, got 0.0"),
        (lambda: ridge.ridge_risk(ONES, -ONES, ONES, 3, 0.1, 1), "weights2 must be finite and >= 0, got -1.0"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 0, 0.1, 1), "n must be a whole number of at least 1, got 0"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 3, -1, 1), "noise must be finite and >= 0, got -1"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 3, 0.1, 0), "mu must be positive and finite, got 0"),
        (lambda: ridge.best_ridge_risk(ONES, ONES[:2], ONES, [3], 0.1), "must have one shape"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
