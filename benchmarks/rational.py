"""Kernel and output of a rational transfer function: by FFT, beside the recurrence, over the length and over d."""

import math
from collections.abc import Iterable

import numpy as np
from _timing import milliseconds, slope
from scipy.signal import lfilter

from companion import rational, ssm

LENGTHS = (2**10, 2**12, 2**14, 2**16, 2**18)
SIZES = (4, 16, 64, 256, 1024)
LONGEST_LOOP = 2**16


def loop(a: np.ndarray, b: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The recurrence of the companion form, one step at a time: d operations each, vectorised over the state."""
    x, y = np.zeros(len(a)), np.empty(len(u))
    for k, value in enumerate(u):
        first = value - a @ x
        x[1:] = x[:-1]
        x[0] = first
        y[k] = b @ x
    return y


def filtered(a: np.ndarray, b: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The same recurrence by scipy's loop in C."""
    return lfilter(b, np.concatenate([[1.0], a]), u)


def fast(a: np.ndarray, bt: np.ndarray, u: np.ndarray) -> np.ndarray:
    """The output by FFT: the kernel, then the convolution."""
    return ssm.causal_conv(rational.kernel_rational(a, bt, len(u)), u)


def filter_of(d: int) -> tuple[np.ndarray, np.ndarray]:
    """A stable filter with d coefficients of both signs, Σ|a| = 0.9."""
    rng = np.random.default_rng(d)
    a = rng.standard_normal(d)
    return 0.9 * a / np.abs(a).sum(), rng.standard_normal(d)


def measure(d: int, L: int) -> list[float]:
    """Times of the kernel by FFT and by scipy, then of the output by FFT, by scipy and by the loop in Python."""
    (a, b), u, impulse = filter_of(d), np.random.default_rng(0).standard_normal(L), np.eye(1, L)[0]
    bt = rational.truncate_numerator(a, b, L)
    wanted = filtered(a, b, u)
    np.testing.assert_allclose(rational.kernel_rational(a, bt, L), filtered(a, b, impulse), atol=1e-9)
    np.testing.assert_allclose(fast(a, bt, u), wanted, atol=1e-9)
    tasks = [
        lambda: rational.kernel_rational(a, bt, L),
        lambda: filtered(a, b, impulse),
        lambda: fast(a, bt, u),
        lambda: filtered(a, b, u),
    ]
    times = [milliseconds(task) for task in tasks]
    if L > LONGEST_LOOP:
        return [*times, math.nan]
    np.testing.assert_allclose(loop(a, b, u[:2048]), wanted[:2048], atol=1e-9)
    return [*times, milliseconds(lambda: loop(a, b, u))]


def report(name: str, values: Iterable[int], rows: list[list[float]]) -> None:
    """One table: a row for each value, and the log-log slope of each column below."""
    heads = ["kernel, FFT", "kernel, lfilter", "output, FFT", "output, lfilter", "output, Python loop"]
    print(f"| {name} | " + " | ".join(f"{head}, ms" for head in heads) + " |\n|---:" + "|---:" * len(heads) + "|")
    for value, row in zip(values, rows, strict=True):
        print(f"| {value} | " + " | ".join("" if math.isnan(t) else f"{t:.3g}" for t in row) + " |")
    columns = [[(v, t) for v, t in zip(values, column, strict=True) if t == t] for column in zip(*rows, strict=True)]
    print("| slope | " + " | ".join(f"{slope(*zip(*column, strict=True)):.2f}" for column in columns) + " |\n")


def main() -> None:
    """Check that all ways agree, then print a table over L and one over d."""
    print("State size d = 64, length L:\n")
    report("L", LENGTHS, [measure(64, L) for L in LENGTHS])
    print("Length L = 16384, state size d:\n")
    report("d", SIZES, [measure(d, 2**14) for d in SIZES])


if __name__ == "__main__":
    main()
