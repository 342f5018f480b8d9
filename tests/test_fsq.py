"""companion.fsq: bounding, rounding, digits and the straight-through gradient, against definitions and autodiff."""

import numpy as np
import pytest
import sympy as sp
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats

from companion import fsq

levels = st.lists(st.integers(2, 9), min_size=1, max_size=4)
seeds = st.integers(0, 2**20)


def drawn(seed, size, count=50, scale=2.0):
    return scale * np.random.default_rng(seed).standard_normal((count, len(size)))


@given(levels, seeds)
def test_the_index_is_the_mixed_radix_number_and_has_one_code(size, seed):
    codes = np.random.default_rng(seed).integers(0, size, (20, len(size)))
    index = fsq.codes_to_index(codes, size)
    assert index.tolist() == np.ravel_multi_index(codes.T, size, order="F").tolist()
    np.testing.assert_array_equal(fsq.index_to_codes(index, size), codes)


def test_the_first_coordinate_is_the_last_digit():
    assert fsq.codes_to_index([[1, 0, 0], [0, 1, 0], [0, 0, 1]], [8, 6, 5]).tolist() == [1, 8, 48]
    assert fsq.index_to_codes(239, [8, 6, 5]).tolist() == [7, 5, 4]


def test_the_largest_codebook_keeps_all_its_digits():
    size = [2] * 53
    codes = np.ones(53, dtype=int)
    assert fsq.codes_to_index(codes, size) == 2**53 - 1
    for index in (2**53 - 1, 2**52 + 1):
        assert fsq.codes_to_index(fsq.index_to_codes(index, size), size) == index


@settings(deadline=None)
@given(levels, seeds)
def test_codes_are_the_nearest_whole_numbers_and_every_code_is_hit(size, seed):
    z = drawn(seed, size)
    y, codes = fsq.bound(z, size), fsq.encode(z, size)
    assert (np.abs(y - codes) <= 0.5).all()
    assert ((codes >= 0) & (codes < size)).all()
    every = fsq.index_to_codes(np.arange(np.prod(size)), size)
    np.testing.assert_array_equal(fsq.encode(fsq.preimage(every, size), size), every)


@given(st.integers(2, 40))
def test_the_code_changes_at_the_edges(L):
    t = fsq.edges(L)[:, None]
    k = np.arange(1, L)[:, None]
    np.testing.assert_array_equal(fsq.encode(t + 1e-9, [L]), k)
    np.testing.assert_array_equal(fsq.encode(t - 1e-9, [L]), k - 1)


def test_tanh_is_the_papers_code():
    """The published notebook with ε = 0 and atanh for its tan: half_l, offset, shift, then + L // 2."""
    size = np.array([3, 4, 5, 8])
    z = drawn(0, size)
    half, offset = (size - 1) / 2, np.where(size % 2 == 1, 0.0, 0.5)
    expected = np.tanh(z + np.arctanh(offset / half)) * half - offset + size // 2
    np.testing.assert_allclose(fsq.bound(z, size, "tanh"), expected, atol=1e-12)
    assert fsq.encode(np.zeros(4), size, "tanh").tolist() == [1, 2, 2, 4]


@settings(deadline=None)
@given(st.lists(st.integers(3, 9), min_size=1, max_size=4), seeds, st.sampled_from(fsq.KINDS))
def test_the_slope_is_the_derivative(size, seed, kind):
    z, h = drawn(seed, size), 1e-5
    numeric = (fsq.bound(z + h, size, kind) - fsq.bound(z - h, size, kind)) / (2 * h)
    np.testing.assert_allclose(fsq.slope(z, size, kind), numeric, atol=1e-7)
    assert (fsq.slope(z, size, kind) <= (np.array(size) - 1) / (4 if kind == "sigmoid" else 2) + 1e-12).all()


def test_far_out_the_slope_is_zero_and_no_warning_is_given():
    for kind in fsq.KINDS:
        assert fsq.slope([[-1e4, 1e4]], [3, 4], kind).tolist() == [[0, 0]]
        assert fsq.encode([[-1e300, 1e300]], [3, 4], kind).tolist() == [[0, 3]]


