"""Upsample guidance, against pixels, the definition of the matched level, and the small model's own sampler."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from companion import fields, samplers, schedules, upsample

RNG = np.random.default_rng
P = fields.scene(16, 2.0)
RATIO = np.concatenate([[0], np.geomspace(0.02, 50, 25)])
LEVELS = 1 / np.hypot(1, RATIO), RATIO / np.hypot(1, RATIO)


def small_model(x, signal, noise, spectrum):
    """The ideal denoiser of the field `spectrum`, as a convolution of whatever is given."""
    response = fields.stretch(noise / (signal**2 * spectrum + noise**2), len(x) // len(spectrum))
    return np.fft.ifft2(np.fft.fft2(x) * response).real


def guided(model, x, signal, noise, s, w):
    small, naive = upsample.match_level(signal, noise, s), model(x, signal, noise)
    coarse = model(upsample.pool(x, s) / small.rho, small.signal, small.noise) / s
    return naive + (1 + w) * upsample.repeat(coarse - upsample.pool(naive, s), s)


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 4), st.integers(1, 4), st.integers(0, 99), st.sampled_from([(-2, -1), (0, 1), (1,), (0, 1, 2)]))
def test_pooling_undoes_repetition(s, n, seed, axes):
    y = RNG(seed).standard_normal((n, n, n))
    large = upsample.repeat(y, s, axes)
    np.testing.assert_allclose(upsample.pool(large, s, axes), y, rtol=1e-12)
    assert large.size == y.size * s ** len(axes)
    np.testing.assert_allclose(upsample.pool(large, s, axes).mean(), large.mean(), atol=1e-12)


def test_pooling_averages_cells():
    x = np.arange(16.0).reshape(4, 4)
    np.testing.assert_array_equal(upsample.pool(x, 2), [[2.5, 4.5], [10.5, 12.5]])
    np.testing.assert_array_equal(upsample.repeat([[1.0, 2.0]], 2), [[1, 1, 2, 2], [1, 1, 2, 2]])


@settings(max_examples=30, deadline=None)
@given(st.floats(0.01, 1.55), st.integers(1, 5), st.integers(1, 3))
def test_the_matched_level(angle, s, dim):
    found = upsample.match_level(np.cos(angle), np.sin(angle), s, dim)
    assert found.signal**2 + found.noise**2 == pytest.approx(1)
    assert found.signal * found.rho == pytest.approx(np.cos(angle))
    assert found.noise * found.rho == pytest.approx(np.sin(angle) / s ** (dim / 2))


def test_pooled_noise_has_the_matched_level():
    rng, x0 = RNG(0), RNG(1).standard_normal((8, 8))
    signal, noise = 0.6, 0.8
    x = signal * x0 + noise * rng.standard_normal((20_000, 8, 8))
    level = upsample.match_level(signal, noise, 4)
    y = upsample.pool(x, 4) / level.rho
    np.testing.assert_allclose(y.mean(axis=0), level.signal * upsample.pool(x0, 4), atol=0.01)
    np.testing.assert_allclose(y.std(axis=0), level.noise, rtol=0.03)


@settings(max_examples=40, deadline=None)
@given(st.sampled_from(sorted(upsample.MATCH)), st.floats(0.02, 0.98), st.integers(1, 4), st.integers(1, 3))
def test_the_matched_time(name, t, s, dim):
    tau = upsample.match_time(name, t, s, dim)
    before, after = (schedules.logsnr(*schedules.kernel(name, at)) for at in (t, tau))
    assert after - before == pytest.approx(dim * np.log(s), abs=1e-7)


def test_the_matched_time_at_the_ends_and_with_parameters():
    for name in upsample.MATCH:
        assert upsample.match_time(name, 0.0, 2) == 0
    assert upsample.match_time("flow", 1.0, 3) == 1
    assert upsample.match_time("cosine", 1.0, 3) == pytest.approx(1)
    for params in ({"beta_min": 0.0, "beta_max": 20.0}, {"beta_min": 2.0, "beta_max": 2.0}):
        tau = upsample.match_time("vp", [0.0, 0.4], 2, **params)
        assert tau[0] == 0
        gain = np.diff([schedules.logsnr(*schedules.kernel("vp", at, **params)) for at in (0.4, tau[1])])
        assert gain == pytest.approx(2 * np.log(2))
    assert set(upsample.MATCH) == set(schedules.KERNELS)


@settings(max_examples=12, deadline=None)
@given(st.sampled_from(["naive", "guided"]), st.sampled_from([2, 4]), st.floats(0.05, 1.5), st.floats(-1, 1))
def test_predictors_do_what_the_formula_says_on_pixels(kind, s, angle, w):
    signal, noise, x = np.cos(angle), np.sin(angle), RNG(3).standard_normal((16, 16))
    low = fields.pooled(P, s)

    def model(x, signal, noise):
        return small_model(x, signal, noise, low)

    by_blocks = fields.apply(upsample.predictor(kind, P, s, signal, noise, w), x)
    by_pixels = model(x, signal, noise) if kind == "naive" else guided(model, x, signal, noise, s, w)
    np.testing.assert_allclose(by_blocks, by_pixels, atol=1e-12)


def test_the_ideal_predictor_is_a_conditional_mean():
    signal, noise, rng = 0.6, 0.8, RNG(0)
    eps, x0 = rng.standard_normal((2, 20_000, 4, 4))
    field = fields.scene(4, 2.0)
    x0 = np.fft.ifft2(np.fft.fft2(x0) * np.sqrt(field)).real
    x = signal * x0 + noise * eps
    blocks = upsample.predictor("ideal", field, 2, signal, noise)
    guess = np.fft.ifft2(np.fft.fft2(x) * fields.from_blocks(np.diagonal(blocks, axis1=-2, axis2=-1)).real).real
    left = (eps - guess)[:, :, :, None, None] * x[:, :1, :1, None, None].reshape(-1, 1, 1, 1, 1)
    assert (np.abs(left.mean(axis=0)) < 5 * left.std(axis=0) / np.sqrt(len(x))).all()


@pytest.mark.parametrize(
    ("kind", "change"),
    [
        ("no-tau", lambda level, s, signal, noise: (signal, noise, level.rho, s)),
        ("no-rho", lambda level, s, signal, noise: (level.signal, level.noise, 1.0, s)),
        ("no-scale", lambda level, s, signal, noise: (level.signal, level.noise, level.rho, 1.0)),
    ],
)
def test_what_happens_without_one_correction(kind, change):
    s, signal, noise, x = 2, 0.8, 0.6, RNG(4).standard_normal((16, 16))
    low = fields.pooled(P, s)
    a, b, rho, scale = change(upsample.match_level(signal, noise, s), s, signal, noise)
    naive = small_model(x, signal, noise, low)
    coarse = small_model(upsample.pool(x, s) / rho, a, b, low) / scale
    expected = naive + upsample.repeat(coarse - upsample.pool(naive, s), s)
    np.testing.assert_allclose(fields.apply(upsample.predictor(kind, P, s, signal, noise), x), expected, atol=1e-12)


def test_the_guided_prediction_is_ideal_at_the_mean_brightness():
    for s in (2, 4):
        ideal, found = (upsample.predictor(kind, P, s, 0.3, np.sqrt(0.91)) for kind in ("ideal", "guided"))
        np.testing.assert_allclose(found[0, 0, 0], ideal[0, 0, 0], atol=1e-12)


@pytest.mark.parametrize("kind", ["ideal", "naive", "guided"])
def test_generate_is_the_sampler(kind):
    z, s = RNG(5).standard_normal((16, 16)), 2

    def eps(x, k):
        return fields.apply(upsample.predictor(kind, P, s, LEVELS[0][k], LEVELS[1][k], 0.3), x)

    found = fields.apply(upsample.generate(kind, P, s, *LEVELS, 0.3), z)
    np.testing.assert_allclose(found, samplers.reverse(eps, *LEVELS, 0.0, z), atol=1e-9)


def test_guidance_by_level():
    weights = np.where(np.arange(26) > 12, 0.0, -1.0)
    z = RNG(6).standard_normal((16, 16))

    def eps(x, k):
        return fields.apply(upsample.predictor("guided" if k > 12 else "naive", P, 2, LEVELS[0][k], LEVELS[1][k]), x)

    found = fields.apply(upsample.generate("guided", P, 2, *LEVELS, weights), z)
    np.testing.assert_allclose(found, samplers.reverse(eps, *LEVELS, 0.0, z), atol=1e-9)


@settings(max_examples=10, deadline=None)
@given(st.sampled_from([2, 4]), st.floats(0, 1), st.integers(0, 99))
def test_the_small_sampler_is_inside_with_and_without_noise(s, share, seed):
    rng = RNG(seed)
    z, start = rng.standard_normal((26, 16, 16)), rng.standard_normal((16, 16))
    small = upsample.match_level(*LEVELS, s)
    sigma = samplers.step_sigma(*LEVELS, share)

    def model(x, signal, noise):
        return np.sin(2 * x + signal * np.roll(x, 1, 0)) + noise * np.roll(x, 1, 1)

    def walk(x, levels, sigma, noise, eps):
        plan = samplers.steps(schedules.checked(*levels), sigma)
        for k in range(25, 0, -1):
            x = plan.scale[k] * x - plan.pull[k] * eps(x, levels[0][k], levels[1][k]) + sigma[k] * noise[k]
        return x

    large = walk(start, LEVELS, sigma, z, lambda x, a, b: guided(model, x, a, b, s, 0.0))
    own = np.r_[0, sigma[1:] / (s * small.rho[:-1])]
    alone = walk(upsample.pool(start, s) / small.rho[-1], small[:2], own, s * upsample.pool(z, s), model)
    np.testing.assert_allclose(upsample.pool(large, s), alone, atol=1e-8 * np.abs(alone).max())


def test_the_shrunken_picture_has_the_right_power():
    for s in (2, 4):
        pair = [
            fields.split(fields.covariance(upsample.generate(kind, P, s, *LEVELS))).pooled
            for kind in ("guided", "ideal")
        ]
        np.testing.assert_allclose(*pair, rtol=0.005)


def test_only_the_small_pictures_matter_to_guidance():
    blocks, share = fields.to_blocks(P, 2), np.abs(fields.transfer(8, 2)) ** 2
    coarse = share > share.max(axis=-1, keepdims=True) - 1e-12
    lost = (share * blocks * ~coarse).sum(axis=-1) / (share * coarse).sum(axis=-1)
    other = fields.from_blocks(np.where(coarse, blocks + lost[..., None], 0.0))
    np.testing.assert_allclose(
        upsample.generate("guided", other, 2, *LEVELS), upsample.generate("guided", P, 2, *LEVELS), atol=1e-10
    )


@pytest.mark.parametrize(
    ("call", "words"),
    [
        (lambda: upsample.pool(np.ones((4, 6)), 4), "s must divide the lengths of x, got 4 and 6"),
        (lambda: upsample.pool(np.ones((4, 4)), 1.5), "s must be a whole number of at least 1, got 1.5"),
        (lambda: upsample.predictor("guided", P, 3, 0.6, 0.8), "s must divide the sides of a square A, got 3"),
        (lambda: upsample.predictor("guided", P, 2, 0.6, 0.8, -1.5), "w must be one finite number of at least -1"),
        (lambda: upsample.generate("guided", P, 2, *LEVELS, -2.0), "w must be finite and at least -1, got -2"),
        (lambda: upsample.predictor("guided", P, 2, 0.6, 0.6), "signal² \\+ noise² = 1, got 0.72"),
        (lambda: upsample.predictor("guided", P, 2, 1.0, 0.0), "noise must lie between 0 and inf, got 0"),
        (lambda: upsample.predictor("exact", P, 2, 0.6, 0.8), "kind must be one of"),
        (lambda: upsample.match_time("cosine", 1.5, 2), "t must lie in"),
        (lambda: upsample.repeat(np.ones(3), 2), "axes must name different axes of x, which has 1"),
        (lambda: upsample.pool(np.ones((4, 4)), 2, (1, -1)), "axes must name different axes of x, which has 2"),
    ],
)
def test_bad_input_is_named(call, words):
    with pytest.raises(ValueError, match=words):
        call()
