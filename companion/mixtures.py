"""Mixtures of Gaussians: data whose density, score and posterior are known in closed form at every noise level.

x_t = signal · x_0 + noise · ε turns a mixture into a mixture, so nothing has to be learnt. Points are arrays (…, d):
the last axis is space, also when d = 1. `signal` and `noise` are numbers, or arrays that broadcast against x[..., 0];
where they may be left out, they are 1 and 0: the data themselves.
"""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, ndtr, ndtri

from companion._checks import between, broadcast, count, finite, generator, number, one_dimensional, one_of, shaped
from companion.softmax import softmax

if TYPE_CHECKING:
    import sympy as sp

Array = NDArray[np.float64]
_BISECTIONS = 64


class Mixture(NamedTuple):
    """K Gaussians in d dimensions: weights (K,), means (K, d), covs (K, d, d)."""

    weights: Array
    means: Array
    covs: Array

    @property
    def d(self) -> int:
        """The dimension of space."""
        return self.means.shape[1]


def mixture(weights: ArrayLike, means: ArrayLike, covs: ArrayLike) -> Mixture:
    """A mixture, checked, with shapes filled in: means (K,) stand for d = 1; covs a number or (K,) for isotropic ones.

    A variance of 0 is a point mass, which has a density only once noise is added. Raises ValueError unless the weights
    are positive and sum to 1, all is finite, and the covariances are symmetric and positive semidefinite.
    """
    weights, means, covs = finite("weights", weights, ("K",)), finite("means", means), finite("covs", covs)
    if not (weights > 0).all() or not np.isclose(weights.sum(), 1, rtol=0, atol=1e-9):
        raise ValueError(f"weights must be positive numbers that sum to 1, got {weights.tolist()}")
    means = means[:, None] if means.ndim == 1 else means
    shaped("means", means, (len(weights), "d"))
    K, d = means.shape
    if covs.ndim < 2:
        covs = np.broadcast_to(covs, K)[:, None, None] * np.eye(d) if covs.shape in ((), (K,)) else covs
    if covs.shape != (K, d, d):
        raise ValueError(f"covs must be a number, or of shape ({K},) or ({K}, {d}, {d}), got shape {covs.shape}")
    if not np.allclose(covs, covs.swapaxes(1, 2), rtol=1e-12, atol=1e-12):
        raise ValueError(f"covs must be symmetric, got {covs.tolist()}")
    lowest = np.linalg.eigvalsh(covs).min()
    if lowest < -1e-12 * max(1.0, np.abs(covs).max()):
        raise ValueError(f"covs must have no negative eigenvalue, got {lowest:g}")
    return Mixture(weights, means, covs)


def named(name: str) -> Mixture:
    """One of the book's standard data sets. Raises ValueError for an unknown name.

    1-D: "bimodal", "asymmetric3", "gauss", "point" (a point mass). 2-D: "ring8", "ellipse", "cross".
    """
    return mixture(*_NAMED[one_of("name", name, _NAMED)])


def diffuse(m: Mixture, signal: float, noise: float) -> Mixture:
    """The mixture that x_t = signal · x_0 + noise · ε follows. Raises ValueError unless both are finite numbers ≥ 0."""
    signal, noise = number("signal", signal, least=0), number("noise", noise, least=0)
    return Mixture(m.weights, signal * m.means, signal**2 * m.covs + noise**2 * np.eye(m.d))


def logpdf(m: Mixture, x: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 0.0) -> Array:
    """The log density of x_t at points x (…, d) → (…). Raises ValueError for a wrong d or a point mass."""
    parts = _parts(m, x, signal, noise)
    return logsumexp(parts.logs, axis=0).reshape(parts.x.shape[:-1])


def responsibilities(m: Mixture, x: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 0.0) -> Array:
    """The probability of each component given x_t = x: (…, d) → (…, K), summing to 1."""
    parts = _parts(m, x, signal, noise)
    return softmax(parts.logs, axis=0).T.reshape(*parts.x.shape[:-1], len(m.weights))


def score(m: Mixture, x: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 0.0) -> Array:
    """The gradient of the log density of x_t at x: (…, d) → (…, d)."""
    parts = _parts(m, x, signal, noise)
    pulls = _turn(parts.scaled, parts.axes.swapaxes(1, 2))
    return -(softmax(parts.logs, axis=0)[..., None] * pulls).sum(axis=0).reshape(parts.x.shape)


