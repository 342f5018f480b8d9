"""The losses of `companion.distill`: their names, what their gradients are made of, and a grid for expectations."""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import mixtures
from companion._checks import count, number
from companion.mixtures import Mixture

Array = NDArray[np.float64]
NAMES = ("exact", "naive", "L3", "lsgan")


def normal(nodes: int, reach: float) -> tuple[Array, Array]:
    """Even points and weights for expectations over a standard normal variable."""
    e = np.linspace(-reach, reach, count("nodes", nodes, least=2))
    w = np.exp(-(e**2) / 2)
    return e, w / w.sum()


def weight(loss: str | float) -> float | None:
    """λ if the loss is a number, None if it is one of the names."""
    if isinstance(loss, str):
        if loss not in NAMES:
            raise ValueError(f"loss must be a number or one of {NAMES}, got {loss!r}")
        return None
    return number("loss", loss)


def parts(
    loss: str | float, lam: float | None, phi: Array, phi_slope: Array, psi: Array, psi_slope: Array
) -> tuple[Array, Array]:
    """The derivative of the loss by x, with both denoisers fixed, as (u, v): u(x) + v(x) ε."""
    gap, gap_slope = phi - psi, phi_slope - psi_slope
    moved = 2 * gap * gap_slope
    if loss == "naive":
        return moved, np.zeros_like(moved)
    if loss == "exact":  # (ε_φ − ε)² − (ε_ψ − ε)², which is 2(L₂ − L₁/2)
        return 2 * (phi * phi_slope - psi * psi_slope), -2 * gap_slope
    if loss == "L3":
        return 2 * phi * phi_slope, psi_slope - 2 * phi_slope
    if loss == "lsgan":
        return 2 * (phi * phi_slope + psi * psi_slope), -2 * phi_slope
    return gap_slope * phi + gap * phi_slope - (lam or 0.0) * moved, -gap_slope


def teacher_of(teacher: Mixture, x: Array, signal: ArrayLike, noise: ArrayLike) -> tuple[Array, Array]:
    """The teacher's denoiser and its slope at x, for levels that broadcast against x."""
    at, n = x[..., None], np.asarray(noise, dtype=float)
    score = mixtures.score(teacher, at, signal, noise)[..., 0]
    return -n * score, -n * mixtures.hessian(teacher, at, signal, noise)[..., 0, 0]
