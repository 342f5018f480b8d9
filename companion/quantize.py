"""Vector quantisation: the nearest codeword, codebooks by k-means, and histograms over codes.

A codebook (c, d) holds c codewords; the code of a vector is the index of a codeword. Source, unless noted: Lloyd,
"Least squares quantization in PCM", IEEE Transactions on Information Theory 28, 1982.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, generator, number, whole_below

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
# Numbers that are held at once while distances are compared.
_AT_ONCE = 2**21


def assign(x: ArrayLike, codebook: ArrayLike) -> Codes:
    """The code of each vector: the index of the nearest codeword in Euclidean distance, of equals the lowest.

    x (n, d), codebook (c, d) → (n,). Cost n·c·d, by one product of matrices; the few vectors for which rounding could
    decide are compared again by differences. Raises ValueError for arrays of another shape or that are not finite.
    """
    codebook = finite("codebook", codebook, ("c", "d"))
    x = finite("x", x, ("n", codebook.shape[1]))
    return _nearest(x, codebook)


def kmeans(x: ArrayLike, c: int, rng: np.random.Generator | None, iterations: int = 20) -> tuple[Array, Codes]:
    """A codebook of c codewords for x, by Lloyd's iterations from c different rows of x: (codebook, codes of x).

    x (n, d) → (c, d) and (n,). Each iteration gives every vector its nearest codeword and moves every codeword to the
    mean of its vectors; a codeword without vectors keeps its place. Stops early when nothing moves. The mean squared
    distance never rises. Cost iterations·n·c·d. Raises ValueError if c exceeds n, or iterations is below 0.
    """
    x = finite("x", x, ("n", "d"))
    c, iterations, rng = count("c", c), count("iterations", iterations, least=0), generator(rng)
    if c > len(x):
        raise ValueError(f"c must be at most the number of vectors, {len(x)}, got {c}")
    return _follow(x, x[rng.choice(len(x), c, replace=False)], iterations, 0.0)


def vq_ema(x: ArrayLike, codebook: ArrayLike, iterations: int, alpha: float) -> tuple[Array, Codes]:
    """The codebook that follows x as a moving average, and the codes of x: (codebook, codes).

    x (n, d), codebook (c, d) → (c, d) and (n,). Each iteration gives every vector its nearest codeword and replaces
    every codeword e by alpha·e + (1 − alpha)·mean of its vectors; a codeword without vectors keeps its place. With
    alpha = 0 this is Lloyd's iteration. Cost iterations·n·c·d. Raises ValueError if alpha is below 0 or not below 1.
    Source: Razavi et al., arXiv:1906.00446, with all of x in each update.
    """
    codebook = finite("codebook", codebook, ("c", "d"))
    x = finite("x", x, ("n", codebook.shape[1]))
    iterations, alpha = count("iterations", iterations, least=0), number("alpha", alpha, least=0)
    if alpha >= 1:
        raise ValueError(f"alpha must be below 1, or no codeword moves, got {alpha}")
    return _follow(x, codebook, iterations, alpha)


def histogram(codes: ArrayLike, values: ArrayLike, c: int) -> tuple[Array, Array]:
    """How often each of c codes occurs, and the mean of the values that it carries: (counts (c,), means (c, d)).

    codes (n,), values (n, d). A code that does not occur has count 0 and mean 0. Raises ValueError for codes outside
    0 … c − 1, or values that are not finite.
    """
    codes = whole_below("codes", codes, count("c", c), ("n",))
    return _histogram(codes, finite("values", values, (len(codes), "d")), c)


def _nearest(x: Array, codebook: Array) -> Codes:
    """The index of the nearest row of the codebook. |x − C|² = |x|² − 2 x·C + |C|², where |x|² decides nothing."""
    # A power of two off all numbers: exact, and no square overflows.
    power = np.frexp(max(np.abs(codebook).max(), np.abs(x).max()))[1]
    x, codebook = np.ldexp(x, -power), np.ldexp(codebook, -power)
    middle = codebook.mean(axis=0)
    centred, at = codebook - middle, np.empty(len(x), dtype=np.intp)
    squares = (centred**2).sum(axis=1)
    step = max(1, _AT_ONCE // len(codebook))
    for start in range(0, len(x), step):
        some = x[start : start + step] - middle
        score = squares - 2 * some @ centred.T
        at[start : start + step] = score.argmin(axis=1)
        # What rounding may have done to the score of a row; d terms are added up.
        size = (some**2).sum(axis=1) + squares.max()
        doubt = 4 * np.finfo(float).eps * (x.shape[1] + 2) * size
        close = (score <= (score.min(axis=1) + doubt)[:, None]).sum(axis=1) > 1
        for row in start + np.flatnonzero(close):
            at[row] = ((x[row] - codebook) ** 2).sum(axis=1).argmin()
    return at


def _follow(x: Array, codebook: Array, iterations: int, alpha: float) -> tuple[Array, Codes]:
    """Codewords that move towards the means of their vectors, and the codes of x in the end."""
    codes = _nearest(x, codebook)
    for _ in range(iterations):
        counts, means = _histogram(codes, x, len(codebook))
        codebook = np.where(counts[:, None] > 0, alpha * codebook + (1 - alpha) * means, codebook)
        before, codes = codes, _nearest(x, codebook)
        if alpha == 0 and np.array_equal(before, codes):
            break
    return codebook, codes


def _histogram(codes: Codes, values: Array, c: int) -> tuple[Array, Array]:
    counts, sums = np.bincount(codes, minlength=c).astype(float), np.zeros((c, values.shape[1]))
    np.add.at(sums, codes, values)
    return counts, sums / np.maximum(counts, 1)[:, None]
