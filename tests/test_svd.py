"""companion.svd: four ways to the singular value decomposition against NumPy's, and the best approximation."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import example, given, settings
from hypothesis import strategies as st

from companion.svd import randomized_svd, svd, svd2, svd_exact, tail, truncate

seeds, sides = st.integers(0, 2**20), st.integers(1, 7)


def drawn(seed, n, m):
    """A random matrix of random rank."""
    rng = np.random.default_rng(seed)
    r = rng.integers(0, min(n, m) + 1)
    return rng.standard_normal((n, r)) @ rng.standard_normal((r, m))


def turn(angle):
    return np.array([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])


@settings(deadline=None, max_examples=60)
@given(seeds, sides, sides)
def test_svd_is_an_svd(seed, n, m):
    M = drawn(seed, n, m)
    U, s, Vt = svd(M)
    p = min(n, m)
    assert (U.shape, s.shape, Vt.shape) == ((n, p), (p,), (p, m))
    np.testing.assert_allclose(U * s @ Vt, M, atol=1e-7)
    np.testing.assert_allclose(U.T @ U, np.eye(p), atol=1e-12)
    np.testing.assert_allclose(Vt @ Vt.T, np.eye(p), atol=1e-12)
    np.testing.assert_allclose(s, np.linalg.svd(M, compute_uv=False), atol=1e-7)
    assert (np.diff(s) <= 0).all()
    assert (s >= 0).all()


@pytest.mark.parametrize("size", [1e-200, 1.0, 1e200])
def test_svd_of_very_small_and_very_large_entries(size):
    M = size * np.array([[3.0, 2, 2], [2, 3, -2]])
    U, s, Vt = svd(M)
    np.testing.assert_allclose(s, [5 * size, 3 * size], rtol=1e-12)
    np.testing.assert_allclose(U * s @ Vt, M, rtol=1e-12, atol=1e-12 * size)


def test_svd_keeps_the_digits_of_small_stretches():
    """The diagonal of R, not the root of an eigenvalue: that would have an error of 1e-5 here."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((n, 4)))[0] for n in (30, 4))
    s = np.array([1, 1e-2, 1e-4, 1e-6])
    np.testing.assert_allclose(svd(left * s @ right.T)[1], s, rtol=1e-8)


def test_svd_takes_off_what_points_along_larger_stretches():
    """The length of Mv alone would have an error of 1e-3 in the last stretch, the median of other seeds."""
    errors = []
    for seed in range(20):
        rng = np.random.default_rng(seed)
        left, right = (np.linalg.qr(rng.standard_normal((n, 3)))[0] for n in (30, 3))
        errors.append(svd(left * [1, 1e-5, 1e-10] @ right.T)[1][-1] / 1e-10 - 1)
    assert np.median(np.abs(errors)) < 1e-5


def test_zero_is_decomposed():
    U, s, Vt = svd(np.zeros((3, 2)))
    np.testing.assert_array_equal(s, [0, 0])
    np.testing.assert_allclose(U.T @ U, np.eye(2), atol=1e-15)
    np.testing.assert_allclose(Vt @ Vt.T, np.eye(2), atol=1e-15)


@pytest.mark.parametrize(
    "rows", [[[3, 2, 2], [2, 3, -2]], [[3, 2], [2, 3], [2, -2]], [[1, 1], [1, 1]], [[0, 0]], [[-2]]]
)
def test_svd_exact_is_exact(rows):
    M = sp.Matrix(rows)
    U, S, V = svd_exact(M)
    r = M.rank()
    assert (U.shape, S.shape, V.shape) == ((M.rows, r), (r, r), (M.cols, M.cols))
    assert (U * S * V[:, :r].T - M).applyfunc(sp.simplify).is_zero_matrix
    assert (U.T * U - sp.eye(r)).applyfunc(sp.simplify).is_zero_matrix
    assert (V.T * V - sp.eye(M.cols)).applyfunc(sp.simplify).is_zero_matrix
    stretches = [S[i, i] for i in range(r)]
    assert stretches == sorted(stretches, reverse=True)


