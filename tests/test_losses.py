"""companion.losses: cross entropy, EMO and their mixtures on logits; where they lead."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize
from scipy.special import log_softmax

from companion import losses, transport

cases = st.tuples(st.integers(2, 7), st.integers(0, 10**6))


def drawn(n, seed):
    """Logits (3, n), targets (3,), embeddings (n, 4)."""
    rng = np.random.default_rng(seed)
    return 2 * rng.standard_normal((3, n)), rng.integers(n, size=3), rng.standard_normal((n, 4))


def differences(loss, z, h=1e-6):
    """Gradient of a loss of each row, by central differences."""
    slopes = [(loss(z + h * e) - loss(z - h * e)) / (2 * h) for e in np.eye(z.shape[-1])]
    return np.stack(slopes, axis=-1)


@given(cases)
def test_values_by_their_definitions(case):
    z, t, E = drawn(*case)
    p, at = np.exp(log_softmax(z, axis=-1)), np.arange(3)
    np.testing.assert_allclose(losses.cross_entropy(z, t), -np.log(p[at, t]), rtol=1e-10, atol=1e-12)
    cost = transport.cosine_cost(E)
    np.testing.assert_allclose(
        losses.emo(z, t, E), [transport.emd(p[k], np.eye(len(E))[t[k]], cost)[0] for k in at], atol=1e-9
    )


@given(cases)
def test_gradients_by_differences(case):
    z, t, E = drawn(*case)
    cost = transport.cosine_cost(E)
    found = losses.cross_entropy_gradient(z, t), losses.emo_gradient(z, t, cost)
    wanted = differences(lambda y: losses.cross_entropy(y, t), z), differences(lambda y: losses.emo(y, t, E), z)
    np.testing.assert_allclose(found, wanted, atol=1e-7)


@pytest.mark.parametrize("variant", ["pypi", "patch"])
@given(case=cases)
@settings(max_examples=30)
def test_mixtures_by_differences_with_their_weight_held(variant, case):
    z, t, E = drawn(*case)
    cost = transport.cosine_cost(E)
    p_t = np.exp(-losses.cross_entropy(z, t))
    if variant == "pypi":
        weight = np.minimum(losses.cross_entropy(z, t) / (losses.emo(z, t, E) + 1e-10), 3)
    else:
        weight = losses.cross_entropy(z, t) / (losses.emo(z, t, E) + p_t + 1e-10)
    wanted = differences(lambda y: 0.5 * (losses.cross_entropy(y, t) + weight * losses.emo(y, t, E)), z)
    np.testing.assert_allclose(losses.blend_gradient(z, t, cost, variant), wanted, atol=1e-6)


def test_the_package_caps_its_weight_and_the_patch_does_not():
    z, cost = np.array([-5.0, 0.0]), 1 - np.eye(2)
    entropy, emo = losses.cross_entropy_gradient(z, 0), losses.emo_gradient(z, 0, cost)
    np.testing.assert_allclose(losses.blend_gradient(z, 0, cost), 0.5 * (entropy + 3 * emo))
    weight = losses.cross_entropy(z, 0)  # EMO + p_t is 1 here
    np.testing.assert_allclose(losses.blend_gradient(z, 0, cost, "patch"), 0.5 * (entropy + weight * emo), rtol=1e-8)


def test_costs_are_read_towards_the_target():
    cost = np.array([[0.0, 5.0], [1.0, 0.0]])
    np.testing.assert_allclose(losses.emo_gradient([0.0, 0.0], 0, cost), [-0.25, 0.25])


def test_large_logits_stay_finite():
    z = np.array([1000.0, -1000.0])
    assert losses.cross_entropy(z, 1) == 2000
    np.testing.assert_allclose(losses.blend_gradient(z, 1, 1 - np.eye(2)), [0.5, -0.5], atol=1e-9)


def test_one_target_for_all_rows():
    z, _, E = drawn(5, 1)
    np.testing.assert_allclose(losses.emo(z, 2, E), losses.emo(z, [2, 2, 2], E))


@given(st.integers(2, 6), st.integers(0, 10**6), st.floats(0, 20))
@settings(max_examples=30)
def test_the_minimiser_by_a_general_solver(n, seed, lam):
    rng = np.random.default_rng(seed)
    tau, cost = rng.dirichlet(np.ones(n)), rng.uniform(0, 2, (n, n))
    paid = cost @ tau

    def loss(z):
        log_p = log_softmax(z)
        return -tau @ log_p + lam * np.exp(log_p) @ paid

    p = losses.blend_minimiser(tau, cost, lam)
    np.testing.assert_allclose(p.sum(), 1)
    best = min(optimize.minimize(loss, start, method="BFGS").fun for start in (np.log(p + 1e-12), np.zeros(n)))
    assert loss(np.log(p + 1e-300)) <= best + 1e-7


def test_the_minimiser_keeps_zeros_and_known_answers():
    cost = 1 - np.eye(3)
    np.testing.assert_allclose(losses.blend_minimiser([0.5, 0.5, 0], cost, 7), [0.5, 0.5, 0], atol=1e-12)
    np.testing.assert_allclose(losses.blend_minimiser([0.2, 0.3, 0.5], cost, 0), [0.2, 0.3, 0.5], atol=1e-12)
    synonyms = np.array([[0, 1, 1], [1, 0, 0.1], [1, 0.1, 0]])
    p = losses.blend_minimiser([0.4, 0.35, 0.25], synonyms, 1338 / 1729)
    np.testing.assert_allclose(p[0], p[1], atol=1e-12)
    np.testing.assert_allclose(losses.blend_minimiser([0.4, 0.35, 0.25], synonyms, 1e9), [0, 1, 0], atol=1e-6)


@pytest.mark.parametrize(("lam", "expected"), [(2, [0.5, 0.5, 0]), (5, [0.25, 0.25, 0.5]), (10, [0.125, 0.125, 0.75])])
def test_a_class_that_never_occurs_can_be_the_cheapest(lam, expected):
    between = np.array([[0, 1, 0.1], [1, 0, 0.1], [0.1, 0.1, 0]])
    np.testing.assert_allclose(losses.blend_minimiser([0.5, 0.5, 0], between, lam), expected, atol=1e-12)


@given(st.integers(3, 6), st.integers(0, 10**6), st.floats(0, 20))
@settings(max_examples=30)
def test_the_minimiser_with_zeros_meets_the_conditions_of_a_minimum(n, seed, lam):
    rng = np.random.default_rng(seed)
    tau, cost = rng.dirichlet(np.ones(n)), rng.uniform(0, 2, (n, n))
    tau[: n // 2] = 0
    tau /= tau.sum()
    p = losses.blend_minimiser(tau, cost, lam)
    slopes = lam * (cost @ tau) - np.divide(tau, p, out=np.zeros(n), where=tau > 0)
    # At a minimum on the simplex the slope is the same wherever there is mass, and nowhere less.
    np.testing.assert_allclose(slopes[p > 1e-9], slopes[tau > 0][0], atol=1e-6)
    assert (slopes >= slopes[tau > 0][0] - 1e-6).all()
    np.testing.assert_allclose(p.sum(), 1)


def test_the_flow_of_a_quadratic_is_a_decay():
    states = losses.flow([1.0, -2.0], lambda z: z, 3, steps=60)
    assert states.shape == (61, 2)
    np.testing.assert_allclose(states[-1], np.exp(-3) * np.array([1.0, -2.0]), rtol=1e-6)
    np.testing.assert_allclose(states[20], np.exp(-1) * np.array([1.0, -2.0]), rtol=1e-6)


def test_the_flow_is_of_the_fourth_order():
    errors = [abs(losses.flow([1.0], lambda z: z, 1, steps=k)[-1, 0] - np.exp(-1)) for k in (5, 10)]
    assert 14 < errors[0] / errors[1] < 20


def test_the_flow_leaves_its_start_alone():
    z0 = np.ones(2)
    losses.flow(z0, lambda z: z, 1, steps=3)
    assert (z0 == 1).all()
