"""The least a + b + c with N = ab + c: the scan over p that stops, the post's whole range of p, and the scan over a.

The scan over a tries every a ≤ √N, at the speed of NumPy; the two scans over p are plain Python, so times compare ways
that are not alike, steps do. For each size the same random N in [10ᵉ, 2·10ᵉ) are solved by every way that is feasible.
"""

import random
from math import isqrt

from _timing import milliseconds, slope

from companion import minsum

EXPONENTS, DRAWS = (6, 8, 10, 12, 14, 18, 22, 26, 30), 40
ALL_P, ALL_A = 16, 14


def whole_range(N: int) -> int:
    """The least sum from all p of the post's range, its end rounded up."""
    last = isqrt(4 * N) + isqrt(4 * isqrt(N) + 5) + 4
    return min(sum(minsum.by_sum(N, p)) for p in range(isqrt(4 * N), last + 1))


def measure(exponent: int) -> tuple[str, list[float]]:
    """A row of the table, and its mean steps and milliseconds for one N."""
    dice = random.Random(exponent)
    drawn = [dice.randrange(10**exponent, 2 * 10**exponent) for _ in range(DRAWS if exponent < 26 else DRAWS // 2)]
    found = [minsum.search(N) for N in drawn]
    steps = sum(one.steps for one in found) / len(found)
    scan = milliseconds(lambda: [minsum.search(N) for N in drawn], runs=3) / len(drawn)
    cells = [
        f"{steps:,.0f}",
        f"{max(one.steps for one in found):,}",
        f"{2 + (1 + 4 * 1.5**0.5 * 10 ** (exponent / 2)) ** 0.5:,.0f}",
        f"{scan:.4g}",
    ]
    for most, way in ((ALL_P, whole_range), (ALL_A, lambda N: minsum.brute(N)[0])):
        some = drawn[:4] if exponent >= 12 else drawn
        if exponent > most:
            cells.append("")
            continue
        assert [way(N) for N in some] == [sum(one.triple) for one in found[: len(some)]]
        cells.append(f"{milliseconds(lambda way=way, some=some: [way(N) for N in some], runs=3) / len(some):.4g}")
    return f"| 10^{exponent} | " + " | ".join(cells) + " |", [steps, scan, *(float(c) for c in cells[4:] if c)]


def main() -> None:
    """Check that all ways agree, then print the table and the exponents of N."""
    heads = ["steps, mean", "steps, most", "bound", "scan that stops, ms", "whole range of p, ms", "all a, ms"]
    print("| N from | " + " | ".join(heads) + " |\n" + "|---:" * (len(heads) + 1) + "|")
    rows = []
    for exponent in EXPONENTS:
        row, numbers = measure(exponent)
        print(row, flush=True)
        rows.append(numbers)
    sizes = [10.0**e for e in EXPONENTS]
    found = []
    for column in range(4):
        some = [(n, row[column]) for n, row in zip(sizes, rows, strict=True) if n >= 1e8 and len(row) > column]
        found.append(slope([n for n, _ in some], [value for _, value in some]))
    print(
        f"\nExponents of N from 10^8 on, measured: steps {found[0]:.3f}, time of the scan {found[1]:.3f}, "
        f"whole range of p {found[2]:.3f}, all a {found[3]:.3f}; the bound has 0.25, the model 1/6."
    )


if __name__ == "__main__":
    main()
