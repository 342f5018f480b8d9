"""Commands that get lost: a projector with three states, commands that set or toggle, and sensors that misread.

A projector is cut (no mains), on standby (shut down, mains present) or running. Its events are those of Su's post
kexue.fm/archives/9365: a key that shuts down, a plug that opens and closes, a power meter, the old remote. Losses are
independent. A set command says what state is wished, a toggle only that it shall change. The closed forms are derived
in the notebook diversions/02.
"""

import functools
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import chance, count, generator, integers, one_of

Array = NDArray[np.float64]
Command = tuple[str, float]

STATES = ("cut", "standby", "running")
# What an event makes of each of the states, in their order.
EVENTS = {
    "key_off": ("cut", "standby", "standby"),
    "plug_off": ("cut", "cut", "cut"),
    "plug_on": ("running", "standby", "running"),  # power-on boot: only what was cut starts
    "cycle": ("running", "running", "running"),  # plug_off, a pause, plug_on: both arrive
    "meter": ("cut", "cut", "running"),  # it has seen low power for long enough
    "remote": ("cut", "running", "standby"),  # assumed to switch both ways, while there is mains
}
KINDS = ("toggle", "set", "feedback-toggle", "feedback-set", "set-feedback")
ACTUATORS = ("toggle", "set")


# What `feedback` tells of a loop that begins in a match, and in a mismatch.
TOLD = ("wrong_match", "wrong_mismatch", "sends_match", "sends_mismatch")


def step(state: str, event: str) -> str:
    """The state after one event. Raises ValueError for unknown states and events."""
    one_of("state", state, STATES)
    return EVENTS[one_of("event", event, EVENTS)][STATES.index(state)]


def run(state: str, events: Sequence[str]) -> str:
    """The state after several events, the first of `events` first. Raises ValueError as `step`."""
    one_of("state", state, STATES)
    for event in events:
        state = step(state, event)
    return state


def matrix(events: Sequence[Command]) -> Array:
    """Transition matrix (3, 3) of (event, probability of its loss) one after another, from row to column.

    Raises ValueError for unknown events and for losses outside [0, 1).
    """
    found = np.eye(3)
    for event, loss in events:
        lost = chance("loss", loss).item()
        arrived = np.array([[float(step(state, event) == to) for to in STATES] for state in STATES])
        found = found @ (lost * np.eye(3) + (1 - lost) * arrived)
    return found


def long_run(*rounds: Array) -> Array:
    """Long-run probabilities (rounds, 3) of the states after each of the matrices (3, 3), applied in turn for ever.

    Raises ValueError if there is none, or if it depends on the start.
    """
    if not rounds:
        raise ValueError("rounds must hold at least one matrix, got ()")
    whole = functools.reduce(np.matmul, rounds)
    equations = np.vstack([(whole - np.eye(3)).T, np.ones(3)])
    if np.linalg.matrix_rank(equations) < 3:
        raise ValueError("rounds must have one long run, got several that depend on the start")
    last = np.linalg.lstsq(equations, np.array([0.0, 0, 0, 1]), rcond=None)[0]
    after = []
    for one in rounds:
        last = last @ one
        after.append(last)
    return np.array(after)


def walk(commands: Sequence[Command], runs: int, rng: np.random.Generator, start: str = "cut") -> NDArray[np.intp]:
    """Simulated states (runs, commands) as places in STATES after each (event, probability of its loss), in order.

    Raises ValueError for unknown events or start, losses outside [0, 1), no runs, or no NumPy generator.
    """
    rng, runs = generator(rng), count("runs", runs)
    state = np.full(runs, STATES.index(one_of("start", start, STATES)))
    states = np.empty((runs, len(commands)), dtype=np.intp)
    for place, (event, loss) in enumerate(commands):
        lost = chance("loss", loss).item()
        to = np.array([STATES.index(step(one, event)) for one in STATES])
        state = np.where(rng.random(runs) < lost, state, to[state])
        states[:, place] = state
    return states


