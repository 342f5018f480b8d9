"""Rotary position encoding (RoPE): the rotation, its kernel, and which bases carry a context length.

Pair i of a head of size d turns by θ_i = b^(−2i/d) per position, b the base. Sources: Su et al., "RoFormer",
arXiv:2104.09864; Men et al., "Base of RoPE Bounds Context Length", arXiv:2405.14591; Su Jianlin,
https://kexue.fm/archives/10122. The certified searches are ours.
"""

import math
from collections.abc import Iterable
from importlib.resources import files
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.optimize import brentq
from scipy.special import sici

from companion._checks import count, finite, number, positive, positives, rows

Array = NDArray[np.float64]
CI_ZERO = 0.6165054856207162  # the first zero of the cosine integral
_WIDEST = 1 / 8  # a step down in log b, over which θ² grows by at most e^(1/4)


def frequencies(d: int, base: float = 1e4, rotated: int | None = None) -> Array:
    """Angles per position of the d/2 pairs, base^(−i/r) for the first r = `rotated` pairs and 0 for the others.

    (d/2,); r = d/2 if left out. Raises ValueError if d is odd, base < 1, or r is not in 1 … d/2.
    """
    exponents, still = _exponents(d, rotated)
    return np.concatenate([number("base", base, least=1) ** -exponents, np.zeros(still)])


def rotate(x: ArrayLike, pos: ArrayLike, base: float = 1e4) -> Array:
    """RoPE: turns the pairs (2i, 2i + 1) of x by the angles pos · θ_i.

    x (…, d). `pos` with fewer axes than x is one coordinate a token and broadcasts against x.shape[:-1], as (n,) for x
    (…, n, d). With as many axes as x, (…, n, k), it holds k coordinates a token, and pair i uses coordinate i mod k.
    Raises ValueError if d is odd, base < 1, k > d/2, or the shapes do not fit.
    """
    x, pos = rows("x", x), finite("pos", pos)
    if pos.ndim > x.ndim:
        raise ValueError(f"pos must have at most as many axes as x, got shapes {pos.shape} and {x.shape}")
    angles = _angles("pos", pos if pos.ndim == x.ndim else pos[..., None], base, x.shape[-1])
    try:
        shape = np.broadcast_shapes(x.shape[:-1], angles.shape[:-1])
    except ValueError:
        raise ValueError(f"pos must fit the tokens of x, got shapes {pos.shape} and {x.shape}") from None
    cos, sin = np.cos(angles), np.sin(angles)
    turned = np.empty((*shape, x.shape[-1]))
    turned[..., ::2] = cos * x[..., ::2] - sin * x[..., 1::2]
    turned[..., 1::2] = sin * x[..., ::2] + cos * x[..., 1::2]
    return turned


def kernel(delta: ArrayLike, base: float = 1e4, d: int = 128) -> Array:
    """Similarity (2/d) Σ_i cos(δ_{i mod k} θ_i) that is left of equal vectors at the displacement δ, 1 at δ = 0.

    delta (…, k) → (…): the last axis holds the k coordinates, which alternate over the pairs. For many distances along
    one axis give `m[..., None]`; a single number is one distance. Raises ValueError if d is odd, base < 1, or k > d/2.
    """
    delta = finite("delta", delta)
    return np.cos(_angles("delta", np.atleast_1d(delta), base, d)).mean(axis=-1)


def similarity_gap(m: ArrayLike, base: float = 1e4, d: int = 128, rotated: int | None = None) -> Array:
    """f_b(m) = Σ_i cos(m θ_i): a similar key's lead over a random one at distance m, in units of 2σ².

    m of any shape, real → the same shape. Cost d/2 cosines a distance. Raises ValueError as `frequencies` does.
    """
    m, theta = finite("m", m), frequencies(d, base, rotated)
    total = np.zeros(m.shape)
    for angle in theta:
        total += np.cos(m * angle)
    return total


def integral_gap(m: ArrayLike, base: float = 1e4) -> Array:
    """The limit of (2/d) f_b(m) for d → ∞: (Ci(m) − Ci(m/b)) / log b with the cosine integral Ci.

    m > 0, any shape; base > 1. Raises ValueError otherwise.
    """
    m = positives("m", m)
    if not number("base", base) > 1:
        raise ValueError(f"base must be larger than 1, got {base}")
    return (sici(m)[1] - sici(m / base)[1]) / math.log(base)


