"""The picture of a notebook on the first page: a frame that was baked for one of its explorers, as two small SVGs.

The author chooses it by `cover=Cover(panel, setting)` in `@explore`; with no choice it is the first panel of the first
explorer, as it starts. What is written in a figure is left out, since it is read on the notebook's page.
"""

import json
import re
from html import unescape
from pathlib import Path
from typing import Any, NamedTuple

from companion.teaching.plotting import DARK, PALETTE, panel_box

FIGURE = '<figure class="explorer"'
_COLOUR = re.compile(r"var\(--x-(\w+), #\w+\)")
# A line of text: a group, moved and scaled, of nothing but glyphs and the rules of formulas.
_TEXT = re.compile(
    r'<g transform="translate\([^)]*\)(?: rotate\([^)]*\))? scale\([\d.e-]+ -[\d.e-]+\)"[^>]*>\n'
    r'(?:<use href="#[^"]*"[^>]*/>\n|<path d="[^"]*"/>\n)*</g>\n?'
)
_DEFINED = re.compile(r'<(?:path|clipPath) id="([^"]+)".*\n')
POINTS = 72
# Points kept around the axes, for lines and marks on their edge.
MARGIN = 5.0


class Frame(NamedTuple):
    """One panel of an explorer at a setting: its size in points, its lines of SVG, and what it shows in words."""

    width: float
    height: float
    lines: list[str]
    words: str


def attribute(figure: str, name: str) -> str:
    """An attribute of the figure, or nothing."""
    found = re.search(rf'{name}="([^"]*)"', figure)
    return unescape(found[1]) if found else ""


def chosen(figures: list[str]) -> str:
    """Of a notebook's explorers the one with a cover, else the first. Raises ValueError for none and two covers."""
    covers = [figure for figure in figures if attribute(figure, "data-cover")]
    if len(covers) > 1 or not figures:
        raise ValueError(f"{len(covers)} of {len(figures)} explorers have a cover; one may have, of at least one")
    return (covers or figures)[0]


def pack(script: str) -> dict[str, Any]:
    """What a baked pack hands over."""
    content: dict[str, Any] = json.loads(script.removeprefix("explorerPack(").rstrip().removesuffix(");"))
    return content


def frame(figure: str, packs: Path) -> Frame:
    """The frame that stands for the explorer; `packs` is the folder that its pack's path starts from."""
    content = pack((packs / attribute(figure, "data-pack")).read_text(encoding="utf-8"))
    spec = re.search(r'class="explorer-spec">(.*?)</script>', figure, re.DOTALL)
    assert spec is not None
    if cover := attribute(figure, "data-cover"):
        at, panel = map(int, cover.split())
    else:
        at, panel = 0, 0
        for parameter in json.loads(spec[1].replace(r"<\/", "</"))["parameters"]:
            at = at * len(parameter["values"]) + parameter["start"]
    box = re.findall(r'viewBox="([^"]*)"', figure)[panel]
    _, _, width, height = map(float, box.split())
    lines = [content["lines"][k] for k in content["frames"][at][panel]]
    return Frame(width, height, lines, words_of(content["alt"][at], panel))


def words_of(alt: str, panel: int) -> str:
    """Of an explorer's text alternative, "Left: … Right: …", what speaks of one panel."""
    if panel < 2 and (sides := re.match(r"Left: (.+?) Right: (.+?[.?!]) (.+)", alt)):
        alt = f"{sides[panel + 1]} {sides[3]}"
    return alt[0].upper() + alt[1:]


def without_text(svg: str) -> str:
    """The inside of an SVG element without its text, and without definitions that nothing refers to any more."""
    svg = _TEXT.sub("", svg + "\n")
    used = set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg))
    return _DEFINED.sub(lambda m: m[0] if m[1] in used else "", svg)


def picture(shown: Frame, colours: dict[str, str]) -> str:
    """The frame as a file of its own, cut down to what lies between the axes."""
    left, bottom, wide, high = panel_box(shown.width / POINTS, shown.height / POINTS)
    x, y = left * shown.width - MARGIN, (1 - bottom - high) * shown.height - MARGIN
    width, height = wide * shown.width + 2 * MARGIN, high * shown.height + 2 * MARGIN
    box = " ".join(f"{v:.4g}" for v in (x, y, width, height))
    size = f'width="{width:.4g}" height="{height:.4g}"'
    inside = _COLOUR.sub(lambda m: colours[m[1]], without_text("\n".join(shown.lines)))
    return f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="{box}" {size}>\n{inside}</svg>\n'


def pictures(shown: Frame) -> dict[str, str]:
    """The picture on a light and on a dark page, by the ending of its name."""
    return {"": picture(shown, PALETTE), "-dark": picture(shown, DARK)}