def test_svd_exact_knows_the_example():
    U, S, V = svd_exact(sp.Matrix([[3, 2, 2], [2, 3, -2]]))
    assert list(S.diagonal()) == [5, 3]
    assert [abs(entry) for entry in V[:, 2]] == [sp.Rational(2, 3), sp.Rational(2, 3), sp.Rational(1, 3)]
    assert all(abs(entry) == sp.sqrt(2) / 2 for entry in U)


def test_svd_exact_of_nested_roots():
    """Singular values √(quadratic irrational), of one matrix with two pairs of them."""
    M = sp.diag(sp.Matrix([[1, 1], [0, 1]]), sp.Matrix([[1, 2], [0, 1]]))
    U, S, V = svd_exact(M)
    assert np.allclose(np.array(U * S * V[:, :4].T, dtype=float), np.array(M, dtype=float), atol=1e-12)
    assert np.allclose([float(s) for s in S.diagonal()], np.linalg.svd(np.array(M, dtype=float), compute_uv=False))


def test_nothing_overflows_on_the_way():
    np.testing.assert_allclose(svd2([[1.5e308, 0], [0, 1.5e308]])[1], [1.5e308, 1.5e308])
    assert tail([1e300, 4e200, 3e200], 1) == pytest.approx(5e200)


@settings(deadline=None, max_examples=60)
@given(seeds)
@example(0)
def test_svd2_is_rotation_stretch_rotation(seed):
    M = np.random.default_rng(seed).standard_normal((3, 2, 2))
    alpha, s, beta = svd2(M)
    for one, a, stretch, b in zip(M, alpha, s, beta, strict=True):
        np.testing.assert_allclose(turn(a) @ np.diag(stretch) @ turn(b).T, one, atol=1e-14)
        np.testing.assert_allclose(np.abs(stretch), np.linalg.svd(one, compute_uv=False), atol=1e-14)
        assert stretch[0] >= abs(stretch[1])
        assert np.prod(stretch) == pytest.approx(np.linalg.det(one), abs=1e-14)


def test_svd2_of_single_matrices():
    alpha, s, beta = svd2([[0, -2], [2, 0]])
    assert alpha - beta == pytest.approx(np.pi / 2)
    np.testing.assert_allclose(s, [2, 2])
    np.testing.assert_allclose(svd2([[1, 0], [0, -1]])[1], [1, -1])
    np.testing.assert_array_equal(svd2(np.zeros((2, 2)))[1], [0, 0])


@settings(deadline=None, max_examples=60)
@given(seeds, sides, sides, st.data())
def test_the_error_of_the_best_approximation_is_the_tail(seed, n, m, data):
    M = np.random.default_rng(seed).standard_normal((n, m))
    r = data.draw(st.integers(1, min(n, m)))
    s, gap = np.linalg.svd(M, compute_uv=False), M - truncate(M, r)
    assert np.linalg.matrix_rank(truncate(M, r), tol=1e-9) == r
    assert np.linalg.norm(gap) == pytest.approx(tail(s, r), abs=1e-12)
    assert np.linalg.norm(gap, 2) == pytest.approx(tail(s, r, "spectral"), abs=1e-12)


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(1, 3))
def test_no_other_matrix_of_that_rank_has_a_smaller_singular_value_of_its_error(seed, r):
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((5, 4))
    B = truncate(M, r) + rng.choice([0.01, 1]) * rng.standard_normal((5, 4))
    rival = np.linalg.svd(M - truncate(B, r), compute_uv=False)
    best = np.linalg.svd(M - truncate(M, r), compute_uv=False)
    assert (rival >= best - 1e-12).all()


@settings(deadline=None, max_examples=40)
@given(seeds, st.integers(1, 5), st.integers(0, 2))
def test_randomized_svd_is_exact_for_low_rank(seed, r, iterations):
    rng = np.random.default_rng(seed)
    M = rng.standard_normal((12, r)) @ rng.standard_normal((r, 9))
    U, s, Vt = randomized_svd(M, r, oversample=2, iterations=iterations, rng=rng)
    assert (U.shape, s.shape, Vt.shape) == ((12, r), (r,), (r, 9))
    np.testing.assert_allclose(U * s @ Vt, M, atol=1e-9)
    np.testing.assert_allclose(U.T @ U, np.eye(r), atol=1e-12)
    np.testing.assert_allclose(s, np.linalg.svd(M, compute_uv=False)[:r], atol=1e-9)


