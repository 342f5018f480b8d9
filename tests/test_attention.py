"""companion.attention: gradient size of softmax and the scale that makes it largest; one layer of attention."""

import mpmath
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import minimize_scalar

from companion.attention import (
    attend,
    attention_cost,
    causal_mean,
    cosine_log_mgf,
    gradient_profile,
    mean_field,
    optimal_scale,
    optimal_scale_cosine,
    vq_attend,
)
from companion.softmax import jacobian, softmax

scores = arrays(float, st.tuples(st.integers(1, 3), st.integers(2, 6)), elements=st.floats(-30, 30))
scales = st.lists(st.floats(0, 20), min_size=1, max_size=4)


@given(scores, scales)
def test_profile_is_half_the_norm_of_the_jacobian(s, alphas):
    g, score = gradient_profile(s, alphas)
    assert g.shape == score.shape == (*s.shape[:-1], len(alphas))
    for a, alpha in enumerate(alphas):
        p = softmax(alpha * s)
        np.testing.assert_allclose(g[..., a], np.abs(jacobian(p, alpha)).sum(axis=(-2, -1)) / 2, atol=1e-12)
        np.testing.assert_allclose(score[..., a], (p * s).sum(axis=-1), atol=1e-12)


@given(scores, st.floats(-1e3, 1e3))
def test_a_common_shift_moves_the_score_only(s, shift):
    g, score = gradient_profile(s, [1.0])
    moved, moved_score = gradient_profile(s + shift, [1.0])
    np.testing.assert_allclose(moved, g, atol=1e-9)
    np.testing.assert_allclose(moved_score, score + shift, atol=1e-9)


def test_profile_of_two_keys():
    """n = 2 with gap Δ: g = (α/2) sech²(αΔ/2), to full relative accuracy even where it is 1e-290."""
    gap, alphas = 1.7, np.linspace(0, 400, 9)
    g, score = gradient_profile([gap, 0.0], alphas)
    np.testing.assert_allclose(g, alphas / 2 / np.cosh(alphas * gap / 2) ** 2, rtol=1e-12)
    np.testing.assert_allclose(score, gap / (1 + np.exp(-alphas * gap)))


def test_level_scores():
    """Equal scores stay level at every scale: g = α(1 − 1/n)."""
    g, score = gradient_profile(np.full((3, 5), 0.7), [0, 1, 9])
    np.testing.assert_allclose(g, np.tile([0, 0.8, 7.2], (3, 1)))
    np.testing.assert_allclose(score, 0.7)


@pytest.mark.parametrize(
    ("s", "alphas", "message"),
    [
        ([1.0], [1.0], r"at least 2 entries on its last axis, got shape \(1,\)"),
        (3.0, [1.0], r"got shape \(\)"),
        ([0, np.inf], [1.0], "s must be finite, got inf at index 1"),
        ([0, 1], [1.0, -2.0], "alphas must be finite and at least 0, got -2.0 at index 1"),
        ([0, 1], [np.nan], "got nan"),
        ([0, 1], 1.0, r"alphas must have shape \(A,\), got \(\)"),
    ],
)
def test_profile_refuses(s, alphas, message):
    with pytest.raises(ValueError, match=message):
        gradient_profile(s, alphas)


def test_optimal_scale_at_known_counts():
    """α is optimal for (1 + 2α²)e^{α²} keys: 3e, 9e⁴, 13.5e^{6.25} and 19e⁹ for 1, 2, 2.5 and 3."""
    n = [3 * np.e, 9 * np.exp(4), 13.5 * np.exp(6.25), 19 * np.exp(9)]
    np.testing.assert_allclose(optimal_scale(n), [1, 2, 2.5, 3], rtol=1e-14)
    assert optimal_scale(1000.0).shape == ()


@given(st.floats(2, 1e300))
def test_optimal_scale_inverts_the_count(n):
    alpha = optimal_scale(n)
    assert np.log1p(2 * alpha**2) + alpha**2 == pytest.approx(np.log(n), rel=1e-12)


@given(st.floats(2, 1e12), st.floats(0, 10))
def test_no_scale_beats_the_optimal_one(n, alpha):
    best = mean_field(optimal_scale(n), n)
    assert mean_field(alpha, n) <= best * (1 + 1e-12)


