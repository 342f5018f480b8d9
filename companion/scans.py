"""Orders in which the cells of a grid are read, and how far apart they put neighbours.

A grid has cells 0 … n − 1 in row-major order; an *order* (n,) lists them as they are read, and *places* count along it.
Sources: Chvátalová, "Optimal labelling of a product of two paths", Discrete Math. 11 (1975) 249–253; Otachi and Suda,
"Bandwidth and pathwidth of three-dimensional grids", arXiv:1101.0964.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, generator, one_of

Ints = NDArray[np.int64]
_MOST_CELLS = 18


def scan_order(name: str, h: int, w: int, rng: np.random.Generator | None = None) -> Ints:
    """The cells of an h × w grid in the order `name`: (h·w,).

    "raster" (row by row), "columns", "snake" (every other row backwards), "diagonal" (by row + column), "zigzag" (the
    same, to and fro), "spiral" (inwards), "hilbert" (for a square whose side is a power of two), "coarse" (sublattices
    of halving stride), "random" (needs rng). Raises ValueError for another name, or a grid or rng that does not fit.
    """
    h, w = count("h", h), count("w", w)
    one_of("name", name, _ORDERS)
    if name == "random":
        return generator(rng).permutation(h * w)
    return _ORDERS[name](h, w)


def grid_edges(*sizes: int) -> Ints:
    """The pairs (m, 2) of neighbouring cells of a grid of these sizes, in any number of dimensions."""
    if not sizes:
        raise ValueError("sizes must hold at least one size, got none")
    cells = np.arange(np.prod([count("sizes", n) for n in sizes])).reshape(sizes)
    along = [np.moveaxis(cells, axis, 0) for axis in range(cells.ndim)]
    return np.concatenate([np.stack([a[:-1].ravel(), a[1:].ravel()], axis=1) for a in along])


def bandwidth(order: ArrayLike, edges: ArrayLike) -> int:
    """How far apart neighbours come to stand in the order: the most places between the ends of an edge (m, 2)."""
    ends = np.argsort(checked(order))[_cells("edges", edges, np.size(order))]
    return int(np.abs(ends[:, 0] - ends[:, 1]).max(initial=0))


def boundary_width(edges: ArrayLike, n: int) -> int:
    """The least, over all n! orders, of the largest inner boundary: the cells so far that have a neighbour to come.

    By dynamic programming over the 2ⁿ sets of cells. No order has a smaller bandwidth. Raises ValueError for n > 18.
    """
    if count("n", n) > _MOST_CELLS:
        raise ValueError(f"n must be at most {_MOST_CELLS} for a table of all sets, got {n}")
    neighbours = np.zeros(n, dtype=np.int64)
    for u, v in _cells("edges", edges, n):
        neighbours[u] |= 1 << v
        neighbours[v] |= 1 << u
    sets = np.arange(1 << n)
    has = (sets >> np.arange(n)[:, None]) & 1 == 1
    boundary = sum((has[v] & (neighbours[v] & ~sets != 0)).astype(np.int64) for v in range(n))
    size, width = has.sum(axis=0), np.zeros(1 << n, dtype=np.int64)
    for k in range(1, n + 1):
        here = sets[size == k]
        before = [np.where(has[v, here], width[here & ~(1 << v)], n) for v in range(n)]
        width[here] = np.maximum(boundary[here], np.min(before, axis=0))
    return int(width[-1])


def checked(order: ArrayLike) -> Ints:
    """The argument `order` as whole numbers, if it holds each cell once."""
    values = finite("order", order, ("n",))
    if not np.array_equal(np.sort(values), np.arange(len(values))):
        raise ValueError(f"order must hold each cell 0 … {len(values) - 1} once, got {values.tolist()}")
    return values.astype(np.int64)


def _cells(name: str, edges: ArrayLike, n: int) -> Ints:
    pairs = finite(name, edges) if np.size(edges) else np.zeros((0, 2))
    if pairs.ndim != 2 or pairs.shape[1] != 2:
        raise ValueError(f"{name} must have shape (m, 2), got {pairs.shape}")
    if (bad := (pairs < 0) | (pairs >= n) | (pairs != np.floor(pairs))).any():
        raise ValueError(f"{name} must hold cells 0 … {n - 1}, got {pairs[bad][0]:g}")
    return pairs.astype(np.int64)


def _cell(h: int, w: int) -> tuple[Ints, Ints]:
    return np.divmod(np.arange(h * w), w)


def _snake(h: int, w: int) -> Ints:
    cells = np.arange(h * w).reshape(h, w)
    cells[1::2] = cells[1::2, ::-1].copy()
    return cells.ravel()


def _zigzag(h: int, w: int) -> Ints:
    row, column = _cell(h, w)
    return np.lexsort([np.where((row + column) % 2, row, -row), row + column])


def _diagonal(h: int, w: int) -> Ints:
    row, column = _cell(h, w)
    return np.lexsort([row, row + column])


def _spiral(h: int, w: int) -> Ints:
    left, turns = np.arange(h * w).reshape(h, w), []
    while left.size:
        turns.append(left[0])
        left = left[1:].T[::-1]
    return np.concatenate(turns)


def _hilbert(h: int, w: int) -> Ints:
    if h != w or h & (h - 1):
        raise ValueError(f"h and w must be the same power of two for a Hilbert curve, got {h} and {w}")
    curve = np.zeros((1, 2), dtype=np.int64)
    while (side := 2 * int(np.sqrt(len(curve)))) <= h:
        half, flipped = side // 2, curve[:, ::-1]
        last = np.array([side - 1, half - 1]) - flipped
        curve = np.concatenate([flipped, curve + np.array([0, half]), curve + half, last])
    return curve[:, 0] * w + curve[:, 1]


def _coarse(h: int, w: int) -> Ints:
    row, column = _cell(h, w)
    together = row | column
    stride = np.where(together > 0, together & -together, 1 << 62)
    return np.lexsort([np.arange(h * w), -stride])


_ORDERS: dict[str, Callable[[int, int], Ints]] = {
    "raster": lambda h, w: np.arange(h * w),
    "columns": lambda h, w: np.arange(h * w).reshape(h, w).T.ravel(),
    "snake": _snake,
    "diagonal": _diagonal,
    "zigzag": _zigzag,
    "spiral": _spiral,
    "hilbert": _hilbert,
    "coarse": _coarse,
    "random": lambda h, w: np.arange(h * w),  # drawn in `scan_order`
}
