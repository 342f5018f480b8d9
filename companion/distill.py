"""Score identity distillation: what a one-step student learns from a diffusion teacher, under several losses.

At one noise level x = signal · g(z) + noise · ε. The teacher's denoiser ε_φ(x) is ideal for the data, the student's
own ε_ψ(x) is ideal for what the student makes, and training holds ε_ψ fixed while it differentiates a loss:

- "naive": L₁ = E(ε_φ − ε_ψ)²; a number λ: SiD's L₂ − λL₁, with L₂ = E(ε_φ − ε_ψ)(ε_φ − ε);
- "L3": E[ε_φ² − 2ε_φ ε + ε_ψ ε]; "lsgan": E[(ε_φ − ε)² + ε_ψ²];
- "exact": L₁ with ε_ψ moving along, which is what the others approximate.

All in one dimension, with students that are affine, a + b·z, or make K points with equal chances.

Sources: Zhou et al., "Score identity Distillation", arXiv:2404.04057; Huang et al., "Flow Generator Matching",
arXiv:2410.19310; Su Jianlin, https://kexue.fm/archives/10085 and https://kexue.fm/archives/10567.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, generator, number, one_dimensional, positive, positives
from companion._losses import normal, parts, teacher_of, weight
from companion.mixtures import Mixture

Array = NDArray[np.float64]
_AT_ONCE = 2_000_000  # differences of points held in memory


def gaussian_gradient(
    loss: str | float,
    a: ArrayLike,
    b: ArrayLike,
    mu: float = 0.0,
    s: float = 1.0,
    signal: float = 1.0,
    noise: float = 1.0,
) -> tuple[Array, Array]:
    """The gradient by a and b of a loss for the student a + b·z and data N(mu, s²): two arrays of their common shape.

    Closed forms. Raises ValueError for an unknown loss, b < 0, or s, signal or noise that is not positive.
    """
    a, b, mu = finite("a", a), finite("b", b, least=0), number("mu", mu)
    positive(s=s, signal=signal, noise=noise)
    a, b = _together(a=a, b=b)
    A, B, lam = signal**2, noise**2, weight(loss)
    V, W = A * s**2 + B, A * b**2 + B  # the variances of noisy data and of noisy samples
    excess = A * (b**2 - s**2)
    # Through the samples, with the denoiser fixed; and through the denoiser, with the samples fixed.
    moved = 2 * A * B / (V * W) * np.stack([(a - mu) * excess / V, b * excess**2 / (V * W)])
    taught = 2 * A * B / (V * W) * np.stack([a - mu, 2 * b * excess / W])
    if lam is not None:
        made = taught / 2 + (1 - lam) * moved
    elif loss in ("exact", "naive"):
        made = moved + (taught if loss == "exact" else 0)
    else:
        made = 2 * A * B / V**2 * np.stack([a - mu, b if loss == "L3" else b * (1 + V**2 / W**2)])
    return made[0], made[1]


def affine_gradient(
    loss: str | float,
    a: ArrayLike,
    b: ArrayLike,
    teacher: Mixture,
    signal: ArrayLike = 1.0,
    noise: ArrayLike = 1.0,
    nodes: int = 241,
) -> tuple[Array, Array]:
    """The gradient by a and b of a loss for the student a + b·z and any teacher: arrays of the common shape.

    Expectations are sums over `nodes` even points of x; given x, z and ε are jointly Gaussian. Raises ValueError for an
    unknown loss, b < 0, levels that are not positive, fewer than 2 nodes, or a teacher with d > 1.
    """
    one_dimensional("teacher", teacher.d)
    lam, (e, w) = weight(loss), normal(nodes, 8.0)
    found = _together(
        a=finite("a", a), b=finite("b", b, least=0), signal=positives("signal", signal), noise=positives("noise", noise)
    )
    a, b, s, n = (part[..., None] for part in found)
    W = s**2 * b**2 + n**2
    y = np.sqrt(W) * e
    # Given x = s·a + y, the means of ε and z are n·y/W and s·b·y/W, and their covariance is −s·b·n/W.
    psi, psi_slope, z = n * y / W, n / W, s * b * y / W
    phi, phi_slope = teacher_of(teacher, s * a + y, s, n)
    plain, noisy = parts(loss, lam, phi, phi_slope, psi, psi_slope)
    plain = plain + noisy * psi
    by_b = plain * z - noisy * (s * b * n / W)
    return (s * plain) @ w, (s * by_b) @ w


def affine_path(
    loss: str | float,
    a: ArrayLike,
    b: ArrayLike,
    teacher: Mixture,
    levels: ArrayLike,
    steps: int = 200,
    rate: float = 0.5,
    reach: float = 12.0,
    nodes: int = 241,
) -> Array:
    """Gradient descent of students a + b·z: (steps + 1, 2, …), the two parameters after each step.

    `levels` (m,) are the amounts of noise, at signal 1, whose gradients are averaged. A student that a loss drives away
    is held at |a| ≤ reach and 0 ≤ b ≤ reach. Raises ValueError for steps or rates that are not positive, a start beyond
    the reach, and as `affine_gradient` does.
    """
    levels, steps = positives("levels", levels, ("m",)), count("steps", steps)
    positive(rate=rate, reach=reach)
    now = np.stack(_together(a=_within("a", a, reach), b=_within("b", finite("b", b, least=0), reach)))
    path = [now]
    for _ in range(steps):
        slope = affine_gradient(loss, now[0][..., None], now[1][..., None], teacher, 1.0, levels, nodes)
        now = np.clip(now - rate * np.mean(slope, axis=-1), [[-reach], [0.0]] if now.ndim > 1 else [-reach, 0.0], reach)
        path.append(now)
    return np.stack(path)


def score_gap(theta: ArrayLike, teacher: Mixture, signal: float = 1.0, noise: float = 1.0, nodes: int = 31) -> float:
    """L₁ = E(ε_φ − ε_ψ)² for a student that makes the K points theta (K,) with equal chances.

    On `nodes` even points of ε. Raises ValueError unless d = 1 and the levels are positive.
    """
    theta, (e, w) = _checked(theta, teacher, signal, noise), normal(nodes, 6.0)
    x = signal * theta[:, None] + noise * e
    gap = teacher_of(teacher, x, signal, noise)[0] - _student(theta, x, signal, noise)[0]
    return float((gap**2 @ w).mean())


def particle_gradient(
    loss: str | float, theta: ArrayLike, teacher: Mixture, signal: float = 1.0, noise: float = 1.0, nodes: int = 31
) -> Array:
    """The gradient (K,) of a loss by the K points theta (K,) that the student makes with equal chances.

    The student's noisy density is a mixture of K Gaussians, so that its ideal denoiser is exact, also when all points
    coincide. On `nodes` even points of ε, with K² · nodes exponentials. Too few nodes move where a training ends:
    compare with twice as many. Raises ValueError for an unknown loss, and as `score_gap` does.
    """
    lam, theta, (e, w) = weight(loss), _checked(theta, teacher, signal, noise), normal(nodes, 6.0)
    return _slopes(loss, lam, theta, teacher, signal, [noise], np.broadcast_to(e, (len(theta), len(e))))[0] @ w


def drawn_gradients(
    loss: str | float,
    theta: ArrayLike,
    teacher: Mixture,
    n: int,
    rng: np.random.Generator,
    signal: float = 1.0,
    noise: float = 1.0,
) -> Array:
    """What training sees: n gradients (n, K), each from one drawn ε for each point; their mean is `particle_gradient`.

    Raises ValueError for n < 1, an rng that is no NumPy generator, and as `particle_gradient` does.
    """
    lam, theta = weight(loss), _checked(theta, teacher, signal, noise)
    e = generator(rng).standard_normal((len(theta), count("n", n)))
    return _slopes(loss, lam, theta, teacher, signal, [noise], e)[0].T


def particle_path(
    loss: str | float,
    theta: ArrayLike,
    teacher: Mixture,
    levels: ArrayLike,
    steps: int = 300,
    rate: float = 0.1,
    nodes: int = 31,
    reach: float = 30.0,
) -> Array:
    """Gradient descent of K points theta (K,): all their positions (steps + 1, K).

    `levels` (m,) are the amounts of noise, at signal 1, whose gradients are averaged; a step is rate · K times the mean
    gradient. A student that the loss drives away from the data is held in [−reach, reach], where it may stay. Raises
    ValueError for steps or rates that are not positive, points beyond the reach, and as `particle_gradient` does.
    """
    lam, levels, steps = weight(loss), positives("levels", levels, ("m",)), count("steps", steps)
    positive(rate=rate, reach=reach)
    e, w = normal(nodes, 6.0)
    theta = _within("theta", _checked(theta, teacher, 1.0, 1.0), reach)
    e, path = np.broadcast_to(e, (len(theta), len(e))), np.empty((steps + 1, len(theta)))
    path[0] = theta
    for step in range(steps):
        slopes = _slopes(loss, lam, path[step], teacher, 1.0, levels, e) @ w
        path[step + 1] = np.clip(path[step] - rate * len(theta) * slopes.mean(axis=0), -reach, reach)
    return path


def _slopes(
    loss: str | float, lam: float | None, theta: Array, teacher: Mixture, signal: float, levels: ArrayLike, e: Array
) -> Array:
    """The gradient of the loss by each point (K,), at each level (m,), for its own draws e (K, n): (m, K, n)."""
    noise = np.asarray(levels, dtype=float)[:, None, None]
    x = signal * theta[:, None] + noise * e
    student = [_student(theta, x_m, signal, level) for x_m, level in zip(x, noise.flat, strict=True)]
    psi, psi_slope = np.stack(student, axis=1)
    plain, noisy = parts(loss, lam, *teacher_of(teacher, x, signal, noise), psi, psi_slope)
    return (plain + noisy * e) * signal / len(theta)


def _student(theta: Array, x: Array, signal: float, noise: float) -> tuple[Array, Array]:
    """The denoiser that is ideal for equally likely points theta, and its slope, at x (K, n)."""
    centre = theta.mean()  # about which the variance keeps its digits
    at = signal * (theta - centre) / noise
    powers, flat = np.stack([np.ones_like(at), at, at**2]), ((x - signal * centre) / noise).ravel()
    psi, slope = np.empty_like(flat), np.empty_like(flat)
    size = max(1, _AT_ONCE // len(theta))
    for k in range(0, len(flat), size):
        here = flat[k : k + size]
        chances = np.subtract.outer(at, here)
        chances *= chances
        chances -= chances.min(axis=0)
        chances *= -0.5
        np.exp(chances, out=chances)
        total, first, second = powers @ chances
        mean = first / total
        psi[k : k + size] = here - mean
        slope[k : k + size] = (1 - (second / total - mean**2)) / noise
    return psi.reshape(x.shape), slope.reshape(x.shape)


def _within(name: str, values: ArrayLike, reach: float) -> Array:
    found = finite(name, values)
    if (np.abs(found) > reach).any():
        raise ValueError(f"{name} must lie within the reach of {reach:g}, got {found.flat[np.abs(found).argmax()]:g}")
    return found


def _together(**arrays: Array) -> tuple[Array, ...]:
    """The arrays in their common shape."""
    try:
        return tuple(np.broadcast_arrays(*arrays.values()))
    except ValueError:
        shapes = ", ".join(f"{name} {array.shape}" for name, array in arrays.items())
        raise ValueError(f"{' and '.join(arrays)} must broadcast, got shapes {shapes}") from None


def _checked(theta: ArrayLike, teacher: Mixture, signal: float, noise: float) -> Array:
    one_dimensional("teacher", teacher.d)
    positive(signal=signal, noise=noise)
    return finite("theta", theta, ("K",))
