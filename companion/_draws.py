"""Examples of matrices for `companion.matrices`: well conditioned, so that what is zero is seen to be zero."""

import numpy as np
from numpy.typing import NDArray

Array = NDArray[np.float64]
Shape = tuple[int, int]


def any_rank(rng: np.random.Generator, shape: Shape) -> Array:
    """A matrix of random rank, 0 and full included, with singular values between ½ and 2 beside zeros: the default."""
    return _of_rank(rng, shape, _some_rank(rng, min(shape)))


def full_rank(rng: np.random.Generator, shape: Shape) -> Array:
    """A matrix of full rank, with singular values between ½ and 2."""
    return _of_rank(rng, shape, min(shape))


def orthonormal(rng: np.random.Generator, shape: Shape) -> Array:
    """A matrix with orthonormal columns, or rows if it is wide."""
    u, _, vt = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return u @ vt


def projector(rng: np.random.Generator, shape: Shape) -> Array:
    """An orthogonal projector of random rank."""
    q = orthonormal(rng, shape)[:, : _some_rank(rng, shape[0])]
    return q @ q.T


def diagonal(rng: np.random.Generator, shape: Shape) -> Array:
    """A diagonal matrix with entries between ½ and 2, hence positive and invertible."""
    return np.diag(rng.uniform(0.5, 2, shape[0]))


def _some_rank(rng: np.random.Generator, most: int) -> int:
    """A rank: 0 in one of ten, the most in three of ten, else any but 0: products of many matrices seldom vanish."""
    kind = rng.random()
    return 0 if kind < 0.1 else most if kind < 0.4 else int(rng.integers(1, most + 1))


def _of_rank(rng: np.random.Generator, shape: Shape, rank: int) -> Array:
    u, s, vt = np.linalg.svd(rng.normal(size=shape), full_matrices=False)
    return (u * np.where(np.arange(s.size) < rank, rng.uniform(0.5, 2, s.size), 0)) @ vt


def symmetric(rng: np.random.Generator, shape: Shape) -> Array:
    """A symmetric matrix of random rank, with eigenvalues of either sign between ½ and 2 in size."""
    q = orthonormal(rng, shape)[:, : _some_rank(rng, shape[0])]
    return (q * rng.uniform(0.5, 2, q.shape[1]) * rng.choice([-1, 1], q.shape[1])) @ q.T


def number(rng: np.random.Generator) -> float:
    """A number between ½ and 2."""
    return float(rng.uniform(0.5, 2))
