"""LoRA-GA's start: from one sketched SVD, from one dense SVD, and from two dense ones, one for each factor.

The gradients are n × n with singular values 1/j, and the rank is 8. The two dense SVDs are the plain way, in which each
factor asks for the vectors that it needs. All ways must have the same error, up to what the sketch may miss.
"""

import numpy as np
from _timing import milliseconds, slope

from companion import lora

SIZES, RANK = (250, 500, 1000, 2000), 8


def gradient(n: int) -> np.ndarray:
    """An n × n matrix with the singular values 1/j and random singular vectors."""
    rng = np.random.default_rng(n)
    left, right = (np.linalg.qr(rng.standard_normal((n, n)))[0] for _ in range(2))
    return left / np.arange(1.0, n + 1) @ right


def plain(G: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """A from the left singular vectors of one SVD, B from the right ones of another."""
    return np.linalg.svd(G)[0][:, :RANK], np.linalg.svd(G)[2][RANK : 2 * RANK]


def main() -> None:
    """Check that all ways agree, then print the table."""
    heads = ["one sketch of 4r columns", "one dense SVD", "two dense SVDs"]
    print("| n | " + " | ".join(f"{head}, ms" for head in heads) + " | error, sketch | error, dense |")
    print("|---:" * 6 + "|")
    spent = []
    for n in SIZES:
        G, rng = gradient(n), np.random.default_rng(0)
        ways = [lambda G=G, rng=rng: lora.init(G, RANK, rng=rng), lambda G=G: lora.init(G, RANK), lambda G=G: plain(G)]
        errors = [float(lora.alignment(G, *way())[0]) for way in ways]
        best = np.sqrt((np.arange(2 * RANK + 1.0, n + 1) ** -2).sum() / (np.arange(1.0, n + 1) ** -2).sum())
        assert np.allclose(errors, best, rtol=0.01)
        spent.append([milliseconds(way, runs=5) for way in ways])
        print(
            f"| {n} | " + " | ".join(f"{time:,.1f}" for time in spent[-1]) + f" | {errors[0]:.5f} | {errors[1]:.5f} |"
        )
    slopes = [f"{slope(SIZES, column):.2f}" for column in zip(*spent, strict=True)]
    print("| slope | " + " | ".join(slopes) + " | | |")


if __name__ == "__main__":
    main()
