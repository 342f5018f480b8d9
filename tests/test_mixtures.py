"""Mixtures: every closed form against another route to the same number."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given
from hypothesis import strategies as st

from companion import information, mixtures, schedules

NAMES = ("bimodal", "asymmetric3", "gauss", "ring8", "ellipse", "cross")
LEVELS = st.floats(0.05, 0.95).map(lambda t: tuple(map(float, schedules.kernel("cosine", t))))


def points(m, count=5, seed=0):
    return mixtures.sample(m, count, np.random.default_rng(seed)) * 1.3


def numeric_gradient(f, x, h=1e-5):
    """Central differences along each coordinate of x (n, d): (n, …, d)."""
    steps = h * np.eye(x.shape[1])
    return np.stack([(f(x + step) - f(x - step)) / (2 * h) for step in steps], axis=-1)


@pytest.mark.parametrize("name", NAMES)
@given(levels=LEVELS)
def test_score_and_hessian_are_derivatives(name, levels):
    m = mixtures.named(name)
    x = points(m)
    np.testing.assert_allclose(
        mixtures.score(m, x, *levels), numeric_gradient(lambda y: mixtures.logpdf(m, y, *levels), x), atol=1e-5
    )
    np.testing.assert_allclose(
        mixtures.hessian(m, x, *levels),
        numeric_gradient(lambda y: mixtures.score(m, y, *levels), x),
        rtol=1e-5,
        atol=1e-4,
    )


@pytest.mark.parametrize("name", NAMES)
@given(levels=LEVELS)
def test_levels_mean_the_same_as_diffusing_first(name, levels):
    m = mixtures.named(name)
    x, noisy = points(m), mixtures.diffuse(m, *levels)
    for function in (mixtures.logpdf, mixtures.score, mixtures.hessian, mixtures.responsibilities):
        np.testing.assert_allclose(function(m, x, *levels), function(noisy, x), rtol=1e-8, atol=1e-8)


@pytest.mark.parametrize("name", NAMES)
@given(levels=LEVELS)
def test_posterior_obeys_tweedie(name, levels):
    m, (signal, noise) = mixtures.named(name), levels
    x = points(m)
    mean, cov = mixtures.posterior(m, x, signal, noise)
    eye = np.eye(x.shape[1])
    np.testing.assert_allclose(mean, (x + noise**2 * mixtures.score(m, x, *levels)) / signal, atol=1e-9)
    np.testing.assert_allclose(
        cov, noise**2 / signal**2 * (eye + noise**2 * mixtures.hessian(m, x, *levels)), rtol=1e-6, atol=1e-9
    )
    np.testing.assert_allclose(mixtures.epsilon(m, x, *levels), (x - signal * mean) / noise, atol=1e-9)


def test_posterior_by_brute_force():
    m, signal, noise = mixtures.named("asymmetric3"), 0.7, 0.6
    y, w = information.quadrature(m, 4001)
    x = np.array([[-1.1], [0.2], [2.0]])
    weight = w * np.exp(-((x - signal * y[:, 0]) ** 2) / (2 * noise**2))
    weight /= weight.sum(axis=1, keepdims=True)
    mean, cov = mixtures.posterior(m, x, signal, noise)
    np.testing.assert_allclose(mean[:, 0], weight @ y[:, 0], rtol=1e-10)
    np.testing.assert_allclose(cov[:, 0, 0], weight @ y[:, 0] ** 2 - (weight @ y[:, 0]) ** 2, rtol=1e-9)


def test_arrays_of_levels_broadcast_against_points():
    m = mixtures.named("cross")
    x, signal, noise = points(m, 6).reshape(2, 3, 2), np.array([[0.9], [0.3]]), np.array([[0.4], [0.8]])
    mean, _ = mixtures.posterior(m, x, signal, noise)
    eps = mixtures.epsilon(m, x, signal, noise)
    for row, s, n in zip(range(2), signal.ravel(), noise.ravel(), strict=True):
        np.testing.assert_allclose(mean[row], mixtures.posterior(m, x[row], s, n)[0])
        np.testing.assert_allclose(eps[row], mixtures.epsilon(m, x[row], s, n))


def test_a_point_mass_is_known_once_noise_is_added():
    m = mixtures.named("point")
    np.testing.assert_allclose(mixtures.score(m, [[1.0]], 0.6, 0.8), [[-(1 - 0.6 * 0.8) / 0.64]])
    mean, cov = mixtures.posterior(m, [[5.0]], 0.6, 0.8)
    np.testing.assert_allclose([mean[0, 0], cov[0, 0, 0]], [0.8, 0], atol=1e-12)
    with pytest.raises(ValueError, match="without spread"):
        mixtures.logpdf(m, [[0.0]])
    with pytest.raises(ValueError, match="without spread"):
        mixtures.cdf(m, [[0.0]])


def test_far_out_nothing_underflows():
    m = mixtures.named("bimodal")
    np.testing.assert_allclose(mixtures.score(m, [[60.0]]), [[-(60 - 1) / 0.16]])
    assert np.isfinite(mixtures.logpdf(m, [[1e6]])).all()


@pytest.mark.parametrize("name", NAMES)
def test_moments_by_quadrature_and_by_samples(name):
    m = mixtures.named(name)
    mean, cov = mixtures.moments(m)
    x, w = information.quadrature(m)
    assert w.sum() == pytest.approx(1, abs=1e-7)
    np.testing.assert_allclose((w[:, None] * x).sum(axis=0), mean, atol=1e-7)
    np.testing.assert_allclose((w * x.T) @ x - np.outer(mean, mean), cov, atol=1e-6)
    drawn = mixtures.sample(m, 40_000, np.random.default_rng(1))
    error = np.sqrt(np.diag(cov) / len(drawn))
    assert (np.abs(drawn.mean(axis=0) - mean) < 4 * error).all()
    assert information.frechet(m, drawn) < 1e-3


@given(u=st.floats(1e-12, 1 - 1e-9))
def test_quantile_undoes_the_distribution_function(u):
    for name in ("bimodal", "asymmetric3", "gauss"):
        m = mixtures.named(name)
        assert mixtures.cdf(m, mixtures.quantile(m, u)) == pytest.approx(u, rel=1e-6)


def test_distribution_function_is_the_integral_of_the_density():
    m = mixtures.named("bimodal")
    x = np.linspace(-2, 2, 9)[:, None]
    slope = (mixtures.cdf(m, x + 1e-5) - mixtures.cdf(m, x - 1e-5)) / 2e-5
    np.testing.assert_allclose(slope, np.exp(mixtures.logpdf(m, x)), rtol=1e-6)


def test_symbolic_density_is_the_numeric_one():
    x, s, n = sp.symbols("x s n", positive=True)
    for name in ("bimodal", "asymmetric3", "point"):
        m = mixtures.named(name)
        density = mixtures.symbolic(m, x, s, n)
        assert not density.atoms(sp.Float)
        value = float(density.subs({x: sp.Rational(3, 10), s: sp.Rational(3, 5), n: sp.Rational(4, 5)}))
        assert value == pytest.approx(float(np.exp(mixtures.logpdf(m, [0.3], 0.6, 0.8))), rel=1e-12)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: mixtures.named("banana"), "name must be one of .* got 'banana'"),
        (lambda: mixtures.mixture([0.5, 0.6], [0, 1], 1), r"weights .* sum to 1, got \[0.5, 0.6\]"),
        (lambda: mixtures.mixture([1.5, -0.5], [0, 1], 1), "weights must be positive"),
        (lambda: mixtures.mixture([1.0], [0, 1], 1), r"means must have shape \(1, d\), got \(2, 1\)"),
        (lambda: mixtures.mixture([1.0], [np.nan], 1), "means must be finite"),
        (lambda: mixtures.mixture([1.0], [[0, 1]], np.eye(3)), r"covs must be a number, .* got shape \(3, 3\)"),
        (lambda: mixtures.mixture([1.0], [0], -1), "covs must have no negative eigenvalue, got -1"),
        (lambda: mixtures.mixture([1.0], [[0, 1]], [[[1, 2], [0, 1]]]), "covs must be symmetric"),
        (lambda: mixtures.score(mixtures.named("ring8"), [1.0]), r"x must hold points of 2 .* got shape \(1,\)"),
        (
            lambda: mixtures.diffuse(mixtures.named("gauss"), 1, -1),
            "noise must be one finite number .* got -1",
        ),
        (
            lambda: mixtures.epsilon(mixtures.named("gauss"), [0.0], -0.5, 1),
            "signal must be finite and at least 0, got -0.5",
        ),
        (
            lambda: mixtures.epsilon(mixtures.named("gauss"), np.zeros((3, 1)), np.ones(2), 1),
            r"signal must broadcast to shape \(3,\), got shape \(2,\)",
        ),
        (lambda: mixtures.cdf(mixtures.named("ring8"), [0, 0]), "m must have d = 1 here, got d = 2"),
        (lambda: mixtures.quantile(mixtures.named("gauss"), [0.5, 1]), "u must lie between 0 and 1, got 1.0"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
