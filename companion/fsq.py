"""Finite scalar quantisation: bound each coordinate, round it, and read the digits as one number.

A vector z (…, d) has one coordinate for each of d levels L_1 … L_d; its code is d whole numbers c_i from 0 to L_i − 1,
its index one number from 0 to ∏L_i − 1. Sources: Mentzer et al., arXiv:2309.15505; Su Jianlin,
https://kexue.fm/archives/9826. The gradient passes the rounding by `stop_gradient` (van den Oord et al., 1711.00937).
"""

from collections.abc import Callable
from typing import Any

import numpy as np
import sympy as sp
from numpy.typing import ArrayLike, NDArray
from scipy.special import expit, logit

from companion._checks import count, finite, one_of, returned, whole_below

Array = NDArray[np.float64]
Codes = NDArray[np.intp]
# How z becomes a number between 0 and L − 1: the post's sigmoid, or the tanh of the paper's code.
KINDS = ("sigmoid", "tanh")


class stop_gradient(sp.Function):  # noqa: N801 (SymPy's functions have small letters)
    """sg[x]: the value of x, with derivative 0. Differentiate first, then `release`."""

    nargs = 1

    def fdiff(self, argindex: int = 1) -> Any:
        """The derivative with respect to the argument: 0."""
        return sp.S.Zero

    def _eval_is_extended_real(self) -> bool | None:
        return self.args[0].is_extended_real

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        inside = rf"\operatorname{{sg}}\left[{printer._print(self.args[0])}\right]"
        return inside if exp is None else rf"{inside}^{{{exp}}}"


def release(expression: Any) -> Any:
    """An expression or matrix with every sg[x] replaced by x: what it is worth once all derivatives are taken."""
    return sp.sympify(expression).replace(stop_gradient, lambda x: x).doit()


def bound(z: ArrayLike, levels: ArrayLike, kind: str = "sigmoid") -> Array:
    """The coordinates bounded, before rounding: z (…, d) → y (…, d), between 0 and L − 1.

    kind "sigmoid": y = (L − 1) σ(z), as in the post. kind "tanh": y = (L − 1)/2 · (1 + tanh(z + s)), as in the paper's
    code without its ε, where tanh(s) = 1/(L − 1) for even L, so that z = 0 is no tie but the code L/2, and s = 0 for
    odd L. At L = 2 this shift is infinite, and tanh is refused. Cost one pass. Raises ValueError for a level below 2,
    for shapes that do not fit, or values that are not finite.
    """
    z, top, shift = _aligned(z, levels, kind)
    return top / 2 * (1 + np.tanh(z + shift)) if kind == "tanh" else top * expit(z)


def encode(z: ArrayLike, levels: ArrayLike, kind: str = "sigmoid") -> Codes:
    """The code of each vector, `bound` rounded to whole numbers: z (…, d) → (…, d), c_i in 0 … L_i − 1.

    A tie goes to the even number, as NumPy rounds. Raises ValueError as `bound` does.
    """
    return np.rint(bound(z, levels, kind)).astype(np.intp)


def slope(z: ArrayLike, levels: ArrayLike, kind: str = "sigmoid") -> Array:
    """The derivative of `bound`, which the straight-through gradient uses in place of the rounding's: (…, d) → (…, d).

    At most (L − 1)/4 for the sigmoid and (L − 1)/2 for tanh. Raises ValueError as `bound` does.
    """
    z, top, shift = _aligned(z, levels, kind)
    if kind == "tanh":
        return 2 * top * expit(2 * (z + shift)) * expit(-2 * (z + shift))
    return top * expit(z) * expit(-z)


def edges(L: int) -> Array:
    """Where the code of the sigmoid changes from k − 1 to k: log((2k − 1)/(2L − 1 − 2k)), k = 1 … L − 1, (L − 1,)."""
    k = np.arange(1, count("L", L, least=2))
    return np.log((2 * k - 1) / (2 * L - 1 - 2 * k))


