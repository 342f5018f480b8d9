"""Schedules: the definitions that tie signal, noise and the process together, known values, bad input."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import schedules

TIMES = st.floats(0.01, 0.98)
NAMES = st.sampled_from(tuple(schedules.KERNELS))


@given(name=NAMES, t=TIMES)
def test_drift_and_diffusion_are_the_kernels_derivatives(name, t):
    h = 1e-5
    (s_low, n_low), (s, _), (s_high, n_high) = (schedules.kernel(name, t + shift) for shift in (-h, 0, h))
    f, g2 = schedules.sde(name, t)
    np.testing.assert_allclose(f, (np.log(s_high) - np.log(s_low)) / (2 * h), rtol=1e-5, atol=1e-8)
    np.testing.assert_allclose(g2, s**2 * ((n_high / s_high) ** 2 - (n_low / s_low) ** 2) / (2 * h), rtol=1e-5)


@given(t=st.floats(0, 1))
def test_variance_preserving_kernels(t):
    for name in ("vp", "cosine"):
        signal, noise = schedules.kernel(name, t)
        assert signal**2 + noise**2 == pytest.approx(1, abs=1e-14)


@pytest.mark.parametrize("name", schedules.DDPM)
@pytest.mark.parametrize("T", [30, 1000])
def test_chains_preserve_variance_and_step_is_their_factorisation(name, T):
    signal, noise = schedules.ddpm(T, name)
    assert (signal[0], noise[0], len(signal)) == (1, 0, T + 1)
    np.testing.assert_allclose(signal**2 + noise**2, 1, atol=1e-12)
    alpha, beta = schedules.step(signal, noise)
    np.testing.assert_allclose(alpha**2 + beta**2, 1, atol=1e-11)
    # One step after another: signals multiply, variances add up.
    variance = 0.0
    for a, b in zip(alpha[1:], beta[1:], strict=True):
        variance = a**2 * variance + b**2
    assert variance == pytest.approx(noise[-1] ** 2, rel=1e-10)
    assert np.prod(alpha) == pytest.approx(signal[-1], rel=1e-10)


def test_known_ends_of_the_chains():
    # The product of Ho's 1000 steps, and of the post's, which is about e^{-5}.
    assert schedules.ddpm()[0][-1] == pytest.approx(0.0063528, rel=1e-4)
    steps = 1 - 0.02 * np.arange(1, 1001) / 1000
    assert schedules.ddpm(name="su")[0][-1] == pytest.approx(np.sqrt(np.prod(steps)), rel=1e-10)


@given(T=st.integers(1, 300), S=st.integers(1, 300), kind=st.sampled_from(["linear", "quadratic"]))
def test_subsequences_rise_from_data_to_noise(T, S, kind):
    if S > T:
        with pytest.raises(ValueError, match=f"S must be at most T = {T}, got {S}"):
            schedules.subsequence(T, S, kind)
        return
    tau = schedules.subsequence(T, S, kind)
    assert (tau[0], tau[-1], len(tau)) == (0, T, S + 1)
    assert (np.diff(tau) > 0).all()


@pytest.mark.parametrize(("S", "T", "name", "kind"), [(10, 1000, "linear", "linear"), (7, 300, "su", "quadratic")])
def test_a_shortened_chain_keeps_the_levels_of_the_long_one(S, T, name, kind):
    tau = schedules.subsequence(T, S, kind)
    for level, long in zip(schedules.shortened(S, T, name, kind), schedules.ddpm(T, name), strict=True):
        assert list(level) == list(long[tau])


def test_levels_of_karras():
    levels = schedules.edm_times(18)
    assert levels[0] == pytest.approx(80)
    assert levels[-1] == pytest.approx(0.002)
    np.testing.assert_allclose(np.diff(levels ** (1 / 7)), np.diff(levels ** (1 / 7))[0])


def test_logsnr_halfway_through_the_cosine_is_zero():
    assert schedules.logsnr(*schedules.kernel("cosine", 0.5)) == pytest.approx(0, abs=1e-14)
    assert schedules.logsnr(1, 0) == np.inf


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: schedules.ddpm(0), "T must be a whole number of at least 1, got 0"),
        (lambda: schedules.ddpm(10), "T must be larger for the schedule 'linear': at T = 10"),
        (lambda: schedules.ddpm(100, "ho"), "name must be one of .* got 'ho'"),
        (lambda: schedules.kernel("vp", 1.5), r"t must lie in \[0, 1\] for the schedule 'vp', got 1.5"),
        (lambda: schedules.kernel("vp", np.nan), "t must be finite, got nan"),
        (lambda: schedules.kernel("vp", 0.5, sigma_max=2), "'vp' has no parameter 'sigma_max'"),
        (lambda: schedules.kernel("vp", 0.5, beta_max=0), "beta_max must be positive and finite, got 0"),
        (lambda: schedules.kernel("vp", 0.5, beta_min=-1), "beta_min must be one finite number of at least 0, got -1"),
        (lambda: schedules.kernel("ve", 0.5, sigma_min=0), "sigma_min must be positive and finite, got 0"),
        (lambda: schedules.kernel("ve", 0.5, sigma_max=0.001), "sigma_max must be larger than sigma_min = 0.01, got"),
        (lambda: schedules.sde("flow", 1.0), "t must be less than 1 for the schedule 'flow'"),
        (lambda: schedules.sde("ou", 0.1), "name must be one of .* got 'ou'"),
        (lambda: schedules.step([1, 0.9, 0.95], [0, 0.1, 0.1]), "signal/noise must decrease .* at level 2"),
        (lambda: schedules.step([1, 0.9], [0, -0.1]), "noise must be finite and at least 0, got -0.1 at index 1"),
        (lambda: schedules.step([1, 0.9], [0]), r"noise must have shape \(2,\), got \(1,\)"),
        (lambda: schedules.subsequence(10, 3, "cubic"), "kind must be one of .* got 'cubic'"),
        (lambda: schedules.shortened(20, T=10), "S must be at most T = 10, got 20"),
        (lambda: schedules.edm_times(5, rho=0), "rho must be positive and finite, got 0"),
        (lambda: schedules.edm_times(5, sigma_min=90), "sigma_max must be larger than sigma_min = 90, got 80"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
