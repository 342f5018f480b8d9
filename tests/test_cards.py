"""A published book: each page has a picture for where it is linked. Without the book's address there are none."""

import os
import re
from html import unescape

import pytest
import small_books
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from PIL import Image

ADDRESS = "https://example.org/derived"
FIGURE = """<figure class="explorer" id="explorer-waves" data-pack="packs/attention/98-waves/waves.js">
<svg class="explorer-panel" viewBox="0 0 10 10" role="img" aria-label="Waves &amp; more. scale = 1."></svg></figure>"""
TITLE = r"A title with $\frac{1}{\sqrt d}$ that is long enough to need a second line on its card, and no third one"


@pytest.fixture(scope="module")
def published(book, tmp_path_factory):
    """A book of two pages that was built for an address, as a folder."""
    folder = tmp_path_factory.mktemp("published")
    small_books.begin(folder)
    made = folder / "_generated"
    for kind, name in (("packs", "waves.js"), ("previews", "waves.png")):
        (made / kind / "attention" / "98-waves").mkdir(parents=True)
        target = made / kind / "attention" / "98-waves" / name
        if kind == "packs":
            target.write_text("explorerPack({});", encoding="utf-8")
        else:
            Image.new("RGB", (900, 300), "#0b66b0").save(target)
    cells = [
        new_markdown_cell(f"# {TITLE}\n\n**The question**: what is seen of $x$?"),
        new_code_cell("1", execution_count=1, outputs=[new_output("display_data", {"text/html": FIGURE})]),
    ]
    small_books.write_notebook(folder, "notebooks/attention/98-waves", cells)
    (folder / "index.md").write_text(f"# A book\n\nWith $x$.\n\n```{{raw}} html\n{FIGURE}\n```\n", encoding="utf-8")
    (folder / "words.md").write_text("# Words\n\nWithout a picture.\n", encoding="utf-8")
    toc = "format: jb-book\nroot: index\nchapters:\n- file: notebooks/attention/98-waves\n- file: words\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    return small_books.build(folder, BOOK_ADDRESS=ADDRESS + "/")


def metas(page):
    text = page.read_text(encoding="utf-8")
    return {
        key: unescape(value) for key, value in re.findall(r'<meta (?:name|property)="([^"]+)" content="([^"]*)"', text)
    }


@pytest.mark.parametrize("page", ["index", "words", "notebooks/attention/98-waves"])
def test_each_page_has_a_picture_at_the_books_address(published, page):
    found = metas(published / f"{page}.html")
    assert found["og:url"] == f"{ADDRESS}/{page}.html"
    assert found["twitter:card"] == "summary_large_image"
    assert found["og:image"].startswith(f"{ADDRESS}/_static/cards/")
    with Image.open(published / found["og:image"].removeprefix(f"{ADDRESS}/")) as picture:
        assert picture.format == "PNG"
        assert (str(picture.width), str(picture.height)) == (found["og:image:width"], found["og:image:height"])
        assert picture.size == (1200, 630)
        # The title in ink at the top, the frame below it, the edges white.
        assert min(picture.convert("L").crop((0, 0, 1200, 140)).tobytes()) < 60
        assert picture.getpixel((600, 350)) == (11, 102, 176)
        assert {picture.getpixel((x, y)) for x in (1, 1198) for y in (1, 628)} == {(255, 255, 255)}
    assert found["og:image:alt"].startswith(found["og:title"])
    assert "Waves & more" in found["og:image:alt"]
    assert not re.search(r"[\\${}]", " ".join(found[key] for key in found if "og:" in key))


def test_two_pages_have_two_pictures(published):
    pages = sorted(metas(page)["og:image"] for page in published.rglob("*.html") if "og:image" in metas(page))
    assert len(set(pages)) == len(pages) >= 3


def test_a_book_without_an_address_has_no_pictures(book, pages):
    if "BOOK_ADDRESS" in os.environ:
        pytest.skip("this book was built for an address")
    for page in pages:
        assert not {"og:image", "twitter:card"} & set(metas(book / page)), page
    assert not (book / "_static" / "cards").exists()