def probabilities(L: int, cdf: Callable[[Array], ArrayLike]) -> Array:
    """How often each of L codes occurs if t has the distribution function `cdf`: (L,).

    Raises ValueError if L is below 2, or `cdf` returns anything but numbers that rise from 0 to 1.
    """
    at = returned("cdf", cdf, edges(L))
    p = np.diff(at, prepend=0.0, append=1.0)
    if (p < 0).any():
        raise ValueError(f"cdf must rise from 0 to 1, got {at[0]:g} … {at[-1]:g}")
    return p


def preimage(codes: ArrayLike, levels: ArrayLike) -> Array:
    """For each code a vector that has it, kind "sigmoid": codes (…, d) → z (…, d), in the middle of inner codes.

    Raises ValueError for codes outside 0 … L_i − 1, or a level below 2.
    """
    codes, size = _digits(codes, levels)
    return logit(np.clip(codes, 0.25, size - 1.25) / (size - 1))


def codes_to_index(codes: ArrayLike, levels: ArrayLike) -> Codes:
    """One number for each code, Σ c_i ∏_{j<i} L_j: the first coordinate is the last digit. (…, d) → (…).

    Raises ValueError for codes outside 0 … L_i − 1, for a level below 2, or more than 2⁵³ codes.
    """
    codes, size = _digits(codes, levels)
    return codes @ _places(size)


def index_to_codes(index: ArrayLike, levels: ArrayLike) -> Codes:
    """The code of each index, the inverse of `codes_to_index`: (…) → (…, d).

    Raises ValueError for an index outside 0 … ∏L − 1, for a level below 2, or more than 2⁵³ codes.
    """
    size = _levels(levels)
    place = _places(size)
    index = whole_below("index", index, int(place[-1] * size[-1]))
    return index[..., None] // place % size


def _levels(levels: ArrayLike) -> Codes:
    """The levels (d,), whole numbers of at least 2."""
    found = finite("levels", levels, ("d",))
    if (bad := (found < 2) | (found % 1 != 0)).any():
        raise ValueError(f"levels must be whole numbers of at least 2, got {found[bad][0]:g} at index {bad.argmax()}")
    return found.astype(np.intp)


def _places(size: Codes) -> Codes:
    """What one step of each coordinate adds to the index; every index is a whole number that a float holds exactly."""
    if np.log2(size).sum() > 53:
        raise ValueError(f"levels must give at most 2**53 codes, got 2**{np.log2(size).sum():.1f}")
    return np.concatenate([[1], np.cumprod(size[:-1])]).astype(np.intp)


def _fits(name: str, shape: tuple[int, ...], size: Codes) -> None:
    """Refuses an array whose last axis has not one entry for each of the levels."""
    if not shape or shape[-1] != len(size):
        raise ValueError(f"{name} must have {len(size)} entries on its last axis, as levels has, got shape {shape}")


def _digits(codes: ArrayLike, levels: ArrayLike) -> tuple[Codes, Codes]:
    """Codes, and the levels that they fit."""
    size, found = _levels(levels), finite("codes", codes)
    _fits("codes", found.shape, size)
    return whole_below("codes", found, size), size


def _aligned(z: ArrayLike, levels: ArrayLike, kind: str) -> tuple[Array, Array, Array]:
    """z, the largest code of each of its coordinates, and the shift of the tanh."""
    size, kind = _levels(levels), one_of("kind", kind, KINDS)
    z = finite("z", z)
    _fits("z", z.shape, size)
    if kind == "tanh" and (size == 2).any():
        raise ValueError(f"levels must be at least 3 for kind 'tanh', got 2 at index {(size == 2).argmax()}")
    top: Array = size.astype(np.float64) - 1
    shift: Array = np.where(size % 2 == 0, np.arctanh(1 / np.maximum(top, 2)), 0.0)
    return z, top, shift
