"""The ledger: light with a thousand claims, searched as a whole, complete without JavaScript, every row a link."""

import gzip
import json
from collections import Counter
from itertools import cycle, islice

import ledger_page
import pytest
import small_books
import yaml
from conftest import book_pages
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

# Bytes, gzipped, of all that one page asks for, as for every page of the book; of that, its HTML.
PAGE_WEIGHT = 600_000
FIRST_HTML, PART_HTML = 25_000, 120_000
# What the search fetches: once, and for each part that a result is shown from.
WORDS, STATEMENTS = 100_000, 100_000
PARTS = ("Sequences", "Diffusion", "Attention", "Low rank", "Representation", "Training", "Diversions")
NOTEBOOKS, CLAIMS = 36, 1100
FOUND = ".ledger-results li"


def data(book):
    return json.loads((book / "ledger.json").read_text(encoding="utf-8"))


def ledger_pages(book):
    return sorted(path.relative_to(book).as_posix() for path in (book / "ledger").glob("*.html"))


def said(page):
    """What the page says once the search is done."""
    page.locator(".ledger-results[aria-busy=false]").wait_for(state="attached")
    return page.locator(".ledger-results output").inner_text()


def search(page, text="", grade="", part=""):
    """Search for nothing else; what the page then says."""
    page.get_by_label("Grade").select_option(grade)
    page.get_by_label("Part").select_option(part)
    page.get_by_label("Text").fill(text)
    return said(page)


@pytest.fixture
def page(browser):
    context = browser.new_context(viewport={"width": 1280, "height": 800})
    page = context.new_page()
    page.complaints = []
    page.on("pageerror", lambda error: page.complaints.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and page.complaints.append(m.text))
    yield page
    assert page.complaints == []
    context.close()


# --- the book's own -------------------------------------------------------------------------------------------------


def test_every_claim_has_a_row_that_leads_to_it(book):
    rows = []
    for path in ledger_pages(book):
        rows += ledger_page.LINK.findall((book / path).read_text(encoding="utf-8"))
    assert sorted(rows) == sorted(claim["page"] for claim in data(book))
    assert {"part", "notebook", "number", "grade", "statement"} <= set(data(book)[0])
    for path in {row.partition("#")[0] for row in rows}:
        html = (book / path).read_text(encoding="utf-8")
        for row in rows:
            if row.startswith(f"{path}#"):
                assert f'id="{row.partition("#")[2]}"' in html, row


def test_every_part_with_notebooks_has_its_page(book):
    parts = {page.split("/")[1] for page in book_pages() if page.startswith("notebooks/")}
    assert [f"ledger/{part}.html" for part in sorted(parts)] == ledger_pages(book)


def test_the_first_page_counts_by_part_notebook_and_grade(page, book, book_url):
    page.goto(f"{book_url}/ledger.html")
    rows = page.eval_on_selector_all(
        "table:has(a) tbody tr", "all => all.map(row => [...row.cells].map(cell => cell.innerText.trim()))"
    )
    table = {row[0]: [0 if cell == "–" else int(cell) for cell in row[1:]] for row in rows}
    claims = data(book)
    wanted = [("the book", claims)]
    for key in ("part", "notebook"):
        names = {claim[key] for claim in claims if "$" not in claim[key]}
        wanted += [(name, [claim for claim in claims if claim[key] == name]) for name in names]
    for name, those in wanted:
        count = Counter(claim["grade"] for claim in those)
        assert table[name] == [*(count[grade] for grade in ledger_page.GRADES), len(those)], name


def test_links_to_the_ledger_of_old_still_lead_to_the_notebook(page, book, book_url):
    """The ledger was one page, with a section for each part and each notebook."""
    page.goto(f"{book_url}/ledger.html")
    for anchor in ("attention", "diffusion", "the-scale-of-attention-seen-from-gradient-maximisation"):
        assert page.locator(f"#{anchor}").count() == 1, anchor
    href = page.locator("tr:has(#the-scale-of-attention-seen-from-gradient-maximisation) a").last.get_attribute("href")
    page.goto(f"{book_url}/{href}")
    assert page.locator("#the-scale-of-attention-seen-from-gradient-maximisation").first.bounding_box()["y"] < 400


