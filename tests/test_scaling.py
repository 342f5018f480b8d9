"""companion.scaling: closed forms against plain sums, samples and each other."""

import re

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import gamma as gamma_function
from scipy.special import gammaincc, zeta

from companion import scaling

exponents = st.floats(0.1, 3)
k = np.arange(1.0, 300_001)


def first(u):
    return np.exp(-u)


# frequencies and tails


def test_frequencies_sum_to_one_with_the_tail():
    p = scaling.frequencies(np.arange(1, 51), 0.7)
    assert p[0] / p[1] == pytest.approx(2**1.7)
    np.testing.assert_allclose(p.sum() + scaling.tail(50, 0.7), 1)
    assert scaling.tail(0, 0.7) == pytest.approx(1)


def test_the_tail_of_basel():
    np.testing.assert_allclose(scaling.tail([10, 2], 1.0), [0.0578541947, 1 - 1.25 * 6 / np.pi**2], rtol=1e-8)


@given(exponents, st.integers(1, 10_000))
def test_the_tail_lies_between_two_integrals(gamma, n):
    def integral(low):
        return low**-gamma / (gamma * zeta(gamma + 1))

    assert integral(n + 1.0) < scaling.tail(n, gamma) < integral(1.0 * n)


@given(exponents)
def test_each_term_of_the_expansion_helps(gamma):
    misses = [abs(scaling.tail_expansion(30, gamma, order) - scaling.tail(30, gamma)) for order in (1, 2, 3)]
    assert misses[0] > 10 * misses[1] > 100 * misses[2]


def test_loss_between_floor_and_ceiling():
    np.testing.assert_allclose(scaling.loss_quanta([0, 10], 1.0, 0.5, 2.5), [2.5, 0.5 + 2 * 0.0578541947], rtol=1e-8)


# data


def test_quanta_learned_meet_as_many_samples_as_they_need():
    n = scaling.quanta_learned([1e3, 1e6], 0.5, 7)
    np.testing.assert_allclose(np.array([1e3, 1e6]) * scaling.frequencies(n, 0.5), 7)


@pytest.mark.parametrize("gamma", [0.34, 1.0, 2.0])
@pytest.mark.parametrize("need", [1, 3])
def test_poisson_loss_is_the_plain_sum(gamma, need):
    p = scaling.frequencies(k, gamma)
    rest = scaling.tail(len(k), gamma) - (need == 1) * 1e4 * zeta(2 * gamma + 2, len(k) + 1) / zeta(gamma + 1) ** 2
    plain = np.sum(p * gammaincc(need, 1e4 * p)) + rest
    np.testing.assert_allclose(scaling.loss_data(1e4, gamma, need), plain, rtol=1e-7)
    np.testing.assert_allclose(scaling.loss_data_asymptote(1e4, gamma, need), plain, rtol=1e-6)


def test_binomial_loss_is_what_is_unseen_in_samples():
    rng = np.random.default_rng(0)
    p = scaling.frequencies(np.arange(1, 100_001), 1.5)
    p /= p.sum()
    unseen = [1 - p[np.unique(rng.choice(len(p), 30, p=p))].sum() for _ in range(2000)]
    np.testing.assert_allclose(scaling.loss_data(30, 1.5, kind="binomial"), np.mean(unseen), rtol=0.02)
    assert scaling.loss_data(1e4, 0.34, kind="binomial") == pytest.approx(0.1001394303, rel=1e-8)


def test_threshold_loss_counts_whole_quanta():
    reach = 1 / scaling.frequencies([3, 5], 0.8)
    np.testing.assert_allclose(scaling.loss_data(4 * reach, 0.8, 4, "threshold"), scaling.tail([3, 5], 0.8))
    np.testing.assert_allclose(scaling.loss_data(3.99 * reach, 0.8, 4, "threshold"), scaling.tail([2, 4], 0.8))


@settings(deadline=None, max_examples=30)
@given(exponents, st.floats(1, 1e9), st.floats(1.1, 10))
def test_more_data_mean_less_loss(gamma, D, more):
    losses = scaling.loss_data([D, D * more], gamma)
    assert 0 < losses[1] < losses[0] < 1


def test_the_number_of_terms_hardly_matters():
    for curve in (first, lambda u: (1 + u) ** -0.2, lambda u: (1 - scaling.quantum_curve(u, 1.0)) ** 2):
        some, many = (scaling.loss_curve([1e2, 1e6], 0.5, curve, size) for size in (4000, 100_000))
        np.testing.assert_allclose(some, many, rtol=1e-7)


def test_losses_are_shaped_as_the_data():
    D = np.full((2, 3), 100.0)
    assert scaling.loss_curve(D, 1.0, first).shape == scaling.loss_steps(D, 1.0).shape == (2, 3)
    assert all(scaling.loss_data(D, 1.0, kind=kind).shape == (2, 3) for kind in scaling.KINDS)


# steps, and the Mellin integral


def test_the_quantum_curve_follows_its_flow():
    t = np.linspace(0, 20, 20_001)
    x = scaling.quantum_curve(t, 0.4, 0.01)
    np.testing.assert_allclose(np.gradient(x, t)[1:-1], (0.8 * x * (1 - x))[1:-1], atol=1e-6)
    assert x[0] == pytest.approx(0.01)


