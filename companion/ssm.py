"""Linear state space models in discrete time: x_{k+1} = Ā x_k + B̄ u_k, y_{k+1} = C x_{k+1}, from x_0 = 0.

So y_L = Σ_k K_k u_{L−1−k} with the kernel K_k = C Āᵏ B̄: the output at step k + 1 is a causal convolution of the input
up to step k.

Sources: Gu, Goel, Ré, "Efficiently Modeling Long Sequences with Structured State Spaces" (S4), arXiv:2111.00396;
Su Jianlin, https://kexue.fm/archives/10137 and https://kexue.fm/archives/10162.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import ifft, irfft, next_fast_len, rfft
from scipy.linalg import expm

from companion import hippo
from companion._checks import count, positive

Array = NDArray[np.float64]
METHODS = ("forward", "backward", "bilinear", "zoh")
NPLR = ("legs", "legt")
# Closer than this to an eigenvalue, a node of `kernel_dplr` is solved densely.
NEAR = 1e-3
_ROUNDING = 1e-14
_BLOCK = 2**16  # numbers in a block of Cauchy terms: two such blocks fit the cache of one core


def discretize(A: ArrayLike, B: ArrayLike, step: float, method: str = "bilinear") -> tuple[NDArray, NDArray]:
    """The recurrence (Ā, B̄) that advances x' = A x + B u by one step, with u constant meanwhile.

    A (d, d), B (d,) → (d, d), (d,). Methods: "forward" and "backward" Euler, "bilinear" (both halves), "zoh" (exact,
    by one matrix exponential; A may be singular). Cost d³. Raises ValueError for an unknown method, wrong shapes, or a
    step that is not positive and finite.
    """
    A, B = _system(A, B)
    if method not in METHODS:
        raise ValueError(f"method must be one of {METHODS}, got {method!r}")
    positive(step=step)
    d = len(B)
    if method == "zoh":
        # The input as a state that never changes: exp of the augmented matrix holds both answers.
        joint = expm(step * np.block([[A, B[:, None]], [np.zeros((1, d + 1))]]))
        return joint[:d, :d], joint[:d, d]
    ahead = {"forward": 1.0, "backward": 0.0, "bilinear": 0.5}[method]
    implicit = np.eye(d) - (1 - ahead) * step * A
    both = np.linalg.solve(implicit, np.column_stack([np.eye(d) + ahead * step * A, step * B]))
    return both[:, :d], both[:, d]


def krylov(Ab: ArrayLike, Bb: ArrayLike, L: int) -> NDArray:
    """The response of the state to one unit of input: row k is Āᵏ B̄, for k = 0 … L − 1.

    Ab (d, d), Bb (d,) → (L, d). By doubling, ⌈log₂ L⌉ matrix products of d³ and Ld² for the rows. Raises ValueError for
    wrong shapes or L < 1.
    """
    Ab, Bb = _system(Ab, Bb)
    rows, power = Bb[None], Ab.T
    for _ in range((count("L", L) - 1).bit_length()):
        rows = np.concatenate([rows, rows @ power])
        power = power @ power
    return rows[:L]


def states(Ab: ArrayLike, Bb: ArrayLike, u: ArrayLike) -> NDArray:
    """All states of the recurrence: row k is x_{k+1}. u (L,) → (L, d). Raises ValueError for wrong shapes."""
    u = _signal(u)
    return causal_conv(krylov(Ab, Bb, len(u)).T, u).T


def kernel(Ab: ArrayLike, Bb: ArrayLike, C: ArrayLike, L: int) -> NDArray:
    """The convolution kernel K_k = C Āᵏ B̄ for k = 0 … L − 1 by powers of Ā: C (d,) → (L,).

    This is the plain way, exact but for rounding; cost Ld². Raises ValueError for wrong shapes or L < 1.
    """
    rows, C = krylov(Ab, Bb, L), np.asarray(C)
    if C.shape != rows.shape[1:]:
        raise ValueError(f"C must have shape {rows.shape[1:]}, got {C.shape}")
    return rows @ C


def causal_conv(K: ArrayLike, u: ArrayLike) -> NDArray:
    """Causal convolution y_k = Σ_{j ≤ k} K_j u_{k−j}: K (…, L), u (L,) → (…, L), real or complex K, real u.

    By padded FFT, L log L. Raises ValueError unless K and u share the length L ≥ 1.
    """
    u, K = _signal(u), np.asarray(K)
    L = len(u)
    if K.ndim == 0 or K.shape[-1] != L:
        raise ValueError(f"K must hold {L} values on its last axis, as u does, got shape {K.shape}")
    if np.iscomplexobj(K):
        return causal_conv(K.real, u) + 1j * causal_conv(K.imag, u)
    padded = next_fast_len(2 * L - 1, real=True)
    return irfft(rfft(K, padded) * rfft(u, padded), padded)[..., :L]


def nplr(measure: str, d: int) -> tuple[NDArray, NDArray, NDArray]:
    """HiPPO's A as normal plus low rank: (Λ, P, V) with A = V (diag Λ − P P*) V* and V unitary.

    Measures "legs" (r = 1) and "legt" (r = 2, window w = 1) → Λ (d,), P (d, r), V (d, d), all complex. A plus that low
    rank is −½I (legs) or 0 (legt) plus a skew matrix S, and −iS is Hermitian: one `eigh`, d³. Raises ValueError for
    another measure or d < 1.
    """
    if measure not in NPLR:
        raise ValueError(f"measure must be one of {NPLR}, got {measure!r}")
    A, _ = hippo.transition(measure, d)
    v = np.sqrt(2.0 * np.arange(d) + 1)
    if measure == "legs":
        low, shift = v[:, None] / np.sqrt(2), -0.5
    else:
        even = np.arange(d) % 2 == 0
        low, shift = np.column_stack([v * even, v * ~even]), 0.0
    turns, V = np.linalg.eigh(-1j * (A + low @ low.T - shift * np.eye(d)))
    return shift + 1j * turns, V.conj().T @ low, V


def kernel_dplr(Lam: ArrayLike, P: ArrayLike, B: ArrayLike, Ct: ArrayLike, step: float, L: int) -> NDArray:
    """S4: the kernel C* Āᵏ B̄, k = 0 … L − 1, of x' = (diag Λ − P P*) x + B u under the bilinear rule, without powers.

    Λ (d,), P (d, r) or (d,), B (d,), and Ct = (I − Ā^L)* C (d,) in the same basis (see `truncate_output`; C enters
    conjugated) → (L,), complex; for a real system the imaginary part is rounding. The generating function is evaluated
    at the L roots of unity by Cauchy sums and Woodbury, L d (1 + r)² operations in blocks, then one inverse FFT.
    Where a root of unity comes close to some Λ, Woodbury cancels digits: those few nodes are solved densely, d³.
    Raises ValueError for wrong shapes, values that are not finite, Re Λ > 0 (an unstable system), a step that is not
    positive and finite, L < 1, or a node that is an eigenvalue of A itself.
    """
    Lam, P, B, Ct = (np.asarray(part, dtype=complex) for part in (Lam, P, B, Ct))
    if Lam.ndim != 1 or not len(Lam):
        raise ValueError(f"Lam must be a vector (d,), got shape {Lam.shape}")
    P = P[:, None] if P.ndim == 1 else P
    if P.ndim != 2 or len(P) != len(Lam):
        raise ValueError(f"P must have shape {(len(Lam), 'r')} to fit Lam, got {P.shape}")
    for name, part in (("B", B), ("Ct", Ct)):
        if part.shape != Lam.shape:
            raise ValueError(f"{name} must have shape {Lam.shape} to fit Lam, got {part.shape}")
    for name, part in (("Lam", Lam), ("P", P), ("B", B), ("Ct", Ct)):
        if not np.isfinite(part).all():
            raise ValueError(f"{name} must be finite, got {part[~np.isfinite(part)][0]}")
    if (Lam.real > _ROUNDING * (1 + abs(Lam))).any():
        raise ValueError(f"Lam must not have a positive real part (unstable), got {Lam[Lam.real.argmax()]}")
    positive(step=step)
    L = count("L", L)
    # At z = e^{−2πil/L} the point of the s-plane is s = i·ω with ω = (2/step)·tan(πl/L), and 2/(1 + z) = 1 + step·s/2.
    nodes = np.arange(L)
    finite = 2 * nodes != L
    omega = 2 / step * np.tan(np.pi / L * nodes[finite])
    r = P.shape[1]
    left, right = np.column_stack([Ct, P]).conj(), np.column_stack([B, P])
    weights = (left[:, :, None] * right[:, None]).reshape(len(Lam), -1)
    sums, near = _cauchy(omega, Lam, weights)
    sums = sums.reshape(-1, 1 + r, 1 + r)
    if r == 1:
        values = sums[:, 0, 0] - sums[:, 0, 1] * sums[:, 1, 0] / (1 + sums[:, 1, 1])
    else:
        inner = np.linalg.solve(np.eye(r) + sums[:, 1:, 1:], sums[:, 1:, :1])
        values = sums[:, 0, 0] - (sums[:, :1, 1:] @ inner)[:, 0, 0]
    if near.any():
        A = np.diag(Lam) - P @ P.conj().T
        try:
            values[near] = (
                np.linalg.solve(1j * omega[near, None, None] * np.eye(len(Lam)) - A, B[:, None])[..., 0] @ Ct.conj()
            )
        except np.linalg.LinAlgError:
            raise ValueError(
                f"A = diag(Lam) - P P* must have no eigenvalue at a node, got one of {1j * omega[near]}"
            ) from None
    G = np.full(L, step / 2 * np.vdot(Ct, B))  # the value at z = −1, where s is infinite
    G[finite] = (1 + 0.5j * step * omega) * values
    return ifft(G)


def truncate_output(C: ArrayLike, Ab: ArrayLike, L: int) -> NDArray:
    """The output vector that cuts the kernel off after L taps: Ct = (I − Ā^L)* C. C (d,), Ab (d, d) → (d,).

    ⌈log₂ L⌉ products of d³ or twice that. Any Ā will do, also an unstable one. Raises ValueError for wrong shapes,
    L < 1, or if Ā^L overflows.
    """
    cut, C = _cut(Ab, C, "C", L)
    return cut.conj().T @ C


def untruncate_output(Ct: ArrayLike, Ab: ArrayLike, L: int) -> NDArray:
    """The inverse of `truncate_output`: C = (I − Ā^L)^{−*} Ct, by one solve of d³. Ct (d,), Ab (d, d) → (d,).

    Raises ValueError for wrong shapes, L < 1, if Ā^L overflows, or if it has the eigenvalue 1 (undamped systems may).
    """
    cut, Ct = _cut(Ab, Ct, "Ct", L)
    if np.linalg.cond(cut) * _ROUNDING > 1:
        raise ValueError(f"Ab must have no eigenvalue whose L-th power is 1, got one (L = {L})")
    return np.linalg.solve(cut.conj().T, Ct)


def _system(A: ArrayLike, B: ArrayLike) -> tuple[NDArray, NDArray]:
    A, B = np.asarray(A), np.asarray(B)
    if B.ndim != 1 or not len(B):
        raise ValueError(f"B must be a vector (d,), got shape {B.shape}")
    if A.shape != (len(B), len(B)):
        raise ValueError(f"A must have shape {(len(B), len(B))} to fit B, got {A.shape}")
    return A, B


def _cut(Ab: ArrayLike, C: ArrayLike, name: str, L: int) -> tuple[NDArray, NDArray]:
    """I − Ā^L, and the vector it acts on."""
    Ab, C = np.asarray(Ab), np.asarray(C)
    if C.ndim != 1 or not len(C):
        raise ValueError(f"{name} must be a vector (d,), got shape {C.shape}")
    if Ab.shape != (len(C), len(C)):
        raise ValueError(f"Ab must have shape {(len(C), len(C))} to fit {name}, got {Ab.shape}")
    L = count("L", L)
    with np.errstate(over="ignore", invalid="ignore"):
        power = np.linalg.matrix_power(Ab.astype(np.result_type(Ab, float)), L)
    if not np.isfinite(power).all():
        raise ValueError(f"Ab must be finite with powers that stay finite, got Ab ** {L} with entries that are not")
    return np.eye(len(C)) - power, C


def _cauchy(omega: Array, Lam: NDArray, weights: NDArray) -> tuple[NDArray, NDArray]:
    """Σ_n weights[n] / (iω − Λ_n) for all ω (m,), weights (d, k) → (m, k); and where ω is too near for Woodbury, (m,).

    1/(iω − Λ) = (−Re Λ − i·gap) / (gap² + (Re Λ)²) with gap = ω − Im Λ: real arithmetic and real products are several
    times as fast as complex division, and blocks that stay in the cache twice as fast again.
    """
    k = weights.shape[1]
    sides = [np.hstack([W.real, W.imag]) for W in (-Lam.real[:, None] * weights, weights)]
    sums, near = np.empty((len(omega), k), dtype=complex), np.empty(len(omega), dtype=bool)
    block = max(1, _BLOCK // len(Lam))
    for start in range(0, len(omega), block):
        rows = slice(start, start + block)
        gap = omega[rows, None] - Lam.imag
        scale = gap * gap
        scale += Lam.real**2
        near[rows] = scale.min(axis=1) < NEAR**2
        scale[near[rows]] = 1
        np.reciprocal(scale, out=scale)
        gap *= scale
        damped, turned = scale @ sides[0], gap @ sides[1]
        sums.real[rows] = damped[:, :k] + turned[:, k:]
        sums.imag[rows] = damped[:, k:] - turned[:, :k]
    return sums, near


def _signal(u: ArrayLike) -> Array:
    u = np.asarray(u, dtype=float)
    if u.ndim != 1 or not len(u):
        raise ValueError(f"u must be a signal (L,) with L >= 1, got shape {u.shape}")
    return u


# Rational transfer functions. The generating function Σ K_k zᵏ of every kernel is b(z) / a(z), where
# a(z) = 1 + a_1 z + … + a_d zᵈ and b(z) = b_1 + b_2 z + … + b_d zᵈ⁻¹. The vectors a and b hold these coefficients,
# without the leading 1. The poles of the recurrence are the roots of λᵈ + a_1 λᵈ⁻¹ + … + a_d.
# Sources: Parnichkun et al., "State-Free Inference of State-Space Models: The Transfer Function Approach",
# arXiv:2405.06147; Su Jianlin, https://kexue.fm/archives/10180.


def to_rational(Ab: ArrayLike, Bb: ArrayLike, C: ArrayLike) -> tuple[NDArray, NDArray]:
    """The rational transfer function of a recurrence: a from the characteristic polynomial of Ā, b from its kernel.

    Ab (d, d), Bb (d,), C (d,) → a (d,), b (d,), complex where the eigenvalues of a complex Ā ask for it. b is the
    numerator of the infinite kernel: the first d coefficients of a(z) Σ K_k zᵏ. Eigenvalues, d³. Coefficients grow
    fast and cancel when poles crowd near 1, so a large HiPPO system does not survive. Raises ValueError for wrong
    shapes.
    """
    Ab, Bb = _system(Ab, Bb)
    a = np.poly(Ab)
    first = kernel(Ab, Bb, C, len(Bb))
    return a[1:], np.convolve(a, first)[: len(Bb)]


def companion_form(a: ArrayLike, b: ArrayLike) -> tuple[Array, Array, Array]:
    """A recurrence with the transfer function b(z) / a(z): first row −a, ones below the diagonal, B = e_1, C = b.

    a (d,), b (d,) → A (d, d), B (d,), C (d,). A is zero but for 2d − 1 entries: a step costs d if it is made as
    x_{k+1} = (u_k − a·x_k, x_k without its last entry). Raises ValueError for wrong shapes.
    """
    a, b = _rational(a, b)
    A = np.eye(len(a), k=-1)
    A[0] = -a
    return A, np.eye(len(a))[0], b


def kernel_rational(a: ArrayLike, b: ArrayLike, L: int) -> Array:
    """The kernel of length L whose DFT is DFT(b, 0 …) / DFT(1, a, 0 …): a (d,), b (d,) → (L,).

    With the numerator of `truncate_numerator` these are K_0 … K_{L−1}. With the plain b they are wrapped around,
    Σ_m K_{k+mL} for a stable filter. Three real FFTs of length L, L log L for every d < L. Raises ValueError for wrong
    shapes, L ≤ d, or if an L-th root of unity is a root of a(z): then no numerator of degree < d gives K.
    """
    a, b = _rational(a, b)
    L = _longer(L, len(a))
    below = rfft(np.concatenate([[1.0], a]), L)
    # What the FFT cannot tell from 0.
    least = 16 * np.finfo(float).eps * (1 + np.abs(a).sum())
    if (near := np.abs(below)).min() <= least:
        raise ValueError(f"a must have no pole at an L-th root of unity, got one at exp(2πi·{near.argmin()}/{L})")
    return irfft(rfft(b, L) / below, L)


def truncate_numerator(a: ArrayLike, b: ArrayLike, L: int) -> Array:
    """The numerator b̃ that gives the first L values of the kernel of b(z) / a(z), and nothing wrapped around.

    a (d,), b (d,) → (d,). What a(z) Σ_{k<L} K_k zᵏ holds above zᴸ is added to b, as zᴸ = 1 on the nodes of the DFT; Āᴸ
    is never formed. The kernel by its recurrence, Ld. Raises ValueError for wrong shapes, L ≤ d, or a kernel that
    overflows before L (an unstable filter).
    """
    from scipy.signal import lfilter

    a, b = _rational(a, b)
    d = len(a)
    impulse = np.zeros(_longer(L, d))
    impulse[0] = 1
    last = lfilter(b, np.concatenate([[1.0], a]), impulse)[-d:]
    above = np.convolve(a, last)[d - 1 :]
    if not np.isfinite(above).all():
        raise ValueError(f"L must be shorter for this unstable a, whose kernel overflows before L = {L}")
    return b + above


def untruncate_numerator(a: ArrayLike, bt: ArrayLike, L: int) -> Array:
    """The numerator b of the infinite kernel, from the one b̃ that was used at length L: undoes `truncate_numerator`.

    a (d,), bt (d,) → (d,): b(z) = a(z) K(z) below zᵈ. L log L. Raises ValueError as `kernel_rational` does.
    """
    a, bt = _rational(a, bt, "bt")
    first = kernel_rational(a, bt, L)[: len(a)]
    return causal_conv(first, np.concatenate([[1.0], a[:-1]]))


def is_schur(a: ArrayLike) -> NDArray[np.bool_]:
    """Whether all roots of λᵈ + a_1 λᵈ⁻¹ + … + a_d lie inside the unit circle: a (…, d) → (…).

    By step-down: the last coefficient k must lie in (−1, 1), then the same is asked of the polynomial of degree d − 1
    with a'_i = (a_i − k a_{d−i}) / (1 − k²). Exact but for rounding; a root on the circle counts as outside. Cost d²,
    vectorised over leading axes. Raises ValueError if a has no coefficient or one that is not finite and real.
    """
    a = _coefficients("a", a)
    inside = np.ones(a.shape[:-1], dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        while a.shape[-1]:
            k, rest = a[..., -1:], a[..., :-1]
            inside = inside & (np.abs(k) < 1)[..., 0]
            kept = inside[..., None]
            k, rest = np.where(kept, k, 0), np.where(kept, rest, 0)
            a = (rest - k * rest[..., ::-1]) / ((1 - k) * (1 + k))
    return inside


def _coefficients(name: str, values: ArrayLike) -> Array:
    values = np.asarray(values)
    if values.ndim == 0 or not values.shape[-1]:
        raise ValueError(f"{name} needs a last axis of coefficients, got shape {values.shape}")
    if np.iscomplexobj(values):
        raise ValueError(f"{name} must be real, got {values.ravel()[0]}")
    values = values.astype(float)
    if not np.isfinite(values).all():
        raise ValueError(f"{name} must be finite, got {values[~np.isfinite(values)][0]}")
    return values


def _rational(a: ArrayLike, b: ArrayLike, name: str = "b") -> tuple[Array, Array]:
    a, b = _coefficients("a", a), _coefficients(name, b)
    if a.ndim != 1:
        raise ValueError(f"a must be a vector (d,), got shape {a.shape}")
    if b.shape != a.shape:
        raise ValueError(f"{name} must have shape {a.shape}, as a has, got {b.shape}")
    return a, b


def _longer(L: int, d: int) -> int:
    if count("L", L) <= d:
        raise ValueError(f"L must be larger than the {d} coefficients of a, got {L}")
    return int(L)
