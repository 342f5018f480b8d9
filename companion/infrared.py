"""An infrared frame in the NEC format, a channel that moves its edges, and receivers that read it.

A frame is 67 durations in turn: mark (carrier on), space (off), mark, …. With the unit U = 562.5 µs it is a mark of
16 U, a space of 8 U, then 32 bits, each a mark of U and a space of U (0) or 3 U (1), and a closing mark of U. The bits
are address, its complement, command, its complement, least significant bit first. Source: the kernel's decoder of
Linux, drivers/media/rc/ir-nec-decoder.c. The error rates are derived in the notebook diversions/02.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy.special import erfc

from companion._checks import between, chance, count, finite, generator, integers, number, one_of, whole_below

Array = NDArray[np.float64]
Bits = NDArray[np.intp]

UNIT = 562.5e-6
LENGTH, BITS = 67, 32
RULES, CLOCKS = ("space", "period", "pair"), ("leader", "fixed")


class Word(NamedTuple):
    """What becomes of the 32 bits of a frame, each shaped as the bit error."""

    correct: Array
    detected: Array
    undetected: Array


def nec_frame(address: int, command: int) -> Array:
    """The durations (67,) of a frame in seconds. Raises ValueError for address or command outside 0 … 255."""
    words = [int(whole_below(name, value, 256, ())) for name, value in (("address", address), ("command", command))]
    sent = [(byte >> bit) & 1 for word in words for byte in (word, 255 - word) for bit in range(8)]
    return UNIT * np.array([16, 8, *(length for bit in sent for length in (1, 1 + 2 * bit)), 1], dtype=float)


def channel(
    durations: ArrayLike,
    rng: np.random.Generator,
    jitter: float = 0.0,
    skew: float = 0.0,
    stretch: float = 0.0,
    runs: int = 1,
) -> Array:
    """What a receiver measures, (runs, 67): all durations × (1 + skew), marks + stretch, spaces − stretch, edges moved.

    jitter is the standard deviation of each of the 68 edges, normal and independent, stretch a time, both in seconds.
    Raises ValueError for durations of another shape or negative, negative jitter, skew of −1 or below, no runs, or no
    NumPy generator.
    """
    durations = finite("durations", durations, (LENGTH,), least=0)
    jitter, stretch, rng = number("jitter", jitter, least=0), number("stretch", stretch), generator(rng)
    if (skew := number("skew", skew)) <= -1:
        raise ValueError(f"skew must be above -1, got {skew}")
    edges = jitter * rng.standard_normal((count("runs", runs), LENGTH + 1))
    return np.asarray(durations * (1 + skew) + stretch * (-1.0) ** np.arange(LENGTH) + np.diff(edges))


def lengths(durations: ArrayLike, rule: str = "period", clock: str = "leader") -> Array:
    """What a rule compares with its threshold, in units, from durations (…, 67): (…, 32), or (…, 16) for "pair".

    "space": the space of a bit, threshold 2; "period": its mark and its space, threshold 3; "pair": its space less that
    of its complement, threshold 0. clock: the unit is a 24th of the "leader", or "fixed". Raises ValueError for another
    rule or clock, and durations of another length.
    """
    durations = finite("durations", durations)
    if durations.ndim == 0 or durations.shape[-1] != LENGTH:
        raise ValueError(f"durations must have length {LENGTH} on its last axis, got shape {durations.shape}")
    one_of("rule", rule, RULES)
    leader = durations[..., :2].sum(axis=-1, keepdims=True) / 24
    unit = leader if one_of("clock", clock, CLOCKS) == "leader" else UNIT
    marks, spaces = durations[..., 2:-1:2] / unit, durations[..., 3::2] / unit
    if rule == "pair":
        bytes_ = spaces.reshape(*spaces.shape[:-1], 4, 8)
        return np.asarray((bytes_[..., ::2, :] - bytes_[..., 1::2, :]).reshape(*spaces.shape[:-1], BITS // 2))
    return np.asarray(spaces if rule == "space" else marks + spaces)


def decode_bits(durations: ArrayLike, rule: str = "period", clock: str = "leader") -> Bits:
    """The bits (…, 32) that a rule reads, or the 16 of address and command, (…, 16), for "pair"; see `lengths`."""
    threshold = {"space": 2.0, "period": 3.0, "pair": 0.0}[one_of("rule", rule, RULES)]
    return (lengths(durations, rule, clock) > threshold).astype(np.intp)


def decode(bits: ArrayLike) -> tuple[int, int, bool]:
    """Address, command, and whether both complements fit, from bits (32,). Raises ValueError for other bits."""
    bits = whole_below("bits", bits, 2, (BITS,))
    address, not_address, command, not_command = (int(byte @ (1 << np.arange(8))) for byte in bits.reshape(4, 8))
    return address, command, address + not_address == 255 and command + not_command == 255


def bit_error(jitter: ArrayLike, rule: str = "period") -> Array:
    """Probability that a rule misreads a bit at the edge jitter in seconds, with a perfect clock. Shape of jitter.

    Raises ValueError for negative jitter and another rule.
    """
    jitter = finite("jitter", jitter, least=0)
    gap = UNIT * (1 if one_of("rule", rule, RULES) == "pair" else 0.5**0.5)
    with np.errstate(divide="ignore"):
        return np.asarray(erfc(gap / jitter / 2**0.5) / 2)


def word_error(eps: ArrayLike) -> Word:
    """The fates of a word of 32 bits that are misread independently with probability eps: read right, refused, wrong.

    Raises ValueError for eps outside [0, 1).
    """
    eps = chance("eps", eps)
    correct, accepted = (1 - eps) ** BITS, ((1 - eps) ** 2 + eps**2) ** (BITS // 2)
    return Word(np.asarray(correct), np.asarray(1 - accepted), np.asarray(accepted - correct))


def harmonic(duty: ArrayLike, k: ArrayLike) -> Array:
    """The cosine coefficient of the k-th harmonic of a pulse train that is on for the share `duty`. Broadcasts.

    Raises ValueError for duty outside (0, 1) and k that are not whole or below 1.
    """
    duty, k = between("duty", duty, 0, 1), integers("k", k, 1)
    return np.asarray(2 * np.sin(np.pi * k * duty) / (np.pi * k))
