"""The scale of attention: gradient size of softmax(alpha·s) and the scale that makes it largest.

Scores s have variance 1 (s = q·k/√d), so `alpha` multiplies the usual factor 1/√d. Source, unless noted:
Su Jianlin, https://kexue.fm/archives/9812.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize.elementwise import find_root
from scipy.special import gammaln, ive, lambertw

Array = NDArray[np.float64]


def gradient_profile(s: ArrayLike, alphas: ArrayLike) -> tuple[Array, Array]:
    """Gradient size g = α(1 − Σ p_i²) = ½‖∂p/∂s‖₁ and mean score Σ p_i s_i of p = softmax(α s), for each α.

    s (…, n), alphas (A,) → two arrays (…, A). Cost A·(size of s); memory of a few copies of s. Raises
    ValueError if n < 2, if s is not finite, or if an alpha is negative or not finite.
    """
    s = np.asarray(s, dtype=float)
    alphas = np.asarray(alphas, dtype=float)
    if s.ndim == 0 or s.shape[-1] < 2:
        raise ValueError(f"s needs at least 2 keys on its last axis, got shape {s.shape}")
    if not np.isfinite(s).all():
        raise ValueError("s must be finite, got NaN or an infinity")
    if alphas.ndim != 1:
        raise ValueError(f"alphas must be one-dimensional, got shape {alphas.shape}")
    _check_scale("alphas", alphas)
    # Apart from the best key, 1 − Σ p² keeps its relative accuracy where one key has won: no 1 − 1 occurs.
    best = s.max(axis=-1)
    is_best = np.arange(s.shape[-1]) == s.argmax(axis=-1)[..., None]
    others = s[~is_best].reshape(*s.shape[:-1], -1)
    below = others - best[..., None]
    g, score = np.empty((2, *s.shape[:-1], alphas.size))
    for a, alpha in enumerate(alphas):
        e = np.exp(alpha * below)
        rest = e.sum(axis=-1)
        squares = np.einsum("...i,...i", e, e)
        g[..., a] = alpha * (2 * rest + rest**2 - squares) / (1 + rest) ** 2
        score[..., a] = (best + np.einsum("...i,...i", e, others)) / (1 + rest)
    return g, score


def mean_field(alpha: ArrayLike, n: ArrayLike) -> Array:
    """Mean-field gradient size α(1 − e^{α²}/n) of n keys with standard normal scores.

    alpha, n broadcast. It is negative once α > √(log n), where the approximation has no meaning left, and
    −inf where e^{α²} overflows (α > 26). Raises ValueError if alpha is negative or not finite, or n < 1.
    """
    alpha = np.asarray(alpha, dtype=float)
    _check_scale("alpha", alpha)
    n = _check_keys(n, least=1)
    with np.errstate(over="ignore"):
        return alpha * (1 - np.exp(alpha**2 - np.log(n)))


def optimal_scale(n: ArrayLike) -> Array:
    """The α that maximises `mean_field(alpha, n)`: α² = W(n√e/2) − ½ with Lambert's W.

    n ≥ 2, real, any shape → the same shape. Raises ValueError if an n is smaller than 2 or not finite.
    """
    n = _check_keys(n, least=2)
    return np.sqrt(lambertw(n * np.exp(0.5) / 2).real - 0.5)


def cosine_log_mgf(alpha: ArrayLike, d: ArrayLike) -> Array:
    """Logarithm of E[e^{α s}] for the cosine s of two random directions in d dimensions.

    The density is ∝ (1 − s²)^{(d−3)/2}, and E[e^{α s}] = ₀F₁(; d/2; α²/4) = Γ(d/2)(2/α)^{d/2−1} I_{d/2−1}(α).
    alpha > 0 and d ≥ 2 broadcast. Evaluated in the log domain, with a relative error below 1e-10. Raises
    ValueError for alpha ≤ 0 or d < 2.
    """
    alpha = np.asarray(alpha, dtype=float)
    if not (np.isfinite(alpha) & (alpha > 0)).all():
        raise ValueError(f"alpha must be positive and finite, got {_offender(alpha, alpha > 0)}")
    alpha, d = np.broadcast_arrays(alpha, _check_dimension(d))
    # The Bessel function of an argument that is small against √d underflows, and its logarithm would cancel
    # against log Γ: there the power series is exact. Beyond order 500 it underflows everywhere of interest.
    small, huge = alpha**2 <= 60 * d, d > 1000
    return np.select(
        [small, huge],
        [_log_series(np.where(small, alpha, 1), d), _log_uniform(alpha, d)],
        _log_bessel(np.where(small | huge, 60, alpha), np.where(small | huge, 4, d)),
    )


def _log_series(alpha: Array, d: Array) -> Array:
    """Logarithm of ₀F₁(; d/2; α²/4) by Horner's scheme; 110 terms suffice for α² ≤ 60 d."""
    x = alpha**2 / 4
    tail = np.zeros(x.shape)
    for k in range(110, 0, -1):
        tail = x / (k * (d / 2 + k - 1)) * (1 + tail)
    return np.log1p(tail)


