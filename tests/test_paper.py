"""Paper, and PDF from the browser: explorers with more of their settings, notes open, no break through a thing."""

import gzip
import re
import zlib

import pytest
from conftest import book_pages, by_chance

PAGES = [page for page in book_pages() if page.startswith("notebooks/")]
# Printing a page takes half a minute.
PRINTED = by_chance(PAGES, 2)
# Bytes, gzipped, of the pictures for paper: of one explorer, and of a page.
EXPLORER, PAGE = 60_000, 250_000
ON_PAPER = range(1, 4)
THINGS = ".claim, figure.explorer, form.exercise, div.math, .explorer-paper > div, article tr"
# Marks at both ends of each thing, and links to them: the PDF then says on which page each lies.
MARK = """things => {
    const links = document.createElement('p');
    const names = [];
    const all = [...document.querySelectorAll(things)].filter(node => node.checkVisibility());
    all.forEach((node, k) => {
        names.push(`${node.className || node.tagName} ${node.id} ${node.textContent.trim().slice(0, 40)}`);
        const inner = node.matches('tr') ? [node.cells[0], node.cells[node.cells.length - 1]] : [node, node];
        for (const [end, place] of [['first', inner[0]], ['last', inner[1]]]) {
            const mark = document.createElement('span');
            mark.id = `${end}-${k}`;
            mark.style.display = 'inline-block';
            end === 'first' ? place.prepend(mark) : place.append(mark);
            const link = document.createElement('a');
            link.href = `#${mark.id}`;
            link.textContent = '.';
            links.append(link);
        }
    });
    document.querySelector('article').append(links);
    return names;
}"""


def marks(pdf):
    """Of each mark the number of its page."""
    pages = [int(n) for n in re.findall(rb"(\d+) 0 obj\s*<<\s*/Type /Page\b", pdf)]
    found = re.findall(rb"/(first|last)-(\d+)\s*\[\s*(\d+) 0 R", pdf)
    order = {number: k for k, number in enumerate(sorted(pages))}
    return {(end.decode(), int(k)): order[int(page)] for end, k, page in found}


def drawn(pdf):
    """All that the pages of a PDF draw, as bytes."""
    out = b""
    for stream in re.findall(rb"stream\r?\n(.*?)\r?\nendstream", pdf, re.DOTALL):
        try:
            out += zlib.decompress(stream)
        except zlib.error:
            continue
    return out


@pytest.fixture(scope="module", params=PRINTED)
def printed(request, browser, book_url):
    """A page of the book, and what it asked for."""
    context = browser.new_context(viewport={"width": 1280, "height": 900})
    page = context.new_page()
    page.asked = []
    page.on("requestfinished", lambda r: page.asked.append(r.url))
    page.goto(f"{book_url}/{request.param}.html", wait_until="networkidle")
    yield page
    context.close()


def test_every_explorer_is_printed_with_more_of_its_settings(printed):
    figures = printed.locator("figure.explorer")
    assert not printed.locator(".explorer-paper").first.is_visible()
    assert not [url for url in printed.asked if "/paper/" in url]
    # Chromium waits for pictures when it prints, but not for long: on a busy machine they come in before the first PDF.
    printed.evaluate("dispatchEvent(new Event('beforeprint'))")
    printed.wait_for_function("[...document.querySelectorAll('.explorer-paper img')].every(img => img.complete)")
    pdf = printed.pdf(format="A4")
    wanted = set(printed.eval_on_selector_all(".explorer-paper img", "all => all.map(img => img.src)"))
    assert wanted <= set(printed.asked)
    for figure in figures.all():
        pictures = figure.locator(".explorer-paper img")
        assert pictures.count() in ON_PAPER
        start = figure.locator(".explorer-state").text_content()
        settings = figure.locator(".explorer-paper p").all_text_contents()
        assert len({start, *settings}) == len(settings) + 1
        assert all(pictures.evaluate_all("all => all.map(img => img.complete && img.naturalWidth > 0)"))
        assert all(pictures.evaluate_all("all => all.map(img => img.alt.length > 20)"))
    # What is in the pictures is in the PDF: without them it draws less.
    show = "(all, how) => all.forEach(img => (img.style.visibility = how))"
    printed.eval_on_selector_all(".explorer-paper img", show, "hidden")
    less = printed.pdf(format="A4")
    printed.eval_on_selector_all(".explorer-paper img", show, "")
    assert len(drawn(pdf)) - len(drawn(less)) > 2000 * len(wanted)


def test_no_break_goes_through_a_thing(printed):
    printed.emulate_media(media="print")
    names = printed.evaluate(MARK, THINGS)
    printed.emulate_media(media="null")
    found = marks(printed.pdf(format="A4"))
    assert len(found) > 1.8 * len(names)
    # A mark at the very edge of a page leaves no trace in the PDF.
    ends = [(name, found.get(("first", k)), found.get(("last", k))) for k, name in enumerate(names)]
    assert [name for name, first, last in ends if None not in (first, last) and first != last] == []


# --- once for the book ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_pictures_for_paper_come_from_a_folder_too(browser, book, script):
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto((book / f"{PAGES[0]}.html").as_uri())
    page.pdf()
    loaded = page.eval_on_selector_all(".explorer-paper img", "all => all.map(img => img.naturalWidth > 0)")
    assert len(loaded) >= 2
    assert all(loaded)
    context.close()


def test_pictures_for_paper_keep_their_budgets(book):
    pictures = list((book / "_static" / "paper").rglob("*.svg"))
    assert pictures
    for folder in {path.parent for path in pictures}:
        sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in pictures if path.parent == folder}
        assert sum(sizes.values()) <= PAGE, sizes
        for name in {re.sub(r"-\d+\.svg$", "", name) for name in sizes}:
            assert sum(size for file, size in sizes.items() if re.fullmatch(rf"{name}-\d+\.svg", file)) <= EXPLORER


def test_the_book_holds_the_pictures_that_its_pages_show_and_no_others(book):
    shown = set()
    for path in book.rglob("*.html"):
        text = path.read_text(encoding="utf-8")
        assert "paper:" not in re.findall(r'src="([^"]*)', text)
        shown |= {(path.parent / src).resolve() for src in re.findall(r'src="([^"]*_static/paper/[^"]*)"', text)}
    assert shown == {path.resolve() for path in (book / "_static" / "paper").rglob("*.*")}


@pytest.mark.parametrize("depth", ["story", "derivation", "everything"])
def test_drawing_code_and_buttons_stay_off_paper(browser, book_url, depth):
    page = browser.new_page(viewport={"width": 760, "height": 1000})
    page.goto(f"{book_url}/{PAGES[0]}.html?depth={depth}")
    page.emulate_media(media="print")
    away = ".tag_hide-input pre, button, input, select, nav, summary:has(+ *):not(.note > summary)"
    seen = page.eval_on_selector_all(
        away, "all => all.filter(node => node.checkVisibility()).map(node => node.outerHTML.slice(0, 90))"
    )
    assert [html for html in seen if "details" in html or "summary" not in html] == []
    assert page.locator("details.code pre").first.is_visible() == (depth != "story")
    assert page.locator(".explorer-paper").first.is_visible()
    page.close()
