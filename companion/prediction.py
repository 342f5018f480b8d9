"""Linear prediction of Gaussian sequences: the best weights, and what attention learns of them first.

Sources: Amos, Berant, Gupta, "Never Train from Scratch", arXiv:2310.02980; Su Jianlin,
https://kexue.fm/archives/9787.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.linalg import toeplitz
from scipy.special import ndtr

from companion._checks import between, count, finite, number, shaped
from companion.softmax import softmax

Array = NDArray[np.float64]


def ar1_cov(phi: float, L: int) -> Array:
    """Covariance φ^|i−j| of a stationary first-order process of variance 1: (L, L). Raises ValueError if |φ| ≥ 1."""
    phi = number("phi", phi)
    between("phi", phi, -1, 1)
    return toeplitz(phi ** np.arange(count("L", L)))


def field_cov(phi_h: float, phi_v: float, H: int, W: int) -> Array:
    """Covariance of an image of H rows and W columns, flattened row by row: (HW, HW), first-order in each direction."""
    return np.asarray(np.kron(ar1_cov(phi_v, H), ar1_cov(phi_h, W)), dtype=float)


def masked_weights(S: ArrayLike) -> Array:
    """The best linear prediction of each entry from all others: row i holds −Q_ij/Q_ii, with Q = S⁻¹ and 0 at i.

    S (L, L) → (L, L). Cost L³. Raises ValueError unless S is square, symmetric and positive definite.
    """
    Q = np.linalg.inv(_covariance(S))
    weights = -Q / np.diag(Q)[:, None]
    np.fill_diagonal(weights, 0)
    return weights


def bias_gradient(r: ArrayLike, Gamma: ArrayLike, b: ArrayLike) -> Array:
    """Gradient by the attention bias b of E(x_0 − Σ α_ℓ x_{−ℓ})², α = softmax(b): −2 α_k (q_k − Σ α_j q_j), q = r − Γα.

    r (L,) covariances with x_0, Gamma (L, L) among the context, b (L,) → (L,). Raises ValueError for other shapes.
    """
    r = finite("r", r, ("L",))
    Gamma, b = finite("Gamma", Gamma, (len(r), len(r))), finite("b", b, r.shape)
    alpha = softmax(b)
    q = r - Gamma @ alpha
    return -2 * alpha * (q - alpha @ q)


def lag_success(delta: ArrayLike, M: int) -> Array:
    """The probability ∫ φ(z) Φ(z + δ)^{M−1} dz that one score, shifted by δ, is the largest of M normal ones.

    delta any shape → the same. By Gauss–Hermite quadrature with 120 nodes. Raises ValueError if M < 1.
    """
    nodes, weights = np.polynomial.hermite_e.hermegauss(120)
    powers = ndtr(nodes + finite("delta", delta)[..., None]) ** (count("M", M) - 1)
    return powers @ weights / np.sqrt(2 * np.pi)


def _covariance(S: ArrayLike) -> Array:
    S = finite("S", S, ("L", "L"))
    shaped("S", S, (len(S), len(S)))
    if not np.allclose(S, S.T):
        raise ValueError(f"S must be symmetric, got entries that differ by {np.abs(S - S.T).max():.3g}")
    lowest = np.linalg.eigvalsh(S)[0]
    if lowest <= 0:
        raise ValueError(f"S must be positive definite, got an eigenvalue of {lowest:.3g}")
    return S
