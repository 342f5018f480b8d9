"""The page as it is read: claims first, the depth, notes, pointers and their cards, the ledger, what machines read."""

import re

import nbformat
import pytest
import small_books
from catalogue import ROOT
from conftest import CHILDREN, MISCOUNTED
from docutils import nodes
from docutils.utils import new_document
from nbformat.v4 import new_code_cell, new_markdown_cell, new_output
from reader import tags
from reader.elision import elide, statements
from reader.formulas import Glued, repaired
from reader.plain import plain, plain_text
from reader.powers import printed

# --- a small book with notes, which no notebook has yet -------------------------------------------------------------


def claim(number, grade, statement, check, formula=""):
    lines = [f"**✓ Claim {number} · {grade}** — {statement}", *([f"$$ {formula} $$"] if formula else []), f"*{check}*"]
    about = {"ledger": "attention/99-notes", "number": number, "grade": grade, "statement": statement}
    quote = "\n>\n".join(f"> {line}" for line in lines)
    return new_output("display_data", {"text/markdown": quote, "text/plain": statement}, metadata={"claim": about})


def cell(source, *outputs, tags=()):
    metadata = {"tags": list(tags)} if tags else {}
    return new_code_cell(source, execution_count=1, outputs=list(outputs), metadata=metadata)


def text_result(text):
    return new_output("execute_result", {"text/plain": text}, execution_count=1)


STORY = r"""## The story

Look at

$$a^2+b^2=c^2\tag{1}$$

and, by (1) and Claim 1, at claims 2 and 3; Note 2 says more. What (7) says is not on this page, nor is claim 9.
"""
CELLS = [
    new_markdown_cell(
        "# Notes\u2019 notebook\n\n*Title (1)* · 苏剑林\n\n"
        r"**The question**: is $\frac1{\sqrt d}$ at most $p_{\max}$?"
        "\n\n*Needs*: nothing."
    ),
    cell("import sympy as sp", tags=["hide-input"]),
    new_markdown_cell(STORY),
    cell(
        'claims.prove(r"$a=a$ always", a, a)\nclaims.numeric(rf"at $n={n}$ it is small", x, y, rtol=1e-6)',
        claim(1, "proved", "$a=a$ always", "SymPy reduces the difference to 0.", r"\int_0^1 x\,dx=\frac12"),
        claim(2, "numeric", "at $n=3$ it is small", "0.16 against 0.16"),
        text_result("42"),
    ),
    *(new_markdown_cell(f"Paragraph {n} of many.\n" * 20) for n in range(12)),
    new_markdown_cell("## Try it\n\n**1.** What is $a$?"),
    new_markdown_cell("## Notes\n\n### A long lemma about $a_n$\n\nIt needs patience: zebra."),
    cell('claims.exact("a lemma", lhs, rhs, cases=[1])', claim(3, "exact", "a lemma on $a_n$", "In all cases.")),
    new_markdown_cell("$$x=1\\tag{2}$$\n\n### A second proof\n\nBy (2) and the lemma (claim 3)."),
    cell("for s in (1, 2):\n    check(s)", claim(4, "proved", "one", "Yes."), claim(5, "proved", "two", "Yes.")),
]


@pytest.fixture(scope="module")
def noted(book, tmp_path_factory):
    """Address of the page of a notebook with notes, in a book that lies in a folder."""
    folder = tmp_path_factory.mktemp("noted")
    small_books.begin(folder)
    small_books.write_notebook(folder, "notebooks/attention/99-notes", CELLS)
    (folder / "index.md").write_text("# A book\n\nWith $x$.\n", encoding="utf-8")
    toc = "format: jb-book\nroot: index\nparts:\n- caption: Attention\n  chapters:\n"
    toc += "  - file: notebooks/attention/99-notes\n"
    (folder / "_toc.yml").write_text(toc, encoding="utf-8")
    return (small_books.build(folder) / "notebooks" / "attention" / "99-notes.html").as_uri()


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    yield page
    assert page.complaints == []
    context.close()


# --- how a claim reads ----------------------------------------------------------------------------------------------


def test_several_claims_of_one_cell_stand_above_it(page, noted):
    page.goto(noted)
    first = page.locator(".cell.claims").first.inner_text()
    words = [
        "Claim 1 ✓ proved",
        "always",
        "Claim 2 ✓ numeric",
        "it is small",
        "claims.prove",
        "Claim 1: SymPy",
        "Claim 2: 0.16",
        "42",
    ]
    places = [first.replace("\n", " ").find(word) for word in words]
    assert -1 not in places
    assert places == sorted(places)


