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
from companion._checks import Numbers, count, finite, finite_numbers, one_of, positive

Array = NDArray[np.float64]
METHODS = ("forward", "backward", "bilinear", "zoh")
NPLR = ("legs", "legt")
# Closer than this to an eigenvalue, a node of `kernel_dplr` is solved densely.
NEAR = 1e-3
_ROUNDING = 1e-14
_BLOCK = 2**16  # numbers in a block of Cauchy terms: two such blocks fit the cache of one core


def discretize(A: ArrayLike, B: ArrayLike, step: float, method: str = "bilinear") -> tuple[Numbers, Numbers]:
    """The recurrence (Ā, B̄) that advances x' = A x + B u by one step, with u constant meanwhile.

    A (d, d), B (d,) → (d, d), (d,). Methods: "forward" and "backward" Euler, "bilinear" (both halves), "zoh" (exact,
    by one matrix exponential; A may be singular). Cost d³. Raises ValueError for an unknown method, wrong shapes, or a
    step that is not positive and finite.
    """
    A, B = _system(A, B, "A", "B")
    one_of("method", method, METHODS)
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


def krylov(Ab: ArrayLike, Bb: ArrayLike, L: int) -> Numbers:
    """The response of the state to one unit of input: row k is Āᵏ B̄, for k = 0 … L − 1.

    Ab (d, d), Bb (d,) → (L, d). By doubling, ⌈log₂ L⌉ matrix products of d³ and Ld² for the rows. Raises ValueError for
    wrong shapes or L < 1.
    """
    Ab, Bb = _system(Ab, Bb, "Ab", "Bb")
    rows, power = Bb[None], Ab.T
    for _ in range((count("L", L) - 1).bit_length()):
        rows = np.concatenate([rows, rows @ power])
        power = power @ power
    return rows[:L]


def states(Ab: ArrayLike, Bb: ArrayLike, u: ArrayLike) -> Numbers:
    """All states of the recurrence: row k is x_{k+1}. u (L,) → (L, d). Raises ValueError for wrong shapes."""
    u = finite("u", u, ("L",))
    return causal_conv(krylov(Ab, Bb, len(u)).T, u).T


def kernel(Ab: ArrayLike, Bb: ArrayLike, C: ArrayLike, L: int) -> Numbers:
    """The convolution kernel K_k = C Āᵏ B̄ for k = 0 … L − 1 by powers of Ā: C (d,) → (L,).

    This is the plain way, exact but for rounding; cost Ld². Raises ValueError for wrong shapes or L < 1.
    """
    rows = krylov(Ab, Bb, L)
    return rows @ finite_numbers("C", C, rows.shape[1:])


def causal_conv(K: ArrayLike, u: ArrayLike) -> Numbers:
    """Causal convolution y_k = Σ_{j ≤ k} K_j u_{k−j}: K (…, L), u (L,) → (…, L), real or complex K, real u.

    By padded FFT, L log L. Raises ValueError unless K and u share the length L ≥ 1.
    """
    u, K = finite("u", u, ("L",)), finite_numbers("K", K)
    L = len(u)
    if K.ndim == 0 or K.shape[-1] != L:
        raise ValueError(f"K must hold {L} values on its last axis, as u does, got shape {K.shape}")
    if np.iscomplexobj(K):
        return causal_conv(K.real, u) + 1j * causal_conv(K.imag, u)
    padded = next_fast_len(2 * L - 1, real=True)
    return irfft(rfft(K, padded) * rfft(u, padded), padded)[..., :L]


def nplr(measure: str, d: int) -> tuple[Numbers, Numbers, Numbers]:
    """HiPPO's A as normal plus low rank: (Λ, P, V) with A = V (diag Λ − P P*) V* and V unitary.

    Measures "legs" (r = 1) and "legt" (r = 2, window w = 1) → Λ (d,), P (d, r), V (d, d), all complex. A plus that low
    rank is −½I (legs) or 0 (legt) plus a skew matrix S, and −iS is Hermitian: one `eigh`, d³. Raises ValueError for
    another measure or d < 1.
    """
    A, _ = hippo.transition(one_of("measure", measure, NPLR), d)
    v = np.sqrt(2.0 * np.arange(d) + 1)
    if measure == "legs":
        low, shift = v[:, None] / np.sqrt(2), -0.5
    else:
        even = np.arange(d) % 2 == 0
        low, shift = np.column_stack([v * even, v * ~even]), 0.0
    turns, V = np.linalg.eigh(-1j * (A + low @ low.T - shift * np.eye(d)))
    return shift + 1j * turns, V.conj().T @ low, V


