"""companion.quantize: nearest codewords, k-means and histograms, against the definitions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from companion.quantize import assign, histogram, kmeans, vq_ema

# Whole numbers make ties, which rounding must not break.
whole = st.integers(-3, 3).map(float)
points = st.integers(1, 3).flatmap(
    lambda d: st.tuples(
        arrays(float, st.tuples(st.integers(1, 12), st.just(d)), elements=whole),
        arrays(float, st.tuples(st.integers(1, 8), st.just(d)), elements=whole),
    )
)


def nearest_plainly(x, codebook):
    return [int(np.argmin([((row - word) ** 2).sum() for word in codebook])) for row in x]


@given(points)
def test_assign_is_the_nearest_and_of_equals_the_lowest(pair):
    x, codebook = pair
    assert assign(x, codebook).tolist() == nearest_plainly(x, codebook)


@settings(deadline=None, max_examples=30)
@given(points, st.integers(-2, 2), st.floats(-1e6, 1e6).map(round))
def test_assign_far_from_the_origin(pair, power, shift):
    """Vectors that share a large offset: |x|² − 2 x·C + |C|² alone would lose them."""
    x, codebook = (part * 2.0**power + shift for part in pair)
    assert assign(x, codebook).tolist() == nearest_plainly(x, codebook)


def test_assign_where_squares_have_no_digits_for_the_difference():
    codebook, x = np.array([[-1e9], [1e9], [1e9 + 0.5]]), 1e9 + np.array([[0.1], [0.3], [0.2], [0.4], [0.6]])
    assert assign(x, codebook).tolist() == [1, 2, 1, 2, 2]


def test_assign_in_pieces_is_assign_at_once():
    rng = np.random.default_rng(0)
    x, codebook = rng.standard_normal((5000, 3)), rng.standard_normal((1000, 3))
    codes = assign(x, codebook)
    assert codes[[0, 2500, 4999]].tolist() == nearest_plainly(x[[0, 2500, 4999]], codebook)
    distance = ((x - codebook[codes]) ** 2).sum(axis=1)
    for word in codebook[::97]:
        assert (distance <= ((x - word) ** 2).sum(axis=1) + 1e-12).all()


def test_kmeans_finds_clusters_far_apart():
    rng = np.random.default_rng(1)
    centres = np.array([[0, 0], [100, 0], [0, 100.0]])
    x = np.concatenate([centre + rng.standard_normal((50, 2)) for centre in centres])
    # From rows of all three clusters, which this seed draws.
    codebook, codes = kmeans(x, 3, np.random.default_rng(0))
    np.testing.assert_allclose(codebook[codes], np.repeat(x.reshape(3, 50, 2).mean(axis=1), 50, axis=0), atol=1e-9)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**20), st.integers(1, 40), st.integers(0, 5))
def test_no_iteration_makes_the_distance_larger(seed, c, iterations):
    x = np.random.default_rng(seed).standard_normal((40, 3))

    def distance(steps):
        codebook, codes = kmeans(x, c, np.random.default_rng(seed), iterations=steps)
        assert codes.tolist() == nearest_plainly(x, codebook)
        return ((x - codebook[codes]) ** 2).sum()

    assert distance(iterations + 1) <= distance(iterations) + 1e-12


def test_each_codeword_is_the_mean_of_its_vectors_in_the_end():
    x = np.random.default_rng(0).standard_normal((200, 2))
    codebook, codes = kmeans(x, 5, np.random.default_rng(0), iterations=200)
    for z in range(5):
        np.testing.assert_allclose(codebook[z], x[codes == z].mean(axis=0), atol=1e-12)


def test_as_many_codewords_as_vectors_lose_nothing():
    x = np.random.default_rng(0).standard_normal((9, 2))
    codebook, codes = kmeans(x, 9, np.random.default_rng(0))
    np.testing.assert_array_equal(codebook[codes], x)


def test_a_codeword_without_vectors_keeps_its_place():
    """Four equal rows and two codewords: both start there, the higher one never gets a vector."""
    codebook, codes = kmeans(np.ones((4, 2)), 2, np.random.default_rng(0))
    assert codes.tolist() == [0] * 4
    np.testing.assert_array_equal(codebook, np.ones((2, 2)))


def test_a_moving_average_without_memory_is_kmeans():
    x, draw = np.random.default_rng(0).standard_normal((60, 2)), np.random.default_rng(4)
    start = x[draw.choice(60, 7, replace=False)]
    for found, expected in zip(vq_ema(x, start, 15, 0), kmeans(x, 7, np.random.default_rng(4), 15), strict=True):
        np.testing.assert_array_equal(found, expected)


@given(st.floats(0, 0.99), st.integers(0, 6))
def test_one_codeword_follows_the_mean_geometrically(alpha, iterations):
    x, start = np.array([[0.0, 2], [2, 2], [4, 5]]), np.array([[10.0, -10]])
    codebook, codes = vq_ema(x, start, iterations, alpha)
    kept = alpha**iterations
    np.testing.assert_allclose(codebook, kept * start + (1 - kept) * x.mean(axis=0), atol=1e-12)
    assert codes.tolist() == [0, 0, 0]


def test_a_codeword_that_never_wins_does_not_move():
    codebook, codes = vq_ema([[0.0], [1.0]], [[0.5], [9.0]], 5, 0.5)
    assert codebook[1, 0] == 9
    assert codes.tolist() == [0, 0]


def test_histogram_counts_and_averages():
    counts, means = histogram([2, 0, 2], [[1, 10], [5, 6], [3, 20]], 4)
    np.testing.assert_array_equal(counts, [1, 0, 2, 0])
    np.testing.assert_array_equal(means, [[5, 6], [0, 0], [2, 15], [0, 0]])


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: assign([1, 2], [[1, 2]]), r"x must have shape \(n, 2\), got \(2,\)"),
        (lambda: assign([[1, 2]], [[1, 2, 3]]), r"x must have shape \(n, 3\), got \(1, 2\)"),
        (lambda: assign([[1, np.nan]], [[1, 2]]), "x must be finite, got nan at index 0, 1"),
        (lambda: assign([[1]], np.empty((0, 1))), r"codebook must have shape \(c, d\), got \(0, 1\)"),
        (lambda: kmeans([[1], [2]], 3, np.random.default_rng(0)), "c must be at most the number of vectors, 2, got 3"),
        (lambda: kmeans([[1], [2]], 0, np.random.default_rng(0)), "c must be a whole number of at least 1, got 0"),
        (lambda: kmeans([[1], [2]], 1, 0), "rng must be a NumPy Generator"),
        (lambda: kmeans([[1]], 1, np.random.default_rng(0), iterations=-1), "iterations must be .* at least 0, got -1"),
        (lambda: histogram([0, 3], [[1], [2]], 3), "codes must be whole numbers from 0 to 2, got 3 at index 1"),
        (lambda: histogram([0, -1], [[1], [2]], 3), "from 0 to 2, got -1 at index 1"),
        (lambda: histogram([0, 0.5], [[1], [2]], 3), "from 0 to 2, got 0.5 at index 1"),
        (lambda: histogram([0], [[1], [2]], 3), r"values must have shape \(1, d\), got \(2, 1\)"),
        (lambda: histogram([[0]], [[1]], 1), r"codes must have shape \(n,\), got \(1, 1\)"),
        (lambda: vq_ema([[1]], [[1]], 1, 1), "alpha must be below 1, .* got 1"),
        (lambda: vq_ema([[1]], [[1]], 1, -0.5), "alpha must be one finite number of at least 0, got -0.5"),
        (lambda: vq_ema([[1]], [[1]], 0.5, 0), "iterations must be a whole number of at least 0, got 0.5"),
        (lambda: vq_ema([[1, 2]], [[1]], 1, 0), r"x must have shape \(n, 1\), got \(1, 2\)"),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize("scale", [1e-200, 1e200, 1e307])
def test_the_nearest_codeword_does_not_depend_on_the_unit(scale):
    rng = np.random.default_rng(0)
    x, codebook = rng.standard_normal((50, 3)), rng.standard_normal((8, 3))
    assert np.array_equal(assign(x * scale, codebook * scale), assign(x, codebook))