def test_an_ellipsis_opens_and_the_copied_code_is_whole(browser, noted):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.goto(noted)
    code = page.locator(".cell.claims pre").first
    assert "always" not in code.inner_text()
    page.evaluate(
        """() => {
            document.addEventListener('copy', (e) => (window.copied = e.clipboardData.getData('text/plain')));
        }"""
    )
    source = next(c.source for c in CELLS if c.cell_type == "code" and "prove" in c.source)
    code.evaluate("pre => getSelection().selectAllChildren(pre)")
    page.keyboard.press("Control+c")
    page.wait_for_function("window.copied")
    assert page.evaluate("window.copied").strip() == source
    box = code.get_by_role("checkbox").first
    box.check()
    assert 'claims.prove(r"$a=a$ always", a, a)' in code.inner_text()
    context.close()


def test_the_copy_button_copies_the_whole_code(browser, book_url):
    name = "attention/01-scale-gradient"
    notebook = nbformat.read(ROOT / "notebooks" / f"{name}.ipynb", as_version=4)
    source = next(c.source for c in notebook.cells if c.cell_type == "code" and ".prove(" in c.source)
    context = browser.new_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{book_url}/notebooks/{name}.html")
    code = page.locator(".cell.claims .cell_input").first
    code.locator(".elided input").first.wait_for()
    code.hover()
    code.locator("button.copybtn").click()
    page.wait_for_function("document.querySelector('.copybtn.success')")
    assert page.evaluate("navigator.clipboard.readText()").strip() == source.strip()
    context.close()


# --- how deep one reads ---------------------------------------------------------------------------------------------


def shown(page):
    """Whether the code of an open cell, of a folded cell and of a note can be seen."""
    return tuple(
        page.locator(where).first.is_visible()
        for where in ("details.code pre", ".tag_hide-input pre", "details.note > p")
    )


def test_the_depth_is_switched_remembered_and_part_of_the_address(page, noted):
    page.goto(noted)
    assert shown(page) == (True, False, False)
    page.get_by_role("button", name="Story").click()
    assert shown(page) == (False, False, False)
    assert page.url.endswith("?depth=story")
    page.goto(noted)
    assert shown(page) == (False, False, False)
    assert page.url.endswith("?depth=story")
    page.get_by_role("button", name="Everything").click()
    assert shown(page) == (True, True, True)
    assert page.get_by_role("button", name="Everything").get_attribute("aria-pressed") == "true"
    # The address says more than the memory.
    page.goto(f"{noted}?depth=story")
    assert shown(page) == (False, False, False)
    page.get_by_text("Code", exact=True).first.click()
    assert page.locator("details.code pre").first.is_visible()


def test_the_depth_leaves_the_settings_of_explorers_in_the_address(page, book_url):
    page.goto(f"{book_url}/notebooks/attention/01-scale-gradient.html?one_row.alpha=2.0#claim-3")
    page.get_by_role("button", name="Story").click()
    assert "one_row.alpha=2.0" in page.url
    assert "depth=story" in page.url
    assert page.url.endswith("#claim-3")


def test_what_is_read_stays_in_view_when_the_depth_changes(page, book_url):
    page.goto(f"{book_url}/notebooks/attention/01-scale-gradient.html")
    page.evaluate("document.getElementById('claim-20').scrollIntoView()")
    before = page.evaluate("document.getElementById('claim-20').getBoundingClientRect().top")
    page.evaluate("document.querySelector('.depth-switch [data-depth=story]').click()")
    after = page.evaluate("document.getElementById('claim-20').getBoundingClientRect().top")
    assert abs(after - before) < 40


def test_without_javascript_the_page_is_the_derivation(browser, noted):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    page.goto(noted)
    assert shown(page) == (True, False, False)
    assert not page.locator(".depth-switch").is_visible()
    page.locator("details.note > summary").first.click()
    assert page.get_by_text("zebra").is_visible()
    page.locator(".elided input").first.check()
    assert "always" in page.locator(".cell.claims pre").first.inner_text()
    context.close()


def test_where_nothing_can_be_remembered_the_switch_works(page, noted):
    page.add_init_script("Object.defineProperty(window, 'localStorage', { get() { throw new Error('forbidden'); } })")
    page.on("pageerror", lambda error: page.complaints.clear())  # the theme's own script complains
    page.goto(noted)
    page.get_by_role("button", name="Story").click()
    assert shown(page) == (False, False, False)


def test_notes_are_folded_with_title_and_claims_and_open_when_linked_to(page, noted):
    page.goto(noted)
    notes = page.locator("details.note > summary")
    assert [text.split() for text in notes.all_inner_texts()][1] == [
        "Note",
        "2",
        "A",
        "second",
        "proof",
        "claims",
        "4–5",
    ]
    assert "claim 3" in notes.first.inner_text()
    page.get_by_role("link", name="Note 2").click()
    assert page.locator("details#note-2").evaluate("note => note.open")
    page.goto("about:blank")
    page.goto(f"{noted}#claim-3")
    assert page.locator("#claim-3").is_visible()
    assert page.locator("#claim-3").evaluate("c => c.getBoundingClientRect().top") < 800
    page.goto("about:blank")
    page.goto(f"{noted}#a-second-proof")
    assert page.get_by_text("and the lemma").is_visible()


