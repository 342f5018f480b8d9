"""Samplers of diffusion models, run on exact mixtures: nothing is learnt, so what is left is the sampler's own error.

Levels are arrays `signal`, `noise` (n + 1,) with index 0 = data (see `companion.schedules`); the step from level k to
k − 1 uses entry k of `sigma`. Points are arrays (…, d); the 1-D routes for densities use grids (G,).

Sources: Song, Meng, Ermon, "DDIM", arXiv:2010.02502; Song et al., arXiv:2011.13456; Bao et al., "Analytic-DPM",
arXiv:2201.06503; Su Jianlin, https://kexue.fm/archives/9181, /9209, /9228, /9245.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.interpolate import CubicSpline

from companion import mixtures, schedules
from companion.mixtures import Mixture

Array = NDArray[np.float64]
METHODS = ("euler", "midpoint", "heun", "rk4")


def eps_model(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> Callable[[ArrayLike, int], Array]:
    """The ideal noise prediction eps(x, k) at level number k: what a perfectly trained network would return."""
    signal, noise = schedules.levels(signal, noise)
    return lambda x, k: mixtures.epsilon(m, x, signal[k], noise[k])


def step_sigma(signal: ArrayLike, noise: ArrayLike, eta: float = 1.0) -> Array:
    """DDIM's σ_t = η β_t β̄_{t−1}/β̄_t for consecutive levels: (n + 1,), 0 at level 0. η = 1 is DDPM's small variance.

    Raises ValueError unless 0 ≤ η, and η is small enough that no σ_t exceeds β̄_{t−1}.
    """
    signal, noise = schedules.levels(signal, noise)
    _, beta = schedules.step(signal, noise)
    # σ_t ≤ β̄_{t−1} means η β_t ≤ β̄_t; the step to noise 0 has σ = 0 and sets no bound.
    bounding = noise[:-1] > 0
    most = np.min(noise[1:][bounding] / beta[1:][bounding], initial=np.inf)
    if not 0 <= eta <= most * (1 + 1e-12) or not np.isfinite(eta):
        raise ValueError(f"eta must lie in [0, {most:.6g}] for these levels, got {eta}")
    sigma = np.zeros_like(noise)
    sigma[1:] = eta * beta[1:] * noise[:-1] / noise[1:]
    return sigma


def reverse(
    eps: Callable[[Array, int], Array],
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
    sigma outside [0, β̄_{t−1}], a negative std, or noise without an rng.
    """
    plan = _plan(signal, noise, sigma, std)
    if plan.std.any() and rng is None:
        raise ValueError("rng must be given when sigma or std is not 0, got None")
    x = np.array(x, dtype=float)
    states = [x]
    for k in range(len(plan.sigma) - 1, 0, -1):
        x = plan.scale[k] * x - plan.pull[k] * eps(x, k)
        if plan.std[k]:
            x = x + plan.std[k] * rng.standard_normal(x.shape)
        states.append(x)
    return np.stack(states[::-1]) if path else x


def velocity(m: Mixture, name: str, **params: float) -> Callable[[ArrayLike, ArrayLike], Array]:
    """The probability-flow velocity v(x, t) = f x − ½ g² ∇log p_t of the exact mixture under the schedule `name`."""

    def v(x: ArrayLike, t: ArrayLike) -> Array:
        f, g2 = schedules.sde(name, t, **params)
        return f[..., None] * x - g2[..., None] / 2 * mixtures.score(m, x, *schedules.kernel(name, t, **params))

    return v


def ode(
    v: Callable[[Array, float], Array], x: ArrayLike, times: ArrayLike, method: str = "euler", path: bool = False
) -> Array:
    """Walks x' = v(x, t) along the grid `times` (n + 1,), in the order given: x → x, or with `path` (n + 1, *x.shape).

    Decreasing times generate. Methods "euler", "midpoint", "heun", "rk4", of order 1, 2, 2, 4. Raises ValueError for an
    unknown method or times that are not strictly monotone.
    """
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    times, x = _walk(times), np.array(x, dtype=float)
    states = [x]
    for t, h in zip(times[:-1], np.diff(times), strict=True):
        first = v(x, t)
        if method == "euler":
            x = x + h * first
        elif method == "midpoint":
            x = x + h * v(x + h / 2 * first, t + h / 2)
        elif method == "heun":
            x = x + h / 2 * (first + v(x + h * first, t + h))
        else:
            second = v(x + h / 2 * first, t + h / 2)
            third = v(x + h / 2 * second, t + h / 2)
            x = x + h / 6 * (first + 2 * (second + third) + v(x + h * third, t + h))
        states.append(x)
    return np.stack(states) if path else x


