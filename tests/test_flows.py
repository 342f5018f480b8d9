"""companion.flows: a generator's density in its training time."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import quad, solve_ivp

from companion import flows, mixtures

GRID = np.linspace(-5, 5, 401)
DX = GRID[1] - GRID[0]
BIMODAL = mixtures.named("bimodal")
DATA = np.exp(mixtures.logpdf(BIMODAL, GRID[:, None]))
H = {
    "logit": lambda u: u,
    "ns": lambda u: -np.log1p(np.exp(-u)),
    "saturating": lambda u: np.log1p(np.exp(u)),
    "hellinger": lambda u: np.exp(u / 2),
    "exp": np.exp,
}
losses = st.sampled_from(flows.LOSSES)


def bell(a, b, at=GRID):
    return np.exp(-((at - a) ** 2) / (2 * b**2)) / (b * np.sqrt(2 * np.pi))


@given(losses, st.floats(-8, 8), st.floats(-3, 3))
def test_the_rescaling_is_the_derivative_of_the_loss(loss, u, shift):
    h = H[loss]
    slope = (h(u + shift + 1e-5) - h(u + shift - 1e-5)) / 2e-5
    assert np.exp(flows.log_rescale(loss, u, shift)) == pytest.approx(slope, rel=1e-4)


def test_far_logits_do_not_overflow():
    for loss in flows.LOSSES:
        assert np.isfinite(flows.log_rescale(loss, [-1e4, 0.0, 1e4])).all()
    assert flows.log_rescale("saturating", -1e4) == pytest.approx(-1e4)
    assert flows.log_rescale("ns", 1e4) == pytest.approx(-1e4)


def test_a_gaussian_cloud_follows_its_exact_path():
    path = flows.density_flow(bell(0.8, 0.5), bell(0, 0.7), GRID, np.linspace(0, 0.2, 401))
    shrink = np.exp(-0.2 / 0.25)
    np.testing.assert_allclose(path[-1], bell(0.8 * (1 - shrink), np.sqrt(0.25 + 0.24 * shrink**2)), atol=4e-3)


@settings(max_examples=15)
@given(losses, st.floats(-2, 2), st.floats(0.3, 1.5), st.floats(1e-3, 10))
def test_mass_and_sign_are_kept_and_the_data_are_at_rest(loss, a, b, step):
    path = flows.density_flow(DATA, bell(a, b) + 1e-30, GRID, step * np.arange(6), loss)
    np.testing.assert_allclose(path.sum(axis=1), path[0].sum(), rtol=1e-9)
    assert (path > 0).all()
    at_rest = flows.density_flow(DATA, DATA, GRID, [0, step], loss)
    np.testing.assert_allclose(at_rest[1], DATA, rtol=1e-9)


@pytest.mark.parametrize("loss", flows.LOSSES)
def test_divergences_fall_and_small_steps_agree_with_explicit_ones(loss):
    start = np.exp(mixtures.logpdf(mixtures.mixture([0.6, 0.4], [-1.3, 0.9], [0.15, 0.2]), GRID[:, None]))
    path = flows.density_flow(DATA, start, GRID, np.linspace(0, 5, 101), loss)
    for name in ("kl", "forward", "js", "hellinger"):
        assert (np.diff(flows.divergence(name, DATA, path, GRID)) < 1e-12).all()
    times = np.linspace(0, 0.01, 201)
    coarse = np.linspace(-3.5, 3.5, 71)
    p, q = np.exp(mixtures.logpdf(BIMODAL, coarse[:, None])), bell(0.2, 1.0, coarse)
    dx = coarse[1] - coarse[0]

    def rate(_, now):
        u = np.log(p / now)
        middle = (u[1:] + u[:-1]) / 2
        flux = np.sqrt(p[1:] * p[:-1]) * np.exp(flows.log_rescale(loss, middle)) * np.diff(now / p) / dx
        return np.diff(np.concatenate([[0], flux, [0]])) / dx

    exact = solve_ivp(rate, (0, 0.01), q, "LSODA", rtol=1e-8, atol=1e-12).y[:, -1]
    np.testing.assert_allclose(flows.density_flow(p, q, coarse, times, loss, cap=50.0)[-1], exact, rtol=0.02, atol=1e-4)


def test_a_shift_of_the_logit_scales_the_exponential_loss():
    plain = flows.density_flow(DATA, bell(0.5, 1), GRID, np.array([0, 0.1, 0.3]), "exp", cap=50.0)
    shifted = flows.density_flow(DATA, bell(0.5, 1), GRID, np.array([0, 0.1, 0.3]) / np.e, "exp", shift=1.0, cap=51.0)
    np.testing.assert_allclose(shifted, plain, rtol=1e-9)
    held = flows.density_flow(DATA, bell(0.5, 1), GRID, [0, 0.1], "exp", cap=0.0)
    slow = flows.density_flow(DATA, bell(0.5, 1), GRID, [0, 0.1], "exp", cap=-2.0)
    assert np.abs(slow[1] - slow[0]).max() < np.abs(held[1] - held[0]).max()


def test_divergences_of_gaussians():
    p, q, wide = bell(0.3, 0.6), bell(-0.2, 0.5), np.linspace(-6, 6, 2401)
    kl = np.log(0.6 / 0.5) + (0.25 + 0.25) / (2 * 0.36) - 0.5
    back = np.log(0.5 / 0.6) + (0.36 + 0.25) / (2 * 0.25) - 0.5
    root = 2 - 2 * np.sqrt(2 * 0.5 * 0.6 / 0.61) * np.exp(-0.25 / (4 * 0.61))
    assert flows.divergence("kl", p, q, GRID) == pytest.approx(kl, rel=1e-6)
    assert flows.divergence("forward", p, q, GRID) == pytest.approx(back, rel=1e-6)
    assert flows.divergence("hellinger", p, q, GRID) == pytest.approx(root, rel=1e-6)
    fp, fq = bell(0.3, 0.6, wide), bell(-0.2, 0.5, wide)
    half = (fp + fq) / 2
    js = np.nansum(fp * np.log(fp / half) + fq * np.log(fq / half)) / 2 * 0.005
    assert flows.divergence("js", p, q, GRID) == pytest.approx(js, rel=1e-6)
    assert flows.divergence("js", p, [p, q], GRID).shape == (2,)


def test_the_rates_of_a_gaussian_are_whole_multiples():
    np.testing.assert_allclose(flows.relaxation_rates(bell(0.8, 0.6), GRID), np.arange(1, 4) / 0.36, rtol=2e-3)


def test_the_rate_of_two_modes_is_that_of_late_weights():
    rate = flows.relaxation_rates(DATA, GRID, n=1)[0]
    assert rate == pytest.approx(0.02304, rel=5e-3)
    start = np.exp(mixtures.logpdf(mixtures.mixture([0.5, 0.5], *BIMODAL[1:]), GRID[:, None]))
    left = flows.density_flow(DATA, start, GRID, np.linspace(0, 60, 601))[:, GRID < -0.35].sum(axis=1) * DX - 0.4
    assert -np.log(left[-1] / left[300]) / 30 == pytest.approx(rate, rel=0.02)


@settings(max_examples=8)
@given(losses, st.floats(-2, 2), st.floats(0.3, 2.0), st.floats(-1, 1))
def test_the_velocity_is_an_average_over_samples(loss, a, b, shift):
    def pull(z, power):
        x = np.array([a + b * z])
        u = mixtures.logpdf(BIMODAL, x) + z**2 / 2 + np.log(b * np.sqrt(2 * np.pi))
        weight = np.exp(-(z**2) / 2 + flows.log_rescale(loss, u, shift)) / np.sqrt(2 * np.pi)
        return float(weight * (mixtures.score(BIMODAL, x)[0] + z / b) * z**power)

    exact = [quad(pull, -30, 30, (power,), limit=400, points=[-5, 0, 5])[0] for power in (0, 1)]
    np.testing.assert_allclose(flows.generator_velocity(BIMODAL, a, b, loss, shift), exact, rtol=1e-5, atol=1e-6)


def test_a_generator_on_gaussian_data_follows_its_exact_path():
    gauss, times = mixtures.named("gauss"), np.array([0, 0.1, 0.4, 2.0])
    path = flows.generator_flow(gauss, -1.0, 1.5, times)
    shrink = np.exp(-times / 0.25)
    np.testing.assert_allclose(path[:, 0], 0.8 - 1.8 * shrink, atol=1e-5)
    np.testing.assert_allclose(path[:, 1], np.sqrt(0.25 + 2 * shrink**2), atol=1e-5)


def test_a_narrow_generator_widens_and_shapes_broadcast():
    path = flows.generator_flow(BIMODAL, 1.0, 0.02, [0, 1e-5, 10], "logit", n=801)
    assert (path[:, 1] > 0).all()
    assert path[-1] == pytest.approx((0.999, 0.401), abs=2e-3)
    va, vb = flows.generator_velocity(BIMODAL, np.zeros((3, 1)), np.ones(2))
    assert va.shape == vb.shape == (3, 2)


@pytest.mark.parametrize("loss", flows.LOSSES)
def test_all_losses_end_alike_on_gaussian_data(loss):
    gauss = mixtures.named("gauss")
    va, vb = flows.generator_velocity(gauss, [0.8 + 1e-5, 0.8], [0.5, 0.5 + 1e-5], loss)
    speed = np.exp(flows.log_rescale(loss, 0.0))
    np.testing.assert_allclose([va[0], vb[1]], np.array([-1, -2]) / 0.25 * speed * 1e-5, rtol=1e-3)


def test_a_generator_too_narrow_for_the_grid_is_refused():
    with pytest.raises(ValueError, match=r"n must be larger .* got 721 for b = 0.001"):
        flows.generator_velocity(BIMODAL, 1.0, 1e-3)
    with pytest.raises(ValueError, match=r"got 301 for b = 0.001"):
        flows.generator_flow(BIMODAL, 1.0, 1e-3, [0, 1])


def test_a_flow_that_cannot_be_followed_says_so(monkeypatch):
    class Failed:
        success, message = False, "too much work"

    monkeypatch.setattr(flows, "solve_ivp", lambda *_, **__: Failed())
    with pytest.raises(ValueError, match=r"times must end .* got 3.0: too much work"):
        flows.generator_flow(BIMODAL, 0.0, 1.0, [0, 3])
