"""Floating-point claims: what a tolerance, a bound or a standard error says, and whether it says anything."""

import math
import reprlib
from fractions import Fraction
from numbers import Real
from typing import Any

import numpy as np

from companion.teaching._verdicts import BadClaim, FalseClaim

# A tolerance is at most this part of what it judges; a bound is at most this many times the value or smaller.
WIDEST = 0.5
NEAR = 10.0
FEWEST_SAMPLES = 200
MOST_SIGMAS = 5
_ONE = "the one that it is compared with"
Array = np.ndarray[Any, np.dtype[Any]]


def agreement(statement: str, got: Array, want: Array, rtol: Any, atol: Any, scale: Any) -> str:
    """How all numbers agree, in words. Raises FalseClaim, or BadClaim if the tolerance says nothing."""
    if got.shape != want.shape:
        raise BadClaim(f"{statement}: the sides have different shapes, {got.shape} and {want.shape}")
    if rtol is None and atol is None:
        raise BadClaim(f"{statement}: give a tolerance, rtol= or atol=")
    relative = 0.0 if rtol is None else setting(statement, "rtol", rtol, at_most=WIDEST)
    absolute = 0.0 if atol is None else setting(statement, "atol", atol)
    with np.errstate(over="ignore"):
        allowed = absolute + relative * np.abs(want)
    _check_tolerance(statement, allowed, want, scale)
    off = np.abs(got - want)
    if not (off <= allowed).all():
        k = np.unravel_index(np.argmax(off - allowed), off.shape)
        where = f"at index {tuple(map(int, k))}: " if off.ndim else ""
        raise FalseClaim(
            f"{statement}: {where}value {short(got[k])}, expected {short(want[k])}, "
            f"difference {short(off[k])}, allowed {short(allowed[k])}"
        )
    tolerances = ((rtol, " relative"), (atol, ""))
    within = " + ".join(f"{float(size):g}{kind}" for size, kind in tolerances if size is not None)
    said = f"{short(got[()])} against {short(want[()])}" if not got.ndim else f"All {got.size} numbers agree"
    return f"{said}, within {within}" + (f", on a scale of {float(scale):g}." if scale is not None else ".")


def _check_tolerance(statement: str, allowed: Array, want: Array, scale: Any) -> None:
    """Raises BadClaim where a tolerance is more than half of the entry that it judges, or of the author's scale."""
    size = np.abs(want) if scale is None else np.full(want.shape, setting(statement, "scale", scale))
    wide = allowed > WIDEST * size
    if wide.any():
        k = np.unravel_index(np.argmax(wide), wide.shape)
        what = "the scale" if scale is not None else "what is expected"
        raise BadClaim(
            f"{statement}: a tolerance of {short(allowed[k])} is more than half of {what} ({short(size[k])}), so the "
            "claim says nothing there; take a smaller one, or give the size that errors are compared with as scale="
        )


def bounded(statement: str, got: Array, at_least: Any, at_most: Any, scale: Any = None) -> str:
    """How all numbers lie within bounds, in words. Raises FalseClaim, or BadClaim for a bound that is far away.

    A bound of 0 states a sign; any other must be within a factor 10 of the value that comes nearest to it.
    Sizes of errors may be any part of their bound `at_most` if that is at most half of a scale.
    """
    said = []
    for name, bound, low in (("at least", at_least, True), ("at most", at_most, False)):
        if bound is None:
            continue
        limit = numbers(statement, name.replace(" ", "_"), bound)
        if limit.ndim:
            raise BadClaim(f"{statement}: {name.replace(' ', '_')} must be one number; take above=, below=")
        _check_real(statement, got, limit)
        nearest, edge = float(got.min() if low else got.max()), float(limit)
        if nearest < edge if low else nearest > edge:
            raise FalseClaim(f"{statement}: value {short(nearest)}, which is not {name} {short(edge)}")
        if scale is not None:
            _check_scale(statement, got, name, edge, setting(statement, "scale", scale))
        elif edge and not (nearest * edge > 0 and 1 / NEAR <= nearest / edge <= NEAR):
            raise BadClaim(
                f"{statement}: {name} {short(edge)} says too little about {short(nearest)}; take a bound within a "
                "factor 10, 0 for a sign, scale= for the size of errors, or compare with a computed quantity by "
                "above= or below="
            )
        said.append(f"{name} {short(edge)}")
    on = f", on a scale of {float(scale):g}" if scale is not None else ""
    return f"{_all(got)}, {' and '.join(said)}{on}."


def _check_scale(statement: str, got: Array, name: str, edge: float, scale: float) -> None:
    """Raises BadClaim unless values are sizes of errors, bounded from above by at most half of the author's scale."""
    if name != "at most" or (got < 0).any() or not 0 < edge <= WIDEST * scale:
        raise BadClaim(f"{statement}: with scale=, errors ≥ 0 have a bound at_most= of at most half of {scale:g}")


