"""Positions of text tokens, image patches and video patches that share one rotary encoding.

Each token gets k coordinates, which `companion.rope.rotate` takes. Text advances along the diagonal, so that without
images it is plain RoPE; the patches of an image or video form a box. Sources: Su Jianlin,
https://kexue.fm/archives/10040 (RoPE-Tie) and https://kexue.fm/archives/10352 (RoPE-TV); Wang et al., "Qwen2-VL",
arXiv:2409.12191 (M-RoPE).
"""

from collections.abc import Callable, Sequence
from fractions import Fraction
from math import prod
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from companion._checks import count, number, one_of

Array = NDArray[np.float64]
Sizes = tuple[int, ...]


class Box(NamedTuple):
    """Where patches are, relative to the last token before them: patch i at offset + i·step, i_a = 1 … n_a.

    `advance` is the distance on the diagonal from that token to the first one behind the patches.
    """

    offset: tuple[Fraction, ...]
    step: tuple[Fraction, ...]
    advance: int


def symmetric_box(sizes: Sequence[int], step: Sequence[Fraction | int]) -> Box:
    """The box with the given steps that counts for its N patches and has equal gaps to the tokens on both sides.

    offset_a = ½(N + 1 − (n_a + 1) step_a), advance N + 1; exact. Raises ValueError for sizes below 1, or another number
    of steps than of sizes.
    """
    sizes = _sizes("sizes", sizes)
    if len(step) != len(sizes):
        raise ValueError(f"step must have one entry for each of the {len(sizes)} sizes, got {len(step)}")
    total, steps = prod(sizes), tuple(map(Fraction, step))
    return Box(tuple((total + 1 - (n + 1) * s) / 2 for n, s in zip(sizes, steps, strict=True)), steps, total + 1)


def _rope_tie(sizes: Sizes) -> Box:
    return symmetric_box(sizes, [Fraction(prod(sizes) + 1, n + 1) for n in sizes])


def _rope_tie_integer(sizes: Sizes) -> Box:
    advance = prod(n + 1 for n in sizes)
    return Box((Fraction(0),) * len(sizes), tuple(Fraction(advance, n + 1) for n in sizes), advance)


def _rope_tv(sizes: Sizes) -> Box:
    return symmetric_box(sizes, [1] * len(sizes))


def _m_rope(sizes: Sizes) -> Box:
    return Box((Fraction(0),) * len(sizes), (Fraction(1),) * len(sizes), max(sizes) + 1)


BOXES: dict[str, Callable[[Sizes], Box]] = {
    "rope-tie": _rope_tie,
    "rope-tie-integer": _rope_tie_integer,
    "rope-tv": _rope_tv,
    "m-rope": _m_rope,
}


def multimodal_positions(segments: Sequence[int | Sequence[int]], scheme: str = "rope-tv", start: float = 1) -> Array:
    """Coordinates (tokens, k) of a sequence of texts, images and videos, in order.

    A segment is the length of a text, or the sizes of an image (h, w) or video (t, h, w), whose patches come in this
    order, the last size running fastest; k is the longest number of sizes (1 for text alone), and shorter ones are
    padded by leading ones. The first token, if it is text, is at `start` on every axis. Schemes: 'rope-tv' (steps 1),
    'rope-tie' and its 'rope-tie-integer' version (the box begins one step after the text), 'm-rope' (steps 1 from the
    text on, and the next text behind the largest coordinate), 'flat' (patches are text in reading order). Half-integers
    and the fractions of 'rope-tie' are positions like others. Two images in a row are both of their gaps, less
    one step, apart; only a text marker between them makes each symmetric. Cost: k numbers per token.

    Raises ValueError for an unknown scheme, no segments, or sizes that are not whole and positive.
    """
    one_of("scheme", scheme, ("flat", *BOXES))
    if len(segments) == 0:
        raise ValueError("segments must hold at least one segment, got none")
    shapes = [_sizes("segments", s if isinstance(s, Sequence) else (s,)) for s in segments]
    texts = [not isinstance(s, Sequence) for s in segments]
    k = max(map(len, shapes))
    last, parts = number("start", start) - 1, []
    for sizes, text in zip(shapes, texts, strict=True):
        if text or scheme == "flat":
            total = prod(sizes)
            parts.append(np.repeat(last + np.arange(1.0, total + 1)[:, None], k, axis=1))
            last += total
        else:
            padded = (1,) * (k - len(sizes)) + sizes
            box = BOXES[scheme](padded)
            index = np.indices(padded).reshape(k, -1).T + 1
            parts.append(last + np.array(box.offset, float) + index * np.array(box.step, float))
            last += box.advance - 1
    return np.concatenate(parts)


def _sizes(name: str, sizes: Sequence[int]) -> Sizes:
    if len(sizes) == 0:
        raise ValueError(f"{name} must hold at least one size, got {sizes!r}")
    return tuple(count(name, n) for n in sizes)
