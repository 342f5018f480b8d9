"""A language model at its start, with a zero residual branch: logits and loss when the output matrix is the embedding.

Token i, with the embedding w_i ~ N(0, σ²I) in d dimensions, becomes h_i = √d·w_i/‖w_i‖ (RMSNorm), may be mixed by an
orthogonal map, and meets the output rows: the embedding itself, or a matrix of its own ("untied"). Losses are in nats.
Source: Su Jianlin, https://kexue.fm/archives/9698; the channel shuffle is that of ShuffleNet, arXiv:1707.01083.
"""

import math

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import gammaln, logsumexp

from companion._checks import count, finite, generator, one_of, positive, rows

Array = NDArray[np.float64]
SCHEMES = ("tied", "untied", "negated", "halfswap", "signedswap", "shuffle", "orthogonal")
SWAPS = ("halfswap", "signedswap")


def mix(h: ArrayLike, scheme: str, groups: int = 2, P: ArrayLike | None = None) -> Array:
    """What meets the output rows in place of h (…, d): h itself if 'tied' or 'untied', else its coordinates mixed.

    'negated' is −h; 'halfswap' exchanges the halves, (a, b) → (b, a); 'signedswap' is (a, b) → (b, −a); 'shuffle' the
    channel shuffle with `groups` groups; 'orthogonal' is h P, with P (d, d). Cost O(d) per vector, O(d²) for
    'orthogonal'. Raises ValueError for an unknown scheme, an odd d with a swap, groups that do not divide d, or a P
    that is missing or not orthogonal.
    """
    one_of("scheme", scheme, SCHEMES)
    h = rows("h", h)
    d = h.shape[-1]
    if scheme in SWAPS:
        _even(d)
        a, b = h[..., : d // 2], h[..., d // 2 :]
        return np.concatenate([b, a if scheme == "halfswap" else -a], axis=-1)
    if scheme == "shuffle":
        return h[..., shuffle(d, groups)]
    if scheme == "negated":
        return -h
    return h @ _orthogonal(P, d) if scheme == "orthogonal" else h


def shuffle(d: int, groups: int) -> NDArray[np.intp]:
    """The channel shuffle (d,) as a permutation: reshape to (groups, d/groups), transpose, flatten.

    Coordinate k of the result is coordinate shuffle(d, groups)[k] before. Raises ValueError unless groups divides d.
    """
    d, groups = count("d", d), count("groups", groups)
    if d % groups:
        raise ValueError(f"groups must divide d = {d}, got {groups}")
    return np.arange(d).reshape(groups, -1).T.ravel()


def fixed_points(perm: ArrayLike) -> int:
    """How many coordinates the permutation perm (d,) leaves in place. Raises ValueError if it is no permutation."""
    found = finite("perm", perm, ("d",))
    places = np.arange(found.size)
    if not np.array_equal(np.sort(found), places):
        raise ValueError(f"perm must hold each of 0 … {found.size - 1} once, got {found.tolist()}")
    return int((found == places).sum())


def initial_logits(
    W: ArrayLike, scheme: str, V: ArrayLike | None = None, groups: int = 2, P: ArrayLike | None = None
) -> Array:
    """Logits (n, n) of each next token (columns) after each token (rows), for the embedding W (n, d).

    The output rows are W, or V (n, d) for 'untied'; groups and P as in `mix`. Cost O(n²d). Raises ValueError as `mix`
    does, for a V that is missing or of another shape, and for a token whose embedding is zero.
    """
    W = finite("W", W, ("n", "d"))
    norms = np.linalg.norm(W, axis=1, keepdims=True)
    if not norms.all():
        raise ValueError(f"W must have no zero row, got one at index {int(norms.argmin())}")
    one_of("scheme", scheme, SCHEMES)
    if scheme == "untied":
        if V is None:
            raise ValueError("V must be given for the scheme 'untied', got None")
        V = finite("V", V, W.shape)
    out = W if V is None or scheme != "untied" else V
    logits: Array = mix(math.sqrt(W.shape[1]) * W / norms, scheme, groups, P) @ np.asarray(out).T
    return logits


def initial_loss(logits: ArrayLike) -> float:
    """Mean cross entropy of logits (n, n) over all pairs of a token and another one that follows it, in nats.

    Raises ValueError unless the logits are square, with at least 2 tokens.
    """
    z = finite("logits", logits, ("n", "n"))
    n = z.shape[0]
    if z.shape[1] != n or n < 2:
        raise ValueError(f"logits must have shape (n, n) with n at least 2, got {z.shape}")
    return float(logsumexp(z, axis=1).mean() - (z.sum() - np.trace(z)) / (n * (n - 1)))


def sampled_loss(
    n: int, d: int, sigma: float, scheme: str, rng: np.random.Generator, draws: int = 256, groups: int = 2
) -> Array:
    """Losses (draws,) of independent rows of `initial_logits`, each averaged over the n − 1 other tokens, in nats.

    Nothing is approximated: given w_i, the logits of the others are independent N(0, σ²d), because ‖h_i‖² = d, so that
    a row takes d + n random numbers and never an n × d matrix. For 'orthogonal' each row has a random P of its own.
    Cost O(draws (n + d)). Raises ValueError for n below 2 or no draws, and as `mix` does.
    """
    n, d, draws = count("n", n, least=2), count("d", d), count("draws", draws)
    positive(sigma=sigma)
    one_of("scheme", scheme, SCHEMES)
    generator(rng)
    s, losses = sigma * math.sqrt(d), np.empty(draws)
    for k in range(draws):
        others = s * rng.normal(size=n - 1)
        losses[k] = logsumexp(np.append(others, _self_logit(d, sigma, scheme, rng, groups))) - others.mean()
    return losses


def self_logits(
    d: int, sigma: float, scheme: str, rng: np.random.Generator, draws: int = 256, groups: int = 2
) -> Array:
    """Draws (draws,) of the logit that a token gives itself; for 'orthogonal', each with a random P of its own."""
    d, draws = count("d", d), count("draws", draws)
    positive(sigma=sigma)
    one_of("scheme", scheme, SCHEMES)
    generator(rng)
    return np.array([_self_logit(d, sigma, scheme, rng, groups) for _ in range(draws)])


def self_logit_mean(d: int, sigma: float) -> float:
    """The mean of the logit √d·‖w‖ of the token itself, if tied: σ√(2d)·Γ((d+1)/2)/Γ(d/2), just below dσ."""
    d = count("d", d)
    positive(sigma=sigma)
    return sigma * math.sqrt(2 * d) * math.exp(gammaln((d + 1) / 2) - gammaln(d / 2))


def critical_sigma(n: int, d: int) -> float:
    """The post's σ* = log(n)/d, at which e^{dσ} = n: the token itself weighs as much as all others together."""
    return math.log(count("n", n, least=2)) / count("d", d)


def lse_bound(n: int, s: float) -> float:
    """An upper bound on the mean of log Σ_k e^{z_k} for n normal logits z_k of variance s², independent or not.

    log n + s²/2 as long as s ≤ √(2 log n), and s√(2 log n) beyond.
    """
    n = count("n", n)
    positive(s=s)
    root = math.sqrt(2 * math.log(n))
    return math.log(n) + s * s / 2 if s <= root else s * root


def predicted_loss(n: int, d: int, sigma: float, scheme: str = "tied", refined: bool = True, groups: int = 2) -> float:
    """An estimate of the initial loss: log(e^m + Σ over the others), with m = tr(P)·σ for the token itself.

    tr P is d for 'tied', −d for 'negated', the number of fixed points for 'shuffle', and 0 else. The others count as
    n − 1 in the post's estimate (`refined=False`), which takes their logits to be 0, and as `lse_bound` says
    if refined.
    """
    n, d = count("n", n, least=2), count("d", d)
    positive(sigma=sigma)
    one_of("scheme", scheme, SCHEMES)
    fixed = fixed_points(shuffle(d, groups)) if scheme == "shuffle" else 0
    trace = {"tied": d, "negated": -d, "shuffle": fixed}.get(scheme, 0)
    others = lse_bound(n - 1, sigma * math.sqrt(d)) if refined else math.log(n - 1)
    return float(np.logaddexp(trace * sigma, others))


def _self_logit(d: int, sigma: float, scheme: str, rng: np.random.Generator, groups: int) -> float:
    w = sigma * rng.normal(size=d)
    other = rng.normal(size=d)
    h = math.sqrt(d) * w / np.linalg.norm(w)
    if scheme == "untied":
        return float(h @ (sigma * other))
    if scheme == "orthogonal":  # a random orthogonal map takes h to a random direction
        return float(math.sqrt(d) * other @ w / np.linalg.norm(other))
    return float(mix(h, scheme, groups) @ w)


def _even(d: int) -> None:
    if d % 2:
        raise ValueError(f"d must be even for a swap of halves, got {d}")


def _orthogonal(P: ArrayLike | None, d: int) -> Array:
    if P is None:
        raise ValueError("P must be given for the scheme 'orthogonal', got None")
    P = finite("P", P, (d, d))
    if (error := float(np.abs(P @ P.T - np.eye(d)).max())) > 1e-8:
        raise ValueError(f"P must be orthogonal, got P Pᵀ off the identity by {error:.3g}")
    return P
