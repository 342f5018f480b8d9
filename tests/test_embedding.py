"""companion.embedding: logits and loss of a tied model at its start."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import embedding

MIXED = ("tied", "negated", "halfswap", "signedswap", "shuffle", "orthogonal")
halves = st.integers(1, 12)


def rng(seed=0):
    return np.random.default_rng(seed)


def orthogonal(d, seed=0):
    return np.linalg.qr(rng(seed).normal(size=(d, d)))[0]


@given(halves, st.integers(0, 99))
def test_mixing_is_linear_and_keeps_lengths(half, seed):
    d = 2 * half
    h, P = rng(seed).normal(size=(5, d)), orthogonal(d, seed)
    for scheme in MIXED:
        mixed = embedding.mix(h, scheme, 2, P)
        np.testing.assert_allclose(np.linalg.norm(mixed, axis=1), np.linalg.norm(h, axis=1), rtol=1e-12)
        np.testing.assert_allclose(h @ embedding.mix(np.eye(d), scheme, 2, P), mixed, atol=1e-12)


def test_what_the_mixings_do():
    h = np.array([1.0, 2, 3, 4, 5, 6])
    np.testing.assert_array_equal(embedding.mix(h, "tied"), h)
    np.testing.assert_array_equal(embedding.mix(h, "untied"), h)
    np.testing.assert_array_equal(embedding.mix(h, "negated"), -h)
    np.testing.assert_array_equal(embedding.mix(h, "halfswap"), [4, 5, 6, 1, 2, 3])
    np.testing.assert_array_equal(embedding.mix(h, "signedswap"), [4, 5, 6, -1, -2, -3])
    np.testing.assert_array_equal(embedding.mix(h, "shuffle", groups=2), [1, 4, 2, 5, 3, 6])
    np.testing.assert_array_equal(embedding.mix(h, "shuffle", groups=3), [1, 3, 5, 2, 4, 6])
    np.testing.assert_allclose(embedding.mix(h, "orthogonal", P=np.eye(6)[[5, 0, 1, 2, 3, 4]]), [2, 3, 4, 5, 6, 1])


@given(st.integers(1, 60), st.integers(1, 60))
def test_shuffle_keeps_gcd_plus_one(rows, columns):
    perm = embedding.shuffle(rows * columns, rows)
    assert embedding.fixed_points(perm) == math.gcd(rows - 1, rows * columns - 1) + 1
    back = embedding.shuffle(rows * columns, columns)
    np.testing.assert_array_equal(perm[back], np.arange(rows * columns))


@given(halves)
def test_a_signed_swap_is_a_quarter_turn(half):
    W = rng(half).normal(size=(3, 2 * half))
    z = embedding.initial_logits(W, "signedswap")
    np.testing.assert_allclose(np.diag(z), 0, atol=1e-12)


def test_logits_by_hand():
    W = np.array([[3.0, 4], [1, 0]])
    root = math.sqrt(2)
    tied = [[5 * root, 0.6 * root], [3 * root, root]]
    np.testing.assert_allclose(embedding.initial_logits(W, "tied"), tied)
    np.testing.assert_allclose(
        embedding.initial_logits(W, "halfswap"), [[4.8 * root, 0.8 * root], [4 * root, 0]], atol=1e-12
    )
    np.testing.assert_allclose(
        embedding.initial_logits(W, "untied", V=np.eye(2)), [[0.6 * root, 0.8 * root], [root, 0]]
    )
    loss = np.log(np.exp(tied).sum(axis=1)) - [0.6 * root, 3 * root]
    assert embedding.initial_loss(tied) == pytest.approx(loss.mean(), rel=1e-12)


def test_uniform_logits_cost_log_n():
    assert embedding.initial_loss(np.full((7, 7), 1e4)) == pytest.approx(math.log(7), rel=1e-9)


@pytest.mark.parametrize("scheme", ["tied", "untied", "negated", "halfswap", "signedswap", "shuffle"])
def test_sampled_rows_are_rows_of_the_matrix(scheme):
    n, d, sigma = 120, 16, 0.3
    whole = []
    for seed in range(60):
        W, V = sigma * rng(seed).normal(size=(2, n, d))
        whole.append(embedding.initial_loss(embedding.initial_logits(W, scheme, V=V, groups=4)))
    drawn = embedding.sampled_loss(n, d, sigma, scheme, rng(7), 3000, groups=4)
    error = math.hypot(drawn.std() / math.sqrt(3000), np.std(whole) / math.sqrt(60))
    assert abs(drawn.mean() - np.mean(whole)) < 4 * error


def test_a_random_orthogonal_map_gives_a_logit_like_the_others():
    z = embedding.self_logits(24, 0.5, "orthogonal", rng(1), 4000) / (0.5 * math.sqrt(24))
    assert abs(z.mean()) < 4 / math.sqrt(4000)
    assert z.var() == pytest.approx(1, abs=4 * math.sqrt(2 / 4000))


@pytest.mark.parametrize("d", [1, 2, 16, 300])
def test_the_mean_of_the_own_logit(d):
    z = embedding.self_logits(d, 0.7, "tied", rng(2), 4000)
    assert abs(z.mean() - embedding.self_logit_mean(d, 0.7)) < 4 * z.std() / math.sqrt(4000)
    assert embedding.self_logit_mean(d, 0.7) == pytest.approx(0.7 * d * (1 - 1 / (4 * d)), rel=0.07 / d)


@given(st.integers(2, 3000), st.floats(0.01, 20))
def test_the_bound_holds_and_is_continuous(n, s):
    measured = np.mean([np.log(np.exp(s * rng(k).normal(size=n)).sum()) for k in range(5)])
    spread = s / math.sqrt(5)
    assert math.log(n) <= embedding.lse_bound(n, s) + 1e-9
    assert measured <= embedding.lse_bound(n, s) + 5 * spread
    root = math.sqrt(2 * math.log(n))
    assert embedding.lse_bound(n, root * (1 - 1e-9)) == pytest.approx(
        embedding.lse_bound(n, root * (1 + 1e-9)), rel=1e-6
    )
    assert embedding.lse_bound(n, s) <= math.log(n) + s * s / 2 + 1e-9
    assert embedding.lse_bound(n, 3 * root) == pytest.approx(6 * math.log(n), rel=1e-12)


def test_estimates_of_the_post():
    assert embedding.critical_sigma(50257, 768) == pytest.approx(0.0140949, rel=1e-5)
    assert embedding.predicted_loss(50257, 768, 0.02, refined=False) == pytest.approx(15.37067, abs=1e-4)
    sigma = embedding.critical_sigma(1000, 64)
    assert embedding.predicted_loss(1000, 64, sigma, refined=False) == pytest.approx(math.log(1999), rel=1e-12)
    assert embedding.predicted_loss(2000, 256, 0.02) == pytest.approx(7.728, abs=1e-3)
    assert embedding.predicted_loss(9, 4, 0.1, "untied", refined=False) == pytest.approx(math.log(9), rel=1e-12)


@given(st.sampled_from(embedding.SCHEMES), st.integers(1, 6))
def test_refined_estimates_are_close_for_moderate_spread(scheme, k):
    d, n = 2 ** (2 * k), 500
    sigma = 0.8 / math.sqrt(d)
    drawn = embedding.sampled_loss(n, d, sigma, scheme, rng(k), 200, groups=2**k).mean()
    assert drawn == pytest.approx(embedding.predicted_loss(n, d, sigma, scheme, groups=2**k), abs=0.35)


def test_nothing_overflows():
    assert embedding.predicted_loss(1000, 4096, 1.0) == pytest.approx(4096, rel=1e-6)
    assert np.isfinite(embedding.sampled_loss(1000, 4096, 1.0, "tied", rng(), 2)).all()
