"""The least a + b + c with N = ab + c, for whole numbers a, b, c ≥ 0: two ways of scanning, one of them for any N.

With p = a + b and q = b − a, both of one parity, 4N = p² − q² + 4c and S = a + b + c = p + c. For a fixed p the least q
is best, so a scan over p from ⌊2√N⌋ finds the least S, and stops when p reaches the best S so far, because S ≥ p. The
scan over p is Su Jianlin's post kexue.fm/archives/9775; the early stop is our own. Whole numbers are Python's, of any
size; the functions on arrays use int64 and say how far they go.
"""

import operator
from collections.abc import Iterable
from math import isqrt
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

Whole = NDArray[np.int64]
Triple = tuple[int, int, int]
# Below this 4N and the squares of all p that are tried fit into int64.
LIMIT = 2**60


class Found(NamedTuple):
    """The best triple (a, b, c), and how many values of p = a + b were tried."""

    triple: Triple
    steps: int


def minimal_sum(N: int) -> Triple:
    """The triple (a, b, c), a ≤ b, with N = ab + c and the least sum; of several the one with the least a + b.

    For N = 4 and 5 it is the one with a = b = 2, although a = b = 0 has the same sum.

    Raises ValueError for N that is no whole number of at least 1. Cost: S − 2√N integer square roots; that is below
    2N^¼ + 4, and about 1.18 N^(1/6) on average (measured).
    """
    return search(N).triple


def search(N: int) -> Found:
    """`minimal_sum` with the number of steps: the p from ⌊2√N⌋ to S, with or without S itself.

    For N ≤ 3 the best factors are a = b = 0, which no such p holds: one step. Raises ValueError as `minimal_sum`.
    """
    N = _whole("N", N, 1)
    if N <= 3:
        return Found((0, 0, N), 1)
    start = p = isqrt(4 * N)
    triple = _best(N, p)
    least = sum(triple)
    while p + 1 < least:
        p += 1
        delta = p * p - 4 * N
        q = isqrt(delta - 1) + 1
        q += (p - q) & 1
        if p + (q * q - delta) // 4 < least:
            triple = _best(N, p)
            least = sum(triple)
    return Found(triple, p - start + 1)


def by_sum(N: int, p: int) -> Triple:
    """The best (a, b, c), a ≤ b, among those with a + b = p.

    Raises ValueError for N or p that is no whole number of at least 1 or 0.
    """
    return _best(_whole("N", N, 1), _whole("p", p, 0))


def by_factor(N: int, a: ArrayLike) -> Whole:
    """The least sum for each a ≥ 1 (…), which b = ⌊N/a⌋ gives, for N below 2⁶⁰.

    Raises ValueError for other N, and for a that are not whole numbers from 1 to N.
    """
    N = _small("N", N)
    factors = _wholes("a", a, 1)
    if (factors > N).any():
        raise ValueError(f"a must be at most N = {N}, got {factors.max()}")
    return np.asarray(factors + N // factors + N % factors, dtype=np.int64)


def brute(N: int) -> tuple[int, int]:
    """The least sum and an a that gives it, from all a ≤ √N, for N below 2⁶⁰: the way without a theorem.

    Raises ValueError for other N. Cost: √N divisions and as much memory.
    """
    N = _small("N", N)
    sums = by_factor(N, np.arange(1, isqrt(N) + 1))
    best = int(sums.argmin())
    return (N, 0) if sums[best] > N else (int(sums[best]), best + 1)


def brute_table(M: int) -> Whole:
    """The least sums (M + 1,) of all N from 0 to M, from all a ≤ √N. Cost: M^(3/2) divisions.

    Raises ValueError for M that is no whole number from 1 to 10⁸.
    """
    if (M := _whole("M", M, 1)) > 10**8:
        raise ValueError(f"M must be at most 10⁸, got {M}")
    N = np.arange(M + 1)
    least = N.copy()
    for a in range(1, isqrt(M) + 1):
        quotient, rest = np.divmod(N[a * a :], a)
        np.minimum(least[a * a :], a + quotient + rest, out=least[a * a :])
    return least


def least_sums(values: ArrayLike) -> Whole:
    """The least sums of many N below 2⁶⁰ at once, by the scan over p in int64. Shape of `values`.

    Raises ValueError for values that are not whole numbers from 1 to 2⁶⁰ − 1. Cost: as `minimal_sum` for each value,
    at the speed of NumPy.
    """
    found = _wholes("values", values, 1)
    if (found >= LIMIT).any():
        raise ValueError(f"values must be below 2⁶⁰, got {found.max()}")
    N = found.ravel()
    p = _roots(4 * N)
    # At ⌊2√N⌋ the best q is 0 or 1, and no more is known of a = b = 0 than that its sum is N.
    least = np.minimum(N, p + N - (p * p - p % 2) // 4)
    open_ = np.flatnonzero(p + 1 < least)
    while open_.size:
        p[open_] += 1
        at = p[open_]
        delta = at * at - 4 * N[open_]
        q = _roots(delta - 1) + 1
        q += (at - q) & 1
        least[open_] = np.minimum(least[open_], at + (q * q - delta) // 4)
        open_ = open_[at + 1 < least[open_]]
    return least.reshape(found.shape)


def excess(values: ArrayLike) -> NDArray[np.float64]:
    """S − 2√N for the least sums S of many N, as floats. Raises ValueError as `least_sums`."""
    N = _wholes("values", values, 1)
    return np.asarray(least_sums(N) - 2 * np.sqrt(N.astype(np.float64)))


def _best(N: int, p: int) -> Triple:
    """`by_sum`, unchecked."""
    delta = p * p - 4 * N
    q = 0 if delta <= 0 else isqrt(delta - 1) + 1
    q += (p - q) & 1
    a, b = (p - q) // 2, (p + q) // 2
    return a, b, N - a * b


def _roots(values: Whole) -> Whole:
    """Whole square roots, rounded down, of whole numbers from 0 to 2⁶² + 2³³."""
    roots = np.sqrt(values.astype(np.float64)).astype(np.int64)
    roots -= roots * roots > values
    roots += (roots + 1) * (roots + 1) <= values
    return roots


def _whole(name: str, value: Any, least: int) -> int:
    """The argument `name` as a Python integer of any size, of at least `least`: no floats, no truth values."""
    try:
        number = None if isinstance(value, bool | np.bool_) else operator.index(value)
    except TypeError:
        number = None
    if number is None or number < least:
        raise ValueError(f"{name} must be a whole number (int) of at least {least}, got {value!r}")
    return number


def _small(name: str, value: Any) -> int:
    if (number := _whole(name, value, 1)) >= LIMIT:
        raise ValueError(f"{name} must be below 2⁶⁰, got {number}")
    return number


def _wholes(name: str, values: Any, least: int) -> Whole:
    """The argument `name` as int64, of at least `least`: an array of whole numbers, no floats, no truth values."""
    if isinstance(values, Iterable) and not isinstance(values, np.ndarray | str | bytes):
        values = list(values)
    try:
        array = np.asarray(values)
        if isinstance(values, list) and any(
            isinstance(one, bool | np.bool_) for one in np.asarray(values, object).flat
        ):
            array = np.asarray("")
    except (ValueError, OverflowError):
        array = np.asarray("")
    if array.dtype.kind not in "iu" or array.size == 0:
        raise ValueError(f"{name} must hold whole numbers below 2⁶³ (int), at least one, got {values!r}")
    if (array < least).any() or (array > np.iinfo(np.int64).max).any():
        raise ValueError(f"{name} must lie between {least} and 2⁶³ − 1, got {array.min()} to {array.max()}")
    return array.astype(np.int64)
