"""Stationary Gaussian fields on a torus, and what pooling by s × s cells makes of them: exact, wave by wave.

Large pictures are N × N pixels, small ones n × n with n = N/s: their averages over cells of s × s pixels. A field is
given by its spectrum (N, N), the power of each wave in the order of `np.fft.fftfreq`; white noise has power 1 (unitary
Fourier transform). Pooling mixes a wave only with its s² − 1 aliases, so that whatever is linear in a picture and
treats all cells alike splits into blocks (n, n, s², s²).

Sources: Field, "Relations between the statistics of natural images and the response properties of cortical cells",
J. Opt. Soc. Am. A 4 (1987); Hwang, Park, Jo, arXiv:2404.01709; Su Jianlin, https://kexue.fm/archives/10055.
"""

from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from companion._checks import count, finite, finite_numbers, positive, shaped

Array = NDArray[np.float64]
Complex = NDArray[Any]  # complex numbers


class Split(NamedTuple):
    """A covariance as pooled picture and detail.

    `pooled` (n, n): spectrum of the pooled picture; `detail`: variance per pixel of what pooling loses; `predicted`:
    the share of that variance which the pooled picture predicts linearly.
    """

    pooled: Array
    detail: float
    predicted: float


def scene(N: int, exponent: float, reach: int = 8) -> Array:
    """The spectrum (N, N), of mean 1, of a scene whose power falls as |k|^(−exponent), seen by pixels that average.

    k counts waves per picture; k = 0 has the power of |k| = 1. Each pixel is the mean of the scene over its square, so
    that scenes of N/s pixels are pooled scenes of N. Waves beyond (reach + ½) N are left out. Costs N² (2 reach + 1)².
    Raises ValueError unless exponent > 0.
    """
    N, reach = count("N", N), count("reach", reach, least=0)
    positive(exponent=exponent)
    k = _waves(N)[:, None] + N * np.arange(-reach, reach + 1)
    seen, square = np.sinc(k / N) ** 2, k**2
    total = np.empty((N, N))
    for row in range(N):
        far = square[row][:, None, None] + square
        power = np.where(far > 0, far, 1.0) ** (-exponent / 2)
        total[row] = np.einsum("a,anb,nb->n", seen[row], power, seen)
    return np.asarray(total / total.mean())


def pooled(spectrum: ArrayLike, s: int) -> Array:
    """The spectrum (n, n) of the pooled picture. Raises ValueError unless the power is nonnegative and s divides N."""
    aliases = to_blocks(field("spectrum", spectrum, least=0), s)
    return np.asarray((np.abs(transfer(len(aliases), s)) ** 2 * aliases).sum(axis=-1))


def stretch(response: ArrayLike, s: int) -> Array:
    """The response (s n, s n) on the large torus of the convolution that has `response` (n, n) on the small one.

    The kernel keeps its n × n taps; for even n the outermost taps are halved and stand on both sides. The response is
    interpolated at the same cycles per pixel. Raises ValueError unless the response is square.
    """
    response = field("response", response)
    W = _interpolation(len(response), count("s", s))
    return W @ response @ W.T


def to_blocks(A: ArrayLike, s: int) -> NDArray[Any]:
    """The values (N, N) of all waves, sorted by aliases: (n, n, s²). Raises ValueError unless s divides N."""
    A, s = finite_numbers("A", A, ("N", "N")), count("s", s)
    if A.shape[0] != A.shape[1] or len(A) % s:
        raise ValueError(f"s must divide the sides of a square A, got {s} and shape {A.shape}")
    n = len(A) // s
    return A.reshape(s, n, s, n).transpose(1, 3, 0, 2).reshape(n, n, s * s)


def from_blocks(B: ArrayLike) -> NDArray[Any]:
    """The inverse of `to_blocks`: (n, n, s²) → (s n, s n). Raises ValueError for another shape."""
    B = finite_numbers("B", B, ("n", "n", "s²"))
    n, s = len(B), round(B.shape[-1] ** 0.5)
    shaped("B", B, (n, n, s * s))
    return B.reshape(n, n, s, s).transpose(2, 0, 3, 1).reshape(s * n, s * n)


