"""companion.autophagy: closed forms against recursions, samples and each other."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import integrate, stats

from companion import autophagy

sizes = st.integers(2, 60)
cuts = st.floats(0.3, 1)


def rng(seed=0):
    return np.random.default_rng(seed)


def one_generation(V, S, n_r, n_s, lam, real):
    """The next (V, S) from the mean square, the mean of the variance and the error `real` of the real mean."""
    n, made = n_r + n_s, V + lam * S / n_s
    between = n_r * n_s / n * (real + made)
    return (n_r**2 * real + n_s**2 * made) / n**2, ((n_r - 1) + (n_s - 1) * lam * S + between) / (n - 1)


# fully_synthetic


def test_the_first_generations_of_a_synthetic_loop():
    got = autophagy.fully_synthetic(np.arange(4), 5, 0.5)
    np.testing.assert_allclose(got.V, [0, 1 / 5, 1.5 / 5, 1.75 / 5])
    np.testing.assert_allclose(got.S[1:], [1, 0.5, 0.25])
    assert got.log_s[0] == got.W2[0] == 0


def test_the_expected_logarithm_and_root_by_quadrature():
    factor = stats.chi2(6)

    def expected(g):
        return integrate.quad(lambda x: g(x / 6) * factor.pdf(x), 0, np.inf)[0]

    got = autophagy.fully_synthetic(3, 7, 0.8)
    np.testing.assert_allclose(got.log_s, 3 * expected(np.log) + 2 * np.log(0.8), rtol=1e-6)
    np.testing.assert_allclose(got.W2, got.V + 0.64 - 2 * expected(np.sqrt) ** 3 * 0.8 + 1, rtol=1e-6)


@given(st.integers(0, 50), sizes, cuts)
def test_truncation_is_continuous_at_one_and_only_narrows(t, n, lam):
    none, nearly = autophagy.fully_synthetic(t, n), autophagy.fully_synthetic(t, n, 1 - 1e-9)
    np.testing.assert_allclose(nearly, none, atol=1e-6)
    cut = autophagy.fully_synthetic(t, n, lam)
    assert cut.V <= none.V + 1e-12
    assert cut.S <= none.S
    assert cut.log_s <= none.log_s + 1e-12


def test_results_are_shaped_as_the_generations():
    assert all(part.shape == (2, 3) for part in autophagy.fully_synthetic(np.ones((2, 3)), 9))


def test_sampled_numbers_have_the_expected_moments():
    x = rng(1).standard_normal((40_000, 6))
    mean, variance = x.mean(axis=1, keepdims=True), x.var(axis=1, ddof=1, keepdims=True)
    y = mean + np.sqrt(0.7 * variance) * rng(2).standard_normal(x.shape)
    want = autophagy.fully_synthetic(2, 6, 0.7)
    np.testing.assert_allclose(np.mean(y.mean(axis=1) ** 2), want.V, rtol=0.04)
    np.testing.assert_allclose(y.var(axis=1, ddof=1).mean(), want.S, rtol=0.02)


# stationary and effective_size


@given(sizes, sizes, cuts)
def test_the_stationary_state_of_fresh_data_reproduces_itself(n_r, n_s, lam):
    V, S = autophagy.stationary("fresh", n_r, n_s, lam)
    np.testing.assert_allclose(one_generation(V, S, n_r, n_s, lam, 1 / n_r), (V, S), rtol=1e-9)


@given(sizes, sizes, cuts)
def test_the_stationary_state_of_a_fixed_set_reproduces_itself(n_r, n_s, lam):
    V, S = autophagy.stationary("fixed", n_r, n_s, lam)
    np.testing.assert_allclose(one_generation(V - 1 / n_r, S, n_r, n_s, lam, 0), (V - 1 / n_r, S), rtol=1e-9)


@given(sizes, sizes, cuts)
def test_fresh_data_beat_a_fixed_set(n_r, n_s, lam):
    fresh, fixed = (autophagy.stationary(kind, n_r, n_s, lam) for kind in ("fresh", "fixed"))
    assert fresh.V < 1 / n_r < fixed.V
    assert 0 < fixed.S < fresh.S


def test_stationary_states_broadcast():
    V, S = autophagy.stationary("fresh", [[10], [20]], [5, 50, 500], 0.9)
    assert V.shape == S.shape == (2, 3)
    assert autophagy.effective_size([[10], [20]], [5, 50, 500], 0.9).shape == (2, 3)


def test_the_effective_size_in_samples_of_the_loop():
    loop = autophagy.simulate("fresh", 100, 30, 0.5, 15, 200_000, rng(3))
    distance = np.mean(loop.mean[-1] ** 2 + (np.sqrt(loop.variance[-1]) - 1) ** 2)
    np.testing.assert_allclose(autophagy.effective_size(100, 30, 0.5), 1.5 / distance, rtol=0.012)


def test_known_effective_sizes():
    np.testing.assert_allclose(autophagy.effective_size(1e6, 1e8), 2e6, rtol=0.02)
    assert autophagy.effective_size(100, 92, 0.8) > 100 > autophagy.effective_size(100, 94, 0.8)


# simulate


@pytest.mark.parametrize("kind", ["fresh", "fixed"])
def test_simulated_loops_come_to_rest_where_they_should(kind):
    loop = autophagy.simulate(kind, 8, 12, 0.7, 40, 40_000, rng(4))
    V, S = autophagy.stationary(kind, 8, 12, 0.7)
    np.testing.assert_allclose(np.mean(loop.mean[-1] ** 2), V, rtol=0.04)
    np.testing.assert_allclose(loop.variance[-1].mean(), S, rtol=0.02)


def test_a_simulated_synthetic_loop():
    loop = autophagy.simulate("synthetic", 30, 10, 0.9, 5, 40_000, rng(5))
    assert loop.mean.shape == loop.variance.shape == (6, 40_000)
    np.testing.assert_allclose(np.mean(loop.mean[1] ** 2), 1 / 30, rtol=0.04)
    np.testing.assert_allclose(loop.variance[1].var(), 2 / 29, rtol=0.06)
    np.testing.assert_allclose(np.mean(loop.mean[2] ** 2), 1 / 30 + 0.9 / 10, rtol=0.04)
    np.testing.assert_allclose(loop.variance[5].mean(), 0.9**4, rtol=0.04)


def test_a_seed_fixes_a_run():
    first, second = (autophagy.simulate("fixed", 5, 5, 1, 3, 4, rng(6)) for _ in range(2))
    np.testing.assert_array_equal(first.mean, second.mean)


# drift


@given(st.integers(1, 200), st.integers(2, 8), st.integers(0, 1000))
def test_resampled_laws_are_laws_and_lost_words_stay_lost(n, words, seed):
    p = rng(seed).dirichlet(np.ones(words))
    laws = autophagy.drift(p, n, 6, 3, rng(seed))
    assert laws.shape == (7, 3, words)
    np.testing.assert_allclose(laws.sum(axis=-1), 1)
    np.testing.assert_allclose(laws[1:] * n, np.round(laws[1:] * n), atol=1e-9)
    assert not (laws[1:][(laws[:-1] == 0)] > 0).any()


def test_diversity_of_resampled_laws_decays_by_one_over_n():
    laws = autophagy.drift([0.5, 0.3, 0.2], 20, 10, 20_000, rng(7))
    diversity = 1 - (laws**2).sum(axis=-1).mean(axis=1)
    np.testing.assert_allclose(diversity, 0.62 * (1 - 1 / 20) ** np.arange(11), rtol=0.02)
    np.testing.assert_allclose(laws.mean(axis=1)[-1], [0.5, 0.3, 0.2], atol=0.01)
