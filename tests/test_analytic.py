"""What samplers make of a distribution, against closed forms, brute force and samples."""

import numpy as np
import pytest

from companion import analytic, information, mixtures, samplers, schedules

GRID = np.linspace(-8, 8, 801)


def normal(x, mean=0.0, sd=1.0):
    return np.exp(-(((x - mean) / sd) ** 2) / 2) / (sd * np.sqrt(2 * np.pi))


def spread(density):
    dx = GRID[1] - GRID[0]
    mean = (density * GRID).sum() * dx
    return (density * (GRID - mean) ** 2).sum() * dx


@pytest.mark.parametrize("eta", [0.0, 0.5, 1.0])
def test_variances_of_gaussian_data_by_three_routes(eta):
    m = mixtures.mixture([1.0], [0.0], 0.36)
    signal, noise = schedules.shortened(12)
    sigma, eps = samplers.step_sigma(signal, noise, eta), samplers.eps_model(m, signal, noise)
    exact = analytic.gaussian_output([0.36], signal, noise, sigma)[0]
    rows = analytic.densities(eps, signal, noise, sigma, GRID)
    assert spread(rows[0]) == pytest.approx(exact, rel=1e-7)
    rng = np.random.default_rng(0)
    drawn = samplers.reverse(eps, signal, noise, sigma, rng.standard_normal((40_000, 1)), rng)
    assert np.var(drawn) == pytest.approx(exact, abs=4 * exact * np.sqrt(2 / 40_000))


def test_optimal_std_gives_gaussian_data_their_exact_variance():
    m = mixtures.mixture([1.0], [0.0], 0.36)
    signal, noise = schedules.shortened(5)
    for eta in (0.0, 1.0):
        sigma = samplers.step_sigma(signal, noise, eta)
        std = analytic.optimal_std(m, signal, noise, sigma)
        start = signal[-1] ** 2 * 0.36 + noise[-1] ** 2
        assert analytic.gaussian_output([0.36], signal, noise, sigma, std, start)[0] == pytest.approx(0.36, rel=1e-9)


def test_one_gaussian_step_costs_the_negentropy():
    m = mixtures.named("bimodal")
    terms, total = analytic.gap(m, [1.0, 1e-6], [0.0, 1.0])
    assert len(terms) == 1
    assert total == pytest.approx(np.log(2 * np.pi * np.e * 1.632) / 2 - information.entropy(m), abs=1e-6)


def test_gap_by_brute_force_and_zero_for_gaussian_data():
    signal, noise = schedules.shortened(8)
    assert analytic.gap(mixtures.named("gauss"), signal, noise)[1] == pytest.approx(0, abs=1e-9)
    m, (alpha, beta) = mixtures.named("bimodal"), schedules.step(signal, noise)
    y = np.linspace(-7, 7, 1401)
    dx, total = y[1] - y[0], 0.0
    for k in range(1, 9):
        before = np.exp(mixtures.logpdf(m, y[:, None], signal[k - 1], noise[k - 1]))
        joint = normal(y[:, None], alpha[k] * y, beta[k]) * before  # rows x_k, columns x_{k−1}
        after = joint.sum(axis=1) * dx
        keep = after > 1e-12
        conditional = joint[keep] / after[keep, None]
        mean = conditional @ y * dx
        variance = (after[keep] * ((conditional @ y**2) * dx - mean**2)).sum() * dx
        model = normal(y, mean[:, None], np.sqrt(variance))
        ratio = np.log(np.maximum(conditional, 1e-300)) - np.log(np.maximum(model, 1e-300))
        total += (after[keep, None] * conditional * ratio).sum() * dx**2
    assert analytic.gap(m, signal, noise)[1] == pytest.approx(total, rel=1e-5)


@pytest.mark.parametrize("name", ["bimodal", "cross"])
def test_likelihood_of_data(name):
    m = mixtures.named(name)
    x = mixtures.sample(m, 40, np.random.default_rng(0))
    logp, latent = analytic.likelihood(m, "vp", x, np.linspace(0, 1, 201))
    np.testing.assert_allclose(logp, mixtures.logpdf(m, x), atol=2e-4)
    assert latent.shape == x.shape


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (
            lambda: analytic.gaussian_output([-1], [1, 0.8], [0, 0.6], 0),
            "variances must be finite and at least 0, got -1",
        ),
        (lambda: analytic.gap(mixtures.named("ring8"), [1, 0.8], [0, 0.6]), "m must have d = 1 here, got d = 2"),
        (
            lambda: analytic.likelihood(mixtures.named("gauss"), "vp", [0.0], [1, 0]),
            "times must increase from data to noise, got 1 to 0",
        ),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
