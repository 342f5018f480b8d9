"""Rational transfer functions against the recurrence they stand for, and stability against the roots."""

import numpy as np
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.signal import lfilter

from companion import hippo, rational, ssm

numbers = st.floats(-1, 1, allow_subnormal=False)


@st.composite
def stable(draw, most=5):
    """Coefficients of a stable filter from poles of modulus at most 0.95, and any numerator."""
    radii = st.floats(0, 0.95)
    a = np.ones(1)
    for _ in range(draw(st.integers(0, most // 2))):
        r, angle = draw(radii), draw(st.floats(0, np.pi))
        a = np.convolve(a, [1, -2 * r * np.cos(angle), r * r])
    if draw(st.booleans()) or len(a) == 1:
        a = np.convolve(a, [1, draw(st.floats(-0.95, 0.95))])
    return a[1:], draw(arrays(float, len(a) - 1, elements=numbers))


def impulse_response(a, b, L):
    """The kernel by K_n = b_{n+1} − Σ a_j K_{n−j}, term by term."""
    K = np.zeros(L)
    for n in range(L):
        K[n] = (b[n] if n < len(b) else 0) - sum(a[j - 1] * K[n - j] for j in range(1, min(n, len(a)) + 1))
    return K


def test_fibonacci():
    a, b = [-1, -1], [1, 0]
    bt = rational.truncate_numerator(a, b, 6)
    np.testing.assert_allclose(bt, [-12, -8])
    np.testing.assert_allclose(rational.kernel_rational(a, bt, 6), [1, 1, 2, 3, 5, 8])
    np.testing.assert_allclose(rational.untruncate_numerator(a, bt, 6), b, atol=1e-12)


def test_bilinear_legs_in_the_plane():
    a, _ = rational.to_rational(*ssm.discretize(*hippo.transition("legs", 2), 1.0), np.ones(2))
    np.testing.assert_allclose(a, [-1 / 3, 0], atol=1e-15)


@pytest.mark.parametrize("d", [1, 2, 3, 8])
def test_to_rational_has_the_kernel_of_the_recurrence(d):
    rng = np.random.default_rng(d)
    A, B, C = rng.standard_normal((d, d)) / (d + 1), rng.standard_normal(d), rng.standard_normal(d)
    a, b = rational.to_rational(A, B, C)
    np.testing.assert_allclose(lfilter(b, [1, *a], np.eye(60)[0]), ssm.kernel(A, B, C, 60), atol=1e-13)
    np.testing.assert_allclose(b, (np.poly(A - np.outer(B, C)) - np.poly(A))[1:], atol=1e-12)


def test_to_rational_of_a_diagonal_system_with_conjugate_poles():
    a, b = rational.to_rational(np.diag([0.5 + 0.5j, 0.5 - 0.5j]), [1, 1], [1, 1])
    np.testing.assert_allclose(a, [-1, 0.5])
    np.testing.assert_allclose(b, [2, -1])


@settings(max_examples=60, deadline=None)
@given(stable())
def test_companion_form_gives_the_coefficients_back(filter_):
    a, b = filter_
    A, B, C = rational.companion_form(a, b)
    np.testing.assert_allclose(np.poly(A)[1:], a, atol=1e-7)
    np.testing.assert_allclose(ssm.kernel(A, B, C, 40), impulse_response(a, b, 40), atol=1e-9)


def test_companion_form_step_is_a_shift():
    a, b, x = np.array([0.3, -0.2, 0.5]), np.array([1.0, 2.0, 3.0]), np.array([0.7, -1.0, 2.0])
    A, B, C = rational.companion_form(a, b)
    np.testing.assert_allclose(A @ x + B * 0.9, [0.9 - a @ x, 0.7, -1.0])
    np.testing.assert_array_equal(C, b)


@settings(max_examples=100, deadline=None)
@given(stable(), st.integers(6, 70))
def test_the_truncated_numerator_gives_the_kernel(filter_, L):
    a, b = filter_
    bt = rational.truncate_numerator(a, b, L)
    K = impulse_response(a, b, L)
    size = max(np.abs(K).max(), 1e-3)
    np.testing.assert_allclose(rational.kernel_rational(a, bt, L), K, atol=1e-6 * size)
    np.testing.assert_allclose(rational.untruncate_numerator(a, bt, L), b, atol=1e-5 * size)


@settings(max_examples=60, deadline=None)
@given(stable(), st.integers(6, 40))
def test_the_plain_numerator_gives_the_kernel_wrapped_around(filter_, L):
    a, b = filter_
    rounds = 1 + int(np.ceil(800 / L))
    wrapped = impulse_response(a, b, rounds * L).reshape(rounds, L).sum(axis=0)
    np.testing.assert_allclose(rational.kernel_rational(a, b, L), wrapped, atol=1e-6 * max(np.abs(wrapped).max(), 1e-3))


def test_truncation_is_the_post_s_formula():
    rng = np.random.default_rng(0)
    a, b, L = 0.2 * rng.standard_normal(5), rng.standard_normal(5), 17
    A, _, C = rational.companion_form(a, b)
    np.testing.assert_allclose(
        rational.truncate_numerator(a, b, L), C - C @ np.linalg.matrix_power(A, L), rtol=1e-12, atol=1e-14
    )


def test_an_unstable_filter_has_a_kernel_too():
    a, b, L = [-2.2, 1.3], [1.0, -0.5], 64
    bt = rational.truncate_numerator(a, b, L)
    K = impulse_response(a, b, L)
    np.testing.assert_allclose(rational.kernel_rational(a, bt, L), K, atol=1e-9 * np.abs(K).max())


def test_a_pole_on_the_circle_is_no_harm_between_the_nodes():
    a, b = [-2 * np.cos(0.7), 1.0], [1.0, 0.3]
    K = impulse_response(a, b, 40)
    np.testing.assert_allclose(rational.kernel_rational(a, rational.truncate_numerator(a, b, 40), 40), K, atol=1e-11)


@pytest.mark.parametrize(("a", "L"), [([-1.0], 8), ([-2 * np.cos(2 * np.pi * 5 / 64), 1.0], 64), ([0.0, -1.0], 10)])
def test_a_pole_at_a_node_is_refused(a, L):
    b = np.ones(len(a))
    bt = rational.truncate_numerator(a, b, L)
    with pytest.raises(ValueError, match="a must have no pole at an L-th root of unity"):
        rational.kernel_rational(a, bt, L)


def test_the_node_of_a_refused_pole_is_named():
    with pytest.raises(ValueError, match="5/64"):
        rational.kernel_rational([-2 * np.cos(2 * np.pi * 5 / 64), 1.0], [1.0, 1.0], 64)


@settings(max_examples=200, deadline=None)
@given(st.integers(1, 6).flatmap(lambda d: arrays(float, d, elements=st.floats(-3, 3, allow_subnormal=False))))
@example(np.array([-1.6, 0.8]))
@example(np.array([-2.2, 1.3]))
def test_schur_against_the_roots(a):
    radius = np.abs(np.linalg.eigvals(rational.companion_form(a, a)[0])).max()
    assume(abs(radius - 1) > 1e-3)
    assert rational.is_schur(a) == (radius < 1)


@settings(max_examples=100, deadline=None)
@given(arrays(float, (20, 4), elements=numbers))
def test_the_diamond_is_stable(a):
    total = np.abs(a).sum(axis=1, keepdims=True)
    assert rational.is_schur(0.999 * a / np.maximum(total, 1)).all()


def test_schur_keeps_leading_axes():
    grid = np.stack(np.meshgrid(np.linspace(-2.05, 2.05, 42), np.linspace(-1.04, 1.06, 22)), axis=-1)
    seen = rational.is_schur(grid)  # no point of the grid is on an edge of the triangle
    assert seen.shape == (22, 42)
    np.testing.assert_array_equal(seen, (np.abs(grid[..., 1]) < 1) & (np.abs(grid[..., 0]) < 1 + grid[..., 1]))
    assert rational.is_schur([0.5]).shape == ()


@pytest.mark.parametrize("a", [[1.0], [-1.0], [0.0, 1.0], [-2.0, 1.0], [0.0, 0.0, -1.0], [1e200, 1e200, 0.5]])
def test_on_the_circle_or_far_outside_is_not_schur(a):
    assert not rational.is_schur(a)


EYE = np.eye(2)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: rational.to_rational(np.eye(3), [1, 2], [1, 2]), r"Ab must have shape \(2, 2\), got \(3, 3\)"),
        (lambda: rational.to_rational(EYE, [1, 2], [1, 2, 3]), r"C must have shape \(2,\), got \(3,\)"),
        (lambda: rational.companion_form([1, 2], [1]), r"b must have shape \(2,\), got \(1,\)"),
        (lambda: rational.companion_form([], []), r"a must have shape \(d,\), got \(0,\)"),
        (lambda: rational.companion_form(EYE, EYE), r"a must have shape \(d,\), got \(2, 2\)"),
        (lambda: rational.kernel_rational([1j], [1], 4), "a must be real, got 1j"),
        (lambda: rational.kernel_rational([0.5], [np.nan], 4), "b must be finite, got nan"),
        (
            lambda: rational.kernel_rational([0.5, 0.1], [1, 1], 2),
            "L must be larger than the 2 coefficients of a, got 2",
        ),
        (lambda: rational.kernel_rational([0.5], [1], 0), "L must be a whole number of at least 1, got 0"),
        (lambda: rational.kernel_rational([0.5], [1], 3.5), "L must be a whole number of at least 1, got 3.5"),
        (
            lambda: rational.truncate_numerator([0.5, 0.1], [1, 1], 1),
            "L must be larger than the 2 coefficients of a, got 1",
        ),
        (lambda: rational.truncate_numerator([-3.0], [1], 2000), "L must be shorter .* overflows before L = 2000"),
        (lambda: rational.untruncate_numerator([0.5], [1, 2], 4), r"bt must have shape \(1,\), got \(2,\)"),
        (lambda: rational.untruncate_numerator([-1.0], [1.0], 4), "a must have no pole at an L-th root of unity"),
        (lambda: rational.is_schur(0.5), r"a needs at least 1 entry on its last axis, got shape \(\)"),
        (lambda: rational.is_schur([np.inf]), "a must be finite, got inf"),
        (lambda: rational.is_schur([1j]), "a must be real"),
    ],
)
def test_bad_input_is_named(call, said):
    with pytest.raises(ValueError, match=said):
        call()
