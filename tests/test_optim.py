"""companion.optim: steps against the published rules written out, invariances, and a race to a known end."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import optim

scales = st.floats(1e-3, 1e3)


def rng(seed=0):
    return np.random.default_rng(seed)


def amos_by_hand(theta, gradients, xi, eta, beta=0.999, c=0.25, d=0.25):
    """The rule for one number with a slot of its own, in Python floats."""
    v = b = 0.0
    for count, g in enumerate(gradients, 1):
        v = beta * v + (1 - beta) * g * g
        hat = v / (1 - beta**count)
        gamma = xi * xi * g * g / hat / (1 + c * xi**0.5 * b) ** 0.5
        theta -= (gamma * theta / 2 + xi * eta * g / hat**0.5) / (1 + d * (xi * eta) ** 0.5 * b)
        b += gamma * (1 + b)
    return theta, v, b


def run_amos(theta, gradients, xi, eta, shared=None, **options):
    state = optim.amos_start(theta, shared)
    for g in gradients:
        theta, state = optim.amos_step(theta, g, state, xi, eta, **options)
    return theta, state


# Amos


@pytest.mark.parametrize("options", [{}, {"beta": 0.9}, {"c": 1.0, "d": 0.5}])
def test_amos_is_the_published_rule(options):
    gradients = rng(1).standard_normal((300, 3))
    theta, state = run_amos(np.array([1.0, -2, 0.5]), gradients, 0.3, 0.2, shared=(), **options)
    for j, start in enumerate((1.0, -2, 0.5)):
        want = amos_by_hand(start, gradients[:, j], 0.3, 0.2, **options)
        np.testing.assert_allclose((theta[j], state.v[j], state.b[j]), want, rtol=1e-10)
    assert state.steps == 300


def test_slots_are_shared_along_the_axes_that_are_named():
    theta = rng(2).standard_normal((4, 5))
    gradients = rng(3).standard_normal((20, 4, 5))
    whole = optim.amos_start(theta)
    assert whole.v.shape == whole.b.shape == (1, 1)
    by_row, state = run_amos(theta, gradients, 0.1, 1, shared=(1,))
    assert state.v.shape == state.b.shape == (4, 1)
    for j in range(4):
        alone, own = run_amos(theta[j], gradients[:, j], 0.1, 1)
        np.testing.assert_allclose(by_row[j], alone)
        np.testing.assert_allclose(state.b[j], own.b)


@given(scales)
def test_amos_does_not_see_the_scale_of_gradients(scale):
    theta, gradients = rng(4).standard_normal(6), rng(5).standard_normal((10, 6))
    np.testing.assert_allclose(
        run_amos(theta, gradients, 0.1, 0.5)[0], run_amos(theta, scale * gradients, 0.1, 0.5)[0], rtol=1e-8
    )


def test_a_zero_gradient_leaves_everything_as_it_is():
    theta, state = run_amos(np.ones(3), np.zeros((4, 3)), 0.1, 1)
    np.testing.assert_array_equal(theta, 1)
    assert state.b == state.v == 0


def test_one_number_is_a_tensor_too():
    theta, state = run_amos(1.0, [2.0], 0.1, 0.5)
    np.testing.assert_allclose(theta, 1 - 0.005 - 0.05)
    assert state.v.shape == ()


def test_known_damping():
    np.testing.assert_allclose(optim.amos_damping([0, 4, 12], 0.25, 1), [1, 1 / 1.5, 1 / 2.5])
    np.testing.assert_allclose(optim.amos_damping(4, 0.5, 0.5, d=0.5), 0.5)


# AdamW


def test_adamw_is_the_published_rule():
    gradients, theta, state = rng(6).standard_normal((50, 2)), np.array([1.0, -3]), optim.adamw_start(np.ones(2))
    want, m, v = theta.copy(), np.zeros(2), np.zeros(2)
    for t, g in enumerate(gradients, 1):
        theta, state = optim.adamw_step(theta, g, state, 0.05, 0.2, 0.8, 0.95, 1e-3)
        m, v = 0.8 * m + 0.2 * g, 0.95 * v + 0.05 * g * g
        want = want * (1 - 0.05 * 0.2) - 0.05 * (m / (1 - 0.8**t)) / (np.sqrt(v / (1 - 0.95**t)) + 1e-3)
    np.testing.assert_allclose(theta, want)
    assert state.steps == 50


def test_decay_alone_shrinks_by_its_product_with_the_rate():
    theta, _ = optim.adamw_step([2.0, -4], [0, 0], optim.adamw_start(np.ones(2)), 0.1, 0.5)
    np.testing.assert_allclose(theta, [1.9, -3.8])


def test_both_walk_to_the_end_of_a_bowl():
    goal = rng(7).standard_normal(30)
    amos = adam = np.zeros(30)
    state, other = optim.amos_start(amos), optim.adamw_start(adam)
    for _ in range(600):
        amos, state = optim.amos_step(amos, amos - goal, state, 0.1, 1)
        adam, other = optim.adamw_step(adam, adam - goal, other, 0.02, 0)
    assert np.linalg.norm(amos - goal) < 0.2 * np.linalg.norm(goal)
    assert np.linalg.norm(adam - goal) < 0.2 * np.linalg.norm(goal)
