"""Bases of RoPE: the certified search for the least one against scans over bases, and the search for the safe one.

The scans try an even grid in log b from 1 to the least base, as fine as the first window of good bases is wide. So they
are sure of a hit only because the answer is known. They are measured on some bases and scaled up. One computes all
cosines of a base, as the post's search does, the other stops at the first negative distance.
"""

import math

import numpy as np
from _timing import milliseconds, slope

from companion import rope

LENGTHS, SAFE_LENGTHS, SAMPLES = (1024, 2048, 4096, 8192, 16384), (1024, 2048, 4096, 8192), 12


def plain(L: int, base: float) -> bool:
    """Whether a base carries L distances, by all d/2 cosines of all distances."""
    theta = base ** (-np.arange(64) / 64)
    return bool(np.cos(np.multiply.outer(np.arange(L), theta)).sum(axis=1).min() >= 0)


def window(L: int, base: float) -> float:
    """Width in log b of the good bases from `base` on."""
    low, high = 0.0, 1e-6
    while rope.max_length(base * math.exp(high), cap=L) >= L:
        low, high = high, 1.1 * high
    return low


def measure(L: int) -> tuple[str, list[float]]:
    """A row of the table, and its four times in milliseconds."""
    found = rope.search_base(L)
    good = found.base * (1 + 1e-8)
    assert plain(L, good)
    assert math.isclose(rope.ruled_out(found.witnesses), found.base, rel_tol=1e-8)
    grid = math.ceil(math.log(found.base) / window(L, good))
    some = np.exp(np.random.default_rng(0).uniform(0, math.log(found.base), SAMPLES))
    times = [
        milliseconds(lambda: rope.base_lower_bound(L)),
        milliseconds(lambda: rope.ruled_out(found.witnesses)),
        milliseconds(lambda: [plain(L, b) for b in some]) * grid / SAMPLES,
        milliseconds(lambda: [rope.max_length(b, cap=L) for b in some]) * grid / SAMPLES,
    ]
    cells = [f"{found.base:,.1f}", f"{len(found.witnesses)}", f"{grid:,}", *(f"{t:,.0f}" for t in times)]
    return f"| {L} | " + " | ".join(cells) + " |", times


def main() -> None:
    """Check that all ways agree, then print both tables."""
    heads = ["search", "repeated from its witnesses", "scan, all cosines", "scan that stops early"]
    print("The least base, d = 128:\n")
    print("| L | least base | witnesses | bases on the grid | " + " | ".join(f"{head}, ms" for head in heads) + " |")
    print("|---:" * 8 + "|")
    spent = []
    for L in LENGTHS:
        row, times = measure(L)
        print(row)
        spent.append(times)
    slopes = [f"{slope(LENGTHS, column):.2f}" for column in zip(*spent, strict=True)]
    print("| slope | | | | " + " | ".join(slopes) + " |\n")
    print("The safe base, above which every base carries L:\n\n| L | safe base | search, ms |\n|---:|---:|---:|")
    safe = [milliseconds(lambda L=L: rope.safe_base(L)) for L in SAFE_LENGTHS]
    for L, time in zip(SAFE_LENGTHS, safe, strict=True):
        print(f"| {L} | {rope.safe_base(L):,.1f} | {time:.0f} |")
    print(f"| slope | | {slope(SAFE_LENGTHS, safe):.2f} |")


if __name__ == "__main__":
    main()
