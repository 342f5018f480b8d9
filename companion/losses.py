"""Losses of a classifier on its logits: cross entropy, EMO (transport to the target), their blends, and their flows.

z are logits (…, n), t target classes (…), cost (n, n) what it costs to move from class i to class j.
Source: Su Jianlin, https://kexue.fm/archives/9797; Ren, Wu and Zhu, arXiv:2310.04691, code github.com/DRSY/EMO.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import logsumexp

from companion._checks import count, entry_of, finite, number, one_of, positive, returned, rows
from companion.softmax import softmax
from companion.transport import unit_rows

Array = NDArray[np.float64]
CAP = 3.0  # the largest weight of EMO in the package EMOLoss
TINY = 1e-10  # what the published code adds to a denominator


def cross_entropy(z: ArrayLike, t: ArrayLike) -> Array:
    """−log softmax(z)_t, in nats: z (…, n), t (…) → (…). Raises ValueError for a target out of range."""
    z = rows("z", z)
    return np.asarray(logsumexp(z, axis=-1) - entry_of(z, t))


def emo(z: ArrayLike, t: ArrayLike, E: ArrayLike) -> Array:
    """EMO with the cosine cost, 1 − ⟨Σ_i p_i ê_i, ê_t⟩, without a matrix of costs: n·d operations per target.

    z (…, n), t (…), embeddings E (n, d) → (…). Raises ValueError for a row of E that is zero, or a target out of range.
    """
    z, unit = rows("z", z), unit_rows(E)
    finite("E", E, (z.shape[-1], "d"))
    target = unit[_targets(z, t)]
    return np.asarray(1 - np.sum((softmax(z) @ unit) * target, axis=-1))


def cross_entropy_gradient(z: ArrayLike, t: ArrayLike) -> Array:
    """Gradient p − onehot(t) of the cross entropy with respect to the logits: z (…, n), t (…) → (…, n)."""
    z = rows("z", z)
    return softmax(z) - (np.arange(z.shape[-1]) == _targets(z, t)[..., None])


def emo_gradient(z: ArrayLike, t: ArrayLike, cost: ArrayLike) -> Array:
    """Gradient p_j (c_jt − Σ_i p_i c_it) of EMO with respect to the logits.

    z (…, n), t (…), cost (n, n) not negative → (…, n), each row summing to 0.
    """
    p, c = _moved(z, t, cost)
    return p * (c - np.sum(p * c, axis=-1, keepdims=True))


def blend_gradient(z: ArrayLike, t: ArrayLike, cost: ArrayLike, variant: str = "pypi") -> Array:
    """Gradient of the published mixture ½ (CE + w·EMO), whose weight w is not differentiated.

    variant "pypi" (package EMOLoss 0.0.3, mode 1): w = min(CE/EMO, 3); "patch" (emo_patch.py of the repository):
    w = CE/(EMO + p_t), because that code takes p_t, detached, out of p before it forms the value. Both add 1e-10 to
    the denominator. z (…, n), t (…), cost (n, n) → (…, n). Raises ValueError for another variant.
    """
    one_of("variant", variant, ("pypi", "patch"))
    p, c = _moved(z, t, cost)
    moved, entropy = np.sum(p * c, axis=-1), cross_entropy(z, t)
    if variant == "pypi":
        weight = np.minimum(entropy / (moved + TINY), CAP)
    else:
        weight = entropy / (moved + entry_of(p, t) + TINY)
    return 0.5 * (cross_entropy_gradient(z, t) + weight[..., None] * p * (c - moved[..., None]))


def blend_minimiser(tau: ArrayLike, cost: ArrayLike, lam: float) -> Array:
    """The p that minimises E[CE + lam·EMO] when targets are drawn from tau: p_j = tau_j / (ν + lam·(C tau)_j).

    tau (n,), cost (n, n) not negative, lam ≥ 0 → (n,). Where tau_j = 0 so is p_j, unless that class is so cheap that ν
    would have to fall to −lam·(C tau)_j: then it takes the rest (several such classes share it evenly). ν by bisection
    to rounding. Raises ValueError for a tau that does not sum to 1 (within 1e-6).
    """
    tau = finite("tau", tau, ("n",), least=0)
    if abs(tau.sum() - 1) > 1e-6:
        raise ValueError(f"tau must sum to 1, got a sum of {tau.sum():.10g}")
    cost, lam = finite("cost", cost, (tau.size, tau.size), least=0), number("lam", lam, least=0)
    price, seen = lam * (cost @ tau), tau > 0
    price = price - price[seen].min()
    # With the least price at 0, Σ tau_j/(ν + price_j) is at least 1 at ν = max(tau_j − price_j) and at most 1 at 1.
    low, high = float(np.max((tau - price)[seen])), 1.0
    floor = -price[~seen].min(initial=np.inf)
    if floor > low and np.sum(tau[seen] / (floor + price[seen])) <= 1:
        low = high = floor
    for _ in range(200):
        middle = 0.5 * (low + high)
        enough = np.sum(tau[seen] / (middle + price[seen])) > 1
        low, high = (middle, high) if enough else (low, middle)
    p = np.zeros_like(tau)
    p[seen] = tau[seen] / (high + price[seen])
    if high == floor:
        cheapest = ~seen & (price == -floor)
        p[cheapest] = max(0.0, 1 - p.sum()) / cheapest.sum()
    return p / p.sum()


def flow(z0: ArrayLike, gradient: Callable[[Array], ArrayLike], time: float, steps: int = 200) -> Array:
    """Gradient flow dz/ds = −gradient(z) from z0, by the classical Runge–Kutta method with equal steps.

    z0 of any shape → (steps + 1, …), the states at the times 0 … time. Four gradients per step. Raises ValueError
    for a gradient of another shape, or values that are not finite.
    """
    z, steps = finite("z0", z0).copy(), count("steps", steps)
    positive(time=time)
    h = time / steps
    states = np.empty((steps + 1, *z.shape))
    states[0] = z
    for k in range(steps):
        k1 = returned("gradient", gradient, z)
        k2 = returned("gradient", gradient, z - h / 2 * k1)
        k3 = returned("gradient", gradient, z - h / 2 * k2)
        k4 = returned("gradient", gradient, z - h * k3)
        z = z - h / 6 * (k1 + 2 * k2 + 2 * k3 + k4)
        states[k + 1] = z
    return states


def _targets(z: Array, t: ArrayLike) -> NDArray[np.intp]:
    """Target classes, one for each row of logits."""
    return entry_of(np.broadcast_to(np.arange(z.shape[-1], dtype=float), z.shape), t).astype(np.intp)


def _moved(z: ArrayLike, t: ArrayLike, cost: ArrayLike) -> tuple[Array, Array]:
    """The probabilities, and what each class pays to move to the target: both (…, n)."""
    z = rows("z", z)
    cost = finite("cost", cost, (z.shape[-1], z.shape[-1]), least=0)
    return softmax(z), cost.T[_targets(z, t)]
