"""HiPPO: remembering a growing signal by a few coefficients of an orthogonal basis.

The coefficients c_n(T) = ∫ u(t_{≤T}(s)) g_n(s) ds obey a linear system. Sliding window of length w: x' = A x + B u.
Whole past (`legs`, `fourier-scaled`): x' = (A x + B u) / t. g_n = √((2n+1)/2) P_n on [−1, 1] (`norm="interval"`) or,
with the measure ds/2, √(2n+1) P_n (`norm="probability"`), which divides B by √2 and leaves A as it is.

Sources: Gu, Dao, Ermon, Rudra, Ré, "HiPPO", arXiv:2008.07669; Voelker, Kajić, Eliasmith, "Legendre Memory Units",
2019; Su Jianlin, https://kexue.fm/archives/10114 and https://kexue.fm/archives/10137.
"""

from typing import TYPE_CHECKING

import numpy as np
from numpy.polynomial.legendre import legval, legvander
from numpy.typing import ArrayLike, NDArray

from companion._checks import Numbers, count, finite, number, one_of, positive, rows
from companion.recurrence import scan

if TYPE_CHECKING:
    import sympy as sp

Array = NDArray[np.float64]
LEGENDRE = ("legt", "legs", "lmu")
FOURIER = ("fourier", "fourier-midpoint", "fourier-scaled")
RUNS = ("forward", "backward", "bilinear", "bilinear-log", "midpoint", "exact")
_NORMS = {"interval": 2.0, "probability": 1.0}


def basis(d: int, s: ArrayLike, norm: str = "interval") -> Array:
    """The first d basis functions g_0 … g_{d−1} at the points s of [−1, 1].

    s any shape → (d, *s.shape). Cost d per point. Raises ValueError if d < 1, s leaves [−1, 1], or for an unknown norm.
    """
    s = _interval(s)
    # legvander makes a number a vector of one point.
    return np.moveaxis(legvander(s, count("d", d) - 1).reshape(*s.shape, d) * _weights(d, norm), -1, 0)


def transition(measure: str, d: int, w: float = 1.0, norm: str = "interval") -> tuple[Numbers, Numbers]:
    """The matrices (A, B) of a memory with d coefficients: A (d, d), B (d,). Built in O(d²), vectorised.

    Measures: "legt" (Legendre, window w), "legs" (Legendre, whole past), "lmu" (legt in the gauge with integer entries
    times 1/w), "fourier" (the post's closure of the window), "fourier-midpoint" (the closure that respects the jump at
    its seam), "fourier-scaled" (Fourier, whole past). Fourier matrices are complex, with modes −N … N, so d = 2N + 1
    must be odd; `norm` does not touch them, nor "lmu", and `w` does not touch the two of the whole past. Raises
    ValueError for an unknown measure or norm, d < 1, an even d with Fourier modes, or w not positive and finite.
    """
    _check(measure, d, norm)
    positive(w=w)
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
    u = rows("u", u)
    edges = legvander(np.linspace(-1, 1, u.shape[-1] + 1), count("d", d))
    primitive = edges[:, 1:].copy()
    primitive[:, 1:] -= edges[:, :-2]
    cells = np.diff(primitive, axis=0) / (2 * np.arange(d) + 1)
    return u @ (cells * _weights(d, norm)) * (_NORMS[norm] / 2)


def reconstruct(c: ArrayLike, s: ArrayLike, norm: str = "interval") -> Array:
    """The signal Σ c_n g_n(s) that coefficients stand for: c (…, d), s any shape → (…, *s.shape).

    Raises ValueError if c has no coefficient or for an unknown norm.
    """
    c = rows("c", c)
    scaled = np.moveaxis(c * _weights(c.shape[-1], norm), -1, 0)
    return np.asarray(legval(finite("s", s), scaled), dtype=float)