def test_mean_field_broadcasts_and_overflows_to_minus_infinity():
    assert mean_field([[1], [2]], [10, 100, 1000]).shape == (2, 3)
    assert mean_field(1, 1000) == pytest.approx(1 - np.e / 1000)
    assert mean_field(1e3, 10) == -np.inf


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: mean_field(-1, 10), "alpha must be finite and at least 0, got -1.0"),
        (lambda: mean_field(1, 0.5), "n must be finite and at least 1, got 0.5"),
        (lambda: optimal_scale([10, 1.9]), "n must be finite and at least 2, got 1.9"),
        (lambda: optimal_scale(np.inf), "got inf"),
        (lambda: cosine_log_mgf(0, 8), "alpha must be positive and finite, got 0.0"),
        (lambda: cosine_log_mgf(1, 1), "d must be finite and at least 2, got 1.0"),
        (lambda: optimal_scale_cosine(1, 8), "n must be finite and at least 2, got 1.0"),
        (lambda: optimal_scale_cosine(10, np.nan), "got nan"),
        (lambda: optimal_scale_cosine(10, 4096), "d must be at most 1024, got 4096"),
        (lambda: optimal_scale_cosine(1e9, 2), "n = 1e[+]09 is too large for d = 2"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("d", [2, 3, 17, 128, 999, 1024])
def test_cosine_log_mgf_against_mpmath(d):
    """Both expansions, and the seam between them."""
    seam = np.sqrt(60 * d)
    alphas = [1e-6, 1e-2, 1, 12, seam * (1 - 1e-9), seam * (1 + 1e-9), 3 * seam]
    with mpmath.workdps(40):
        exact = [mpmath.log(mpmath.hyp0f1(mpmath.mpf(d) / 2, mpmath.mpf(a) ** 2 / 4)) for a in alphas]
    np.testing.assert_allclose(cosine_log_mgf(alphas, d), [float(v) for v in exact], rtol=1e-10)


def test_cosine_in_three_dimensions_is_uniform():
    """Archimedes: s is uniform on [−1, 1], so E[e^{αs}] = sinh(α)/α."""
    alpha = np.array([0.1, 1, 5, 20])
    np.testing.assert_allclose(cosine_log_mgf(alpha, 3), np.log(np.sinh(alpha) / alpha), rtol=1e-12)


def test_cosine_becomes_gaussian_in_high_dimension():
    a = np.array([0.5, 1, 2, 3])
    np.testing.assert_allclose(cosine_log_mgf(a * 32, 1024), a**2 / 2, rtol=0.01)
    assert optimal_scale_cosine(1000, 1024) / 32 == pytest.approx(float(optimal_scale(1000)), rel=0.01)


@settings(deadline=None, max_examples=30)
@given(st.floats(2, 1e5), st.integers(3, 600))
def test_optimal_cosine_scale_maximises_the_objective(n, d):
    """A direct search on the objective finds the value that the stationarity condition gives."""

    def gradient(alpha):
        return alpha * (1 - np.exp(cosine_log_mgf(2 * alpha, d) - 2 * cosine_log_mgf(alpha, d)) / n)

    alpha = optimal_scale_cosine(n, d)
    found = minimize_scalar(lambda a: -gradient(a), bounds=(alpha / 3, 3 * alpha), method="bounded")
    assert gradient(alpha) >= -found.fun * (1 - 1e-9)


def test_the_figures_of_the_post():
    """Least squares over n = 40, 80, …, 20000: 0.84·√(log n); for cosines in d = 128, 3.5·log n."""
    n = 40 * np.arange(1, 501)
    root = np.sqrt(np.log(n))
    alpha = optimal_scale(n)
    assert alpha @ root / (root @ root) == pytest.approx(0.84, abs=0.005)
    cosine = optimal_scale_cosine(n, 128)
    assert cosine @ root**2 / (root**2 @ root**2) == pytest.approx(3.5, abs=0.05)
    assert np.mean((alpha >= 2) & (alpha <= 3)) == pytest.approx(0.976)
    assert np.mean((cosine >= 25) & (cosine <= 35)) == pytest.approx(0.966)


# --- one layer ---------------------------------------------------------------------------------------------------


@st.composite
def layers(draw, square=False):
    """Queries, keys and values of one head."""
    n, d, d_v = (draw(st.integers(1, 5)) for _ in range(3))
    m = n if square else draw(st.integers(1, 5))
    entries = st.floats(-20, 20)
    return tuple(draw(arrays(float, shape, elements=entries)) for shape in ((n, d), (m, d), (m, d_v)))


def attended_plainly(q, k, v, seen, bias):
    """Row by row and key by key, as the formula is written, in 40 digits."""
    with mpmath.workdps(40):
        out = []
        for i, query in enumerate(q):
            weights = [mpmath.exp(mpmath.fdot(query, key) + mpmath.mpf(bias[i, j])) for j, key in enumerate(k)]
            weights = [w if seen(i, j) else mpmath.mpf(0) for j, w in enumerate(weights)]
            total = mpmath.fsum(weights)
            out.append([float(mpmath.fdot(weights, column) / total) for column in v.T])
    return np.array(out)


@settings(deadline=None, max_examples=40)
@given(layers(), st.data())
def test_attend_is_the_formula(layer, data):
    q, k, v = layer
    bias = data.draw(arrays(float, (len(q), len(k)), elements=st.floats(-5, 5)))
    plain = attended_plainly(q, k, v, lambda i, j: True, bias)
    np.testing.assert_allclose(attend(q, k, v, bias=bias), plain, atol=1e-11)


@settings(deadline=None, max_examples=40)
@given(layers(square=True))
def test_causal_attend_is_the_formula(layer):
    q, k, v = layer
    plain = attended_plainly(q, k, v, lambda i, j: j <= i, np.zeros((len(q), len(k))))
    np.testing.assert_allclose(attend(q, k, v, causal=True), plain, atol=1e-11)


@given(layers(square=True), st.integers(1, 5), st.floats(-20, 20))
def test_the_future_does_not_leak(layer, first, value):
    """What stands at position `first` or later changes no earlier row, to the last bit."""
    q, k, v = layer
    later_k, later_v = k.copy(), v.copy()
    later_k[first:], later_v[first:] = value, value
    before = attend(q, k, v, causal=True)[:first]
    np.testing.assert_array_equal(attend(q, later_k, later_v, causal=True)[:first], before)


def test_huge_scores_do_not_overflow():
    """Two keys with scores 1e4 and 1e4 + 1: the weights are those of 0 and 1."""
    out = attend([[100.0]], [[100.0], [100.01]], [[0.0], [1.0]])
    np.testing.assert_allclose(out, [[1 / (1 + np.exp(-1))]], rtol=1e-9)


def test_causal_mean_is_attention_without_scores():
    v = np.random.default_rng(0).standard_normal((7, 3))
    level = np.zeros((7, 2))
    np.testing.assert_allclose(causal_mean(v), attend(level, level, v, causal=True), atol=1e-14)
    np.testing.assert_allclose(causal_mean(v)[[0, 6]], [v[0], v.mean(axis=0)], atol=1e-14)


def test_causal_mean_of_a_stack():
    v = np.random.default_rng(0).standard_normal((2, 4, 5, 3))
    np.testing.assert_allclose(causal_mean(v)[1, 2], causal_mean(v[1, 2]), atol=1e-15)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: attend([1, 2], [[1, 2]], [[3]]), r"q must have shape \(n, d\), got \(2,\)"),
        (lambda: attend([[1, 2]], [[1, 2, 3]], [[3]]), r"k must have shape \(m, 2\), got \(1, 3\)"),
        (lambda: attend([[1, 2]], [[1, 2]], [[3], [4]]), r"v must have shape \(1, d_v\), got \(2, 1\)"),
        (lambda: attend([[1]], [[1], [2]], [[3], [4]], bias=[[0]]), r"bias must have shape \(1, 2\), got \(1, 1\)"),
        (lambda: attend([[1]], [[1], [2]], [[3], [4]], causal=True), "k must have as many rows as q, 1, .* got 2"),
        (lambda: attend([[np.nan]], [[1]], [[3]]), "q must be finite, got nan at index 0, 0"),
        (lambda: attend([[1]], [[1]], [[3]], bias=[[-np.inf]]), "bias must be finite, got -inf"),
        (lambda: causal_mean([1, 2]), r"v must have shape \(…, n, d\), got \(2,\)"),
        (lambda: causal_mean(np.zeros((2, 0, 3))), r"v must have shape \(…, n, d\), got \(2, 0, 3\)"),
        (lambda: causal_mean([[1, np.inf]]), "v must be finite, got inf at index 0, 1"),
    ],
)
def test_bad_layers_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@st.composite
def quantised(draw):
    """Queries, codes, codebook, values, block length and bias of a few blocks of tokens."""
    block, blocks, c = draw(st.integers(1, 4)), draw(st.integers(1, 5)), draw(st.integers(1, 5))
    n, entries = block * blocks, st.floats(-20, 20)
    return (
        draw(arrays(float, (n, 2), elements=entries)),
        draw(arrays(int, n, elements=st.integers(0, c - 1))),
        draw(arrays(float, (c, 2), elements=entries)),
        draw(arrays(float, (n, 3), elements=entries)),
        block,
        draw(arrays(float, block + 1, elements=st.floats(-5, 5))),
    )


