"""companion.control: the three states, losses, and closed forms against simulation and against each other."""

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import control

chance = st.floats(0, 0.95)
event = st.sampled_from(sorted(control.EVENTS))
ON = [("plug_off", 0.05), ("plug_on", 0.05)]
OFF = [("key_off", 0.05)]


def rng():
    return np.random.default_rng(0)


@pytest.mark.parametrize(
    ("name", "after"),
    [
        ("key_off", ["cut", "standby", "standby"]),
        ("plug_off", ["cut", "cut", "cut"]),
        ("plug_on", ["running", "standby", "running"]),
        ("cycle", ["running", "running", "running"]),
        ("meter", ["cut", "cut", "running"]),
        ("remote", ["cut", "running", "standby"]),
    ],
)
def test_each_event_in_each_state(name, after):
    assert [control.step(state, name) for state in ("cut", "standby", "running")] == after


def test_a_cycle_is_off_and_on():
    for state in control.STATES:
        assert control.step(state, "cycle") == control.run(state, ["plug_off", "plug_on"]) == "running"
        assert control.run(state, []) == state


@given(st.lists(st.tuples(event, chance), max_size=5))
def test_a_matrix_sums_over_what_arrives(commands):
    expected = np.zeros((3, 3))
    for arrives in itertools.product([True, False], repeat=len(commands)):
        weight = np.prod([1 - loss if there else loss for there, (_, loss) in zip(arrives, commands, strict=True)])
        heard = [name for there, (name, _) in zip(arrives, commands, strict=True) if there]
        for row, state in enumerate(control.STATES):
            expected[row, control.STATES.index(control.run(state, heard))] += weight
    np.testing.assert_allclose(control.matrix(commands), expected, atol=1e-12)


def test_the_long_run_is_where_powers_go():
    on, off = control.matrix(ON), control.matrix(OFF)
    after_on, after_off = control.long_run(on, off)
    np.testing.assert_allclose(after_on, np.linalg.matrix_power(off @ on, 200)[0], atol=1e-12)
    np.testing.assert_allclose(after_off, after_on @ off, atol=1e-12)
    assert after_on[2] == pytest.approx(1 / 1.05**2)
    np.testing.assert_allclose(control.long_run(on)[0], [0.05 / 1.05, 0, 1 / 1.05], atol=1e-12)


def test_a_walk_follows_its_matrix():
    states = control.walk([*ON, *OFF], 200_000, rng(), "standby")
    assert states.shape == (200_000, 3)
    np.testing.assert_allclose(
        np.bincount(states[:, -1], minlength=3) / 200_000, control.matrix([*ON, *OFF])[1], atol=0.003
    )
    np.testing.assert_allclose(np.mean(states[:, 0] == 0), 0.95, atol=0.003)


@given(st.integers(0, 60), st.floats(0, 0.95))
def test_agreement_of_toggles_by_recursion(t, loss):
    agree = 1.0
    for _ in range(t):
        agree = agree * (1 - loss) + (1 - agree) * loss
    assert control.sync_probability(t, loss) == pytest.approx(agree, abs=1e-9)


@given(chance, chance)
def test_long_run_of_set_commands_reproduces_itself(loss, repeat):
    y = control.match_probability(loss, repeat)
    assert y == pytest.approx(1 - loss * (1 - repeat * y - (1 - repeat) * (1 - y)), abs=1e-9)


@given(chance, chance)
def test_two_set_commands_in_turn(loss_on, loss_off):
    on, off = control.alternate(loss_on, loss_off)
    assert on == pytest.approx(1 - loss_on * off, abs=1e-9)
    assert off == pytest.approx(1 - loss_off * on, abs=1e-9)
    assert control.alternate(loss_on, loss_on)[0] == pytest.approx(control.match_probability(loss_on), abs=1e-9)