def legs_run(u: ArrayLike, d: int, method: str = "bilinear") -> Array:
    """The whole-past memory fed with samples: row k − 1 is x_k, the state after u_0 … u_{k−1}.

    u (L,) → (L, d), interval norm. Every method starts from x_1 = (√2 u_0, 0, …), which is exact, and steps
    x_{k+1} − x_k = A (p x_k / k + q x_{k+1} / (k+1)) + B u_k / k: "forward" has (p, q) = (1, 0), "backward" (0, 1),
    "bilinear" (½, ½); "bilinear-log" feeds ln((k+1)/k) in place of 1/k; "midpoint" divides by the middle of the cell,
    x_{k+1} − x_k = (A (x_k + x_{k+1}) / 2 + B u_k) / (k + ½). As A is triangular, each coefficient is a scan over time:
    cost L·d·log L, and no Python loop over L. "exact" is the yardstick, `project` of the first k samples for each k:
    cost L²·d. Raises ValueError if u is not a signal of at least one sample, d < 1, or for an unknown method. Source:
    https://kexue.fm/archives/10137; the midpoint is derived in notebook sequence/02.
    """
    u = finite("u", u, ("L",))
    one_of("method", method, RUNS)
    L, root = len(u), np.sqrt(2.0 * np.arange(count("d", d)) + 1)
    if method == "exact":
        return np.stack([project(u[:k], d) for k in range(1, L + 1)])
    p, q = {"forward": (1, 0), "backward": (0, 1)}.get(method, (0.5, 0.5))
    k = np.arange(1.0, L)
    start, end = (k + 0.5, k + 0.5) if method == "midpoint" else (k, k + 1)
    now, ahead = p / start, q / end
    fed = (np.log1p(1 / k) if method == "bilinear-log" else 1 / start) * u[1:] * np.sqrt(2)
    states = np.zeros((L, d))
    states[0, 0] = np.sqrt(2) * u[0]
    below = np.zeros(L)  # Σ_{j<n} √(2j+1) x_j at each time: all that row n of A sees of the rows above it
    for n in range(d if L > 1 else 0):
        own = 1 + ahead * (n + 1)
        kept = (1 - now * (n + 1)) / own
        given = root[n] * (fed - now * below[:-1] - ahead * below[1:]) / own
        states[1:, n] = scan(kept[:, None], given[:, None], states[0, n : n + 1])[:, 0]
        below += root[n] * states[:, n]
    return states


def legs_matvec(v: ArrayLike) -> Array:
    """A v for the matrix A of the whole-past memory, without the matrix: v (..., d) → (..., d), cost d.

    (A v)_n = n v_n − √(2n+1) Σ_{k≤n} √(2k+1) v_k. Raises ValueError if v has no entries. Source: HiPPO, appendix.
    """
    v = rows("v", v)
    root = _weights(v.shape[-1], "probability")
    return np.arange(len(root)) * v - root * np.cumsum(root * v, axis=-1)


def legs_solve(v: ArrayLike, lam: float) -> Array:
    """Solution z of (I − λA) z = v for the same A: v (..., d) → (..., d). Work d log d.

    The running sums S_n = Σ_{k≤n} √(2k+1) z_k obey a recurrence with numbers for coefficients, which a prefix scan
    solves in ⌈log₂ d⌉ vectorised passes. Raises ValueError if v has no entries, or if λ is not finite or makes I − λA
    singular (λ = −1/(n+1)). Source: https://kexue.fm/archives/10137.
    """
    v, lam = rows("v", v), number("lam", lam)
    root = _weights(v.shape[-1], "probability")
    n = np.arange(len(root))
    if (1 + lam * (n + 1) == 0).any():
        raise ValueError(f"lam must not be -1, -1/2, ..., -1/{len(root)}, got {lam}")
    diagonal = 1 + lam * (n + 1)
    columns = v.reshape(-1, len(root)).T
    keeps = np.broadcast_to(((1 - lam * n) / diagonal)[:, None], columns.shape)
    sums = scan(keeps, (root / diagonal)[:, None] * columns)
    before = np.concatenate([np.zeros_like(sums[:1]), sums[:-1]])
    return ((columns - lam * root[:, None] * before) / diagonal[:, None]).T.reshape(v.shape)


def _fourier(measure: str, d: int, w: float) -> tuple[Numbers, Numbers]:
    """Transition matrices in the modes e^{2πins}, n = −N … N."""
    n = np.arange(d) - (d - 1) // 2
    if measure == "fourier-scaled":
        apart = np.where(np.eye(d, dtype=bool), 1, n[:, None] - n)
        return np.where(np.eye(d, dtype=bool), np.diag(1j * np.pi * n - 1), -n[:, None] / apart), np.ones(d, complex)
    gain = 1.0 if measure == "fourier" else 2.0
    return (np.diag(2j * np.pi * n) - gain) / w, np.full(d, gain / w, dtype=complex)


def _interval(s: ArrayLike) -> Array:
    s = finite("s", s)
    if (outside := np.abs(s) > 1).any():
        raise ValueError(f"s must lie in [-1, 1], got {s[outside][0]}")
    return s


def _weights(d: int, norm: str) -> Array:
    """√((2n+1)/2), or √(2n+1) in the probability norm: what makes P_n orthonormal."""
    return np.sqrt((2 * np.arange(count("d", d)) + 1) / _NORMS[one_of("norm", norm, _NORMS)])


def _check(measure: str, d: int, norm: str) -> None:
    one_of("measure", measure, LEGENDRE + FOURIER)
    one_of("norm", norm, _NORMS)
    if count("d", d) % 2 == 0 and measure in FOURIER:
        raise ValueError(f"d must be odd for measure {measure!r}, got {d}")
