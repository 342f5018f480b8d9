"""Walks towards a point: each step has a given length and a given cosine with the way that is left, the rest is chance.

θ starts at distance 1 from its end point θ*, both of one norm. A step is θ ← θ − a u − ρ θ with a unit vector u that
makes the cosine p with ε = θ − θ*, and is uniform on the sphere otherwise. The kinds of walks say how a, ρ and p fall;
`expected` iterates means. Source of the schedules: Su, kexue.fm/archives/9344; the test is the notebook training/04's.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from companion._checks import between, count, generator, number, one_of, positive

Array = NDArray[np.float64]
Rule = Callable[[Array, Array, float, float], tuple[Array, Array, Array]]


class Walk(NamedTuple):
    """A walk step by step, (steps + 1,) or (steps + 1, runs): row 0 is the start."""

    E: Array  # ‖ε‖, in units of its start
    q: Array  # θ·ε/‖ε‖²


def _square(t: Array, E: Array, alpha0: float, p: float) -> tuple[Array, Array, Array]:
    return alpha0 / (1 + alpha0 * p * t) ** 2, np.full_like(E, p), 1 / (1 + alpha0 * p * t) ** 2


def _inverse(t: Array, E: Array, alpha0: float, p: float) -> tuple[Array, Array, Array]:
    return alpha0 / (1 + 2 * alpha0 * p * t), p * E, 1 / (1 + 2 * alpha0 * p * t)


def _constant(t: Array, E: Array, alpha0: float, p: float) -> tuple[Array, Array, Array]:
    return np.full_like(E, alpha0), p * E, np.ones_like(t)


def _greedy(t: Array, E: Array, alpha0: float, p: float) -> tuple[Array, Array, Array]:
    return p * E**2, p * E, np.zeros_like(t)


# The length of a step, its cosine, and the decay in units of α₀²/(2q̂): "square" has a constant cosine, the others one
# that falls with the distance. "greedy" takes the best step without decay, whatever α₀ is.
RULES: dict[str, Rule] = {"square": _square, "inverse": _inverse, "constant": _constant, "greedy": _greedy}


def walk(
    kind: str,
    alpha0: float,
    p: float,
    steps: int,
    k: int,
    rng: np.random.Generator | None = None,
    guess: float = 0.5,
    cosine: float = 0.0,
    runs: int = 1,
) -> Walk:
    """Walks in k dimensions, (steps + 1, runs).

    kind: one of RULES. alpha0: first relative step; p: first cosine; guess: the q̂ of the decay α₀²/(2q̂), infinite for
    no decay; cosine: of the angle between the start and θ*. Cost: O(steps · runs · k). Raises ValueError for another
    kind, α₀ or q̂ that is not positive, p outside (0, 1), a cosine outside (−1, 1), no steps, k < 3, no runs, or no
    NumPy generator.
    """
    rule, decay = _checked(kind, alpha0, p, guess, cosine)
    steps, k, runs, rng = count("steps", steps), count("k", k, least=3), count("runs", runs), generator(rng)
    target = np.zeros(k)
    target[0] = _norm(cosine)
    theta = np.zeros((runs, k))
    theta[:, 0], theta[:, 1] = target[0] * cosine, target[0] * np.sqrt(1 - cosine**2)
    E, q = np.empty((2, steps + 1, runs))
    for t in range(steps + 1):
        error = theta - target
        E[t] = np.sqrt(np.einsum("rk,rk->r", error, error))
        q[t] = np.einsum("rk,rk->r", theta, error) / E[t] ** 2
        a, c, rate = rule(np.asarray(float(t)), E[t], alpha0, p)
        error /= E[t, :, None]
        side = rng.standard_normal((runs, k))
        side -= np.einsum("rk,rk->r", side, error)[:, None] * error
        side *= (np.sqrt(1 - c**2) / np.sqrt(np.einsum("rk,rk->r", side, side)))[:, None]
        theta = theta * (1 - decay * rate) - a[..., None] * (c[:, None] * error + side)
    return Walk(E, q)


def expected(kind: str, alpha0: float, p: float, steps: int, guess: float = 0.5, cosine: float = 0.0) -> Walk:
    """The same walk with ‖ε‖² and θ*·ε replaced by their means in each step, (steps + 1,): for many dimensions.

    Raises ValueError as `walk` does.
    """
    rule, decay = _checked(kind, alpha0, p, guess, cosine)
    C = _norm(cosine) ** 2
    A, B = 1.0, -0.5
    E, q = np.empty((2, count("steps", steps) + 1))
    for t in range(len(E)):
        E[t], q[t] = np.sqrt(A), 1 + B / A
        a, c, rate = (float(x) for x in rule(np.asarray(float(t)), E[t], alpha0, p))
        rho = decay * rate
        ahead = a * c / np.sqrt(A)
        A, B = (
            (1 - rho) ** 2 * A + a**2 + rho**2 * C - 2 * (1 - rho) * ahead * A - 2 * rho * (1 - rho - ahead) * B,
            (1 - rho - ahead) * B - rho * C,
        )
    return Walk(E, q)


def _checked(kind: str, alpha0: float, p: float, guess: float, cosine: float) -> tuple[Rule, float]:
    """The rule of a kind, and the decay α₀²/(2q̂) that it starts with."""
    one_of("kind", kind, RULES)
    positive(alpha0=alpha0)
    between("p", number("p", p), 0, 1)
    between("cosine", number("cosine", cosine), -1, 1)
    if guess != np.inf:
        positive(guess=guess)
    return RULES[kind], alpha0**2 / (2 * guess)


def _norm(cosine: float) -> float:
    """The norm of θ* and of the start, at distance 1 from each other."""
    return float(np.sqrt(1 / (2 * (1 - cosine))))
