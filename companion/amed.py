"""Solvers of the diffusion ODE with one well-chosen time per step: the mean value form x − (b − a) v(x_s, s).

The ODE is dx/dt = v(x, t) for x_t = x_0 + t ε, with v the ideal noise prediction (the schedule "edm"): a step leads
from the time b down to a, 0 < a < b. Points are arrays (…, d), and grids of times fall, from noise to data.

Sources: Zhou, Chen, Wang, Chen, "Fast ODE-based Sampling for Diffusion Models in Around 5 Steps", arXiv:2312.00094, and
its code, https://github.com/zju-pi/diff-sampler; Lu et al., "DPM-Solver", arXiv:2206.00927; Su Jianlin,
https://kexue.fm/archives/9881.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion import mixtures
from companion._checks import between, broadcast, count, finite, one_dimensional, positive, positives, returned, rows
from companion.mixtures import Mixture
from companion.samplers import Field, monotone

Array = NDArray[np.float64]
# Candidates for a node are b^(1 − r) a^r with these r at the ends; the published code has r in (0, 1).
_FIRST, _LAST = 0.02, 0.98


class Fit(NamedTuple):
    """What `fit_nodes` finds for each step: times (n,) and factors of the slope (n,)."""

    nodes: Array
    scales: Array


def mean_value_node(d: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """The time s in (a, b) at which the exact slope is the mean slope over [a, b], for data N(·, d²): broadcasts.

    s² = (uw + ab − d²)/2 with u = √(d² + a²) and w = √(d² + b²). It lies between √(ab), for d → 0, and (a + b)/2, for
    d → ∞. Raises ValueError unless d > 0, 0 < a < b and a/b ≥ 1e-300.
    """
    d, a, b = _step(d, a, b)
    # In units of b, with uw − d² as a quotient: it stays accurate for d much larger than b.
    u, w = np.hypot(d, a), np.hypot(d, 1)
    cosines, sines = d / u * (d / w), a / u / w
    above = (cosines * (1 + a**2) + a * sines) / (1 + cosines)
    return b * np.sqrt((above + a) / 2)


def predictor_node(d: ArrayLike, a: ArrayLike, b: ArrayLike) -> Array:
    """The time s in (a, b) for which the step of `solve` is exact, for data N(·, d²): broadcasts.

    Euler's method predicts x_s from b, so this is not quite the mean value node: s + β s² = ℓ with u, w as there, ℓ =
    (a + b) w/(u + w) and β = (b² − a²)/((u + w)(bu + aw)). It lies between √(ab) and (a + b)/2, its limit for d → ∞; as
    d → 0 it tends to the root with β = (b − a)/(2ab) and ℓ = b. Raises ValueError unless d > 0, 0 < a < b and a/b ≥
    1e-300.
    """
    d, a, b = _step(d, a, b)
    u, w = np.hypot(d, a), np.hypot(d, 1)
    far, bend = (a + 1) * w / (u + w), (1 - a) / (u + w) * ((1 + a) / (u + a * w))
    return b * (2 * far / (1 + np.sqrt(1 + 4 * bend * far)))


def vp_times(n: int, low: float = 0.002, high: float = 80.0, first: float = 1e-3) -> Array:
    """The n noise levels, falling from `high` to `low`, that are evenly spaced in the time of a VP process: (n,).

    Its ln(1 + t²) is a quadratic polynomial in that time τ, without a constant, with t = low at τ = `first` and t =
    high at τ = 1: the grid "time_uniform" of the published code. Raises ValueError unless n ≥ 1, 0 < first < 1, and
    0 < low < high < 1e150 are such that t rises all the way.
    """
    positive(low=low, high=high)
    between("first", first, 0, 1)
    if not low < high < 1e150:
        raise ValueError(f"high must be larger than low = {low} and below 1e150, got {high}")
    start, end = np.log1p(low**2), np.log1p(high**2)
    bend = (start / first - end) / (first - 1)
    slope = end - bend
    if 2 * bend * first + slope <= 0 or 2 * bend + slope <= 0:
        raise ValueError(f"first must be such that t rises from low to high, got {first}")
    tau = np.linspace(1, first, count("n", n))
    return np.sqrt(np.expm1(bend * tau**2 + slope * tau))


def exact_path(m: Mixture, u: ArrayLike, times: ArrayLike) -> Array:
    """The exact solutions in 1-D at the quantiles u (k,): x_t keeps its quantile. times (n + 1,) → (n + 1, k).

    Raises ValueError unless d = 1, 0 < u < 1 and the times are positive and strictly monotone.
    """
    one_dimensional("m", m.d)
    u = between("u", finite("u", u, ("k",)), 0, 1)
    return np.stack([mixtures.quantile(mixtures.diffuse(m, 1.0, t), u)[:, 0] for t in _positive_times(times)])


def solve(
    v: Field, x: ArrayLike, times: ArrayLike, nodes: ArrayLike, scales: ArrayLike = 1.0, path: bool = False
) -> Array:
    """Generates along `times` (n + 1,), falling, with one slope at nodes[i] in step i: x (…, d) → (…, d).

    Step i, from b to a: x̃ = x − (b − s) v(x, b), then x − c (b − a) v(x̃, s) with s = nodes[i] and c = scales[i], both
    numbers or (n,). Two evaluations per step. s = √(ab) is DPM-Solver-2, s = (a + b)/2 the midpoint method. With `path`
    all states (n + 1, …, d). Raises ValueError unless the times are positive and fall, every node lies in its step, and
    v returns finite values of the shape of x.
    """
    times, states = _falling(times), [finite("x", x)]
    nodes = _inside(times, nodes)
    scales = broadcast("scales", scales, nodes.shape)
    for a, b, s, c in zip(times[1:], times[:-1], nodes, scales, strict=True):
        here = states[-1]
        guess = here - (b - s) * returned("v", v, here, b)
        states.append(here - c * (b - a) * returned("v", v, guess, s))
    return np.stack(states) if path else states[-1]


def fit_nodes(v: Field, path: ArrayLike, times: ArrayLike, candidates: int = 97, scale: bool = False) -> Fit:
    """The best node of each step on known solutions `path` (n + 1, …, d): AMED's distillation without a network.

    Step after step, from where the steps before have led, it tries s = b^(1 − r) a^r for `candidates` values of r from
    0.02 to 0.98, and keeps the s with the least mean squared distance from the path; with `scale` also the best factor
    c for each. It looks one step ahead: nodes chosen together can end nearer. One s for all points, where the published
    solver has one for each sample. Costs candidates + 1 evaluations per step. Raises ValueError as `solve` does, or
    for candidates < 2, or a path that does not fit or has no points.
    """
    times, candidates = _falling(times), count("candidates", candidates, least=2)
    path = finite("path", path)
    if path.ndim < 2 or len(path) != len(times) or path.size == 0:
        raise ValueError(f"path must have shape ({len(times)}, …, d), with points, for these times, got {path.shape}")
    x, found = path[0], []
    share = np.linspace(_FIRST, _LAST, candidates)
    for a, b, goal in zip(times[1:], times[:-1], path[1:], strict=True):
        start, tried = returned("v", v, x, b), []
        for s in b ** (1 - share) * a**share:
            slope = (b - a) * returned("v", v, x - (b - s) * start, s)
            c = _factor(slope, x - goal) if scale else 1.0
            tried.append((float(np.mean((x - c * slope - goal) ** 2)), s, c, x - c * slope))
        _, s, c, x = min(tried, key=lambda one: one[0])
        found.append((s, c))
    return Fit(*np.array(found).T)


def explained(path: ArrayLike) -> Array:
    """The shares of the variance of points (n, d) that their first 1, 2, … principal components hold: (min(n, d),).

    Raises ValueError for fewer than 2 points, or points that are all equal.
    """
    path = finite("path", rows("path", path), ("n", "d"))
    size = max(float(np.abs(path).max(initial=0)), np.finfo(float).tiny)
    variance = np.linalg.svd(path / size - (path / size).mean(axis=0), compute_uv=False) ** 2
    if not variance.sum() > 0:
        raise ValueError(f"path must hold at least 2 different points, got shape {path.shape} without spread")
    return np.cumsum(variance) / variance.sum()


def _factor(slope: Array, wanted: Array) -> float:
    """The factor c for which c · slope is nearest to what is wanted, 1 where the slope is 0."""
    length = float(np.sum(slope**2))
    return float(np.sum(slope * wanted)) / length if length > 0 else 1.0


def _step(d: ArrayLike, a: ArrayLike, b: ArrayLike) -> tuple[Array, Array, Array]:
    """The spread d (at most 1e150 b) and the end a of a step in units of its start b, and b: broadcast, positive."""
    given = {"d": d, "a": a, "b": b}
    try:
        d, a, b = np.broadcast_arrays(*(between(name, finite(name, value), 0, np.inf) for name, value in given.items()))
    except ValueError as error:
        if "must" in str(error):
            raise
        shapes = ", ".join(f"{name} {np.shape(value)}" for name, value in given.items())
        raise ValueError(f"d, a and b must broadcast, got shapes {shapes}") from None
    if (bad := ~(a < b)).any():
        raise ValueError(f"a must be less than b, got a = {a[bad][0]:g} and b = {b[bad][0]:g}")
    with np.errstate(over="ignore", under="ignore"):
        spread, low = np.minimum(d / b, 1e150), a / b
    if (bad := low < 1e-300).any():
        raise ValueError(f"a must be at least 1e-300 b, got a = {a[bad][0]:g} and b = {b[bad][0]:g}")
    return spread, low, b


def _positive_times(times: ArrayLike) -> Array:
    return positives("times", monotone(times))


def _falling(times: ArrayLike) -> Array:
    times = _positive_times(times)
    if times[0] < times[-1]:
        raise ValueError(f"times must fall, from noise to data, got {times[0]:g} to {times[-1]:g}")
    return times


def _inside(times: Array, nodes: ArrayLike) -> Array:
    """One node in each step, its ends included. Raises ValueError for the first node that lies outside."""
    nodes = broadcast("nodes", nodes, (len(times) - 1,))
    if (bad := (nodes > times[:-1]) | (nodes < times[1:])).any():
        i = int(bad.argmax())
        raise ValueError(f"nodes must lie in their steps, got {nodes[i]:g} for {times[i]:g} to {times[i + 1]:g}")
    return nodes
