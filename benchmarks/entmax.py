"""Entmax by sorting no more than it needs, beside a full sort, bisection and Newton's method, which sort nothing."""

from collections.abc import Callable

import numpy as np
from _timing import milliseconds, slope

from companion.entmax import entmax

LENGTHS = (2**8, 2**11, 2**14, 2**17, 2**20)


def sorted_out(x: np.ndarray, order: float) -> np.ndarray:
    """Orders 1.5 and 2 as the posts and papers have it: the whole row is sorted and summed."""
    z = (order - 1) * (x - x.max())
    best = np.sort(z)[::-1]
    k, total = np.arange(1, len(z) + 1), best.cumsum()
    if order == 2:
        levels = (total - 1) / k
    else:
        mean = total / k
        levels = mean - np.sqrt(np.maximum(1 / k - (best**2).cumsum() / k + mean**2, 0))
    return np.maximum(z - levels[(best >= levels).sum() - 1], 0) ** (1 / (order - 1))


def bisected(x: np.ndarray, order: float, steps: int = 60) -> np.ndarray:
    """Bisection for the threshold, `steps` passes over the row."""
    z = (order - 1) * (x - x.max())
    low, high = -1.0, -(float(len(z)) ** (1 - order))
    for _ in range(steps):
        middle = (low + high) / 2
        if (np.maximum(z - middle, 0) ** (1 / (order - 1))).sum() >= 1:
            low = middle
        else:
            high = middle
    p = np.maximum(z - low, 0) ** (1 / (order - 1))
    return p / p.sum()


def newton(x: np.ndarray, order: float) -> np.ndarray:
    """Newton's method from below: the sum is convex in the threshold, so it never oversteps."""
    z, power, level = (order - 1) * (x - x.max()), 1 / (order - 1), -1.0
    for _ in range(100):
        rest = z[z > level] - level
        step = ((rest**power).sum() - 1) / (power * (rest ** (power - 1)).sum())
        level += step
        if step < 1e-15:
            break
    return np.maximum(z - level, 0) ** power


def measure(x: np.ndarray, order: float) -> list[float]:
    """Times of the package, a full sort, bisection and Newton for one row, all checked against each other."""
    ways: list[Callable[[np.ndarray, float], np.ndarray]] = [entmax, sorted_out, bisected, newton]
    for way in ways:
        np.testing.assert_allclose(way(x, order), entmax(x, order), atol=1e-8)
    return [milliseconds(lambda way=way: way(x, order)) for way in ways]


def report(order: float, draw: Callable[[int], np.ndarray]) -> None:
    """A table with a row for each length, and the log-log slopes of the columns below."""
    rows = [measure(draw(length), order) for length in LENGTHS]
    print("| n | package, ms | full sort, ms | bisection, ms | Newton, ms |\n|---:|---:|---:|---:|---:|")
    for length, row in zip(LENGTHS, rows, strict=True):
        print(f"| {length} | " + " | ".join(f"{t:.3g}" for t in row) + " |")
    # The short rows measure the calls, not the work.
    print(
        "| slope | "
        + " | ".join(f"{slope(LENGTHS[2:], column[2:]):.2f}" for column in zip(*rows, strict=True))
        + " |\n"
    )


def normal(length: int) -> np.ndarray:
    """Standard normal logits: a few entries are kept."""
    return np.random.default_rng(length).standard_normal(length)


def level(length: int) -> np.ndarray:
    """Logits that hardly differ: all entries are kept, and a partial sort is no help."""
    return normal(length) / length**2


def main() -> None:
    """Tables for both exact orders with few and with all entries kept."""
    for order in (1.5, 2.0):
        print(f"Order {order:g}, standard normal logits:\n")
        report(order, normal)
        print(f"Order {order:g}, logits that hardly differ:\n")
        report(order, level)


if __name__ == "__main__":
    main()
