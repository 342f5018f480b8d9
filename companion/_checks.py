"""Checks of arguments: what the topic modules refuse, each kind of mistake with one wording.

A check names the argument and the value that is wrong, and returns the argument in the form that the caller computes
with. What only one function demands (a pole that must not sit on a node, levels that must fall) it checks itself.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array = NDArray[np.float64]
Numbers = NDArray[Any]  # real, or complex
Shape = Sequence[int | str]


def count(name: str, value: int, least: int = 1) -> int:
    """The argument `name` as a whole number of at least `least`."""
    number = _real(value)
    if not number.is_integer() or number < least:
        raise ValueError(f"{name} must be a whole number of at least {least}, got {value!r}")
    return int(number)


def positive(**values: float) -> None:
    """Refuses the first of the arguments that is not one positive and finite number."""
    for name, value in values.items():
        if not 0 < _real(value) < math.inf:
            raise ValueError(f"{name} must be positive and finite, got {value!r}")


def number(name: str, value: float, least: float = -math.inf) -> float:
    """The argument `name` as one finite number, of at least `least`."""
    if not (math.isfinite(_real(value)) and _real(value) >= least):
        raise ValueError(f"{name} must be one finite number{_from(least, ' of')}, got {value!r}")
    return _real(value)


def between(name: str, values: ArrayLike, low: float, high: float) -> Array:
    """The argument `name` as numbers strictly between `low` and `high`, such as probabilities."""
    array = _floats(name, values)
    if (bad := ~((array > low) & (array < high))).any():
        raise ValueError(f"{name} must lie between {low} and {high}, got {array[bad][0]}")
    return array


def chance(name: str, values: ArrayLike) -> Array:
    """The argument `name` as probabilities from 0 to below 1: what is lost or misread, but not always."""
    array = _floats(name, values)
    if (bad := ~((array >= 0) & (array < 1))).any():
        raise ValueError(f"{name} must be at least 0 and below 1, got {array[bad][0]}")
    return array


def positives(name: str, values: ArrayLike, shape: Shape | None = None) -> Array:
    """The argument `name` as an array of positive and finite numbers, of a shape if one is asked for."""
    array = finite(name, values, shape)
    if (bad := array <= 0).any():
        raise ValueError(f"{name} must be positive, got {array[bad][0]}")
    return array


def integers(name: str, values: ArrayLike, least: int) -> NDArray[np.integer]:
    """The argument `name` as an array of Python's or NumPy's integers of at least `least`; 1.0 is none."""
    array = np.asarray(values)
    if array.dtype.kind not in "iu" or (array < least).any():
        raise ValueError(f"{name} must hold whole numbers of at least {least} (int), got {array}")
    return array


def one_of(name: str, value: str, known: Iterable[str]) -> str:
    """The argument `name`, if it is one of the `known` names."""
    if value not in (known := tuple(known)):
        raise ValueError(f"{name} must be one of {known}, got {value!r}")
    return value


def finite(name: str, values: ArrayLike, shape: Shape | None = None, least: float = -math.inf) -> Array:
    """The argument `name` as an array of finite real numbers, of at least `least`.

    `shape` says what it must have: numbers, or letters for any length of at least 1, as in ("L", "d").
    """
    array = _floats(name, values)
    if shape is not None:
        shaped(name, array, shape)
    bad = ~np.isfinite(array) | (array < least)
    if bad.any():
        raise ValueError(f"{name} must be finite{_from(least, ' and')}, got {array[bad][0]}{_place(bad)}")
    return array


def finite_numbers(name: str, values: ArrayLike, shape: Shape | None = None) -> Numbers:
    """The argument `name` as an array of finite numbers, real or complex, of the given shape."""
    array = _array(name, values)
    if array.dtype.kind != "c":
        return finite(name, values, shape)
    if shape is not None:
        shaped(name, array, shape)
    if (bad := ~np.isfinite(array)).any():
        raise ValueError(f"{name} must be finite, got {array[bad][0]}{_place(bad)}")
    return array


def rows(name: str, values: ArrayLike, least: int = 1) -> Array:
    """The argument `name` as finite real numbers (…, n), with n of at least `least`."""
    array = finite(name, values)
    if array.ndim == 0 or array.shape[-1] < least:
        raise ValueError(f"{name} needs at least {least} {_entries(least)} on its last axis, got shape {array.shape}")
    return array


def shaped(name: str, array: Numbers, shape: Shape) -> None:
    """Refuses an array of another shape; letters stand for any length of at least 1."""
    fits = array.ndim == len(shape) and all(
        have > 0 if isinstance(want, str) else have == want for have, want in zip(array.shape, shape, strict=True)
    )
    if not fits:
        written = ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "")
        raise ValueError(f"{name} must have shape ({written}), got {array.shape}")


def broadcast(name: str, values: ArrayLike, shape: tuple[int, ...], least: float = -math.inf) -> Array:
    """The argument `name` as finite numbers of at least `least`, broadcast to `shape`."""
    array = finite(name, values, least=least)
    try:
        return np.broadcast_to(array, shape)
    except ValueError:
        raise ValueError(f"{name} must broadcast to shape {shape}, got shape {array.shape}") from None


def one_dimensional(name: str, d: int) -> None:
    """Refuses a mixture in more than one dimension."""
    if d != 1:
        raise ValueError(f"{name} must have d = 1 here, got d = {d}")


def generator(rng: np.random.Generator | None) -> np.random.Generator:
    """The argument `rng`, if it is a NumPy generator."""
    if not isinstance(rng, np.random.Generator):
        raise ValueError(f"rng must be a NumPy Generator, such as np.random.default_rng(0), got {rng!r}")
    return rng


def returned(name: str, function: Callable[..., ArrayLike], x: Array, *where: Any) -> Array:
    """The values at x of the argument `name`, a function: finite, and of the shape of x."""
    values = _floats(f"the value of {name}", function(x, *where))
    at = f" at {where[0]:g}" if where else ""
    if values.shape != x.shape:
        raise ValueError(f"{name} must return values of the shape of its points, {x.shape}, got {values.shape}{at}")
    if (bad := ~np.isfinite(values)).any():
        raise ValueError(f"{name} must return finite values, got {values[bad][0]}{at}")
    return values


def distribution(p: ArrayLike) -> Array:
    """`p` as an array whose last axis holds distributions; ValueError if it does not."""
    p = rows("p", p)
    if (p < 0).any():
        raise ValueError(f"p must not be negative, got minimum {p.min()}")
    total = p.sum(axis=-1)
    if not np.allclose(total, 1, rtol=0, atol=1e-6):
        raise ValueError(f"p must sum to 1 on its last axis, got a sum of {total.ravel()[np.abs(total - 1).argmax()]}")
    return p


def whole_below(name: str, values: ArrayLike, below: ArrayLike, shape: Shape | None = None) -> NDArray[np.intp]:
    """The argument `name` as whole numbers from 0 to `below` − 1: one bound, or one for each entry of the last axis."""
    found = finite(name, values, shape)
    limit = np.broadcast_to(np.asarray(below), found.shape)
    if (bad := (found < 0) | (found >= limit) | (found % 1 != 0)).any():
        raise ValueError(
            f"{name} must be whole numbers from 0 to {limit[bad][0] - 1}, got {found[bad][0]:g}{_place(bad)}"
        )
    return found.astype(np.intp)


def entry_of(x: Array, target: ArrayLike) -> Array:
    """The entry of each row of x (…, n) that `target` (…) names; ValueError if there is none."""
    where = whole_below("target", target, x.shape[-1])
    try:
        index = np.broadcast_to(where, x.shape[:-1])
    except ValueError:
        raise ValueError(f"target must broadcast to shape {x.shape[:-1]}, got shape {where.shape}") from None
    return np.take_along_axis(x, index[..., None], axis=-1)[..., 0]


def _real(value: Any) -> float:
    """The value as a float, NaN if it is not one real number."""
    try:
        array = np.asarray(value)
    except ValueError:
        return math.nan
    return float(array) if array.ndim == 0 and array.dtype.kind in "iuf" else math.nan


def _floats(name: str, values: ArrayLike) -> Array:
    array = _array(name, values)
    if array.dtype.kind == "c":
        raise ValueError(f"{name} must be real, got {next(iter(array.flat), array)}")
    try:
        return np.asarray(array, dtype=np.float64)
    except (TypeError, ValueError):
        raise ValueError(f"{name} must be an array of numbers, got {values!r}") from None


def _array(name: str, values: ArrayLike) -> Numbers:
    """The values as an array of numbers: no text, no dates, no lists of different lengths."""
    try:
        array = np.asarray(values)
    except ValueError:
        raise ValueError(f"{name} must be an array of numbers, got {values!r}") from None
    if array.dtype.kind not in "biufcO":
        raise ValueError(f"{name} must be an array of numbers, got {values!r}")
    return array


def _from(least: float, joint: str) -> str:
    return "" if least == -math.inf else f"{joint} at least {least:g}"


def _entries(least: int) -> str:
    return "entry" if least == 1 else "entries"


def _place(bad: NDArray[np.bool_]) -> str:
    """Where the first bad entry stands."""
    where = np.argwhere(bad)[0].tolist()
    return f" at index {', '.join(map(str, where))}" if where else ""
