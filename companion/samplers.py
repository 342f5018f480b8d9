"""Samplers of diffusion models, run on exact mixtures: nothing is learnt, so what is left is the sampler's own error.

Levels are arrays `signal`, `noise` (n + 1,) with index 0 = data (see `companion.schedules`); the step from level k to
k − 1 uses entry k of `sigma`. Points are arrays (…, d). What a sampler makes of a distribution, without drawing, is in
`companion.analytic`.

Sources: Song, Meng, Ermon, "DDIM", arXiv:2010.02502; Song et al., arXiv:2011.13456; Su Jianlin,
https://kexue.fm/archives/9181, /9209, /9228.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from companion import mixtures, schedules
from companion._checks import broadcast, finite, generator, number, one_of, returned
from companion.mixtures import Mixture
from companion.schedules import Schedule

Array = NDArray[np.float64]
Field = Callable[[Array, float], Array]  # v(x, t): points (…, d) and a time → a vector at each point (…, d)
EpsModel = Callable[[Array, int], Array]  # eps(x, k): points and a level number → the noise in each (…, d)


def eps_model(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> EpsModel:
    """The ideal noise prediction eps(x, k) at level number k: what a perfectly trained network would return."""
    levels = schedules.checked(signal, noise)
    return lambda x, k: mixtures.epsilon(m, x, levels.signal[k], levels.noise[k])


def step_sigma(signal: ArrayLike, noise: ArrayLike, eta: float = 1.0) -> Array:
    """DDIM's σ_t = η β_t β̄_{t−1}/β̄_t for consecutive levels: (n + 1,), 0 at level 0. η = 1 is DDPM's small variance.

    Raises ValueError unless 0 ≤ η, and η is small enough that no σ_t exceeds β̄_{t−1}.
    """
    levels = schedules.checked(signal, noise)
    (_, beta), noise = levels.steps(), levels.noise
    # σ_t ≤ β̄_{t−1} means η β_t ≤ β̄_t; the step to noise 0 has σ = 0 and sets no bound.
    bounding = noise[:-1] > 0
    most = np.min(noise[1:][bounding] / beta[1:][bounding], initial=np.inf)
    if not 0 <= number("eta", eta) <= most * (1 + 1e-12):
        raise ValueError(f"eta must lie in [0, {most:.6g}] for these levels, got {eta}")
    sigma = np.zeros_like(noise)
    sigma[1:] = eta * beta[1:] * noise[:-1] / noise[1:]
    return sigma


def reverse(
    eps: EpsModel,
    signal: ArrayLike,
    noise: ArrayLike,
    sigma: ArrayLike,
    x: ArrayLike,
    rng: np.random.Generator | None = None,
    std: ArrayLike | None = None,
    path: bool = False,
) -> Array:
    """Generates by the DDIM family, from level n down to 0: x (…, d) → (…, d), or with `path` all levels (n + 1, …, d).

    x_{t−1} = (x_t − (β̄_t − α_t √(β̄²_{t−1} − σ_t²)) eps(x_t, t))/α_t + s_t z, with row k of a path at level k. `sigma`,
    a number or (n + 1,), sets the mean; `std`, by default sigma, is the noise s_t really added. All zero is DDIM, which
    needs no rng. To take fewer steps pass signal[tau], noise[tau]. Raises ValueError for levels that do not fall, a
    sigma outside [0, β̄_{t−1}], a negative std, noise without an rng, or an eps that returns another shape or NaN.
    """
    plan = steps(schedules.checked(signal, noise), sigma, std)
    if rng is not None or plan.std.any():
        rng = generator(rng)
    states = [finite("x", x)]
    for k in range(len(plan.sigma) - 1, 0, -1):
        here = states[-1]
        mean = plan.scale[k] * here - plan.pull[k] * returned("eps", eps, here, k)
        if rng is not None and plan.std[k].any():
            mean += plan.std[k] * rng.standard_normal(here.shape)
        states.append(mean)
    return np.stack(states[::-1]) if path else states[-1]


def velocity(m: Mixture, name: str, **params: float) -> Field:
    """The probability-flow velocity v(x, t) = f x − ½ g² ∇log p_t of the exact mixture under the schedule `name`.

    Raises ValueError for an unknown schedule or parameter; v does for a time out of range.
    """
    schedules.kernel(name, 0.0, **params)

    def v(x: ArrayLike, t: ArrayLike) -> Array:
        f, g2 = schedules.sde(name, t, **params)
        return f[..., None] * np.asarray(x) - g2[..., None] / 2 * mixtures.score(
            m, x, *schedules.kernel(name, t, **params)
        )

    return v


def ode(v: Field, x: ArrayLike, times: ArrayLike, method: str = "euler", path: bool = False) -> Array:
    """Walks x' = v(x, t) along the grid `times` (n + 1,), in the order given: x → x, or with `path` (n + 1, *x.shape).

    Decreasing times generate. Methods "euler", "midpoint", "heun", "rk4", of order 1, 2, 2, 4. Raises ValueError for an
    unknown method, times that are not strictly monotone, or a v that returns another shape than x has, or NaN.
    """
    move, times, states = METHODS[one_of("method", method, METHODS)], monotone(times), [finite("x", x)]

    def slope(x: Array, t: float) -> Array:
        return returned("v", v, x, t)

    for t, h in zip(times[:-1], np.diff(times), strict=True):
        states.append(states[-1] + h * move(slope, states[-1], t, h))
    return np.stack(states) if path else states[-1]


def _midpoint(v: Field, x: Array, t: float, h: float) -> Array:
    return v(x + h / 2 * v(x, t), t + h / 2)


def _heun(v: Field, x: Array, t: float, h: float) -> Array:
    first = v(x, t)
    return (first + v(x + h * first, t + h)) / 2


def _rk4(v: Field, x: Array, t: float, h: float) -> Array:
    first = v(x, t)
    second = v(x + h / 2 * first, t + h / 2)
    third = v(x + h / 2 * second, t + h / 2)
    return (first + 2 * (second + third) + v(x + h * third, t + h)) / 6


# The mean slope over a step of length h from (x, t).
METHODS: dict[str, Callable[[Field, Array, float, float], Array]] = {
    "euler": lambda v, x, t, h: v(x, t),
    "midpoint": _midpoint,
    "heun": _heun,
    "rk4": _rk4,
}


def sde(
    drift: Field,
    diffusion: Callable[[float], float],
    x: ArrayLike,
    times: ArrayLike,
    rng: np.random.Generator,
    path: bool = False,
) -> Array:
    """Walks dx = drift(x, t) dt + diffusion(t) dw by Euler–Maruyama along `times` (n + 1,), in the order given.

    Times may fall: each step has the noise √|Δt|. x → x, or with `path` (n + 1, *x.shape). Raises ValueError for times
    that are not strictly monotone, a drift that returns another shape than x has, or a drift or diffusion that is NaN.
    """
    times, rng, states = monotone(times), generator(rng), [finite("x", x)]
    for t, h in zip(times[:-1], np.diff(times), strict=True):
        here = states[-1]
        spread = number("the value of diffusion", diffusion(t)) * np.sqrt(abs(h))
        states.append(here + h * returned("drift", drift, here, t) + spread * rng.standard_normal(here.shape))
    return np.stack(states) if path else states[-1]


def pushforward(mean: Callable[[Array], Array] | ArrayLike, sd: float, density: ArrayLike, grid: ArrayLike) -> Array:
    """The density of mean(x) + sd · z when x has the given density: all on one uniform grid (G,) → (G,).

    `mean` is a function of the grid or its values there. With sd ≥ 1.5 grid steps by the kernel matrix, cost G²;
    otherwise, where that would alias, by change of variables along the increasing map (cubic splines) and a Gaussian
    filter by FFT, exact for any sd ≥ 0. Raises ValueError for a grid that is not uniform, sd < 0, or a map that must
    increase and does not.
    """
    grid = finite("grid", grid, ("G",))
    if len(grid) < 4 or not grid[1] > grid[0] or not np.allclose(np.diff(grid), grid[1] - grid[0], rtol=1e-9, atol=0):
        raise ValueError(f"grid must rise evenly with at least 4 points, got {grid[:4].tolist()}")
    density, sd = finite("density", density, grid.shape), number("sd", sd, least=0)
    dx = (grid[-1] - grid[0]) / (len(grid) - 1)
    values = returned("mean", mean, grid) if callable(mean) else finite("mean", mean, grid.shape)
    if sd >= 1.5 * dx:
        z = (grid[:, None] - values) / sd
        return np.exp(-(z**2) / 2) @ density * (dx / (sd * np.sqrt(2 * np.pi)))
    if not (np.diff(values) > 0).all():
        k = int((np.diff(values) <= 0).argmax())
        raise ValueError(f"mean must increase when sd is below 1.5 grid steps, but it falls after x = {grid[k]:g}")
    back = CubicSpline(values, grid, extrapolate=False)
    moved = np.nan_to_num(CubicSpline(grid, density, extrapolate=False)(back(grid)) * back(grid, 1))
    padded = 2 * len(grid)
    frequency = 2 * np.pi * np.fft.rfftfreq(padded, dx)
    return np.fft.irfft(np.fft.rfft(moved, padded) * np.exp(-((sd * frequency) ** 2) / 2), padded)[: len(grid)]


class Steps(NamedTuple):
    """The steps x_{t−1} = scale_t x_t − pull_t eps + std_t z of the DDIM family; entry 0 is not used."""

    scale: Array
    pull: Array
    sigma: Array
    std: Array


def steps(levels: Schedule, sigma: ArrayLike, std: ArrayLike | None = None) -> Steps:
    """The steps that `reverse` takes: `sigma` a number or (n + 1,), `std` also (n + 1, d), sigma if left out.

    Raises ValueError for a last level without signal, a sigma outside [0, β̄_{t−1}], or a negative std.
    """
    signal, noise = levels
    if signal[-1] == 0:
        raise ValueError("signal must be positive at every level for this parametrisation, got 0 at the last")
    alpha, _ = levels.steps()
    sigma = broadcast("sigma", sigma, signal.shape, least=0)
    if std is None:
        added = sigma
    elif np.ndim(std) < 2:
        added = broadcast("std", std, signal.shape, least=0)
    else:
        added = finite("std", std, (len(signal), "d"), least=0)
    most = np.concatenate([[np.inf], noise[:-1]])
    outside = sigma > most * (1 + 1e-12)
    if outside.any():
        k = int(outside.argmax())
        raise ValueError(f"sigma must lie in [0, noise before] = [0, {most[k]:g}] at level {k}, got {sigma[k]:g}")
    kept = np.zeros_like(noise)
    kept[1:] = np.sqrt(np.maximum(noise[:-1] ** 2 - sigma[1:] ** 2, 0))
    return Steps(1 / alpha, (noise - alpha * kept) / alpha, sigma, added)


def monotone(times: ArrayLike) -> Array:
    """A grid of times (n + 1,), n ≥ 1. Raises ValueError unless it rises or falls strictly."""
    times = finite("times", times, ("n + 1",))
    step = np.diff(times)
    if not len(step) or not ((step > 0).all() or (step < 0).all()):
        raise ValueError(f"times must be at least two numbers, all increasing or all decreasing, got {times.tolist()}")
    return times
