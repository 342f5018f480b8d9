"""Entropy, Fisher information and distances, each against another route to the same number."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import information, mixtures, schedules

TWINS = mixtures.mixture([0.5, 0.5], [-1, 1], 0.005**2)
LEVELS = st.floats(0.05, 0.95).map(lambda t: tuple(map(float, schedules.kernel("cosine", t))))


def test_frechet_of_a_shift_is_its_square():
    m = mixtures.named("ellipse")
    drawn = mixtures.sample(m, 1000, np.random.default_rng(0))
    _, cov = mixtures.moments(m)
    white = (drawn - drawn.mean(axis=0)) @ np.linalg.inv(np.linalg.cholesky(np.cov(drawn.T))).T
    exact = white @ np.linalg.cholesky(cov).T
    assert information.frechet(m, exact + np.array([3, 4])) == pytest.approx(25, abs=1e-6)


def test_wasserstein_of_a_shift_is_the_shift():
    m = mixtures.named("bimodal")
    exact = mixtures.quantile(m, (np.arange(500) + 0.5) / 500)
    assert information.wasserstein(m, exact[::-1] + 0.25) == pytest.approx(0.25)
    assert information.wasserstein(m, exact) == pytest.approx(0, abs=1e-12)


def test_entropy_and_fisher_of_a_gaussian():
    m = mixtures.named("gauss")
    signal, noise = schedules.kernel("vp", np.linspace(0, 1, 5))
    variance = signal**2 * 0.25 + noise**2
    np.testing.assert_allclose(
        information.entropy(m, signal, noise), np.log(2 * np.pi * np.e * variance) / 2, rtol=1e-10
    )
    np.testing.assert_allclose(information.fisher(m, signal, noise), 1 / variance, rtol=1e-10)
    round_one = mixtures.named("ellipse")
    assert information.entropy(round_one) == pytest.approx(np.log(2 * np.pi * np.e) + np.log(0.36) / 2, rel=1e-6)
    assert information.fisher(round_one, 1.0, 1.0) == pytest.approx(np.trace(np.linalg.inv([[2, 0.8], [0.8, 2]])) / 2)


@pytest.mark.parametrize("name", ["asymmetric3", "cross"])
def test_posterior_variance_is_what_fisher_information_leaves(name):
    m = mixtures.named(name)
    signal, noise = schedules.kernel("vp", np.array([0.1, 0.4]))
    left = noise**2 / signal**2 * (1 - noise**2 * information.fisher(m, signal, noise))
    np.testing.assert_allclose(information.posterior_variance(m, signal, noise), left, rtol=1e-6)


def test_a_finer_grid_sees_narrower_components():
    x, w = information.quadrature(TWINS, 16_001)
    found = -(w * mixtures.logpdf(TWINS, x)).sum()
    assert found == pytest.approx(np.log(2) + np.log(2 * np.pi * np.e * 0.005**2) / 2, rel=1e-9)


@given(level=LEVELS)
def test_many_levels_at_once_are_each_alone(level):
    m = mixtures.named("asymmetric3")
    both = information.entropy(m, np.array([level[0], 0.5]), np.array([level[1], 0.2]))
    assert both[0] == pytest.approx(information.entropy(m, *level), rel=1e-9)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: information.quadrature(mixtures.mixture([1.0], [[0, 0, 0]], 1)), "d <= 2 for a quadrature, got d = 3"),
        (
            lambda: information.entropy(TWINS),
            "0.8 of the grid's steps, got a standard deviation of 0.005",
        ),
        (lambda: information.entropy(TWINS, [1.0, 1.0], [0.1, 0.0]), "got a standard deviation of 0.005"),
        (lambda: information.quadrature(mixtures.named("gauss"), 1), "n must be a whole number of at least 2, got 1"),
        (lambda: information.wasserstein(mixtures.named("ring8"), [[0, 0]]), "m must have d = 1 here, got d = 2"),
        (lambda: information.frechet(mixtures.named("ring8"), [[0, 0]]), "x must hold at least 2 samples, got 1"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
