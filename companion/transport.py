"""Optimal transport between two discrete distributions: exact by linear programming, and entropic by Sinkhorn.

Source: Su Jianlin, https://kexue.fm/archives/9797; Cuturi, "Sinkhorn distances", arXiv:1306.0895.
"""

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import sparse
from scipy.optimize import linprog

from companion._checks import count, finite, positive, rows

Array = NDArray[np.float64]


def cosine_cost(E: ArrayLike) -> Array:
    """Costs c_ij = 1 − cos(e_i, e_j) between the rows of E, in [0, 2], with zeros on the diagonal.

    E (n, d) → (n, n), symmetric. Cost n²d. It is half a squared distance of unit vectors, so no metric. Raises
    ValueError for a row of zeros, which has no direction.
    """
    unit = unit_rows(E)
    cost = np.clip(1 - unit @ unit.T, 0, 2)
    np.fill_diagonal(cost, 0)
    return cost


def unit_rows(E: ArrayLike) -> Array:
    """The rows of E, each divided by its length: (n, d) → (n, d). Raises ValueError for a row of zeros."""
    E = finite("E", E, ("n", "d"))
    largest = np.abs(E).max(axis=1, keepdims=True)
    if (zero := largest[:, 0] == 0).any():
        raise ValueError(f"E must have no row of zeros, got {E[zero][0]} at index {zero.argmax()}")
    E = E / largest  # so that no square over- or underflows
    return E / np.linalg.norm(E, axis=1, keepdims=True)


def product_cost(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> Array:
    """Cost Σ_ij p_i q_j c_ij of the product coupling, which moves mass without looking: an upper bound of `emd`.

    p (…, n), q (…, m) distributions and cost (n, m); leading axes broadcast → (…). Raises ValueError for a negative
    entry, or for a p or q that does not sum to 1 (within 1e-9).
    """
    p, q = _distributions("p", p), _distributions("q", q)
    cost = finite("cost", cost, (p.shape[-1], q.shape[-1]))
    try:
        return np.asarray(np.einsum("...i,ij,...j->...", p, cost, q))
    except ValueError:
        raise ValueError(f"q must broadcast against p, got shapes {p.shape} and {q.shape}") from None


def emd(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> tuple[float, Array]:
    """Earth mover's distance: the least Σ_ij γ_ij c_ij over γ ≥ 0 with row sums p and column sums q, and such a γ.

    p (n,), q (m,) not negative and of one mass, cost (n, m) → the value and the plan (n, m). A linear programme with
    nm unknowns, solved by HiGHS. Raises ValueError for masses that differ by more than 1e-9, or no mass at all.
    """
    p, q, cost = _problem(p, q, cost)
    n, m = cost.shape
    from_rows = sparse.kron(sparse.eye(n), np.ones((1, m)))
    from_columns = sparse.kron(np.ones((1, n)), sparse.eye(m))
    # The last equation follows from the others: without it, no rounding of the masses can contradict them.
    equations = sparse.vstack([from_rows, from_columns], format="csr")[:-1]
    found = linprog(cost.ravel(), A_eq=equations, b_eq=np.concatenate([p, q])[:-1], method="highs")
    if not found.success:
        raise RuntimeError(f"the linear programme was not solved: {found.message}")
    return float(found.fun), found.x.reshape(n, m)


def potentials(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> tuple[Array, Array]:
    """Dual potentials (u, v): the greatest Σ p_i u_i + Σ q_j v_j with u_i + v_j ≤ c_ij, which equals `emd`.

    p (n,), q (m,), cost (n, m) → (n,) and (m,), with the last v equal to 0. Where they are unique, u is the
    gradient of `emd` with respect to p, up to a constant. Solved as a linear programme of its own, with n + m
    unknowns. Raises ValueError as `emd` does.
    """
    p, q, cost = _problem(p, q, cost)
    n, m = cost.shape
    pairs = sparse.hstack([sparse.kron(sparse.eye(n), np.ones((m, 1))), sparse.kron(np.ones((n, 1)), sparse.eye(m))])
    box = [(None, None)] * (n + m - 1) + [(0.0, 0.0)]
    found = linprog(-np.concatenate([p, q]), A_ub=pairs.tocsr(), b_ub=cost.ravel(), bounds=box, method="highs")
    if not found.success:
        raise RuntimeError(f"the dual programme was not solved: {found.message}")
    return found.x[:n], found.x[n:]


def sinkhorn(p: ArrayLike, q: ArrayLike, cost: ArrayLike, eps: float, iters: int = 5000, tol: float = 1e-12) -> Array:
    """Entropic plan: the γ ≥ 0 with row sums p and column sums q that minimises Σ γ_ij c_ij + eps Σ γ_ij log γ_ij.

    p (n,), q (m,), cost (n, m), temperature eps → (n, m). Sinkhorn's iteration in the log domain, nm operations per
    round; it stops when no row sum is off by more than tol times the mass, or after `iters` rounds, which eps far
    below the costs can use up: look at the row sums. As eps grows the plan tends to the product coupling, as eps
    falls to an optimal one. Raises ValueError as `emd` does, and for eps or tol that is not positive.
    """
    p, q, cost = _problem(p, q, cost)
    positive(eps=eps, tol=tol)
    iters = count("iters", iters)
    with np.errstate(divide="ignore"):
        log_p, log_q = np.log(p), np.log(q)
    kernel = -cost / eps
    g = np.zeros(q.size)
    f = log_p - _log_sums(kernel + g)
    for _ in range(iters):
        g = log_q - _log_sums((kernel + f[:, None]).T)
        last, f = f, log_p - _log_sums(kernel + g)
        # The plan of (last, g) has the column sums q and the row sums p·exp(last − f).
        with np.errstate(invalid="ignore"):
            off = np.where(p > 0, p * np.expm1(last - f), 0)
        if np.abs(off).max() <= tol * p.sum():
            break
    return np.exp(kernel + last[:, None] + g)


def _log_sums(x: Array) -> Array:
    """Logarithms of the row sums of exp(x), of rows with a finite entry."""
    top = x.max(axis=1)
    return np.asarray(top + np.log(np.exp(x - top[:, None]).sum(axis=1)))


def _problem(p: ArrayLike, q: ArrayLike, cost: ArrayLike) -> tuple[Array, Array, Array]:
    """Two marginals of one mass, and the costs between their entries."""
    p, q = finite("p", p, ("n",), least=0), finite("q", q, ("m",), least=0)
    cost = finite("cost", cost, (p.size, q.size))
    if p.sum() == 0:
        raise ValueError(f"p must have some mass, got {p}")
    if abs(p.sum() - q.sum()) > 1e-9:
        raise ValueError(f"q must have the mass of p, {p.sum():.10g}, got {q.sum():.10g}")
    return p, q, cost


def _distributions(name: str, values: ArrayLike) -> Array:
    """The argument `name` as distributions on the last axis."""
    array = rows(name, values)
    if (array < 0).any():
        raise ValueError(f"{name} must not be negative, got {array.min()}")
    total = array.sum(axis=-1)
    if (wrong := np.abs(total - 1) > 1e-9).any():
        raise ValueError(f"{name} must sum to 1 on its last axis, got a sum of {total[wrong].ravel()[0]:.10g}")
    return array
