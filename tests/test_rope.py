"""companion.rope: the rotation, its kernel, and the certified search for bases."""

import math

import mpmath
import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy.linalg import block_diag
from scipy.optimize import brentq
from scipy.special import sici

from companion import rope

positions = st.integers(-3000, 3000)


def matrix(m, d=8, base=1e4):
    """The d × d rotation, block by block, as it is written in the paper."""
    blocks = []
    for i in range(d // 2):
        angle = m * base ** (-2 * i / d)
        blocks.append([[np.cos(angle), -np.sin(angle)], [np.sin(angle), np.cos(angle)]])
    return block_diag(*blocks)


@given(positions, st.floats(1, 1e6))
def test_rotation_is_the_matrix_of_the_paper(m, base):
    x = np.random.default_rng(0).standard_normal((3, 8))
    np.testing.assert_allclose(rope.rotate(x, m, base), x @ matrix(m, base=base).T, atol=1e-9)


@given(positions, positions, positions)
def test_only_the_distance_matters(m, n, shift):
    q, k = np.random.default_rng(1).standard_normal((2, 16))
    one = rope.rotate(q, m) @ rope.rotate(k, n)
    assert rope.rotate(q, m + shift) @ rope.rotate(k, n + shift) == pytest.approx(one, abs=1e-9)


def test_shapes_of_positions():
    """Fewer axes than x: one coordinate a token, broadcast. As many axes: the last one holds the coordinates."""
    x = np.random.default_rng(2).standard_normal((2, 5, 12))
    turned = rope.rotate(x, np.arange(5))
    assert turned.shape == (2, 5, 12)
    np.testing.assert_array_equal(turned[1, 3], rope.rotate(x[1, 3], 3))
    np.testing.assert_array_equal(turned, rope.rotate(x, np.arange(5)[None, :, None]))
    assert rope.rotate(x[:, :1], np.arange(7)).shape == (2, 7, 12)
    np.testing.assert_array_equal(rope.rotate(x, np.zeros((2, 5))), x)


def test_coordinates_alternate_over_the_pairs():
    """With k coordinates pair i is turned by coordinate i mod k, so equal coordinates are the plain rotation."""
    x = np.random.default_rng(3).standard_normal((4, 12))
    pos = np.random.default_rng(4).integers(0, 50, (4, 3))
    turned = rope.rotate(x, pos)
    for i in range(6):
        alone = rope.rotate(x, pos[:, i % 3])
        np.testing.assert_allclose(turned[:, 2 * i : 2 * i + 2], alone[:, 2 * i : 2 * i + 2])
    np.testing.assert_allclose(rope.rotate(x, np.repeat(pos[:, :1], 2, axis=1)), rope.rotate(x, pos[:, 0]))


@given(st.lists(st.integers(-500, 500), min_size=1, max_size=4), st.floats(1, 1e6))
def test_kernel_is_what_rotation_leaves_of_equal_vectors(delta, base):
    """The product x·Rx of a vector whose pairs all have length 1."""
    x = np.tile([np.cos(0.3), np.sin(0.3)], 8)
    value = x @ rope.rotate(x, delta, base) / 8
    assert rope.kernel(delta, base, d=16) == pytest.approx(value, abs=1e-9)
    assert rope.kernel(np.zeros((2, 3, len(delta))), base, d=16).shape == (2, 3)


def test_kernel_of_one_axis_is_the_gap():
    m = np.arange(2000)
    np.testing.assert_allclose(64 * rope.kernel(m[:, None]), rope.similarity_gap(m), atol=1e-9)
    assert rope.kernel(7) == pytest.approx(rope.similarity_gap(7) / 64)


def test_frequencies():
    np.testing.assert_allclose(rope.frequencies(8, 16), [1, 1 / 2, 1 / 4, 1 / 8])
    np.testing.assert_allclose(rope.frequencies(8, 16, rotated=2), [1, 1 / 4, 0, 0])
    np.testing.assert_array_equal(rope.frequencies(8, 1), np.ones(4))


def test_gap_of_a_half_rotated_head_is_never_negative():
    """Σ (1 + cos mθ) = Σ 2 cos²(mθ/2)."""
    m = np.arange(5000)
    half = (2 * np.cos(np.multiply.outer(m, rope.frequencies(64, 100)) / 2) ** 2).sum(axis=1)
    np.testing.assert_allclose(rope.similarity_gap(m, 100, 128, rotated=32), half, atol=1e-8)


@settings(max_examples=20, deadline=None)
@given(st.floats(1, 1e5), st.sampled_from([4, 32, 128]))
def test_max_length_by_plain_cosines(base, d):
    """Against a scan distance by distance, also beyond the first blocks."""
    negative = np.flatnonzero(rope.similarity_gap(np.arange(9000), base, d) < 0)
    assert rope.max_length(base, d, cap=9000) == (negative[0] if negative.size else 9000)


def test_known_lengths():
    """L_max of the default base, of Llama 3's, and of two more, d = 128."""
    assert [rope.max_length(b) for b in (1e4, 1e5, 5e5, 1e7)] == [1707, 7757, 18438, 144660]
    assert rope.max_length(50, rotated=32, cap=4096) == 4096


def test_integral_is_the_limit_of_large_heads():
    """The sum is the rectangle rule: its error falls like 1/d as soon as the steps resolve the fastest pairs."""
    m = np.array([1, 10])
    limit = rope.integral_gap(m, 1e4)
    off = [rope.similarity_gap(m, 1e4, d) * 2 / d - limit for d in (1024, 4096)]
    np.testing.assert_allclose(off[0] / off[1], 4, rtol=0.02)
    assert sici(rope.CI_ZERO)[1] == pytest.approx(0, abs=1e-15)
    assert brentq(lambda x: rope.integral_gap(x * 1e9, 1e9), 0.1, 1) == pytest.approx(rope.CI_ZERO, rel=1e-6)


def forty_digits(witnesses, u=0):
    """log b up to which the witnesses rule out all bases, d = 128, as sums of their reaches in 40 digits."""
    u, exponents = mpmath.mpf(u), [mpmath.mpf(i) / 64 for i in range(64)]
    for m in witnesses:
        angles = [int(m) * mpmath.exp(-u * s) for s in exponents]
        f = mpmath.fsum(map(mpmath.cos, angles))
        assert f < 0
        slope = mpmath.fsum(s * x * mpmath.sin(x) for s, x in zip(exponents, angles, strict=True))
        bound = mpmath.fsum(s**2 * (x + x**2) for s, x in zip(exponents, angles, strict=True))
        u += (mpmath.sqrt(slope**2 - 2 * bound * f) - slope) / bound
    return u


def test_the_proof_in_forty_digits():
    """Rounding has no part in it, and the search's steps by `tol` neither: the reaches alone lead to the least base."""
    first = rope.search_base(1024)
    second = rope.search_base(2048, start=first.base)
    with mpmath.workdps(40):
        end = forty_digits(first.witnesses)
        assert abs(end - mpmath.log(rope.ruled_out(first.witnesses))) < 1e-11
        assert abs(forty_digits(second.witnesses, end) - mpmath.log(second.base)) < 1e-9


def test_a_stored_witness_in_forty_digits():
    """Samples of the longest lists, where the check stands when it meets them: witnesses that reach as far."""
    stored = rope.stored_witnesses()
    starts = {2**19: 23662397.0369, 2**20: 58496173.8020}
    for L, start in starts.items():
        for k in np.random.default_rng(0).integers(1, len(stored[L]) - 1, 6):
            before, after = (rope.ruled_out(stored[L][:n], start=start) for n in (k, k + 1))
            with mpmath.workdps(40):
                reach = forty_digits(stored[L][k : k + 1], mpmath.log(before)) - mpmath.log(before)
            assert math.log(after / before) == pytest.approx(float(reach), rel=1e-3, abs=1e-12)


def test_the_search_finds_the_stored_witnesses_again():
    stored, start = rope.stored_witnesses(), rope.base_lower_bound(2**14)
    found = rope.search_base(2**15, start=start)
    assert found.base == pytest.approx(rope.ruled_out(stored[2**15], start=start), rel=1e-9)
    assert len(found.witnesses) == pytest.approx(len(stored[2**15]), rel=0.05)


LEAST = {1024: 4293.4376, 2048: 11587.2443, 4096: 26952.3392}


def test_least_bases():
    """The values of the post to its two digits, and ours; the least base works and the search can be repeated."""
    start = 1.0
    for L, value in LEAST.items():
        found = rope.search_base(L, start=start)
        assert found.base == pytest.approx(value, rel=1e-6)
        assert rope.similarity_gap(np.arange(L), found.base * (1 + 2e-9)).min() >= 0
        assert rope.ruled_out(found.witnesses, start=start) == pytest.approx(found.base, rel=1e-9)
        assert found.witnesses.max() < L
        start = found.base
    assert rope.base_lower_bound(2048) == pytest.approx(LEAST[2048], rel=1e-9)


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 400), st.sampled_from([4, 8, 32, 128]), st.integers(0, 10**6))
def test_no_base_below_the_least_one_works(L, d, seed):
    # With two pairs, distance 355 hangs on cos 355, which is −1 to nine digits: no digits are left for the base.
    assume(d > 4 or L <= 355)
    least = rope.base_lower_bound(L, d)
    assert rope.max_length(least * (1 + 1e-8), d, cap=L) == L
    for b in np.exp(np.random.default_rng(seed).uniform(0, np.log(least), 40)):
        assert b > least * (1 - 1e-9) or rope.max_length(b, d, cap=L) < L


