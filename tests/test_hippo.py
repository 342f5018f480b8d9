"""HiPPO matrices against integrals of the basis, and coefficients against the signals they stand for."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.polynomial.legendre import leggauss
from scipy.integrate import solve_ivp

from companion import hippo

MEASURES = (*hippo.LEGENDRE, *hippo.FOURIER)
s, w = sp.symbols("s w", positive=True)


def g(n):
    return sp.sqrt(sp.Rational(2 * n + 1, 2)) * sp.legendre(n, s)


def integral(expression):
    return sp.integrate(sp.expand(expression), (s, -1, 1))


@pytest.mark.parametrize("norm", ["interval", "probability"])
def test_the_basis_is_orthonormal(norm):
    points, weights = leggauss(40)
    values = hippo.basis(20, points, norm)
    gram = (values * weights / (2 if norm == "probability" else 1)) @ values.T
    np.testing.assert_allclose(gram, np.eye(20), atol=1e-12)


def test_basis_keeps_the_shape_of_its_points():
    assert hippo.basis(5, np.zeros((2, 3))).shape == (5, 2, 3)
    assert hippo.basis(5, 0.3).shape == (5,)


def test_legs_entries_are_integrals():
    d = 8
    for n in range(d):
        for k in range(d):
            # T c_n' = 2 g_n(1) u − ∫ u ∂_s[(s+1) g_n] ds, with u expanded in the basis.
            entry = -integral(g(k) * sp.diff((s + 1) * g(n), s))
            assert sp.simplify(entry - hippo.transition_sympy("legs", d)[0][n, k]) == 0
        assert sp.simplify(2 * g(n).subs(s, 1) - hippo.transition_sympy("legs", d)[1][n]) == 0


def test_legt_entries_are_integrals():
    d = 8
    A, B = hippo.transition_sympy("legt", d, w)
    for n in range(d):
        for k in range(d):
            entry = -2 / w * (g(n).subs(s, -1) * g(k).subs(s, -1) + integral(g(k) * sp.diff(g(n), s)))
            assert sp.simplify(entry - A[n, k]) == 0
        assert sp.simplify(2 / w * g(n).subs(s, 1) - B[n]) == 0


def test_fourier_scaled_entries_are_integrals():
    A, _ = hippo.transition_sympy("fourier-scaled", 5)
    for i in range(5):
        for j in range(5):
            n, k = i - 2, j - 2
            # c_n' = u(T)/T − ∫ u ∂_s(s e^{−2πins}) ds / T on [0, 1]
            wave = sp.exp(2 * sp.pi * sp.I * k * s) * sp.diff(s * sp.exp(-2 * sp.pi * sp.I * n * s), s)
            assert sp.simplify(-sp.integrate(sp.expand(wave), (s, 0, 1)) - A[i, j]) == 0


@pytest.mark.parametrize("measure", MEASURES)
@pytest.mark.parametrize("d", [1, 3, 9])
def test_numbers_agree_with_the_exact_matrices(measure, d):
    A, B = hippo.transition(measure, d, 0.7)
    exact_A, exact_B = hippo.transition_sympy(measure, d, sp.Rational(7, 10))
    np.testing.assert_allclose(A, np.array(exact_A.evalf(), dtype=complex), rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(B, np.array(exact_B.evalf(), dtype=complex)[:, 0], rtol=1e-12)


@pytest.mark.parametrize("measure", ["legt", "legs"])
def test_the_probability_norm_divides_b_by_root_two(measure):
    A, B = hippo.transition(measure, 6, 2.0)
    A_p, B_p = hippo.transition(measure, 6, 2.0, norm="probability")
    np.testing.assert_array_equal(A, A_p)
    np.testing.assert_allclose(B_p, B / np.sqrt(2))


def test_lmu_is_legt_in_another_gauge():
    A, B = hippo.transition("legt", 7, 0.5)
    A_int, B_int = hippo.transition("lmu", 7, 0.5)
    gauge = np.sqrt(2 / (2 * np.arange(7) + 1))
    np.testing.assert_allclose(A_int, A * gauge / gauge[:, None])
    np.testing.assert_allclose(B_int, B / gauge)


def test_legs_remembers_a_polynomial_without_error():
    """The projection of t² onto the past is held exactly by d = 3 coefficients, at every time."""
    A, B = hippo.transition("legs", 3)
    start, end = 1.0, 4.0

    def coefficients(T):
        points, weights = leggauss(10)
        return hippo.basis(3, points) @ (weights * ((points + 1) * T / 2) ** 2)

    solved = solve_ivp(lambda t, x: (A @ x + B * t**2) / t, (start, end), coefficients(start), rtol=1e-10, atol=1e-12)
    np.testing.assert_allclose(solved.y[:, -1], coefficients(end), rtol=1e-7)


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.integers(1, 10))
def test_projection_is_the_integral_cell_by_cell(values, d):
    points, weights = leggauss(12)
    L = len(values)
    cells = -1 + (2 * np.arange(L)[:, None] + 1 + points) / L
    expected = np.einsum("dlp,p,l->d", hippo.basis(d, cells), weights / L, np.array(values))
    np.testing.assert_allclose(hippo.project(values, d), expected, atol=1e-10)


@pytest.mark.parametrize("norm", ["interval", "probability"])
def test_projection_then_reconstruction_is_near_a_smooth_signal(norm):
    t = np.linspace(-1, 1, 4001)
    middle = (t[1:] + t[:-1]) / 2
    c = hippo.project(np.stack([np.sin(3 * middle), middle**2]), 24, norm)
    np.testing.assert_allclose(hippo.reconstruct(c, t, norm), np.stack([np.sin(3 * t), t**2]), atol=1e-3)


def stepped(u, d, method):
    """LegS one step at a time, with dense matrices."""
    A, B = hippo.transition("legs", d)
    x, states = -np.linalg.solve(A, B) * u[0], []
    for k in range(1, len(u) + 1):
        states.append(x)
        if k < len(u):
            p = {"forward": 1, "backward": 0}.get(method, 0.5)
            start, end = (k + 0.5, k + 0.5) if method == "midpoint" else (k, k + 1)
            fed = np.log((k + 1) / k) if method == "bilinear-log" else 1 / start
            x = np.linalg.solve(np.eye(d) - (1 - p) * A / end, (np.eye(d) + p * A / start) @ x + fed * B * u[k])
    return np.array(states)


@pytest.mark.parametrize("method", ["forward", "backward", "bilinear", "bilinear-log", "midpoint"])
@pytest.mark.parametrize(("d", "L"), [(1, 1), (1, 5), (7, 1), (7, 60), (12, 200)])
def test_legs_run_is_the_recurrence(method, d, L):
    u = np.random.default_rng(d).normal(size=L)
    expected = stepped(u, d, method)
    np.testing.assert_allclose(hippo.legs_run(u, d, method), expected, atol=1e-12 * max(1, np.abs(expected).max()))


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=12), st.integers(1, 6))
def test_legs_run_exact_follows_the_exact_step(values, d):
    """x_{k+1} = r^A x_k + A⁻¹(r^A − I) B u_k with r = (k+1)/k, by an eigendecomposition."""
    A, B = hippo.transition("legs", d)
    values_, P = np.linalg.eig(A)
    run = hippo.legs_run(values, d, "exact")
    for k in range(1, len(values)):
        step = (P * ((k + 1) / k) ** values_) @ np.linalg.inv(P)
        expected = step @ run[k - 1] + np.linalg.solve(A, (step - np.eye(d)) @ B) * values[k]
        np.testing.assert_allclose(run[k], expected, atol=1e-9)


@pytest.mark.parametrize("method", ["forward", "midpoint", "exact"])
def test_a_constant_signal_has_one_coefficient(method):
    """Where both integrals take the same weight; the other schemes feed 1/k and let the constant drift."""
    run = hippo.legs_run(np.ones(50), 6, method)
    np.testing.assert_allclose(run[:, 0], np.sqrt(2), atol=1e-11)
    np.testing.assert_allclose(run[:, 1:], 0, atol=1e-11)


def test_legs_runs_converge_to_the_exact_memory():
    def error(L, method):
        u = np.sin(5 * (np.arange(L) + 0.5) / L)
        return np.abs(hippo.legs_run(u, 6, method)[-1] - hippo.legs_run(u, 6, "exact")[-1]).max()

    for method in ("forward", "backward", "bilinear", "bilinear-log", "midpoint"):
        assert error(800, method) < 0.6 * error(400, method) < 0.01


def test_the_midpoint_keeps_the_running_mean():
    u = np.random.default_rng(0).normal(size=300)
    means = np.cumsum(u) / np.arange(1, 301)
    np.testing.assert_allclose(hippo.legs_run(u, 5, "midpoint")[:, 0], np.sqrt(2) * means, atol=1e-12)


def test_forward_euler_forgets_the_first_sample_after_d_steps():
    impulse = np.eye(1, 40)[0]
    run = hippo.legs_run(impulse, 12, "forward")
    assert np.abs(run).max() > 1e5
    assert (run[12:] == 0).all()


@pytest.mark.parametrize("d", [1, 2, 9, 1024])
def test_legs_products_without_the_matrix(d):
    A, _ = hippo.transition("legs", d)
    v = np.random.default_rng(d).normal(size=(3, d))
    np.testing.assert_allclose(hippo.legs_matvec(v), v @ A.T, rtol=1e-9, atol=1e-10 * d)
    for lam in (0.5, 0.125, 1 / 200, 3.0):
        solved = hippo.legs_solve(v, lam)
        np.testing.assert_allclose(solved, np.linalg.solve(np.eye(d) - lam * A, v.T).T, rtol=1e-10, atol=1e-12)
        np.testing.assert_array_equal(solved[0], hippo.legs_solve(v[0], lam))


@settings(max_examples=40, deadline=None)
@given(st.lists(st.floats(-5, 5), min_size=1, max_size=20), st.floats(0, 4))
def test_legs_solve_undoes_the_step(values, lam):
    v = np.array(values)
    np.testing.assert_allclose(hippo.legs_solve(v - lam * hippo.legs_matvec(v), lam), v, atol=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: hippo.transition("legendre", 4), "measure must be one of .*'legendre'"),
        (lambda: hippo.transition("fourier", 8), "d must be odd for measure 'fourier', got 8"),
        (lambda: hippo.transition("legt", 0), "d must be .* got 0"),
        (lambda: hippo.transition("legt", 2.5), "d must be .* got 2.5"),
        (lambda: hippo.transition("legt", 4, w=0), "w must be .* got 0"),
        (lambda: hippo.transition("legt", 4, w=np.inf), "w must be .* got inf"),
        (lambda: hippo.transition("legs", 4, norm="l2"), "norm must be .*'l2'"),
        (lambda: hippo.transition_sympy("fourier-scaled", 4), "d must be odd"),
        (lambda: hippo.basis(3, [0.0, 1.2]), "s must lie .* got 1.2"),
        (lambda: hippo.basis(3, [np.nan]), "s must be finite, got nan"),
        (lambda: hippo.project([], 3), r"u needs .* shape \(0,\)"),
        (lambda: hippo.reconstruct(1.0, [0.0]), "c needs at least 1 entry on its last axis"),
        (lambda: hippo.legs_run([], 3), r"u must have shape \(L,\), got \(0,\)"),
        (lambda: hippo.legs_run([[1.0]], 3), r"u must have shape \(L,\), got \(1, 1\)"),
        (lambda: hippo.legs_run([1.0], 0), "d must be .* got 0"),
        (lambda: hippo.legs_run([1.0], 3, "zoh"), "method must be one of .*'zoh'"),
        (lambda: hippo.legs_matvec([]), r"v needs .* shape \(0,\)"),
        (lambda: hippo.legs_matvec(2.0), r"v needs .* shape \(\)"),
        (lambda: hippo.legs_solve([], 1.0), r"v needs .* shape \(0,\)"),
        (lambda: hippo.legs_solve([1.0, 2.0], -0.5), "lam must not be .* got -0.5"),
        (lambda: hippo.legs_solve([1.0, 2.0], np.inf), "lam must be .* got inf"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
