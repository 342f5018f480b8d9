"""LoRA's starts: two factors from the singular vectors of a gradient, and the first step that they take.

Rows are inputs, y = xW, and W = (W₀ − A₀B₀) + AB with A (n, r) and B (r, m), so that W starts at W₀. All arrays may
have leading axes, such as seeds. Sources: Su Jianlin, https://kexue.fm/archives/10226; Wang, Yu, Li, "LoRA-GA: Low-Rank
Adaptation with Gradient Approximation", arXiv:2407.05000; the start in a metric is our own.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, number, one_of, positive
from companion.quadratic import chained, power, stack, transposed
from companion.svd import randomized_svd

Array = NDArray[np.float64]

# Which of the top 2r singular vectors go to A and which to B.
CHOICES = {
    "A first": lambda r: (np.arange(r), np.arange(r, 2 * r)),
    "B first": lambda r: (np.arange(r, 2 * r), np.arange(r)),
    "interleaved": lambda r: (np.arange(0, 2 * r, 2), np.arange(1, 2 * r, 2)),
    "overlap": lambda r: (np.arange(r), np.arange(r)),
}


class Step(NamedTuple):
    """The change of W in one step of SGD, and its parts of first and second order in the learning rate."""

    total: Array
    first: Array
    second: Array


def init(
    G: ArrayLike,
    r: int,
    choice: str = "A first",
    scale: float = 1.0,
    metric: tuple[ArrayLike, ArrayLike] | None = None,
    rng: np.random.Generator | None = None,
) -> tuple[Array, Array]:
    """LoRA-GA's start from the gradient G (…, n, m): A₀ (…, n, r), B₀ (…, r, m); columns and rows of length `scale`.

    Of the top 2r singular vectors of G, 'A first' gives A the left ones of the first r and B the right ones of the
    next r; 'B first' exchanges the halves, 'interleaved' alternates, and 'overlap' gives both the first r. With
    `metric` = (C₁, C₂) the vectors are those of C₁^(−½) G C₂^(−½), taken back by the same roots. With `rng` the
    singular vectors come from `sketch` with 4r columns, as in the paper's code. Signs: the largest entry of a left
    vector is positive. If G has a rank below 2r, the vectors beyond it are any that complete the others. Cost: one SVD.
    Raises ValueError if 2r exceeds min(n, m), for G = 0, or a curvature that is not positive definite.
    """
    G = stack("G", G)
    n, m = G.shape[-2:]
    r, positions = count("r", r), CHOICES[one_of("choice", choice, CHOICES)]
    positive(scale=scale)
    if 2 * r > min(n, m):
        raise ValueError(f"r must be at most half of min(n, m) = {min(n, m)}, got {r}")
    if (np.abs(G).max(axis=(-2, -1)) == 0).any():
        raise ValueError("G must not be zero: a zero gradient has no direction")
    back = None
    if metric is not None:
        if len(metric) != 2:
            raise ValueError(f"metric must be a pair (C1, C2), got {len(metric)} of them")
        back = power("C1", metric[0], -0.5, n), power("C2", metric[1], -0.5, m)
        G = back[0] @ G @ back[1]
    U, _, V = np.linalg.svd(G, full_matrices=False) if rng is None else sketch(G, min(4 * r, n, m), rng)
    largest = np.take_along_axis(U, np.abs(U).argmax(axis=-2)[..., None, :], axis=-2)
    U, V = U * np.sign(largest), V * np.sign(largest).swapaxes(-2, -1)
    left, right = positions(r)
    A, B = U[..., left], V[..., right, :]
    if back is not None:
        A, B = back[0] @ A, B @ back[1]
        A = A / np.linalg.norm(A, axis=-2, keepdims=True)
        B = B / np.linalg.norm(B, axis=-1, keepdims=True)
    return scale * A, scale * B


def sketch(G: ArrayLike, q: int, rng: np.random.Generator | None, rounds: int = 4) -> tuple[Array, Array, Array]:
    """An approximate SVD of G (n, m) from q random directions: U (n, q), s (q,), V (q, m), with V already transposed.

    `svd.randomized_svd` with the settings of the paper's code: all q directions are kept, after `rounds` passes back
    and forth. Exact up to rounding if rank G ≤ q. Cost: about 4(rounds + 1)·n·m·q. Raises ValueError for q
    above min(n, m).
    """
    G = finite("G", G, ("n", "m"))
    q, rounds = count("q", q), count("rounds", rounds, least=0)
    if q > min(G.shape):
        raise ValueError(f"q must be at most min(n, m) = {min(G.shape)}, got {q}")
    return randomized_svd(G, q, oversample=0, iterations=rounds, rng=rng)


def step(G: ArrayLike, A: ArrayLike, B: ArrayLike, lr: float) -> Step:
    """What one step of SGD with rate `lr` on A and B adds to W: −lr(AAᵀG + GBᵀB) and + lr²GBᵀAᵀG.

    Raises ValueError for shapes that do not chain.
    """
    G, A, B = chained(G, A, B)
    lr = number("lr", lr)
    to_a, to_b = G @ transposed(B), transposed(A) @ G
    first, second = -lr * (A @ to_b + to_a @ B), lr**2 * to_a @ to_b
    return Step((A - lr * to_a) @ (B - lr * to_b) - A @ B, first, second)


def alignment(G: ArrayLike, A: ArrayLike, B: ArrayLike) -> tuple[Array, Array]:
    """Of D = AAᵀG + GBᵀB: the error ‖D − G‖/‖G‖ and the cosine ⟨D, G⟩/(‖D‖‖G‖).

    The best multiple of D has the error √(1 − cosine²). Raises ValueError for shapes that do not chain, or D = 0.
    """
    G, A, B = chained(G, A, B)
    # Neither depends on the length of G.
    largest = np.maximum(np.abs(G).max(axis=(-2, -1), keepdims=True), np.finfo(float).tiny)
    G = np.asarray(G / largest)
    D = A @ (transposed(A) @ G) + (G @ transposed(B)) @ B
    length, whole = np.linalg.norm(D, axis=(-2, -1)), np.linalg.norm(G, axis=(-2, -1))
    if (length == 0).any():
        raise ValueError("A and B must move W: AAᵀG + GBᵀB is zero")
    return np.linalg.norm(D - G, axis=(-2, -1)) / whole, (D * G).sum(axis=(-2, -1)) / (length * whole)


def stable_scale(d_out: int, gamma: float) -> float:
    """LoRA-GA's length of A₀'s columns and B₀'s rows, ζ = d_out^(1/4)/√γ. Raises ValueError for γ ≤ 0."""
    positive(gamma=gamma)
    return float(count("d_out", d_out) ** 0.25 / gamma**0.5)