@settings(max_examples=12, deadline=None)
@given(st.integers(1, 400), st.sampled_from([8, 32, 128]), st.integers(0, 10**6))
def test_every_base_above_the_safe_one_works(L, d, seed):
    safe = rope.safe_base(L, d)
    for b in safe * np.exp(np.random.default_rng(seed).exponential(1, 40)):
        assert rope.max_length(b, d, cap=L) == L
    assert safe == 1 or rope.max_length(safe * (1 - 1e-7), d, cap=L) < L
    assert safe >= rope.base_lower_bound(L, d) * (1 - 1e-9)


def test_known_safe_bases():
    assert [round(rope.safe_base(L)) for L in (1024, 2048)] == [6018, 22764]
    assert [round(rope.safe_base(1024, rotated=r)) for r in (60, 56, 48)] == [3491, 2022, 390]
    assert rope.safe_base(1024, rotated=32) == 1
    assert rope.base_lower_bound(1024, rotated=32) == 1


def test_a_witness_that_is_none_stops_the_proof():
    found = rope.search_base(256)
    cut = found.witnesses[: len(found.witnesses) // 2]
    stopped = rope.ruled_out([*cut, 1, *found.witnesses[len(cut) :]])
    assert stopped == rope.ruled_out(cut) < found.base
    assert rope.ruled_out([]) == 1


def test_stored_witnesses_prove_the_table():
    """From 16k to 1024k, in the two digits that the post prints; the bases where the proofs end carry their lengths."""
    post = {2**15: 6.3e5, 2**16: 2.1e6, 2**17: 4.9e6, 2**18: 2.4e7, 2**19: 5.8e7, 2**20: 6.5e7}
    stored, base = rope.stored_witnesses(), rope.base_lower_bound(2**14)
    assert list(stored) == list(post)
    for L, witnesses in stored.items():
        base = rope.ruled_out(witnesses, start=base)
        assert float(f"{base:.1e}") == post[L]
        assert witnesses.max() < L
        assert rope.max_length(base * (1 + 1e-8), cap=L) == L


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: rope.frequencies(7), "d must be even, got 7"),
        (lambda: rope.frequencies(8, 0.5), "base must be one finite number of at least 1, got 0.5"),
        (lambda: rope.frequencies(8, rotated=5), "rotated must be at most d/2 = 4, got 5"),
        (lambda: rope.frequencies(8, rotated=0), "rotated must be a whole number of at least 1, got 0"),
        (lambda: rope.rotate(np.ones((2, 5)), [0, 1]), "d must be even, got 5"),
        (
            lambda: rope.rotate(np.ones((2, 4)), [0, 1, 2]),
            r"pos must fit the tokens of x, got shapes \(3,\) and \(2, 4\)",
        ),
        (
            lambda: rope.rotate(np.ones((2, 4)), np.ones((2, 3))),
            "pos must hold between 1 and d/2 = 2 coordinates, got 3",
        ),
        (lambda: rope.rotate(np.ones(4), np.ones((2, 3))), "pos must have at most as many axes as x"),
        (lambda: rope.kernel([np.nan]), "delta must be finite, got nan"),
        (lambda: rope.kernel(np.ones((5, 0))), "delta must hold between 1 and d/2 = 64 coordinates, got 0"),
        (lambda: rope.integral_gap([1, 0], 10), "m must be positive, got 0.0"),
        (lambda: rope.integral_gap(1, 1), "base must be larger than 1, got 1"),
        (lambda: rope.base_lower_bound(0), "L must be a whole number of at least 1, got 0"),
        (lambda: rope.base_lower_bound(100, start=0.9), "start must be one finite number of at least 1, got 0.9"),
        (lambda: rope.base_lower_bound(100, d=2), "d must be at least 4, got 2"),
        (lambda: rope.safe_base(100, tol=0), "tol must be positive and finite, got 0"),
        (lambda: rope.safe_base(100, tol=2), "tol must be smaller than 1, got 2"),
        (lambda: rope.ruled_out([1.5]), "witnesses must be a whole number of at least 1, got 1.5"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