def test_the_browser_finds_what_a_folded_note_holds(page, noted):
    """Find opens the note: that of the browser's own box and that of an address with #:~:text= is the same."""
    page.goto(noted)
    assert not page.get_by_text("zebra").is_visible()
    page.goto("about:blank")
    page.goto(f"{noted}#:~:text=zebra")
    page.get_by_text("zebra").wait_for()
    assert page.locator("details#note-1").evaluate("note => note.open")
    assert not page.locator("details#note-2").evaluate("note => note.open")
    box = page.get_by_text("zebra").bounding_box()
    assert 0 <= box["y"] <= 800
    # What is nowhere opens nothing.
    page.goto("about:blank")
    page.goto(f"{noted}#:~:text=giraffe")
    page.wait_for_timeout(300)
    assert page.locator("details.note[open]").count() == 0


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
def test_on_paper_notes_are_open_and_closed_again_afterwards(browser, noted, script):
    context = browser.new_context(java_script_enabled=script)
    page = context.new_page()
    page.goto(noted)
    # The PDF knows the place of what is linked to and is on paper.
    assert b"/claim-3 [" in page.pdf()
    page.wait_for_timeout(100)
    assert page.locator("details.note[open]").count() == 0
    page.emulate_media(media="print")
    assert page.get_by_text("zebra").bounding_box()["height"] > 0
    context.close()


def test_under_the_title_stand_reading_time_and_claims(page, noted):
    page.goto(noted)
    facts = page.locator(".facts").inner_text()
    assert re.match(r"About \d+ minutes? · 2 claims: 1 proved, 1 numeric · 3 more in the notes", facts)


# --- everything can be pointed at -----------------------------------------------------------------------------------


def test_numbers_in_prose_are_links_where_there_is_a_target(page, noted):
    page.goto(noted)
    links = page.eval_on_selector_all("a.pointer", "all => all.map(a => [a.textContent, a.getAttribute('href')])")
    assert links == [
        ["(1)", "#eq-1"],
        ["Claim 1", "#claim-1"],
        ["claims 2", "#claim-2"],
        ["3", "#claim-3"],
        ["Note 2", "#note-2"],
        ["(2)", "#eq-2"],
        ["claim 3", "#claim-3"],
    ]
    for anchor in [link[1] for link in links] + ["#exercise-1"]:
        assert page.locator(anchor).count() == 1


def test_a_link_shows_what_it_points_at(page, noted):
    page.goto(noted)
    card = page.locator("#card")
    page.get_by_role("link", name="Claim 1", exact=True).first.hover()
    card.wait_for()
    assert "always" in card.inner_text()
    assert card.locator(".katex").count() == 2
    page.keyboard.press("Escape")
    assert not card.is_visible()
    link = page.locator("a.pointer", has_text="(1)")
    page.mouse.move(0, 0)
    link.evaluate("a => a.focus({ focusVisible: true })")
    card.wait_for()
    assert card.locator(".katex").count() == 1
    assert link.get_attribute("aria-describedby") == "card"
    page.keyboard.press("Tab")
    assert link.get_attribute("aria-describedby") is None


def test_a_finger_sees_the_card_first_and_goes_there_next(browser, noted):
    context = browser.new_context(viewport={"width": 390, "height": 800}, has_touch=True, is_mobile=True)
    page = context.new_page()
    page.goto(noted)
    link = page.locator("a.pointer", has_text="Note 2")
    link.tap()
    card = page.locator("#card")
    card.wait_for()
    assert "second proof" in card.inner_text()
    box = card.bounding_box()
    assert box["x"] >= 0
    assert box["x"] + box["width"] <= 390
    assert "#note-2" not in page.url
    link.tap()
    page.wait_for_url("**#note-2")
    assert not card.is_visible()
    context.close()


def test_contents_mark_the_section_in_view(page, book_url):
    page.goto(f"{book_url}/notebooks/attention/01-scale-gradient.html")
    heading = page.locator("article h2").nth(4)
    name = heading.evaluate("h => h.firstChild.textContent")
    heading.evaluate("h => h.scrollIntoView()")
    marked = page.locator(".bd-sidebar-secondary a[aria-current]")
    page.wait_for_function(
        "name => document.querySelector('.bd-sidebar-secondary a[aria-current]')?.textContent.includes(name)", arg=name
    )
    assert marked.count() == 1


