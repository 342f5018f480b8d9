"""Upsample guidance: a denoiser of small pictures at work on large ones.

Pooling a noisy picture by s in each of `dim` directions divides the noise by s^(dim/2) and leaves the signal, so that
the pooled picture has the signal-to-noise ratio of an earlier time τ. On Gaussian fields (`companion.fields`) the ideal
denoiser of small pictures is a convolution; run on a large picture it is the naive predictor, and what guidance makes
of it is linear algebra in small blocks. Levels are amplitudes with signal² + noise² = 1.

Sources: Hwang, Park, Jo, "Upsample Guidance: Scale Up Diffusion Models without Training", arXiv:2404.01709; Su
Jianlin, https://kexue.fm/archives/10055.
"""

from collections.abc import Callable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from companion import fields, schedules
from companion._checks import between, broadcast, count, finite, number, one_of
from companion.fields import Array, Complex
from companion.samplers import steps

KINDS = ("ideal", "naive", "guided", "no-tau", "no-rho", "no-scale")


class Matched(NamedTuple):
    """The level of a pooled picture after division by ρ, and that ρ."""

    signal: Array
    noise: Array
    rho: Array


def pool(x: ArrayLike, s: int, axes: Sequence[int] = (-2, -1)) -> Array:
    """The means over cells of s pixels along each of the axes, 𝒟. ValueError for bad axes or lengths."""
    means, s = finite("x", x), count("s", s)
    for axis in _axes(means, axes):
        before, length, after = means.shape[:axis], means.shape[axis], means.shape[axis + 1 :]
        if length % s:
            raise ValueError(f"s must divide the lengths of x, got {s} and {length}")
        means = means.reshape(*before, length // s, s, *after).mean(axis=axis + 1)
    return means


def repeat(x: ArrayLike, s: int, axes: Sequence[int] = (-2, -1)) -> Array:
    """Each pixel s times along each of the axes, 𝒰, the nearest neighbours. ValueError for a bad s, or bad axes."""
    pixels, s = finite("x", x), count("s", s)
    for axis in _axes(pixels, axes):
        pixels = np.repeat(pixels, s, axis=axis)
    return pixels


def match_level(signal: ArrayLike, noise: ArrayLike, s: int, dim: int = 2) -> Matched:
    """The level of the pooled picture divided by ρ = √(signal² + noise²/s^dim): (signal/ρ, noise/(s^(dim/2) ρ), ρ).

    Any shape. Raises ValueError unless signal² + noise² = 1.
    """
    signal = finite("signal", signal, least=0)
    noise = broadcast("noise", noise, signal.shape, least=0)
    total = signal**2 + noise**2
    if (bad := np.abs(total - 1) > 1e-9).any():
        raise ValueError(f"signal and noise must have signal² + noise² = 1, got {total[bad][0]:g}")
    shrunk = noise / _shrink(s, dim)
    rho = np.hypot(signal, shrunk)
    return Matched(signal / rho, shrunk / rho, rho)


def match_time(name: str, t: ArrayLike, s: int, dim: int = 2, **params: float) -> Array:
    """The time τ of the schedule `name` whose signal-to-noise ratio is s^dim times that at t: any shape, closed form.

    Raises ValueError as `schedules.kernel` does, for the same names, times and parameters.
    """
    signal, noise = schedules.kernel(name, t, **params)
    p = schedules.KERNELS[name].defaults | params
    return MATCH[name](finite("t", t), signal, noise, _shrink(s, dim), *p.values())


def _vp(t: Array, signal: Array, noise: Array, c: float, beta_min: float, beta_max: float) -> Array:
    # noise²/signal² = exp(B) − 1 with B = β_min t + (β_max − β_min) t²/2.
    rise = beta_max - beta_min
    B = np.log1p(np.expm1(beta_min * t + rise * t**2 / 2) / c**2)
    speed = beta_min + np.sqrt(beta_min**2 + 2 * rise * B)
    return np.asarray(2 * B / np.where(speed > 0, speed, 1.0))


def _ve(t: Array, signal: Array, noise: Array, c: float, sigma_min: float, sigma_max: float) -> Array:
    rate = 2 * np.log(sigma_max / sigma_min)
    return np.asarray(np.log1p(np.expm1(rate * t) / c**2) / rate)


# τ from t, the level at t, c = s^(dim/2), and the parameters of the schedule.
MATCH: dict[str, Callable[..., Array]] = {
    "vp": _vp,
    "ve": _ve,
    "cosine": lambda t, signal, noise, c: 2 / np.pi * np.arctan2(noise, c * signal),
    "flow": lambda t, signal, noise, c: t / (t + c * (1 - t)),
    "edm": lambda t, signal, noise, c: t / c,
}


def predictor(kind: str, spectrum: ArrayLike, s: int, signal: float, noise: float, w: float = 0.0) -> Complex:
    """The blocks (n, n, s², s²) of a noise prediction for large pictures of the field `spectrum` (N, N).

    "ideal" knows the spectrum; "naive" runs the ideal denoiser of pooled pictures as a convolution on the large one;
    "guided" adds (1 + w)·𝒰[small/s − 𝒟 naive], where small is that denoiser at the matched level of 𝒟x/ρ. "no-tau"
    uses the level of the large picture for small, "no-rho" does not divide by ρ, "no-scale" does not divide by s.
    Raises ValueError for an unknown kind, w < −1 (at −1 guidance is off), a level without noise, or as `match_level`.
    """
    one_of("kind", kind, KINDS)
    between("noise", number("noise", noise), 0, np.inf)
    w, level = number("w", w, least=-1), match_level(number("signal", signal), noise, s)
    spectrum = fields.field("spectrum", spectrum, least=0)
    aliases, diagonal = fields.to_blocks(spectrum, s), np.eye(int(s) ** 2)
    if kind == "ideal":
        return _gain(aliases, signal, noise)[..., None] * diagonal + 0j
    low = fields.pooled(spectrum, s)
    naive = fields.to_blocks(fields.stretch(_gain(low, signal, noise), s), s)
    if kind == "naive":
        return naive[..., None] * diagonal + 0j
    small = _gain(low, signal, noise) if kind == "no-tau" else _gain(low, level.signal, level.noise)
    factor = (1.0 if kind == "no-scale" else 1 / s) / (1.0 if kind == "no-rho" else level.rho)
    b = fields.transfer(len(low), s)
    wanted = factor * small[..., None] * b - b * naive
    return naive[..., None] * diagonal + (1 + w) * s**2 * b.conj()[..., :, None] * wanted[..., None, :]


def generate(
    kind: str, spectrum: ArrayLike, s: int, signal: ArrayLike, noise: ArrayLike, w: ArrayLike = 0.0
) -> Complex:
    """The map (n, n, s², s²) from noise to picture that DDIM makes of a predictor: levels (m + 1,), data first.

    `w` is one number, or one for each level (m + 1,). Costs m n² s⁶ operations. Raises ValueError as `predictor` and
    `samplers.steps` do.
    """
    levels = schedules.checked(signal, noise)
    plan, weights = steps(levels, 0.0), broadcast("w", w, levels.signal.shape, least=-1)
    one = np.eye(count("s", s) ** 2)
    total: Complex = one + 0j
    for k in range(len(weights) - 1, 0, -1):
        eps = predictor(kind, spectrum, s, levels.signal[k], levels.noise[k], weights[k])
        total = (plan.scale[k] * one - plan.pull[k] * eps) @ total
    return total


def _gain(spectrum: Array, signal: float | Array, noise: float | Array) -> Array:
    """What the ideal noise prediction multiplies each wave of a field by."""
    return np.asarray(noise / (signal**2 * spectrum + noise**2))


def _shrink(s: int, dim: int) -> float:
    """What pooling divides the noise by."""
    return float(count("s", s)) ** (count("dim", dim) / 2)


def _axes(x: Array, axes: Sequence[int]) -> list[int]:
    named = {axis % x.ndim for axis in axes if -x.ndim <= axis < x.ndim}
    if len(named) < len(axes):
        raise ValueError(f"axes must name different axes of x, which has {x.ndim}, got {tuple(axes)}")
    return sorted(named)
