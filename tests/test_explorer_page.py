"""Explorers on a page: from a folder as from a server, beside broken ones, unseen, on paper, on a narrow screen."""

import gzip
import json
import re

import pytest
from conftest import OPEN_NOTES, by_chance, pages_with_explorers
from playwright.sync_api import expect

EXPLORER_BUDGET = 1_500_000
PAGE_BUDGET = 3_000_000
SMALLEST_TARGET = 24
WIDTHS = (1280, 690, 390, 320)

LOOKS = """figure => [...figure.querySelector('.explorer-panels').shadowRoot.querySelectorAll('.explorer-panel')]
    .map(svg => [...svg.children].filter(g => !g.matches('style, .explorer-ghost')).map(g => g.outerHTML).join(''))
    .join('|') + figure.querySelector('.explorer-numbers').textContent"""
# The longest words that an explorer may have to show: its values' and its pin's.
LONGEST = """figure => {
    figure.scrollIntoView();
    const {parameters} = JSON.parse(figure.querySelector('.explorer-spec').textContent);
    figure.querySelectorAll('input[type=range]').forEach(slider => {
        const {values} = parameters.find(parameter => slider.id === `${figure.id}-${parameter.name}`);
        const lengths = values.map(value => value.length);
        slider.value = lengths.indexOf(Math.max(...lengths));
        slider.dispatchEvent(new Event('input', {bubbles: true}));
    });
    [...figure.querySelectorAll('button')].find(button => button.textContent === 'Pin').click();
}"""
# What lies on something else, leaves its figure, or does not show all its words.
CROWDED = """figure => {
    const all = selector => [...figure.querySelectorAll(selector)];
    const words = node => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return [...range.getClientRects()];
    };
    const said = node => `${node.tagName.toLowerCase()} "${node.textContent.slice(0, 50) || node.id}"`;
    const boxes = [
        ...all('label, output, dt, dd').flatMap(node => words(node).map(box => ({node, box}))),
        ...all('input, select, button').map(node => ({node, box: node.getBoundingClientRect()})),
    ].filter(({box}) => box.width && box.height);
    const frame = figure.getBoundingClientRect();
    const found = boxes.filter(({box}) => box.left < frame.left - 0.5 || box.right > frame.right + 0.5)
        .map(({node}) => `${said(node)} leaves the figure`);
    boxes.forEach((a, i) => boxes.slice(i + 1).filter(b => b.node !== a.node).forEach(b => {
        const wide = Math.min(a.box.right, b.box.right) - Math.max(a.box.left, b.box.left);
        const high = Math.min(a.box.bottom, b.box.bottom) - Math.max(a.box.top, b.box.top);
        if (wide > 1 && high > 3) found.push(`${said(a.node)} lies on ${said(b.node)}`);
    }));
    const ink = document.createElement('canvas').getContext('2d');
    for (const select of figure.querySelectorAll('select')) {
        const style = getComputedStyle(select);
        ink.font = style.font;
        const room = select.clientWidth - parseFloat(style.paddingLeft) - parseFloat(style.paddingRight);
        const longest = Math.max(...[...select.options].map(option => ink.measureText(option.text).width));
        if (longest > room) found.push(`${said(select)} cuts its options`);
    }
    return found;
}"""
# An explorer is as wide without the text around it, and a page without text is soon laid out.
ALONE = "section > :not(section, figure, :has(figure.explorer)), .cell_input { display: none !important; }"
SMALL = f"""figure => [...figure.querySelectorAll('input, select, button')]
    .map(node => [node, node.getBoundingClientRect()])
    .filter(([_, box]) => box.height && Math.min(box.width, box.height) < {SMALLEST_TARGET})
    .map(([node, box]) => `${{node.id || node.textContent}}: ${{box.width}} x ${{box.height}}`)"""


def looks(figure):
    """The pictures and the numbers that an explorer shows."""
    return figure.evaluate(LOOKS)


def wait_until_it_looks_other_than(figure, look):
    figure.page.wait_for_function(
        f"([figure, look]) => ({LOOKS})(figure) !== look", arg=[figure.element_handle(), look]
    )


def press(figure, key):
    """Press a key on the first slider."""
    figure.locator("input[type=range]").first.focus()
    figure.page.keyboard.press(key)


def moves(figure):
    """Whether the first slider moves the picture and Reset brings it back; fails by waiting in vain."""
    figure.scroll_into_view_if_needed()
    start = looks(figure)
    # To the end that is farther off: a single step may change nothing that can be seen.
    slider = figure.locator("input[type=range]").first
    press(figure, slider.evaluate("s => 2 * s.value > Number(s.max) ? 'Home' : 'End'"))
    wait_until_it_looks_other_than(figure, start)
    moved = looks(figure)
    figure.get_by_role("button", name="Reset").click()
    wait_until_it_looks_other_than(figure, moved)
    return looks(figure) == start


