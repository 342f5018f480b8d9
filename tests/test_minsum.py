"""companion.minsum: both scans against all triples and against each other, the certificate, bounds, and big N."""

from math import isqrt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import minsum

TABLE = minsum.brute_table(20_000)
small = st.integers(1, 20_000)
big = st.integers(4, 10**15)


def all_triples(N):
    """The least sum from every pair a ≤ b with ab ≤ N, by definition."""
    return min(a + b + N - a * b for a in range(N + 1) for b in range(a, N + 1) if a * b <= N)


def test_the_table_is_the_definition():
    assert TABLE[:60].tolist() == [all_triples(N) for N in range(60)]
    assert minsum.brute_table(1).tolist() == [0, 1]


def test_the_search_finds_what_the_table_holds():
    for N in range(1, 20_001):
        a, b, c = minsum.minimal_sum(N)
        assert 0 <= a <= b
        assert c >= 0
        assert (a * b + c, a + b + c) == (N, TABLE[N])


@given(small)
def test_of_several_optima_the_one_with_the_least_p(N):
    if N > 3:
        sums = [p for p in range(isqrt(4 * N), TABLE[N] + 1) if sum(minsum.by_sum(N, p)) == TABLE[N]]
        a, b, _ = minsum.minimal_sum(N)
        assert a + b == sums[0]


def test_known_answers():
    assert minsum.minimal_sum(130) == (10, 13, 0)
    assert minsum.minimal_sum(129) == (8, 16, 1)
    assert minsum.minimal_sum(2023) == (43, 47, 2)
    assert minsum.minimal_sum(10**6 + 3) == (1000, 1000, 3)
    assert [minsum.minimal_sum(N) for N in (4, 5)] == [(2, 2, 0), (2, 2, 1)]
    assert [minsum.search(N) for N in (1, 2, 3, 4)] == [
        ((0, 0, 1), 1),
        ((0, 0, 2), 1),
        ((0, 0, 3), 1),
        ((2, 2, 0), 1),
    ]


@given(st.integers(2, 10**40))
def test_squares_and_oblongs_of_any_size(m):
    assert minsum.minimal_sum(m * m) == (m, m, 0)
    assert minsum.minimal_sum(m * m + m) == (m, m + 1, 0)
    assert minsum.minimal_sum(m * m + 1) == (m, m, 1)


@settings(deadline=None)
@given(big)
def test_steps_are_the_excess_and_below_the_bound(N):
    (a, b, c), steps = minsum.search(N)
    assert a * b + c == N
    assert steps == a + b + c - isqrt(4 * N) + (c == 0)
    assert (a + b + c - 3) ** 2 <= 4 * N or (a + b + c - 2 - 2 * N**0.5) ** 2 <= 1 + 4 * N**0.5 + 1e-6 * N**0.25


@settings(deadline=None, max_examples=20)
@given(st.integers(10**11, 10**12))
def test_all_factors_of_a_large_number_do_no_better(N):
    least, a = minsum.brute(N)
    assert sum(minsum.minimal_sum(N)) == least == minsum.by_factor(N, a)


@given(small)
def test_brute_force_is_the_table(N):
    least, a = minsum.brute(N)
    assert least == TABLE[N] == (a + N // a + N % a if a else N)


@settings(deadline=None)
@given(st.lists(st.integers(1, 2**45), min_size=1, max_size=5))
def test_many_at_once_are_one_by_one(values):
    assert minsum.least_sums(values).tolist() == [sum(minsum.minimal_sum(N)) for N in values]


def test_many_at_once_keep_their_shape_and_reach_their_limit():
    top = np.array([[2**60 - 1, 2**60 - 2], [1, 4]])
    assert minsum.least_sums(top).tolist() == [[sum(minsum.minimal_sum(int(N))) for N in row] for row in top]
    np.testing.assert_array_equal(minsum.least_sums(np.arange(1, 20_001)), TABLE[1:])


def test_the_excess_is_the_sum_less_twice_the_root():
    np.testing.assert_allclose(minsum.excess([4, 130, 144]), [0, 23 - 2 * 130**0.5, 0], atol=1e-12)
    np.testing.assert_allclose(minsum.excess(iter([4, 144])), [0, 0], atol=1e-12)
    assert minsum.excess([[4, 130, 144]]).shape == (1, 3)


@given(small, st.integers(0, 400))
def test_the_best_of_one_sum(N, p):
    a, b, c = minsum.by_sum(N, p)
    assert a + b == p
    assert a * b + c == N
    assert c == min(N - x * (p - x) for x in range(p // 2 + 1) if x * (p - x) <= N)


@given(small, st.data())
def test_the_best_of_one_factor(N, data):
    a = data.draw(st.integers(1, N))
    best = min(a + b + N - a * b for b in range(N // a + 1))
    assert minsum.by_factor(N, a) == best == minsum.by_factor(N, [a])[0]


BAD = [0, -1, 130.0, 1.5, True, np.bool_(True), "130", None, [130], float("nan"), 1j]


@pytest.mark.parametrize("N", BAD)
@pytest.mark.parametrize("of", [minsum.minimal_sum, minsum.search, minsum.brute])
def test_no_other_N(of, N):
    with pytest.raises(ValueError, match=r"^N must be a whole number \(int\) of at least 1, got "):
        of(N)


@pytest.mark.parametrize("M", [*BAD, 10**8 + 1])
def test_no_other_table(M):
    with pytest.raises(ValueError, match=r"^M must be"):
        minsum.brute_table(M)


@pytest.mark.parametrize(
    "values",
    [
        [],
        [0],
        [-1, 5],
        [1.0],
        [True],
        [True, 2],
        [[3, 4], [5, np.True_]],
        ["5"],
        [[1], [1, 2]],
        [2**60],
        [2**63],
        [2**70],
        "12",
        None,
        np.nan,
    ],
)
@pytest.mark.parametrize("of", [minsum.least_sums, minsum.excess])
def test_no_other_values(of, values):
    with pytest.raises(ValueError, match=r"^values must"):
        of(values)


def test_other_limits_are_named():
    for call, said in (
        (lambda: minsum.brute(2**60), "N must be below"),
        (lambda: minsum.by_factor(10, [0]), "a must lie between 1"),
        (lambda: minsum.by_factor(10, 11), "a must be at most N = 10, got 11"),
        (lambda: minsum.by_factor(10, 2.0), "a must hold whole numbers"),
        (lambda: minsum.by_sum(10, -1), "p must be a whole number"),
    ):
        with pytest.raises(ValueError, match=said):
            call()


def test_whole_numbers_of_other_kinds_are_whole_numbers():
    assert minsum.minimal_sum(np.int64(130)) == (10, 13, 0)
    assert minsum.least_sums(range(129, 131)).tolist() == [25, 23]
    assert minsum.least_sums(130).shape == ()
