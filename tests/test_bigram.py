"""companion.bigram: a language of pairs and the smallest model that learns it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import bigram, embedding

SCHEMES = ("tied", "untied", "negated", "halfswap", "signedswap", "shuffle", "orthogonal")


def rng(seed=0):
    return np.random.default_rng(seed)


def model(scheme, seed=0, n=9, d=6):
    """Parameters in double precision, with a branch that is not zero."""
    found = {name: value.astype(float) for name, value in bigram.start(n, d, 0.4, scheme, rng(seed)).items()}
    found["B"] = found["B"] + 0.3 * rng(seed + 1).normal(size=(d, d))
    return found


@given(st.integers(3, 30), st.floats(0, 0.95), st.integers(0, 50))
def test_a_language_is_stationary(n, repeats, seed):
    joint = bigram.language(n, rng(seed), repeats)
    assert (joint >= 0).all()
    assert joint.sum() == pytest.approx(1, rel=1e-9)
    np.testing.assert_allclose(joint.sum(axis=0), joint.sum(axis=1), atol=1e-9)
    assert np.trace(joint) == pytest.approx(repeats, abs=1e-9)


def test_repeats_leave_the_other_pairs_in_proportion():
    plain, often = (bigram.language(12, rng(3), repeats) for repeats in (0, 0.25))
    np.testing.assert_allclose(often - np.diag(np.diag(often)), 0.75 * plain, atol=1e-12)


def test_entropy_of_known_languages():
    assert bigram.entropy(np.full((5, 5), 1 / 25)) == pytest.approx(math.log(5))
    assert bigram.entropy(np.roll(np.eye(4), 1, axis=1) / 4) == pytest.approx(0, abs=1e-12)
    assert bigram.entropy(np.diag([0.5, 0.5])[:, ::-1]) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize("scheme", SCHEMES)
def test_gradients_are_those_of_the_loss(scheme, masked):
    joint, parameters = bigram.language(9, rng(4)), model(scheme)
    _, slopes = bigram.gradients(parameters, joint, scheme, masked)
    assert set(slopes) == set(parameters)
    for name, value in parameters.items():
        direction, step = rng(5).normal(size=value.shape), 1e-5
        ahead, behind = (
            bigram.gradients(parameters | {name: value + sign * step * direction}, joint, scheme, masked)[0]
            for sign in (1, -1)
        )
        assert (slopes[name] * direction).sum() == pytest.approx((ahead - behind) / (2 * step), rel=1e-5, abs=1e-8)


@pytest.mark.parametrize("scheme", ["tied", "untied", "negated", "halfswap", "signedswap", "shuffle"])
def test_the_first_loss_is_that_of_the_initial_logits(scheme):
    n, d = 30, 8
    joint = (1 - np.eye(n)) / (n * (n - 1))
    start = bigram.start(n, d, 0.4, scheme, rng(6))
    logits = embedding.initial_logits(start["W"], scheme, V=start.get("V"))
    loss = bigram.train(joint, d, 0.4, scheme, 0.01, 1, rng(6))[0]
    assert loss == pytest.approx(embedding.initial_loss(logits), rel=1e-5)


def test_a_masked_token_does_not_follow_itself():
    joint, parameters = bigram.language(9, rng(7)), model("tied")
    x = parameters["W"] + parameters["W"] @ parameters["B"]
    z = x / np.sqrt((x * x).mean(axis=1, keepdims=True)) @ parameters["W"].T
    weights = np.exp(z) * (1 - np.eye(9))
    expected = -(joint * np.log(weights / weights.sum(axis=1, keepdims=True) + np.eye(9))).sum()
    assert bigram.gradients(parameters, joint, "tied", masked=True)[0] == pytest.approx(expected, rel=1e-9)


@pytest.mark.parametrize("optimizer", ["adam", "sgd"])
def test_the_first_step(optimizer):
    """Adam's first step has the size of the rate in each entry; gradient descent follows the slope."""
    n, d, rate = 8, 4, 1e-3
    joint = bigram.language(n, rng(8))
    before = bigram.start(n, d, 0.5, "untied", rng(9))
    _, slopes = bigram.gradients(before, joint, "untied")
    losses = bigram.train(joint, d, 0.5, "untied", rate, 1, rng(9), optimizer)
    move = np.sign if optimizer == "adam" else np.asarray
    after = {name: value - rate * move(slopes[name]) for name, value in before.items()}
    assert losses.shape == (2,)
    assert losses[1] == pytest.approx(bigram.gradients(after, joint, "untied")[0], rel=1e-5)


@settings(deadline=None, max_examples=10)
@given(st.sampled_from(SCHEMES))
def test_training_learns_but_never_beats_the_entropy(scheme):
    joint = bigram.language(12, rng(10))
    losses = bigram.train(joint, 8, 0.3, scheme, 0.03, 150, rng(11))
    assert losses[-1] < losses[0] - 0.3
    assert losses.min() > bigram.entropy(joint) - 1e-5
    assert losses[-1] < bigram.entropy(joint) + 0.35


def test_adam_in_double_precision_with_other_words():
    """Five steps of Adam, written as in the paper."""
    joint, rate = bigram.language(10, rng(12)), 0.02
    start = bigram.start(10, 6, 0.4, "halfswap", rng(13))
    values = {name: value.astype(float) for name, value in start.items()}
    m, v, losses = {}, {}, []
    for t in range(1, 7):
        loss, g = bigram.gradients(values, joint, "halfswap")
        losses.append(loss)
        for name in values:
            m[name] = 0.9 * m.get(name, 0) + 0.1 * g[name]
            v[name] = 0.95 * v.get(name, 0) + 0.05 * g[name] ** 2
            values[name] = values[name] - rate * m[name] / (1 - 0.9**t) / np.sqrt(v[name] / (1 - 0.95**t) + 1e-24)
    np.testing.assert_allclose(bigram.train(joint, 6, 0.4, "halfswap", rate, 5, rng(13)), losses, rtol=1e-4)


def test_a_run_that_diverges_says_so():
    losses = bigram.train(bigram.language(10, rng(14)), 4, 1.0, "tied", 1e30, 4, rng(15), "sgd")
    assert np.isfinite(losses[0])
    assert np.isinf(losses[-1])
