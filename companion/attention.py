"""Attention: gradient size of softmax(alpha·s) and the scale that makes it largest; one layer, dense or quantised.

Scores s have variance 1 (s = q·k/√d), so `alpha` multiplies the usual factor 1/√d. Source, unless noted:
Su Jianlin, https://kexue.fm/archives/9812.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize.elementwise import find_root
from scipy.special import gammaln, ive, lambertw

from companion._checks import count, finite, rows, whole_below
from companion.quantize import histogram
from companion.softmax import softmax

Array = NDArray[np.float64]
MOST_DIMENSIONS = 1024


def gradient_profile(s: ArrayLike, alphas: ArrayLike) -> tuple[Array, Array]:
    """Gradient size g = α(1 − Σ p_i²) = ½‖∂p/∂s‖₁ and mean score Σ p_i s_i of p = softmax(α s), for each α.

    s (…, n), alphas (A,) → two arrays (…, A). Cost A·(size of s); memory of a few copies of s. Raises
    ValueError if n < 2, if s is not finite, or if an alpha is negative or not finite.
    """
    s, alphas = rows("s", s, least=2), finite("alphas", alphas, ("A",), least=0)
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
    alpha, n = finite("alpha", alpha, least=0), finite("n", n, least=1)
    with np.errstate(over="ignore"):
        return alpha * (1 - np.exp(alpha**2 - np.log(n)))


def optimal_scale(n: ArrayLike) -> Array:
    """The α that maximises `mean_field(alpha, n)`: α² = W(n√e/2) − ½ with Lambert's W.

    n ≥ 2, real, any shape → the same shape. Raises ValueError if an n is smaller than 2 or not finite.
    """
    n = finite("n", n, least=2)
    return np.sqrt(lambertw(n * np.exp(0.5) / 2).real - 0.5)


def cosine_log_mgf(alpha: ArrayLike, d: ArrayLike) -> Array:
    """Logarithm of E[e^{α s}] for the cosine s of two random directions in d dimensions.

    The density is ∝ (1 − s²)^{(d−3)/2}, and E[e^{α s}] = ₀F₁(; d/2; α²/4) = Γ(d/2)(2/α)^{d/2−1} I_{d/2−1}(α).
    alpha > 0 and 2 ≤ d ≤ 1024 broadcast. Evaluated in the log domain, with a relative error below 1e-10. Raises
    ValueError for alpha ≤ 0 or d out of range.
    """
    alpha = finite("alpha", alpha)
    if (alpha <= 0).any():
        raise ValueError(f"alpha must be positive and finite, got {alpha[alpha <= 0][0]}")
    return _cosine_log_mgf(alpha, _dimension(d))


def _cosine_log_mgf(alpha: Array, d: Array) -> Array:
    # The Bessel function of an argument that is small against √d underflows, and its logarithm would cancel
    # against log Γ: there the power series is exact.
    alpha, d = np.broadcast_arrays(alpha, d)
    small = alpha**2 <= 60 * d
    series, bessel = (
        _log_series(np.where(small, alpha, 1), d),
        _log_bessel(np.where(small, 60, alpha), np.where(small, 4, d)),
    )
    return np.where(small, series, bessel)


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


def optimal_scale_cosine(n: ArrayLike, d: ArrayLike) -> Array:
    """The α that maximises the mean-field gradient size for cosine scores, α(1 − e^{K(2α) − 2K(α)}/n).

    K = `cosine_log_mgf`. n ≥ 2 and 2 ≤ d ≤ 1024 broadcast; all roots are found together. Raises ValueError
    for n or d out of range, and when an optimum lies beyond 1e6 (few dimensions, very many keys).
    """
    n, d = np.broadcast_arrays(finite("n", n, least=2), _dimension(d))
    low, high = np.log(0.1 * np.sqrt(d)), np.full(d.shape, np.log(1e6))
    far = _excess(high, n, d) < 0
    if far.any():
        raise ValueError(f"n = {n[far][0]:g} is too large for d = {d[far][0]:g}: the optimum lies beyond 1e6")
    return np.exp(find_root(_excess, (low, high), args=(n, d)).x)


def _excess(log_alpha: Array, n: Array, d: Array) -> Array:
    """Log of the number of keys for which the scale is optimal, minus log n; it increases with the scale."""
    alpha = np.exp(log_alpha)
    once, twice = _cosine_log_mgf(alpha, d), _cosine_log_mgf(2 * alpha, d)
    # K'(α) = (α/d) E_{d+2}/E_d with E_d the moment generating function in d dimensions: ₀F₁ shifts by ₀F₁'.
    slope = alpha / d * np.exp(_cosine_log_mgf(alpha, d + 2) - once)
    slope_twice = 2 * alpha / d * np.exp(_cosine_log_mgf(2 * alpha, d + 2) - twice)
    return np.log1p(2 * alpha * (slope_twice - slope)) + twice - 2 * once - np.log(n)


def _dimension(d: ArrayLike) -> Array:
    """The number of dimensions, as far as the Bessel function does not underflow."""
    d = finite("d", d, least=2)
    if (d > MOST_DIMENSIONS).any():
        raise ValueError(f"d must be at most {MOST_DIMENSIONS}, got {d[d > MOST_DIMENSIONS][0]}")
    return d


# --- one layer ---------------------------------------------------------------------------------------------------


def attend(q: ArrayLike, k: ArrayLike, v: ArrayLike, causal: bool = False, bias: ArrayLike | None = None) -> Array:
    """Softmax attention of one head: row i is Σ_j p_ij v_j, where p_i is the softmax over j of q_i·k_j + bias_ij.

    q (n, d), k (m, d), v (m, d_v), bias (n, m) → (n, d_v). The score is q·k as it stands, so a scale such as 1/√d
    is put into q beforehand. With `causal`, query i sees the keys j ≤ i alone, which needs n = m. Cost
    n·m·(d + d_v), memory n·m. Raises ValueError for shapes that do not fit or entries that are not finite. Source:
    Vaswani et al., https://arxiv.org/abs/1706.03762.
    """
    q = finite("q", q, ("n", "d"))
    k = finite("k", k, ("m", q.shape[1]))
    v = finite("v", v, (k.shape[0], "d_v"))
    scores = q @ k.T
    if bias is not None:
        scores += finite("bias", bias, scores.shape)
    if causal:
        if k.shape[0] != q.shape[0]:
            raise ValueError(f"k must have as many rows as q, {q.shape[0]}, if causal, got {k.shape[0]}")
        scores[np.triu_indices(q.shape[0], 1)] = -np.inf
    return softmax(scores) @ v


def causal_mean(v: ArrayLike) -> Array:
    """Causal attention with equal weights: y_n = (v_1 + … + v_n)/n.

    v (…, n, d) → (…, n, d). One running sum: cost and memory of the size of v, where `attend` needs n² more. Raises
    ValueError for fewer than two axes, an empty one, or entries that are not finite. Source: Su Jianlin,
    https://kexue.fm/archives/10347.
    """
    v = finite("v", v)
    if v.ndim < 2 or 0 in v.shape:
        raise ValueError(f"v must have shape (…, n, d), got {v.shape}")
    return np.cumsum(v, axis=-2) / np.arange(1, v.shape[-2] + 1)[:, None]


# --- attention over quantised keys ---------------------------------------------------------------------------------


def vq_attend(
    q: ArrayLike,
    codes: ArrayLike,
    codebook: ArrayLike,
    v: ArrayLike,
    causal: bool = False,
    block: int | None = None,
    bias: ArrayLike | None = None,
) -> Array:
    """Softmax attention over the keys codebook[codes], in a time that is linear in their number.

    q (n, d_k) with the scale absorbed, codes (n,), codebook (c, d_k), v (n, d_v) → (n, d_v). Not causal: every query
    sees all keys (and their number may differ from that of queries), as softmax(q Cᵀ + log counts) · mean values.
    Causal: in blocks of `block` tokens; a block sees itself and the one before key by key, with `bias` (block + 1,)
    added to the scores at distances 0 … block, and all earlier ones as a histogram. The three parts share one softmax,
    so one maximum is taken off all of them. Cost n·c·(d_k + d_v), and n·2·block·(d_k + d_v) if causal. Raises
    ValueError for shapes that do not fit, codes outside 0 … c − 1, a block that does not divide n or is missing when
    causal, or a block or bias without causal. Source: Lingle, arXiv:2309.16354, with the means of values for sums.
    """
    codebook = finite("codebook", codebook, ("c", "d_k"))
    q, c = finite("q", q, ("n", codebook.shape[1])), len(codebook)
    codes = whole_below("codes", codes, c, ("n",))
    v = finite("v", v, (len(codes), "d_v"))
    if not causal:
        for name, given in (("block", block), ("bias", bias)):
            if given is not None:
                raise ValueError(f"{name} is for causal attention only, got {given!r}")
        counts, means = histogram(codes, v, c)
        return softmax(q @ codebook.T + _log(counts)) @ means
    if len(q) != len(codes):
        raise ValueError(f"q must have as many rows as there are codes, {len(codes)}, if causal, got {len(q)}")
    block = _block(block, len(q))
    local = _local(np.zeros(block + 1) if bias is None else finite("bias", bias, (block + 1,)), block)
    out, keys = np.empty(v.shape), codebook[codes]
    counts, sums = np.zeros(c), np.zeros((c, v.shape[1]))
    for start in range(0, len(q), block):
        mine, near = slice(start, start + block), slice(max(0, start - block), start + block)
        if start >= 2 * block:
            left = slice(start - 2 * block, start - block)
            counts += np.bincount(codes[left], minlength=c)
            np.add.at(sums, codes[left], v[left])
        scores = q[mine] @ keys[near].T
        scores += local[:, -scores.shape[1] :]
        values = v[near]
        if start >= 2 * block:
            scores = np.hstack([q[mine] @ codebook.T + _log(counts), scores])
            values = np.vstack([sums / np.maximum(counts, 1)[:, None], values])
        out[mine] = softmax(scores) @ values
    return out


def attention_cost(n: int, c: int, d_k: int, d_v: int, block: int | None = None) -> tuple[int, int]:
    """Multiplications of dense attention and of `vq_attend`, the search for the codes included: (dense, vq).

    Without `block` every query sees all n keys. With it attention is causal: dense attention pays for the n(n + 1)/2
    pairs that are not masked, VQ attention for whole blocks. Raises ValueError for sizes below 1 or a block that does
    not divide n.
    """
    n, c, d_k, d_v = count("n", n), count("c", c), count("d_k", d_k), count("d_v", d_v)
    codes = n * c * d_k + n * d_v
    if block is None:
        return n * n * (d_k + d_v), codes + n * c * (d_k + d_v)
    block = _block(block, n)
    blocks = n // block
    pairs = (2 * blocks - 1) * block**2 + max(blocks - 2, 0) * block * c
    return n * (n + 1) // 2 * (d_k + d_v), codes + pairs * (d_k + d_v)


def _block(block: int | None, n: int) -> int:
    """The length of a block, which must be given and divide n."""
    if block is None:
        raise ValueError("block must be given for causal attention, got None")
    block = count("block", block)
    if n % block:
        raise ValueError(f"block must divide the number of tokens, {n}, got {block}")
    return block


def _local(bias: Array, block: int) -> Array:
    """Bias and mask (block, 2·block) between a block's queries and the keys of the block before and its own."""
    distance = block + np.arange(block)[:, None] - np.arange(2 * block)
    inside = (distance >= 0) & (distance <= block)
    return np.where(inside, bias[np.clip(distance, 0, block)], np.where(distance < 0, -np.inf, 0.0))


def _log(counts: Array) -> Array:
    """Logarithms of counts: −∞ for a code that does not occur, which the softmax leaves out."""
    with np.errstate(divide="ignore"):
        return np.log(counts)
