"""Transport between random distributions: Sinkhorn's iteration against linear programming, and their values.

Costs are cosine costs of random vectors in 16 dimensions, eps is the temperature. Sinkhorn runs until no row sum is off
by more than 1e-6; what its plan costs above the exact one is the price of the temperature. The plain way is the linear
programme.
"""

import numpy as np
from _timing import milliseconds, slope

from companion import transport

SIZES, TEMPERATURES, TOLERANCE, ROUNDS = (8, 16, 32, 64, 128), (0.1, 0.05), 1e-6, 20_000


def problem(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Two distributions and the costs between their entries."""
    rng = np.random.default_rng(n)
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(n)), transport.cosine_cost(rng.standard_normal((n, 16)))


def measure(n: int) -> tuple[str, list[float]]:
    """A row of the table, and its times in milliseconds."""
    p, q, cost = problem(n)
    exact = transport.emd(p, q, cost)[0]
    product = float(transport.product_cost(p, q, cost))
    times, cells = [milliseconds(lambda: transport.emd(p, q, cost))], [f"{exact:.4f}", f"{product:.4f}"]
    for eps in TEMPERATURES:

        def solve(eps: float = eps) -> np.ndarray:
            return transport.sinkhorn(p, q, cost, eps, ROUNDS, TOLERANCE)

        plan = solve()
        assert np.abs(plan.sum(axis=1) - p).max() <= TOLERANCE, "Sinkhorn used up its rounds"
        assert exact - 1e-6 <= np.sum(plan * cost) <= product + 1e-6
        cells.append(f"{np.sum(plan * cost) / exact - 1:.1%}")
        times.append(milliseconds(solve))
    return f"| {n} | " + " | ".join([*cells, *(f"{t:.1f}" for t in times)]) + " |", times


def main() -> None:
    """Check that Sinkhorn lies between the exact and the product plan, then print the table."""
    heads = ["n", "exact cost", "product plan", *(f"above exact, ε = {eps}" for eps in TEMPERATURES)]
    heads += ["linear programme, ms", *(f"Sinkhorn ε = {eps}, ms" for eps in TEMPERATURES)]
    print("| " + " | ".join(heads) + " |\n" + "|---:" * len(heads) + "|")
    spent = []
    for n in SIZES:
        row, times = measure(n)
        print(row)
        spent.append(times)
    slopes = [f"{slope(SIZES, column):.2f}" for column in zip(*spent, strict=True)]
    print("| slope | | | | | " + " | ".join(slopes) + " |")


if __name__ == "__main__":
    main()
