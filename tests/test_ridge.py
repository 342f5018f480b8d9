"""Ridge regression: the risk against experiments, the best penalty against many."""

import numpy as np
import pytest

from companion import ridge

ONES = np.ones(4)


def spectrum(L=64, phi=0.9):
    return (1 - phi**2) / (1 - 2 * phi * np.cos(2 * np.pi * np.arange(L) / L) + phi**2)


@pytest.mark.parametrize(("n", "alpha"), [(8, 1.0), (32, 0.0), (96, 1.0)])
def test_ridge_risk_is_what_experiments_give(n, alpha):
    lam = spectrum(128)
    w2 = lam**alpha / (lam ** (1 + alpha)).sum()
    gain = lam / (lam + 1)
    rng, risks = np.random.default_rng(0), []
    for _ in range(200):
        x, w = rng.standard_normal((n, 128)) * np.sqrt(lam), rng.standard_normal(128) * np.sqrt(w2)
        y, z = x @ w + 0.3 * rng.standard_normal(n), x * gain
        found = gain * (z.T @ np.linalg.solve(z @ z.T + np.eye(n), y))
        risks.append(np.sum(lam * (w - found) ** 2))
    mean, error = np.mean(risks), np.std(risks, ddof=1) / np.sqrt(200)
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


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: ridge.ridge_risk([1, 0.0], [1, 1], [1, 1], 3, 0.1, 1), "spectrum must not be 0, got 0 at index 1"),
        (lambda: ridge.ridge_risk(ONES, -ONES, ONES, 3, 0.1, 1), "weights2 must be finite and at least 0, got -1.0"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 0, 0.1, 1), "n must be a whole number of at least 1, got 0"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 3, -1, 1), "noise must be one finite number of at least 0, got -1"),
        (lambda: ridge.ridge_risk(ONES, ONES, ONES, 3, 0.1, 0), "mu must be positive and finite, got 0"),
        (lambda: ridge.best_ridge_risk(ONES, ONES[:2], ONES, [3], 0.1), r"weights2 must have shape \(4,\), got \(2,\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