@lru_cache(maxsize=16)
def transfer(n: int, s: int) -> Complex:
    """The weights (n, n, s²) with which the aliases enter each wave of the pooled picture, read-only.

    Their squares sum to 1/s², which is the variance of pooled white noise. Raises ValueError unless n, s ≥ 1.
    """
    N = count("n", n) * count("s", s)
    line = np.exp(2j * np.pi * np.outer(_waves(N), np.arange(s)) / N).mean(axis=1)
    return _frozen(to_blocks(np.outer(line, line) / s, s))


def apply(blocks: ArrayLike, z: ArrayLike) -> Array:
    """A linear map (n, n, s², s²) applied to a real picture z (N, N). Raises ValueError for other shapes."""
    blocks, n, s = _blocks("blocks", blocks)
    waves = to_blocks(np.fft.fft2(finite("z", z, (n * s, n * s))), s)
    return np.asarray(np.fft.ifft2(from_blocks((blocks @ waves[..., None])[..., 0])).real)


def covariance(blocks: ArrayLike) -> Complex:
    """The covariance (n, n, s², s²) of what a linear map makes of white noise. ValueError for another shape."""
    M, _, _ = _blocks("blocks", blocks)
    return np.asarray(M @ M.conj().swapaxes(-1, -2))


def spectrum_of(cov: ArrayLike) -> Array:
    """The power (N, N) of each wave in a covariance (n, n, s², s²). ValueError for another shape."""
    return from_blocks(np.diagonal(_blocks("cov", cov)[0], axis1=-2, axis2=-1).real)


def frechet(cov: ArrayLike, spectrum: ArrayLike) -> float:
    """The squared Fréchet (Wasserstein-2) distance per pixel of the Gaussian with `cov` from the field `spectrum`.

    Costs n² eigenvalue problems of size s². Raises ValueError for shapes that do not fit and for a negative power.
    """
    C, n, s = _blocks("cov", cov)
    P = to_blocks(finite("spectrum", spectrum, (n * s, n * s), least=0), s)
    root = np.sqrt(P)
    joint = np.linalg.eigvalsh(root[..., :, None] * C * root[..., None, :])
    total = P.sum() + np.trace(C, axis1=-2, axis2=-1).real.sum() - 2 * np.sqrt(np.maximum(joint, 0)).sum()
    return float(total / P.size)


def split(cov: ArrayLike) -> Split:
    """A covariance (n, n, s², s²) as pooled picture and detail: see `Split`. ValueError for another shape."""
    C, n, s = _blocks("cov", cov)
    u = s * transfer(n, s).conj()  # the repeated cells, as unit vectors
    along = (C @ u[..., None])[..., 0]
    kept = (u.conj() * along).sum(axis=-1).real
    joint = (np.abs(along - kept[..., None] * u) ** 2).sum(axis=-1)
    detail = float((np.trace(C, axis1=-2, axis2=-1).real - kept).sum())
    predicted = float((joint / np.where(kept > 0, kept, 1.0)).sum())
    return Split(kept / s**2, detail / (n * s) ** 2, predicted / detail if detail > 0 else 0.0)


def field(name: str, values: ArrayLike, least: float = -np.inf) -> Array:
    """The argument `name` as a square array (N, N) of finite numbers of at least `least`."""
    array = finite(name, values, ("N", "N"), least)
    shaped(name, array, (len(array), len(array)))
    return array


def _blocks(name: str, values: ArrayLike) -> tuple[NDArray[Any], int, int]:
    """Blocks (n, n, s², s²), with n and s."""
    blocks = finite_numbers(name, values, ("n", "n", "s²", "s²"))
    n, s = len(blocks), round(blocks.shape[-1] ** 0.5)
    shaped(name, blocks, (n, n, s * s, s * s))
    return blocks, n, s


@lru_cache(maxsize=16)
def _interpolation(n: int, s: int) -> Array:
    """From the response of a kernel of n taps at n frequencies to that at s n frequencies."""
    taps = np.arange(-(n // 2), n // 2 + 1)
    share = np.where(2 * np.abs(taps) == n, 0.5, 1.0) / n
    apart = _waves(n * s)[:, None] / (n * s) - _waves(n) / n
    return _frozen((share * np.cos(2 * np.pi * taps * apart[..., None])).sum(axis=-1))


def _waves(N: int) -> Array:
    return np.asarray(np.fft.fftfreq(N, 1 / N), dtype=np.float64)


def _frozen(array: NDArray[Any]) -> NDArray[Any]:
    array.setflags(write=False)
    return array
