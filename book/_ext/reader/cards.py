"""The picture that stands for a page where somebody links to it: its title above the start of its first explorer."""

import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path
from typing import Any

import matplotlib
from docutils import nodes
from PIL import Image, ImageDraw, ImageFont
from sphinx.application import Sphinx

from companion.teaching.plotting import PALETTE

WIDTH, HEIGHT = 1200, 630
_EDGE, _TITLE, _PICTURE, _FOOT = 44, 34, 152, 34
_LINES = 2
_EXPLORER = re.compile(r'data-pack="packs/([^"]+)\.js".*?aria-label="(?P<alt>[^"]*)">', re.DOTALL)
Font = ImageFont.FreeTypeFont


def font(size: int, bold: bool = False) -> Font:
    """The figures' font."""
    folder = Path(matplotlib.get_data_path()) / "fonts" / "ttf"
    return ImageFont.truetype(str(folder / f"DejaVuSans{'-Bold' if bold else ''}.ttf"), size)


def first_explorer(document: nodes.document) -> tuple[str, str] | None:
    """Name and text alternative of the first explorer on a page."""
    for raw in document.findall(nodes.raw):
        if found := _EXPLORER.search(raw.astext()):
            return found[1], unescape(found["alt"])
    return None


def wrapped(words: str, face: Font, room: int) -> Iterator[str]:
    """A title line by line."""
    line = ""
    for word in words.split():
        longer = f"{line} {word}".strip()
        if line and face.getlength(longer) > room:
            yield line
            longer = word
        line = longer
    yield line


def draw(title: str, site: str, picture: Path, target: Path) -> None:
    """Write the card as a PNG."""
    page = Image.new("RGB", (WIDTH, HEIGHT), PALETTE["paper"])
    pen = ImageDraw.Draw(page)
    room = WIDTH - 2 * _EDGE
    for size in (46, 40, 34, 28):
        lines = list(wrapped(title, font(size, bold=True), room))
        if len(lines) <= _LINES:
            break
    for k, line in enumerate(lines[:_LINES]):
        pen.text((_EDGE, _TITLE + 1.25 * size * k), line, PALETTE["ink"], font(size, bold=True))
    foot = HEIGHT - _FOOT
    with Image.open(picture) as frame:
        scale = min(room / frame.width, (foot - 22 - _PICTURE) / frame.height)
        small = frame.convert("RGB").resize(
            (int(scale * frame.width), int(scale * frame.height)), Image.Resampling.LANCZOS
        )
    page.paste(small, ((WIDTH - small.width) // 2, _PICTURE))
    pen.text((WIDTH - _EDGE, foot), site, PALETTE["muted"], font(24), anchor="rm")
    target.parent.mkdir(parents=True, exist_ok=True)
    page.save(target, "PNG", optimize=True)


def card(app: Sphinx, pagename: str, document: Any, title: str) -> tuple[str, str] | None:
    """Draw a page's card; return where it lies below the book's address, and its text alternative.

    A page without an explorer takes the one of the first page. None if there is none either.
    """
    found = first_explorer(document) or first_explorer(app.env.get_doctree(app.config.root_doc))
    if found is None:
        return None
    name, alt = found
    place = f"_static/cards/{pagename.replace('/', '-')}.png"
    site = app.config.html_title or app.config.project
    draw(title, site, Path(app.srcdir) / "_generated" / "previews" / f"{name}.png", Path(app.outdir) / place)
    return place, f"{title}. {alt}"
