"""The first page: one sentence, an explorer that moves, a card for each notebook, the map; and the book's typefaces."""

import gzip
import json
import re
from urllib.parse import urlsplit
from xml.etree import ElementTree

import catalogue
import covers
import front_page
import nbformat
import pytest
from conftest import book_pages
from fontTools.ttLib import TTFont
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from companion.teaching import Choice, Cover, Range, explore
from companion.teaching.bake import bake
from companion.teaching.plotting import DARK, PALETTE, label_line

WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 390, "height": 844}
WEIGHT = 500_000
HAN = re.compile("[\u3400-\u9fff]")
NOTEBOOKS = [page for page in book_pages() if page.startswith("notebooks/")]


# --- what is read from a notebook ------------------------------------------------------------------------------------


def written(first="", remember="- It is one. It is two."):
    return new_notebook(
        cells=[
            new_markdown_cell(f"# A title\n\n*标题:甲* · 苏剑林\n\n**The question**: is $x$ one?\n\n{first}"),
            new_markdown_cell(f"## Remember\n\n{remember}\n\nAnd so on."),
        ]
    )


def test_question_and_original_title_come_from_the_first_cell():
    assert front_page.question(written()) == "Is $x$ one?"
    assert front_page.original(written()) == "标题:甲"


@pytest.mark.parametrize(
    ("item", "found"),
    [
        ("- It is one. It is two.\n- No more.", "It is one. It is two."),
        ("- It is\n  one.", "It is one."),
        ("* See [there](x.ipynb).", "See there."),
        (f"- It is one. It is {'very ' * 40}long.", "It is one."),
        (f"- It is {'very ' * 40}long. It is one.", f"It is {'very ' * 40}long."),
        ("- With $\\alpha=1. 5$ it is." + " It is long." * 20, None),
    ],
)
def test_what_was_found_is_the_first_item_of_remember_in_whole_sentences(item, found):
    text = front_page.finding(written(remember=item))
    assert text == found if found else text.startswith("With $\\alpha=1. 5$ it is. It is long.")
    assert text.endswith(".")


def test_a_notebook_without_remember_is_named():
    with pytest.raises(SystemExit, match="'A title' has no list under"):
        front_page.finding(written(remember="Nothing."))


def test_needs_are_the_links_behind_needs_and_before():
    file = "notebooks/training/02-b"
    first = "*Needs*: [A](01-a.ipynb), [S](../sequence/03-s4.ipynb#x), [A](01-a.ipynb), [p](https://a.b/c.ipynb). "
    first += "*Next*: [C](03-c.ipynb)."
    assert front_page.needs(file, written(first)) == ["notebooks/training/01-a", "notebooks/sequence/03-s4"]
    assert front_page.needs(file, written("*Before*: [A](01-a.ipynb). *After*: [C](03-c.ipynb).")) == [
        "notebooks/training/01-a"
    ]
    assert front_page.needs(file, written("*Next*: [C](03-c.ipynb).")) == []


# --- the picture ------------------------------------------------------------------------------------------------------


@pytest.fixture
def baked(tmp_path):
    """The HTML of an explorer whose panels are a blue and an orange line, and the folder of its pack."""

    def make(cover=None):
        def lines(axes, k, word):
            """Left: a line. Right: a/b, another.

            Notice: it rises.
            """
            for one, colour in zip(axes, ("blue", "orange"), strict=True):
                one.plot([0, 1], [0, k], color=PALETTE[colour])
                one.plot([0.2, 0.4, 0.6], [0.1, 0.2, 0.3], "o", color=PALETTE["red"])
                label_line(one, 0.5, 0.5, f"{word} $\\sqrt{{x}}/2$", color="green")
                one.set(title="A title", xlabel="x", ylim=(0, 4))

        made = explore(
            panels=2, cover=cover, k=Range(1, 4, 1, start=2, label="slope"), word=Choice(["one", "two"]),
        )(lines)  # fmt: skip
        return bake(made, tmp_path, "part/01"), tmp_path

    return make


def test_a_picture_shows_lines_and_marks_without_words_in_both_colours(baked):
    shown = covers.frame(*baked())
    pictures = covers.pictures(shown)
    assert shown.words == "A line. slope = 2, word = one."
    for end, colours in (("", PALETTE), ("-dark", DARK)):
        svg = pictures[f"{end}"]
        tree = ElementTree.fromstring(svg)
        assert {colours["blue"], colours["red"]} <= set(re.findall(r"#[0-9a-f]{6}", svg))
        assert colours["green"] not in svg
        assert "var(" not in svg
        assert "DejaVu" not in svg
        defined = {e.get("id") for e in tree.iter() if e.get("id")}
        assert set(re.findall(r'(?:href="#|url\(#)([^")]+)', svg)) == defined
        assert len(list(tree.iter("{http://www.w3.org/2000/svg}use"))) == 3
    # Cut down to the axes.
    assert float(tree.get("width")) < shown.width
    assert float(tree.get("height")) < shown.height


