"""Images as sequences of patches: what a step of patch diffusion draws, who sees whom, and what a short memory costs.

Orders and places are those of `companion.scans`; costs are in nats. Source: Su Jianlin,
https://kexue.fm/archives/10197.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import mixtures, scans
from companion._checks import count, finite, number, one_dimensional, positive
from companion.mixtures import Mixture

Array = NDArray[np.float64]
Ints = NDArray[np.int64]
Seen = int | Sequence[ArrayLike] | None
_REACH = 10  # standard deviations; what lies beyond has less than 1e-22 of the probability


def patchify(image: ArrayLike, s: int, t: int) -> Array:
    """An image (H, W, c) as s × t patches: (s, t, H/s · W/t · c), each patch in row-major order. Loses nothing.

    Raises ValueError unless s divides H and t divides W.
    """
    image = finite("image", image, ("H", "W", "c"))
    H, W, c = image.shape
    s, t = _divides("s", s, H), _divides("t", t, W)
    return image.reshape(s, H // s, t, W // t, c).transpose(0, 2, 1, 3, 4).reshape(s, t, -1)


def unpatchify(patches: ArrayLike, H: int, W: int) -> Array:
    """The image (H, W, c) of patches (s, t, d), the inverse of `patchify`.

    Raises ValueError for sizes that disagree.
    """
    patches = finite("patches", patches, ("s", "t", "d"))
    (s, t, d), H, W = patches.shape, count("H", H), count("W", W)
    _divides("the first size of patches", s, H)
    _divides("the second size of patches", t, W)
    if d * s * t % (H * W):
        raise ValueError(f"patches must hold whole pixels of an image {H} × {W}, got d = {d} for {s} × {t} patches")
    return patches.reshape(s, t, H // s, W // t, -1).transpose(0, 2, 1, 3, 4).reshape(H, W, -1)


def step_moments(m: Mixture, x: ArrayLike, b: float, a: float, matched: bool = True) -> tuple[Array, Array]:
    """Mean and variance (…) of x_a given x_b = x (…), where x_σ = x_0 + σε adds noise and a < b; 1-D.

    With ρ = a²/b² the mean is ρx + (1 − ρ)E[x_0|x] and the variance a²(1 − ρ) + (1 − ρ)² Var[x_0|x]; `matched=False`
    leaves out the second term, as DDPM's small variance does. Raises ValueError unless 0 ≤ a < b and d = 1.
    """
    one_dimensional("m", m.d)
    positive(b=b)
    if not 0 <= number("a", a) < b:
        raise ValueError(f"a must lie in [0, b) with b = {b:g}, got {a!r}")
    x, rho = finite("x", x), (a / b) ** 2
    mean, cov = mixtures.posterior(m, x[..., None], 1.0, b)
    hidden = (1 - rho) ** 2 * cov[..., 0, 0]
    return rho * x + (1 - rho) * mean[..., 0], a**2 * (1 - rho) + (hidden if matched else 0 * hidden)


def gaussianity(m: Mixture, s: float) -> float:
    """The negentropy of x_0 + sε in nats, 1-D: its KL divergence from the Gaussian of the same mean and variance.

    Integrated by Gauss's rule between all points that lie whole standard deviations of a component from its mean.
    """
    one_dimensional("m", m.d)
    positive(s=s)
    variance = mixtures.moments(m)[1][0, 0] + s**2
    widths = np.sqrt(m.covs[:, 0] + s**2)
    ends = np.unique(m.means + widths * np.arange(-_REACH, _REACH + 1))
    nodes, weights = np.polynomial.legendre.leggauss(16)
    half = np.diff(ends)[:, None] / 2
    logs = mixtures.logpdf(m, (ends[:-1, None] + half * (1 + nodes))[..., None], 1.0, s)
    return float(np.log(2 * np.pi * np.e * variance) / 2 + (half * weights * np.exp(logs) * logs).sum())


def patch_diffusion_mask(n: int, T: int) -> NDArray[np.bool_]:
    """Who sees whom (rows see columns) when each of n patches has T copies: (nT, nT), index i·T + level, level 0 clean.

    A copy sees itself and the clean copies of earlier patches.
    """
    patch, level = np.divmod(np.arange(count("n", n) * count("T", T)), T)
    earlier = (patch[:, None] > patch) & (level == 0)
    return np.asarray(earlier | np.eye(len(patch), dtype=bool))


def grid_precision(h: int, w: int, kappa: float) -> Array:
    """The precision matrix (h·w, h·w) of a Gaussian field on a grid: the graph's Laplacian plus κ on the diagonal."""
    positive(kappa=kappa)
    edges, n = scans.grid_edges(h, w), h * w
    u, v = edges.T
    precision = np.diag(np.bincount(edges.ravel(), minlength=n) + float(kappa))
    precision[u, v] = precision[v, u] = -1
    return precision


