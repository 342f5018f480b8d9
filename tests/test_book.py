"""The built book in Chromium: complete, quiet, light, accessible, and every control of every explorer works.

Each page is opened once and asked everything; what it complained about on the way is asked last.
"""

import gzip
import os
import re
from collections import Counter
from functools import partial
from urllib.parse import urlsplit

import catalogue
import nbformat
import pytest
from axe_playwright_python.sync_playwright import Axe
from conftest import CHILDREN, MISCOUNTED, OPEN_NOTES, book_pages, by_chance, pages_with_explorers

EXPLORER_BUDGET = 1_500_000
PAGE_PACKS = 3_000_000
FIRST_WEIGHT = 600_000
PAGES = book_pages()
WITH_EXPLORERS = pages_with_explorers()
# LaTeX that was not rendered, and LaTeX that a reader sees as the source of what is rendered elsewhere.
RAW_MATHEMATICS = re.compile(r"\$\$|\\\(|\\\[|\\(?:frac|alpha|sum|mathbb|left|cdot)\b")
SOURCE = re.compile(
    r"\$[^$\n]*[\\^_{][^$\n]*\$|\\(?:frac|tfrac|alpha|sum|mathbb|left|cdot|partial|mathrm|sqrt|le|ge)\b"
)
# The text of the article without what lies below `passed`; what is passed over is not looked through.
TEXT = """({passed, visible}) => {
    const walk = document.createTreeWalker(
        document.querySelector('article'),
        NodeFilter.SHOW_ELEMENT | NodeFilter.SHOW_TEXT,
        node => node instanceof Element && node.matches(passed) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT,
    );
    const seen = [];
    while (walk.nextNode()) {
        const text = walk.currentNode;
        if (text.nodeType !== Node.TEXT_NODE || (visible && !text.parentElement.checkVisibility())) continue;
        seen.push(text.data);
    }
    return seen.join('');
}"""
# Lines of code with up to 100 characters that need more than one row.
WRAPPED = """() => [...document.querySelectorAll('details.code pre')].flatMap(pre => {
    const lines = new Map(), walk = document.createTreeWalker(pre, NodeFilter.SHOW_TEXT);
    const range = document.createRange();
    let number = 0;
    while (walk.nextNode()) {
        const text = walk.currentNode;
        if (!text.parentElement.checkVisibility()) continue;
        let start = 0;
        text.data.split('\\n').forEach((piece, k) => {
            if (k) number++;
            range.setStart(text, start);
            range.setEnd(text, start + piece.length);
            start += piece.length + 1;
            const line = lines.get(number) ?? { text: '', rows: new Set() };
            line.text += piece;
            for (const box of piece ? range.getClientRects() : []) if (box.width) line.rows.add(Math.round(box.bottom));
            lines.set(number, line);
        });
    }
    return [...lines.values()].filter(l => l.text.length <= 100 && l.rows.size > 1).map(l => l.text);
})"""
# Rules that a browser tries again on the whole page whenever anything on it changes.
RESTLESS = """() => {
    const rules = list => [...list].flatMap(rule => !rule.media || matchMedia(rule.media.mediaText).matches
        ? [...(rule.selectorText?.includes(':has(') ? [rule.selectorText] : []), ...rules(rule.cssRules ?? [])] : []);
    // MyST-NB's own rules look at neighbours alone.
    const sheets = [...document.styleSheets].filter(sheet => !sheet.href?.includes('/mystnb.'));
    return sheets.flatMap(sheet => rules(sheet.cssRules));
}"""
PARTS_OF_A_CLAIM = """() => [...document.querySelectorAll('.cell.claims')].map(
    cell => [...cell.children].map(part => part.className.split(' ')[0]))"""
TOLD_TO_MACHINES = """() => Object.fromEntries(
    ['[name="description"]', '[property="og:title"]', '[property="og:description"]', '[name="citation_title"]']
        .map(which => [which, document.querySelector(`meta${which}`)?.content]))"""