def test_the_author_chooses_panel_and_setting(baked):
    first = covers.frame(*baked()).lines
    shown = covers.frame(*baked(Cover(2, k=4)))
    assert shown.words == "A/b, another. slope = 4, word = one."
    assert PALETTE["orange"] in covers.picture(shown, PALETTE)
    assert shown.lines != first
    assert covers.frame(*baked(Cover(1))).lines == first


def test_one_explorer_of_a_notebook_has_the_cover(baked):
    plain, covered = baked()[0], baked(Cover(1))[0]
    assert covers.chosen([plain, covered]) == covered
    assert covers.chosen([plain, plain]) == plain
    with pytest.raises(ValueError, match="2 of 2 explorers have a cover"):
        covers.chosen([covered, covered])


# --- a book of thirty-six ---------------------------------------------------------------------------------------------


def test_thirty_six_notebooks_have_their_cards_and_places(baked):
    figure, _ = baked()
    book = []
    for part in ("Attention", "Sequences", "Low rank", "Representation", "Diffusion", "Training"):
        folder = part.lower().replace(" ", "")
        files = []
        for n in range(1, 7):
            notebook = written(f"*Needs*: [before]({n - 1:02d}-x.ipynb) and [that](../attention/01-x.ipynb).")
            notebook.cells.append(
                new_code_cell(outputs=[new_output("display_data", {"text/html": figure, "text/plain": ""})])
            )
            files.append((f"notebooks/{folder}/{n:02d}-x", notebook))
        book.append((part, files))
    parts = front_page.book_of(book)
    cards = front_page.cards(parts, {one.file: "A picture." for _, files in parts for one in files})
    drawn = front_page.drawn_map(parts)
    for _, files in book:
        for file, _ in files:
            assert cards.count(f'<h3><a href="{file}.html">') == 1
            assert drawn.count(f'<a href="{file}.html">') == 1
    # From the notebook before, but for the six first ones, and from attention/01 but for itself and, again, for 02.
    arcs = ElementTree.fromstring(re.search("<svg.*?</svg>", drawn)[0])
    assert len(arcs) == 30 + 36 - 2
    # The explorer that the first page wants is in none of them: the picture of the first moves.
    assert front_page.landing(parts).endswith('<a href="notebooks/attention/01-x.html">A title</a></p>\n')
    assert "36 notebooks · 36 explorers" in front_page.summary(book, parts)


# --- the page in a browser --------------------------------------------------------------------------------------------


@pytest.fixture
def opened(browser):
    """Opens pages, in a context with the options given; no page may complain."""
    contexts, complaints = [], []

    def go(address, **options):
        context = browser.new_context(**{"viewport": WIDE, **options})
        contexts.append(context)
        page = context.new_page()
        page.on("pageerror", lambda error: complaints.append(str(error)))
        page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
        page.asked, page.answers = [], []
        page.on("request", lambda r: page.asked.append(r.url))
        page.on("response", lambda r: page.answers.append(r))
        page.goto(address, wait_until="networkidle")
        return page

    yield go
    for context in contexts:
        context.close()
    assert complaints == []


def through(page):
    """Scroll from top to bottom, so that all that comes late has come."""
    page.evaluate(
        """async () => {
            for (let y = 0; y < document.body.scrollHeight; y += 400) {
                scrollTo(0, y);
                await new Promise(requestAnimationFrame);
            }
            const seen = [...document.images].filter(i => i.checkVisibility());
            seen.forEach(i => (i.loading = 'eager'));
            await Promise.all(seen.map(i => i.decode()));
        }"""
    )
    page.wait_for_load_state("networkidle")


CARDS = """() => [...document.querySelectorAll('.front-card')].map(card => {
    const picture = [...card.querySelectorAll('img')].filter(i => i.checkVisibility());
    const link = card.querySelector('h3 a');
    return {
        href: link.getAttribute('href'), title: link.textContent, pictures: picture.length,
        drawn: picture.every(i => i.naturalWidth > 50 && i.clientHeight > 80), alt: picture[0]?.alt ?? '',
        question: card.querySelector('.front-question').innerText.trim(),
        finding: card.querySelector('.front-finding').innerText.trim(),
    };
})"""