def test_randomized_svd_near_the_best_for_slow_decay():
    """Two products with MMᵀ come within a thousandth of the best; none stay below the paper's bound on average."""
    rng = np.random.default_rng(0)
    left, right = (np.linalg.qr(rng.standard_normal((100, 100)))[0] for _ in range(2))
    harmonic = 1 / np.arange(1, 101)
    M = left * harmonic @ right.T

    def loss(r, oversample, iterations, seed):
        U, s, Vt = randomized_svd(M, r, oversample, iterations, np.random.default_rng(seed))
        return ((M - U * s @ Vt) ** 2).sum() / tail(harmonic, 10) ** 2

    assert 1.3 < np.mean([loss(10, 10, 0, seed) for seed in range(20)]) < 1.7
    assert max(loss(10, 10, 2, seed) for seed in range(20)) < 1.002
    assert np.mean([loss(20, 0, 0, seed) for seed in range(40)]) < 1 + 10 / 9


def test_all_columns_are_enough_columns():
    M = np.random.default_rng(1).standard_normal((6, 4))
    U, s, Vt = randomized_svd(M, 4, oversample=50, rng=np.random.default_rng(0))
    np.testing.assert_allclose(U * s @ Vt, M, atol=1e-12)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: svd([1, 2]), r"M must have shape \(n, m\), got \(2,\)"),
        (lambda: svd(np.empty((0, 2))), r"M must have shape \(n, m\), got \(0, 2\)"),
        (lambda: svd([[1, np.nan]]), "M must be finite, got nan at index 0, 1"),
        (lambda: svd_exact([[1, 2]]), r"M must be a SymPy matrix with at least one entry, got \[\[1, 2\]\]"),
        (lambda: svd_exact(sp.zeros(0, 2)), "M must be a SymPy matrix with at least one entry"),
        (lambda: svd_exact(sp.Matrix([[0.5, 1]])), "M must hold integers or rationals, got 0.5"),
        (lambda: svd_exact(sp.Matrix([[sp.Symbol("x"), 1]])), "M must hold integers or rationals, got x"),
        (lambda: svd_exact(sp.Matrix([[sp.I, 1]])), "M must hold integers or rationals, got I"),
        (lambda: svd_exact(sp.Matrix([[sp.sqrt(2), 1]])), r"M must hold integers or rationals, got sqrt\(2\)"),
        (lambda: svd_exact(sp.Matrix([[1, 2, 3], [4, 5, 6], [7, 8, 10]])), "M must have squared singular values that"),
        (lambda: svd2(np.eye(3)), r"M must have shape \(…, 2, 2\), got \(3, 3\)"),
        (lambda: svd2([1, 2]), r"M must have shape \(…, 2, 2\), got \(2,\)"),
        (lambda: truncate(np.eye(3), 0), "r must be a whole number of at least 1, got 0"),
        (lambda: truncate(np.eye(3), 4), r"r must be at most min\(n, m\), here 3, got 4"),
        (lambda: tail([1, 2], 1), "s must fall, got 2.0 after 1.0"),
        (lambda: tail([1, -1], 1), "s must be finite and at least 0, got -1.0 at index 1"),
        (lambda: tail([2, 1], 3), r"r must be at most min\(n, m\), here 2, got 3"),
        (lambda: tail([2, 1], 1, "nuclear"), r"norm must be one of \('fro', 'spectral'\), got 'nuclear'"),
        (lambda: randomized_svd(np.eye(3), 0, rng=np.random.default_rng(0)), "r must be a whole number"),
        (lambda: randomized_svd(np.eye(3), 4, rng=np.random.default_rng(0)), "r must be at most .* got 4"),
        (lambda: randomized_svd(np.eye(3), 1, -1, rng=np.random.default_rng(0)), "oversample must be .* got -1"),
        (lambda: randomized_svd(np.eye(3), 1, 1, 0.5, np.random.default_rng(0)), "iterations must be .* got 0.5"),
        (lambda: randomized_svd(np.eye(3), 1), "rng must be a NumPy Generator, .* got None"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
