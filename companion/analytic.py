"""What samplers make of a distribution, without drawing a single sample: densities, variances, costs, likelihoods.

Where `companion.samplers` moves points, these move the whole distribution, so that the error of a sampler is seen
without Monte Carlo noise. Levels are `signal`, `noise` (n + 1,); the 1-D routes for densities use grids (G,).

Sources: Bao et al., "Analytic-DPM", arXiv:2201.06503; Song et al., arXiv:2011.13456; Su Jianlin,
https://kexue.fm/archives/9245.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import information, mixtures, schedules
from companion._checks import finite, number, one_dimensional, returned
from companion.mixtures import Mixture
from companion.samplers import EpsModel, monotone, ode, pushforward, step_sigma, steps, velocity

Array = NDArray[np.float64]


def densities(
    eps: EpsModel,
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
    plan, grid = steps(schedules.checked(signal, noise), sigma, std), finite("grid", grid, ("G",))
    normal = np.exp(-(grid**2) / 2) / np.sqrt(2 * np.pi)
    rows = [normal if start is None else finite("start", start, grid.shape, least=0)]
    for k in range(len(plan.sigma) - 1, 0, -1):
        mean = plan.scale[k] * grid - plan.pull[k] * returned("eps", eps, grid[:, None], k)[:, 0]
        rows.append(pushforward(mean, plan.std[k], rows[-1], grid))
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
    V, start = finite("variances", variances, least=0), number("start", start, least=0)
    levels = schedules.checked(signal, noise)
    (signal, noise), plan = levels, steps(levels, sigma, std)
    output = np.full_like(V, start)
    for k in range(len(signal) - 1, 0, -1):
        factor = plan.scale[k] - plan.pull[k] * noise[k] / (signal[k] ** 2 * V + noise[k] ** 2)
        output = factor**2 * output + plan.std[k] ** 2
    return output


def optimal_std(m: Mixture, signal: ArrayLike, noise: ArrayLike, sigma: ArrayLike) -> Array:
    """Analytic-DPM's optimal standard deviations √(σ_t² + γ_t² E Var[x_0|x_t]/d) of the reverse steps: (n + 1,).

    γ_t is the weight of x_0 in the mean of the step. All levels at once; d ≤ 2. Raises ValueError as `reverse` does.
    """
    levels = schedules.checked(signal, noise)
    plan, best = steps(levels, sigma), np.zeros_like(levels.signal)
    s, n = levels.signal[1:], levels.noise[1:]
    gamma = plan.pull[1:] * s / n
    best[1:] = np.sqrt(plan.sigma[1:] ** 2 + gamma**2 * information.posterior_variance(m, s, n))
    return best


def gap(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> tuple[Array, float]:
    """What Gaussian steps cost in 1-D: E KL of each true reverse step against the best Gaussian, in nats.

    Returns (terms (n,), total); term t is ln(σ_t*/β_t) + H(x_t) − H(x_{t−1}), with σ_t*² = E Var[x_{t−1}|x_t]. Cost n
    times 1601 grid points. Raises ValueError unless d = 1, or for a point mass, whose entropy is −∞.
    """
    one_dimensional("m", m.d)
    _, beta = schedules.step(signal, noise)
    best = optimal_std(m, signal, noise, step_sigma(signal, noise))
    terms = np.log(best[1:] / beta[1:]) + np.diff(information.entropy(m, signal, noise))
    return terms, float(terms.sum())


def likelihood(
    m: Mixture, name: str, x: ArrayLike, times: ArrayLike, method: str = "rk4", **params: float
) -> tuple[Array, Array]:
    """The log density of data by the probability flow: x (…, d) at times[0] → (log p (…), latent (…, d) at times[-1]).

    log p_0(x_0) = log p_T(x_T) + ∫ ∇·v dt with the exact divergence f d − ½ g² tr ∇²log p_t. Cost n·N·K·d². Raises
    ValueError unless the times increase, and as `ode` does.
    """
    times, v = monotone(times), velocity(m, name, **params)
    if times[0] > times[-1]:
        raise ValueError(f"times must increase from data to noise, got {times[0]:g} to {times[-1]:g}")

    def with_divergence(z: Array, t: float) -> Array:
        here, (f, g2) = z[..., :-1], schedules.sde(name, t, **params)
        curvature = mixtures.hessian(m, here, *schedules.kernel(name, t, **params))
        divergence = f * here.shape[-1] - g2 / 2 * np.trace(curvature, axis1=-2, axis2=-1)
        return np.concatenate([v(here, t), divergence[..., None]], axis=-1)

    x = finite("x", x)
    end = ode(with_divergence, np.concatenate([x, np.zeros((*x.shape[:-1], 1))], axis=-1), times, method)
    latent, collected = end[..., :-1], end[..., -1]
    return mixtures.logpdf(m, latent, *schedules.kernel(name, times[-1], **params)) + collected, latent
