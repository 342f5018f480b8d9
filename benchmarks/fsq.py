"""FSQ against nearest neighbour in a codebook of equal size: encode vectors to indices, decode indices to vectors.

FSQ rounds d numbers and reads them as digits; the codebook is compared with every vector, in the d dimensions of FSQ
(the cheapest case for it) and in 256, which is common for VQ-VAEs. Its codewords are the points of FSQ's own grid or,
in 256 dimensions, random ones. Nearest neighbour is `quantize.assign`, one product of matrices; a k-d tree joins in d.
"""

import numpy as np
from _timing import milliseconds, slope
from scipy.spatial import cKDTree

from companion import fsq, quantize

LEVELS = ([8, 6, 5], [8, 5, 5, 5], [7, 5, 5, 5, 5], [8, 8, 8, 6, 5])
VECTORS, SOME, WIDE = 65536, 2048, 256


def measure(levels: list[int]) -> tuple[str, list[float]]:
    """A row of the table, and its times in milliseconds for all vectors."""
    rng, K = np.random.default_rng(0), int(np.prod(levels))
    z, wide = rng.standard_normal((VECTORS, len(levels))), rng.standard_normal((SOME, WIDE))
    grid, book = fsq.index_to_codes(np.arange(K), levels).astype(float), rng.standard_normal((K, WIDE))
    y, index = fsq.bound(z, levels), fsq.codes_to_index(fsq.encode(z, levels), levels)
    tree = cKDTree(grid)
    assert np.array_equal(quantize.assign(y[:SOME], grid), index[:SOME])
    assert np.array_equal(tree.query(y[:SOME])[1], index[:SOME])
    assert np.array_equal(fsq.index_to_codes(index, levels), grid[index])
    scale = VECTORS / SOME
    times = [
        milliseconds(lambda: fsq.codes_to_index(fsq.encode(z, levels), levels)),
        milliseconds(lambda: tree.query(y)),
        milliseconds(lambda: quantize.assign(y[:SOME], grid)) * scale,
        milliseconds(lambda: quantize.assign(wide, book)) * scale,
        milliseconds(lambda: fsq.index_to_codes(index, levels)),
        milliseconds(lambda: book[index]),
    ]
    return f"| {levels} | {K:,} | " + " | ".join(f"{t:,.1f}" for t in times) + " |", times


def main() -> None:
    """Check that all ways agree, then print the table."""
    heads = ["FSQ", "k-d tree, d dims", "nearest, d dims", f"nearest, {WIDE} dims", "FSQ", f"lookup, {WIDE} dims"]
    kinds = ["encode"] * 4 + ["decode"] * 2
    print(f"{VECTORS:,} vectors, milliseconds:\n")
    print("| levels | K | " + " | ".join(f"{k}: {h}" for k, h in zip(kinds, heads, strict=True)) + " |")
    print("|---" + "|---:" * 7 + "|")
    spent = []
    for levels in LEVELS:
        row, times = measure(levels)
        print(row)
        spent.append(times)
    sizes = [float(np.prod(levels)) for levels in LEVELS]
    print("| exponent of K | | " + " | ".join(f"{slope(sizes, c):.2f}" for c in zip(*spent, strict=True)) + " |")
    digits = [len(levels) for levels in LEVELS]
    print(f"\nFSQ's encoding in terms of d: exponent {slope(digits, [times[0] for times in spent]):.2f}.")


if __name__ == "__main__":
    main()