@given(st.integers(2, 12), st.floats(0.2, 5))
def test_probabilities_of_a_normal_encoder(L, s):
    p = fsq.probabilities(L, stats.norm(scale=s).cdf)
    assert p.sum() == pytest.approx(1)
    np.testing.assert_allclose(p, p[::-1], atol=1e-12)
    k = L // 2
    low, high = (np.log((2 * j - 1) / (2 * L - 1 - 2 * j)) / s if j < L else np.inf for j in (k, k + 1))
    assert p[k] == pytest.approx(stats.norm.cdf(high) - stats.norm.cdf(low), abs=1e-12)


def test_uniform_sigma_gives_end_codes_half_the_share():
    np.testing.assert_allclose(fsq.probabilities(5, stats.logistic.cdf), [1 / 8, 1 / 4, 1 / 4, 1 / 4, 1 / 8])


def test_stop_gradient_has_its_value_and_no_derivative():
    x, y = sp.symbols("x y", real=True)
    f = sp.Function("f")
    sg = fsq.stop_gradient
    assert sp.diff(sg(x**2), x) == 0
    assert fsq.release(sp.diff(x * sg(x), x)) == x
    assert fsq.release(sp.diff(f(x + sg(y - x)), x).doit()) == sp.diff(f(y), y)
    assert fsq.release(sg(sg(x) + y)) == x + y
    assert fsq.release(sp.Matrix([sg(x), y])) == sp.Matrix([x, y])
    assert sp.latex(sg(x)) == r"\operatorname{sg}\left[x\right]"


def test_the_straight_through_gradient_of_rounding():
    """z + sg[c − z] has the value c; its derivative in t is the slope."""
    t, c = sp.symbols("t c", real=True)
    y = 4 / (1 + sp.exp(-t))
    through = y + fsq.stop_gradient(c - y)
    assert sp.simplify(fsq.release(through) - c) == 0
    got = fsq.release(sp.diff(through, t)).subs(t, 0.7)
    assert float(got) == pytest.approx(fsq.slope([0.7], [5])[0])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: fsq.encode([[0.0]], [1]), "levels must be whole numbers of at least 2, got 1 at index 0"),
        (lambda: fsq.encode([[0.0, 0.0]], [5, 2.5]), "levels must be .* got 2.5 at index 1"),
        (lambda: fsq.bound([[0.0]], [5, 5]), r"z must have 2 entries on its last axis, .* got shape \(1, 1\)"),
        (lambda: fsq.bound(0.0, [5]), r"z must have 1 entries .* got shape \(\)"),
        (lambda: fsq.bound([np.nan], [5]), "z must be finite, got nan at index 0"),
        (lambda: fsq.slope([0.0], [5], "relu"), "kind must be one of .* got 'relu'"),
        (lambda: fsq.bound([0.0, 0.0], [3, 2], "tanh"), "levels must be at least 3 for kind 'tanh', got 2 at index 1"),
        (lambda: fsq.encode([], []), r"levels must have shape \(d,\), got \(0,\)"),
        (lambda: fsq.edges(1), "L must be a whole number of at least 2, got 1"),
        (lambda: fsq.probabilities(3, lambda t: -t), "cdf must rise from 0 to 1, got"),
        (lambda: fsq.probabilities(3, lambda t: t[:1]), "cdf must return values of the shape"),
        (lambda: fsq.codes_to_index([[4]], [4]), "codes must be whole numbers from 0 to 3, got 4 at index 0, 0"),
        (lambda: fsq.codes_to_index([[0, 5]], [8, 5]), "codes must be whole numbers from 0 to 4, got 5 at index 0, 1"),
        (lambda: fsq.codes_to_index([[-1]], [4]), "got -1 at index 0, 0"),
        (lambda: fsq.codes_to_index(3, [4]), r"codes must have 1 entries .* got shape \(\)"),
        (lambda: fsq.index_to_codes([1000], [8, 5, 5, 5]), "index must be whole numbers from 0 to 999, got 1000"),
        (lambda: fsq.index_to_codes(0, [2] * 54), r"levels must give at most 2\*\*53 codes, got 2\*\*54.0"),
        (lambda: fsq.preimage([[0.5]], [4]), "codes must be whole numbers from 0 to 3, got 0.5"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
