"""How fast S4's kernel is: Cauchy sums and an inverse FFT, beside powers of Ā, by a plain loop and by doubling.

All three start from what each would keep during training (Λ, P, B, C̃ and the step; or Ā, B̄ and C) and end with the
same L numbers, which is checked first. Discretising A and cutting C off are not in the times.
"""

import numpy as np
from _timing import milliseconds, slope

from companion import hippo, ssm

LENGTHS = (512, 2048, 8192, 32768)
STATES = (32, 64, 128, 256)
STEP = 1e-3


def plain(Ab: np.ndarray, Bb: np.ndarray, C: np.ndarray, L: int) -> np.ndarray:
    """The kernel as it is defined: one matrix-vector product for each tap."""
    taps, x = np.empty(L), Bb
    for k in range(L):
        taps[k] = C @ x
        x = Ab @ x
    return taps


def timed(d: int, L: int) -> list[float]:
    """Times of the three ways for d states and L taps, once they agree."""
    A, B = hippo.transition("legs", d)
    C = np.random.default_rng(0).normal(size=d)
    Ab, Bb = ssm.discretize(A, B, STEP)
    Lam, P, V = ssm.nplr("legs", d)
    modal, Ct = V.conj().T @ B, V.conj().T @ ssm.truncate_output(C, Ab, L)
    truth = plain(Ab, Bb, C, L)
    ways = [
        lambda: plain(Ab, Bb, C, L),
        lambda: ssm.kernel(Ab, Bb, C, L),
        lambda: ssm.kernel_dplr(Lam, P, modal, Ct, STEP, L),
    ]
    for way in ways[1:]:
        np.testing.assert_allclose(way(), truth, atol=1e-10 * abs(truth).max())
    return [milliseconds(way) for way in ways]


def show(title: str, sizes: tuple[int, ...], rows: list[list[float]]) -> None:
    """A table with the log-log slope of each way in its last row."""
    print(f"| {title} | loop over powers, ms | doubled powers, ms | Cauchy sums, ms | faster than loop, doubling |")
    print("|---:|---:|---:|---:|---:|")
    for size, (loop, doubled, cauchy) in zip(sizes, rows, strict=True):
        print(
            f"| {size} | {loop:.1f} | {doubled:.1f} | {cauchy:.1f} | {loop / cauchy:.1f} ×, {doubled / cauchy:.1f} × |"
        )
    slopes = [slope(sizes, column) for column in zip(*rows, strict=True)]
    print("| log-log slope | " + " | ".join(f"{value:.2f}" for value in slopes) + " | |")


def main() -> None:
    """Time against the length, then against the number of states."""
    show("kernel of 64 states, length L", LENGTHS, [timed(64, L) for L in LENGTHS])
    print()
    show("kernel of 4096 taps, states d", STATES, [timed(d, 4096) for d in STATES])


if __name__ == "__main__":
    main()
