"""Models trained on their own output: a normal distribution that is fitted again and again, and tokens resampled.

The truth is N(0, 1). Generation 1 is fitted to real data alone, by the sample mean and the unbiased sample variance;
each later generation is fitted to synthetic data from N(μ, λσ²), where μ and σ² belong to the generation before and
λ ≤ 1 is the truncation, with real data beside them or without. Sources: Alemohammad et al., Self-Consuming Generative
Models Go MAD, arXiv 2307.01850 (the loops); Su, kexue.fm/archives/9687. The closed forms are derived in the notebook
training/06.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import digamma, gammaln

from companion._checks import count, distribution, finite, generator, number, one_of

Array = NDArray[np.float64]
KINDS = ("synthetic", "fixed", "fresh")


class Expected(NamedTuple):
    """Expectations after t generations of a fully synthetic loop, each shaped as t."""

    V: Array  # E μ²
    S: Array  # E σ²
    log_s: Array  # E log σ²
    W2: Array  # E W₂²(model, truth), where W₂² = μ² + (σ − 1)²


class Stationary(NamedTuple):
    """What a mixed loop tends to, each shaped as its arguments."""

    V: Array  # E μ², around the truth
    S: Array  # E σ²


class Paths(NamedTuple):
    """Simulated loops, generation by generation: row 0 is the truth."""

    mean: Array  # (generations + 1, runs)
    variance: Array  # (generations + 1, runs)


def fully_synthetic(t: ArrayLike, n: int, lam: float = 1.0) -> Expected:
    """What to expect after t generations (any shape) of n samples each, all synthetic from the second one on.

    Exact. Raises ValueError for n < 2, λ outside (0, 1], t that is negative or not whole.
    """
    n, lam = count("n", n, least=2), _truncation("lam", number("lam", lam)).item()
    t = _whole("t", t, least=0)
    nu, later = n - 1, np.maximum(t - 1, 0)  # λ acts on what is sampled from a model, hence from generation 2 on
    V = (t if lam == 1 else np.where(t > 0, -np.expm1(t * np.log(lam)) / (1 - lam), 0.0)) / n
    log_c4 = np.log(2 / nu) / 2 + gammaln((nu + 1) / 2) - gammaln(nu / 2)  # log E σ'/σ, where λ = 1
    log_s = later * np.log(lam) + t * (digamma(nu / 2) - np.log(nu / 2))
    S = lam**later
    return Expected(V, S, log_s, V + S - 2 * np.exp(t * log_c4 + later * np.log(lam) / 2) + 1)


def stationary(kind: str, n_real: ArrayLike, n_synth: ArrayLike, lam: ArrayLike = 1.0) -> Stationary:
    """The fixed point of the loop with real data in each generation; the arguments are broadcast.

    kind: "fixed" (one real set for ever) or "fresh" (another real set in each generation). "fixed" has V around the
    truth, 1/n_real included, and S averaged over the real sets. Exact. Raises ValueError for another kind, sizes that
    are not whole or below 2, and λ outside (0, 1].
    """
    one_of("kind", kind, KINDS[1:])
    r, s, lam = _sizes_and_truncation(n_real, n_synth, lam)
    delta = _delta(r, s, lam)
    if kind == "fresh":
        return Stationary((r + s - 1) / delta, r * (r + 2 * s - 1) / delta)
    return Stationary(1 / r + lam * s * (r - 1) / (r * delta), (r - 1) * (r + 2 * s) / delta)


def effective_size(n_real: ArrayLike, n_synth: ArrayLike, lam: ArrayLike = 1.0) -> Array:
    """How many real samples alone would do as well as the loop with fresh data does in the long run, by E W₂².

    From E W₂² ≈ V + (√S − 1)² + Var(σ²)/4S^(3/2) with the variance to leading order; 1.5 over it, since E W₂² ≈ 1.5/n
    for n real samples. Within 1 % in simulated loops with n_real ≥ 100. Broadcasts. Raises as `stationary` does.
    """
    V, S = stationary("fresh", n_real, n_synth, lam)
    r, s, lam = _sizes_and_truncation(n_real, n_synth, lam)
    real, synthetic = r / (r + s), lam * s / (r + s)
    variance = (2 * real**2 / r + 2 * (synthetic * S) ** 2 / s) / (1 - synthetic**2)
    return np.asarray(1.5 / (V + (np.sqrt(S) - 1) ** 2 + variance / (4 * S**1.5)))


def simulate(
    kind: str,
    n_real: int,
    n_synth: int,
    lam: float = 1.0,
    generations: int = 40,
    runs: int = 30,
    rng: np.random.Generator | None = None,
) -> Paths:
    """Loops of a kind, each from the truth N(0, 1): means and variances of all generations.

    kind: "synthetic" (real data for generation 1 alone), "fixed" or "fresh". Draws means (normal) and variances
    (chi-square) of samples, never the samples: O(generations · runs). Raises ValueError for another kind, sizes below
    2, λ outside (0, 1], no generations, no runs, or no NumPy generator.
    """
    kind, r, s = one_of("kind", kind, KINDS), count("n_real", n_real, least=2), count("n_synth", n_synth, least=2)
    lam, rng = _truncation("lam", number("lam", lam)).item(), generator(rng)
    mean = np.zeros((count("generations", generations) + 1, count("runs", runs)))
    variance = np.ones_like(mean)
    first = mean[1], variance[1] = _fitted(mean[0], variance[0], r, rng)
    for t in range(2, len(mean)):
        made = _fitted(mean[t - 1], lam * variance[t - 1], s, rng)
        if kind == "synthetic":
            mean[t], variance[t] = made
            continue
        real = first if kind == "fixed" else _fitted(mean[0], variance[0], r, rng)
        mean[t] = (r * real[0] + s * made[0]) / (r + s)
        between = r * s / (r + s) * (real[0] - made[0]) ** 2
        variance[t] = ((r - 1) * real[1] + (s - 1) * made[1] + between) / (r + s - 1)
    return Paths(mean, variance)


def drift(p: ArrayLike, n: int, generations: int, runs: int = 1, rng: np.random.Generator | None = None) -> Array:
    """A categorical law p (K,) fitted again and again to n of its own samples: (generations + 1, runs, K).

    Row 0 is p. Raises ValueError for p that is no distribution, n < 1, no generations, no runs, or no NumPy generator.
    """
    p, n, rng = distribution(finite("p", p, ("K",))), count("n", n), generator(rng)
    laws = np.empty((count("generations", generations) + 1, count("runs", runs), len(p)))
    laws[0] = p / p.sum()
    for t in range(1, len(laws)):
        laws[t] = rng.multinomial(n, laws[t - 1]) / n
    return laws


def _fitted(mean: Array, variance: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """Sample mean and unbiased sample variance of n samples from each N(mean, variance)."""
    m = mean + np.sqrt(variance / n) * rng.standard_normal(mean.shape)
    return m, variance * rng.chisquare(n - 1, mean.shape) / (n - 1)


def _delta(r: Array, s: Array, lam: Array) -> Array:
    """What both fixed points are divided by."""
    return r**2 + 2 * r * s - r - s + (1 - lam) * s * (r + 2 * s - 1)


def _sizes_and_truncation(n_real: ArrayLike, n_synth: ArrayLike, lam: ArrayLike) -> tuple[Array, Array, Array]:
    r, s, lam = _whole("n_real", n_real), _whole("n_synth", n_synth), _truncation("lam", lam)
    try:
        np.broadcast_shapes(r.shape, s.shape, lam.shape)
    except ValueError:
        raise ValueError(
            f"n_real, n_synth and lam must broadcast, got shapes {r.shape}, {s.shape} and {lam.shape}"
        ) from None
    return r, s, lam


def _whole(name: str, values: ArrayLike, least: int = 2) -> Array:
    found = finite(name, values, least=least)
    if (bad := found % 1 != 0).any():
        raise ValueError(f"{name} must be whole numbers, got {found[bad][0]}")
    return found


def _truncation(name: str, values: ArrayLike) -> Array:
    found = finite(name, values)
    if (bad := (found <= 0) | (found > 1)).any():
        raise ValueError(f"{name} must lie above 0 and not above 1, got {found[bad][0]}")
    return found