def test_parts_of_the_navigation_fold(page, book_url):
    page.goto(f"{book_url}/notebooks/attention/01-scale-gradient.html")
    parts = page.locator(".bd-sidebar-primary details.nav-part")
    assert [part.evaluate("p => p.open") for part in parts.all()].count(True) == 1
    closed = page.locator(".bd-sidebar-primary details.nav-part:not([open])").first
    assert not closed.locator("a").first.is_visible()
    closed.locator("summary").click()
    assert closed.locator("a").first.is_visible() or page.locator("details.nav-part[open] a").count() > 1


# --- readers who are not like us, and machines ----------------------------------------------------------------------


def test_an_operator_in_a_subscript_is_one_child(page, noted):
    page.goto(noted)
    assert page.evaluate(MISCOUNTED, CHILDREN) == []


def test_machines_read_the_question_in_words(page, noted):
    page.goto(noted)
    assert page.locator('meta[name="description"]').get_attribute("content") == "Is 1/√d at most p_(max)?"
    assert page.locator("link[rel=canonical]").count() == 0


# --- the parts ------------------------------------------------------------------------------------------------------


def test_statements_are_found_in_code():
    source = (
        'é = 1\nclaims.prove(\n    r"first $x$"\n    "and on", a, b)\nplot("$y$", "plain")\nclaims.exact(f"n={n}", a)\n'
    )
    assert [source[a:b] for a, b in statements(source)] == ['r"first $x$"\n    "and on"', '"$y$"', 'f"n={n}"']
    assert statements("not ( python") == []


def test_eliding_keeps_every_character():
    code = '<span class="n">f</span>(<span class="s">&quot;a&quot;</span>, b)'
    html = f'<div class="highlight"><pre><span></span>{code}\n</pre></div>'
    out = elide(html, [(2, 5)])
    assert re.sub(r'<span class="elided"><input[^>]*><span>(.*?)</span></span>(?=,)', r"\1", out) == html
    # A place inside one coloured word cannot be wrapped.
    assert elide(html, [(3, 4)]) == html


@pytest.mark.parametrize(
    ("latex", "words"),
    [
        (r"\frac1{\sqrt d}", "1/√d"),
        (r"1/\sqrt d", "1/√d"),
        (r"p(x_t\,|\,x_0)", "p(x_t | x_0)"),
        (r"\alpha^2\le\beta_{ij}", "α²≤β_(ij)"),
        (r"\frac{a+b}{2}", "(a+b)/2"),
        (r"A^{\mathsf T}", "Aᵀ"),
    ],
)
def test_formulas_in_plain_words(latex, words):
    assert plain(latex) == words


def test_markdown_in_plain_words():
    assert plain_text(r"*Is* $\frac12$ [small](x.html)?") == "Is 1/2 small?"


def test_mathml_is_repaired():
    broken = (
        '<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>p</mi><mi>max</mi><mo>\u2061</mo></msub></math>'
    )
    assert "<msub><mi>p</mi><mrow><mi>max</mi><mo>\u2061</mo></mrow></msub>" in repaired(broken)
    with pytest.raises(ValueError, match="msub with 1 children"):
        repaired('<math xmlns="http://www.w3.org/1998/Math/MathML"><msub><mi>p</mi></msub></math>')


def test_a_stop_stays_behind_its_formula_where_another_text_is_the_same():
    """Two full stops alone are equal, and only one of them is behind the formula."""
    first, second = nodes.Text("."), nodes.Text(".")
    line = nodes.paragraph("", "", nodes.strong("", "a"), first, nodes.strong("", "b"), second)
    tags.swap(second, nodes.Text("!"))
    assert [child.astext() for child in line.children] == ["a", ".", "b", "!"]


def test_brackets_and_stops_stay_with_a_short_formula():
    document = new_document("page")
    line = nodes.paragraph("", "", nodes.Text("better (see ("), nodes.math("", "x"), nodes.Text("), or "))
    line += [nodes.math("", "y"), nodes.Text(" and "), nodes.math("", "z" * 50), nodes.Text(".")]
    document += line
    Glued(document).run()
    assert [type(child).__name__ for child in line.children] == [
        "Text",
        "inline",
        "Text",
        "math",
        "Text",
        "math",
        "Text",
    ]
    assert [child.astext() for child in line.children[:3]] == ["better (see ", "(x),", " or "]


@pytest.mark.parametrize(
    ("text", "pieces"),
    [
        ("within 1e-09 relative", ["within 10", "−9", " relative"]),
        ("6.8683e-05", ["6.8683\u202f·\u202f10", "−5", ""]),
        ("-2.478e+04, 1e-300", ["−2.478\u202f·\u202f10", "4", ", 10", "−300", ""]),
        ("12 of 3e9a and x1e5", ["12 of 3e9a and x1e5"]),
    ],
)
def test_powers_of_ten_have_exponents(text, pieces):
    assert [piece.astext() for piece in printed(text)] == pieces
