"""Softmax and its relatives with a margin, a heavy tail, a cut or noise; Jacobian and entropy (sparse: `entmax`).

Source: Su Jianlin, https://kexue.fm/archives/10145.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, gamma, logit, logsumexp, ndtr, ndtri, xlogy

from companion._checks import count, distribution, entry_of, number, one_of, positive, rows

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


def margin_loss(cos: ArrayLike, target: ArrayLike, margin: float = 0.0, tau: float = 1.0) -> Array:
    """AM-softmax: the cross entropy of logits cos/tau whose target has first been lowered to (cos_t − margin)/tau.

    cos (…, n) in [−1, 1], target (…) whole numbers in 0 … n − 1, broadcast → (…). Raises ValueError for cosines or a
    target out of range, a negative margin, or tau that is not positive. Source: Wang et al., arXiv:1801.05599.
    """
    cos, margin = rows("cos", cos), number("margin", margin, least=0)
    positive(tau=tau)
    if (far := np.abs(cos) > 1 + 1e-9).any():
        raise ValueError(f"cos must lie between -1 and 1, got {cos[far][0]}")
    ahead = cos - (entry_of(cos, target) - margin)[..., None]
    is_target = np.arange(cos.shape[-1]) == np.asarray(target)[..., None]
    return logsumexp(np.where(is_target, 0, ahead / tau), axis=-1)


def perturb_max(x: ArrayLike, noise: str = "gumbel", nodes: int = 4096) -> Array:
    """P(argmax(x + ε) = i) for independent ε of one law: E[Π_{j≠i} Φ(x_i − x_j + ε)], Φ its distribution function.

    x (…, n) → (…, n); noise is "gumbel" (which gives softmax), "normal", "logistic", "exponential" (rate 1) or
    "uniform" (on [0, 1]). Midpoint rule at `nodes` quantiles of ε: with 4096 of them, and up
    to 64 logits a few units apart, an entry is off by less than 1e-4 and the sum by less than 1e-3. Time n²·nodes,
    memory n·nodes for each row. Raises ValueError for an unknown noise.
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
    p = distribution(p)
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
    p = distribution(p)
    alpha = number("alpha", alpha, least=0)
    return alpha * (p[..., :, None] * np.eye(p.shape[-1]) - p[..., :, None] * p[..., None, :])
