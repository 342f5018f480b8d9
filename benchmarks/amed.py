"""Solvers of the diffusion ODE at equal evaluations: the miss against exact quantiles, and the time of a run.

1000 quantiles of two mixtures on the line, on the times of EDM (rho = 7) and on even times of a VP process. Euler takes
a step per evaluation, and so does iPNDM, which extrapolates from the slopes of up to three steps before; all others
take one step per two. AMED's nodes are fitted on 100 other quantiles, which is timed apart (at 6 evaluations of
bimodal its miss depends on them: 0.09 to 0.17); the node "no training" knows the spread of the data alone. The plain
way: Euler with the evaluations that it needs to miss by no more than AMED does.
"""

import functools
import itertools
from collections.abc import Callable

import numpy as np
from _timing import milliseconds
from numpy.typing import NDArray

from companion import amed, mixtures, samplers, schedules

Array = NDArray[np.float64]
CALLS, MANY, FEW = (4, 6, 8, 10, 12), (np.arange(1000) + 0.5) / 1000, (np.arange(100) + 0.5) / 100
GRIDS = {"rho = 7": schedules.edm_times, "even VP times": amed.vp_times}
NODES: dict[str, Callable[[Array, Array], Array]] = {
    "DPM-Solver-2": lambda a, b: np.sqrt(a * b),
    "midpoint": lambda a, b: (a + b) / 2,
}


WEIGHTS = tuple(
    np.array(w) for w in ([1], [3 / 2, -1 / 2], [23 / 12, -4 / 3, 5 / 12], [55 / 24, -59 / 24, 37 / 24, -3 / 8])
)


def ipndm(v: samplers.Field, x: Array, times: Array) -> Array:
    """Adams and Bashforth's method of order 4 with the weights of even steps, which starts with orders 1, 2 and 3."""
    slopes: list[Array] = []
    for b, a in itertools.pairwise(times):
        slopes = [v(x, b), *slopes[:3]]
        x = x - (b - a) * sum(w * slope for w, slope in zip(WEIGHTS[len(slopes) - 1], slopes, strict=True))
    return x


def spread(m: mixtures.Mixture) -> float:
    return float(np.sqrt(mixtures.moments(m)[1][0, 0]))


def solvers(m: mixtures.Mixture, grid: Callable[[int], Array], calls: int) -> dict[str, Callable[[], Array]]:
    """The solvers with so many evaluations, as tasks that return where they end; AMED's nodes are fitted here."""
    v, single, double = samplers.velocity(m, "edm"), grid(calls + 1), grid(calls // 2 + 1)
    x = amed.exact_path(m, MANY, double[:2])[0][:, None]
    fitted = amed.fit_nodes(v, amed.exact_path(m, FEW, double)[..., None], double).nodes
    chosen = {name: rule(double[1:], double[:-1]) for name, rule in NODES.items()}
    chosen |= {"AMED": fitted, "no training": amed.predictor_node(spread(m), double[1:], double[:-1])}
    tasks: dict[str, Callable[[], Array]] = {
        "Euler": lambda: samplers.ode(v, x, single),
        "Heun": lambda: samplers.ode(v, x, double, "heun"),
        "iPNDM": lambda: ipndm(v, x, single),
    }
    return tasks | {name: functools.partial(amed.solve, v, x, double, nodes) for name, nodes in chosen.items()}


def as_good(m: mixtures.Mixture, grid: Callable[[int], Array], goal: Array, miss: float) -> int:
    """The evaluations with which Euler first misses by no more, from a search by steps of a tenth."""
    calls, v = 4, samplers.velocity(m, "edm")
    while True:
        times = grid(calls + 1)
        x = amed.exact_path(m, MANY, times[:2])[0][:, None]
        if np.sqrt(np.mean((samplers.ode(v, x, times)[:, 0] - goal) ** 2)) <= miss:
            return calls
        calls += max(1, calls // 10)


def main() -> None:
    print("Root-mean-square miss at equal evaluations, 1000 quantiles:\n")
    names = ["Euler", "Heun", *NODES, "iPNDM", "AMED", "no training"]
    for data in ("bimodal", "asymmetric3"):
        m = mixtures.named(data)
        goal = amed.exact_path(m, MANY, [1.0, 0.002])[1]
        for grid_name, grid in GRIDS.items():
            print(f"| {data}, {grid_name} | " + " | ".join(names) + " | Euler as good as AMED |")
            print("|---|" + "---:|" * (len(names) + 1))
            for calls in CALLS:
                ends = {name: task()[:, 0] for name, task in solvers(m, grid, calls).items()}
                misses = {name: float(np.sqrt(np.mean((end - goal) ** 2))) for name, end in ends.items()}
                cells = [f"{misses[name]:.3f}" for name in names]
                print(f"| {calls} | " + " | ".join(cells) + f" | {as_good(m, grid, goal, misses['AMED'])} calls |")
            print()
    m, times = mixtures.named("bimodal"), schedules.edm_times(6)
    print("Time of a run with 10 evaluations, 1000 points of bimodal:\n\n| solver | ms |\n|---|---:|")
    for name, task in solvers(m, schedules.edm_times, 10).items():
        print(f"| {name} | {milliseconds(task):.2f} |")
    v, path = samplers.velocity(m, "edm"), amed.exact_path(m, FEW, times)[..., None]
    print(f"| the fit of AMED's nodes, 100 quantiles | {milliseconds(lambda: amed.fit_nodes(v, path, times)):.2f} |")
    node = functools.partial(amed.predictor_node, spread(m), times[1:], times[:-1])
    print(f"| the nodes without training | {milliseconds(node):.2f} |")


if __name__ == "__main__":
    main()
