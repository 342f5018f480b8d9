"""Flows of a generator's density in its training time: every GAN loss as an equation for q_t, on grids and exactly.

p is the density of the data, q_t that of the generator, r = p/q_t. A discriminator without error says D = log r, and
the generator loss E[−h(D)] moves the samples with the velocity ∂_x h(log r) = h'(log r) ∂_x log r. For densities on a
grid see `density_flow`, for a generator x = a + b z with z ~ N(0, 1) see `generator_flow`.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.integrate import solve_ivp
from scipy.linalg import eigh_tridiagonal, solve_banded

from companion._checks import count, finite, number, one_dimensional, one_of, positive, positives
from companion.mixtures import Mixture, logpdf, score

Array = NDArray[np.float64]
_LOG_2PI = float(np.log(2 * np.pi))

# log h'(u) of the increasing functions h in the generator loss E[−h(D)].
_LOG_RESCALE: dict[str, Callable[[Array], Array]] = {
    "logit": lambda u: np.zeros_like(u),  # h = D
    "ns": lambda u: -np.logaddexp(0, u),  # h = log σ(D), the non-saturating loss
    "saturating": lambda u: -np.logaddexp(0, -u),  # h = −log(1 − σ(D)), the first GAN
    "hellinger": lambda u: u / 2 - np.log(2),  # h = exp(D/2)
    "exp": lambda u: u,  # h = exp(D)
}
LOSSES = tuple(_LOG_RESCALE)


def log_rescale(loss: str, u: ArrayLike, shift: float = 0.0) -> Array:
    """The log of h'(u + shift), by how much the loss h speeds up the samples where log r = u: same shape as u.

    `shift` is a constant added to the logit. Raises ValueError for an unknown loss or numbers that are not finite.
    """
    return _LOG_RESCALE[one_of("loss", loss, LOSSES)](finite("u", u) + number("shift", shift))


def density_flow(
    p: ArrayLike,
    q0: ArrayLike,
    grid: ArrayLike,
    times: ArrayLike,
    loss: str = "logit",
    shift: float = 0.0,
    cap: float = 8.0,
) -> Array:
    """The densities q_t (m, n) of a free generator at `times` (m,), started at q0 (n,), on a uniform `grid` (n,).

    Solves ∂_t q = ∂_x(p h' ∂_x(q/p)) with no flow through the ends, one backward Euler step between two times: the
    factor h' is that of the time before, at most exp(cap), p between two points is their geometric mean. It is stable
    for steps of any length, of first order in them, and keeps the mass and the sign of q. Under "ns" the cloud has a
    front, which moves by about one point per step at most: take steps short enough. One banded solve of O(n) per step.
    Raises ValueError unless p and q0 are positive, grid uniform and times increasing.
    """
    p, q0, grid, dx = _on_grid(p, finite("q", q0, ("n",)), grid)
    times = finite("times", times, ("m",))
    if (falls := np.diff(times) <= 0).any():
        raise ValueError(f"times must increase, got {times[:-1][falls][0]} before {times[1:][falls][0]}")
    one_of("loss", loss, LOSSES)
    number("shift", shift)
    number("cap", cap)
    between, q = np.sqrt(p[1:] * p[:-1]) / dx**2, q0
    path = [q]
    for step in np.diff(times):
        u = np.log(p) - np.log(np.maximum(q, 1e-300))
        flow = step * between * np.exp(np.minimum(log_rescale(loss, (u[1:] + u[:-1]) / 2, shift), cap))
        bands = np.zeros((3, len(p)))
        bands[0, 1:], bands[2, :-1] = -flow / p[1:], -flow / p[:-1]
        bands[1] = 1.0
        bands[1, :-1] += flow / p[:-1]
        bands[1, 1:] += flow / p[1:]
        q = solve_banded((1, 1), bands, q, check_finite=False)
        path.append(q)
    return np.array(path)


def divergence(name: str, p: ArrayLike, q: ArrayLike, grid: ArrayLike) -> Array:
    """The divergence of q (…, n) from p (n,) on a uniform grid, in nats: (…).

    "kl" is KL(q‖p), "forward" KL(p‖q), "js" Jensen–Shannon's, "hellinger" ∫(√p − √q)² dx. Raises ValueError for an
    unknown name, densities that are not positive, or a grid that is not uniform.
    """
    p, q, _, dx = _on_grid(p, q, grid)
    return np.asarray(_DIVERGENCES[one_of("name", name, _DIVERGENCES)](p, q).sum(axis=-1) * dx)


def relaxation_rates(p: ArrayLike, grid: ArrayLike, n: int = 3) -> Array:
    """The n smallest rates λ_1 ≤ λ_2 ≤ … > 0 of ∂_t u = (p u')'/p on a uniform grid, with no flow through its ends.

    With them small deviations q = p (1 + u) die away under the loss h = D; λ_0 = 0 belongs to a constant u, and is left
    out. A symmetric tridiagonal eigenvalue problem of the grid's size. Raises ValueError as `density_flow` does.
    """
    p, _, grid, dx = _on_grid(p, p, grid)
    n = count("n", n)
    if n >= len(p):
        raise ValueError(f"n must be below the {len(p)} points of the grid, got {n}")
    between = np.sqrt(p[1:] * p[:-1]) / dx**2
    diagonal = (np.append(between, 0) + np.append(0, between)) / p
    beside = -between / np.sqrt(p[1:] * p[:-1])
    return np.asarray(eigh_tridiagonal(diagonal, beside, eigvals_only=True, select="i", select_range=(1, n)))


def generator_velocity(
    m: Mixture, a: ArrayLike, b: ArrayLike, loss: str = "logit", shift: float = 0.0, n: int = 721
) -> tuple[Array, Array]:
    """The velocity (da/dt, db/dt) of the generator a + b z under the loss, with the exact discriminator log(p/q).

    a and b > 0 broadcast; m is a 1-D mixture. E_z[∂_x h(D) (1, z)] as a sum over n uniform points that cover the data
    and the generator, 9 standard deviations of each. Costs n densities of m for each pair. Raises ValueError for d ≠ 1,
    b ≤ 0, an unknown loss, or points that are further apart than b or the narrowest component is wide.
    """
    one_dimensional("m", m.d)
    one_of("loss", loss, LOSSES)
    a, b = np.broadcast_arrays(finite("a", a), positives("b", b))
    n = count("n", n, least=2)
    a, b = a[..., None], b[..., None]
    reach = 9 * np.sqrt(m.covs[:, 0, 0])
    low = np.minimum((m.means[:, 0] - reach).min(), a - 9 * b)
    high = np.maximum((m.means[:, 0] + reach).max(), a + 9 * b)
    dx = (high - low) / (n - 1)
    if (bad := dx > np.minimum(b, np.sqrt(m.covs[:, 0, 0].min()))).any():
        raise ValueError(f"n must be larger to resolve the generator and the data, got {n} for b = {b[bad][0]:g}")
    x = low + dx * np.arange(n)
    z = (x - a) / b
    log_p, log_q = logpdf(m, x[..., None]), -0.5 * (z**2 + _LOG_2PI) - np.log(b)
    pull = np.exp(log_q + log_rescale(loss, log_p - log_q, shift)) * (score(m, x[..., None])[..., 0] + z / b) * dx
    return pull.sum(axis=-1), (pull * z).sum(axis=-1)


def generator_flow(
    m: Mixture,
    a: float,
    b: float,
    times: ArrayLike,
    loss: str = "logit",
    shift: float = 0.0,
    rtol: float = 1e-7,
    n: int = 301,
) -> Array:
    """The path (a_t, b_t), (m, 2), of the generator a + b z at the increasing `times`, started at (a, b) at times[0].

    Solved in (a, log b) with steps of any length (LSODA), so b stays positive. Raises ValueError as for a velocity, so
    also where the generator collapses below what n points resolve, or if the flow cannot be followed to the last time.
    """
    positive(b=b, rtol=rtol)
    number("a", a)
    one_dimensional("m", m.d)
    one_of("loss", loss, LOSSES)
    times = finite("times", times, ("m",))
    if len(times) < 2 or (np.diff(times) <= 0).any():
        raise ValueError(f"times must be at least two increasing numbers, got {times.tolist()}")

    def rate(_: float, state: Array) -> list[float]:
        width = np.exp(state[1])
        va, vb = generator_velocity(m, state[0], width, loss, shift, n)
        return [float(va), float(vb / width)]

    ends = (times[0], times[-1])
    solved = solve_ivp(rate, ends, [a, np.log(b)], "LSODA", t_eval=times, rtol=rtol, atol=rtol)
    if not solved.success:
        raise ValueError(f"times must end where the flow can be followed, got {times[-1]}: {solved.message}")
    return np.stack([solved.y[0], np.exp(solved.y[1])], axis=-1)


def _kl(p: Array, q: Array) -> Array:
    return q * (np.log(q) - np.log(p)) - q + p


_DIVERGENCES: dict[str, Callable[[Array, Array], Array]] = {
    "kl": _kl,
    "forward": lambda p, q: _kl(q, p),
    "js": lambda p, q: (_kl((p + q) / 2, p) + _kl((p + q) / 2, q)) / 2,
    "hellinger": lambda p, q: (np.sqrt(p) - np.sqrt(q)) ** 2,
}


def _on_grid(p: ArrayLike, q: ArrayLike, grid: ArrayLike) -> tuple[Array, Array, Array, float]:
    """Densities p (n,) and q (…, n), positive, on a uniform grid (n,), and its spacing."""
    grid = finite("grid", grid, ("n",))
    gaps = np.diff(grid)
    if len(grid) < 3 or gaps[0] <= 0 or not np.allclose(gaps, gaps[0], rtol=1e-6):
        raise ValueError(f"grid must be at least three numbers in equal steps upwards, got {grid[:4].tolist()} …")
    p, q = finite("p", p, (len(grid),)), finite("q", q)
    if q.ndim == 0 or q.shape[-1] != len(grid):
        raise ValueError(f"q must have {len(grid)} entries on its last axis, as the grid, got shape {q.shape}")
    for name, values in (("p", p), ("q", q)):
        if (values <= 0).any():
            raise ValueError(f"{name} must be positive on the whole grid, got {values[values <= 0][0]}")
    return p, q, grid, float(gaps[0])