def nearest(order: ArrayLike, w: int, k: int, older: bool = False) -> list[Ints]:
    """For each place of an order on a grid of w columns, the places of the k nearest earlier cells (as they are seen).

    Distances are Euclidean; of equals the latest comes first, or the `older` one. Raises
    ValueError for an order that is none, or a w that does not divide its length.
    """
    order, w, k = scans.checked(order), count("w", w), count("k", k, least=0)
    if len(order) % w:
        raise ValueError(f"w must divide the {len(order)} cells of the order, got {w}")
    row, column = np.divmod(order, w)
    far = (row[:, None] - row) ** 2 + (column[:, None] - column) ** 2
    tie = np.arange(len(order)) if older else -np.arange(len(order))
    return [np.lexsort([tie[:i], far[i, :i]])[:k] for i in range(len(order))]


def conditional_variances(cov: ArrayLike, order: ArrayLike, seen: Seen = None) -> Array:
    """Var(x at each place | what is seen there), in the order: (n,).

    `seen` is None for the whole past, k for the last k places, or a list of the places seen from each. Cost n·k³.
    Raises ValueError unless cov (n, n) is symmetric and positive definite, or for a place that is not earlier or is
    seen twice.
    """
    order = scans.checked(order)
    n = len(order)
    cov = finite("cov", cov, (n, n))
    if not np.allclose(cov, cov.T, rtol=1e-9, atol=1e-12) or np.linalg.eigvalsh(cov)[0] <= 0:
        raise ValueError(f"cov must be symmetric and positive definite, got {cov.tolist()}")
    cov = cov[np.ix_(order, order)]
    if seen is None:
        return np.asarray(np.diag(np.linalg.cholesky(cov)) ** 2)
    places = _seen(seen, n)
    variances = np.diag(cov).copy()
    sizes = np.array([len(p) for p in places])
    for size in np.unique(sizes[sizes > 0]):
        at = np.flatnonzero(sizes == size)
        past = np.stack([places[i] for i in at])
        cross = cov[at[:, None], past]
        weights = np.linalg.solve(cov[past[:, :, None], past[:, None, :]], cross[..., None])[..., 0]
        variances[at] -= (cross * weights).sum(axis=1)
    return np.asarray(variances)


def window_excess(cov: ArrayLike, order: ArrayLike, seen: Seen) -> Array:
    """What the best Gaussian prediction from `seen` loses against the whole past, at each place: (n,) nats, ≥ 0.

    ½ ln of the ratio of the two conditional variances; the sum is the KL divergence of the joint laws.
    """
    return np.asarray(np.log(conditional_variances(cov, order, seen) / conditional_variances(cov, order)) / 2)


def _divides(name: str, part: int, whole: int) -> int:
    if whole % count(name, part):
        raise ValueError(f"{name} must divide the image's {whole}, got {part}")
    return int(part)


def _seen(seen: int | Sequence[ArrayLike], n: int) -> list[Ints]:
    if isinstance(seen, np.ndarray) and seen.ndim > 0:
        seen = list(seen)
    if not isinstance(seen, Sequence):
        k = count("seen", seen, least=0)
        return [np.arange(max(0, i - k), i) for i in range(n)]
    if len(seen) != n:
        raise ValueError(f"seen must hold the places for each of the {n} places, got {len(seen)}")
    places = [finite("seen", p) for p in seen]
    for i, p in enumerate(places):
        if p.ndim != 1 or ((p < 0) | (p >= i) | (p != np.floor(p))).any() or len(np.unique(p)) < len(p):
            raise ValueError(f"seen must hold, for each place, a list of earlier ones; got {p.tolist()} for {i}")
    return [p.astype(np.int64) for p in places]
