"""companion.autoregressive: patches, steps of patch diffusion, masks, and what a short memory loses."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad
from scipy.stats import norm

from companion import autoregressive as ar
from companion import scans
from companion.mixtures import mixture

COIN = mixture([0.3, 0.7], [-1.0, 1.0], 0.0)
BELL = mixture([1.0], [0.5], [2.0])


@given(st.integers(1, 4), st.integers(1, 4), st.integers(1, 3), st.integers(1, 3), st.integers(1, 3))
def test_patches_and_back(s, t, p, q, c):
    image = np.arange(s * p * t * q * c).reshape(s * p, t * q, c)
    patches = ar.patchify(image, s, t)
    assert patches.shape == (s, t, p * q * c)
    np.testing.assert_array_equal(patches[s - 1, t - 1], image[-p:, -q:].ravel())
    np.testing.assert_array_equal(patches[0, t - 1], image[:p, -q:].ravel())
    np.testing.assert_array_equal(ar.unpatchify(patches, s * p, t * q), image)


@given(st.floats(-4, 4), st.floats(0.2, 3), st.floats(0.05, 0.95))
def test_a_step_by_bayes(x, b, share):
    """Two points: the step is a blend of two Gaussians, with weights by Bayes."""
    a = share * b
    mean, variance = ar.step_moments(COIN, x, b, a)
    likely = np.array([0.3, 0.7]) * np.exp(-((x - np.array([-1, 1])) ** 2) / (2 * b**2))
    weights, rho = likely / likely.sum(), (a / b) ** 2
    centres = rho * x + (1 - rho) * np.array([-1, 1])
    np.testing.assert_allclose(mean, weights @ centres, atol=1e-12)
    spread = weights @ (centres - weights @ centres) ** 2
    np.testing.assert_allclose(variance, a**2 * (1 - rho) + spread, atol=1e-12)
    np.testing.assert_allclose(ar.step_moments(COIN, x, b, a, matched=False)[1], a**2 * (1 - rho), atol=1e-12)


def test_a_step_of_a_gaussian_is_regression():
    """x_a and x_b are jointly Gaussian with covariance 2 + a²."""
    x = np.array([-1.0, 0.0, 2.5])
    mean, variance = ar.step_moments(BELL, x, 1.5, 1.0)
    slope = (2 + 1) / (2 + 1.5**2)
    np.testing.assert_allclose(mean, 0.5 + slope * (x - 0.5), rtol=1e-12)
    np.testing.assert_allclose(variance, np.full(3, 3 - slope * 3), rtol=1e-12)


def test_the_last_step_returns_the_posterior():
    mean, variance = ar.step_moments(mixture([0.5, 0.5], [-1.0, 1.0], 0.0), [0.4], 0.8, 0.0)
    np.testing.assert_allclose(mean, np.tanh(0.4 / 0.64), rtol=1e-12)
    np.testing.assert_allclose(variance, 1 - np.tanh(0.4 / 0.64) ** 2, rtol=1e-12)


@pytest.mark.parametrize("s", [0.5, 1.0, 2.0])
def test_gaussianity_by_quadrature(s):
    def law(x):
        return 0.3 * norm.pdf(x, -1, s) + 0.7 * norm.pdf(x, 1, s)

    fitted = norm(0.4, np.sqrt(0.84 + s**2))
    divergence = quad(lambda x: law(x) * (np.log(law(x)) - fitted.logpdf(x)), -20, 20, limit=400, epsabs=1e-13)[0]
    np.testing.assert_allclose(ar.gaussianity(COIN, s), divergence, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("s", [0.1, 0.01, 1e-6])
def test_gaussianity_of_two_points_far_apart(s):
    """Where the hills do not overlap, an outcome tells the point: the entropy is that of the coin and of the noise."""
    coin = -(0.3 * np.log(0.3) + 0.7 * np.log(0.7))
    np.testing.assert_allclose(ar.gaussianity(COIN, s), np.log((0.84 + s**2) / s**2) / 2 - coin, rtol=1e-9)


def test_gaussianity_of_a_needle_in_a_haystack():
    m = mixture([0.5, 0.5], [0.0, 0.0], [1.0, 0.0])

    def law(x):
        return 0.5 * norm.pdf(x, 0, np.sqrt(1 + 1e-4)) + 0.5 * norm.pdf(x, 0, 0.01)

    def nats(x):
        return -law(x) * np.log(law(x))

    halves = [quad(nats, *ends, limit=400, epsabs=1e-13)[0] for ends in ((0, 0.03), (0.03, 0.1), (0.1, 12))]
    expected = np.log(2 * np.pi * np.e * (0.5 + 1e-4)) / 2 - 2 * sum(halves)
    np.testing.assert_allclose(ar.gaussianity(m, 0.01), expected, rtol=1e-8)


def test_a_gaussian_is_gaussian():
    assert abs(ar.gaussianity(BELL, 0.7)) < 1e-10


def test_a_mask_of_two_patches_with_three_copies():
    seen = ar.patch_diffusion_mask(2, 3).astype(int)
    assert seen.tolist() == [
        [1, 0, 0, 0, 0, 0],
        [0, 1, 0, 0, 0, 0],
        [0, 0, 1, 0, 0, 0],
        [1, 0, 0, 1, 0, 0],
        [1, 0, 0, 0, 1, 0],
        [1, 0, 0, 0, 0, 1],
    ]


@given(st.integers(1, 6), st.integers(1, 5))
def test_masks_count_and_do_not_leak(n, T):
    seen = ar.patch_diffusion_mask(n, T)
    assert seen.sum() == n * T * (n + 1) // 2
    np.testing.assert_array_equal(seen @ seen, seen)
    np.testing.assert_array_equal(ar.patch_diffusion_mask(n, 1), np.tri(n, dtype=bool))


def test_the_precision_of_a_small_grid():
    assert ar.grid_precision(1, 3, 0.5).tolist() == [[1.5, -1, 0], [-1, 2.5, -1], [0, -1, 1.5]]
    assert ar.grid_precision(2, 2, 1).tolist() == [[3, -1, -1, 0], [-1, 3, 0, -1], [-1, 0, 3, -1], [0, -1, -1, 3]]


def some_covariance(n, seed):
    root = np.random.default_rng(seed).standard_normal((n, n + 2))
    return root @ root.T


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 99), st.integers(0, 7))
def test_conditional_variances_by_regression(n, seed, k):
    cov, order = some_covariance(n, seed), np.random.default_rng(seed).permutation(n)
    found = ar.conditional_variances(cov, order, k)
    for place, cell in enumerate(order):
        seen = order[max(0, place - k) : place]
        together = [cell, *seen]
        ratio = np.linalg.det(cov[np.ix_(together, together)]) / np.linalg.det(cov[np.ix_(seen, seen)])
        np.testing.assert_allclose(found[place], ratio, rtol=1e-6)


@settings(deadline=None)
@given(st.integers(1, 6), st.integers(0, 99))
def test_the_chain_rule_holds_in_every_order(n, seed):
    cov, order = some_covariance(n, seed), np.random.default_rng(seed).permutation(n)
    whole = ar.conditional_variances(cov, order)
    np.testing.assert_allclose(np.prod(whole), np.linalg.det(cov), rtol=1e-8)
    np.testing.assert_allclose(ar.conditional_variances(cov, order, n), whole, rtol=1e-8)
    everything = [range(i) for i in range(n)]
    np.testing.assert_allclose(ar.conditional_variances(cov, order, everything), whole, rtol=1e-8)


@settings(deadline=None)
@given(st.integers(2, 6), st.integers(0, 99), st.integers(0, 5))
def test_the_excess_is_a_divergence(n, seed, k):
    """KL(true ‖ model) of Gaussians, where the model is built from the regressions on the last k."""
    cov, order = some_covariance(n, seed), np.random.default_rng(seed).permutation(n)
    inner = cov[np.ix_(order, order)]
    lower, variance = np.eye(n), np.zeros(n)
    for i in range(n):
        seen = np.arange(max(0, i - k), i)
        weights = np.linalg.solve(inner[np.ix_(seen, seen)], inner[seen, i])
        lower[i, seen] = -weights
        variance[i] = inner[i, i] - weights @ inner[seen, i]
    model = lower.T @ np.diag(1 / variance) @ lower
    sign, logdet = np.linalg.slogdet(model @ inner)
    divergence = (np.trace(model @ inner) - n - logdet) / 2
    assert sign > 0
    np.testing.assert_allclose(ar.window_excess(cov, order, k).sum(), divergence, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("name", "memory"), [("raster", 4), ("columns", 3), ("snake", 7), ("diagonal", 4)])
def test_the_memory_of_an_order_is_its_bandwidth(name, memory):
    cov, order = np.linalg.inv(ar.grid_precision(3, 4, 0.05)), scans.scan_order(name, 3, 4)
    assert ar.window_excess(cov, order, memory).sum() < 1e-10
    assert ar.window_excess(cov, order, memory - 1).sum() > 0.01
    assert scans.bandwidth(order, scans.grid_edges(3, 4)) == memory


@given(st.integers(1, 5), st.integers(1, 5), st.integers(0, 6), st.booleans(), st.integers(0, 99))
def test_nearest_are_the_nearest(h, w, k, older, seed):
    order = np.random.default_rng(seed).permutation(h * w)
    where = [divmod(int(cell), w) for cell in order]
    for place, seen in enumerate(ar.nearest(order, w, k, older)):

        def rank(q, place=place):
            far = sum((x - y) ** 2 for x, y in zip(where[place], where[q], strict=True))
            return far, q if older else -q

        assert seen.tolist() == sorted(range(place), key=rank)[:k]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ar.patchify(np.ones((4, 6)), 2, 2), r"image must have shape \(H, W, c\), got \(4, 6\)"),
        (lambda: ar.patchify(np.ones((4, 6, 3)), 3, 2), "s must divide the image's 4, got 3"),
        (lambda: ar.patchify(np.ones((4, 6, 3)), 2, 4), "t must divide the image's 6, got 4"),
        (lambda: ar.unpatchify(np.ones((2, 2, 6)), 3, 4), "the first size of patches must divide the image's 3, got 2"),
        (lambda: ar.unpatchify(np.ones((2, 2, 5)), 4, 4), "patches must hold whole pixels .* got d = 5"),
        (lambda: ar.step_moments(COIN, 0.0, 1.0, 1.0), r"a must lie in \[0, b\) with b = 1, got 1.0"),
        (lambda: ar.step_moments(COIN, 0.0, 1.0, -0.5), r"a must lie in \[0, b\) with b = 1, got -0.5"),
        (lambda: ar.step_moments(COIN, 0.0, 1.0, "half"), "a must be one finite number, got 'half'"),
        (lambda: ar.step_moments(COIN, np.nan, 1.0, 0.5), "x must be finite, got nan"),
        (lambda: ar.gaussianity(COIN, 0.0), "s must be positive and finite, got 0.0"),
        (lambda: ar.patch_diffusion_mask(2, 0), "T must be a whole number of at least 1, got 0"),
        (lambda: ar.grid_precision(2, 2, 0), "kappa must be positive and finite, got 0"),
        (lambda: ar.nearest([0, 1, 2], 2, 1), "w must divide the 3 cells of the order, got 2"),
        (lambda: ar.conditional_variances(np.ones((2, 2)), [0, 1]), "cov must be symmetric and positive definite"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], -1), "seen must be a whole number of at least 0, got -1"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], 0.5), "seen must be a whole number .* got 0.5"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], True), "seen must be a whole number .* got True"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], {1}), "seen must be a whole number .* got {1}"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], [[], [0, 0]]), r"earlier ones; got \[0.0, 0.0\] for 1"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], [[]]), "seen must hold the places for each of the 2"),
        (lambda: ar.conditional_variances(np.eye(2), [0, 1], [[], [1]]), r"a list of earlier ones; got \[1.0\] for 1"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