@pytest.mark.parametrize("home", ["server", "folder"])
def test_a_search_finds_claims_of_all_parts_and_leads_to_them(page, book, book_url, home):
    page.goto(f"{book_url}/ledger.html" if home == "server" else (book / "ledger.html").as_uri())
    claims = data(book)
    assert page.locator(FOUND).count() == 0
    page.get_by_label("Grade").select_option("simulated")
    simulated = sum(c["grade"] == "simulated" for c in claims)
    assert said(page) == f"{simulated} claims"
    assert search(page, grade="simulated", part="diffusion") == (
        f"{sum(c['grade'] == 'simulated' and c['part'] == 'Diffusion' for c in claims)} claims"
    )
    assert search(page, text="lopsided example") == "1 claim"
    (wanted,) = [c for c in claims if "lopsided example" in c["statement"]]
    item = page.locator(FOUND)
    assert wanted["notebook"] in item.inner_text()
    assert item.locator(".katex").count() >= 1 or "$" not in wanted["statement"]
    link = item.get_by_role("link").first
    assert link.evaluate("a => a.href").endswith(wanted["page"])
    link.click()
    page.locator(f"#{wanted['page'].partition('#')[2]}").wait_for()
    page.go_back()
    assert said(page) == "1 claim"


def test_formulas_are_found_by_latex_and_by_their_signs(page, book, book_url):
    page.goto(f"{book_url}/ledger.html")
    with_alpha = [claim for claim in data(book) if r"\alpha" in claim["statement"]]
    assert search(page, text=r"\alpha") == f"{len(with_alpha)} claims"
    assert int(search(page, text="α").split()[0]) >= len(with_alpha)
    assert search(page, text="no such words").startswith("No claim fits")


def test_a_part_page_searches_all_parts_too(page, book, book_url):
    page.goto(f"{book_url}/ledger/attention.html")
    assert page.get_by_label("Part").input_value() == "attention"
    assert page.locator("td a").first.is_visible()
    search(page, text="lopsided example")
    assert not page.locator("td a").first.is_visible()
    page.get_by_label("Text").fill("")
    page.get_by_label("Part").select_option("attention")
    page.locator("td a").first.wait_for()


def test_nothing_is_fetched_for_the_search_before_a_reader_turns_to_it(page, book_url):
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(f"{book_url}/ledger.html", wait_until="networkidle")
    assert not [url for url in asked if "/claims/" in url]
    with page.expect_request("**/claims/claims.js"):
        page.get_by_label("Text").focus()


def test_a_search_whose_words_are_lost_says_so_and_can_be_tried_again(browser, book_url):
    page = browser.new_page()
    page.route("**/claims/claims.js", lambda route: route.abort())
    page.goto(f"{book_url}/ledger.html")
    assert search(page, text="variance") == "The claims could not be loaded."
    page.unroute_all()
    assert "claim" in search(page, text="a variance")
    page.close()


def test_without_javascript_the_pages_of_the_parts_are_complete(browser, book, book_url):
    context = browser.new_context(java_script_enabled=False)
    page = context.new_page()
    shown = 0
    for path in ledger_pages(book):
        page.goto(f"{book_url}/{path}")
        shown += page.locator("td a[href*='#claim-']:visible").count()
        assert not page.locator(".ledger-filter").is_visible()
    assert shown == len(data(book))
    context.close()


