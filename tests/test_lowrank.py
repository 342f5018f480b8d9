import re

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from companion.lowrank import newton, pinv, ridge_inverse

RNG = np.random.default_rng(0)


def matrix(n, r, sigma, seed=0):
    """A matrix (n, r) with the singular values sigma, and its pseudo-inverse."""
    rng = np.random.default_rng(seed)
    k, sigma = len(sigma), np.array(sigma, dtype=float)
    u, v = (np.linalg.qr(rng.normal(size=(size, k)))[0] for size in (n, r))
    inverse = np.divide(1, sigma, out=np.zeros(k), where=sigma > 0)
    return (u * sigma) @ v.T, (v * inverse) @ u.T


def relative(x, expected):
    return np.linalg.norm(x - expected) / np.linalg.norm(expected)


# --- pinv -------------------------------------------------------------------------------------------------------------


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 9), st.integers(1, 9), st.integers(0, 9), st.integers(0, 2**32 - 1))
@example(7, 3, 2, 0)
@example(3, 7, 2, 0)
def test_pinv_agrees_with_numpy_for_every_shape_and_rank(n, r, rank, seed):
    rng = np.random.default_rng(seed)
    sigma = rng.uniform(0.5, 2, min(n, r)) * (np.arange(min(n, r)) < rank)
    A, expected = matrix(n, r, sigma, seed)
    assert np.allclose(pinv(A), expected, atol=1e-11)
    assert np.allclose(pinv(A), np.linalg.pinv(A, rcond=1e-9), atol=1e-11)


def test_the_pseudo_inverse_of_a_column_is_its_row_over_its_squared_length():
    assert np.allclose(pinv([[1], [2], [2]]), np.array([[1, 2, 2]]) / 9, atol=1e-15)
    assert np.allclose(pinv([[1, 2], [2, 4]]), np.array([[1, 2], [2, 4]]) / 25, atol=1e-15)


def test_the_pseudo_inverse_of_zero_is_zero():
    assert not pinv(np.zeros((2, 3))).any()
    assert pinv(np.zeros((2, 3))).shape == (3, 2)


@pytest.mark.parametrize("size", [1e-300, 1e-170, 1e170, 1e300])
def test_squares_of_large_and_small_entries_stay_in_range(size):
    A = np.array([[3.0, 1.0], [1.0, 2.0], [0.0, 1.0]])
    assert np.allclose(pinv(size * A) * size, np.linalg.pinv(A), rtol=1e-12)


def test_what_the_square_loses_is_as_the_docstring_says():
    assert np.array_equal(pinv(np.diag([1, 3e-8])), np.diag([1, 0]))
    assert pinv(np.diag([1, 3e-7]))[1, 1] == pytest.approx(1 / 3e-7)
    assert pinv(np.diag([1, 3e-8]), rtol=1e-17)[1, 1] == pytest.approx(1 / 3e-8)
    A, expected = matrix(8, 4, [1, 0.1, 0.01, 0.001])
    assert 1e-13 < relative(pinv(A), expected) < 1e-9
    assert relative(newton(A, 1, start=pinv(A))[1], expected) < 1e-12


def test_rtol_decides_what_counts_as_zero():
    assert np.allclose(pinv(np.diag([2.0, 0.1]), rtol=0.01), np.diag([0.5, 0]))
    assert np.allclose(pinv(np.diag([2.0, 0.1]), rtol=0.001), np.diag([0.5, 10]))


# --- ridge_inverse ----------------------------------------------------------------------------------------------------


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 6), st.integers(1, 6), st.floats(1e-3, 1e3), st.integers(0, 2**32 - 1))
def test_the_ridge_inverse_is_the_same_from_both_sides(n, r, eps, seed):
    A = np.random.default_rng(seed).normal(size=(n, r))
    assert np.allclose(ridge_inverse(A, eps), A.T @ np.linalg.inv(A @ A.T + eps * np.eye(n)), rtol=1e-7, atol=1e-9)
    assert np.linalg.norm(ridge_inverse(A, eps), 2) <= 1 / (2 * np.sqrt(eps)) * (1 + 1e-9)


def test_the_ridge_inverse_minimises_with_its_penalty():
    """By the normal equations of A with √ε I below it, solved by another routine."""
    A = RNG.normal(size=(5, 3))
    stacked = np.vstack([A, np.sqrt(0.2) * np.eye(3)])
    expected = np.linalg.lstsq(stacked, np.vstack([np.eye(5), np.zeros((3, 5))]), rcond=None)[0]
    assert np.allclose(ridge_inverse(A, 0.2), expected, atol=1e-12)


@pytest.mark.parametrize("shape", [(8, 4), (4, 8)])
def test_a_tiny_penalty_does_no_harm_at_full_rank(shape):
    """The larger Gram matrix is singular then, though A has full rank."""
    full, inverse = matrix(*shape, [1, 0.8, 0.6, 0.5])
    assert relative(ridge_inverse(full, 1e-14), inverse) < 1e-12
    deficient, inverse = matrix(*shape, [1, 0.8, 0.6, 0])
    assert 1e-4 < relative(ridge_inverse(deficient, 1e-14), inverse) < 1