def sde(
    drift: Callable[[Array, float], Array],
    diffusion: Callable[[float], float],
    x: ArrayLike,
    times: ArrayLike,
    rng: np.random.Generator,
    path: bool = False,
) -> Array:
    """Walks dx = drift(x, t) dt + diffusion(t) dw by Euler–Maruyama along `times` (n + 1,), in the order given.

    Times may fall: each step has the noise √|Δt|. x → x, or with `path` (n + 1, *x.shape). Raises ValueError for times
    that are not strictly monotone.
    """
    times, x = _walk(times), np.array(x, dtype=float)
    states = [x]
    for t, h in zip(times[:-1], np.diff(times), strict=True):
        x = x + h * drift(x, t) + diffusion(t) * np.sqrt(abs(h)) * rng.standard_normal(x.shape)
        states.append(x)
    return np.stack(states) if path else x


def pushforward(mean: Callable[[Array], Array] | ArrayLike, sd: float, density: ArrayLike, grid: ArrayLike) -> Array:
    """The density of mean(x) + sd · z when x has the given density: all on one uniform grid (G,) → (G,).

    `mean` is a function of the grid or its values there. With sd ≥ 1.5 grid steps by the kernel matrix, cost G²;
    otherwise, where that would alias, by change of variables along the increasing map (cubic splines) and a Gaussian
    filter by FFT, exact for any sd ≥ 0. Raises ValueError for a grid that is not uniform, sd < 0, or a map that must
    increase and does not.
    """
    grid, density = np.asarray(grid, dtype=float), np.asarray(density, dtype=float)
    if grid.ndim != 1 or len(grid) < 4 or not np.allclose(np.diff(grid), grid[1] - grid[0], rtol=1e-9, atol=0):
        raise ValueError(f"grid must be uniform with at least 4 points, got shape {grid.shape}")
    if density.shape != grid.shape:
        raise ValueError(f"density must have shape {grid.shape}, as grid, got {density.shape}")
    if not (np.isfinite(sd) and sd >= 0):
        raise ValueError(f"sd must be finite and >= 0, got {sd}")
    dx = (grid[-1] - grid[0]) / (len(grid) - 1)
    values = np.asarray(mean(grid) if callable(mean) else mean, dtype=float)
    if values.shape != grid.shape:
        raise ValueError(f"mean must have shape {grid.shape}, as grid, got {values.shape}")
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


def densities(
    eps: Callable[[Array, int], Array],
    signal: ArrayLike,
    noise: ArrayLike,
    sigma: ArrayLike,
    grid: ArrayLike,
    std: ArrayLike | None = None,
    start: ArrayLike | None = None,
) -> Array:
    """The exact densities that `reverse` produces in 1-D, without Monte Carlo: (n + 1, G), row k at level k.

    `start` (G,) is the density at level n, N(0, 1) if left out. One `pushforward` a level; raises ValueError as that
    and as `reverse` do.
    """
    plan, grid = _plan(signal, noise, sigma, std), np.asarray(grid, dtype=float)
    p = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi) if start is None else np.asarray(start, dtype=float)
    rows = [p]
    for k in range(len(plan.sigma) - 1, 0, -1):
        mean = plan.scale[k] * grid - plan.pull[k] * eps(grid[:, None], k)[:, 0]
        p = pushforward(mean, plan.std[k], p, grid)
        rows.append(p)
    return np.stack(rows[::-1])


def gaussian_output(
    variances: ArrayLike,
    signal: ArrayLike,
    noise: ArrayLike,
    sigma: ArrayLike,
    std: ArrayLike | None = None,
    start: float = 1.0,
) -> Array:
    """The exact variances (d,) that `reverse` generates for data N(0, diag(variances)), from N(0, start) on.

    `std` (n + 1,) or (n + 1, d). For Gaussian data every step is linear, so variances obey a recurrence. Raises
    ValueError for negative variances and as `reverse` does.
    """
    V = np.asarray(variances, dtype=float)
    if not (np.isfinite(V) & (V >= 0)).all():
        raise ValueError(f"variances must be finite and >= 0, got {V[~(np.isfinite(V) & (V >= 0))].ravel()[0]}")
    signal, noise = schedules.levels(signal, noise)
    plan = _plan(signal, noise, sigma, std)
    output = np.full_like(V, start)
    for k in range(len(signal) - 1, 0, -1):
        factor = plan.scale[k] - plan.pull[k] * noise[k] / (signal[k] ** 2 * V + noise[k] ** 2)
        output = factor**2 * output + plan.std[k] ** 2
    return output


def optimal_std(m: Mixture, signal: ArrayLike, noise: ArrayLike, sigma: ArrayLike) -> Array:
    """Analytic-DPM's optimal standard deviations √(σ_t² + γ_t² E Var[x_0|x_t]/d) of the reverse steps: (n + 1,).

    γ_t is the weight of x_0 in the mean of the step. All levels at once; d ≤ 2. Raises ValueError as `reverse` does.
    """
    signal, noise = schedules.levels(signal, noise)
    plan = _plan(signal, noise, sigma, None)
    best = np.zeros_like(signal)
    s, n = signal[1:], noise[1:]
    gamma = plan.pull[1:] * s / n
    best[1:] = np.sqrt(plan.sigma[1:] ** 2 + gamma**2 * mixtures.posterior_variance(m, s, n))
    return best


