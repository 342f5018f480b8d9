"""The density flow of a GAN's loss: implicit steps against explicit ones at equal error, on 'bimodal'.

Both solve the same equation on the same grid, from N(2, 0.6²) to t = 1 under "logit". The error is the largest
deviation from the solution of the grid's own ODE by Radau's method with a relative tolerance of 1e-9. Explicit Euler is
unstable unless its step is below about half the square of the grid's spacing; at that step its error is smaller than
asked for, and that is its cost. Implicit steps are as long as the error allows.
"""

import numpy as np
from _timing import milliseconds, slope
from scipy.integrate import solve_ivp

from companion import flows, mixtures

END, POINTS, ERRORS = 1.0, (101, 201, 401), (1e-2, 1e-3)
DATA = mixtures.named("bimodal")


def bell(a: float, b: float, x: np.ndarray) -> np.ndarray:
    """A normal density."""
    return np.exp(-((x - a) ** 2) / (2 * b**2)) / (b * np.sqrt(2 * np.pi))


def explicit(p: np.ndarray, q: np.ndarray, dx: float, steps: int) -> np.ndarray:
    """Explicit Euler, the plain way."""
    between, step = np.sqrt(p[1:] * p[:-1]) / dx**2, END / steps
    for _ in range(steps):
        flux = between * np.diff(q / p)
        q = q + step * np.diff(flux, prepend=0, append=0)
    return q


def implicit(p: np.ndarray, q: np.ndarray, grid: np.ndarray, steps: int) -> np.ndarray:
    """The package's way, with equal steps in the logarithm of the time after a first short one."""
    times = np.concatenate([[0], np.geomspace(END / 1e4, END, steps)])
    return flows.density_flow(p, q, grid, times)[-1]


def fewest(error_of, least: int, most: int) -> int:
    """The smallest number of steps, doubled from `least` and then bisected, whose error is small enough."""
    high = least
    while error_of(high) and high < most:
        high *= 2
    low = high // 2
    while high - low > max(1, low // 50):
        middle = (low + high) // 2
        low, high = (middle, high) if error_of(middle) else (low, middle)
    return high


def main() -> None:
    """Count the steps and time them, for each grid and each error."""
    print(
        "| points | error | implicit steps | ms | explicit steps | ms | explicit / implicit |\n|---:"
        + "|---:" * 6
        + "|"
    )
    spent: dict[float, list[tuple[float, float]]] = {error: [] for error in ERRORS}
    for n in POINTS:
        grid = np.linspace(-4, 4, n)
        dx = grid[1] - grid[0]
        p, q = np.exp(mixtures.logpdf(DATA, grid[:, None])), bell(2.0, 0.6, grid)
        between = np.sqrt(p[1:] * p[:-1]) / dx**2

        def rate(_: float, now: np.ndarray, p: np.ndarray = p, between: np.ndarray = between) -> np.ndarray:
            return np.diff(between * np.diff(now / p), prepend=0, append=0)

        exact = solve_ivp(rate, (0, END), q, "Radau", rtol=1e-9, atol=1e-11).y[:, -1]
        for error in ERRORS:

            def off(made: np.ndarray, error: float = error, exact: np.ndarray = exact) -> bool:
                return not np.abs(made - exact).max() < error  # NaN is off, too

            with np.errstate(over="ignore", invalid="ignore"):
                few = fewest(lambda k, p=p, q=q, grid=grid, off=off: off(implicit(p, q, grid, k)), 4, 100_000)
                many = fewest(lambda k, p=p, q=q, dx=dx, off=off: off(explicit(p, q, dx, k)), 64, 1_000_000)
            times = (
                milliseconds(lambda p=p, q=q, grid=grid, few=few: implicit(p, q, grid, few)),
                milliseconds(lambda p=p, q=q, dx=dx, many=many: explicit(p, q, dx, many)),
            )
            spent[error].append(times)
            print(f"| {n} | {error:g} | {few} | {times[0]:.1f} | {many} | {times[1]:.1f} | {times[1] / times[0]:.1f} |")
    for error, rows in spent.items():
        growth = [f"{slope(POINTS, column):.2f}" for column in zip(*rows, strict=True)]
        print(f"| slope | {error:g} | | {growth[0]} | | {growth[1]} | |")


if __name__ == "__main__":
    main()
