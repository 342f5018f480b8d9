"""Softmax and its alternatives: maps from logits to probabilities, their Jacobians, entropies and losses.

Sources: Martins, Astudillo, "From Softmax to Sparsemax", arXiv:1602.02068; Peters, Niculae, Martins, "Sparse
Sequence-to-Sequence Models" (entmax), arXiv:1905.05702; Blondel, Martins, Niculae, "Learning with Fenchel-Young
Losses", arXiv:1901.02324; Su Jianlin, https://kexue.fm/archives/10145.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gamma, logit, logsumexp, ndtr, ndtri, xlogy

from companion._checks import count, finite, number, one_of, positive, rows

Array = NDArray[np.float64]
# Quantile function and distribution function of the noise of `perturb_max`.
NOISE: dict[str, tuple[Callable[[Array], Array], Callable[[Array], Array]]] = {
    "gumbel": (lambda t: -np.log(-np.log(t)), lambda e: np.exp(-np.exp(-e))),
    "normal": (ndtri, ndtr),
    "logistic": (logit, expit),
    "exponential": (lambda t: -np.log1p(-t), lambda e: -np.expm1(-np.maximum(e, 0))),
    "uniform": (lambda t: t, lambda e: np.clip(e, 0, 1)),
}


def softmax(x: ArrayLike, axis: int = -1) -> Array:
    """Softmax along `axis`, p_i = exp(x_i) / Σ_j exp(x_j), shifted by the maximum so that nothing overflows.

    x (…, n) → (…, n). An entry of −inf is a masked one and gets p = 0. Raises ValueError for NaN, +inf, an
    empty axis, or a slice that is masked throughout.
    """
    x = np.asarray(x, dtype=float)
    if x.ndim == 0 or not -x.ndim <= axis < x.ndim or x.shape[axis] == 0:
        raise ValueError(f"x needs at least 1 entry on axis {axis}, got shape {x.shape}")
    top = x.max(axis=axis, keepdims=True)
    wrong = top[~np.isfinite(top)]
    if wrong.size:
        raise ValueError(f"x must have a finite maximum along axis {axis}, got maximum {wrong[0]}")
    e = np.exp(x - top)
    return e / e.sum(axis=axis, keepdims=True)


def taylor_softmax(x: ArrayLike, k: int = 2) -> Array:
    """Taylor softmax f_k(x_i) / Σ_j f_k(x_j) along the last axis, f_k the Taylor polynomial of exp of even degree k.

    x (…, n) → (…, n), all entries positive. Neither monotone nor unchanged by a common shift. Cost k passes; for
    negative x the terms cancel, and digits are lost where e^x is far below x^k/k!. Raises ValueError if k is odd.
    """
    x, k = rows("x", x), count("k", k, least=2)
    if k % 2:
        raise ValueError(f"k must be even, or f_k takes negative values, got {k}")
    # Divided by the k-th power of the largest entry: nothing overflows.
    most = np.maximum(1, np.abs(x).max(axis=-1, keepdims=True))
    f, y = np.zeros_like(x), x / most
    for m in range(k + 1):
        f += y**m * (1 / most) ** (k - m) / gamma(m + 1)
    return f / f.sum(axis=-1, keepdims=True)


def topk_softmax(x: ArrayLike, k: int) -> Array:
    """Softmax over the k largest entries of the last axis, and 0 elsewhere; of equal entries the first are kept.

    x (…, n) → (…, n). Cost O(n). Raises ValueError for k outside [1, n]. Source: "Sparse-softmax" of the post.
    """
    x = rows("x", x)
    n = x.shape[-1]
    if count("k", k) > n:
        raise ValueError(f"k must be at most the number of entries, {n}, got {k}")
    least = np.partition(x, n - k, axis=-1)[..., n - k, None]
    above, tied = x > least, x == least
    kept = above | (tied & (tied.cumsum(axis=-1) <= k - above.sum(axis=-1, keepdims=True)))
    return softmax(np.where(kept, x, -np.inf))


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
    if not 1 <= number("order", order) <= 2:
        raise ValueError(f"order must lie between 1 and 2, got {order!r}")
    iterations = count("iterations", iterations)
    x = np.asarray(x, dtype=float)
    if order == 1 or x.ndim == 0 or x.shape[-1] == 0:
        return softmax(x)
    top = x.max(axis=-1, keepdims=True)
    if not np.isfinite(top).all():
        raise ValueError(f"x must have a finite maximum along its last axis, got maximum {top[~np.isfinite(top)][0]}")
    # The largest entry has z − λ ≤ 1: whatever lies further than 1 below it gets nothing, so that it may as well be −1.
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
    p = _distribution(p)
    if not 1 <= number("order", order) <= 2:
        raise ValueError(f"order must lie between 1 and 2, got {order!r}")
    return np.where(p > 0, p, 1) ** (2 - order) * (p > 0)


def tsallis_entropy(p: ArrayLike, order: float = 1.5) -> Array:
    """Tsallis entropy Σ(p − p^α)/(α(α−1)) of `order` α ≥ 1, along the last axis; order 1 is Shannon's, in nats.

    p (…, n) → (…). With the factor 1/α, as in Peters et al., entmax(x, α) maximises p·x + this entropy. Raises
    ValueError for an order below 1, or p that is negative or does not sum to 1 (within 1e-6).
    """
    p, order = _distribution(p), number("order", order, least=1)
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
    chosen = _at(x, target)
    if number("order", order) == 1:
        return logsumexp(x, axis=-1) - chosen
    p = entmax(x, order)
    return np.maximum((p * (x - chosen[..., None])).sum(axis=-1) + tsallis_entropy(p, order), 0)


def margin_loss(cos: ArrayLike, target: ArrayLike, margin: float = 0.0, tau: float = 1.0) -> Array:
    """AM-softmax: the cross entropy of logits cos/tau whose target has first been lowered to (cos_t − margin)/tau.

    cos (…, n) in [−1, 1], target (…) whole numbers in 0 … n − 1, broadcast → (…). Raises ValueError for cosines or a
    target out of range, a negative margin, or tau that is not positive. Source: Wang et al., arXiv:1801.05599.
    """
    cos, margin = rows("cos", cos), number("margin", margin, least=0)
    positive(tau=tau)
    if (far := np.abs(cos) > 1 + 1e-9).any():
        raise ValueError(f"cos must lie between -1 and 1, got {cos[far][0]}")
    ahead = cos - (_at(cos, target) - margin)[..., None]
    is_target = np.arange(cos.shape[-1]) == np.asarray(target)[..., None]
    return logsumexp(np.where(is_target, 0, ahead / tau), axis=-1)


def _at(x: Array, target: ArrayLike) -> Array:
    """The entry of each row of x (…, n) that `target` (…) names; ValueError if there is none."""
    where = finite("target", target)
    if (bad := (where < 0) | (where >= x.shape[-1]) | (where != np.floor(where))).any():
        raise ValueError(f"target must hold whole numbers in 0 … {x.shape[-1] - 1}, got {where[bad][0]:g}")
    try:
        index = np.broadcast_to(where.astype(int), x.shape[:-1])
    except ValueError:
        raise ValueError(f"target must broadcast to shape {x.shape[:-1]}, got shape {where.shape}") from None
    return np.take_along_axis(x, index[..., None], axis=-1)[..., 0]


def perturb_max(x: ArrayLike, noise: str = "gumbel", nodes: int = 4096) -> Array:
    """P(argmax(x + ε) = i) for independent ε of one law: E[Π_{j≠i} Φ(x_i − x_j + ε)], Φ its distribution function.

    x (…, n) → (…, n); noise is "gumbel" (which gives softmax), "normal", "logistic", "exponential" (rate 1) or
    "uniform" (on [0, 1]). Midpoint rule at `nodes` quantiles of ε: with 4096 of them the error is below 1e-5, and the
    sum as far from 1. Time n²·nodes, memory n·nodes for each row. Raises ValueError for an unknown noise.
    """
    x, nodes = rows("x", x), count("nodes", nodes)
    quantile, cdf = NOISE[one_of("noise", noise, NOISE)]
    t = (np.arange(nodes) + 0.5) / nodes
    p, eps = np.empty_like(x), quantile(t)
    for i in range(x.shape[-1]):
        # The factor j = i is Φ(ε) = t, and is divided out.
        below = cdf((x[..., i, None] - x)[..., None] + eps)
        p[..., i] = (below.prod(axis=-2) / t).mean(axis=-1)
    return p


def renyi_entropy(p: ArrayLike, order: float = 1) -> Array:
    """Rényi entropy H_r = log(Σ p_i^r) / (1 − r) of `order` r, in nats, along the last axis.

    p (…, n) → (…). Order 1 is Shannon's entropy, 0 the logarithm of the support's size, inf −log max p.
    Raises ValueError for a negative order, or p that is negative or does not sum to 1 (within 1e-6).
    Source: Rényi, "On measures of entropy and information", 1961.
    """
    p = _distribution(p)
    if not np.isposinf(order):
        number("order", order, least=0)
    if order == 0:
        return np.log((p > 0).sum(axis=-1))
    if order == 1:
        return -xlogy(p, p).sum(axis=-1) + 0.0
    top = p.max(axis=-1)
    if np.isinf(order):
        return -np.log(top) + 0.0
    # With the largest entry taken out, p^r cannot underflow to an empty sum.
    scaled = ((p / top[..., None]) ** order).sum(axis=-1)
    return (order * np.log(top) + np.log(scaled)) / (1 - order) + 0.0


def jacobian(p: ArrayLike, alpha: float = 1.0) -> Array:
    """Jacobian of p = softmax(alpha·s) with respect to s, α(diag p − p pᵀ), from the probabilities p.

    p (…, n) → (…, n, n), symmetric, rows sum to 0. Cost n² per distribution. Raises ValueError for p that is
    negative or does not sum to 1 (within 1e-6), or an alpha that is negative or not finite.
    """
    p = _distribution(p)
    alpha = number("alpha", alpha, least=0)
    return alpha * (p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :])


def _distribution(p: ArrayLike) -> Array:
    """`p` as an array whose last axis holds distributions; ValueError if it does not."""
    p = rows("p", p)
    if (p < 0).any():
        raise ValueError(f"p must not be negative, got minimum {p.min()}")
    total = p.sum(axis=-1)
    if not np.allclose(total, 1, rtol=0, atol=1e-6):
        raise ValueError(f"p must sum to 1 on its last axis, got a sum of {total.ravel()[np.abs(total - 1).argmax()]}")
    return p