def gap(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> tuple[Array, float]:
    """What Gaussian steps cost in 1-D: E KL of each true reverse step against the best Gaussian, in nats.

    Returns (terms (n,), total); term t is ln(σ_t*/β_t) + H(x_t) − H(x_{t−1}), with σ_t*² = E Var[x_{t−1}|x_t]. Cost n
    times 1601 grid points. Raises ValueError unless d = 1, or for a point mass, whose entropy is −∞.
    """
    if m.means.shape[1] != 1:
        raise ValueError(f"m must have d = 1 here, got d = {m.means.shape[1]}")
    _, beta = schedules.step(signal, noise)
    best = optimal_std(m, signal, noise, step_sigma(signal, noise))
    terms = np.log(best[1:] / beta[1:]) + np.diff(mixtures.entropy(m, signal, noise))
    return terms, float(terms.sum())


def likelihood(
    m: Mixture, name: str, x: ArrayLike, times: ArrayLike, method: str = "rk4", **params: float
) -> tuple[Array, Array]:
    """The log density of data by the probability flow: x (…, d) at times[0] → (log p (…), latent (…, d) at times[-1]).

    log p_0(x_0) = log p_T(x_T) + ∫ ∇·v dt with the exact divergence f d − ½ g² tr ∇²log p_t. Cost n·N·K·d². Raises
    ValueError unless the times increase, and as `ode` does.
    """
    times, v = _walk(times), velocity(m, name, **params)
    if times[0] > times[-1]:
        raise ValueError(f"times must increase from data to noise, got {times[0]:g} to {times[-1]:g}")

    def with_divergence(z: Array, t: float) -> Array:
        here, (f, g2) = z[..., :-1], schedules.sde(name, t, **params)
        curvature = mixtures.hessian(m, here, *schedules.kernel(name, t, **params))
        divergence = f * here.shape[-1] - g2 / 2 * np.trace(curvature, axis1=-2, axis2=-1)
        return np.concatenate([v(here, t), divergence[..., None]], axis=-1)

    x = np.asarray(x, dtype=float)
    end = ode(with_divergence, np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1), times, method)
    latent, collected = end[..., :-1], end[..., -1]
    return mixtures.logpdf(m, latent, *schedules.kernel(name, times[-1], **params)) + collected, latent


class _Plan(NamedTuple):
    """The steps x_{t−1} = scale_t x_t − pull_t eps + std_t z; entry 0 is not used."""

    scale: Array
    pull: Array
    sigma: Array
    std: Array


def _plan(signal: ArrayLike, noise: ArrayLike, sigma: ArrayLike, std: ArrayLike | None) -> _Plan:
    signal, noise = schedules.levels(signal, noise)
    if signal[-1] == 0:
        raise ValueError("signal must be positive at every level for this parametrisation, got 0 at the last")
    alpha, _ = schedules.step(signal, noise)
    try:
        sigma = np.array(np.broadcast_to(np.asarray(sigma, dtype=float), signal.shape))
        wide = sigma if std is None else np.asarray(std, dtype=float)
        wide = np.broadcast_to(wide, signal.shape) if wide.ndim < 2 else wide
    except ValueError:
        raise ValueError(f"sigma and std must be numbers or have shape {signal.shape}") from None
    if len(wide) != len(signal) or not (np.isfinite(wide) & (wide >= 0)).all():
        raise ValueError(f"std must hold {len(signal)} finite numbers >= 0, got {np.asarray(wide).tolist()}")
    most = np.concatenate([[np.inf], noise[:-1]])
    outside = ~((sigma >= 0) & (sigma <= most * (1 + 1e-12)))
    if outside.any():
        k = int(outside.argmax())
        raise ValueError(f"sigma must lie in [0, noise before] = [0, {most[k]:g}] at level {k}, got {sigma[k]:g}")
    kept = np.zeros_like(noise)
    kept[1:] = np.sqrt(np.maximum(noise[:-1] ** 2 - sigma[1:] ** 2, 0))
    return _Plan(1 / alpha, (noise - alpha * kept) / alpha, sigma, wide)


def _walk(times: ArrayLike) -> Array:
    times = np.asarray(times, dtype=float)
    steps = np.diff(times) if times.ndim == 1 else np.zeros(1)
    if not len(steps) or not (np.isfinite(times).all() and ((steps > 0).all() or (steps < 0).all())):
        raise ValueError(f"times must be at least two numbers, all increasing or all decreasing, got {times.tolist()}")
    return times
