"""Rational transfer functions of linear state space models.

The generating function Σ K_k zᵏ of every kernel is b(z) / a(z), where a(z) = 1 + a_1 z + … + a_d zᵈ and
b(z) = b_1 + b_2 z + … + b_d zᵈ⁻¹. The vectors a and b hold these coefficients, without the leading 1. The poles of the
recurrence are the roots of λᵈ + a_1 λᵈ⁻¹ + … + a_d.

Sources: Parnichkun et al., "State-Free Inference of State-Space Models: The Transfer Function Approach",
arXiv:2405.06147; Su Jianlin, https://kexue.fm/archives/10180.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.fft import irfft, rfft
from scipy.signal import lfilter

from companion import ssm
from companion._checks import Numbers, count, finite, finite_numbers, rows

Array = NDArray[np.float64]


def to_rational(Ab: ArrayLike, Bb: ArrayLike, C: ArrayLike) -> tuple[Numbers, Numbers]:
    """The rational transfer function of a recurrence: a from the characteristic polynomial of Ā, b from its kernel.

    Ab (d, d), Bb (d,), C (d,) → a (d,), b (d,), complex where the eigenvalues of a complex Ā ask for it. b is the
    numerator of the infinite kernel: the first d coefficients of a(z) Σ K_k zᵏ. Eigenvalues, d³. Coefficients grow
    fast and cancel when poles crowd near 1, so a large HiPPO system does not survive. Raises ValueError for wrong
    shapes.
    """
    Bb = finite_numbers("Bb", Bb, ("d",))
    first = ssm.kernel(Ab, Bb, C, len(Bb))
    a = np.poly(np.asarray(Ab))
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
    return ssm.causal_conv(first, np.concatenate([[1.0], a[:-1]]))


def is_schur(a: ArrayLike) -> NDArray[np.bool_]:
    """Whether all roots of λᵈ + a_1 λᵈ⁻¹ + … + a_d lie inside the unit circle: a (…, d) → (…).

    By step-down: the last coefficient k must lie in (−1, 1), then the same is asked of the polynomial of degree d − 1
    with a'_i = (a_i − k a_{d−i}) / (1 − k²). Exact but for rounding; a root on the circle counts as outside. Cost d²,
    vectorised over leading axes. Raises ValueError if a has no coefficient or one that is not finite and real.
    """
    a = rows("a", a)
    inside = np.ones(a.shape[:-1], dtype=bool)
    with np.errstate(over="ignore", invalid="ignore"):
        while a.shape[-1]:
            k, rest = a[..., -1:], a[..., :-1]
            inside = inside & (np.abs(k) < 1)[..., 0]
            kept = inside[..., None]
            k, rest = np.where(kept, k, 0), np.where(kept, rest, 0)
            a = (rest - k * rest[..., ::-1]) / ((1 - k) * (1 + k))
    return inside


def _rational(a: ArrayLike, b: ArrayLike, name: str = "b") -> tuple[Array, Array]:
    a = finite("a", a, ("d",))
    return a, finite(name, b, a.shape)


def _longer(L: int, d: int) -> int:
    if count("L", L) <= d:
        raise ValueError(f"L must be larger than the {d} coefficients of a, got {L}")
    return int(L)
