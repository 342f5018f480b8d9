"""companion.walks: one step by hand, means against walks, and what the argument behind them says."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import walks

KINDS = tuple(walks.RULES)
kinds = st.sampled_from(KINDS)
steps = st.floats(1e-3, 0.2)
cosines = st.floats(0.05, 0.6)


def rng(seed=0):
    return np.random.default_rng(seed)


@given(kinds, steps, cosines, st.floats(-0.9, 0.9), st.sampled_from([0.5, 1.0, np.inf]))
def test_every_walk_starts_at_distance_one_with_q_one_half(kind, alpha0, p, cosine, guess):
    seen = walks.walk(kind, alpha0, p, 2, 5, rng(), guess, cosine, runs=3)
    assert seen.E.shape == seen.q.shape == (3, 3)
    np.testing.assert_allclose(seen.E[0], 1)
    np.testing.assert_allclose(seen.q[0], 0.5, atol=1e-9)
    np.testing.assert_allclose(walks.expected(kind, alpha0, p, 2, guess, cosine).q[0], 0.5)


@given(kinds, steps, cosines)
def test_without_decay_a_step_obeys_the_law_of_cosines(kind, alpha0, p):
    seen = walks.walk(kind, alpha0, p, 3, 4, rng(), np.inf, runs=2)
    for t in range(3):
        a, c, _ = walks.RULES[kind](np.asarray(float(t)), seen.E[t], alpha0, p)
        np.testing.assert_allclose(seen.E[t + 1] ** 2, seen.E[t] ** 2 - 2 * a * c * seen.E[t] + a**2)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("guess", [0.5, np.inf])
@pytest.mark.parametrize("cosine", [0.0, 0.7])
def test_walks_in_many_dimensions_have_the_expected_means(kind, guess, cosine):
    seen = walks.walk(kind, 0.08, 0.25, 400, 500, rng(1), guess, cosine, runs=12)
    want = walks.expected(kind, 0.08, 0.25, 400, guess, cosine)
    np.testing.assert_allclose((seen.E[[1, 20, 100, 400]] ** 2).mean(axis=1), want.E[[1, 20, 100, 400]] ** 2, rtol=0.02)
    np.testing.assert_allclose(seen.q[[1, 20, 100, 400]].mean(axis=1), want.q[[1, 20, 100, 400]], atol=0.12)


def test_the_first_step_with_decay_by_hand():
    seen = walks.expected("constant", 0.2, 0.5, 1, guess=0.5)  # a = 0.2, ρ = 0.04, A = 1, B = −½, C = ½
    A = 0.96**2 + 0.04 + 0.04**2 / 2 - 2 * 0.96 * 0.1 + 0.04 * (0.96 - 0.1)
    np.testing.assert_allclose(seen.E[1] ** 2, A)
    np.testing.assert_allclose(seen.q[1], 1 + (-0.5 * (0.96 - 0.1) - 0.02) / A)


def test_the_scale_of_the_end_depends_on_the_angle():
    flat, steep = (walks.expected("constant", 0.2, 0.5, 1, 0.5, cosine) for cosine in (0, 0.5))
    np.testing.assert_allclose(steep.E[1] ** 2 - flat.E[1] ** 2, 0.04**2 / 2)  # ‖θ*‖² is 1 in place of ½


def test_known_schedules():
    t, E = np.array([0.0, 50]), np.array([1.0, 0.5])
    a, c, rate = walks.RULES["square"](t, E, 0.1, 0.2)
    np.testing.assert_allclose((a, c, rate), ([0.1, 0.025], [0.2, 0.2], [1, 0.25]))
    a, c, rate = walks.RULES["inverse"](t, E, 0.1, 0.2)
    np.testing.assert_allclose((a, c, rate), ([0.1, 0.1 / 3], [0.2, 0.1], [1, 1 / 3]))
    a, c, rate = walks.RULES["constant"](t, E, 0.1, 0.2)
    np.testing.assert_allclose((a, c, rate), ([0.1, 0.1], [0.2, 0.1], [1, 1]))
    a, c, rate = walks.RULES["greedy"](t, E, 0.1, 0.2)
    np.testing.assert_allclose((a, c, rate), ([0.2, 0.05], [0.2, 0.1], [0, 0]))


def test_inverse_time_with_decay_stops_short_of_the_end():
    kept, dropped = (walks.expected("inverse", 0.1, 0.2, 30_000, guess).E[-1] ** 2 for guess in (0.5, np.inf))
    np.testing.assert_allclose(kept, 1 / 18, rtol=0.05)
    assert dropped < kept / 10


def test_a_seed_fixes_a_walk():
    first, second = (walks.walk("inverse", 0.1, 0.2, 5, 6, rng(3)).E for _ in range(2))
    np.testing.assert_array_equal(first, second)
