"""Distillation's gradients against differences, samples, closed forms and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad

from companion import distill, mixtures

BIMODAL, THREE, GAUSS = (mixtures.named(name) for name in ("bimodal", "asymmetric3", "gauss"))
LOSSES = ("exact", "naive", "L3", "lsgan", 0.0, 0.5, 1.0, 1.2)
means, widths, levels = st.floats(-2, 2), st.floats(0.1, 2), st.floats(0.3, 2)
UNIT = np.eye(5)


def points(seed, K=5):
    return np.random.default_rng(seed).normal(size=K)


def fisher(a, b, mu, s, signal, noise):
    """noise² times the Fisher divergence of noisy samples from noisy data, by adaptive quadrature."""
    V, W = signal**2 * s**2 + noise**2, signal**2 * b**2 + noise**2

    def integrand(x):
        gap = (x - signal * mu) / V - (x - signal * a) / W
        return (noise * gap) ** 2 * np.exp(-((x - signal * a) ** 2) / (2 * W)) / np.sqrt(2 * np.pi * W)

    middle, reach = signal * a, 12 * np.sqrt(W)
    return quad(integrand, middle - reach, middle + reach, epsabs=1e-13, limit=200)[0]


@settings(max_examples=15, deadline=None)
@given(means, widths, means, widths, levels, levels)
def test_exact_gradient_of_gaussians_by_differences(a, b, mu, s, signal, noise):
    h = 1e-4 * b
    by_a = (fisher(a + h, b, mu, s, signal, noise) - fisher(a - h, b, mu, s, signal, noise)) / (2 * h)
    by_b = (fisher(a, b + h, mu, s, signal, noise) - fisher(a, b - h, mu, s, signal, noise)) / (2 * h)
    size = np.hypot(by_a, by_b)
    assert np.allclose(
        distill.gaussian_gradient("exact", a, b, mu, s, signal, noise), [by_a, by_b], atol=1e-4 * size + 1e-6
    )


@settings(max_examples=30, deadline=None)
@given(means, widths, levels, levels, st.sampled_from(LOSSES))
def test_affine_gradient_on_gaussian_data_is_the_closed_form(a, b, signal, noise, loss):
    exact = distill.gaussian_gradient(loss, a, b, 0.8, 0.5, signal, noise)
    np.testing.assert_allclose(distill.affine_gradient(loss, a, b, GAUSS, signal, noise), exact, atol=1e-9, rtol=1e-8)


@pytest.mark.parametrize("loss", LOSSES[1:])
def test_affine_gradient_by_sampling(loss):
    """From the loss as it is written, differentiated by differences with the same draws and the denoiser held fixed."""
    a, b, signal, noise, h = 0.3, 0.9, 0.9, 0.7, 1e-3
    rng = np.random.default_rng(0)
    z, e = rng.standard_normal((2, 200_000))

    def value(a_now, b_now):
        x = signal * (a_now + b_now * z) + noise * e
        phi = mixtures.epsilon(BIMODAL, x[:, None], signal, noise)[:, 0]
        psi = noise * (x - signal * a) / (signal**2 * b**2 + noise**2)
        gap = phi - psi
        named = {"naive": gap**2, "L3": phi**2 - 2 * phi * e + psi * e, "lsgan": (phi - e) ** 2 + psi**2}
        return named[loss] if isinstance(loss, str) else gap * (phi - e) - loss * gap**2

    by_a = (value(a + h, b) - value(a - h, b)) / (2 * h)
    by_b = (value(a, b + h) - value(a, b - h)) / (2 * h)
    found = distill.affine_gradient(loss, a, b, BIMODAL, signal, noise)
    for made, drawn in zip(found, (by_a, by_b), strict=True):
        assert abs(made - drawn.mean()) < 4.5 * drawn.std() / np.sqrt(len(drawn)) + 1e-5


@pytest.mark.parametrize(("teacher", "noise"), [(BIMODAL, 0.8), (THREE, 0.6), (mixtures.named("point"), 1.0)])
def test_half_is_the_true_gradient(teacher, noise):
    theta, h = points(1), 1e-5
    true = [
        distill.score_gap(theta + h * unit, teacher, 0.9, noise, 81)
        - distill.score_gap(theta - h * unit, teacher, 0.9, noise, 81)
        for unit in UNIT
    ]
    for loss, factor in (("exact", 1), (0.5, 2)):
        found = factor * distill.particle_gradient(loss, theta, teacher, 0.9, noise, 81)
        np.testing.assert_allclose(found, np.array(true) / (2 * h), atol=1e-7)


def test_score_gap_by_quadrature():
    theta = points(2)
    student = mixtures.mixture(np.full(5, 0.2), theta, 0.0)

    def integrand(x):
        gap = mixtures.epsilon(BIMODAL, [x], 0.9, 0.6) - mixtures.epsilon(student, [x], 0.9, 0.6)
        return float(gap[0] ** 2 * np.exp(mixtures.logpdf(student, [x], 0.9, 0.6)))

    assert distill.score_gap(theta, BIMODAL, 0.9, 0.6, 81) == pytest.approx(
        quad(integrand, -9, 9, limit=200)[0], rel=1e-6
    )


@settings(max_examples=20, deadline=None)
@given(st.integers(0, 10**6), st.floats(-1, 2), levels)
def test_the_weight_enters_linearly(seed, lam, noise):
    theta = points(seed)
    plain, half, naive = (distill.particle_gradient(loss, theta, BIMODAL, 1, noise) for loss in (0, lam, "naive"))
    np.testing.assert_allclose(half, plain - lam * naive, atol=1e-12)


@settings(max_examples=15, deadline=None)
@given(st.integers(0, 10**6), st.floats(-3, 3), st.sampled_from(LOSSES))
def test_moving_everything_moves_nothing(seed, shift, loss):
    theta = points(seed)
    moved = mixtures.mixture(BIMODAL.weights, BIMODAL.means + shift, BIMODAL.covs)
    np.testing.assert_allclose(
        distill.particle_gradient(loss, theta + shift, moved),
        distill.particle_gradient(loss, theta, BIMODAL),
        atol=1e-10,
    )


@pytest.mark.parametrize("loss", LOSSES)
def test_drawn_gradients_have_the_right_mean(loss):
    theta = points(3)
    drawn = distill.drawn_gradients(loss, theta, BIMODAL, 20_000, np.random.default_rng(0), 0.9, 0.7)
    error = drawn.std(axis=0) / np.sqrt(len(drawn))
    exact = distill.particle_gradient(loss, theta, BIMODAL, 0.9, 0.7, 61)
    assert drawn.shape == (20_000, 5)
    assert (np.abs(drawn.mean(axis=0) - exact) < 4.5 * error).all()


@pytest.mark.parametrize("loss", LOSSES)
def test_a_perfect_student_has_no_gradient(loss):
    masses = mixtures.mixture([0.25] * 4, [-1.0, 0.0, 0.4, 2.0], 0.0)
    found = distill.particle_gradient(loss, masses.means[:, 0], masses, 1, 0.5, 61)
    if loss in ("L3", "lsgan"):  # even here they pull the points together
        assert np.abs(found).max() > 0.01
    else:
        np.testing.assert_allclose(found, 0, atol=1e-9)


@pytest.mark.parametrize("loss", LOSSES)
def test_a_collapsed_student_is_finite_and_stays_together(loss):
    found = distill.particle_gradient(loss, [0.7, 0.7, 0.7], BIMODAL)
    one = distill.particle_gradient(loss, [0.7], BIMODAL)
    np.testing.assert_allclose(found, one[0] / 3, atol=1e-12)
    of_points = distill.affine_gradient(loss, 0.7, 0.0, BIMODAL)
    np.testing.assert_allclose(of_points, [one[0], 0], atol=1e-6)


def test_a_student_that_is_driven_away_is_held():
    path = distill.particle_path("naive", [0.2, 0.3], BIMODAL, [0.5, 1.0], steps=120, rate=0.5, reach=5)
    assert np.abs(path[-1]) == pytest.approx([5, 5])
    far = distill.affine_path(1.5, 0.0, 1.2, BIMODAL, [0.5], steps=60, reach=4)
    assert far.shape == (61, 2)
    assert far[-1][1] == 4
    assert (far[:, 1] >= 0).all()


def test_paths_start_where_they_are_told_and_follow_the_mean_gradient():
    theta, rate = points(4), 0.05
    path = distill.particle_path(1.0, theta, THREE, [0.5, 2.0], steps=3, rate=rate)
    mean = (
        distill.particle_gradient(1.0, theta, THREE, 1, 0.5) + distill.particle_gradient(1.0, theta, THREE, 1, 2.0)
    ) / 2
    np.testing.assert_allclose(path[0], theta)
    np.testing.assert_allclose(path[1], theta - rate * 5 * mean)
    starts = np.array([[0.1, 0.2], [0.5, 0.9]])
    line = distill.affine_path(0.5, starts[0], starts[1], THREE, [0.5, 2.0], steps=2, rate=rate)
    slopes = [distill.affine_gradient(0.5, *starts, THREE, 1, noise) for noise in (0.5, 2.0)]
    np.testing.assert_allclose(line[1], starts - rate * np.mean(slopes, axis=0))


def test_long_runs_of_points_are_cut_into_blocks(monkeypatch):
    theta = points(5)
    whole = distill.particle_gradient(1.0, theta, BIMODAL)
    monkeypatch.setattr(distill, "_AT_ONCE", 50)
    np.testing.assert_allclose(distill.particle_gradient(1.0, theta, BIMODAL), whole, rtol=1e-12)
