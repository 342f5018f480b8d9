"""The singular value decomposition M = U Σ Vᵀ, four ways, and the best approximation of lower rank.

Conventions: M (n, m), p = min(n, m), singular values s fall; U has orthonormal columns, Vt orthonormal rows. Of equal
singular values the vectors are not unique, and of all vectors not the sign.

Sources: Su Jianlin, https://kexue.fm/archives/10407; N. Halko, P. G. Martinsson and J. A. Tropp, "Finding structure
with randomness", SIAM Review 53, 2011 (arXiv:0909.4061).
"""

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, generator, one_of

Array = NDArray[np.float64]
Factors = tuple[Array, Array, Array]
NORMS = ("fro", "spectral")


def svd(M: ArrayLike) -> Factors:
    """The SVD by the eigenvectors of one Gram matrix, as its existence is proved: U (n, p), s (p,), Vt (p, m).

    For teaching: the vectors of singular values below about 1e-8 of the largest mix, as MᵀM loses them. The stretches
    are the diagonal of R in MV = QR, not roots of eigenvalues. A zero matrix is decomposed as well. Cost
    O(nm·p + p³). Raises ValueError for what is no matrix, empty or not finite.
    """
    matrix = finite("M", M, ("n", "m"))
    if matrix.shape[0] < matrix.shape[1]:
        right, s, left = svd(matrix.T)
        return left.T, s, right.T
    # A power of two off all entries: exact, and no square overflows.
    power = np.frexp(np.abs(matrix).max())[1]
    matrix = np.ldexp(matrix, -power)
    _, V = np.linalg.eigh(matrix.T @ matrix)
    # MV = UΣ. Where σ is too small for M v / σ to be orthogonal, QR supplies the column.
    U, R = np.linalg.qr(matrix @ V[:, ::-1])
    s, signs = np.abs(np.diag(R)), np.where(np.diag(R) < 0, -1.0, 1.0)
    order = np.argsort(-s, kind="stable")
    return (U * signs)[:, order], np.ldexp(s[order], power), V.T[::-1][order]


def svd_exact(M: sp.Matrix) -> tuple[sp.Matrix, sp.Matrix, sp.Matrix]:
    """The SVD in exact arithmetic, by the eigenvectors of MᵀM: U_r (n, r), S_r (r, r), V (m, m), with r the rank.

    M = U_r S_r V_rᵀ with the first r columns of V; the others span the null space. Raises ValueError for entries that
    are no integers or rationals, and for eigenvalues that need more than a square root, which SymPy may never finish.
    """
    if not isinstance(M, sp.MatrixBase) or 0 in M.shape:
        raise ValueError(f"M must be a SymPy matrix with at least one entry, got {M!r}")
    for entry in M:
        if not entry.is_Rational:
            raise ValueError(f"M must hold integers or rationals, got {entry}")
    if any(factor.degree() > 2 for factor, _ in (M.T * M).charpoly().factor_list()[1]):
        raise ValueError(f"M must have squared singular values that are rational or quadratic, got {M.tolist()}")
    spaces = sorted((M.T * M).eigenvects(), key=lambda space: -space[0].evalf(30))
    columns = [v for _, _, basis in spaces for v in sp.GramSchmidt(basis, orthonormal=True)]
    sigma = [sp.sqrt(value) for value, times, _ in spaces for _ in range(times) if value != 0]
    V = sp.Matrix.hstack(*columns)
    U = sp.zeros(M.rows, len(sigma))
    for i, s in enumerate(sigma):
        U[:, i] = (M * V[:, i] / s).applyfunc(sp.simplify)
    return U, sp.diag(*sigma), V


def svd2(M: ArrayLike) -> Factors:
    """Rotation · stretch · rotation of 2×2 matrices: M (…, 2, 2) → angles α (…), stretches s (…, 2), angles β (…).

    M = R(α) diag(s) R(β)ᵀ with R(α) = ((cos α, −sin α), (sin α, cos α)). s₁ ≥ |s₂|, and s₂ has the sign of det M, so
    that no reflection is needed. Raises ValueError for another shape or entries that are not finite.
    """
    matrices = finite("M", M)
    if matrices.shape[-2:] != (2, 2):
        raise ValueError(f"M must have shape (…, 2, 2), got {matrices.shape}")
    (a, b), (c, d) = np.moveaxis(matrices, (-2, -1), (0, 1)) / 2  # halves, whose sums do not overflow
    difference, total = np.arctan2(c - b, a + d), np.arctan2(b + c, a - d)
    turned, flipped = np.hypot(a + d, c - b), np.hypot(a - d, b + c)
    s = np.stack([turned + flipped, turned - flipped], axis=-1)
    return (total + difference) / 2, s, (total - difference) / 2


def truncate(M: ArrayLike, r: int) -> Array:
    """The cut M_r of the SVD after r terms, a best approximation of rank at most r: (n, m). Cost O(nm·p).

    Best in every unitarily invariant norm; in the Frobenius norm it is the only one if s_r > s_{r+1} or s_r = 0.

    Raises ValueError for what is no finite matrix, and for r outside 1 … min(n, m).
    """
    U, s, Vt = np.linalg.svd(finite("M", M, ("n", "m")), full_matrices=False)
    r = _rank(r, s.size)
    return (U[:, :r] * s[:r]) @ Vt[:r]


def tail(s: ArrayLike, r: int, norm: str = "fro") -> float:
    """The error of the best approximation of rank r, from the singular values s (p,), which fall.

    √Σ_{j>r} s_j² for the norm "fro", s_{r+1} for "spectral", 0 for r = p. Raises ValueError for an unknown norm, r
    outside 1 … p, or s that rises or is negative.
    """
    s = finite("s", s, ("p",), least=0)
    if (rises := np.diff(s) > 0).any():
        raise ValueError(f"s must fall, got {s[1:][rises][0]} after {s[:-1][rises][0]}")
    rest = s[_rank(r, s.size) :]
    # hypot, as squares may overflow
    return float(np.hypot.reduce(rest) if one_of("norm", norm, NORMS) == "fro" else rest.max(initial=0))


def randomized_svd(
    M: ArrayLike, r: int, oversample: int = 10, iterations: int = 2, rng: np.random.Generator | None = None
) -> Factors:
    """The first r singular values and vectors, nearly: U (n, r), s (r,), Vt (r, m), by Halko, Martinsson and Tropp.

    The range of M is caught by its product with r + oversample random vectors (at most p), sharpened by `iterations`
    products with MMᵀ, and the SVD is taken there. Cost O(nm·(r + oversample)·(iterations + 1)): without iterations
    the error suits fast decay, two do for slow decay. Raises ValueError for what is no finite matrix, r outside
    1 … p, negative oversample or iterations, or without a generator.
    """
    matrix = finite("M", M, ("n", "m"))
    r, rng = _rank(r, min(matrix.shape)), generator(rng)
    columns = min(r + count("oversample", oversample, least=0), min(matrix.shape))
    Q, _ = np.linalg.qr(matrix @ rng.standard_normal((matrix.shape[1], columns)))
    for _ in range(count("iterations", iterations, least=0)):
        Z, _ = np.linalg.qr(matrix.T @ Q)
        Q, _ = np.linalg.qr(matrix @ Z)
    U, s, Vt = np.linalg.svd(Q.T @ matrix, full_matrices=False)
    return Q @ U[:, :r], s[:r], Vt[:r]


def _rank(r: int, most: int) -> int:
    """The argument `r` as a rank from 1 to `most`."""
    if (rank := count("r", r)) > most:
        raise ValueError(f"r must be at most min(n, m), here {most}, got {rank}")
    return rank
