"""HiPPO: remembering a growing signal by a few coefficients of an orthogonal basis.

The coefficients c_n(T) = ∫ u(t_{≤T}(s)) g_n(s) ds obey a linear system. Sliding window of length w: x' = A x + B u.
Whole past (`legs`, `fourier-scaled`): x' = (A x + B u) / t. g_n = √((2n+1)/2) P_n on [−1, 1] (`norm="interval"`) or,
with the measure ds/2, √(2n+1) P_n (`norm="probability"`), which divides B by √2 and leaves A as it is.

Sources: Gu, Dao, Ermon, Rudra, Ré, "HiPPO", arXiv:2008.07669; Voelker, Kajić, Eliasmith, "Legendre Memory Units",
2019; Su Jianlin, https://kexue.fm/archives/10114.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.legendre import legval, legvander
from numpy.typing import ArrayLike, NDArray

if TYPE_CHECKING:
    import sympy as sp

Array = NDArray[np.float64]
LEGENDRE = ("legt", "legs", "lmu")
FOURIER = ("fourier", "fourier-midpoint", "fourier-scaled")
_NORMS = {"interval": 2.0, "probability": 1.0}


def basis(d: int, s: ArrayLike, norm: str = "interval") -> Array:
    """The first d basis functions g_0 … g_{d−1} at the points s of [−1, 1].

    s any shape → (d, *s.shape). Cost d per point. Raises ValueError if d < 1, s leaves [−1, 1], or for an unknown norm.
    """
    s = np.asarray(s, dtype=float)
    if not (np.abs(s) <= 1).all():
        raise ValueError(f"s must lie in [-1, 1], got {s[~(np.abs(s) <= 1)].ravel()[0]}")
    # legvander makes a number a vector of one point.
    return np.moveaxis(legvander(s, _order(d) - 1).reshape(*s.shape, d) * _weights(d, norm), -1, 0)


def transition(measure: str, d: int, w: float = 1.0, norm: str = "interval") -> tuple[NDArray, NDArray]:
    """The matrices (A, B) of a memory with d coefficients: A (d, d), B (d,). Built in O(d²), vectorised.

    Measures: "legt" (Legendre, window w), "legs" (Legendre, whole past), "lmu" (legt in the gauge with integer entries
    times 1/w), "fourier" (the post's closure of the window), "fourier-midpoint" (the closure that respects the jump at
    its seam), "fourier-scaled" (Fourier, whole past). Fourier matrices are complex, with modes −N … N, so d = 2N + 1
    must be odd; `norm` does not touch them, nor "lmu", and `w` does not touch the two of the whole past. Raises
    ValueError for an unknown measure or norm, d < 1, an even d with Fourier modes, or w not positive and finite.
    """
    _check(measure, d, norm)
    if not (np.isfinite(w) and w > 0):
        raise ValueError(f"w must be positive and finite, got {w}")
    if measure in FOURIER:
        return _fourier(measure, d, w)
    n = np.arange(d)
    size = 2.0 * n + 1
    below = n[:, None] > n
    if measure == "legs":
        root = np.sqrt(size)
        return -np.where(below, np.outer(root, root), np.diag(n + 1.0)), _weights(d, norm) * _NORMS[norm]
    # Entry −1 for k < n, −(−1)^(n−k) from the diagonal on.
    sign = -np.where(below, 1.0, (-1.0) ** (n[:, None] - n))
    if measure == "lmu":
        return sign * size[:, None] / w, size / w
    root = np.sqrt(size)
    return sign * np.outer(root, root) / w, _weights(d, norm) * _NORMS[norm] / w


def transition_sympy(measure: str, d: int, w: "sp.Expr | int" = 1) -> tuple["sp.Matrix", "sp.Matrix"]:
    """The same matrices exactly, in the interval norm: A (d, d) and B (d, 1) as SymPy matrices; `w` may be a symbol.

    Raises ValueError as `transition` does, but for `w`.
    """
    import sympy as sp

    _check(measure, d, "interval")
    shift = (d - 1) // 2

    def entry(i: int, j: int) -> sp.Expr:
        n, k = (i - shift, j - shift) if measure in FOURIER else (i, j)
        root = sp.sqrt((2 * n + 1) * (2 * k + 1))
        if measure == "legs":
            return -root if k < n else (-(n + 1) if k == n else sp.S.Zero)
        if measure in ("legt", "lmu"):
            size = root if measure == "legt" else 2 * n + 1
            return -size * (1 if k < n else (-1) ** (n - k)) / w
        if measure == "fourier-scaled":
            return sp.I * sp.pi * n - 1 if k == n else -sp.Rational(n, n - k)
        return (2 * sp.pi * sp.I * n * int(n == k) - (1 if measure == "fourier" else 2)) / w

    inputs = {
        "legt": lambda n: sp.sqrt(2 * (2 * n + 1)) / w,
        "legs": lambda n: sp.sqrt(2 * (2 * n + 1)),
        "lmu": lambda n: sp.Integer(2 * n + 1) / w,
        "fourier": lambda n: sp.S.One / w,
        "fourier-midpoint": lambda n: sp.Integer(2) / w,
        "fourier-scaled": lambda n: sp.S.One,
    }
    return sp.Matrix(d, d, entry), sp.Matrix(d, 1, lambda i, _: inputs[measure](i))


def project(u: ArrayLike, d: int, norm: str = "interval") -> Array:
    """Exact coefficients of a step function: u (…, L) holds its values on L equal cells of [−1, 1] → (…, d).

    By ∫P_n = (P_{n+1} − P_{n−1}) / (2n + 1): one matrix product, cost L·d. Raises ValueError if u is empty or d < 1.
    """
    u = np.asarray(u, dtype=float)
    if u.ndim == 0 or u.shape[-1] == 0:
        raise ValueError(f"u needs at least one cell on its last axis, got shape {u.shape}")
    edges = legvander(np.linspace(-1, 1, u.shape[-1] + 1), _order(d))
    primitive = edges[:, 1:].copy()
    primitive[:, 1:] -= edges[:, :-2]
    cells = np.diff(primitive, axis=0) / (2 * np.arange(d) + 1)
    return u @ (cells * _weights(d, norm)) * (_NORMS[norm] / 2)


def reconstruct(c: ArrayLike, s: ArrayLike, norm: str = "interval") -> Array:
    """The signal Σ c_n g_n(s) that coefficients stand for: c (…, d), s any shape → (…, *s.shape).

    Raises ValueError if c has no coefficient or for an unknown norm.
    """
    c = np.asarray(c, dtype=float)
    if c.ndim == 0:
        raise ValueError(f"c needs a last axis of coefficients, got the number {c}")
    return legval(np.asarray(s, dtype=float), np.moveaxis(c * _weights(c.shape[-1], norm), -1, 0))


def _fourier(measure: str, d: int, w: float) -> tuple[NDArray, NDArray]:
    """Transition matrices in the modes e^{2πins}, n = −N … N."""
    n = np.arange(d) - (d - 1) // 2
    if measure == "fourier-scaled":
        apart = np.where(np.eye(d, dtype=bool), 1, n[:, None] - n)
        return np.where(np.eye(d, dtype=bool), np.diag(1j * np.pi * n - 1), -n[:, None] / apart), np.ones(d, complex)
    gain = 1.0 if measure == "fourier" else 2.0
    return (np.diag(2j * np.pi * n) - gain) / w, np.full(d, gain / w, dtype=complex)


def _weights(d: int, norm: str) -> Array:
    """√((2n+1)/2), or √(2n+1) in the probability norm: what makes P_n orthonormal."""
    if norm not in _NORMS:
        raise ValueError(f"norm must be one of {sorted(_NORMS)}, got {norm!r}")
    return np.sqrt((2 * np.arange(_order(d)) + 1) / _NORMS[norm])


def _order(d: int) -> int:
    if isinstance(d, bool) or d != int(d) or d < 1:
        raise ValueError(f"d must be a whole number of at least 1, got {d}")
    return int(d)


def _check(measure: str, d: int, norm: str) -> None:
    if measure not in LEGENDRE + FOURIER:
        raise ValueError(f"measure must be one of {sorted(LEGENDRE + FOURIER)}, got {measure!r}")
    if norm not in _NORMS:
        raise ValueError(f"norm must be one of {sorted(_NORMS)}, got {norm!r}")
    if _order(d) % 2 == 0 and measure in FOURIER:
        raise ValueError(f"d must be odd for measure {measure!r}, got {d}")