def max_length(base: float, d: int = 128, rotated: int | None = None, cap: int = 2**21) -> int:
    """The first distance m with f_b(m) < 0, which is the longest context that the base carries; `cap` if none is below.

    Scans blocks that double, 1024 distances first; a block of n costs about 2√n·d sines and cosines and a matrix
    product. Raises ValueError as `frequencies` does.
    """
    theta, cap = frequencies(d, base, rotated), count("cap", cap)
    start, size = 0, 1024
    while start < cap:
        negative = np.flatnonzero(_tables(theta, None, start, min(size, cap - start))[0] < 0)
        if negative.size:
            return start + int(negative[0])
        start, size = start + size, 2 * size
    return cap


class Search(NamedTuple):
    """The least base that carries a length, and the distances that rule out every smaller one, in order."""

    base: float
    witnesses: NDArray[np.int64]


def base_lower_bound(L: int, d: int = 128, rotated: int | None = None, start: float = 1.0, tol: float = 1e-10) -> float:
    """The least base b ≥ start with f_b(m) ≥ 0 at all distances m < L: see `search_base`, which keeps the proof."""
    return search_base(L, d, rotated, start, tol).base


def search_base(L: int, d: int = 128, rotated: int | None = None, start: float = 1.0, tol: float = 1e-10) -> Search:
    """The least base b ≥ start with f_b(m) ≥ 0 for all m < L, and the witnesses m against all smaller bases.

    In u = log b a distance with f(m) < 0 rules out a whole interval, by Taylor's formula and a bound on f″ (`_reach`).
    The search goes from interval to interval, each time with the distance that reaches farthest. Where none reaches as
    far as `tol` in log b, as at the edge of a window of good bases, it steps by `tol` and may step over a narrower
    window there; `ruled_out` tells how far the witnesses prove. One scan of all distances (√L·d sines and a product of
    two matrices) for each witness. As constraints are nested, the result for L is a `start` for longer contexts. Raises
    ValueError for L < 1, d = 2 (no base slows down the only pair), start < 1, or tol outside (0, 1).
    """
    (exponents, still), L = _searchable(d, rotated), count("L", L)
    tol, slack, u = _step(tol), _slack(L, d), math.log(number("start", start, least=1))
    witnesses: list[int] = []
    while True:
        f, slope = _tables(np.exp(-u * exponents), exponents, 0, L)
        f += still
        m = np.flatnonzero(f < -slack)
        if not m.size:
            return Search(math.exp(u), np.array(witnesses, dtype=np.int64))
        reach = _reach(-f[m] - slack, slope[m], m, u, exponents)
        best = int(reach.argmax())
        witnesses.append(int(m[best]))
        u += max(float(reach[best]), tol)


def ruled_out(witnesses: Iterable[int], d: int = 128, rotated: int | None = None, start: float = 1.0) -> float:
    """The base below which every base from `start` on fails, by the given witnesses alone: d/2 cosines for each.

    Checks what `search_base` found without repeating its scans, and without its steps by `tol`: the intervals of the
    witnesses join without a gap. It stops at a witness that is none. The checked length is the largest witness + 1.
    Raises ValueError for witnesses that are not whole and positive.
    """
    (exponents, still), u = _searchable(d, rotated), math.log(number("start", start, least=1))
    for given in witnesses:
        m = count("witnesses", given)
        angles = m * np.exp(-u * exponents)
        beyond = -still - np.cos(angles).sum() - _slack(m + 1, d)
        if beyond <= 0:
            break
        u += float(_reach(beyond, (exponents * angles) @ np.sin(angles), m, u, exponents))
    return math.exp(u)


def stored_witnesses() -> dict[int, NDArray[np.int64]]:
    """The witnesses of `search_base`, from the least base of L/2 on, for lengths L where it takes long; d = 128.

    They stand in `data/rope_witnesses.csv`, a line for each L. To find them again takes two minutes.
    """
    text = files("companion").joinpath("data", "rope_witnesses.csv").read_text(encoding="utf-8")
    rows = (line.split(",") for line in text.splitlines()[1:])
    return {int(L): np.array(witnesses.split(), dtype=np.int64) for L, witnesses in rows}


