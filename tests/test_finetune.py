"""companion.finetune: gradients, counts and training of six methods, against differences and plain forward passes."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import finetune

SIZES = st.tuples(
    st.integers(1, 3), st.sampled_from([2, 4, 6]), st.integers(1, 3), st.integers(1, 3), st.sampled_from([1, 2])
)


def data(sizes, tokens=3, seed=0):
    rng = np.random.default_rng(seed)
    params = finetune.toy(*sizes, rng)
    # Gates and biases away from 0, where a mistake could hide.
    for name in params:
        if name.startswith(("alpha", "b1", "b2", "shift")):
            params[name] = rng.standard_normal(params[name].shape) / 2
    return params, rng.standard_normal((sizes[1], tokens)), rng.standard_normal((sizes[1], tokens))


def plain(method, params, x, first):
    """The output, written down without a tape."""
    L = sum(name.startswith("W1.") for name in params)
    states = [x + params["shift"] if method == "input" else x]
    for b in range(L):
        h, has = states[-1], b >= first
        W1 = params[f"W1.{b}"] + (params[f"B.{b}"] @ params[f"A.{b}"] if method == "lora" and has else 0)
        h = h + params[f"W2.{b}"] @ np.tanh(W1 @ h + params[f"b1.{b}"]) + params[f"b2.{b}"]
        if method == "adapter" and has:
            h = h + params[f"D.{b}"] @ np.tanh(params[f"E.{b}"] @ h)
        states.append(h)
    if method != "ladder":
        return states[-1]
    v = params[f"down.{first}"] @ states[first]
    for b in range(first, L):
        mu = 1 / (1 + np.exp(-params[f"alpha.{b}"]))
        z = mu * params[f"down.{b + 1}"] @ states[b + 1] + (1 - mu) * v
        v = z + params[f"S2.{b}"] @ np.tanh(params[f"S1.{b}"] @ z)
    return states[-1] + params["up"] @ v


def loss(method, params, x, y, first):
    return np.sum((plain(method, params, x, first) - y) ** 2) / 2


@pytest.mark.parametrize("method", finetune.METHODS)
@settings(deadline=None, max_examples=8)
@given(SIZES, st.integers(0, 2))
def test_gradients_are_slopes_of_the_plain_loss(method, sizes, first):
    first = min(first, sizes[0] - 1)
    params, x, y = data(sizes)
    step = finetune.step(method, params, x, y, first)
    assert step.loss == pytest.approx(loss(method, params, x, y, first), rel=1e-12)
    rng = np.random.default_rng(1)
    for name, grad in step.grads.items():
        way = rng.standard_normal(grad.shape)
        up, down = (loss(method, params | {name: params[name] + h * way}, x, y, first) for h in (1e-5, -1e-5))
        assert np.sum(grad * way) == pytest.approx((up - down) / 2e-5, rel=1e-5, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(SIZES, st.sampled_from(finetune.METHODS), st.integers(0, 2), st.integers(1, 4))
def test_counts_are_the_formulas(sizes, method, first, tokens):
    L, d, e, r, k = sizes
    first = 0 if method == "input" else min(first, L - 1)
    params, x, y = data(sizes, tokens)
    step = finetune.step(method, params, x, y, first)
    values = {"L": L, "n": L - first, "d": d, "e": e, "r": r, "k": k}
    formulas = {what: f.subs({s: values[s.name] for s in f.free_symbols}) for what, f in finetune.cost(method).items()}
    assert step.forward == tokens * formulas["forward"]
    assert step.backward == tokens * formulas["backward"]
    assert step.saved == tokens * formulas["saved"]
    assert sum(grad.size for grad in step.grads.values()) == formulas["params"]


def test_full_tuning_of_one_block_by_hand():
    """One block, d = 2, e = 1, one token: two products forward, W1 and W2 back, and the gradient that passes W2."""
    step = finetune.step("full", *data((1, 2, 1, 1, 1), tokens=1))
    assert (step.forward, step.backward, step.saved) == (16, 24, 4)


def test_only_what_is_trained_gets_a_gradient():
    params, x, y = data((3, 4, 2, 2, 2))
    for method, stems in finetune.TRAINED.items():
        step = finetune.step(method, params, x, y, first=1)
        assert {name.partition(".")[0] for name in step.grads} == set(stems)
        blocks = {name.partition(".")[2] for name in step.grads} - {""}
        assert blocks <= {"1", "2", "3"}  # down.3 reads h_3
    assert set(finetune.step("lora", params, x, y, train=("A",)).grads) == {"A.0", "A.1", "A.2"}


def test_stored_states_change_nothing_but_the_way_forward():
    params, x, y = data((3, 4, 2, 2, 2))
    first = finetune.step("ladder", params, x, y)
    again = finetune.step("ladder", params, x, y, stored=first.states)
    assert again.loss == first.loss
    assert all(np.array_equal(again.grads[name], grad) for name, grad in first.grads.items())
    assert finetune.step("ladder", params, x, y, stored=np.array(first.states)).loss == first.loss
    assert first.forward - again.forward == 3 * 3 * 4 * 2 * 16
    assert (again.backward, again.saved) == (first.backward, first.saved)


def test_identity_start_leaves_the_backbone_alone():
    params, x, y = data((2, 4, 2, 2, 2))
    start = finetune.identity_start(params) | {"shift": np.zeros((4, 1))}
    last = finetune.states(params, x)[-1]
    for method in finetune.METHODS:
        assert finetune.step(method, start, x, y).loss == pytest.approx(np.sum((last - y) ** 2) / 2, rel=1e-13)
    np.testing.assert_array_equal(start["W1.0"], params["W1.0"])


@pytest.mark.parametrize("method", finetune.METHODS)
def test_fit_is_adam(method):
    params, x, y = data((2, 4, 1, 1, 2))
    tuned, losses = finetune.fit(method, params, x, y, 3, 0.05, first=1)
    mean, square, own = {}, {}, dict(params)
    for t in (1, 2, 3):
        for name, grad in finetune.step(method, own, x, y, first=1).grads.items():
            mean[name] = 0.9 * mean.get(name, 0) + 0.1 * grad / 3
            square[name] = 0.99 * square.get(name, 0) + 0.01 * (grad / 3) ** 2
            own[name] = own[name] - 0.05 * (mean[name] / (1 - 0.9**t)) / (np.sqrt(square[name] / (1 - 0.99**t)) + 1e-8)
    for name, array in own.items():
        np.testing.assert_allclose(tuned[name], array, rtol=1e-9, atol=1e-12)
    assert len(losses) == 4
    assert losses[0] == pytest.approx(loss(method, params, x, y, 1) / 3)
    assert losses[-1] == pytest.approx(loss(method, own, x, y, 1) / 3)


def test_fit_does_not_touch_what_it_is_given():
    params, x, y = data((2, 4, 1, 1, 2))
    before = {name: array.copy() for name, array in params.items()}
    tuned, losses = finetune.fit("ladder", params, x, y, 0, 0.1)
    assert len(losses) == 1
    tuned["up"] += 1
    assert all(np.array_equal(params[name], array) for name, array in before.items())


def test_toy_draws_in_the_promised_order():
    params, rng = finetune.toy(1, 4, 2, 3, 2, np.random.default_rng(5)), np.random.default_rng(5)
    shapes = {"W1.0": (8, 4), "W2.0": (4, 8), "A.0": (3, 4), "B.0": (8, 3), "E.0": (3, 4), "D.0": (4, 3)}
    shapes |= {"S1.0": (4, 2), "S2.0": (2, 4), "down.1": (2, 4), "down.0": (2, 4), "up": (4, 2)}
    for name, shape in shapes.items():
        np.testing.assert_array_equal(params[name], rng.standard_normal(shape) / np.sqrt(shape[1]))
    assert {name: a.shape for name, a in params.items() if name not in shapes} == {
        "b1.0": (8, 1), "b2.0": (4, 1), "alpha.0": (), "shift": (4, 1),
    }  # fmt: skip


PARAMS, X, Y = data((2, 4, 1, 1, 2))


@pytest.mark.parametrize(
    ("call", "argument", "value"),
    [
        (lambda: finetune.toy(2, 4, 1, 1, 3, np.random.default_rng(0)), "k", "3"),
        (lambda: finetune.toy(0, 4, 1, 1, 2, np.random.default_rng(0)), "L", "0"),
        (lambda: finetune.step("prompt", PARAMS, X, Y), "method", "prompt"),
        (lambda: finetune.step("full", PARAMS, X, Y, first=2), "first", "2"),
        (lambda: finetune.step("full", PARAMS, X, Y, first=-1), "first", "-1"),
        (lambda: finetune.step("full", PARAMS, X[:3], Y), "x", r"\(3, 3\)"),
        (lambda: finetune.step("full", PARAMS, X, Y[:, :2]), "y", r"\(4, 2\)"),
        (lambda: finetune.step("full", PARAMS | {"W1.1": PARAMS["W1.1"] * np.nan}, X, Y), "W1.1", "nan"),
        (lambda: finetune.step("full", {"up": [[1.0]]}, X, Y), "params", "up"),
        (lambda: finetune.step("bias", {n: a for n, a in PARAMS.items() if n != "W2.1"}, X, Y), "params", "W2.1"),
        (lambda: finetune.step("bias", {n: a for n, a in PARAMS.items() if n != "W1.0"}, X, Y), "params", "W1.0"),
        (lambda: finetune.step("full", PARAMS | {"W2.1": np.ones((4, 3))}, X, Y), "W2.1", r"\(4, 3\)"),
        (lambda: finetune.step("full", PARAMS | {"b1.0": np.ones((4, 3))}, X, Y), "b1.0", r"\(4, 3\)"),
        (lambda: finetune.step("ladder", PARAMS | {"alpha.1": np.ones(3)}, X, Y), "alpha.1", r"\(3,\)"),
        (lambda: finetune.step("ladder", PARAMS | {"W1.0": np.ones((3, 4))}, X, Y), "W1.0", r"\(3, 4\)"),
        (lambda: finetune.step("full", PARAMS, X, Y, train=("W3",)), "train", "W3"),
        (lambda: finetune.step("full", PARAMS, X, Y, train=3), "train", "3"),
        (lambda: finetune.step("full", PARAMS, X, Y, train="W1"), "train", "got 'W1'"),
        (lambda: finetune.step("full", 3, X, Y), "params", "3"),
        (lambda: finetune.identity_start(3), "params", "3"),
        (lambda: finetune.step("ladder", PARAMS, X, Y, stored=3), "stored", "3"),
        (lambda: finetune.step("lora", PARAMS, X, Y, stored=[X, X, X]), "stored", "lora"),
        (lambda: finetune.step("ladder", PARAMS, X, Y, train=("W1",), stored=[X, X, X]), "stored", "W1"),
        (lambda: finetune.step("ladder", PARAMS, X, Y, stored=[X]), "stored", "1"),
        (lambda: finetune.step("ladder", PARAMS, X, Y, stored=[X, X * np.inf, X]), "stored", "inf|nan"),
        (lambda: finetune.fit("lora", PARAMS, X, Y, -1, 0.1), "steps", "-1"),
        (lambda: finetune.fit("lora", PARAMS, X, Y, 1, 0.0), "lr", "0.0"),
        (lambda: finetune.fit("full", PARAMS, X, Y, 5, 1e300), "lr", "1e[+]300"),
        (lambda: finetune.cost("prefix"), "method", "prefix"),
    ],
)
@pytest.mark.filterwarnings("ignore::RuntimeWarning")
def test_bad_input_is_named(call, argument, value):
    with pytest.raises(ValueError, match=rf"{argument}.*({value})"):
        call()