# --- a thousand claims ----------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def thousand(book, tmp_path_factory):
    """A book of 36 notebooks with 1,100 claims, made of those of this one."""
    folder = tmp_path_factory.mktemp("thousand")
    small_books.begin(folder, "ledger.md")
    statements = list(islice(cycle(claim["statement"] for claim in data(book)), CLAIMS))
    grades = list(islice(cycle(ledger_page.GRADES), CLAIMS))
    made = {part: [] for part in PARTS}
    for k in range(NOTEBOOKS):
        share = slice(CLAIMS * k // NOTEBOOKS, CLAIMS * (k + 1) // NOTEBOOKS)
        part = PARTS[len(PARTS) * k // NOTEBOOKS]
        file = f"notebooks/{part.lower().replace(' ', '-')}/{k + 1:02d}-made"
        cells = [new_markdown_cell(f"# Notebook {k + 1}\n\n**The question**: is {k} enough?")]
        small_books.write_notebook(folder, file, cells)
        outputs = [
            new_output(
                "display_data",
                {"text/plain": ""},
                metadata={"claim": {"number": n + 1, "grade": grade, "statement": f"{statement} ({k + 1}.{n + 1})"}},
            )
            for n, (statement, grade) in enumerate(zip(statements[share], grades[share], strict=True))
        ]
        made[part].append((file, new_notebook(cells=[*cells, new_code_cell("", outputs=outputs)])))
    parts = list(made.items())
    (folder / "_generated" / "ledger.md").write_text(ledger_page.summary(parts), encoding="utf-8")
    (folder / "_generated" / "download" / "ledger.json").write_text(ledger_page.data(parts), encoding="utf-8")
    (folder / "ledger").mkdir()
    for part in parts:
        page = folder / "ledger" / f"{ledger_page.slug(part[1])}.md"
        page.write_text(ledger_page.part_page(parts, part), encoding="utf-8")
    files = [file for _, notebooks in parts for file, _ in notebooks]
    sections = [{"file": f"ledger/{ledger_page.slug(notebooks)}"} for _, notebooks in parts]
    chapters = [{"file": file} for file in files] + [{"file": "ledger", "sections": sections}]
    (folder / "index.md").write_text("# A book\n\nWith claims.\n", encoding="utf-8")
    toc = {"format": "jb-book", "root": "index", "chapters": chapters}
    (folder / "_toc.yml").write_text(yaml.safe_dump(toc), encoding="utf-8")
    return small_books.build(folder, patience=900)


def gzipped(path):
    return len(gzip.compress(path.read_bytes()))


def test_a_thousand_claims_keep_the_weights(thousand):
    assert len(data(thousand)) == CLAIMS
    assert gzipped(thousand / "ledger.html") <= FIRST_HTML
    pages = {path: gzipped(thousand / path) for path in ledger_pages(thousand)}
    assert len(pages) == len(PARTS)
    assert max(pages.values()) <= PART_HTML, pages
    scripts = {path.stem: gzipped(path) for path in (thousand / "_static" / "claims").glob("*.js")}
    assert scripts.pop("claims") <= WORDS
    assert max(scripts.values()) <= STATEMENTS, scripts


def test_a_thousand_claims_are_searched_from_a_folder(page, thousand):
    page.goto((thousand / "ledger.html").as_uri())
    assert search(page, grade="proved") == f"{sum(c['grade'] == 'proved' for c in data(thousand))} claims"
    assert page.locator(FOUND).count() == 50
    page.get_by_role("button", name="Show more").click()
    page.locator(FOUND).nth(99).wait_for()
    assert search(page, text="(36.3)") == "1 claim"
    assert page.locator(FOUND).get_by_role("link").evaluate("a => a.href").endswith("/36-made.html#claim-3")


@pytest.mark.parametrize("name", ["ledger", "ledger/attention"])
def test_a_page_of_a_thousand_claims_asks_for_little(browser, thousand, serve, name):
    context = browser.new_context()
    page, bodies = context.new_page(), []
    page.on("response", lambda response: bodies.append(response.body()))
    page.goto(f"{serve(thousand)}/{name}.html", wait_until="networkidle")
    # A search fetches the words of all claims, and the statements of a part that it finds something in.
    search(page, text="(36.3)")
    page.locator(FOUND).first.wait_for()
    page.wait_for_load_state("networkidle")
    assert sum(len(gzip.compress(body)) for body in bodies) < PAGE_WEIGHT
    context.close()
