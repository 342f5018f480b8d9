"""companion.scans: orders of grids, bandwidth, and the least of it over all orders."""

from itertools import pairwise, permutations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.sparse import coo_array
from scipy.sparse.csgraph import reverse_cuthill_mckee

from companion import scans

PATHS = ("raster", "columns", "snake", "diagonal", "zigzag", "spiral", "coarse")
sides = st.integers(1, 6)


def cells(order, w):
    return [divmod(int(cell), w) for cell in order]


@given(sides, sides, st.sampled_from(PATHS))
def test_every_order_visits_each_cell_once(h, w, name):
    assert sorted(scans.scan_order(name, h, w)) == list(range(h * w))


@pytest.mark.parametrize(
    ("name", "order"),
    [
        ("raster", [0, 1, 2, 3, 4, 5, 6, 7, 8]),
        ("columns", [0, 3, 6, 1, 4, 7, 2, 5, 8]),
        ("snake", [0, 1, 2, 5, 4, 3, 6, 7, 8]),
        ("diagonal", [0, 1, 3, 2, 4, 6, 5, 7, 8]),
        ("zigzag", [0, 1, 3, 6, 4, 2, 5, 7, 8]),
        ("spiral", [0, 1, 2, 5, 8, 7, 6, 3, 4]),
        ("coarse", [0, 2, 6, 8, 1, 3, 4, 5, 7]),
    ],
)
def test_orders_of_nine_cells(name, order):
    assert scans.scan_order(name, 3, 3).tolist() == order


@given(sides, sides, st.sampled_from(["snake", "spiral"]))
def test_snake_and_spiral_go_from_neighbour_to_neighbour(h, w, name):
    walk = cells(scans.scan_order(name, h, w), w)
    assert all(abs(r - s) + abs(c - d) == 1 for (r, c), (s, d) in pairwise(walk))


@pytest.mark.parametrize("side", [1, 2, 4, 8, 16])
def test_hilbert_goes_from_neighbour_to_neighbour_and_stays_in_quarters(side):
    walk = cells(scans.scan_order("hilbert", side, side), side)
    assert sorted(walk) == [(r, c) for r in range(side) for c in range(side)]
    assert all(abs(r - s) + abs(c - d) == 1 for (r, c), (s, d) in pairwise(walk))
    if side > 1:
        quarter = side * side // 4
        assert len({(2 * r // side, 2 * c // side) for r, c in walk[:quarter]}) == 1


def test_a_random_order_is_the_generators():
    drawn = scans.scan_order("random", 3, 4, np.random.default_rng(5))
    assert drawn.tolist() == np.random.default_rng(5).permutation(12).tolist()


def test_coarse_fills_sublattices_one_after_the_other():
    assert scans.scan_order("coarse", 4, 4)[:4].tolist() == [0, 2, 8, 10]
    assert scans.scan_order("coarse", 8, 8)[:4].tolist() == [0, 4, 32, 36]


@given(st.lists(st.integers(1, 4), min_size=1, max_size=3))
def test_edges_are_the_pairs_one_step_apart(sizes):
    points = np.indices(sizes).reshape(len(sizes), -1).T
    steps = np.abs(points[:, None] - points).sum(axis=-1)
    expected = {tuple(pair) for pair in np.argwhere(np.triu(steps == 1)).tolist()}
    edges = scans.grid_edges(*sizes)
    assert len(edges) == len(expected)
    assert {tuple(pair) for pair in edges.tolist()} == expected


@given(sides, sides, st.integers(0, 2**32 - 1))
def test_bandwidth_is_that_of_the_permuted_matrix(h, w, seed):
    order, edges = np.random.default_rng(seed).permutation(h * w), scans.grid_edges(h, w)
    matrix = np.zeros((h * w, h * w))
    matrix[tuple(edges.T)] = 1
    matrix = (matrix + matrix.T)[np.ix_(order, order)]
    rows, columns = np.nonzero(matrix)
    assert scans.bandwidth(order, edges) == np.abs(rows - columns).max(initial=0)


@pytest.mark.parametrize(
    ("name", "width"), [("raster", 8), ("columns", 8), ("diagonal", 8), ("snake", 15), ("hilbert", 53), ("spiral", 27)]
)
def test_bandwidths_of_eight_by_eight(name, width):
    assert scans.bandwidth(scans.scan_order(name, 8, 8), scans.grid_edges(8, 8)) == width


@settings(deadline=None, max_examples=25)
@given(st.integers(2, 12), st.integers(2, 12))
def test_no_order_of_scipy_beats_the_short_side(h, w):
    edges = scans.grid_edges(h, w)
    graph = coo_array((np.ones(len(edges)), tuple(edges.T)), shape=(h * w, h * w)).tocsr()
    found = reverse_cuthill_mckee((graph + graph.T).tocsr(), symmetric_mode=True)
    assert scans.bandwidth(found, edges) >= min(h, w)


@pytest.mark.parametrize("shape", [(1, 5), (2, 2), (2, 3), (3, 3), (3, 4), (2, 8), (4, 4), (2, 2, 2)])
def test_the_least_boundary_of_grids(shape):
    expected = 4 if shape == (2, 2, 2) else min(shape)
    assert scans.boundary_width(scans.grid_edges(*shape), int(np.prod(shape))) == expected


@settings(deadline=None, max_examples=30)
@given(st.sets(st.sampled_from([(u, v) for v in range(5) for u in range(v)])))
def test_the_least_boundary_against_all_orders(pairs):
    def widest(order):
        return max(sum(any((min(u, v), max(u, v)) in pairs for v in order[k:]) for u in order[:k]) for k in range(1, 6))

    edges = np.array(sorted(pairs)).reshape(-1, 2)
    assert scans.boundary_width(edges, 5) == min(map(widest, permutations(range(5))))


def test_no_edges():
    assert scans.boundary_width([], 3) == 0
    assert scans.bandwidth([1, 0], np.zeros((0, 2))) == 0


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: scans.scan_order("peano", 2, 2), "name must be one of .*'peano'"),
        (lambda: scans.scan_order("raster", 0, 2), "h must be a whole number of at least 1, got 0"),
        (lambda: scans.scan_order("hilbert", 4, 8), "h and w must be the same power of two .* got 4 and 8"),
        (lambda: scans.scan_order("hilbert", 6, 6), "h and w must be the same power of two .* got 6 and 6"),
        (lambda: scans.scan_order("random", 2, 2), "rng must be a NumPy Generator.* got None"),
        (lambda: scans.grid_edges(), "sizes must hold at least one size, got none"),
        (lambda: scans.grid_edges(3, 1.5), "sizes must be a whole number of at least 1, got 1.5"),
        (lambda: scans.bandwidth([0, 0], [[0, 1]]), r"order must hold each cell 0 … 1 once, got \[0.0, 0.0\]"),
        (lambda: scans.bandwidth([0, 1], [[0, 2]]), "edges must hold cells 0 … 1, got 2"),
        (lambda: scans.bandwidth([0, 1], [0, 1]), r"edges must have shape \(m, 2\), got \(2,\)"),
        (lambda: scans.boundary_width([[0, -1]], 3), "edges must hold cells 0 … 2, got -1"),
        (lambda: scans.boundary_width([[0, 1]], 19), "n must be at most 18 .* got 19"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