def test_loss_in_steps_is_the_plain_sum_and_the_law():
    p = scaling.frequencies(k, 1.0)
    plain = np.sum(p * (1 - scaling.quantum_curve(1e5, p)) ** 2) + scaling.tail(len(k), 1.0) * (1 - 1e-3) ** 2
    assert scaling.loss_steps(1e5, 1.0) == pytest.approx(plain, rel=1e-4)
    moment = scaling.mellin(lambda u: (1 - scaling.quantum_curve(u, 1.0)) ** 2, 0.5)
    assert scaling.mellin_constant(1.0, moment) * 1e5**-0.5 == pytest.approx(4.1944990e-3, rel=1e-7)


@given(st.floats(0.05, 0.95))
def test_known_mellin_integrals(s):
    assert scaling.mellin(first, s) == pytest.approx(gamma_function(s), rel=1e-9)
    assert scaling.mellin(lambda u: 1 / (1 + u) ** 2, s) == pytest.approx(np.pi * (1 - s) / np.sin(np.pi * s), rel=1e-9)


def test_a_mellin_integral_that_diverges():
    with pytest.raises(ValueError, match=r"s must be a place where the Mellin integral converges, got 0\.3"):
        scaling.mellin(lambda u: (1 + u) ** -0.3, 0.3)


# compute, and slopes


@given(exponents, st.floats(1e10, 1e25), st.floats(0.1, 10), st.floats(0.1, 10))
def test_no_neighbour_of_the_best_split_is_better(gamma, C, A, B):
    best = scaling.optimal_split(C, gamma, A, B, 6.0)
    np.testing.assert_allclose(6 * best.N * best.D, C)
    for factor in (0.8, 1.25):
        other = A * (factor * best.N) ** -gamma + B * (best.D / factor) ** (-gamma / (gamma + 1))
        assert other > best.L


def test_exponents_of_the_best_split():
    got = scaling.optimal_split([1e20, 1e21], 0.34)
    np.testing.assert_allclose(
        np.log10(np.divide(*np.array(got)[:, ::-1].T)), [1 / 2.34, 1.34 / 2.34, -0.34 / 2.34], rtol=1e-9
    )


def test_the_local_exponent_of_a_power():
    x = np.geomspace(1, 100, 7)
    np.testing.assert_allclose(scaling.local_exponent(x, 3 * x**-0.7), 0.7)


# bad input


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scaling.frequencies(0, 1.0), "k must be finite and at least 1, got 0.0"),
        (lambda: scaling.tail(3, 0.0), "gamma must be positive and finite, got 0.0"),
        (lambda: scaling.tail(-1, 1.0), "n must be finite and at least 0"),
        (lambda: scaling.tail_expansion(0, 1.0), "n must be positive, got 0.0"),
        (lambda: scaling.tail_expansion(3, 1.0, 4), "order must be at most 3, got 4"),
        (lambda: scaling.loss_quanta(3, 1.0, 2.0, 1.0), "a must not be above b = 1.0, got 2.0"),
        (lambda: scaling.quanta_learned(1, 1.0, 0.0), "need must be positive and finite, got 0.0"),
        (lambda: scaling.loss_curve(-1, 1.0, first), "D must be positive, got -1.0"),
        (lambda: scaling.loss_curve(1, -0.5, first), "gamma must be positive and finite, got -0.5"),
        (lambda: scaling.loss_curve(1, 1.0, lambda u: u[:2]), "curve must return values of the shape of its points"),
        (lambda: scaling.loss_data(0, 1.0), "D must be positive, got 0.0"),
        (lambda: scaling.loss_data(1, 1.0, 0), "need must be a whole number of at least 1, got 0"),
        (lambda: scaling.loss_data(1, 1.0, 1, "normal"), "kind must be one of"),
        (lambda: scaling.loss_data(1, 1.0, 2, "binomial"), "need must be 1 for the kind 'binomial', got 2"),
        (lambda: scaling.loss_data_asymptote(np.nan, 1.0), "D must be finite, got nan"),
        (lambda: scaling.quantum_curve(-1, 1.0), "t must be finite and at least 0, got -1.0"),
        (lambda: scaling.quantum_curve(1, 0.0), "p must be positive, got 0.0"),
        (lambda: scaling.quantum_curve(1, 1.0, 1.0), "x0 must lie between 0 and 1, got 1.0"),
        (lambda: scaling.loss_steps(1, 1.0, 0.0), "x0 must lie between 0 and 1, got 0.0"),
        (lambda: scaling.mellin(first, 0.0), "s must be positive and finite, got 0.0"),
        (lambda: scaling.mellin_constant(1.0, -1.0), "M must be positive and finite, got -1.0"),
        (lambda: scaling.optimal_split(0, 1.0), "C must be positive, got 0.0"),
        (lambda: scaling.optimal_split(1, 1.0, flops=0.0), "flops must be positive and finite, got 0.0"),
        (lambda: scaling.local_exponent([2, 1], [1, 1]), "x must be at least two numbers that rise"),
        (lambda: scaling.local_exponent([1, 2], [1, 0]), "L must be positive, got 0.0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        call()