@pytest.mark.parametrize("options", [{}, {"color_scheme": "dark"}, {"java_script_enabled": False}])
def test_every_notebook_has_a_card(opened, book_url, options):
    page = opened(f"{book_url}/index.html", **options)
    if options.get("java_script_enabled", True):
        through(page)
    cards = page.evaluate(CARDS)
    assert [card["href"] for card in cards] == [f"{page}.html" for page in NOTEBOOKS]
    for card in cards:
        assert card["pictures"] == 1, card
        assert card["drawn"] or not options.get("java_script_enabled", True), card
        assert card["question"].endswith("?"), card
        assert len(card["finding"]) > 20, card
        assert len(card["alt"]) > 20, card
    assert len({card["finding"] for card in cards}) == len(cards)


def test_pictures_follow_the_theme(opened, book_url):
    page = opened(f"{book_url}/index.html")
    shown = "() => [...document.querySelectorAll('.front-card img')].filter(i => i.checkVisibility()).map(i => i.src)"
    light = page.evaluate(shown)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert page.evaluate(shown) == [src.replace(".svg", "-dark.svg") for src in light]


def test_a_card_is_a_link_all_over(opened, book_url):
    page = opened(f"{book_url}/index.html")
    # The link lies above the words: it is what a click on them meets.
    page.locator(".front-finding").first.click(force=True)
    page.wait_for_url(f"**/{NOTEBOOKS[0]}.html")


def test_the_map_has_every_notebook_and_an_arc_for_every_need(opened, book, book_url):
    page = opened(f"{book_url}/index.html", viewport=PHONE, has_touch=True)
    links = page.locator(".front-map li a")
    assert links.evaluate_all("all => all.map(a => a.getAttribute('href'))") == [f"{p}.html" for p in NOTEBOOKS]
    root = catalogue.ROOT
    wanted = [n for page in NOTEBOOKS for n in front_page.needs(page, nbformat.read(root / f"{page}.ipynb", 4))]
    assert page.locator(".front-map path").count() == len(wanted) > 0
    # On a phone every title is a row that a finger can hit, arcs end at the rows, and nothing is cut off.
    rows = page.locator(".front-map li")
    assert min(rows.evaluate_all("all => all.map(li => li.clientHeight)")) >= 44
    assert links.evaluate_all("all => all.filter(a => a.offsetHeight > a.closest('li').clientHeight)") == []
    ends = page.evaluate(
        """() => [...document.querySelectorAll('.front-map path')].map(path => {
            const row = name => [...path.classList].find(c => c.startsWith(name)).slice(name.length);
            const middle = box => box.top + box.height / 2;
            const at = id => middle(document.getElementById(`map-${id}`).getBoundingClientRect());
            const box = path.getBoundingClientRect();
            return [at(row('from-')) - box.top, at(row('to-')) - box.bottom];
        })"""
    )
    assert max(abs(gap) for pair in ends for gap in pair) < 8


def test_a_title_that_is_pointed_at_shows_its_own_arcs(opened, book_url):
    page = opened(f"{book_url}/index.html")
    item = page.locator(".front-map li:has(.visually-hidden)").first
    number = item.get_attribute("id").removeprefix("map-")
    look = "all => all.map(path => Number(getComputedStyle(path).opacity))"
    own, other = f".front-map :is(.to-{number}, .from-{number})", f".front-map path:not(.to-{number}, .from-{number})"
    assert max(page.locator(own).evaluate_all(look)) < 1
    item.locator("a").focus()
    page.keyboard.press("Shift+Tab")
    page.keyboard.press("Tab")
    assert set(page.locator(own).evaluate_all(look)) == {1}
    assert max(page.locator(other).evaluate_all(look)) < 1


PICTURE = "f => f.querySelector('.explorer-panels').shadowRoot.innerHTML.replace(/<style.*?style>/s, '')"


@pytest.mark.parametrize("where", ["served", "from a folder"])
def test_the_explorer_of_the_first_page_moves_without_a_kernel(opened, book, book_url, where):
    page = opened(f"{book_url}/index.html" if where == "served" else (book / "index.html").as_uri())
    figure = page.locator("figure.explorer")
    assert figure.count() == 1
    assert figure.evaluate("f => f.getBoundingClientRect().top") < WIDE["height"] / 2
    page.wait_for_function("f => !f.hasAttribute('aria-busy')", arg=figure.element_handle())
    before = figure.evaluate(PICTURE)
    figure.locator("input[type=range]").first.focus()
    page.keyboard.press("ArrowRight")
    page.keyboard.press("ArrowRight")
    page.wait_for_function(f"([f, old]) => ({PICTURE})(f) !== old", arg=[figure.element_handle(), before])