def changed_in(page, url_pattern, change):
    """Serve what matches the pattern as `change` rewrites it."""

    def answer(route):
        found = route.fetch()
        route.fulfill(response=found, body=change(found.text()))

    page.route(url_pattern, answer)


@pytest.fixture(scope="module")
def pages(book):
    """The pages that show explorers."""
    found = sorted(path.relative_to(book).as_posix() for path in book.rglob("*.html"))
    return [path for path in found if 'class="explorer"' in (book / path).read_text(encoding="utf-8")]


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.complaints = []
    page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
    page.on("pageerror", lambda e: page.complaints.append(str(e)))
    yield page
    context.close()


# --- from a folder --------------------------------------------------------------------------------------------------


def test_every_explorer_moves_when_the_book_is_opened_from_a_folder(page, book, pages):
    """On pages chosen by chance, since all of them load their packs alike; test_book.py moves each from a server."""
    for path in by_chance(pages, 4):
        page.goto((book / path).as_uri())
        page.evaluate(OPEN_NOTES)
        for figure in page.locator("figure.explorer").all():
            assert moves(figure), path
        assert page.complaints == [], path


def test_the_folder_may_have_any_name(page, book, tmp_path, light):
    folder = tmp_path / "Bücher & 科学 #1 50%"
    folder.symlink_to(book)
    page.goto((folder / light).as_uri())
    page.evaluate(OPEN_NOTES)
    assert "%20" in page.url
    for figure in page.locator("figure.explorer").all():
        assert moves(figure)
    assert page.complaints == []