def _log_bessel(alpha: Array, d: Array) -> Array:
    """Logarithm of Γ(d/2)(2/α)^{d/2−1} I_{d/2−1}(α) by the exponentially scaled Bessel function."""
    order = d / 2 - 1
    return gammaln(d / 2) + order * np.log(2 / alpha) + np.log(ive(order, alpha)) + alpha


def _log_uniform(alpha: Array, d: Array) -> Array:
    """The same by the expansion that is uniform in α for large d (DLMF 10.41.3), normalised to 0 at α = 0."""
    order = np.maximum(d / 2 - 1, 1)
    t = np.hypot(1, alpha / order)
    above = (alpha / order) ** 2 / (1 + t)

    def correction(p: ArrayLike) -> Array:
        """Logarithm of 1 + U₁(p)/ν + U₂(p)/ν² with the polynomials of DLMF 10.41.10."""
        first = np.polyval([-5, 0, 3, 0], p) / 24
        second = np.polyval([385, 0, -462, 0, 81, 0, 0], p) / 1152
        return np.log1p(first / order + second / order**2)

    return order * (above - np.log1p(above / 2)) - np.log(t) / 2 + correction(1 / t) - correction(1)


def optimal_scale_cosine(n: ArrayLike, d: ArrayLike) -> Array:
    """The α that maximises the mean-field gradient size for cosine scores, α(1 − e^{K(2α) − 2K(α)}/n).

    K = `cosine_log_mgf`. n ≥ 2 and d ≥ 2 broadcast; all roots are found together. Raises ValueError for
    smaller n or d, and when an optimum lies beyond 1e6 (few dimensions, very many keys).
    """
    n, d = np.broadcast_arrays(_check_keys(n, least=2), _check_dimension(d))
    low, high = np.log(0.1 * np.sqrt(d)), np.full(d.shape, np.log(1e6))
    far = _excess(high, n, d) < 0
    if far.any():
        raise ValueError(f"n = {n[far][0]:g} is too large for d = {d[far][0]:g}: the optimum lies beyond 1e6")
    return np.exp(find_root(_excess, (low, high), args=(n, d)).x)


def _excess(log_alpha: Array, n: Array, d: Array) -> Array:
    """Log of the number of keys for which the scale is optimal, minus log n; it increases with the scale."""
    alpha = np.exp(log_alpha)
    once, twice = cosine_log_mgf(alpha, d), cosine_log_mgf(2 * alpha, d)
    # K'(α) = (α/d) E_{d+2}/E_d with E_d the moment generating function in d dimensions: ₀F₁ shifts by ₀F₁'.
    slope = alpha / d * np.exp(cosine_log_mgf(alpha, d + 2) - once)
    slope_twice = 2 * alpha / d * np.exp(cosine_log_mgf(2 * alpha, d + 2) - twice)
    return np.log1p(2 * alpha * (slope_twice - slope)) + twice - 2 * once - np.log(n)


def _offender(values: Array, good: NDArray[np.bool_]) -> float:
    """The first of `values` that is not `good` or not finite."""
    return values[~(np.isfinite(values) & good)].ravel()[0]


def _check_scale(name: str, alpha: Array) -> None:
    """ValueError unless every scale is finite and at least 0."""
    if not (np.isfinite(alpha) & (alpha >= 0)).all():
        raise ValueError(f"{name} must be finite and at least 0, got {_offender(alpha, alpha >= 0)}")


def _check_keys(n: ArrayLike, least: float) -> Array:
    """`n` as a float array; ValueError unless every entry is finite and at least `least`."""
    n = np.asarray(n, dtype=float)
    if not (np.isfinite(n) & (n >= least)).all():
        raise ValueError(f"n must be finite and at least {least}, got {_offender(n, n >= least)}")
    return n


def _check_dimension(d: ArrayLike) -> Array:
    """`d` as a float array; ValueError unless every entry is finite and at least 2."""
    d = np.asarray(d, dtype=float)
    if not (np.isfinite(d) & (d >= 2)).all():
        raise ValueError(f"d must be finite and at least 2, got {_offender(d, d >= 2)}")
    return d
