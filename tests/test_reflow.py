"""ReFlow between mixtures and the critic without time, against closed forms, samples and each other."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp

from companion import information, mixtures, reflow, samplers

BIMODAL, THREE, RING, CROSS = (mixtures.named(name) for name in ("bimodal", "asymmetric3", "ring8", "cross"))
means, spreads = st.floats(-3, 3), st.floats(0.2, 2)


def normal(mean, sd):
    return mixtures.mixture([1.0], [mean], sd**2)


@settings(max_examples=30, deadline=None)
@given(means, spreads, means, spreads, st.floats(0, 1), st.floats(-4, 4))
def test_velocity_between_gaussians(a, b, mu, s, t, x):
    V = (1 - t) ** 2 * b**2 + t**2 * s**2
    slope = (t * s**2 - (1 - t) * b**2) / V
    expected = mu - a + slope * (x - (1 - t) * a - t * mu)
    assert reflow.velocity(normal(a, b), normal(mu, s), [x], t)[0] == pytest.approx(expected, abs=1e-9)


def test_the_critic_of_a_mirror_image_is_the_mirror_image():
    q, p = normal(-2, 0.25), THREE
    mirrored = mixtures.mixture([1.0], [2], 0.25**2), mixtures.mixture(p.weights, -p.means, p.covs)
    x = np.array([-4.0, -2.0, 0.9, 3.0, 3.7])
    one, other = reflow.critic(q, p, x, 0.5), reflow.critic(*mirrored, -x, 0.5)
    np.testing.assert_allclose(one.slope, -other.slope, rtol=1e-9)
    np.testing.assert_allclose(one.density, other.density, rtol=1e-9)


@pytest.mark.parametrize("far", [10, 30, 70])
def test_the_value_of_two_needles_is_their_squared_distance(far):
    # Between narrow modes the traffic is 1 over the distance, and the gap is 1.
    assert reflow.critic_value(normal(0, 0.1), normal(far, 0.1)) == pytest.approx(far**2, rel=1e-5)


@settings(max_examples=20, deadline=None)
@given(means, spreads, st.floats(0.1, 1), st.floats(0.1, 3), st.sampled_from([0.0, 1.0]))
def test_slope_of_the_critic_by_least_loss(a, b, window, weight, center):
    q, x = normal(a, b), np.array([-1.3, 0.2, 0.9])
    found = reflow.critic(q, BIMODAL, x, window, center, weight)
    steps = found.slope + np.array([[-1e-3], [0.0], [1e-3]])
    # The loss at one place, after integration by parts.
    loss = weight * found.density * (np.abs(steps) - center) ** 2 - steps * found.gap / window
    assert (loss[1] <= np.minimum(loss[0], loss[2])).all()


def test_mean_density_and_gap_by_sampling():
    rng, n = np.random.default_rng(0), 400_000
    x_0, x_1, t = mixtures.sample(THREE, n, rng)[:, 0], mixtures.sample(BIMODAL, n, rng)[:, 0], rng.random(n)
    for window in (1.0, 0.4):
        x_t = x_0 + window * t * (x_1 - x_0)
        x = np.array([-1.5, 0.0, 1.2])
        found = reflow.critic(THREE, BIMODAL, x, window)
        density = (np.abs(x_t[:, None] - x) < 0.05).mean(axis=0) / 0.1
        np.testing.assert_allclose(found.density, density, rtol=0.03)
        x_w = x_0 + window * (x_1 - x_0)
        gap = (x_0[:, None] < x).mean(axis=0) - (x_w[:, None] < x).mean(axis=0)
        np.testing.assert_allclose(found.gap, gap, atol=0.004)


def test_slope_is_the_mean_velocity():
    at, share = np.polynomial.legendre.leggauss(64)
    x, flow = np.array([[-1.8], [-0.4], [0.5], [1.3]]), 0.0
    for t, part in zip((at + 1) / 2, share / 2, strict=True):
        density = np.exp(mixtures.logpdf(reflow.interpolant(THREE, BIMODAL, t), x))
        flow = flow + part * density * reflow.velocity(THREE, BIMODAL, x, t)[:, 0]
    found = reflow.critic(THREE, BIMODAL, x[:, 0], nodes=64)
    np.testing.assert_allclose(flow, found.slope * found.density, atol=1e-8)


def test_velocity_carries_quantiles_to_quantiles():
    start = mixtures.quantile(THREE, [0.1, 0.45, 0.8])
    end = samplers.ode(lambda x, t: reflow.velocity(THREE, BIMODAL, x, t), start, np.linspace(0, 1, 401), "rk4")
    np.testing.assert_allclose(mixtures.cdf(BIMODAL, end), [0.1, 0.45, 0.8], atol=1e-5)
    straight = solve_ivp(
        lambda t, x: reflow.velocity(THREE, BIMODAL, x[:, None], t)[:, 0], (0, 1), start[:, 0], rtol=1e-9, atol=1e-9
    )
    np.testing.assert_allclose(end[:, 0], straight.y[:, -1], atol=1e-5)


def test_velocity_in_the_plane_by_regression():
    rng, n, t = np.random.default_rng(1), 200_000, 0.4
    x_0, x_1 = mixtures.sample(CROSS, n, rng), mixtures.sample(RING, n, rng)
    x_t = (1 - t) * x_0 + t * x_1
    field = reflow.velocity(CROSS, RING, x_t, t)
    # The rest is uncorrelated with every function of x_t.
    for test in (np.ones(n), x_t[:, 0], x_t[:, 1] ** 2, np.sin(3 * x_t[:, 0])):
        product = (x_1 - x_0 - field) * test[:, None]
        assert (np.abs(product.mean(axis=0)) < 4.5 * product.std(axis=0) / np.sqrt(n)).all()


def test_interpolant_has_the_moments_of_the_lines_and_the_right_ends():
    mid = reflow.interpolant(RING, CROSS, 0.3)
    (m0, c0), (m1, c1), (m, c) = mixtures.moments(RING), mixtures.moments(CROSS), mixtures.moments(mid)
    np.testing.assert_allclose(m, 0.7 * m0 + 0.3 * m1, atol=1e-12)
    np.testing.assert_allclose(c, 0.49 * c0 + 0.09 * c1, atol=1e-12)
    x = np.array([[0.3, -0.2]])
    np.testing.assert_allclose(mixtures.logpdf(reflow.interpolant(RING, CROSS, 0), x), mixtures.logpdf(RING, x))
    np.testing.assert_allclose(mixtures.logpdf(reflow.interpolant(RING, CROSS, 1), x), mixtures.logpdf(CROSS, x))


@settings(max_examples=15, deadline=None)
@given(means, spreads)
def test_the_value_lies_between_its_bounds(a, b):
    q = normal(a, b)
    grid = np.linspace(-12, 12, 4801)[:, None]
    w1 = np.abs(mixtures.cdf(q, grid) - mixtures.cdf(BIMODAL, grid)).sum() * 0.005
    value = reflow.critic_value(q, BIMODAL)
    assert w1**2 - 1e-6 <= value <= a**2 + b**2 + 1.632 + 1e-6
    assert value == pytest.approx(reflow.critic_value(BIMODAL, q), rel=1e-9)


def test_known_values():
    assert reflow.critic_value(normal(-2, 1), mixtures.named("gauss")) == pytest.approx(8.062959, abs=1e-5)
    assert reflow.critic_value(BIMODAL, BIMODAL) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("window", [0.25, 0.5, 1.0])
def test_a_gaussian_generator_rests_at_the_moving_average(window):
    end = reflow.train(-2, 1, mixtures.named("gauss"), 400, 0.1, window)[-1]
    assert end == pytest.approx([0.8, 0.5 * np.sqrt(window / (2 - window))], abs=1e-5)


def test_one_step_of_training_by_points():
    q = normal(0.3, 0.9)
    z = mixtures.quantile(normal(0, 1), (np.arange(20_000) + 0.5) / 20_000)[:, 0]
    slope = reflow.critic(q, BIMODAL, 0.3 + 0.9 * z, center=1.0, weight=2.0, nodes=24).slope
    path = reflow.train(0.3, 0.9, BIMODAL, 1, 0.1, center=1.0, weight=2.0)
    assert path.shape == (2, 2)
    assert path[1] == pytest.approx([0.3 + 0.1 * slope.mean(), 0.9 + 0.1 * (slope * z).mean()], abs=2e-3)


def test_only_the_ratio_of_rate_and_weight_matters():
    one = reflow.train(-2, 1, BIMODAL, 20, 0.1)
    other = reflow.train(-2, 1, BIMODAL, 20, 2.0, weight=10.0)
    np.testing.assert_allclose(one, other, rtol=1e-9)


def test_the_slope_far_out_is_zero():
    far = reflow.critic(normal(0, 1), BIMODAL, [-200.0, 0.0, 200.0], center=1.0)
    assert far.slope[0] == far.slope[2] == 0
    assert np.isfinite(far.slope).all()


def test_transport_is_measured_by_w2_only_nearly():
    q = normal(0, 1)
    w2 = information.wasserstein(BIMODAL, mixtures.quantile(q, (np.arange(2000) + 0.5) / 2000))
    assert w2**2 < reflow.critic_value(q, BIMODAL) < 1.05 * w2**2


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: reflow.critic(RING, BIMODAL, [0.0]), "q must have d = 1 here, got d = 2"),
        (lambda: reflow.critic(BIMODAL, RING, [0.0]), "p must have d = 1 here, got d = 2"),
        (lambda: reflow.critic(BIMODAL, BIMODAL, [0.0], window=1.5), "window must be at most 1, got 1.5"),
        (lambda: reflow.critic(BIMODAL, BIMODAL, [0.0], window=0), "window must be positive and finite, got 0"),
        (lambda: reflow.critic(BIMODAL, BIMODAL, [0.0], weight=-1), "weight must be positive and finite, got -1"),
        (lambda: reflow.critic(BIMODAL, BIMODAL, [0.0], center=-1), "center must be one finite number of at least 0"),
        (lambda: reflow.critic(mixtures.named("point"), BIMODAL, [0.0]), "q has a component without spread"),
        (lambda: reflow.critic_value(normal(0, 0.1), normal(100, 0.1)), "1414.21 > 1000 spreads to go"),
        (lambda: reflow.velocity(RING, BIMODAL, [[0.0, 0.0]], 0.5), "dimension of q, d = 2, got d = 1"),
        (lambda: reflow.interpolant(BIMODAL, BIMODAL, 1.2), "t must be at most 1, got 1.2"),
        (lambda: reflow.train(0, 1, BIMODAL, 5, 100.0), "rate must keep the standard deviation positive, got 100"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
