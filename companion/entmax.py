"""Entmax from softmax to sparsemax: probabilities with exact zeros, their thresholds, Jacobian, entropy and loss.

Sources: Martins, Astudillo, "From Softmax to Sparsemax", arXiv:1602.02068; Peters, Niculae, Martins, "Sparse
Sequence-to-Sequence Models" (entmax), arXiv:1905.05702; Blondel, Martins, Niculae, "Learning with Fenchel-Young
Losses", arXiv:1901.02324; Su Jianlin, https://kexue.fm/archives/10145.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp, xlogy

from companion._checks import count, distribution, entry_of, number, rows
from companion.softmax import softmax

Array = NDArray[np.float64]


def sparsemax(x: ArrayLike) -> Array:
    """The probability vector nearest to x, relu(x − λ): `entmax` of order 2."""
    return entmax(x, order=2)


def entmax(x: ArrayLike, order: float = 1.5, iterations: int = 60) -> Array:
    """Entmax of order α in [1, 2] along the last axis: p = relu(βx − λ)^{1/β}, β = α − 1, λ such that Σp = 1.

    x (…, n) → (…, n). Order 1 is softmax, 2 sparsemax. An entry of −inf is a masked one and gets p = 0. Orders 1,
    1.5 and 2 are exact: the threshold follows from the largest entries, sorted. Only entries within 1/β of the maximum
    can matter, and only they are sorted: O(n), at worst O(n log n). Other orders bisect, O(n · iterations), to
    2^−iterations. Raises ValueError for an order outside [1, 2], NaN, +inf, or a row that is masked throughout.
    """
    order, iterations = _order(order), count("iterations", iterations)
    x = np.asarray(x, dtype=float)
    if order == 1 or x.ndim == 0 or x.shape[-1] == 0:
        return softmax(x)
    top = x.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError(f"x must have a finite maximum along its last axis, got maximum {top[~np.isfinite(top)][0]}")
    # The largest entry has z − λ ≤ 1: whatever lies further than 1 below it gets nothing, so that it may as well be −1.
    with np.errstate(over="ignore"):
        z = np.maximum((order - 1) * (x - top), -1)
    if order in (1.5, 2):
        p = np.maximum(z - _threshold(z, order), 0)
        return p**2 if order == 1.5 else p
    power = 1 / (order - 1)
    low, high = np.full_like(top, -1), np.full_like(top, -(float(z.shape[-1]) ** (1 - order)))
    for _ in range(iterations):
        middle = (low + high) / 2
        enough = (np.maximum(z - middle, 0) ** power).sum(axis=-1, keepdims=True) >= 1
        low, high = np.where(enough, middle, low), np.where(enough, high, middle)
    p = np.maximum(z - low, 0) ** power
    return p / p.sum(axis=-1, keepdims=True)


def _threshold(z: Array, order: float) -> Array:
    """The threshold λ (…, 1) for z (…, n) with maximum 0: with order 2 by Σ(z−λ) = 1, with 1.5 by Σ(z−λ)² = 1."""
    best = _best(z)
    k, total = np.arange(1, best.shape[-1] + 1), best.cumsum(axis=-1)
    squares = (best**2).cumsum(axis=-1)
    # Entry k is in the support if the best k, cut off at entry k, add up to less than 1; they grow with k.
    used = total - k * best if order == 2 else squares - 2 * best * total + k * best**2
    size = (used < 1).sum(axis=-1, keepdims=True)
    total = np.take_along_axis(total, size - 1, axis=-1)
    if order == 2:
        return (total - 1) / size
    mean = total / size
    spread = np.take_along_axis(squares, size - 1, axis=-1) / size - mean**2
    return mean - np.sqrt(np.maximum(1 / size - spread, 0))


def _best(z: Array) -> Array:
    """The entries of z (…, n) ≥ −1 that are above −1, largest first, filled up with −1 to rows of one length."""
    above = z > -1
    most = int(above.sum(axis=-1).max(initial=1))
    if 2 * most >= z.shape[-1]:
        return -np.sort(-z, axis=-1)
    flat = above.reshape(-1, z.shape[-1])
    row, place = np.nonzero(flat)
    best = np.full((len(flat), most), -1.0)
    # A row's entries follow each other, at most `most` of them, so that no two of them get one place.
    best[row, np.arange(len(row)) % most] = z.reshape(flat.shape)[row, place]
    return -np.sort(-best, axis=-1).reshape(*z.shape[:-1], most)


def entmax_jacobian(p: ArrayLike, order: float = 1.5) -> Array:
    """Jacobian ∂p/∂x of p = entmax(x, order), from p: diag(s) − s sᵀ/Σs with s = p^(2−order) on the support.

    p (…, n) → (…, n, n), symmetric, rows sum to 0. Where an entry is just about to enter the support, p has a kink,
    and this is the derivative from the side without it. Raises ValueError as `half_l1`.
    """
    s = _sensitivity(p, order)
    return s[..., :, None] * np.eye(s.shape[-1]) - s[..., :, None] * (s / s.sum(axis=-1, keepdims=True))[..., None, :]


def half_l1(p: ArrayLike, order: float = 1.5) -> Array:
    """Half the sum of the absolute values of `entmax_jacobian(p, order)`, which is its trace Σs − Σs²/Σs.

    p (…, n) → (…). Order 1: 1 − Σp²; order 2: the size of the support, minus 1. Raises ValueError for p that is
    negative or does not sum to 1 (within 1e-6), or an order outside [1, 2].
    """
    s = _sensitivity(p, order)
    total = s.sum(axis=-1, keepdims=True)
    return (s * (total - s) / total).sum(axis=-1)


def _sensitivity(p: ArrayLike, order: float) -> Array:
    p, order = distribution(p), _order(order)
    return np.where(p > 0, p, 1) ** (2 - order) * (p > 0)


def _order(order: float) -> float:
    """The order of entmax, which lies between softmax's and sparsemax's."""
    if not 1 <= number("order", order) <= 2:
        raise ValueError(f"order must lie between 1 and 2, got {order!r}")
    return order


def tsallis_entropy(p: ArrayLike, order: float = 1.5) -> Array:
    """Tsallis entropy Σ(p − p^α)/(α(α−1)) of `order` α ≥ 1, along the last axis; order 1 is Shannon's, in nats.

    p (…, n) → (…). With the factor 1/α, as in Peters et al., entmax(x, α) maximises p·x + this entropy. Raises
    ValueError for an order below 1, or p that is negative or does not sum to 1 (within 1e-6).
    """
    p, order = distribution(p), number("order", order, least=1)
    if order == 1:
        return -xlogy(p, p).sum(axis=-1) + 0.0
    return (p - p**order).sum(axis=-1) / (order * (order - 1))


def entmax_loss(x: ArrayLike, target: ArrayLike, order: float = 1.5) -> Array:
    """The Fenchel-Young loss (p − e_t)·x + H(p) of p = entmax(x, order) with its Tsallis entropy H; gradient p − e_t.

    x (…, n), target (…) whole numbers in 0 … n − 1, broadcast → (…), at least 0. Order 1 is the cross entropy, 2 the
    loss of sparsemax. It is 0 where x_t leads all others by 1/(order − 1). Raises ValueError for x that is not
    finite, a target out of range, or an order outside [1, 2].
    """
    x = rows("x", x)
    chosen = entry_of(x, target)
    if number("order", order) == 1:
        return logsumexp(x, axis=-1) - chosen
    p = entmax(x, order)
    return np.maximum((p * (x - chosen[..., None])).sum(axis=-1) + tsallis_entropy(p, order), 0)
