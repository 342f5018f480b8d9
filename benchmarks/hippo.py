"""How fast HiPPO's matrices are built: vectorised, beside the plain double loop of their definition."""

import math

import numpy as np
from _timing import milliseconds

from companion import hippo


def plain(measure: str, d: int) -> np.ndarray:
    """The matrix entry by entry, as it is written in the papers."""
    A = np.zeros((d, d))
    for n in range(d):
        for k in range(d):
            root = math.sqrt((2 * n + 1) * (2 * k + 1))
            if measure == "legs":
                A[n, k] = -root if k < n else -(n + 1) if k == n else 0
            else:
                A[n, k] = -root if k < n else -root * (-1) ** (n - k)
    return A


def main() -> None:
    """Check that both agree, then print the table."""
    print("| transition matrix | d | double loop, ms | companion.hippo, ms | faster |\n|---|---:|---:|---:|---:|")
    for measure in ("legs", "legt"):
        for d in (64, 256):
            np.testing.assert_allclose(hippo.transition(measure, d)[0], plain(measure, d))
            slow = milliseconds(lambda m=measure, d=d: plain(m, d))
            fast = milliseconds(lambda m=measure, d=d: hippo.transition(m, d))
            print(f"| {measure} | {d} | {slow:.1f} | {fast:.2f} | {slow / fast:.0f} × |")


if __name__ == "__main__":
    main()
