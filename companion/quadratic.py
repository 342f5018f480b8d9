"""A layer with a quadratic loss, and how far LoRA gets in it: gradient descent, the least loss, and its limit.

The loss is L(W) = ½⟨W − W*, C₁(W − W*)C₂⟩. With C₂ = I it is linear least squares with inputs of covariance C₁; two
curvatures are a Kronecker model of a layer in a network. LoRA is W = (W₀ − A₀B₀) + AB with A (n, r) and B (r, m). All
arrays may have leading axes, such as seeds. The floors are our own, by the theorem of Eckart and Young.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, number

Array = NDArray[np.float64]


class Task(NamedTuple):
    """L(W) = ½⟨W − W*, C₁(W − W*)C₂⟩: curvatures `inner` C₁ (…, n, n) and `outer` C₂ (…, m, m), W₀ and W* (…, n, m)."""

    inner: Array
    outer: Array
    start: Array
    target: Array


def quadratic_task(
    seeds: Sequence[int] = (1, 2, 3, 4, 5),
    n: int = 24,
    m: int = 20,
    decay: float = 1.5,
    conditioning: tuple[float, float] = (20.0, 1.0),
) -> Task:
    """Random tasks, one for each seed: W* − W₀ has the singular values j^(−decay), the curvatures the given conditions.

    With QR for the orthogonal factor of a standard normal matrix, each seed draws in this order: QR (n, n) for C₁,
    whose eigenvalues fall geometrically from 1 to 1/condition; W₀, normal with variance 1/n; QR (n, k) and QR (m, k),
    k = min(n, m), for W* − W₀; QR (m, m) for C₂. A condition of 1 makes a curvature the identity. Raises ValueError
    for conditions below 1, or no seeds.
    """
    n, m, decay = count("n", n), count("m", m), number("decay", decay)
    if np.size(conditioning) != 2:
        raise ValueError(f"conditioning must hold two conditions, for C₁ and C₂, got {conditioning!r}")
    first, second = (number("conditioning", condition, least=1) for condition in conditioning)
    if len(seeds) == 0:
        raise ValueError("seeds must hold at least one seed, got none")
    drawn = []
    for seed in seeds:
        rng = np.random.default_rng(count("seeds", seed, least=0))
        Q1, start, k = _orthogonal(rng, n, n), rng.standard_normal((n, m)) / np.sqrt(n), min(n, m)
        change = _orthogonal(rng, n, k) * np.arange(1.0, k + 1) ** -decay @ _orthogonal(rng, m, k).T
        Q2 = _orthogonal(rng, m, m)
        inner = Q1 * np.geomspace(1, 1 / first, n) @ Q1.T if first > 1 else np.eye(n)
        outer = Q2 * np.geomspace(1, 1 / second, m) @ Q2.T if second > 1 else np.eye(m)
        drawn.append((inner, outer, start, start + change))
    return Task(*map(np.stack, zip(*drawn, strict=True)))


def loss(task: Task, W: ArrayLike) -> Array:
    """½⟨W − W*, C₁(W − W*)C₂⟩ for W (…, n, m). Raises ValueError for another n or m."""
    away = _weights(task, W) - task.target
    return np.asarray(0.5 * (away * (task.inner @ away @ task.outer)).sum(axis=(-2, -1)))


def gradient(task: Task, W: ArrayLike) -> Array:
    """C₁(W − W*)C₂ for W (…, n, m). Raises ValueError for another n or m."""
    return np.asarray(task.inner @ (_weights(task, W) - task.target) @ task.outer)


def descend(task: Task, A: ArrayLike | None, B: ArrayLike | None, lr: ArrayLike, steps: int) -> Array:
    """Losses (steps + 1, …) of plain gradient descent on A and B from A₀ = A and B₀ = B; on W itself if both are None.

    `lr` is a number, or one for each leading index. A run that diverges ends in infinities or NaN. Cost per step:
    about 2nm(n + m + 3r) for each leading index. Raises ValueError for shapes that do not chain, or one factor alone.
    """
    if (A is None) != (B is None):
        raise ValueError(f"A and B must be given both or not at all, got {'B' if A is None else 'A'} alone")
    rate, steps = finite("lr", lr)[..., None, None], count("steps", steps, least=0)
    away, losses = task.start - task.target, []
    full = A is None or B is None
    a, b = (np.zeros((1, 1)),) * 2 if A is None or B is None else chained(task.start, A, B)[1:]
    fixed = away if full else away - a @ b
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(steps + 1):
            away = away if full else fixed + a @ b
            G = task.inner @ away @ task.outer
            losses.append(0.5 * (away * G).sum(axis=(-2, -1)))
            if full:
                away = away - rate * G
            else:
                a, b = a - rate * (G @ transposed(b)), b - rate * (transposed(a) @ G)
    return np.array(np.broadcast_arrays(*losses))


def floor(task: Task, A: ArrayLike, B: ArrayLike) -> Array:
    """The least loss of all W₀ − A₀B₀ + AB: half the tail beyond r of C₁^½(W* − W₀ + A₀B₀)C₂^½. Cost: an SVD.

    Raises ValueError for shapes that do not chain.
    """
    _, A, B = chained(task.start, A, B)
    left, right = power("inner", task.inner, 0.5), power("outer", task.outer, 0.5)
    return tail(left @ (task.target - task.start + A @ B) @ right, A.shape[-1]) / 2


def limit_floor(task: Task, A: ArrayLike, B: ArrayLike) -> Array:
    """The limit of `floor` for c·A₀ and c·B₀ as c → ∞: ½‖(I − P)M(I − Q)‖² with M = C₁^½(W* − W₀)C₂^½.

    P projects on the columns of C₁^½A₀, Q on the rows of B₀C₂^½. Raises ValueError for shapes that do not chain, and
    for factors that are not of full rank, such as B₀ = 0: then A₀B₀ does not grow in r directions, and the limit is
    another one.
    """
    _, A, B = chained(task.start, A, B)
    for name, factor in (("A", A), ("B", B)):
        if (rank := np.linalg.matrix_rank(factor)).min() < A.shape[-1]:
            raise ValueError(f"{name} must have full rank r = {A.shape[-1]}, got rank {rank.min()}")
    left, right = power("inner", task.inner, 0.5), power("outer", task.outer, 0.5)
    M = left @ (task.target - task.start) @ right
    P, Q = np.linalg.qr(left @ A)[0], np.linalg.qr(transposed(B @ right))[0]
    M = M - P @ (transposed(P) @ M)
    M = M - (M @ Q) @ transposed(Q)
    return np.asarray(0.5 * (M**2).sum(axis=(-2, -1)))


def tail(M: ArrayLike, r: int) -> Array:
    """The sum of the squares of all singular values but the first r, of M (…, n, m). Raises ValueError for r < 0."""
    values = np.linalg.svd(stack("M", M), compute_uv=False)
    return np.asarray((values[..., count("r", r, least=0) :] ** 2).sum(axis=-1))


def power(name: str, C: ArrayLike, exponent: float, size: int | None = None) -> Array:
    """C^exponent for symmetric positive definite matrices C (…, n, n), named in the ValueError that others raise.

    An eigenvalue within rounding of zero, n·2⁻⁵² times the largest, counts as zero.
    """
    C, exponent = stack(name, C), number("exponent", exponent)
    if C.shape[-2] != C.shape[-1] or C.shape[-1] != (size or C.shape[-1]):
        raise ValueError(f"{name} must be square of size {size or C.shape[-2]}, got shape {C.shape}")
    if not np.allclose(C, transposed(C), rtol=1e-9, atol=1e-12 * np.abs(C).max()):
        raise ValueError(f"{name} must be symmetric, got a difference of {np.abs(C - transposed(C)).max():g}")
    values, Q = np.linalg.eigh(C)
    if (values[..., 0] <= C.shape[-1] * np.finfo(float).eps * values[..., -1]).any():
        raise ValueError(f"{name} must be positive definite, got the eigenvalue {values.min():g}")
    return np.asarray((Q * values[..., None, :] ** exponent) @ transposed(Q))


def transposed(X: Array) -> Array:
    """X with its last two axes exchanged."""
    return X.swapaxes(-2, -1)


def _weights(task: Task, W: ArrayLike) -> Array:
    W = np.asarray(W, float)
    if W.shape[-2:] != task.target.shape[-2:]:
        raise ValueError(f"W must have shape (…, {', '.join(map(str, task.target.shape[-2:]))}), got {W.shape}")
    return W


def _orthogonal(rng: np.random.Generator, rows: int, columns: int) -> Array:
    return np.linalg.qr(rng.standard_normal((rows, columns)))[0]


def stack(name: str, values: ArrayLike) -> Array:
    """The argument `name` as finite matrices (…, n, m). Raises ValueError for anything else."""
    array = finite(name, values)
    if array.ndim < 2 or 0 in array.shape:
        raise ValueError(f"{name} must have shape (…, n, m) with n and m at least 1, got {array.shape}")
    return array


def chained(G: ArrayLike, A: ArrayLike, B: ArrayLike) -> tuple[Array, Array, Array]:
    """G (…, n, m), A (…, n, r) and B (…, r, m), if their shapes chain."""
    G, A, B = stack("G", G), stack("A", A), stack("B", B)
    if A.shape[-2] != G.shape[-2]:
        raise ValueError(f"A must have {G.shape[-2]} rows, as G, got shape {A.shape}")
    if B.shape[-2:] != (A.shape[-1], G.shape[-1]):
        raise ValueError(f"B must have shape (…, {A.shape[-1]}, {G.shape[-1]}), got {B.shape}")
    return G, A, B
