"""A few terms of an SVD: the randomised one against NumPy's full one and SciPy's Lanczos, errors beside the times.

The matrix has singular values σ_j = 1/j, which fall slowly, and random singular vectors. r = 20 terms are wanted.
"""

import numpy as np
from _timing import milliseconds, slope
from scipy.sparse.linalg import svds

from companion.svd import randomized_svd, tail, truncate

SIZES, RANK, ITERATIONS = (250, 500, 1000, 2000), 20, (0, 2)


def matrix(n: int) -> tuple[np.ndarray, np.ndarray]:
    """M (n, n) and its singular values."""
    rng = np.random.default_rng(n)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    s = 1 / np.arange(1, n + 1)
    return (left * s) @ right.T, s


def measure(n: int) -> tuple[str, list[float]]:
    """A row of the table, and its times in milliseconds: full, Lanczos, randomised with each number of passes."""
    M, s = matrix(n)
    best = tail(s, RANK)
    full = truncate(M, RANK)
    assert np.isclose(np.linalg.norm(M - full), best, rtol=1e-9)
    times, cells = [milliseconds(lambda: truncate(M, RANK), runs=5, budget=4)], []
    times.append(milliseconds(lambda: svds(M, k=RANK, rng=np.random.default_rng(0)), runs=5, budget=4))
    cells += [f"{time:,.1f}" for time in times]
    for passes in ITERATIONS:

        def task(passes: int = passes) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
            return randomized_svd(M, RANK, 10, passes, np.random.default_rng(0))

        U, sigma, Vt = task()
        times.append(milliseconds(task))
        error = np.linalg.norm(M - (U * sigma) @ Vt) / best - 1
        cells += [f"{times[-1]:,.1f}", f"{times[0] / times[-1]:,.0f}", f"{error:.1e}"]
    return f"| {n} | " + " | ".join(cells) + " |", times


def main() -> None:
    """Check the full one against the known tail, then print the table."""
    print(f"The first {RANK} terms of an n × n matrix with σ_j = 1/j; error: excess over the best Frobenius error\n")
    heads = [f"randomised, {passes} passes, ms | times faster | excess" for passes in ITERATIONS]
    print("| n | full, ms | Lanczos, ms | " + " | ".join(heads) + " |\n" + "|---:" * (3 + 3 * len(ITERATIONS)) + "|")
    spent = []
    for n in SIZES:
        row, times = measure(n)
        print(row)
        spent.append(times)
    slopes = [f"{slope(SIZES, column):.2f}" for column in zip(*spent, strict=True)]
    print(f"| slope | {slopes[0]} | {slopes[1]} | " + " | ".join(f"{one} | | " for one in slopes[2:]) + "|")


if __name__ == "__main__":
    main()