@settings(deadline=None, max_examples=60)
@given(quantised())
def test_vq_attend_is_dense_attention_over_quantised_keys(layer):
    q, codes, codebook, v, _, _ = layer
    np.testing.assert_allclose(vq_attend(q, codes, codebook, v), attend(q, codebook[codes], v), atol=1e-9)


@settings(deadline=None, max_examples=60)
@given(quantised())
def test_causal_vq_attend_is_dense_attention_with_mask_and_bias(layer):
    q, codes, codebook, v, block, bias = layer
    distance = np.arange(len(q))[:, None] - np.arange(len(q))
    window = np.where((distance >= 0) & (distance <= block), bias[np.clip(distance, 0, block)], 0)
    dense = attend(q, codebook[codes], v, causal=True, bias=window)
    np.testing.assert_allclose(vq_attend(q, codes, codebook, v, True, block, bias), dense, atol=1e-9)
    plain = attend(q, codebook[codes], v, causal=True)
    np.testing.assert_allclose(vq_attend(q, codes, codebook, v, True, block), plain, atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(quantised(), st.integers(1, 5))
def test_the_future_does_not_leak_through_codes(layer, first):
    """What stands at position `first` or later changes no earlier row, to the last bit."""
    q, codes, codebook, v, block, bias = layer
    later_codes, later_v = codes.copy(), v.copy()
    later_codes[first:], later_v[first:] = 0, 7
    before = vq_attend(q, codes, codebook, v, True, block, bias)[:first]
    np.testing.assert_array_equal(vq_attend(q, later_codes, codebook, later_v, True, block, bias)[:first], before)


def test_huge_scores_of_old_tokens_do_not_overflow():
    """The best score stands in the histogram: without a common shift it overflows, or the local part does."""
    codes, codebook = np.array([1, 0, 0, 0]), np.array([[0.0], [1e4]])
    for scale in (1.0, -1.0):
        out = vq_attend(np.full((4, 1), scale), codes, codebook, np.eye(4), True, 1)
        np.testing.assert_allclose(out, attend(np.full((4, 1), scale), codebook[codes], np.eye(4), causal=True))


def test_more_queries_than_keys():
    rng = np.random.default_rng(0)
    q, codebook, v = rng.standard_normal((9, 4)), rng.standard_normal((3, 4)), rng.standard_normal((5, 2))
    codes = np.array([0, 2, 2, 0, 0])
    np.testing.assert_allclose(vq_attend(q, codes, codebook, v), attend(q, codebook[codes], v), atol=1e-12)


@given(st.integers(1, 6), st.integers(1, 6), st.integers(1, 5), st.integers(1, 4), st.integers(1, 4))
def test_attention_cost_counts_every_product(block, blocks, c, d_k, d_v):
    """Counted pair by pair: the pairs of a query with a key or a codeword, and what each costs."""
    n = block * blocks
    dense = sum(d_k + d_v for i in range(n) for j in range(n) if j <= i)
    pairs = sum((min(i, 1) + 1) * block + (c if i >= 2 else 0) for i in range(blocks) for _ in range(block))
    search = n * c * d_k + n * d_v
    assert attention_cost(n, c, d_k, d_v, block) == (dense, search + pairs * (d_k + d_v))
    assert attention_cost(n, c, d_k, d_v) == (n * n * (d_k + d_v), search + n * c * (d_k + d_v))


def test_causal_vq_attention_breaks_even_at_six_blocks():
    for c, d in ((2, 3), (64, 16), (512, 128)):
        dense, vq = zip(*(attention_cost(c * m, c, d, d, c) for m in range(2, 10)), strict=True)
        assert [a > b for a, b in zip(dense, vq, strict=True)] == [False] * 5 + [True] * 3
        assert dense[4] == vq[4]


_Q, _CODES, _C, _V = np.zeros((4, 2)), np.zeros(4, int), np.zeros((3, 2)), np.zeros((4, 1))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: vq_attend(_Q, [0, 1, 2, 3], _C, _V), "codes must be whole numbers from 0 to 2, got 3 at index 3"),
        (lambda: vq_attend(_Q, [0, -1], _C, _V[:2]), "got -1 at index 1"),
        (lambda: vq_attend(_Q, _CODES, _C[:, :1], _V), r"q must have shape \(n, 1\), got \(4, 2\)"),
        (lambda: vq_attend(_Q, _CODES, _C, _V[:3]), r"v must have shape \(4, d_v\), got \(3, 1\)"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, block=2), "block is for causal attention only, got 2"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, bias=[0, 0]), r"bias is for causal attention only, got \[0, 0\]"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, causal=True), "block must be given for causal attention, got None"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, True, 3), "block must divide the number of tokens, 4, got 3"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, True, 0), "block must be a whole number of at least 1, got 0"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, True, 2, [0, 0]), r"bias must have shape \(3,\), got \(2,\)"),
        (lambda: vq_attend(_Q, _CODES, _C, _V, True, 1, [0, np.inf]), "bias must be finite, got inf at index 1"),
        (lambda: vq_attend(_Q[:2], _CODES, _C, _V, True, 1), "q must have as many rows as .* 4, if causal, got 2"),
        (lambda: attention_cost(0, 1, 1, 1), "n must be a whole number of at least 1, got 0"),
        (lambda: attention_cost(8, 1, 1, 1, 3), "block must divide the number of tokens, 8, got 3"),
    ],
)
def test_bad_quantised_layers_are_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()
