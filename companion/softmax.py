"""Softmax, its Jacobian, and the entropies of the distribution that it returns."""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import xlogy

from companion._checks import number, rows

Array = NDArray[np.float64]


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