def hessian(m: Mixture, x: ArrayLike, signal: ArrayLike = 1.0, noise: ArrayLike = 0.0) -> Array:
    """The Jacobian of the score of x_t at x, the Hessian of its log density: (…, d) → (…, d, d)."""
    parts = _parts(m, x, signal, noise)
    r, axes = softmax(parts.logs, axis=0), parts.axes
    pulls = _turn(-parts.scaled, axes.swapaxes(1, 2))
    apart = pulls - np.einsum("kn,knd->nd", r, pulls)
    precision = np.einsum("kn,kde,kne,kfe->ndf", r, axes, np.broadcast_to(1 / parts.var, parts.scaled.shape), axes)
    spread = np.einsum("kn,knd,kne->nde", r, apart, apart)
    return (spread - precision).reshape(*parts.x.shape, m.d)


def epsilon(m: Mixture, x: ArrayLike, signal: ArrayLike, noise: ArrayLike) -> Array:
    """The ideal noise prediction E[ε | x_t = x] = −noise · score of the noisy mixture: (…, d) → (…, d)."""
    here = score(m, x, signal, noise)
    return -np.asarray(noise, dtype=float)[..., None] * here


def posterior(m: Mixture, x: ArrayLike, signal: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """Mean (…, d) and covariance (…, d, d) of x_0 given x_t = x, component by component by conjugacy.

    It never uses the score, so that Tweedie's formula can be checked against it. Raises ValueError as `logpdf` does.
    """
    parts = _parts(m, x, signal, noise)
    r, axes, s, n, scaled = softmax(parts.logs, axis=0), parts.axes, parts.signal, parts.noise, parts.scaled
    own = np.linalg.eigvalsh(m.covs)[:, None, :]
    means = m.means[:, None, :] + _turn(s * own * scaled, axes.swapaxes(1, 2))
    mean = np.einsum("kn,knd->nd", r, means)
    left = np.broadcast_to(own * n**2 / parts.var, scaled.shape)
    within = np.einsum("kn,kde,kne,kfe->ndf", r, axes, left, axes)
    apart = means - mean
    among = np.einsum("kn,knd,kne->nde", r, apart, apart)
    return mean.reshape(parts.x.shape), (within + among).reshape(*parts.x.shape, m.d)


def sample(m: Mixture, n: int, rng: np.random.Generator) -> Array:
    """Draws n points (n, d). Raises ValueError for n < 1, or an rng that is no NumPy generator."""
    n, rng = count("n", n), generator(rng)
    k = rng.choice(len(m.weights), size=n, p=m.weights / m.weights.sum())
    own, axes = np.linalg.eigh(m.covs)
    roots = axes * np.sqrt(np.maximum(own, 0))[:, None, :]
    return m.means[k] + np.einsum("nde,ne->nd", roots[k], rng.standard_normal((n, m.d)))


def moments(m: Mixture) -> tuple[Array, Array]:
    """Mean (d,) and covariance (d, d) of the whole mixture."""
    mean = m.weights @ m.means
    apart = m.means - mean
    return mean, np.einsum("k,kde->de", m.weights, m.covs + apart[:, :, None] * apart[:, None, :])


def cdf(m: Mixture, x: ArrayLike) -> Array:
    """The distribution function of a 1-D mixture: points (…, 1) → (…). Raises ValueError unless d = 1."""
    one_dimensional("m", m.d)
    return ndtr((_points(m, x) - m.means[:, 0]) / _spread(m)) @ m.weights


def quantile(m: Mixture, u: ArrayLike) -> Array:
    """The inverse of `cdf` by bisection: u (…) in (0, 1) → points (…, 1). Raises ValueError unless d = 1."""
    one_dimensional("m", m.d)
    u = between("u", u, 0, 1)
    # The quantile of a mixture lies between those of its components.
    own = m.means[:, 0] + _spread(m) * ndtri(u)[..., None]
    low, high = own.min(axis=-1, keepdims=True), own.max(axis=-1, keepdims=True)
    for _ in range(_BISECTIONS):
        middle = (low + high) / 2
        below = cdf(m, middle)[..., None] < u[..., None]
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return (low + high) / 2


def symbolic(m: Mixture, x: "sp.Expr", signal: "sp.Expr", noise: "sp.Expr") -> "sp.Expr":
    """The density of x_t = signal · x_0 + noise · ε as an exact expression, for a 1-D mixture.

    x, signal, noise are SymPy expressions, such as symbols or functions of t; weights, means and standard deviations
    become rationals. Raises ValueError unless d = 1.
    """
    import sympy as sp

    from companion.gaussian import density

    one_dimensional("m", m.d)

    def rational(value: float) -> sp.Rational:
        return sp.nsimplify(float(value), rational=True, tolerance=1e-12)

    sd = np.sqrt(m.covs[:, 0, 0])
    return sp.Add(
        *(
            rational(weight) * density(x, signal * rational(mean), signal**2 * rational(width) ** 2 + noise**2)
            for weight, mean, width in zip(m.weights, m.means[:, 0], sd, strict=True)
        )
    )


class _Parts(NamedTuple):
    """What every formula needs, component by component, with the points in one row of N.

    x (…, d); signal and noise as columns (N or 1, 1); the log of weight times density (K, N); (x − mean)/variance in
    the component's own axes (K, N, d); these variances (K, N or 1, d); the axes (K, d, d). Noise is round, so the axes
    are those of the data.
    """

    x: Array
    signal: Array
    noise: Array
    logs: Array
    scaled: Array
    var: Array
    axes: Array


def _parts(m: Mixture, x: ArrayLike, signal: ArrayLike, noise: ArrayLike) -> _Parts:
    x = _points(m, x)
    s, n = _column("signal", signal, x), _column("noise", noise, x)
    own, axes = np.linalg.eigh(m.covs)
    var = s**2 * own[:, None, :] + n**2
    if not (var > 0).all():
        raise ValueError("m has a component without spread at noise = 0: it has no density there, add noise first")
    away = _turn(x.reshape(-1, m.d) - s * m.means[:, None, :], axes)
    scaled = away / var
    logs = np.log(m.weights)[:, None] - 0.5 * (away * scaled + np.log(2 * np.pi * var)).sum(axis=-1)
    return _Parts(x, s, n, logs, scaled, var, axes)


def _turn(vectors: Array, axes: Array) -> Array:
    """Vectors (K, N, d) in the given axes (K, d, d); in one dimension there is nothing to turn."""
    return vectors if axes.shape[-1] == 1 else vectors @ axes


def _column(name: str, level: ArrayLike, x: Array) -> Array:
    """A level as a column (N or 1, 1) beside the points in one row. Raises ValueError if it does not broadcast."""
    if np.ndim(level) == 0:
        return finite(name, level, least=0).reshape(1, 1)
    return broadcast(name, level, x.shape[:-1], least=0).reshape(-1, 1)


def _points(m: Mixture, x: ArrayLike) -> Array:
    x = finite("x", x)
    if x.ndim == 0 or x.shape[-1] != m.d:
        raise ValueError(f"x must hold points of {m.d} coordinates on its last axis, got shape {x.shape}")
    return x


def _spread(m: Mixture) -> Array:
    sd = np.sqrt(m.covs[:, 0, 0])
    if not (sd > 0).all():
        raise ValueError("m has a component without spread: its distribution function jumps, add noise first")
    return sd


def _ring(size: int, radius: float) -> Array:
    angle = 2 * np.pi * np.arange(size) / size
    return radius * np.stack([np.cos(angle), np.sin(angle)], axis=-1)


_NAMED: dict[str, tuple[ArrayLike, ArrayLike, ArrayLike]] = {
    "bimodal": ([0.4, 0.6], [-1.5, 1.0], [0.3**2, 0.4**2]),
    "asymmetric3": ([0.25, 0.5, 0.25], [-2.0, 0.3, 1.8], [0.25**2, 0.5**2, 0.2**2]),
    "gauss": ([1.0], [0.8], [0.5**2]),
    "point": ([1.0], [0.8], [0.0]),
    "ring8": (np.full(8, 1 / 8), _ring(8, 2.0), 0.15**2),
    "ellipse": ([1.0], [[0.0, 0.0]], [[[1.0, 0.8], [0.8, 1.0]]]),
    "cross": ([0.5, 0.5], [[-0.8, 0.0], [0.8, 0.0]], [[[0.5, 0.4], [0.4, 0.5]], [[0.5, -0.4], [-0.4, 0.5]]]),
}
