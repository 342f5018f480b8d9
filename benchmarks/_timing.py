"""What every benchmark needs: the time of a task, what several times say, and the power law through them."""

import statistics
import time
from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np


class Times(NamedTuple):
    """Several times of one task, in whatever unit they came."""

    median: float
    at95: float
    slowest: float


def summary(times: Sequence[float]) -> Times:
    """Median, 95 % quantile and slowest of at least two times."""
    return Times(statistics.median(times), statistics.quantiles(times, n=20)[-1], max(times))


def seconds(task: Callable[[], object]) -> float:
    """Time of one run of `task`."""
    start = time.perf_counter()
    task()
    return time.perf_counter() - start


def milliseconds(task: Callable[[], object], runs: int = 9, budget: float = 2.0) -> float:
    """Median time of `task` over `runs` runs, or over as many as fit in `budget` seconds, at least one."""
    times: list[float] = []
    while len(times) < runs and sum(times) < budget:
        times.append(seconds(task))
    return 1000 * statistics.median(times)


def print_seconds(heading: str, rows: Sequence[tuple[str, Callable[[], object], float]]) -> None:
    """A table of seconds, a row for each (name, task, scale); a task that does a part of the work is scaled up."""
    print(f"| {heading} | seconds |\n|---|---:|")
    for name, task, scale in rows:
        print(f"| {name} | {milliseconds(task) / 1000 * scale:.2f} |")


def slope(sizes: Sequence[float], times: Sequence[float]) -> float:
    """The exponent of a power law through the points, by least squares of logarithms."""
    return float(np.polyfit(np.log(sizes), np.log(times), 1)[0])
