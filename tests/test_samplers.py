"""Samplers: each against a closed form, an exact density, or its order of convergence."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import analytic, information, mixtures, samplers, schedules

GRID = np.linspace(-8, 8, 801)


def normal(x, mean=0.0, sd=1.0):
    return np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))


# --- the DDIM family --------------------------------------------------------------------------------------------------


def test_full_noise_is_the_exact_posterior_of_one_step():
    signal, noise = schedules.shortened(7)
    alpha, beta = schedules.step(signal, noise)
    sigma = samplers.step_sigma(signal, noise)
    precision = alpha[2:] ** 2 / beta[2:] ** 2 + 1 / noise[1:-1] ** 2
    np.testing.assert_allclose(sigma[2:], precision**-0.5)
    assert sigma[0] == sigma[1] == 0


def test_one_step_is_the_formula():
    signal, noise, sigma, x = [1.0, 0.8, 0.4], [0.1, 0.5, 0.9], [0.0, 0.05, 0.3], 1.7
    alpha = 0.4 / 0.8
    expected = (x - (0.9 - alpha * np.sqrt(0.5**2 - 0.3**2)) * 0.25) / alpha
    alpha = 0.8
    expected = (expected - (0.5 - alpha * np.sqrt(0.1**2 - 0.05**2)) * 0.25) / alpha
    out = samplers.reverse(lambda x, k: np.full_like(x, 0.25), signal, noise, sigma, [x], std=0.0)
    np.testing.assert_allclose(out, [expected])


def test_paths_start_with_noise_and_end_with_data():
    m = mixtures.named("ring8")
    signal, noise = schedules.shortened(20)
    x = np.random.default_rng(0).standard_normal((50, 2))
    walk = samplers.reverse(samplers.eps_model(m, signal, noise), signal, noise, 0.0, x, path=True)
    assert walk.shape == (21, 50, 2)
    np.testing.assert_array_equal(walk[-1], x)
    np.testing.assert_allclose(np.linalg.norm(walk[0], axis=-1), 2, atol=0.8)


def test_std_is_the_noise_added_and_sigma_sets_the_mean():
    m = mixtures.named("gauss")
    signal, noise = schedules.shortened(6)
    sigma = samplers.step_sigma(signal, noise)
    v = analytic.gaussian_output([0.25], signal, noise, sigma, std=0.0)
    assert v < analytic.gaussian_output([0.25], signal, noise, sigma)
    quiet = samplers.reverse(samplers.eps_model(m, signal, noise), signal, noise, sigma, [[0.3]], std=0.0)
    assert np.isfinite(quiet).all()


# --- flows ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2), ("rk4", 4)])
def test_orders_of_convergence_against_the_quantile_map(method, order):
    m, u = mixtures.named("asymmetric3"), np.linspace(0.05, 0.95, 7)
    ends = [mixtures.quantile(mixtures.diffuse(m, *schedules.kernel("vp", t)), u) for t in (0.0, 0.6)]
    errors = [
        np.abs(samplers.ode(samplers.velocity(m, "vp"), ends[0], np.linspace(0, 0.6, n + 1), method) - ends[1]).max()
        for n in (100, 200)
    ]
    assert np.log2(errors[0] / errors[1]) == pytest.approx(order, abs=0.35)


@pytest.mark.parametrize("name", ["vp", "ve", "cosine", "flow", "edm"])
def test_flow_carries_every_quantile(name):
    m, u = mixtures.named("bimodal"), np.array([0.1, 0.37, 0.5, 0.9])
    ends = [mixtures.quantile(mixtures.diffuse(m, *schedules.kernel(name, t)), u) for t in (0.9, 0.02)]
    flown = samplers.ode(samplers.velocity(m, name), ends[0], np.linspace(0.9, 0.02, 401), "rk4")
    np.testing.assert_allclose(flown, ends[1], atol=2e-5)


def test_paths_follow_the_times_as_given():
    walk = samplers.ode(lambda x, t: np.ones_like(x), [0.0], [1.0, 0.5, 0.0], path=True)
    np.testing.assert_allclose(walk, [[0.0], [-0.5], [-1.0]])


def test_random_walk_back_and_forth_has_its_variance():
    rng = np.random.default_rng(0)
    for times in (np.linspace(0, 2, 11), np.linspace(2, 0, 11)):
        x = samplers.sde(lambda x, t: 0 * x, lambda t: 1.5, np.zeros((40_000, 1)), times, rng)
        assert np.var(x) == pytest.approx(4.5, abs=4 * 4.5 * np.sqrt(2 / 40_000))


def test_euler_maruyama_of_the_forward_process():
    m, rng = mixtures.named("bimodal"), np.random.default_rng(0)
    x = samplers.sde(
        lambda x, t: schedules.sde("vp", t)[0] * x,
        lambda t: np.sqrt(schedules.sde("vp", t)[1]),
        mixtures.sample(m, 20_000, rng),
        np.linspace(0, 0.4, 201),
        rng,
    )
    exact = mixtures.diffuse(m, *schedules.kernel("vp", 0.4))
    assert information.wasserstein(exact, x) < 0.03


# --- densities --------------------------------------------------------------------------------------------------------


@given(sd=st.floats(0, 1), slope=st.floats(0.5, 1.5), shift=st.floats(-1, 1))
def test_pushforward_of_a_normal_along_a_line(sd, slope, shift):
    out = samplers.pushforward(lambda x: slope * x + shift, sd, normal(GRID, 0, 0.7), GRID)
    np.testing.assert_allclose(out, normal(GRID, shift, np.hypot(slope * 0.7, sd)), atol=2e-7)


def test_pushforward_along_a_curve_conserves_mass():
    out = samplers.pushforward(np.sinh(GRID) / 2, 0.0, normal(GRID, 0.2, 0.5), GRID)
    exact = normal(np.arcsinh(2 * GRID), 0.2, 0.5) * 2 / np.sqrt(1 + 4 * GRID**2)
    np.testing.assert_allclose(out, exact, atol=1e-5)


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: samplers.step_sigma([1, 0.8, 0.5], [0, 0.6, 0.9], -0.1), r"eta must lie in \[0, .*got -0.1"),
        (lambda: samplers.step_sigma([1, 0.8, 0.5], [0, 0.6, 0.9], 3), r"eta must lie in \[0, .*got 3"),
        (lambda: samplers.step_sigma([1, 0.5, 0.8], [0, 0.9, 0.6]), "signal/noise must decrease"),
        (lambda: samplers.reverse(None, [1, 0.8], [0, 0.6], 0.1, [0.0]), r"sigma must lie in .* at level 1, got 0.1"),
        (
            lambda: samplers.reverse(None, [1, 0.8], [0.1, 0.6], 0.1, [0.0]),
            "rng must be a NumPy Generator.* None",
        ),
        (
            lambda: samplers.reverse(None, [1, 0.8], [0, 0.6], [0, 0, 0], [0.0]),
            r"sigma must broadcast .* got shape \(3,\)",
        ),
        (
            lambda: samplers.reverse(None, [1, 0.8], [0, 0.6], 0, [0.0], std=-1),
            "std must be finite and .* got -1.0",
        ),
        (lambda: samplers.reverse(None, [1, 0.0], [0, 1.0], 0, [0.0]), "signal must be positive at every level"),
        (lambda: samplers.ode(None, [0.0], [0, 1], "rk5"), "method must be one of .* got 'rk5'"),
        (lambda: samplers.ode(None, [0.0], [0, 1, 0.5]), "times must be at least two numbers"),
        (lambda: samplers.sde(None, None, [0.0], [0.3], None), r"times must be at least two numbers.* got \[0.3\]"),
        (
            lambda: samplers.pushforward(GRID, -1, normal(GRID), GRID),
            "sd must be one finite number .* got -1",
        ),
        (lambda: samplers.pushforward(-GRID, 0, normal(GRID), GRID), "mean must increase .* falls after x = -8"),
        (lambda: samplers.pushforward(GRID, 0, normal(GRID), GRID**3), "grid must rise evenly"),
        (lambda: samplers.pushforward(GRID, 0, [1.0], GRID), r"density must have shape \(801,\)"),
        (lambda: samplers.pushforward([1.0], 1, normal(GRID), GRID), r"mean must have shape \(801,\)"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