# Characters in a line of running text: the book asks for 66 to 75, and no line is filled to its end.
MEASURE = (62, 78)
MEASURED = """() => {
    const counts = [], range = document.createRange();
    for (const p of document.querySelectorAll('article section > p')) {
        // A formula is as wide as it is: only what is text alone has a length in characters.
        if (p.querySelector('.katex, code') || p.closest('details:not([open]), figure')) continue;
        const lines = new Map(), walk = document.createTreeWalker(p, NodeFilter.SHOW_TEXT);
        while (walk.nextNode()) {
            const text = walk.currentNode;
            for (const word of text.data.matchAll(/\\S+\\s*/g)) {
                range.setStart(text, word.index);
                range.setEnd(text, word.index + 1);
                const bottom = Math.round(range.getBoundingClientRect().bottom / 9);
                lines.set(bottom, (lines.get(bottom) ?? 0) + word[0].length);
            }
        }
        // The last line ends where the paragraph ends.
        counts.push(...[...lines.values()].slice(0, -1));
    }
    return counts;
}"""
SLANTED = """() => {
    const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), wrong = [];
    let seen = 0;
    while (walk.nextNode()) {
        const text = walk.currentNode, parent = text.parentElement;
        if (!/[\\u3400-\\u9fff]/.test(text.data) || parent.closest('script, style, pre')) continue;
        seen += 1;
        const upright = getComputedStyle(parent).fontStyle === 'normal';
        if (!upright || !parent.closest('[lang^=zh]')) wrong.push(text.data);
    }
    return [seen, wrong];
}"""
# A button that was clicked as a reader does it, again and without the wait for a place to click.
PRESS = "button => button.click()"
# Where the notebooks lie as the book shows them, and what of their outputs is compared.
BAKED = catalogue.ROOT / "book" / "notebooks"
SAID = {"text/plain", "text/latex", "text/markdown"}
WIDE, PHONE = {"width": 1280, "height": 900}, {"width": 360, "height": 740}


class Visit:
    """One page opened once, with everything it asked for and complained about."""

    def __init__(self, context, url, name):
        self.name, self.page = name, context.new_page()
        self.is_notebook = name.startswith("notebooks/")
        self.complaints, self.requests, self.bodies = [], [], {}
        self.page.on("console", lambda m: m.type in ("error", "warning") and self.complaints.append(m.text))
        self.page.on("pageerror", lambda e: self.complaints.append(str(e)))
        self.page.on("request", lambda r: self.requests.append(r.url))
        self.page.on("response", self.keep)
        self.page.goto(f"{url}/{name}.html", wait_until="networkidle")
        # What is asked for from now on is asked for because a slider came near.
        self.first = dict(self.bodies)

    def keep(self, response):
        if response.status >= 400:
            self.complaints.append(f"{response.status} {response.url}")
        elif "/packs/" not in response.url:
            self.bodies[response.url] = response.body()


@pytest.fixture(scope="module", params=PAGES)
def visit(request, browser, book_url):
    context = browser.new_context(viewport=WIDE)
    yield Visit(context, book_url, request.param)
    context.close()


# --- every page --------------------------------------------------------------------------------------------------


def test_a_page_is_light_before_a_slider_comes_near(visit):
    assert sum(len(gzip.compress(body)) for body in visit.first.values()) < FIRST_WEIGHT


def test_mathematics_is_rendered(visit):
    assert visit.page.locator(".katex-error").count() == 0
    text = visit.page.evaluate(TEXT, {"passed": ".katex, pre, code, script", "visible": False})
    assert not RAW_MATHEMATICS.search(text), RAW_MATHEMATICS.search(text)
    assert not visit.is_notebook or visit.page.locator(".katex").count() > 100


def test_formulas_are_left_alone_by_translators(visit):
    assert visit.page.locator(".katex").count() == visit.page.locator(".notranslate[translate=no] .katex").count()


def test_every_mathml_element_has_as_many_children_as_it_must(visit):
    assert visit.page.evaluate(MISCOUNTED, CHILDREN) == []


