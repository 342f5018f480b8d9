"""ReFlow between two mixtures of Gaussians, and the critic of WGAN-GP that it becomes when the time is left out.

Generated points x_0 ~ q and data x_1 ~ p are independent and joined by straight lines, x_t = (1 − t) x_0 + t x_1. Then
x_t follows a mixture again, so that ReFlow's velocity E[x_1 − x_0 | x_t] and, on the line, the critic of infinite
capacity are known without training. Time runs from generated points, t = 0, to data, t = 1.

Sources: Liu, Gong, Liu, "Flow Straight and Fast", arXiv:2209.03003; Gulrajani et al., "Improved Training of Wasserstein
GANs", arXiv:1704.00028; Su Jianlin, https://kexue.fm/archives/9668.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import mixtures
from companion._checks import count, finite, number, one_dimensional, positive
from companion.mixtures import Mixture

Array = NDArray[np.float64]
_TINY = 1e-300
_SHARPEST = 1000  # the largest distance of means that is resolved without being asked, in spreads
_AT_ONCE = 2_000_000


class Critic(NamedTuple):
    """A critic on the line at points x (n,): its slope, the gap F_0 − F_w, and the mean density of x_t, each (n,)."""

    slope: Array
    gap: Array
    density: Array


def interpolant(q: Mixture, p: Mixture, t: float) -> Mixture:
    """The mixture of x_t = (1 − t) x_0 + t x_1 for independent x_0 ~ q and x_1 ~ p: all pairs of components.

    Raises ValueError unless 0 ≤ t ≤ 1 and both have the same d.
    """
    t = _time(t)
    _same_space(q, p)
    weights = np.outer(q.weights, p.weights).ravel()
    means = ((1 - t) * q.means[:, None] + t * p.means).reshape(-1, q.d)
    covs = ((1 - t) ** 2 * q.covs[:, None] + t**2 * p.covs).reshape(-1, q.d, q.d)
    return Mixture(weights, means, covs)


def velocity(q: Mixture, p: Mixture, x: ArrayLike, t: float) -> Array:
    """ReFlow's velocity E[x_1 − x_0 | x_t = x] for independent pairs: points (…, d) → (…, d).

    Each pair of components is jointly Gaussian with x_t, so its part is linear in x. Raises ValueError as `interpolant`
    does, and where x_t has a component without spread.
    """
    between = interpolant(q, p, t)
    chances = mixtures.responsibilities(between, x)
    shift = (p.means - q.means[:, None]).reshape(-1, q.d)
    joint = (t * p.covs - (1 - t) * q.covs[:, None]).reshape(-1, q.d, q.d)
    factor = joint @ np.linalg.inv(between.covs)
    away = np.asarray(x, dtype=float)[..., None, :] - between.means
    own = shift + np.einsum("kde,...ke->...kd", factor, away)
    return np.einsum("...k,...kd->...d", chances, own)


def critic(
    q: Mixture,
    p: Mixture,
    x: ArrayLike,
    window: float = 1.0,
    center: float = 0.0,
    weight: float = 0.5,
    nodes: int | None = None,
) -> Critic:
    """The best critic D of λ E(|D'(x_t)| − c)² − E[D(x_w) − D(x_0)]/w on the line, t uniform in [0, w]: at x (n,).

    λ is `weight`, c is `center`, w is `window`; the defaults are the loss of the post, λ = 10 and c = 1 are WGAN-GP's.
    Its slope is sign(G)·(c + |G|/(2λ w ρ̄)) with the gap G = F_0 − F_w and the mean density ρ̄ of x_t, computed with
    `nodes` Gauss–Legendre times; where ρ̄ is below 1e-300 the slope is 0. Costs n · nodes · K_q · K_p exponentials.
    By default there are twice as many times as the longest way of a mean has spreads, at least 48; with fewer, ρ̄ breaks
    up into separate bumps between modes that are far apart.
    Raises ValueError unless d = 1, 0 < window ≤ 1, weight > 0, center ≥ 0, no component of q or p is a point, and, with
    the default of `nodes`, no mean has more than 1000 spreads to go.
    """
    one_dimensional("q", q.d)
    one_dimensional("p", p.d)
    x, center = finite("x", x, ("n",)), number("center", center, least=0)
    positive(weight=weight, window=window)
    if window > 1:
        raise ValueError(f"window must be at most 1, got {window!r}")
    nodes = max(48, int(np.ceil(2 * window * _longest_way(q, p)))) if nodes is None else count("nodes", nodes)
    gap = _gap(q, interpolant(q, p, window), x)
    density = _mean_density(q, p, x, window, nodes)
    known = density > _TINY
    ratio = np.divide(gap, density, out=np.zeros_like(gap), where=known)
    slope = ratio / (2 * weight * window) + np.where(known, center * np.sign(gap), 0)
    return Critic(slope, gap, density)


def critic_value(q: Mixture, p: Mixture, points: int | None = None, nodes: int | None = None) -> float:
    """Twice what the best critic of the post's loss gains, ∫(F_0 − F_1)²/ρ̄ dx = E|D'(x_t)|², on `points` even points.

    It lies between W_1(q, p)² and E|x_1 − x_0|². By default there are four points in the least spread of any x_t, at
    least 1601. Raises ValueError as `critic` does, for fewer than 2 points and for more than 100 000 by default.
    """
    one_dimensional("q", q.d)
    one_dimensional("p", p.d)
    both = [(float(m[k, 0]), 9 * float(np.sqrt(c[k, 0, 0]))) for _, m, c in (q, p) for k in range(len(m))]
    left, right = min(m - r for m, r in both), max(m + r for m, r in both)
    if points is None:
        _longest_way(q, p)
        points = max(1601, int(4 * (right - left) / _least_spread(q, p).min()))
        if points > 100_000:
            raise ValueError(f"points must be given for q and p as wide as this, {points} would be needed")
    x = np.linspace(left, right, count("points", points, least=2))
    found = critic(q, p, x, nodes=nodes)
    return float((found.slope * found.gap).sum() * (x[1] - x[0]))


def train(
    mean: float,
    sd: float,
    p: Mixture,
    steps: int,
    rate: float,
    window: float = 1.0,
    center: float = 0.0,
    weight: float = 0.5,
    nodes: int = 24,
) -> Array:
    """A generator mean + sd · z that follows the best critic: means and standard deviations (steps + 1, 2).

    Each step ascends E_z D(mean + sd · z) at the given rate, with the critic at its best and 161 even z in [−5, 5] for
    the expectation. Raises ValueError as `critic` does, and where the standard deviation stops being positive.
    """
    positive(sd=sd, rate=rate)
    z = np.linspace(-5, 5, 161)
    normal = np.exp(-(z**2) / 2) / np.exp(-(z**2) / 2).sum()
    path = [(number("mean", mean), float(sd))]
    for step in range(count("steps", steps)):
        a, b = path[-1]
        q = Mixture(np.ones(1), np.full((1, 1), a), np.full((1, 1, 1), b**2))
        slope = critic(q, p, a + b * z, window, center, weight, nodes).slope * normal
        a, b = a + rate * float(slope.sum()), b + rate * float(slope @ z)
        if b <= 0:
            raise ValueError(
                f"rate must keep the standard deviation positive, got {rate!r} and {b:g} at step {step + 1}"
            )
        path.append((a, b))
    return np.array(path)


def _mean_density(q: Mixture, p: Mixture, x: Array, window: float, nodes: int) -> Array:
    """The density of x_t at x, averaged over t in [0, window]."""
    at, share = np.polynomial.legendre.leggauss(nodes)
    t = (window / 2 * (at + 1))[:, None, None]
    mean = ((1 - t) * q.means + t * p.means[:, 0]).ravel()
    sd = np.sqrt((1 - t) ** 2 * q.covs[:, 0] + t**2 * p.covs[:, 0, 0]).ravel()
    weights = (share[:, None, None] / 2 * np.outer(q.weights, p.weights)).ravel() / (np.sqrt(2 * np.pi) * sd)
    blocks = np.array_split(x, max(1, len(x) * len(sd) // _AT_ONCE))
    return np.concatenate([np.exp(-(((block[:, None] - mean) / sd) ** 2) / 2) @ weights for block in blocks])


def _gap(q: Mixture, p: Mixture, x: Array) -> Array:
    """F_q − F_p at x, from whichever tail is the smaller, so that it keeps its digits far to the right as well."""
    left_q, left_p = mixtures.cdf(q, x[:, None]), mixtures.cdf(p, x[:, None])
    right_q, right_p = (mixtures.cdf(Mixture(m.weights, -m.means, m.covs), -x[:, None]) for m in (q, p))
    return np.where(left_q + left_p < 1, left_q - left_p, right_p - right_q)


def _least_spread(q: Mixture, p: Mixture) -> Array:
    """The least standard deviation of x_t on the way between each pair of components on the line (K_q, K_p)."""
    b, s = np.sqrt(q.covs[:, 0]), np.sqrt(p.covs[:, 0, 0])
    for name, spreads in (("q", b), ("p", s)):
        if not spreads.all():
            raise ValueError(f"{name} has a component without spread, add noise first")
    return b * s / np.sqrt(b**2 + s**2)


def _longest_way(q: Mixture, p: Mixture) -> float:
    """The largest distance of two means in their least spread on the way."""
    ways = np.abs(q.means - p.means[:, 0]) / _least_spread(q, p)
    if ways.max() > _SHARPEST:
        raise ValueError(
            f"nodes must be given where a mean of q has {ways.max():g} > {_SHARPEST} spreads to go to one of p"
        )
    return float(ways.max())


def _time(t: float) -> float:
    if number("t", t, least=0) > 1:
        raise ValueError(f"t must be at most 1, got {t!r}")
    return float(t)


def _same_space(q: Mixture, p: Mixture) -> None:
    if q.d != p.d:
        raise ValueError(f"p must have the dimension of q, d = {q.d}, got d = {p.d}")