def test_the_first_page_is_light_and_asks_nobody_else(opened, book_url):
    page = opened(f"{book_url}/index.html")
    through(page)
    sizes = {answer.url: len(gzip.compress(answer.body())) for answer in page.answers if "/packs/" not in answer.url}
    assert sum(sizes.values()) < WEIGHT, sizes
    assert {urlsplit(url).netloc for url in page.asked if not url.startswith("data:")} == {urlsplit(book_url).netloc}


def test_the_search_finds_pages_and_its_index_comes_with_the_results_only(opened, book_url):
    assert not [url for url in opened(f"{book_url}/index.html").asked if "search" in url]
    found = opened(f"{book_url}/search.html?q=softmax").locator("#search-results li a")
    found.first.wait_for()
    assert any("notebooks/attention/" in link for link in found.evaluate_all("all => all.map(a => a.href)"))


def test_the_search_finds_pages_from_a_folder(browser, book):
    """It finds them; the lines around the word it would have to read from the pages, which no folder allows."""
    page = browser.new_page()
    page.goto(f"{book.as_uri()}/search.html?q=softmax")
    page.locator("#search-results li a[href*='notebooks/attention/']").first.wait_for()
    page.close()


# --- typefaces --------------------------------------------------------------------------------------------------------


def fonts_of(page, selector):
    """The fonts that an element's text is really set in: (family, whether the page brought it)."""
    session = page.context.new_cdp_session(page)
    session.send("DOM.enable")
    session.send("CSS.enable")
    root = session.send("DOM.getDocument")["root"]["nodeId"]
    node = session.send("DOM.querySelector", {"nodeId": root, "selector": selector})["nodeId"]
    fonts = session.send("CSS.getPlatformFontsForNode", {"nodeId": node})["fonts"]
    # Some files name their weight in the family, and not the one that they have.
    return {(re.sub(" (ExtraLight|SemiBold)$", "", font["familyName"]), font["isCustomFont"]) for font in fonts}


def test_text_and_code_are_set_in_the_books_own_typefaces(opened, book_url):
    page = opened(f"{book_url}/{NOTEBOOKS[0]}.html")
    assert fonts_of(page, "article section > p:not(:has(*))") == {("Source Serif 4", True)}
    assert fonts_of(page, "article h1") == {("Source Serif 4", True)}
    assert ("Source Code Pro", True) in fonts_of(page, "article .cell.claims pre")
    asked = [url for url in page.asked if "fonts/source-" in url]
    assert asked
    assert len(asked) == len(set(asked)), "preloaded, and then fetched again"


def test_figures_and_code_may_be_wider_than_text(opened, book_url):
    page = opened(f"{book_url}/{NOTEBOOKS[0]}.html")
    width = "selector => document.querySelector(selector).getBoundingClientRect().width"
    text = page.evaluate(width, "article section > p:not([class])")
    assert page.evaluate(width, "article figure.explorer") > 1.1 * text
    assert page.evaluate(width, "article .cell.claims pre") > 1.1 * text


def test_chinese_is_set_in_the_readers_own_font(opened, book_url):
    page = opened(f"{book_url}/{NOTEBOOKS[0]}.html")
    fonts = {font for font, _ in fonts_of(page, "article [lang=zh]")}
    assert fonts
    assert not any("Source" in font for font in fonts), fonts


def test_every_icon_has_its_sign_in_the_font(opened, book, book_url):
    """The icon font is cut down to what the pages show: on a phone, where buttons are more, none is an empty box."""
    drawn = set(TTFont(book / "_static" / "vendor" / "fontawesome" / "webfonts" / "fa-solid-900.woff").getBestCmap())
    for options in ({}, {"viewport": PHONE}):
        page = opened(f"{book_url}/{NOTEBOOKS[0]}.html", **options)
        signs = page.eval_on_selector_all(
            "i[class*='fa-']", "all => all.map(i => [i.className, getComputedStyle(i, '::before').content])"
        )
        assert len(signs) > 5
        assert [name for name, sign in signs if ord(sign.strip('"')[0]) not in drawn] == []


def test_the_typefaces_licences_come_with_them(book):
    fonts = book / "_static" / "fonts"
    for font in fonts.glob("*.woff2"):
        (licence,) = (f for f in fonts.glob("OFL-*.txt") if font.name.startswith(f.stem.removeprefix("OFL-")))
        assert "SIL OPEN FONT LICENSE" in licence.read_text(encoding="utf-8")
    lock = json.loads((catalogue.ROOT / "book" / "package-lock.json").read_text(encoding="utf-8"))
    assert all("integrity" in entry for name, entry in lock["packages"].items() if "@fontsource" in name)
