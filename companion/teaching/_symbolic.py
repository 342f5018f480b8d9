"""What claims and exercises ask of algebra: sides, regions, the probe, and reduction to zero."""

from companion.teaching._algebra.attempt import attempt
from companion.teaching._algebra.points import EVERYWHERE, PROBES, Region, admits, region, words
from companion.teaching._algebra.probe import Difference, Seen, compare, probe
from companion.teaching._algebra.reduce import equals_zero, reduces_to_zero
from companion.teaching._algebra.sides import UNEVALUATED, Unsuitable, exact_side, pairs, shape, symbols_of
from companion.teaching._algebra.signs import never_negative

__all__ = [
    "EVERYWHERE",
    "PROBES",
    "UNEVALUATED",
    "Difference",
    "Region",
    "Seen",
    "Unsuitable",
    "admits",
    "attempt",
    "compare",
    "equals_zero",
    "exact_side",
    "never_negative",
    "pairs",
    "probe",
    "reduces_to_zero",
    "region",
    "shape",
    "symbols_of",
    "words",
]