@given(chance, chance, st.sampled_from(["toggle", "set"]))
def test_the_closed_loop_reproduces_itself(loss, sensor, actuator):
    got = control.feedback(loss, sensor, actuator)
    w0, w1, n0, n1 = (float(got[name]) for name in ("wrong_match", "wrong_mismatch", "sends_match", "sends_mismatch"))
    undone = (w1, n1) if actuator == "toggle" else (w0, n0)
    assert w0 == pytest.approx(sensor * ((1 - loss) * undone[0] + loss * w0), rel=1e-6, abs=1e-9)
    assert w1 == pytest.approx(sensor + (1 - sensor) * ((1 - loss) * w0 + loss * w1), rel=1e-6, abs=1e-9)
    assert n0 == pytest.approx(sensor * (1 + (1 - loss) * undone[1] + loss * n0), rel=1e-6, abs=1e-9)
    assert n1 == pytest.approx((1 - sensor) * (1 + (1 - loss) * n0 + loss * n1), rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("kind", control.KINDS)
def test_simulations_agree_with_the_closed_forms(kind):
    agree = control.simulate(kind, 0.1, 0.05, 30, 40_000, rng())
    assert agree.shape == (40_000, 30)
    if kind == "toggle":
        expected = control.sync_probability(30, 0.1)
    elif kind == "set":
        expected = control.match_probability(0.1)
    elif kind == "set-feedback":
        expected = 1 / (1 + 0.1 * control.feedback(0.1, 0.05, "set")["wrong_mismatch"])
    else:
        loop = control.feedback(0.1, 0.05, kind.removeprefix("feedback-"))
        expected = (1 - loop["wrong_match"]) / (1 + loop["wrong_mismatch"] - loop["wrong_match"])
    assert agree[:, -1].mean() == pytest.approx(float(expected), abs=0.003 if kind == "set-feedback" else 0.008)


def test_without_losses_everything_agrees():
    assert all(control.simulate(kind, 0, 0, 5, 10, rng()).all() for kind in control.KINDS)
    assert control.sync_probability([0, 1, 2], 0).tolist() == [1, 1, 1]
    assert control.feedback([0.0, 0.1], [[0.0], [0.2]], "set")["wrong_match"].shape == (2, 2)


BAD = [-0.1, 1.0, 1.5, float("nan")]


@pytest.mark.parametrize("loss", BAD)
@pytest.mark.parametrize(
    "call",
    [
        lambda p: control.matrix([("cycle", p)]),
        lambda p: control.walk([("cycle", p)], 1, rng()),
        lambda p: control.sync_probability(1, p),
        lambda p: control.match_probability(p),
        lambda p: control.feedback(p, 0.1),
        lambda p: control.simulate("set", p, 0, 1, 1, rng()),
    ],
)
def test_losses_are_at_least_0_and_below_1(call, loss):
    with pytest.raises(ValueError, match=f"^loss must be at least 0 and below 1, got {loss}"):
        call(loss)


def test_other_arguments_are_named():
    for call, said in (
        (lambda: control.step("asleep", "meter"), "state must be one of .* got 'asleep'"),
        (lambda: control.step("cut", "kick"), "event must be one of .* got 'kick'"),
        (lambda: control.run("asleep", []), "state must be one of"),
        (lambda: control.matrix([("kick", 0.1)]), "event must be one of"),
        (lambda: control.walk([("kick", 0.1)], 1, rng()), "event must be one of"),
        (lambda: control.walk([], 1, rng(), "asleep"), "start must be one of"),
        (lambda: control.walk([], 0, rng()), "runs must be a whole number"),
        (lambda: control.walk([], 1, None), "rng must be a NumPy Generator"),
        (lambda: control.long_run(), "rounds must hold at least one"),
        (lambda: control.long_run(np.eye(3)), "rounds must have one long run"),
        (lambda: control.sync_probability(-1, 0.1), "t must hold whole numbers"),
        (lambda: control.sync_probability(1.5, 0.1), "t must hold whole numbers"),
        (lambda: control.match_probability(0.1, 1.0), "repeat must be at least 0"),
        (lambda: control.alternate(1.0, 0.1), "loss_on must be at least 0"),
        (lambda: control.alternate(0.1, -1.0), "loss_off must be at least 0"),
        (lambda: control.feedback(0.1, 1.0), "sensor must be at least 0"),
        (lambda: control.feedback(0.1, 0.1, "knob"), "actuator must be one of"),
        (lambda: control.simulate("hope", 0, 0, 1, 1, rng()), "kind must be one of"),
        (lambda: control.simulate("set", 0, 1.0, 1, 1, rng()), "sensor must be at least 0"),
        (lambda: control.simulate("set", 0, 0, 0, 1, rng()), "commands must be a whole number"),
        (lambda: control.simulate("set", 0, 0, 1, 0, rng()), "runs must be a whole number"),
        (lambda: control.simulate("set", 0, 0, 1, 1, None), "rng must be a NumPy Generator"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
