"""companion.transport: exact plans, dual potentials, the product coupling and Sinkhorn's plan between them."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.spatial.distance import cdist
from scipy.stats import wasserstein_distance

from companion import transport

problems = st.tuples(st.integers(1, 6), st.integers(1, 6), st.integers(0, 10**6))


def drawn(n, m, seed):
    rng = np.random.default_rng(seed)
    return rng.dirichlet(np.ones(n)), rng.dirichlet(np.ones(m)), rng.uniform(0, 2, (n, m))


def test_cosine_cost_is_scipys():
    E = np.random.default_rng(0).standard_normal((20, 5))
    np.testing.assert_allclose(transport.cosine_cost(E), cdist(E, E, "cosine"), atol=1e-12)
    assert (np.diag(transport.cosine_cost(E)) == 0).all()


def test_cosine_cost_knows_directions_only():
    E = np.array([[1.0, 0.0], [0.0, 2.0], [-3.0, 0.0], [5.0, 0.0]])
    np.testing.assert_allclose(transport.cosine_cost(E)[0], [0, 1, 2, 0])
    for scale in (1e-300, 1e300):
        np.testing.assert_allclose(transport.cosine_cost(scale * E), transport.cosine_cost(E))


@given(problems)
@settings(max_examples=40)
def test_a_plan_has_its_marginals_and_the_price_of_its_certificate(case):
    p, q, cost = drawn(*case)
    value, plan = transport.emd(p, q, cost)
    u, v = transport.potentials(p, q, cost)
    assert (plan >= -1e-12).all()
    np.testing.assert_allclose(plan.sum(axis=1), p, atol=1e-9)
    np.testing.assert_allclose(plan.sum(axis=0), q, atol=1e-9)
    np.testing.assert_allclose(value, np.sum(plan * cost), atol=1e-9)
    assert (u[:, None] + v <= cost + 1e-9).all()
    np.testing.assert_allclose(u @ p + v @ q, value, atol=1e-9)


def test_on_a_line_it_is_the_distance_of_distribution_functions():
    p, q, _ = drawn(9, 9, 3)
    line = np.arange(9.0)
    value, _ = transport.emd(p, q, np.abs(line[:, None] - line))
    np.testing.assert_allclose(value, wasserstein_distance(line, line, p, q), atol=1e-10)


def test_equal_weights_are_an_assignment():
    cost = np.random.default_rng(4).uniform(0, 1, (5, 5))
    best = min(sum(cost[i, j] for i, j in enumerate(order)) for order in itertools.permutations(range(5)))
    np.testing.assert_allclose(transport.emd(np.ones(5), np.ones(5), cost)[0], best, atol=1e-9)


def test_a_point_takes_everything():
    p, _, cost = drawn(6, 4, 5)
    value, plan = transport.emd(p, [0, 0, 1, 0], cost)
    np.testing.assert_allclose(value, p @ cost[:, 2], atol=1e-12)
    np.testing.assert_allclose(plan[:, 2], p, atol=1e-12)


def test_masses_need_not_be_one():
    p, q, cost = drawn(4, 5, 6)
    np.testing.assert_allclose(transport.emd(3 * p, 3 * q, cost)[0], 3 * transport.emd(p, q, cost)[0], atol=1e-9)
    np.testing.assert_allclose(transport.sinkhorn(3 * p, 3 * q, cost, 0.5), 3 * transport.sinkhorn(p, q, cost, 0.5))


@given(problems)
@settings(max_examples=40)
def test_sinkhorn_lies_between_the_exact_plan_and_the_product(case):
    p, q, cost = drawn(*case)
    exact, product = transport.emd(p, q, cost)[0], transport.product_cost(p, q, cost)
    before = exact
    for eps in (0.1, 1.0, 10.0):
        plan = transport.sinkhorn(p, q, cost, eps)
        np.testing.assert_allclose(plan.sum(axis=0), q, atol=1e-9)
        np.testing.assert_allclose(plan.sum(axis=1), p, atol=1e-9)
        # An optimal plan is a scaled kernel: log plan + cost/eps is a sum of a term for the row and one for the column.
        inner = eps * np.log(plan) + cost
        inner = inner - inner[:1] - inner[:, :1] + inner[0, 0]
        np.testing.assert_allclose(inner, 0, atol=1e-6)
        assert before - 1e-9 <= np.sum(plan * cost) <= product + 1e-9
        before = np.sum(plan * cost)


def test_sinkhorn_of_two_tokens_has_a_closed_form():
    for eps in (0.2, 1.0, 5.0):
        a, b, K = 0.6, 0.3, np.exp(2 / eps)
        kept = transport.sinkhorn([a, 1 - a], [b, 1 - b], 1 - np.eye(2), eps)[0, 0]
        np.testing.assert_allclose(kept * (1 - a - b + kept), K * (a - kept) * (b - kept), rtol=1e-8)


def test_sinkhorn_moves_nothing_from_nowhere():
    plan = transport.sinkhorn([0.0, 0.4, 0.6], [1.0, 0.0], np.ones((3, 2)), 0.1)
    np.testing.assert_allclose(plan, [[0, 0], [0.4, 0], [0.6, 0]], atol=1e-12)


def test_a_small_temperature_neither_over_nor_underflows():
    p, q, cost = drawn(4, 4, 7)
    plan = transport.sinkhorn(p, q, cost, 1e-3, iters=20000, tol=1e-6)
    np.testing.assert_allclose(np.sum(plan * cost), transport.emd(p, q, cost)[0], atol=0.01)


def test_sinkhorn_stops_after_as_many_rounds_as_it_may():
    p, q, cost = drawn(4, 4, 7)
    once, often = (transport.sinkhorn(p, q, cost, 1e-2, iters=k) for k in (1, 500))
    np.testing.assert_allclose(once.sum(axis=0), q, atol=1e-12)
    assert np.abs(once.sum(axis=1) - p).max() > 10 * np.abs(often.sum(axis=1) - p).max()


def test_product_cost_is_the_cost_of_the_outer_product_row_by_row():
    rng = np.random.default_rng(8)
    p, q, cost = rng.dirichlet(np.ones(4), size=(3, 1)), rng.dirichlet(np.ones(5), size=2), rng.uniform(0, 1, (4, 5))
    found = transport.product_cost(p, q, cost)
    assert found.shape == (3, 2)
    np.testing.assert_allclose(found[2, 1], np.sum(np.outer(p[2, 0], q[1]) * cost), atol=1e-14)


def test_shapes_that_do_not_broadcast():
    with pytest.raises(ValueError, match="q must broadcast"):
        transport.product_cost(np.full((3, 2), 0.5), np.full((2, 2), 0.5), np.ones((2, 2)))
