"""companion.infrared: the frame, the channel, three rules of reading, and their error rates."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.integrate import quad

from companion import infrared as ir

byte = st.integers(0, 255)
FRAME = ir.nec_frame(0x12, 0x34)


def rng():
    return np.random.default_rng(0)


@given(byte, byte)
def test_every_frame_is_read_back_by_every_rule(address, command):
    frame = ir.nec_frame(address, command)
    assert frame.shape == (67,)
    assert frame.sum() == pytest.approx(121 * 562.5e-6)
    for rule in ("space", "period"):
        for clock in ir.CLOCKS:
            assert ir.decode(ir.decode_bits(frame, rule, clock)) == (address, command, True)
    votes = ir.decode_bits(frame, "pair")
    assert votes.tolist() == [(word >> bit) & 1 for word in (address, command) for bit in range(8)]


def test_a_frame_by_hand():
    frame = ir.nec_frame(1, 0) / 562.5e-6
    assert frame[:6].round(9).tolist() == [16, 8, 1, 3, 1, 1]
    assert frame[-1] == pytest.approx(1)
    assert frame[3::2].round(9).tolist() == [3, *7 * [1], 1, *7 * [3], *8 * [1], *8 * [3]]


@given(byte, byte, st.integers(0, 31))
def test_one_wrong_bit_is_refused(address, command, place):
    bits = ir.decode_bits(ir.nec_frame(address, command))
    bits[place] = 1 - bits[place]
    assert not ir.decode(bits)[2]


def test_the_channel_moves_edges():
    heard = ir.channel(FRAME, rng(), jitter=1e-4, runs=20_000)
    errors = heard - FRAME
    assert heard.shape == (20_000, 67)
    assert errors.std() == pytest.approx(2**0.5 * 1e-4, rel=0.01)
    np.testing.assert_allclose(np.corrcoef(errors[:, 7], errors[:, 8])[0, 1], -0.5, atol=0.03)
    np.testing.assert_allclose(errors.sum(axis=1).std(), 2**0.5 * 1e-4, rtol=0.03)


def test_the_channel_skews_and_stretches():
    heard = ir.channel(FRAME, rng(), skew=0.1, stretch=5e-5)[0]
    np.testing.assert_allclose(heard[::2], 1.1 * FRAME[::2] + 5e-5)
    np.testing.assert_allclose(heard[1::2], 1.1 * FRAME[1::2] - 5e-5)


def test_a_leader_clock_has_no_limit_and_the_fixed_one_has():
    heard = ir.channel(FRAME, rng(), skew=2.0)
    assert ir.decode(ir.decode_bits(heard[0])) == (0x12, 0x34, True)
    assert not ir.decode(ir.decode_bits(heard[0], clock="fixed"))[2]
    assert (ir.decode_bits(heard, "pair", "fixed") == ir.decode_bits(FRAME, "pair")).all()


def test_the_period_does_not_know_the_stretch():
    heard = ir.channel(FRAME, rng(), stretch=6.5e-4)[0]
    assert ir.decode(ir.decode_bits(heard, "period", "fixed")) == (0x12, 0x34, True)
    assert not ir.decode(ir.decode_bits(heard, "space", "fixed"))[2]


@pytest.mark.parametrize(("rule", "jitter"), [("space", 150e-6), ("period", 150e-6), ("pair", 250e-6)])
def test_bit_errors_are_measured(rule, jitter):
    heard = ir.channel(FRAME, rng(), jitter=jitter, runs=40_000)
    wrong = ir.decode_bits(heard, rule, "fixed") != ir.decode_bits(FRAME, rule)
    assert wrong.mean() == pytest.approx(float(ir.bit_error(jitter, rule)), rel=0.05)


def test_bit_errors_are_tails():
    tail = quad(lambda x: np.exp(-(x**2) / 2) / np.sqrt(2 * np.pi), 562.5 / 200, np.inf)[0]
    assert ir.bit_error(200e-6, "pair") == pytest.approx(tail)
    assert ir.bit_error(200e-6 / 2**0.5, "space") == pytest.approx(tail)
    assert ir.bit_error([0.0, 1.0]).tolist() == [0, pytest.approx(0.5, abs=1e-3)]


@given(st.floats(0, 0.99))
def test_the_fates_of_a_word(eps):
    correct, detected, undetected = ir.word_error(eps)
    assert correct + detected + undetected == pytest.approx(1)
    pairs = [(1 - eps) ** 2, 2 * eps * (1 - eps), eps**2]
    one_wrong = 16 * pairs[0] ** 15 * pairs[2]
    assert correct == pytest.approx(pairs[0] ** 16, abs=1e-12)
    assert undetected >= one_wrong - 1e-12
    assert detected == pytest.approx(1 - (pairs[0] + pairs[2]) ** 16, abs=1e-12)


def test_harmonics_are_integrals():
    for k in (1, 2, 3):
        integral = 2 * quad(lambda x, k=k: np.cos(2 * np.pi * k * x), -0.15, 0.15)[0]
        assert ir.harmonic(0.3, k) == pytest.approx(integral)
    assert ir.harmonic(1 / 3, 3) == pytest.approx(0, abs=1e-12)


@pytest.mark.parametrize("bad", [-1, 256, 1.5, float("nan")])
def test_bytes_lie_in_0_to_255(bad):
    with pytest.raises(ValueError, match=r"^address must be"):
        ir.nec_frame(bad, 0)
    with pytest.raises(ValueError, match=r"^command must be"):
        ir.nec_frame(0, bad)


def test_other_arguments_are_named():
    for call, said in (
        (lambda: ir.channel(FRAME[:-1], rng()), r"durations must have shape \(67,\)"),
        (lambda: ir.channel(-FRAME, rng()), "durations must be finite and at least 0"),
        (lambda: ir.channel(FRAME, None), "rng must be a NumPy Generator"),
        (lambda: ir.channel(FRAME, rng(), jitter=-1e-6), "jitter must be"),
        (lambda: ir.channel(FRAME, rng(), skew=-1.0), "skew must be above -1, got -1.0"),
        (lambda: ir.channel(FRAME, rng(), stretch=float("inf")), "stretch must be"),
        (lambda: ir.channel(FRAME, rng(), runs=0), "runs must be"),
        (lambda: ir.decode_bits(FRAME, "guess"), "rule must be one of"),
        (lambda: ir.lengths(FRAME, "guess"), "rule must be one of"),
        (lambda: ir.decode_bits(FRAME, clock="sun"), "clock must be one of"),
        (lambda: ir.decode_bits(FRAME[:-1]), "durations must have length 67"),
        (lambda: ir.decode([2, *31 * [0]]), "bits must be"),
        (lambda: ir.decode(30 * [0]), r"bits must have shape \(32,\)"),
        (lambda: ir.bit_error(-1e-6), "jitter must be"),
        (lambda: ir.bit_error(1e-6, "guess"), "rule must be one of"),
        (lambda: ir.word_error(1.0), "eps must be at least 0 and below 1, got 1.0"),
        (lambda: ir.harmonic(1.0, 1), "duty must lie between 0 and 1"),
        (lambda: ir.harmonic(0.5, 0), "k must hold whole numbers"),
        (lambda: ir.harmonic(0.5, 1.5), "k must hold whole numbers"),
    ):
        with pytest.raises(ValueError, match=said):
            call()