def kernel_dplr(Lam: ArrayLike, P: ArrayLike, B: ArrayLike, Ct: ArrayLike, step: float, L: int) -> Numbers:
    """S4: the kernel C* Āᵏ B̄, k = 0 … L − 1, of x' = (diag Λ − P P*) x + B u under the bilinear rule, without powers.

    Λ (d,), P (d, r) or (d,), B (d,), and Ct = (I − Ā^L)* C (d,) in the same basis (see `truncate_output`; C enters
    conjugated) → (L,), complex; for a real system the imaginary part is rounding. The generating function is evaluated
    at the L roots of unity by Cauchy sums and Woodbury, L d (1 + r)² operations in blocks, then one inverse FFT.
    Where a root of unity comes close to some Λ, Woodbury cancels digits: those few nodes are solved densely, d³.
    Raises ValueError for wrong shapes, values that are not finite, Re Λ > 0 (an unstable system), a step that is not
    positive and finite, L < 1, or a node that is an eigenvalue of A itself.
    """
    Lam = np.asarray(finite_numbers("Lam", Lam, ("d",)), dtype=complex)
    P = np.asarray(finite_numbers("P", P), dtype=complex)
    P = P[:, None] if P.ndim == 1 else P
    if P.ndim != 2 or len(P) != len(Lam):
        raise ValueError(f"P must have shape ({len(Lam)}, r), got {P.shape}")
    B, Ct = (np.asarray(finite_numbers(name, v, Lam.shape), dtype=complex) for name, v in (("B", B), ("Ct", Ct)))
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


def truncate_output(C: ArrayLike, Ab: ArrayLike, L: int) -> Numbers:
    """The output vector that cuts the kernel off after L taps: Ct = (I − Ā^L)* C. C (d,), Ab (d, d) → (d,).

    ⌈log₂ L⌉ products of d³ or twice that. Any Ā will do, also an unstable one. Raises ValueError for wrong shapes,
    L < 1, or if Ā^L overflows.
    """
    cut, C = _cut(Ab, C, "C", L)
    return cut.conj().T @ C


def untruncate_output(Ct: ArrayLike, Ab: ArrayLike, L: int) -> Numbers:
    """The inverse of `truncate_output`: C = (I − Ā^L)^{−*} Ct, by one solve of d³. Ct (d,), Ab (d, d) → (d,).

    Raises ValueError for wrong shapes, L < 1, if Ā^L overflows, or if it has the eigenvalue 1 (undamped systems may).
    """
    cut, Ct = _cut(Ab, Ct, "Ct", L)
    if np.linalg.cond(cut) * _ROUNDING > 1:
        raise ValueError(f"Ab must have no eigenvalue whose L-th power is 1, got one (L = {L})")
    return np.linalg.solve(cut.conj().T, Ct)


def _system(A: ArrayLike, B: ArrayLike, A_name: str, B_name: str) -> tuple[Numbers, Numbers]:
    B = finite_numbers(B_name, B, ("d",))
    return finite_numbers(A_name, A, (len(B), len(B))), B


def _cut(Ab: ArrayLike, C: ArrayLike, name: str, L: int) -> tuple[Numbers, Numbers]:
    """I − Ā^L, and the vector it acts on."""
    C = finite_numbers(name, C, ("d",))
    Ab = finite_numbers("Ab", Ab, (len(C), len(C)))
    L = count("L", L)
    with np.errstate(over="ignore", invalid="ignore"):
        power = np.linalg.matrix_power(Ab.astype(np.result_type(Ab, float)), L)
    if not np.isfinite(power).all():
        raise ValueError(f"Ab must have powers that stay finite, got Ab ** {L} with entries that are not")
    return np.eye(len(C)) - power, C


def _cauchy(omega: Array, Lam: Numbers, weights: Numbers) -> tuple[Numbers, NDArray[np.bool_]]:
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