def sync_probability(t: ArrayLike, loss: ArrayLike) -> Array:
    """Probability that assistant and device agree after t toggles, each lost with probability `loss`. Broadcasts.

    Raises ValueError for losses outside [0, 1) and for t that are not whole or negative.
    """
    return np.asarray((1 + (1 - 2 * chance("loss", loss)) ** integers("t", t, 0)) / 2)


def match_probability(loss: ArrayLike, repeat: ArrayLike = 0.0) -> Array:
    """Long-run agreement of set commands, where a wish repeats the last one with probability `repeat`. Broadcasts.

    Raises ValueError for probabilities outside [0, 1).
    """
    loss, repeat = chance("loss", loss), chance("repeat", repeat)
    return np.asarray((1 - loss * repeat) / (1 - loss * (2 * repeat - 1)))


def alternate(loss_on: ArrayLike, loss_off: ArrayLike) -> tuple[Array, Array]:
    """Long-run agreement after "on" and after "off", for two set commands in turn. Broadcasts.

    Raises ValueError for losses outside [0, 1).
    """
    on, off = chance("loss_on", loss_on), chance("loss_off", loss_off)
    return np.asarray((1 - on) / (1 - on * off)), np.asarray((1 - off) / (1 - on * off))


def feedback(loss: ArrayLike, sensor: ArrayLike, actuator: str = "toggle") -> dict[str, Array]:
    """The closed loop "read; if wrong, send; repeat": how often it ends wrong, and the mean number of sends.

    A reading errs with probability `sensor`. Keys: wrong_match, wrong_mismatch, sends_match, sends_mismatch, by what
    held before the first reading. Broadcasts. Raises ValueError for probabilities outside [0, 1) and other actuators.
    """
    loss, sensor = chance("loss", loss), chance("sensor", sensor)
    if one_of("actuator", actuator, ACTUATORS) == "set":
        one = 1 - loss + loss * sensor
        found = (0 * one, sensor / one, sensor / (1 - sensor) + 0 * one, (1 - loss * sensor) / one)
    else:
        one = 1 - loss - sensor + 2 * loss * sensor + sensor**2 - 2 * loss * sensor**2
        found = (
            sensor**2 * (1 - loss) / one,
            sensor * (1 - sensor * loss) / one,
            sensor * (2 - 2 * loss - sensor + 2 * sensor * loss) / one,
            (1 - sensor) * (1 + sensor - 2 * sensor * loss) / one,
        )
    return {name: np.asarray(value) for name, value in zip(TOLD, found, strict=True)}


def simulate(
    kind: str, loss: float, sensor: float, commands: int, runs: int, rng: np.random.Generator
) -> NDArray[np.bool_]:
    """Agreement (runs, commands) with wishes that alternate, from agreement with the wish before the first.

    kind: "toggle" or "set", sent once; "feedback-toggle" or "feedback-set", which read and send until a reading says
    right; or "set-feedback", the same with a command before the first reading. Raises ValueError for another kind,
    probabilities outside [0, 1), no commands, no runs, no generator.
    """
    one_of("kind", kind, KINDS)
    lost, misread = chance("loss", loss).item(), chance("sensor", sensor).item()
    commands, runs, rng = count("commands", commands), count("runs", runs), generator(rng)
    agree, found = np.ones(runs, dtype=bool), np.empty((runs, commands), dtype=bool)
    for place in range(commands):
        agree = ~agree  # the wish changes, the device not yet
        sending, reads = np.ones(runs, dtype=bool), kind.startswith("feedback")
        while sending.any():
            if reads:
                sending &= agree == (rng.random(runs) < misread)
            arrives = sending & (rng.random(runs) >= lost)
            agree = np.where(arrives, ~agree if kind.endswith("toggle") else True, agree)
            if "feedback" not in kind:
                break
            reads = True
        found[:, place] = agree
    return found