def ordered(statement: str, got: Array, above: Any, below: Any) -> str:
    """How all numbers lie above or below computed ones, in words. Raises FalseClaim or BadClaim."""
    said = []
    for name, other, low in (("above", above, True), ("below", below, False)):
        if other is None:
            continue
        if isinstance(other, int | float | Fraction) and not isinstance(other, np.generic):
            raise BadClaim(
                f"{statement}: {name}= compares with another computed quantity, a NumPy or SymPy number or an array, "
                f"got {other!r}; a number that you write is a bound, at_least= or at_most="
            )
        limit = numbers(statement, name, other)
        _check_real(statement, got, limit)
        if limit.shape not in ((), got.shape):
            raise BadClaim(f"{statement}: {name} has shape {limit.shape}, value has shape {got.shape}")
        gap = got - limit if low else limit - got
        if not (gap > 0).all():
            k = np.unravel_index(np.argmin(gap), gap.shape)
            raise FalseClaim(
                f"{statement}: value {short(got[k])}, which is not {name} {short(np.broadcast_to(limit, got.shape)[k])}"
            )
        said.append(f"{name} {short(limit[()])}" if not limit.ndim else f"each {name} {_ONE}")
    if said == [f"each above {_ONE}", f"each below {_ONE}"]:
        said = ["each between the two that it is compared with"]
    return f"{_all(got)}, {' and '.join(said)}."


def _all(got: Array) -> str:
    return short(got[()]) if not got.ndim else f"All {got.size} numbers"


def _check_real(statement: str, *arrays: Array) -> None:
    if any(np.iscomplexobj(array) for array in arrays):
        raise BadClaim(f"{statement}: complex values have no bounds")


def deviation(statement: str, drawn: Array, want: Array, sigmas: Any) -> str:
    """How far the mean of samples is from what is expected, in words. Raises FalseClaim or BadClaim."""
    allowed = setting(statement, "sigmas", sigmas, at_most=MOST_SIGMAS)
    if np.iscomplexobj(drawn) or np.iscomplexobj(want):
        raise BadClaim(f"{statement}: samples are complex; take their real and imaginary parts")
    if drawn.ndim not in (1, 2) or want.shape != drawn.shape[1:]:
        raise BadClaim(f"{statement}: samples have shape {drawn.shape}, expected has shape {want.shape}")
    if len(drawn) < FEWEST_SAMPLES:
        raise BadClaim(
            f"{statement}: {len(drawn)} samples are too few for a standard error, take at least {FEWEST_SAMPLES}"
        )
    with np.errstate(over="ignore", invalid="ignore"):
        mean, error = drawn.mean(axis=0), drawn.std(axis=0, ddof=1) / math.sqrt(len(drawn))
    if not np.isfinite(error).all():
        raise BadClaim(f"{statement}: the samples are too large for a standard error")
    # Rounding alone makes equal samples differ in the last digit of their mean.
    if (error <= 1e-14 * np.abs(mean)).any():
        raise BadClaim(f"{statement}: the samples do not vary, so they have no standard error")
    z = np.atleast_1d((mean - want) / error)
    k = int(np.argmax(np.abs(z)))
    mean, error, want = (np.atleast_1d(part)[k] for part in (mean, error, want))
    said = f"mean {short(mean)} ± {short(error)}, expected {short(want)}"
    if not (np.abs(z) <= allowed).all():
        raise FalseClaim(f"{statement}: {said}, which is {abs(z[k]):.1f} standard errors away, allowed {allowed:g}")
    worst = f" At the largest of {z.size} deviations:" if z.size > 1 else ""
    apart = f"{abs(z[k]):.1f} standard errors apart, {allowed:g} allowed."
    return f"{len(drawn):,} samples.{worst} {said}, {apart}"


def setting(statement: str, name: str, value: Any, at_most: float = math.inf) -> float:
    """A tolerance as a float that is positive and not too large. Raises BadClaim."""
    number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else math.nan
    if not (0 < number < math.inf and number <= at_most):
        top = f" and at most {at_most:g}" if at_most < math.inf else ""
        raise BadClaim(f"{statement}: {name} must be positive, finite{top}, got {reprlib.repr(value)}")
    return number


def numbers(statement: str, name: str, value: Any) -> Array:
    """`value` as a finite float or complex array. Raises BadClaim for anything else."""
    if value is None or isinstance(value, bool | str):
        raise BadClaim(f"{statement}: {name} must be a number or an array of numbers, got {value!r}")
    if isinstance(value, np.ma.MaskedArray):
        raise BadClaim(f"{statement}: {name} is a masked array; fill or select its entries first")
    try:
        array = np.asarray(value)
        if array.dtype.kind == "O" or isinstance(value, list | tuple):
            array = _as_complex(np.asarray(value, dtype=object))
    except (TypeError, ValueError, OverflowError) as error:
        raise BadClaim(f"{statement}: {name} must hold numbers, got {reprlib.repr(value)} ({error})") from None
    if array.dtype.kind not in "iufc":
        raise BadClaim(f"{statement}: {name} must hold numbers, got {array.dtype}")
    if not array.size:
        raise BadClaim(f"{statement}: {name} is empty")
    with np.errstate(over="ignore"):
        array = array.astype(complex if array.dtype.kind == "c" else float)
    if not np.isfinite(array).all():
        raise BadClaim(f"{statement}: {name} has an entry that is {array[~np.isfinite(array)].ravel()[0]}")
    return array


def _as_complex(entries: Array) -> Array:
    """An array of numbers of any kind, SymPy's too, as complex ones, or as floats if none is complex."""
    for entry in entries.flat:
        if isinstance(entry, bool | np.bool_ | str | bytes):
            raise TypeError(f"{entry!r} is of type {type(entry).__name__}")
    array = np.array([complex(entry) for entry in entries.flat]).reshape(entries.shape)
    return array if array.imag.any() else array.real


def short(number: Any) -> str:
    """A number to five digits."""
    return f"{complex(number):.5g}" if isinstance(number, complex) else f"{float(number):.5g}"
