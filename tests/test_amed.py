"""Nodes, solvers and fits of companion.amed, against root finding, SciPy's solver, closed forms and each other."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.integrate import solve_ivp
from scipy.optimize import brentq

from companion import amed, mixtures, samplers, schedules

BIMODAL, THREE = mixtures.named("bimodal"), mixtures.named("asymmetric3")
SHARES = (np.arange(40) + 0.5) / 40
spreads, lows, ratios = st.floats(0.01, 50), st.floats(0.002, 5), st.floats(1.05, 400)


def gauss(d):
    return samplers.velocity(mixtures.mixture([1.0], [0.0], d**2), "edm")


@settings(max_examples=60, deadline=None)
@given(spreads, lows, ratios)
def test_mean_value_node_by_root_finding(d, a, ratio):
    b = a * ratio
    mean = (a + b) / (np.hypot(d, a) + np.hypot(d, b))
    assume(a / np.hypot(d, a) < mean * (1 - 1e-9) and mean < b / np.hypot(d, b) * (1 - 1e-9))
    root = brentq(lambda s: s / np.hypot(d, s) - mean, a, b, xtol=1e-15, rtol=1e-14)
    found = float(amed.mean_value_node(d, a, b))
    # The slope is flat in s where s is much larger than d: there the root is known less well.
    assert found == pytest.approx(root, rel=1e-13 * (1 + (b / d) ** 2) * ratio + 1e-9)


@settings(max_examples=60, deadline=None)
@given(spreads, lows, ratios)
def test_mean_value_node_lies_between_the_means_and_has_a_mirror(d, a, ratio):
    b = a * ratio
    s = float(amed.mean_value_node(d, a, b))
    assert np.sqrt(a * b) * (1 - 1e-12) <= s <= (a + b) / 2 * (1 + 1e-12)
    assert s * float(amed.mean_value_node(a * b / d, a, b)) == pytest.approx(np.sqrt(a * b) * (a + b) / 2, rel=1e-10)


@settings(max_examples=60, deadline=None)
@given(spreads, lows, ratios)
def test_predictor_node_makes_one_step_exact(d, a, ratio):
    b = a * ratio
    s = float(amed.predictor_node(d, a, b))
    assert np.sqrt(a * b) * (1 - 1e-12) <= s <= (a + b) / 2 * (1 + 1e-12)
    start, end = np.hypot(d, b), np.hypot(d, a)
    made = amed.solve(gauss(d), np.array([[start]]), [b, a], s)[0, 0]
    assert made == pytest.approx(end, abs=1e-12 * start)


@pytest.mark.parametrize("node", [amed.mean_value_node, amed.predictor_node])
def test_nodes_of_extreme_spreads(node):
    assert node(1e9, 1.0, 4.0) == pytest.approx(2.5, rel=1e-12)
    narrow = {amed.mean_value_node: 2.0, amed.predictor_node: 4 / 3 * (7**0.5 - 1)}[node]
    assert node(1e-7, 1.0, 4.0) == pytest.approx(narrow, rel=1e-9)
    assert node(1e160, 1.0, 4.0) == pytest.approx(2.5, rel=1e-12)
    for unit in (1e-300, 1e300):
        assert node(unit, unit, 4 * unit) / unit == pytest.approx(node(1.0, 1.0, 4.0), rel=1e-14)
    assert node(1e308, 1e-300, 1e-200) == pytest.approx(5e-201, rel=1e-12)
    with pytest.raises(ValueError, match="a must be at least 1e-300 b, got a = 1e-200 and b = 1e"):
        node(1.0, 1e-200, 1e200)
    assert node([0.1, 1.0], 1.0, [[2.0], [4.0], [8.0]]).shape == (3, 2)


def test_vp_times_are_even_in_the_time_of_a_vp_process():
    times = amed.vp_times(7)
    assert times[[0, -1]] == pytest.approx([80, 0.002], rel=1e-9)
    assert (np.diff(times) < 0).all()
    # With the fitted β the noise over the signal of "vp" takes these values at even times.
    bend = (np.log1p(0.002**2) / 1e-3 - np.log1p(80.0**2)) / (1e-3 - 1)
    slope = np.log1p(80.0**2) - bend
    tau = np.linspace(1, 1e-3, 7)
    np.testing.assert_allclose(np.log1p(times**2), bend * tau**2 + slope * tau, atol=1e-13)
    assert amed.vp_times(1) == pytest.approx([80])


def test_exact_path_by_scipy():
    u, times = np.array([0.1, 0.39, 0.8]), np.array([20.0, 3.0, 0.5, 0.01])
    path = amed.exact_path(BIMODAL, u, times)
    v = samplers.velocity(BIMODAL, "edm")
    solved = solve_ivp(
        lambda t, x: v(x[:, None], t)[:, 0], (20, 0.01), path[0], "LSODA", times[1:], rtol=1e-10, atol=1e-12
    )
    np.testing.assert_allclose(path[1:], solved.y.T, rtol=1e-7)


def test_the_arithmetic_node_is_the_midpoint_method():
    times, x = schedules.edm_times(6), np.linspace(-90, 90, 7)[:, None]
    v = samplers.velocity(THREE, "edm")
    middles = (times[1:] + times[:-1]) / 2
    np.testing.assert_allclose(amed.solve(v, x, times, middles), samplers.ode(v, x, times, "midpoint"), rtol=1e-12)


def test_the_node_at_the_start_is_euler_and_paths_are_kept():
    times, x = schedules.edm_times(6), np.linspace(-90, 90, 14).reshape(7, 2)
    v = samplers.velocity(mixtures.named("ring8"), "edm")
    path = amed.solve(v, x, times, times[:-1], path=True)
    assert path.shape == (6, 7, 2)
    np.testing.assert_allclose(path, samplers.ode(v, x, times, path=True), rtol=1e-12)


def test_dpm_solver_2_from_its_paper():
    # One step of algorithm 1 of DPM-Solver for alpha = 1, in half log-SNR.
    v, x, (b, a) = samplers.velocity(BIMODAL, "edm"), np.array([[0.3], [-2.0]]), (3.0, 0.2)
    half = (np.log(1 / a) - np.log(1 / b)) / 2
    s = np.exp(-(np.log(1 / b) + half))
    between = x - s * np.expm1(half) * v(x, b)
    expected = x - a * np.expm1(2 * half) * v(between, s)
    np.testing.assert_allclose(amed.solve(v, x, [b, a], np.sqrt(a * b)), expected, rtol=1e-12)


def test_scales_multiply_the_slope():
    v, x = samplers.velocity(BIMODAL, "edm"), np.array([[1.0], [2.0]])
    full = amed.solve(v, x, [2.0, 1.0], 1.5) - x
    np.testing.assert_allclose(amed.solve(v, x, [2.0, 1.0], 1.5, 0.7) - x, 0.7 * full, rtol=1e-12)
    # One scale for each step, where a step of scale 0 stands still.
    still = amed.solve(v, x, [4.0, 2.0, 1.0], [3.0, 1.5], [0.0, 1.0])
    np.testing.assert_allclose(still, x + full, rtol=1e-12)


def test_fit_finds_the_exact_node_of_gaussian_data():
    times = np.array([9.0, 2.0, 0.3])
    path = np.hypot(0.7, times)[:, None, None] * np.linspace(-2, 2, 5)[:, None]
    found = amed.fit_nodes(gauss(0.7), path, times, candidates=961)
    np.testing.assert_allclose(found.nodes, amed.predictor_node(0.7, times[1:], times[:-1]), rtol=4e-3)
    assert found.scales.tolist() == [1.0, 1.0]


def test_fit_is_not_beaten_by_any_candidate_in_one_step():
    times = np.array([2.5, 0.1])
    v, exact = samplers.velocity(BIMODAL, "edm"), amed.exact_path(BIMODAL, SHARES, times)[..., None]
    nodes, _ = amed.fit_nodes(v, exact, times)

    def miss(s, c=1.0):
        return np.mean((amed.solve(v, exact[0], times, s, c) - exact[1]) ** 2)

    assert all(miss(nodes) <= miss(2.5 ** (1 - r) * 0.1**r) + 1e-15 for r in np.linspace(0.02, 0.98, 97))
    scaled = amed.fit_nodes(v, exact, times, scale=True)
    best = miss(scaled.nodes, scaled.scales)
    assert best <= miss(nodes)
    assert best <= min(miss(scaled.nodes, scaled.scales + step) for step in (-1e-3, 1e-3))


def test_fit_goes_on_from_where_it_has_led():
    times = schedules.edm_times(4)
    v, exact = samplers.velocity(BIMODAL, "edm"), amed.exact_path(BIMODAL, SHARES, times)[..., None]
    nodes, _ = amed.fit_nodes(v, exact, times)
    reached = amed.solve(v, exact[0], times[:3], nodes[:2])
    again = amed.fit_nodes(v, np.stack([reached, exact[3]]), times[2:])
    assert again.nodes[0] == pytest.approx(nodes[2], rel=1e-12)


def test_fit_where_the_slope_is_zero_keeps_the_scale_one():
    found = amed.fit_nodes(lambda x, t: np.zeros_like(x), np.ones((2, 3, 1)), [2.0, 1.0], scale=True)
    assert found.scales.tolist() == [1.0]


def test_explained_by_an_eigenvalue_decomposition():
    points = np.random.default_rng(0).standard_normal((30, 5)) * [3, 2, 1, 0.5, 0.1]
    own = np.linalg.eigvalsh(np.cov(points.T))[::-1]
    np.testing.assert_allclose(amed.explained(points), np.cumsum(own) / own.sum(), rtol=1e-12)
    straight = np.outer(np.linspace(0, 1, 6), [1.0, 2.0, 3.0])
    np.testing.assert_allclose(amed.explained(straight), [1, 1, 1], rtol=1e-12)
    np.testing.assert_allclose(amed.explained(1e200 * points), amed.explained(points), rtol=1e-12)