def test_many_penalties_at_once():
    A, eps = RNG.normal(size=(4, 3)), np.array([[0.1, 1, 10], [2, 3, 4]])
    both = ridge_inverse(A, eps)
    assert both.shape == (2, 3, 3, 4)
    assert np.allclose(both[1, 2], ridge_inverse(A, 4), atol=1e-14)


def test_precision_is_kept():
    A = RNG.normal(size=(4, 3))
    assert ridge_inverse(A.astype(np.float32), 0.1).dtype == np.float32
    assert ridge_inverse(A, 0.1).dtype == np.float64
    assert ridge_inverse([[1, 2], [3, 4]], 1).dtype == np.float64


# --- newton -----------------------------------------------------------------------------------------------------------


def test_newton_of_a_number_squares_its_error():
    x = newton([[4.0]], 3, start=[[0.2]])[:, 0, 0]
    assert np.allclose(1 - 4 * x, [0.2, 0.2**2, 0.2**4, 0.2**8], rtol=1e-9, atol=1e-15)


@pytest.mark.parametrize("shape", [(7, 3), (3, 7), (4, 4)])
def test_newton_ends_at_the_pseudo_inverse(shape):
    A, expected = matrix(*shape, [1, 0.5, 0.2])
    assert relative(newton(A, 20)[20], expected) < 1e-8
    full, inverse = matrix(6, 3, [1, 0.5, 0.2])
    assert relative(newton(full, 60)[60], inverse) < 1e-13


def test_newton_doubles_its_rounding_where_the_matrix_sees_nothing():
    A, expected = matrix(8, 4, [1, 0.5, 0.1, 0])
    late = [relative(X, expected) for X in newton(A, 60)[40:]]
    assert np.allclose(np.array(late[1:11]) / late[:10], 2, rtol=1e-3)


@pytest.mark.parametrize("A", [np.diag([1, 0.3, 0]), np.ones((2, 2)), np.array([[1.0, 2, 0], [3, 4, 0], [0, 0, 0]])])
def test_newton_doubles_nothing_where_zeros_or_products_are_exact(A):
    assert relative(newton(A, 200)[200], np.linalg.pinv(A)) < 1e-14


def test_the_default_start_is_safe_for_any_size():
    A, expected = matrix(5, 4, [1, 0.7, 0.4, 0.2])
    for size in (1e-200, 1.0, 1e200):
        assert relative(newton(size * A, 40)[40] * size, expected) < 1e-12
    assert newton(A, 0).shape == (1, 4, 5)


REFUSED = {
    "a vector": (lambda: pinv([1, 2]), "A must have shape (n, r), got (2,)"),
    "no rows": (lambda: pinv(np.zeros((0, 3))), "A must have shape (n, r), got (0, 3)"),
    "NaN": (lambda: pinv([[1, np.nan]]), "A must be finite, got nan at index 0, 1"),
    "a negative tolerance": (
        lambda: pinv(np.eye(2), -1),
        "rtol must be one finite number of at least 0, got -1",
    ),
    "a tolerance above 1": (lambda: pinv(np.eye(2), rtol=2), "rtol must be at most 1, got 2"),
    "an inverse that overflows": (lambda: pinv([[5e-324]]), "got largest entry 5e-324"),
    "no penalty": (lambda: ridge_inverse(np.eye(2), [0.1, 0]), "eps must be positive, got 0.0"),
    "a negative penalty": (lambda: ridge_inverse(np.eye(2), -1), "eps must be positive, got -1.0"),
    "a NaN penalty": (lambda: ridge_inverse(np.eye(2), np.nan), "eps must be finite, got nan"),
    "a penalty that is lost": (
        lambda: ridge_inverse(np.ones((2, 2)), 1e-17),
        "eps must not vanish beside AᵀA, got 1e-17",
    ),
    "a square that overflows": (lambda: ridge_inverse([[1e200]], 1), "AᵀA + ε I overflows, got eps 1.0"),
    "a batch": (lambda: ridge_inverse(np.ones((2, 2, 2)), 1), "A must have shape (n, r), got (2, 2, 2)"),
    "zeros": (lambda: newton(np.zeros((2, 2)), 3), "A must not be 0"),
    "half a step": (lambda: newton(np.eye(2), 0.5), "steps must be a whole number of at least 0, got 0.5"),
    "less than no step": (lambda: newton(np.eye(2), -1), "steps must be a whole number of at least 0, got -1"),
    "a start of A's shape": (
        lambda: newton(np.ones((2, 3)), 1, np.ones((2, 3))),
        "start must have shape (3, 2), got (2, 3)",
    ),
}


@pytest.mark.parametrize(("call", "said"), REFUSED.values(), ids=REFUSED)
def test_bad_input_is_refused_by_name(call, said):
    with pytest.raises(ValueError, match=re.escape(said)):
        call()
