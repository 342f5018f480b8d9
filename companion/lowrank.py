"""Low-rank approximation: three ways to the pseudo-inverse of a matrix.

The pseudo-inverse A† (r, n) of A (n, r) is the shortest B among those that minimise ‖AB − I‖_F. Sources:
Su Jianlin, https://kexue.fm/archives/10366; Ben-Israel and Cohen, SIAM J. Numer. Anal. 3 (1966), for `newton`.
"""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, number, positives

Array = NDArray[np.float64]
Floats = NDArray[np.floating[Any]]


def pinv(A: ArrayLike, rtol: float | None = None) -> Array:
    """The pseudo-inverse by the eigenvalues λ of the smaller Gram matrix: U Λ† Uᵀ Aᵀ for a tall A.

    A (n, r) → (r, n). An eigenvalue counts as 0 if λ ≤ rtol·λ_max; by default rtol = 10·max(n, r)·2.2e-16. As λ = σ², a
    singular value σ below √rtol·σ_max is lost (1e-7·σ_max for a 4×4 matrix), and what is kept has a relative error of
    up to 1e-16·(σ_max/σ)², while `numpy.linalg.pinv` keeps σ down to 1e-15·σ_max. One step 2X − XAX of `newton` (two if
    σ_max/σ reaches 1e6) repairs the error of a matrix of full rank, not the loss. The pseudo-inverse of 0 is 0. Cost
    nr·min(n, r). Raises ValueError if A is not a matrix or not finite, if rtol is negative or above 1, or if A†
    overflows.
    """
    A = finite("A", A, ("n", "r"))
    n, r = A.shape
    if rtol is None:
        rtol = 10 * max(n, r) * np.finfo(float).eps
    if number("rtol", rtol, least=0) > 1:
        raise ValueError(f"rtol must be at most 1, got {rtol!r}")
    if n < r:
        return pinv(A.T, rtol).T
    # An exact power of two keeps the squares of large and of small entries in range.
    scale = _power_of_two(A)
    lam, U = np.linalg.eigh((A / scale).T @ (A / scale))
    kept = lam > max(rtol * lam[-1], 0)
    inverse = np.divide(1, lam, out=np.zeros(r), where=kept)
    with np.errstate(over="ignore"):
        X = (U * inverse) @ U.T @ (A / scale).T / scale
    if not np.isfinite(X).all():
        raise ValueError(f"A must not be so small that A† overflows, got largest entry {np.abs(A).max()}")
    return X


def ridge_inverse(A: ArrayLike, eps: ArrayLike) -> Floats:
    """The ridge inverse (AᵀA + ε I)⁻¹Aᵀ = Aᵀ(AAᵀ + ε I)⁻¹, the B that minimises ‖AB − I‖² + ε‖B‖².

    A (n, r), eps of any shape (…) → (…, r, n), in single precision if A is, else in double. Its spectral norm is at
    most 1/(2√ε). Of the two forms the one with the smaller inverse is taken: if A has full rank, a small ε then costs
    no more digits than AᵀA does; else rounding is divided by ε. Cost k³ for each ε, with k = min(n, r), and nrk. Raises
    ValueError if A is not a matrix or not finite, if an eps is not positive and finite, or if AᵀA + ε I overflows or is
    singular in the precision of A.
    """
    dtype = np.float32 if getattr(A, "dtype", None) == np.float32 else np.float64
    A = finite("A", A, ("n", "r")).astype(dtype)
    eps = positives("eps", eps)
    if len(A) < len(A.T):
        return np.swapaxes(ridge_inverse(A.T, eps), -1, -2)
    with np.errstate(over="ignore", invalid="ignore"):
        gram = A.T @ A + eps.astype(dtype)[..., None, None] * np.eye(A.shape[1], dtype=dtype)
    if not np.isfinite(gram).all():
        raise ValueError(f"A and eps must not be so large that AᵀA + ε I overflows, got eps {eps.max()}")
    try:
        return np.linalg.solve(gram, np.broadcast_to(A.T, (*eps.shape, *A.T.shape)))
    except np.linalg.LinAlgError:
        raise ValueError(f"eps must not vanish beside AᵀA, got {eps.min()}") from None


def newton(A: ArrayLike, steps: int, start: ArrayLike | None = None) -> Array:
    """The iterates X ← 2X − XAX, which need no inverse: (steps + 1, r, n), the start included.

    A (n, r), start (r, n). From the default start Aᵀ/(‖A‖₁‖A‖_∞) the error 1 − σx of each singular value σ > 0 is
    squared in each step. If the rank is below both n and r, rounding between directions that A neither sees nor reaches
    (none if A has exact zeros there, or all products are exact) is doubled in each step: stop when X has settled. Cost
    n·r·min(n, r) for each step. Raises ValueError if A is not a matrix, is not finite or is 0, if steps is not a whole
    number of at least 0, or start has another shape.
    """
    A = finite("A", A, ("n", "r"))
    steps = count("steps", steps, least=0)
    if not A.any():
        raise ValueError("A must not be 0, got a matrix of zeros")
    iterates = np.empty((steps + 1, *A.T.shape))
    if start is None:
        iterates[0] = A.T / np.abs(A).sum(axis=0).max() / np.abs(A).sum(axis=1).max()
    else:
        iterates[0] = finite("start", start, A.T.shape)
    for k in range(steps):
        X = iterates[k]
        iterates[k + 1] = 2 * X - (X @ (A @ X) if len(A) < len(X) else (X @ A) @ X)
    return iterates


def _power_of_two(A: Array) -> float:
    """A power of two near the largest entry, 1 for a matrix of zeros."""
    largest = float(np.abs(A).max())
    return math.ldexp(1.0, math.frexp(largest)[1] - 1) if largest else 1.0
