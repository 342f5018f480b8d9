"""Amos as its authors publish it, and AdamW beside it, one step of one tensor at a time.

Amos: Tian and Parikh, arXiv 2210.11693; the step is that of github.com/google-research/jestimator (2024), without
momentum, clipping and extra L2. Its slots v and b may be shared by the entries along some axes, which saves memory.
AdamW: Loshchilov and Hutter, arXiv 1711.05101, with the decay multiplied by the learning rate, as in PyTorch.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import between, broadcast, finite, number, positive

Array = NDArray[np.float64]
# A smallest second moment: the smallest positive normal number in single precision, twice.
TINY = 2.0**-125


class AmosState(NamedTuple):
    """What Amos remembers of a tensor; v and b have length 1 along the shared axes."""

    v: Array  # running mean of g², averaged along the shared axes
    b: Array  # how far the decay has come
    steps: int


class AdamWState(NamedTuple):
    """What AdamW remembers of a tensor, both of its shape."""

    m: Array  # running mean of g
    v: Array  # running mean of g²
    steps: int


def amos_start(theta: ArrayLike, shared: tuple[int, ...] | None = None) -> AmosState:
    """The state before the first step; one slot for all entries, or `shared` along the given axes only, () for none.

    Raises ValueError for an axis that the tensor has not.
    """
    shape = finite("theta", theta).shape
    axes = tuple(range(len(shape))) if shared is None else tuple(shared)
    if any(axis not in range(len(shape)) for axis in axes):
        raise ValueError(f"shared must be axes from 0 to {len(shape) - 1}, got {axes}")
    slots = tuple(1 if axis in axes else size for axis, size in enumerate(shape))
    return AmosState(np.zeros(slots), np.zeros(slots), 0)


def amos_step(
    theta: ArrayLike,
    gradient: ArrayLike,
    state: AmosState,
    xi: float,
    eta: float,
    beta: float = 0.999,
    c: float = 0.25,
    d: float = 0.25,
) -> tuple[Array, AmosState]:
    """The tensor and the state after a step with the global rate xi and the expected scale eta of the entries.

    Raises ValueError for rates, scales or c, d that are not positive, beta outside (0, 1), a gradient or slots that do
    not fit the tensor.
    """
    positive(xi=xi, eta=eta, c=c, d=d)
    between("beta", number("beta", beta), 0, 1)
    x, g = _pair(theta, gradient)
    if state.v.ndim != x.ndim or any(s not in (1, n) for s, n in zip(state.v.shape, x.shape, strict=True)):
        raise ValueError(f"state must have slots for the shape {x.shape}, got {state.v.shape}")
    shared = tuple(axis for axis, (s, n) in enumerate(zip(state.v.shape, x.shape, strict=True)) if s < n)
    count = state.steps + 1
    square = np.mean(g**2, axis=shared, keepdims=True)
    v = beta * state.v + (1 - beta) * square
    over_v = (1 - beta**count) / np.maximum(v, TINY)
    gamma = xi**2 * square * over_v / np.sqrt(1 + c * np.sqrt(xi) * state.b)
    damping = amos_damping(state.b, xi, eta, d)
    x = x - damping * (gamma / 2 * x + xi * eta * np.sqrt(over_v) * g)
    return x, AmosState(v, state.b + gamma * (1 + state.b), count)


def amos_damping(b: ArrayLike, xi: float, eta: float, d: float = 0.25) -> Array:
    """The factor that b has brought the learning rate down to, for b ≥ 0 of any shape. Raises ValueError otherwise."""
    positive(xi=xi, eta=eta, d=d)
    return np.asarray(1 / (1 + d * np.sqrt(xi * eta) * finite("b", b, least=0)))


def adamw_start(theta: ArrayLike) -> AdamWState:
    """The state before the first step."""
    zero = np.zeros_like(finite("theta", theta))
    return AdamWState(zero, zero, 0)


def adamw_step(
    theta: ArrayLike,
    gradient: ArrayLike,
    state: AdamWState,
    rate: float,
    decay: float = 0.01,
    beta1: float = 0.9,
    beta2: float = 0.999,
    tiny: float = 1e-8,
) -> tuple[Array, AdamWState]:
    """The tensor and the state after a step. Raises ValueError for a rate that is not positive, a negative decay,
    betas outside (0, 1), a gradient or a state that does not fit the tensor.
    """
    positive(rate=rate, tiny=tiny)
    number("decay", decay, least=0)
    between("beta1", number("beta1", beta1), 0, 1)
    between("beta2", number("beta2", beta2), 0, 1)
    x, g = _pair(theta, gradient)
    broadcast("state", state.m, x.shape)
    count = state.steps + 1
    m, v = beta1 * state.m + (1 - beta1) * g, beta2 * state.v + (1 - beta2) * g**2
    update = m / (1 - beta1**count) / (np.sqrt(v / (1 - beta2**count)) + tiny)
    return x - rate * (update + decay * x), AdamWState(m, v, count)


def _pair(theta: ArrayLike, gradient: ArrayLike) -> tuple[Array, Array]:
    found = finite("theta", theta)
    return found, finite("gradient", gradient, found.shape)
