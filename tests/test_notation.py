"""The notation page: every notebook has its symbols on it, every symbol its meanings, links lead there."""

import re

import catalogue
import nbformat
import notation_page
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

BAR = r"- $\bar\alpha_t$: the signal at the level $t$"


def written(*items, name="A title"):
    notes = "### Notation\n\n" + "\n".join(items)
    return new_notebook(cells=[new_markdown_cell(f"# {name}"), new_code_cell("1"), new_markdown_cell(notes)])


def parts(**notebooks):
    return [
        ("Part", [(f"notebooks/part/{number}-{name}", nb) for number, (name, nb) in enumerate(notebooks.items(), 10)])
    ]


def test_a_line_is_a_symbol_and_its_meaning_without_what_it_is_compared_with():
    found = notation_page.lines(
        "notebooks/part/02-b", written(BAR, "- $r$: a ratio; $0$ at first; not, as in [01](01-a.ipynb), a rank")
    )
    assert found == [
        (r"\bar\alpha_t", "the signal at the level $t$", []),
        ("r", "a ratio; $0$ at first", ["notebooks/part/01-a"]),
    ]


@pytest.mark.parametrize(
    "items",
    [
        (),
        ("No list.",),
        ("- $x$ is a number",),
        ("- $x$:",),
        ("- $x$, $y$: two numbers",),
        ("- $x$: not as in [01](01-a.ipynb)",),
        ("- $x$: a number", "- $x$: another one"),
        ("- $x$: a number", "", "And more."),
    ],
)
def test_a_notebook_whose_notation_cannot_be_read_is_named(items):
    with pytest.raises(SystemExit, match="notebooks/part/02-b"):
        notation_page.lines("notebooks/part/02-b", written(*items))


def test_a_notebook_without_notation_stops_the_book_and_is_named():
    bare = new_notebook(cells=[new_markdown_cell("# A title")])
    with pytest.raises(SystemExit, match="notebooks/part/11-bare"):
        notation_page.page(parts(good=written(BAR), bare=bare))


def test_each_symbol_stands_once_with_the_notebooks_of_each_meaning():
    text = notation_page.page(
        parts(a=written("- $x$: a number"), b=written("- $x$: a number"), c=written("- $x$: a vector", BAR))
    )
    assert re.findall(r"^\$(.+)\$$", text, re.MULTILINE) == ["x", r"\bar\alpha_t"]
    assert "2 symbols of 3 notebooks" in text
    (number,) = re.findall("^: a number · (.*)", text, re.MULTILINE)
    assert re.findall(r"\(([^ ]*) ", number) == ["notebooks/part/10-a.ipynb", "notebooks/part/11-b.ipynb"]


def test_symbols_stand_where_a_reader_looks_for_them():
    symbols = [
        r"\mathrm{KL}",
        r"\beta",
        r"\bar\alpha_t",
        "B",
        r"\alpha",
        "a_i",
        r"\mathcal D",
        "a",
        r"\Delta",
        r"\lVert\cdot\rVert",
    ]
    assert sorted(symbols, key=notation_page.order) == [
        *("a", "a_i", "B", r"\mathcal D", r"\alpha", r"\bar\alpha_t", r"\beta", r"\Delta"),
        *(r"\mathrm{KL}", r"\lVert\cdot\rVert"),
    ]


def test_every_notebook_and_every_symbol_has_its_place_on_the_page(book, browser, book_url):
    """Of the built book; without JavaScript, since the page is complete without it."""
    context = browser.new_context(viewport={"width": 390, "height": 844}, java_script_enabled=False)
    page = context.new_page()
    page.goto(f"{book_url}/notation.html")
    links = page.eval_on_selector_all("article dd a[href*='.html']", "all => all.map(a => a.getAttribute('href'))")
    assert {link.removesuffix(".html") for link in links} == {
        f"notebooks/{catalogue.name(p)}" for p in catalogue.notebooks()
    }
    assert all((book / link).exists() for link in links)
    symbols = {
        line.symbol
        for path in catalogue.notebooks()
        for line in notation_page.lines(catalogue.name(path), nbformat.read(path, as_version=4))
    }
    assert page.locator("article dt").count() == len(symbols)
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    context.close()
