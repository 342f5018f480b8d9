"""Gaussian fields under pooling, against pixels, dense matrices and closed forms."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.linalg import sqrtm

from companion import fields, upsample

RNG = np.random.default_rng
sides = st.sampled_from([(2, 2), (3, 2), (4, 2), (2, 3), (3, 3), (4, 1)])  # n, s


def dense(blocks):
    """A linear map in blocks as a matrix of pixels (N², N²)."""
    N = len(blocks) * round(blocks.shape[-1] ** 0.5)
    return np.stack([fields.apply(blocks, unit.reshape(N, N)).ravel() for unit in np.eye(N * N)], axis=1)


def random_map(n, s, seed):
    """A real linear map that treats all cells alike: blocks of a random kernel, one for each place in a cell."""
    kernels = RNG(seed).standard_normal((s * s, n * s, n * s))
    blocks = np.empty((n, n, s * s, s * s), dtype=complex)
    places = [(i, j) for i in range(s) for j in range(s)]
    for column in range(s * s):
        # The answer to a wave is built from the places of the cell that each kernel starts from.
        for q in np.ndindex(n, n):
            wave = np.zeros((n, n, s * s), dtype=complex)
            wave[(*q, column)] = 1
            x = np.fft.ifft2(fields.from_blocks(wave))
            out = np.zeros_like(x)
            for place, kernel in zip(places, kernels, strict=True):
                masked = np.zeros_like(x)
                masked[place[0] :: s, place[1] :: s] = x[place[0] :: s, place[1] :: s]
                out = out + np.fft.ifft2(np.fft.fft2(masked) * np.fft.fft2(kernel))
            blocks[q][:, column] = fields.to_blocks(np.fft.fft2(out), s)[q]
    return blocks


@settings(max_examples=20, deadline=None)
@given(sides, st.integers(0, 99))
def test_blocks_and_back(sizes, seed):
    n, s = sizes
    A = RNG(seed).standard_normal((n * s, n * s))
    blocks = fields.to_blocks(A, s)
    assert blocks.shape == (n, n, s * s)
    np.testing.assert_array_equal(fields.from_blocks(blocks), A)


def test_a_block_holds_the_aliases_of_a_coarse_wave():
    k = np.fft.fftfreq(12, 1 / 12)
    blocks = fields.to_blocks(np.tile(k[:, None], 12), 3)
    np.testing.assert_array_equal(blocks[1, 2] % 4, np.full(9, 1))


@settings(max_examples=20, deadline=None)
@given(sides, st.integers(0, 99))
def test_transfer_is_pooling(sizes, seed):
    n, s = sizes
    x = RNG(seed).standard_normal((n * s, n * s))
    waves = fields.to_blocks(np.fft.fft2(x, norm="ortho"), s)
    small = (fields.transfer(n, s) * waves).sum(axis=-1)
    np.testing.assert_allclose(small, np.fft.fft2(upsample.pool(x, s), norm="ortho"), atol=1e-12)
    np.testing.assert_allclose((np.abs(fields.transfer(n, s)) ** 2).sum(axis=-1), 1 / s**2, rtol=1e-12)


def test_the_spectrum_of_pooled_pictures_by_sampling():
    P, rng = fields.scene(8, 2.0), RNG(0)
    z = rng.standard_normal((40_000, 8, 8))
    x = np.fft.ifft2(np.fft.fft2(z) * np.sqrt(P)).real
    power = np.abs(np.fft.fft2(upsample.pool(x, 2), norm="ortho")) ** 2
    error = power.std(axis=0) / np.sqrt(len(z))
    assert (np.abs(power.mean(axis=0) - fields.pooled(P, 2)) < 5 * error).all()


@settings(max_examples=15, deadline=None)
@given(st.floats(0.5, 4), st.sampled_from([(8, 2), (12, 3), (16, 4)]))
def test_small_scenes_are_pooled_large_ones(exponent, sizes):
    N, s = sizes
    large, small = fields.scene(N, exponent, 3), fields.scene(N // s, exponent, 3 * s + s // 2)
    assert large.mean() == pytest.approx(1)
    ratio = fields.pooled(large, s) / small
    np.testing.assert_allclose(ratio, ratio[0, 0], rtol=0.02)


def test_scenes_fall_as_said_and_look_alike_at_every_scale():
    P = fields.scene(64, 2.0, 16)
    assert P[0, 0] == pytest.approx(P[0, 1], rel=0.01)
    assert P[0, 2] / P[0, 4] == pytest.approx(4, rel=0.02)
    assert P[3, 4] == pytest.approx(P[0, 5], rel=0.01)
    k = np.r_[1:8]
    np.testing.assert_allclose(fields.pooled(P, 4)[0, k], P[0, 4 * k], rtol=1e-3)
    np.testing.assert_allclose(P, P.T, rtol=1e-12)


@settings(max_examples=20, deadline=None)
@given(st.integers(1, 7), st.integers(1, 4), st.integers(0, 99))
def test_stretch_keeps_the_kernel(n, s, seed):
    kernel = RNG(seed).standard_normal((n, n))
    response = np.fft.fft2(kernel)
    real = (response + response.conj()).real / 2  # of the even part of the kernel
    large = np.fft.ifft2(fields.stretch(real, s)).real
    small = np.fft.ifft2(real).real
    reach = (n - 1) // 2
    at = np.arange(-reach, reach + 1)
    np.testing.assert_allclose(large[np.ix_(at, at)], small[np.ix_(at, at)], atol=1e-12)
    far = np.abs(np.fft.fftfreq(n * s, 1 / (n * s))) > n / 2
    np.testing.assert_allclose(large[far], 0, atol=1e-12)
    same = s * np.fft.fftfreq(n, 1 / n).astype(int)
    np.testing.assert_allclose(fields.stretch(real, s)[np.ix_(same, same)], real, atol=1e-10)


def test_an_even_kernel_stands_on_both_sides():
    taps = np.fft.ifft(fields.stretch(np.cos(np.pi * np.arange(4) / 2 * 2)[:, None] * np.ones(4), 2)[:, 0]).real
    np.testing.assert_allclose(taps, [0, 0, 0.5, 0, 0, 0, 0.5, 0], atol=1e-12)


@settings(max_examples=8, deadline=None)
@given(st.sampled_from([(2, 2), (3, 2), (2, 3)]), st.integers(0, 9))
def test_blocks_act_as_matrices_of_pixels(sizes, seed):
    n, s = sizes
    N, blocks = n * s, random_map(n, s, seed)
    M = dense(blocks)
    cov = fields.covariance(blocks)
    C = M @ M.T
    F = np.fft.fft(np.eye(N), norm="ortho")
    waves = np.kron(F, F)
    np.testing.assert_allclose(
        fields.spectrum_of(cov).ravel(), np.diag(waves @ C @ waves.conj().T).real, atol=1e-9, rtol=1e-9
    )
    # The distance of two Gaussians by matrix square roots.
    P = fields.scene(N, 1.5)
    target = (waves.conj().T @ np.diag(P.ravel()) @ waves).real
    root = sqrtm(target).real
    expected = np.trace(C + target - 2 * sqrtm(root @ C @ root).real) / N**2
    assert fields.frechet(cov, P) == pytest.approx(expected, rel=1e-5, abs=1e-6)
    # Pooled picture and detail by regression.
    D = np.stack([upsample.pool(unit.reshape(N, N), s).ravel() for unit in np.eye(N * N)], axis=1)
    rest = np.eye(N * N) - s**2 * D.T @ D
    found, small = fields.split(cov), D @ C @ D.T
    f = np.fft.fft(np.eye(n), norm="ortho")
    pair = np.kron(f, f)
    np.testing.assert_allclose(found.pooled.ravel(), np.diag(pair @ small @ pair.conj().T).real, rtol=1e-9)
    assert found.detail == pytest.approx(np.trace(rest @ C @ rest) / N**2)
    with_small = rest @ C @ D.T
    explained = np.trace(with_small @ np.linalg.inv(small) @ with_small.T)
    assert found.predicted == pytest.approx(explained / np.trace(rest @ C @ rest))


def test_split_of_plain_fields():
    white = np.broadcast_to(np.eye(4), (3, 3, 4, 4))
    assert fields.split(white).predicted == pytest.approx(0, abs=1e-12)
    assert fields.split(white).detail == pytest.approx(3 / 4)
    flat = fields.split(np.zeros((3, 3, 4, 4)))
    assert (flat.detail, flat.predicted) == (0, 0)


def test_the_distance_of_a_field_from_itself_and_from_its_double():
    P = fields.scene(8, 2.0)
    cov = fields.to_blocks(P, 2)[..., None] * np.eye(4)
    assert fields.frechet(cov, P) == pytest.approx(0, abs=1e-12)
    assert fields.frechet(4 * cov, P) == pytest.approx(1)


def test_what_is_remembered_cannot_be_changed():
    with pytest.raises(ValueError, match="read-only"):
        fields.transfer(2, 2)[0] = 0
