"""companion.positions: coordinates of text, images and videos in one sequence."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from companion import positions, rope

SCHEMES = ("flat", "rope-tie", "rope-tie-integer", "rope-tv", "m-rope")
sizes = st.lists(st.integers(1, 6), min_size=1, max_size=3).map(tuple)


def around(shape, scheme, before=10):
    """The last token before an image, its patches, and the first token behind it."""
    tokens = positions.multimodal_positions([before, shape, 1], scheme)
    return tokens[before - 1], tokens[before:-1], tokens[-1]


@pytest.mark.parametrize(
    ("scheme", "first", "last", "after"),
    [
        ("flat", (11, 11), (34, 34), 35),
        ("rope-tie-integer", (17, 15), (38, 40), 45),
        ("rope-tie", (15, 10 + 25 / 7), (30, 10 + 150 / 7), 35),
        ("rope-tv", (21, 20), (24, 25), 35),
        ("m-rope", (11, 11), (14, 16), 17),
    ],
)
def test_layout_of_four_rows_and_six_columns(scheme, first, last, after):
    _, patches, following = around((4, 6), scheme)
    np.testing.assert_allclose(patches[[0, -1]], [first, last], rtol=1e-12)
    np.testing.assert_array_equal(following, [after, after])


@pytest.mark.parametrize("scheme", SCHEMES)
def test_text_is_plain_rope(scheme):
    tokens = positions.multimodal_positions([3, (2, 2), 5], scheme)
    assert tokens.shape == (12, 2)
    np.testing.assert_array_equal(tokens[:3], [[1, 1], [2, 2], [3, 3]])
    assert (tokens[-5:, 0] == tokens[-5:, 1]).all()
    np.testing.assert_array_equal(np.diff(tokens[-5:, 0]), 1)
    alone = positions.multimodal_positions([4, 3], scheme, start=0)
    np.testing.assert_array_equal(alone, np.arange(7)[:, None])


@given(sizes)
def test_symmetric_schemes_look_alike_from_both_sides(shape):
    for scheme in ("rope-tie", "rope-tie-integer", "rope-tv"):
        before, patches, after = around(shape, scheme)
        np.testing.assert_allclose(patches - before, (after - patches)[::-1], atol=1e-9)


@given(sizes)
def test_what_a_box_counts_for(shape):
    total = int(np.prod(shape))
    advances = {"flat": total + 1, "rope-tie": total + 1, "rope-tv": total + 1, "m-rope": max(shape) + 1}
    advances["rope-tie-integer"] = int(np.prod(np.array(shape) + 1))
    for scheme, advance in advances.items():
        before, patches, after = around(shape, scheme)
        assert len(patches) == total
        np.testing.assert_array_equal(after - before, advance)


def test_the_last_size_runs_fastest():
    patches = around((2, 1, 3), "m-rope")[1] - 10
    np.testing.assert_array_equal(patches[:4], [[1, 1, 1], [1, 1, 2], [1, 1, 3], [2, 1, 1]])


def test_an_image_among_videos_is_one_frame():
    tokens = positions.multimodal_positions([2, (2, 3), 1, (4, 2, 2)], "rope-tv")
    padded = positions.multimodal_positions([2, (1, 2, 3), 1, (4, 2, 2)], "rope-tv")
    assert tokens.shape == (2 + 6 + 1 + 16, 3)
    np.testing.assert_array_equal(tokens, padded)


def test_rotate_takes_the_positions():
    tokens = positions.multimodal_positions([3, (2, 2, 2), 2])
    x = np.random.default_rng(0).standard_normal((len(tokens), 12))
    turned = rope.rotate(x, tokens)
    np.testing.assert_allclose(turned[:3], rope.rotate(x[:3], np.arange(1, 4)))


@given(sizes, st.fractions(0, 5))
def test_symmetric_box_is_exact(shape, step):
    box = positions.symmetric_box(shape, [step] * len(shape))
    for n, offset in zip(shape, box.offset, strict=True):
        assert offset + step == box.advance - (offset + n * step)
    assert box.advance == np.prod(shape) + 1
    assert all(isinstance(offset, Fraction) for offset in box.offset)


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (([3], "rope-2d"), "scheme must be one of .*'rope-2d'"),
        (([],), "segments must hold at least one segment, got none"),
        (([0],), "segments must be a whole number of at least 1, got 0"),
        (([2, (3, -1)],), "segments must be a whole number of at least 1, got -1"),
        (([2, (3, 1.5)],), "segments must be a whole number of at least 1, got 1.5"),
        (([2, ()],), r"segments must hold at least one size, got \(\)"),
        (([2], "flat", np.inf), "start must be one finite number, got inf"),
    ],
)
def test_bad_input(arguments, message):
    with pytest.raises(ValueError, match=message):
        positions.multimodal_positions(*arguments)


def test_bad_boxes():
    with pytest.raises(ValueError, match="step must have one entry for each of the 2 sizes, got 3"):
        positions.symmetric_box((2, 3), (1, 1, 1))
    with pytest.raises(ValueError, match="sizes must be a whole number of at least 1, got 0"):
        positions.symmetric_box((2, 0), (1, 1))