def test_a_claim_is_its_statement_then_its_code_then_its_check(visit):
    order = ("claim", "code", "hide", "claim-check", "cell_output")
    for parts in visit.page.evaluate(PARTS_OF_A_CLAIM):
        places = [order.index(part) for part in parts if part != "above-input"]
        assert places == sorted(places), parts
        assert "claim" in parts
    numbers = visit.page.eval_on_selector_all(".claim", "all => all.map(claim => claim.id)")
    assert numbers == [f"claim-{n + 1}" for n in range(len(numbers))]
    assert not visit.is_notebook or len(numbers) >= 8


def test_lines_of_a_hundred_characters_do_not_wrap(visit):
    assert visit.page.evaluate(WRAPPED) == []


def test_a_folds_mark_and_its_words_share_a_line(visit):
    """Two lines of small type are higher than 36 pixels."""
    heights = "all => all.map(fold => fold.getBoundingClientRect().height)"
    assert max(visit.page.eval_on_selector_all("div.cell details > summary", heights), default=0) < 36


def test_no_formula_is_seen_as_its_source(visit):
    if visit.is_notebook:
        for depth in ("Story", "Derivation"):
            visit.page.get_by_role("button", name=depth).click()
            seen = visit.page.evaluate(TEXT, {"passed": ".katex, script, svg", "visible": True})
            assert not SOURCE.findall(seen), depth