def safe_base(L: int, d: int = 128, rotated: int | None = None, tol: float = 1e-10) -> float:
    """A base above which *every* base has f_b(m) ≥ 0 at all distances m < L; 1 if all bases have.

    Starts where cos(mθ), replaced by −1 beyond mθ = π, still gives a sum ≥ 0: that sum grows with the base and falls
    with m, so all larger bases are safe. From there it goes down in log b, as far at a time as Taylor's formula allows
    for all m at once, until the next step would be shorter than `tol`. No bad base above is missed; the result is the
    least such base unless a lead only touches 0 there. One scan of all distances for each step. Raises ValueError as
    `search_base` does.
    """
    (exponents, still), L = _searchable(d, rotated), count("L", L)
    tol, slack, u = _step(tol), _slack(L, d), _ceiling(L, exponents, still)
    while u > 0:
        f, slope = _tables(np.exp(-u * exponents), exponents, 1, L - 1)
        reach = _reach(
            np.maximum(f + still - slack, 0), slope, np.arange(1, L), u, exponents, growth=math.exp(2 * _WIDEST)
        )
        if (step := float(reach.min())) < tol:
            return math.exp(u)
        u -= min(step, _WIDEST)
    return 1.0


def _reach(
    size: Array | float, slope: Array | float, m: NDArray[Any] | int, u: float, exponents: Array, growth: float = 1.0
) -> Array:
    """How far f keeps its sign when log b moves from u towards smaller |f|: the root of |f| − f′h − ½Mh² = 0.

    size = |f|, slope = f′ = Σ s x sin x with x = mθ. M = Σ s²(x + x²) ≥ |f″| falls with u; times `growth` it bounds
    |f″| below u too.
    """
    theta = np.exp(-u * exponents)
    bound = growth * (m * (exponents**2 @ theta) + np.square(m, dtype=float) * (exponents**2 @ theta**2))
    return (np.sqrt(slope**2 + 2 * bound * size) - slope) / bound


def _tables(theta: Array, exponents: Array | None, start: int, size: int) -> tuple[Array, Array]:
    """Σ cos(mθ) for m = start … start + size − 1; its derivative in log b, Σ s mθ sin(mθ), if exponents s are given.

    With m = A + B, cos and sin of a sum of two angles turn the table into a product of two small matrices.
    """
    block = math.isqrt(size - 1) + 1
    coarse = np.multiply.outer(start + block * np.arange(-(-size // block)), theta)
    fine = np.multiply.outer(np.arange(block), theta)
    cos, sin = np.cos(coarse), np.sin(coarse)
    right = np.hstack([np.cos(fine), np.sin(fine)]).T
    total = (np.hstack([cos, -sin]) @ right).ravel()[:size]
    if exponents is None:
        return total, total
    weight = exponents * theta
    return total, (start + np.arange(size)) * (np.hstack([weight * sin, weight * cos]) @ right).ravel()[:size]


def _ceiling(L: int, exponents: Array, still: int) -> float:
    """A log b above which all bases are safe."""

    def floor(u: float) -> float:
        angles = (L - 1) * np.exp(-u * exponents)
        return still + float(np.where(angles < math.pi, np.cos(angles), -1).sum())

    if floor(0) >= 0:
        return 0.0
    high = 1.0
    while floor(high) < 0:
        high *= 2
    return float(brentq(floor, 0, high)) + 1e-9


def _slack(L: int, d: int) -> float:
    """More than the rounding error of a sum of d/2 cosines of angles below L."""
    return L * d * 2.0**-52


def _exponents(d: int, rotated: int | None) -> tuple[Array, int]:
    """The exponents i/r of the pairs that turn, and the number of those that do not."""
    if (d := count("d", d, least=2)) % 2:
        raise ValueError(f"d must be even, got {d}")
    r = d // 2 if rotated is None else count("rotated", rotated)
    if r > d // 2:
        raise ValueError(f"rotated must be at most d/2 = {d // 2}, got {rotated}")
    return np.arange(r) / r, d // 2 - r


def _step(tol: float) -> float:
    positive(tol=tol)
    if tol >= 1:
        raise ValueError(f"tol must be smaller than 1, got {tol}")
    return tol


def _searchable(d: int, rotated: int | None) -> tuple[Array, int]:
    exponents, still = _exponents(d, rotated)
    if d == 2:
        raise ValueError("d must be at least 4, got 2: no base slows down the only pair")
    return exponents, still


def _angles(name: str, coordinates: Array, base: float, d: int) -> Array:
    """Angles (…, d/2) of coordinates (…, k) that alternate over the pairs."""
    theta, k = frequencies(d, base), coordinates.shape[-1]
    if not 1 <= k <= len(theta):
        raise ValueError(f"{name} must hold between 1 and d/2 = {len(theta)} coordinates, got {k}")
    return coordinates[..., np.arange(len(theta)) % k] * theta
