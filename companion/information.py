"""What is known about a mixture as a whole: expectations, entropy, Fisher information, and its distance from samples.

Expectations are sums over a uniform grid that is fine enough to be as good as exact, in one or two dimensions; one
entry for each noise level (see `companion.mixtures`).
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import sqrtm

from companion._checks import count, finite, one_dimensional
from companion.mixtures import Mixture, diffuse, logpdf, moments, posterior, quantile, score

Array = NDArray[np.float64]
_CHUNK = 64


def quadrature(m: Mixture, n: int | None = None) -> tuple[Array, Array]:
    """Points and weights for expectations: (w · g(x)).sum() = E g, for d ≤ 2. Returns x (N, d) and w (N,).

    A uniform grid over mean ± 9 standard deviations (n = 1601 points in 1-D, 161 an axis in 2-D): for smooth g as good
    as exact, since for a normal density of standard deviation s its error falls like exp(−2π²s²/step²). Raises
    ValueError where a component is narrower than 0.8 steps (an error of 10⁻⁵), and for d > 2 or n < 2.
    """
    if m.d > 2:
        raise ValueError(f"m must have d <= 2 for a quadrature, got d = {m.d}")
    n = (1601 if m.d == 1 else 161) if n is None else count("n", n, least=2)
    mean, cov = moments(m)
    reach = 9 * np.sqrt(np.diag(cov))
    _refuse_narrow(np.sqrt(np.linalg.eigvalsh(m.covs).min()), 2 * reach.max() / (n - 1))
    axes = [np.linspace(c - r, c + r, n) for c, r in zip(mean, reach, strict=True)]
    x = np.stack(np.meshgrid(*axes, indexing="ij"), axis=-1).reshape(-1, m.d)
    return x, np.exp(logpdf(m, x)) * np.prod(2 * reach / (n - 1))


def fisher(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> Array | float:
    """E‖score‖²/d of the noisy mixture, d ≤ 2: a number for one level, an array for arrays of levels."""
    return _expected(m, signal, noise, lambda x, s, n: (score(m, x, s, n) ** 2).sum(axis=-1) / m.d)


def posterior_variance(m: Mixture, signal: ArrayLike, noise: ArrayLike) -> Array | float:
    """E tr Cov[x_0|x_t]/d, the mean squared error per coordinate of the best guess of x_0, d ≤ 2: shaped as the levels.

    From the posteriors, which stays accurate at high noise; noise²/signal² (1 − noise² · fisher) cancels there.
    """
    return _expected(m, signal, noise, lambda x, s, n: np.trace(posterior(m, x, s, n)[1], axis1=-2, axis2=-1) / m.d)


def entropy(m: Mixture, signal: ArrayLike = 1.0, noise: ArrayLike = 0.0) -> Array | float:
    """The differential entropy −E log p_t of the noisy mixture in nats, d ≤ 2: a number, or an array for levels."""
    return _expected(m, signal, noise, lambda x, s, n: -logpdf(m, x, s, n))


def frechet(m: Mixture, x: ArrayLike) -> float:
    """The squared Fréchet distance between the moments of samples x (n, d) and those of m (Gaussian W₂²).

    Raises ValueError for fewer than two samples, or samples that are not finite.
    """
    x = finite("x", x, ("n", m.d))
    if len(x) < 2:
        raise ValueError(f"x must hold at least 2 samples, got {len(x)}")
    mean, cov = moments(m)
    own = np.atleast_2d(np.cov(x, rowvar=False))
    root = sqrtm(cov)
    cross = sqrtm(root @ own @ root)
    return float(np.sum((x.mean(axis=0) - mean) ** 2) + np.trace(own + cov - 2 * cross).real)


def wasserstein(m: Mixture, x: ArrayLike) -> float:
    """The W₂ distance between samples x (n, 1) and a 1-D mixture, through the quantiles at (i + ½)/n.

    Raises ValueError for no samples, samples that are not finite, or d > 1.
    """
    one_dimensional("m", m.d)
    drawn = np.sort(finite("x", x, ("n", 1)).ravel())
    exact = quantile(m, (np.arange(len(drawn)) + 0.5) / len(drawn))[:, 0]
    return float(np.sqrt(np.mean((drawn - exact) ** 2)))


def _expected(
    m: Mixture, signal: ArrayLike, noise: ArrayLike, g: Callable[[Array, Array, Array], Array]
) -> Array | float:
    """E g(x_t) by `quadrature` at each level; in 1-D for many levels at once."""
    signal, noise = finite("signal", signal, least=0), finite("noise", noise, least=0)
    try:
        signal, noise = np.broadcast_arrays(signal, noise)
    except ValueError:
        raise ValueError(f"signal and noise must broadcast, got shapes {signal.shape} and {noise.shape}") from None
    if signal.ndim == 0 or m.d > 1:
        values = [
            float((w * g(x, s, n)).sum())
            for s, n in zip(signal.ravel(), noise.ravel(), strict=True)
            for x, w in [quadrature(diffuse(m, s, n))]
        ]
        return np.array(values).reshape(signal.shape) if signal.ndim else values[0]
    mean, cov = moments(m)
    unit = np.linspace(-9, 9, 1601)
    s, n, parts = signal.reshape(-1, 1), noise.reshape(-1, 1), []
    widths, sds, step = np.sqrt(s**2 * m.covs.min() + n**2), np.sqrt(s**2 * cov[0, 0] + n**2), unit[1] - unit[0]
    worst = (widths / sds).argmin()
    _refuse_narrow(widths[worst, 0], sds[worst, 0] * step)
    for k in range(0, len(s), _CHUNK):
        ss, nn, sd = (levels[k : k + _CHUNK] for levels in (s, n, sds))
        x = (ss * mean + sd * unit)[..., None]
        w = np.exp(logpdf(m, x, ss, nn)) * sd * step
        parts.append((w * g(x, ss, nn)).sum(axis=-1))
    return np.concatenate(parts).reshape(signal.shape)


def _refuse_narrow(width: float, step: float) -> None:
    """Refuses a mixture with a component between whose points the grid would step."""
    if width < 0.8 * step:
        raise ValueError(
            f"m must have no component narrower than {0.8 * step:.3g}, 0.8 of the grid's steps, got a standard "
            f"deviation of {width:.3g}"
        )