def test_a_line_of_text_has_as_many_characters_as_is_good_to_read(visit):
    counts = sorted(visit.page.evaluate(MEASURED))
    assert counts or not visit.is_notebook
    # Few paragraphs are without a formula; of few lines the median says little.
    if len(counts) > 10:
        assert MEASURE[0] <= counts[len(counts) // 2] <= MEASURE[1], counts
    # No line is hard to find the next one from.
    assert not counts or counts[-len(counts) // 10] <= MEASURE[1] + 5, counts


def test_chinese_stands_upright_and_says_that_it_is_chinese(visit):
    seen, wrong = visit.page.evaluate(SLANTED)
    assert seen > 0 or not visit.is_notebook
    assert wrong == []


def test_a_notebook_leads_to_its_claims_in_the_ledger(visit, book, book_url):
    if visit.is_notebook:
        link = urlsplit(visit.page.locator(".facts a[href*='/ledger/']").evaluate("a => a.href"))
        ledger = (book / link.path.lstrip("/")).read_text(encoding="utf-8")
        assert f'id="{link.fragment}"' in ledger
        assert re.search(rf'<td[^>]*><p><a href="[^"]*{visit.name}\.html#claim-1"', ledger)


def test_machines_read_words_without_tex(visit):
    if visit.is_notebook:
        told = visit.page.evaluate(TOLD_TO_MACHINES)
        assert all(told.values())
        assert not re.search(r"[\\${}]", " ".join(told.values())), told


def test_every_notebook_can_be_cited(visit, book, book_url):
    if visit.is_notebook:
        link = visit.page.locator(".facts a[download]").evaluate("a => a.href")
        entry = (book / link.removeprefix(f"{book_url}/")).read_text(encoding="utf-8")
        assert re.match(r"@incollection\{derived:[\w:-]+,\n", entry)
        assert "kexue.fm/archives/" in entry
        assert entry in (book / "cite" / "notebooks.bib").read_text(encoding="utf-8")


def test_links_lead_somewhere(visit, book, book_url):
    links = visit.page.eval_on_selector_all("a[href], img[src]", "all => all.map(a => a.href || a.src)")
    for link in {link for link in links if link.startswith(book_url)}:
        parts = urlsplit(link)
        target = book / parts.path.lstrip("/")
        target = target / "index.html" if target.is_dir() else target
        assert target.exists(), link
        if parts.fragment and target.suffix == ".html":
            assert f'id="{parts.fragment}"' in target.read_text(encoding="utf-8"), link


def test_a_slider_does_not_make_the_browser_look_through_the_whole_page(visit):
    if visit.is_notebook:
        assert visit.page.evaluate(RESTLESS) == []


def test_no_two_things_have_one_name(visit):
    names = visit.page.eval_on_selector_all("[id]", "all => all.map(thing => thing.id)")
    assert [name for name, count in Counter(names).items() if count > 1] == []


def test_headings_and_images_have_names(visit):
    assert visit.page.locator("article h1").count() == 1
    for alt in visit.page.eval_on_selector_all("article img", "all => all.map(i => i.alt)"):
        assert alt
        assert not re.search(r"\.(png|svg|jpe?g)|^\S*/\S*$", alt), alt


def look(figure):
    """What an explorer shows once it is settled, the pictures and the numbers, as a fingerprint."""
    return figure.evaluate(
        """async figure => {
            do await new Promise(requestAnimationFrame); while (figure.hasAttribute('aria-busy'));
            const text = [...figure.querySelector('.explorer-panels').shadowRoot.querySelectorAll('.explorer-panel')]
                .map(svg => [...svg.children].filter(g => !g.matches('.explorer-ghost')).map(g => g.outerHTML).join(''))
                .join('|').replace(/<\\/?g>/g, '').replace(/\\s+/g, '')
                + figure.querySelector('.explorer-numbers').textContent;
            let hash = 0;
            for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0;
            return `${text.length}:${hash}`;
        }"""
    )


def after(figure, act):
    """What an explorer shows once `act` took effect."""
    act()
    return look(figure)


def explorers(page):
    """Every explorer of a page, those in folded notes too, once it has its frames."""
    page.evaluate(OPEN_NOTES)
    for figure in page.locator("figure.explorer").all():
        figure.scroll_into_view_if_needed()
        look(figure)
        yield figure


def test_every_control_moves_its_picture_and_reset_brings_it_back(visit):
    for figure in explorers(visit.page):
        name = figure.get_attribute("data-explorer")
        reset = figure.get_by_role("button", name="Reset").element_handle()
        start = after(figure, reset.click)
        for control in figure.locator("input[type=range]").all():
            key = "ArrowLeft" if control.evaluate("c => c.value === c.max") else "ArrowRight"
            control.focus()
            presses = (after(figure, lambda key=key: visit.page.keyboard.press(key)) for _ in range(3))
            assert any(shown != start for shown in presses), f"{name}: {control.get_attribute('id')}"
            assert control.get_attribute("aria-valuetext")
            assert after(figure, partial(reset.evaluate, PRESS)) == start, name
        for control in figure.locator("select").all():
            other = control.evaluate("c => [...c.options].find(o => o.value !== c.value).value")
            assert after(figure, lambda c=control, o=other: c.select_option(o)) != start, name
            assert after(figure, partial(reset.evaluate, PRESS)) == start, name
    assert visit.name not in WITH_EXPLORERS or visit.page.locator("figure.explorer").count()


@pytest.fixture
def phone(visit):
    """The visited page as wide as a phone; it stays so, since laying it out takes long: these are its last tests."""
    visit.page.set_viewport_size(PHONE)
    return visit.page


def test_no_page_is_wider_than_a_phone(phone):
    width, boxes = phone.evaluate(
        """() => {
            const controls = [...document.querySelectorAll('.explorer :is(input, select, button)')];
            const seen = controls.filter(control => control.checkVisibility());
            return [document.scrollingElement.scrollWidth, seen.map(control => {
                const box = control.getBoundingClientRect();
                return [control.id || control.textContent, box.left, box.right];
            })];
        }"""
    )
    assert width <= PHONE["width"]
    assert [box for box in boxes if box[1] < 0 or box[2] > PHONE["width"]] == []


def test_a_formula_that_is_wider_than_a_phone_can_be_read_to_its_end(phone):
    cut = phone.evaluate(
        """() => [...document.querySelectorAll('article div.math')].filter(box => box.checkVisibility()).filter(box => {
            const edges = end => {
                box.scrollTo({left: end ? box.scrollWidth : 0, behavior: 'instant'});
                return [box, box.querySelector('.katex-html')].map(thing => thing.getBoundingClientRect());
            };
            const [[outer, first], [, last]] = [edges(false), edges(true)];
            return first.left < outer.left - 1 || last.right > outer.right + 1;
        }).map(box => box.textContent.slice(0, 40))"""
    )
    assert cut == []


def test_what_scrolls_sideways_is_a_stop_of_the_tab_key(phone):
    wrong = phone.evaluate(
        """async () => {
            for (let k = 0; k < 3; k++) await new Promise(requestAnimationFrame);
            const boxes = [...document.querySelectorAll('article :is(table, div.math)')];
            return boxes.filter(box => box.checkVisibility())
                .filter(box => (box.scrollWidth > box.clientWidth) !== (box.tabIndex === 0))
                .map(box => box.textContent.slice(0, 40));
        }"""
    )
    assert wrong == []


def test_no_page_complained_or_asked_anyone_else(visit, book_url):
    """Last of a page's tests, so that it speaks of all that was done with the page."""
    assert visit.complaints == []
    origin = urlsplit(book_url).netloc
    assert [u for u in visit.requests if urlsplit(u).scheme != "data" and urlsplit(u).netloc != origin] == []


# --- what a page is made of ----------------------------------------------------------------------------------------


def outputs(cell):
    """What the outputs of a cell say, as nbval compares it. An exercise is a form in the book: its question counts."""
    for output in cell.get("outputs", ()):
        if exercise := output.get("metadata", {}).get("exercise"):
            yield exercise["question"]
        elif output.output_type == "stream":
            yield output.name, output.text
        else:
            # An explorer's picture comes as HTML in the book.
            yield {kind: said for kind, said in output.get("data", {}).items() if kind in SAID}


@pytest.mark.parametrize("path", catalogue.notebooks(), ids=lambda path: f"notebooks/{catalogue.name(path)}")
def test_a_notebook_says_in_the_book_what_is_committed(book, path):
    committed, baked = (
        [[cell.source, *outputs(cell)] for cell in nbformat.read(file, as_version=4).cells if cell.cell_type == "code"]
        for file in (path, BAKED / path.relative_to(catalogue.ROOT / "notebooks"))
    )
    assert committed == baked


# --- once for the book --------------------------------------------------------------------------------------------


@pytest.fixture
def wide(browser):
    context = browser.new_context(viewport=WIDE)
    yield context
    context.close()


@pytest.fixture
def figure(wide, book_url, light):
    page = wide.new_page()
    page.goto(f"{book_url}/{light}", wait_until="networkidle")
    return next(explorers(page))


def test_the_book_has_its_pages(book):
    built = {path.relative_to(book).with_suffix("").as_posix() for path in book.rglob("*.html")}
    assert set(PAGES) <= built


def test_packs_keep_their_budgets(book):
    packs = [path for path in book.rglob("*") if "packs" in path.parts and path.is_file()]
    assert packs
    for folder in {path.parent for path in packs}:
        sizes = {path.name: len(gzip.compress(path.read_bytes())) for path in packs if path.parent == folder}
        assert max(sizes.values()) <= EXPLORER_BUDGET, sizes
        assert sum(sizes.values()) <= PAGE_PACKS, sizes


def test_pages_are_complete_without_javascript(browser, book_url):
    """The first page and some by chance, since all are made alike."""
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    for path in {WITH_EXPLORERS[0], *by_chance(WITH_EXPLORERS, 6)}:
        page.goto(f"{book_url}/{path}.html")
        incomplete = page.eval_on_selector_all(
            "figure.explorer",
            """all => all.filter(figure => {
                const words = ['.explorer-state', '.explorer-caption', '.explorer-notice'];
                const note = figure.closest('details.note');
                if (note) note.open = true;
                const picture = figure.querySelector('svg.explorer-panel').getBoundingClientRect();
                const controls = [...figure.querySelectorAll('input, select, button')];
                return picture.height <= 100 || controls.some(control => control.checkVisibility())
                    || words.some(part => !figure.querySelector(part).innerText.trim());
            }).map(figure => figure.dataset.explorer)""",
        )
        assert incomplete == [], path
    context.close()


def test_a_setting_can_be_linked_to(wide, figure, book_url, light):
    figure.locator("input[type=range]").first.focus()
    shown = after(figure, lambda: figure.page.keyboard.press("End"))
    figure.get_by_role("button", name="Link").click()
    address = figure.page.url
    name = figure.get_attribute("data-explorer")
    assert f"?{name}." in address
    assert address.endswith(f"#explorer-{name}")
    page = wide.new_page()
    page.goto(address, wait_until="networkidle")
    assert look(page.locator(f"#explorer-{name}")) == shown
    page.goto(f"{book_url}/{light}?{name}.alpha=nonsense&other=1", wait_until="networkidle")
    assert "other=1" in page.url


def test_play_sweeps_and_pauses(figure):
    slider = figure.locator("input[type=range]").first
    before, value = look(figure), slider.input_value()
    figure.get_by_role("button", name="Play").click()
    figure.page.wait_for_function("([s, v]) => s.value !== v", arg=[slider.element_handle(), value])
    figure.get_by_role("button", name="Pause").click()
    stopped = look(figure)
    assert stopped != before
    # Nothing is to happen now, so there is nothing to wait for but time.
    figure.page.wait_for_timeout(500)
    assert look(figure) == stopped


def test_pin_keeps_a_ghost(figure):
    figure.get_by_role("button", name="Pin").click()
    ghost = figure.locator(".explorer-ghost").first.inner_html()
    figure.locator("input[type=range]").first.focus()
    after(figure, lambda: figure.page.keyboard.press("End"))
    assert figure.locator(".explorer-ghost").first.inner_html() == ghost
    assert "Pinned: " in figure.inner_text()
    figure.get_by_role("button", name="Pinned").click()
    assert figure.locator(".explorer-ghost").count() == 0


def test_packs_come_only_when_needed_and_a_failure_can_be_retried(browser, book_url, light):
    context = browser.new_context(viewport={"width": 1280, "height": 600})
    page, asked, broken = context.new_page(), [], [True]

    def answer(route):
        asked.append(route.request.url)
        route.abort() if broken[0] else route.continue_()

    page.route("**/packs/**", answer)
    page.goto(f"{book_url}/{light}", wait_until="networkidle")
    assert not asked
    figure = page.locator("figure.explorer").first
    figure.scroll_into_view_if_needed()
    retry = figure.get_by_role("button", name="Try again")
    retry.wait_for()
    broken[0] = False
    figure.locator("input[type=range]").first.focus()
    start = look(figure)
    page.keyboard.press("End")
    retry.wait_for(state="hidden")
    assert look(figure) != start
    context.close()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("path", sorted({"index", "ledger", *by_chance(PAGES, 3)}))
def test_accessibility(browser, book_url, path, scheme):
    context = browser.new_context(viewport=WIDE, color_scheme=scheme)
    page = context.new_page()
    page.goto(f"{book_url}/{path}.html", wait_until="networkidle")
    # Colours that are still on their way have not the contrast that a reader sees.
    page.evaluate("() => Promise.all(document.getAnimations().map(motion => motion.finished.catch(() => null)))")
    # What is seen of a formula is many boxes in one colour, which screen readers pass over: its text will do.
    page.evaluate("() => document.querySelectorAll('.katex-html').forEach(f => (f.textContent = f.textContent))")
    options: dict[str, object] = {"resultTypes": ["violations"]}  # what is right is not listed
    if scheme == "dark":  # between light and dark only colours change
        options["runOnly"] = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
    found = [
        f"{v['impact']}: {v['id']}: {v['help']} ({v['nodes'][0]['target']}, {len(v['nodes'])} places)"
        for v in Axe().run(page, options=options).response["violations"]
    ]
    assert not found, f"PAGES_SEED={os.environ['PAGES_SEED']}\n" + "\n".join(found)
    context.close()
