"""How attention over quantised keys grows with the number of tokens, beside dense attention over the same keys.

Dense attention works through the queries in pieces, so that its n × n scores never stand in memory at once; the plain
causal way, one matrix with a mask, is measured as far as it fits. The last column is the speed-up that counting
multiplications foretells (`attention_cost`, against the half of the matrix that is not masked).
"""

import math

import numpy as np
from _timing import milliseconds, slope

from companion import attention, quantize
from companion.softmax import softmax

LENGTHS = (1024, 2048, 4096, 8192, 16384)
C = BLOCK = 128
D = 64
PIECE = 1024
LONGEST_MASK = 4096
Array = np.ndarray


def dense(q: Array, k: Array, v: Array) -> Array:
    """Every query sees all keys."""
    return np.concatenate([attention.attend(q[i : i + PIECE], k, v) for i in range(0, len(q), PIECE)])


def dense_causal(q: Array, k: Array, v: Array) -> Array:
    """Every query sees the keys up to its own; what lies beyond a piece is not computed at all."""
    out = []
    for i in range(0, len(q), PIECE):
        scores = q[i : i + PIECE] @ k[: i + PIECE].T
        scores[:, i:][np.triu_indices(PIECE, 1)] = -np.inf
        out.append(softmax(scores) @ v[: i + PIECE])
    return np.concatenate(out)


def measure(n: int) -> list[float]:
    """Milliseconds: codes; all tokens, dense and by codes; causal, dense by mask, dense by pieces, and by codes."""
    rng = np.random.default_rng(0)
    q, codebook, v = rng.standard_normal((n, D)) / 8, rng.standard_normal((C, D)), rng.standard_normal((n, D))
    keys = rng.standard_normal((n, D))
    codes, bias = quantize.assign(keys, codebook), np.zeros(BLOCK + 1)
    k = codebook[codes]
    ways = [
        lambda: quantize.assign(keys, codebook),
        lambda: dense(q, k, v),
        lambda: attention.vq_attend(q, codes, codebook, v),
        lambda: attention.attend(q, k, v, causal=True) if n <= LONGEST_MASK else None,
        lambda: dense_causal(q, k, v),
        lambda: attention.vq_attend(q, codes, codebook, v, causal=True, block=BLOCK, bias=bias),
    ]
    np.testing.assert_allclose(ways[2](), ways[1](), atol=1e-10)
    np.testing.assert_allclose(ways[5](), ways[4](), atol=1e-10)
    times = [milliseconds(way) for way in ways]
    if n > LONGEST_MASK:
        times[3] = math.nan
    return times


def main() -> None:
    heads = ("codes", "dense", "VQ", "dense, mask", "dense, causal", "VQ, causal")
    print(f"Attention of one head, {C} codes, blocks of {BLOCK}, width {D}; milliseconds\n")
    print("| n |" + "".join(f" {head} |" for head in heads) + " causal, with codes | foretold |")
    print("|---:|" + "---:|" * (len(heads) + 2))
    rows = [measure(n) for n in LENGTHS]
    for n, row in zip(LENGTHS, rows, strict=True):
        many, few = attention.attention_cost(n, C, D, D, BLOCK)
        times = "".join(" |" if math.isnan(t) else f" {t:.1f} |" for t in row)
        print(f"| {n} |{times} {row[4] / (row[0] + row[5]):.1f}× | {many / few:.1f}× |")
    columns = [[(n, t) for n, t in zip(LENGTHS, column, strict=True) if t == t] for column in zip(*rows, strict=True)]
    print("| slope |" + "".join(f" {slope(*zip(*column, strict=True)):.2f} |" for column in columns) + " | |")


if __name__ == "__main__":
    main()