@pytest.mark.parametrize("home", ["folder", "server"])
def test_a_setting_lives_in_the_address(page, book, book_url, home, light):
    page.goto((book / light).as_uri() if home == "folder" else f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    figure.scroll_into_view_if_needed()
    start = looks(figure)
    press(figure, "End")
    wait_until_it_looks_other_than(figure, start)
    at_end = looks(figure)
    page.wait_for_url(re.compile(r"\?"))
    address = page.url
    figure.get_by_role("button", name="Link").click()
    expect(figure.get_by_role("button", name=re.compile("Copied|In the address bar"))).to_be_visible()
    assert page.url == f"{address}#{figure.get_attribute('id')}"

    page.goto("about:blank")
    page.go_back()
    wait_until_it_looks_other_than(figure, start)
    assert looks(figure) == at_end

    page.evaluate("location.hash = 'elsewhere'")
    figure.get_by_role("button", name="Reset").click()
    wait_until_it_looks_other_than(figure, at_end)
    page.wait_for_url(lambda url: "?" not in url)
    page.go_back()
    wait_until_it_looks_other_than(figure, start)
    assert looks(figure) == at_end
    page.go_forward()
    wait_until_it_looks_other_than(figure, at_end)
    assert looks(figure) == start


def test_a_pin_stays_while_the_slider_moves_from_a_folder(page, book, light):
    page.goto((book / light).as_uri())
    figure = page.locator("figure.explorer").first
    figure.get_by_role("button", name="Pin").click()
    ghost, start = figure.locator(".explorer-ghost").first.inner_html(), looks(figure)
    press(figure, "End")
    wait_until_it_looks_other_than(figure, start)
    assert figure.locator(".explorer-ghost").first.inner_html() == ghost
    expect(figure.get_by_role("button", name="Pinned:")).to_have_attribute("aria-pressed", "true")


# --- play -----------------------------------------------------------------------------------------------------------


def test_reset_stops_the_sweep(page, book_url, light):
    page.goto(f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    start = looks(figure)
    figure.get_by_role("button", name="Play").click()
    wait_until_it_looks_other_than(figure, start)
    figure.get_by_role("button", name="Reset").click()
    expect(figure.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    page.wait_for_timeout(600)
    assert looks(figure) == start


HIDE = """hidden => {
    Object.defineProperty(document, 'hidden', {configurable: true, get: () => hidden});
    document.dispatchEvent(new Event('visibilitychange'));
}"""


@pytest.mark.parametrize("unseen", ["scrolled away", "another tab"])
def test_the_sweep_waits_while_nobody_sees_it(page, book_url, unseen, light):
    def see(yes):
        if unseen == "another tab":
            page.evaluate(HIDE, not yes)
        else:
            page.evaluate("y => scrollTo({top: y, behavior: 'instant'})", top if yes else top + 2500)

    page.goto(f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    figure.scroll_into_view_if_needed()
    top, start = page.evaluate("scrollY"), looks(figure)
    figure.get_by_role("button", name="Play").click()
    wait_until_it_looks_other_than(figure, start)
    see(False)
    page.wait_for_timeout(400)
    resting = looks(figure)
    page.wait_for_timeout(700)
    assert looks(figure) == resting
    see(True)
    wait_until_it_looks_other_than(figure, resting)


def test_readers_who_want_little_motion_get_one_slow_round(browser, book_url, light):
    context = browser.new_context(reduced_motion="reduce")
    page = context.new_page()
    page.clock.install()
    page.goto(f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    slider = figure.locator("input[type=range]").first
    figure.scroll_into_view_if_needed()
    steps, start = int(slider.get_attribute("max")) + 1, slider.input_value()
    # From here on the page's time is ours alone: a busy machine does not make it pass.
    page.clock.pause_at(page.evaluate("Date.now()") + 1000)
    figure.get_by_role("button", name="Play").click()
    page.clock.run_for(800)
    assert slider.input_value() == start
    page.clock.run_for(1000 * (steps + 2))
    expect(figure.get_by_role("button", name="Play")).to_have_attribute("aria-pressed", "false")
    assert slider.input_value() == start
    context.close()


# --- what may go wrong ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "broken", ['{"panels": 2, "parameters": [{', "{}", '{"parameters": [{"name": "a", "values": ["1"], "start": 4}]}']
)
def test_one_broken_figure_does_not_stop_the_others(page, book_url, broken, light):
    spec = re.compile(r'(<script type="application/json" class="explorer-spec">).*?(</script>)', re.DOTALL)
    changed_in(page, f"**/{light}", lambda html: spec.sub(rf"\g<1>{broken}\g<2>", html, count=1))
    page.goto(f"{book_url}/{light}")
    page.evaluate(OPEN_NOTES)
    first, *others = page.locator("figure.explorer").all()
    expect(first.get_by_role("alert")).to_contain_text("This figure is damaged")
    assert first.locator("svg.explorer-panel").first.bounding_box()["height"] > 100
    assert first.locator(".explorer-state").is_visible()
    assert first.locator(":is(input, select, button):visible").count() == 0
    assert len(others) >= 2
    assert all(moves(figure) for figure in others)


def without_frames(found):
    """A pack's data with as many frames, of which none holds a picture."""
    data = json.loads(found[0])
    return json.dumps({**data, "frames": [None] * len(data["frames"])})


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda pack: re.sub(r'"hash":"\w+"', '"hash":"0123456789abcdef"', pack), "another version of this page"),
        (lambda pack: re.sub(r'"format":\d+', '"format":1', pack), "another version of this page"),
        (lambda pack: pack[: len(pack) // 2], "damaged"),
        (lambda pack: "<!doctype html><p>Please log in", "damaged"),
        (lambda pack: "", "damaged"),
        (lambda pack: re.sub(r'"frames":\[', '"frames":[[[]],', pack), "damaged"),
        (lambda pack: re.sub(r"\{.*\}", without_frames, pack, flags=re.DOTALL), "damaged"),
    ],
    ids=["hash", "format", "cut", "another page", "empty", "too many frames", "frames missing"],
)
def test_a_pack_that_cannot_be_used_is_announced_and_can_be_tried_again(page, book_url, change, said, light):
    changed_in(page, "**/packs/**", change)
    page.goto(f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    start = looks(figure)
    figure.locator("input[type=range]").first.focus()
    page.keyboard.press("Home")
    expect(figure.get_by_role("alert")).to_contain_text(said)
    assert looks(figure) == start
    page.unroute_all()
    figure.get_by_role("button", name="Try again").click()
    wait_until_it_looks_other_than(figure, start)
    assert figure.get_by_role("alert").inner_text() == ""
    assert not figure.get_by_role("button", name="Try again").is_visible()


def test_a_lost_pack_is_announced_when_the_folder_is_incomplete(page, book, tmp_path, light):
    html = (book / light).read_text(encoding="utf-8")
    (tmp_path / "page.html").write_text(
        html.replace("../../_static/", f"{(book / '_static').as_uri()}/").replace(
            'data-pack="packs/', 'data-pack="no/'
        ),
        encoding="utf-8",
    )
    page.goto((tmp_path / "page.html").as_uri())
    figure = page.locator("figure.explorer").first
    press(figure, "End")
    expect(figure.get_by_role("alert")).to_contain_text("could not be loaded")


def test_a_browser_without_constructable_style_sheets_has_sliders_too(page, book_url, light):
    page.add_init_script(
        """delete window.CSSStyleSheet;
        delete Document.prototype.adoptedStyleSheets;
        delete ShadowRoot.prototype.adoptedStyleSheets;"""
    )
    page.goto(f"{book_url}/{light}")
    figure = page.locator("figure.explorer").first
    assert moves(figure)
    assert figure.locator("svg.explorer-panel").first.bounding_box()["height"] > 100


# The browser tells its observers in the order in which they were made: after this one the page's have heard.
NOTICED_FAR_AWAY = """figure => new Promise(done => new IntersectionObserver(
    ([entry]) => entry.isIntersecting || done(), {rootMargin: '4000px'}).observe(figure))"""


def test_far_away_frames_are_let_go_and_come_back(page, book, light):
    page.goto((book / light).as_uri())  # from a server the browser's own memory would answer, unheard
    figure = page.locator("figure.explorer").first
    pack = figure.get_attribute("data-pack")
    start = looks(figure)
    press(figure, "End")
    wait_until_it_looks_other_than(figure, start)
    at_end = looks(figure)
    for _ in range(2):
        page.evaluate("scrollTo({top: document.body.scrollHeight, behavior: 'instant'})")
        figure.evaluate(NOTICED_FAR_AWAY)
        assert looks(figure) == at_end
        with page.expect_request(lambda request: pack in request.url):
            figure.scroll_into_view_if_needed()
        page.wait_for_function("figure => !figure.hasAttribute('aria-busy')", arg=figure.element_handle())
    press(figure, "Home")
    wait_until_it_looks_other_than(figure, at_end)


# --- paper, and narrow screens --------------------------------------------------------------------------------------


def test_a_dark_page_goes_to_paper_in_dark_ink(browser, book_url, light):
    context = browser.new_context(color_scheme="dark")
    page = context.new_page()
    page.goto(f"{book_url}/{light}")
    # Luminance of what a reader reads: text, code, a claim, a figure's caption and its ticks.
    ink = """() => {
        const figure = document.querySelector('figure.explorer');
        const ticks = figure.querySelector('.explorer-panels').shadowRoot.querySelector('use[href*="DejaVu"]');
        const seen = ['article p', 'pre .n', 'blockquote', 'figcaption', '.katex'].map(s => document.querySelector(s));
        return [...seen.map(n => getComputedStyle(n).color), getComputedStyle(ticks).fill]
            .map(c => c.match(/[\\d.]+/g).slice(0, 3).reduce((sum, v) => sum + Number(v) / 765, 0));
    }"""
    dark = page.evaluate(ink)
    assert max(dark) > 0.6
    page.evaluate(f"() => addEventListener('beforeprint', () => window.printed = ({ink})())")
    page.pdf()
    assert max(page.evaluate("printed")) < 0.5
    assert page.evaluate(ink) == dark
    context.close()


@pytest.mark.parametrize("path", by_chance(pages_with_explorers(), 6))
def test_labels_values_and_controls_keep_clear_of_each_other(browser, book_url, path):
    """On pages chosen by chance; `make check` tries a notebook's own."""
    context = browser.new_context(viewport={"width": WIDTHS[0], "height": 900})
    page = context.new_page()
    page.route("**/packs/**", lambda route: route.abort())  # with the failure's words and button: the fullest look
    page.goto(f"{book_url}/{path}.html")
    page.evaluate(OPEN_NOTES)
    page.add_style_tag(content=ALONE)
    figures = page.locator("figure.explorer").all()
    for figure in figures:
        figure.evaluate(LONGEST)
        figure.get_by_role("button", name="Try again").wait_for()
    found = {}
    for width in WIDTHS:
        page.set_viewport_size({"width": width, "height": 900})
        for figure in figures:
            name = f"{figure.get_attribute('data-explorer')} at {width}"
            found[name] = [*figure.evaluate(CROWDED), *figure.evaluate(SMALL)]
    context.close()
    assert found
    assert {name: told for name, told in found.items() if told} == {}


def test_packs_keep_their_budgets(book):
    packs = list((book / "_static" / "packs").rglob("*.js"))
    assert len(packs) >= 10
    for folder in {path.parent for path in packs}:
        sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in folder.glob("*.js")}
        assert max(sizes.values()) <= EXPLORER_BUDGET, sizes
        assert sum(sizes.values()) <= PAGE_BUDGET, sizes


def test_the_book_holds_the_packs_that_its_pages_ask_for_and_no_others(book, pages):
    asked = {
        pack
        for page in pages
        for pack in re.findall(r' data-pack="([^"]+)"', (book / page).read_text(encoding="utf-8"))
    }
    held = {p.relative_to(book / "_static").as_posix() for p in (book / "_static" / "packs").rglob("*.*")}
    assert held == asked


def test_no_page_loads_a_pack_before_an_explorer_is_near(book, pages):
    for page in pages:
        assert not re.search(r"<script[^>]*packs/", (book / page).read_text(encoding="utf-8")), page
