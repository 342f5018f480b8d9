"""Recurrences over a sequence, without a Python loop over time.

Sources: Hillis, Steele, "Data Parallel Algorithms", 1986 (the scan, T log T products); Lim, Zhu, Selfridge, Kasim,
"Parallelizing Non-Linear Sequential Models over the Sequence Length" (DEER), arXiv:2309.12252; Su Jianlin,
https://kexue.fm/archives/9783.
"""

import numpy as np
from numpy.typing import ArrayLike

from companion._checks import Numbers, count, finite, finite_numbers, one_of, positive

SPLITS = ("picard", "linear", "gated", "newton")


def scan(G: ArrayLike, h: ArrayLike, x0: ArrayLike | None = None) -> Numbers:
    """Solves x_t = G_t x_{t−1} + h_t for all t = 1 … T at once, by composing neighbouring steps and doubling.

    h (T, d); G (T, d) for diagonal matrices, or (T, d, d); x0 (d,), 0 if left out → (T, d). ⌈log₂ T⌉ vectorised
    passes, each T products. Products of the G_t are formed, so they overflow where the recurrence itself may not.
    Raises ValueError if shapes do not match.
    """
    h, G = finite_numbers("h", h, ("T", "d")), finite_numbers("G", G)
    if G.shape not in (h.shape, (*h.shape, h.shape[1])):
        raise ValueError(f"G must have shape {h.shape} or {(*h.shape, h.shape[1])} to fit h, got {G.shape}")
    kind = np.result_type(G, h, float)
    G, h = G.astype(kind), h.astype(kind)
    if x0 is not None:
        x0 = finite_numbers("x0", x0, h.shape[1:])
        h[0] += G[0] @ x0 if G.ndim == 3 else G[0] * x0
    return _composed(G, h)


def rnn(A: ArrayLike, u: ArrayLike, x0: ArrayLike | None = None) -> Numbers:
    """The plain recurrence x_t = tanh(A x_{t−1} + u_t), step by step: A (d, d), u (T, d), x0 (d,) → (T, d).

    The yardstick for `iterate` and `deer`. Raises ValueError if shapes do not match.
    """
    A, u, x = _network(A, u, x0)
    states = np.empty_like(u)
    for t, push in enumerate(u):
        x = states[t] = np.tanh(A @ x + push)
    return states


def iterate(
    A: ArrayLike,
    u: ArrayLike,
    n: int,
    split: str = "newton",
    x0: ArrayLike | None = None,
    guess: ArrayLike | None = None,
) -> Numbers:
    """The first n iterates towards `rnn`, each a linear recurrence for all t at once: (n + 1, T, d).

    Entry 0 is the guess for all states, (T, d), 0 if left out.

    x ← G x₋ + tanh(z) − G x₋^old with z = A x₋^old + u, where x₋ is one step back. Splits: "picard" (G = 0), "linear"
    (G = A), "gated" (G_t = sech²(u_t) ∘ A), "newton" (G_t = sech²(z_t) ∘ A, which is DEER). Cost n scans. In exact
    arithmetic entry n is right for all t ≤ n; where products of the G_t overflow, entries are nan from there on. Raises
    ValueError for an unknown split, n < 0, or shapes that do not match.
    """
    A, u, start = _network(A, u, x0)
    one_of("split", split, SPLITS)
    n = count("n", n, least=0)
    path = [np.zeros_like(u) if guess is None else finite("guess", guess, u.shape)]
    # An overflow is part of the answer: it says that this split diverges here.
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(n):
            path.append(_improved(A, u, path[-1], start, split))
    return np.stack(path)


def deer(A: ArrayLike, u: ArrayLike, x0: ArrayLike | None = None, tol: float = 1e-10, most: int = 100) -> Numbers:
    """The states of `rnn` by Newton's method over the whole sequence: (T, d), to a residual of at most `tol`.

    Raises ArithmeticError if `most` iterations do not reach it, ValueError as `iterate` does.
    """
    A, u, start = _network(A, u, x0)
    positive(tol=tol)
    x, residual = np.zeros_like(u), np.inf
    with np.errstate(over="ignore", invalid="ignore"):
        for _ in range(count("most", most)):
            x = _improved(A, u, x, start, "newton")
            residual = np.abs(x - np.tanh(_before(x, start) @ A.T + u)).max()
            if residual <= tol:
                return x
    raise ArithmeticError(f"Newton did not converge in most = {most} iterations: the residual is {residual:.3g}")


def _improved(A: Numbers, u: Numbers, x: Numbers, start: Numbers, split: str) -> Numbers:
    """One more iterate."""
    before = _before(x, start)
    z = before @ A.T + u
    if split == "picard":
        return np.tanh(z)
    if split == "linear":
        G = np.tile(A, (len(u), 1, 1))
    else:
        G = (1 / np.cosh(u if split == "gated" else z) ** 2)[..., None] * A
    h = np.tanh(z) - (G @ before[..., None])[..., 0]
    h[0] += G[0] @ start
    return _composed(G, h)


def _composed(G: Numbers, h: Numbers) -> Numbers:
    """Solves x_t = G_t x_{t−1} + h_t from x_0 = 0, in the place of h; G is used up. Values may overflow."""
    full, reach = G.ndim == 3, 1
    while reach < len(h):
        later, earlier = G[reach:], h[:-reach]
        h[reach:] += (later @ earlier[..., None])[..., 0] if full else later * earlier
        G[reach:] = later @ G[:-reach] if full else later * G[:-reach]
        reach *= 2
    return h


def _before(x: Numbers, start: Numbers) -> Numbers:
    """The states one step back."""
    return np.concatenate([start[None], x[:-1]])


def _network(A: ArrayLike, u: ArrayLike, x0: ArrayLike | None) -> tuple[Numbers, Numbers, Numbers]:
    u = finite("u", u, ("T", "d"))
    d = u.shape[1]
    start = np.zeros(d) if x0 is None else finite("x0", x0, (d,))
    return finite("A", A, (d, d)), u, start
