"""The page What we found: every reference leads to its claim, and what leads nowhere stops the build."""

import re

import found_page
import nbformat
import pages
import pytest
from catalogue import ROOT
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

BOOK = ROOT / "book"
NAME = "What we found"
REFERENCE = re.compile(r"\[\[([a-z]+/\d\d):\s")
# How many words of an entry a reader sees, references aside: three sentences, some of them long.
LONGEST = 110


def entries():
    return (BOOK / "found.md").read_text(encoding="utf-8")


def items(text):
    return re.split(r"^- ", text, flags=re.MULTILINE)[1:]


@pytest.fixture(scope="module")
def sources():
    book = [
        (part, [(file, nbformat.read(ROOT / f"{file}.ipynb", as_version=4)) for file in files])
        for part, files in pages.chapters()
    ]
    return found_page.sources(book)


def made(*statements, name="training/06-autophagy"):
    """A book of one notebook with these claims."""
    outputs = [
        new_output(
            "display_data",
            {"text/plain": ""},
            metadata={"claim": {"number": n + 1, "grade": "proved", "statement": statement}},
        )
        for n, statement in enumerate(statements)
    ]
    cells = [new_markdown_cell("# A title"), new_code_cell("", outputs=outputs)]
    return found_page.sources([("Training", [(f"notebooks/{name}", new_notebook(cells=cells))])])


# --- references -----------------------------------------------------------------------------------------------------


def test_a_reference_becomes_a_link_with_the_number_and_the_grade():
    text = found_page.resolved("- It is so. [[training/06: the first]]", made("the first of two", "the second"))
    link = '<a href="notebooks/training/06-autophagy.html#claim-1">Claim&nbsp;1</a> (proved)'
    assert text == f"- It is so. {link}"


def test_a_reference_follows_its_claim_to_another_number():
    text = found_page.resolved("[[training/06: the first]]", made("a new one", "the first of two"))
    assert 'html#claim-2">Claim&nbsp;2</a>' in text


def test_a_reference_may_break_over_lines_and_hold_brackets():
    text = found_page.resolved("[[training/06: for $x$ in\n  $[-b,b]$]]", made("for $x$ in $[-b,b]$ it holds"))
    assert "#claim-1" in text


def test_a_line_that_names_a_notebook_becomes_its_title():
    assert found_page.resolved("@training/06\n", made("one")) == (
        "**[A title](notebooks/training/06-autophagy.ipynb)**\n"
    )


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("[[training/06: the third]]", r"no claim contains the words of \[\[training/06: the third\]\]"),
        ("[[training/06: the]]", r"claims 1, 2 contain the words of \[\[training/06: the\]\]"),
        ("[[training/07: the first]]", r"the book has no notebook training/07: \[\[training/07: the first\]\]"),
        ("@training/07", r"the book has no notebook training/07: @training/07"),
        ("- It is so. [[training: the first]]", r"no reference to a claim: \[\[training: the first\]\]"),
        ("- It is so. [[training/06 the first]]", r"no reference to a claim: \[\[training/06 the first\]\]"),
    ],
)
def test_what_leads_nowhere_or_to_several_places_stops_the_build_and_says_where(text, complaint):
    with pytest.raises(SystemExit, match=complaint):
        found_page.resolved(text, made("the first of two", "the second"))


def test_the_first_reference_that_fails_is_named_among_good_ones():
    good = "- It is so. [[training/06: the first]]\n"
    with pytest.raises(SystemExit, match="the fourth"):
        found_page.resolved(f"{good}- And so. [[training/06: the fourth]]\n{good}", made("the first of two"))


# --- the page itself -------------------------------------------------------------------------------------------------


def test_every_reference_resolves(sources):
    text = found_page.resolved(entries(), sources)
    assert text.count("#claim-") == len(REFERENCE.findall(entries())) > 200
    for address, number in re.findall(r'href="([^"]+)\.html#claim-(\d+)"', text):
        (there,) = [source for source in sources.values() if source.file == address]
        assert any(one["number"] == int(number) for one in there.claims)


def test_entries_stand_below_the_notebook_that_they_refer_to():
    for section in re.split(r"^@", entries(), flags=re.MULTILINE)[1:]:
        name, rest = section.split("\n", 1)
        assert set(REFERENCE.findall(rest)) <= {name}, name
        assert items(rest), name


def test_a_notebook_heads_its_entries_once_in_each_of_the_three_kinds():
    kinds = re.split(r"^## ", entries(), flags=re.MULTILINE)[1:]
    assert len(kinds) == 3
    order = [found_page.short(file) for _, files in pages.chapters() for file in files]
    for kind in kinds:
        named = re.findall(r"^@(\S+)$", kind, flags=re.MULTILINE)
        assert named == sorted(set(named), key=order.index)


def test_every_entry_leads_to_a_claim_or_says_why_not():
    for entry in items(entries()):
        assert REFERENCE.search(entry) or "No claim" in entry, entry


def test_entries_are_short_and_quote_nobody():
    for entry in items(entries()):
        told = re.sub(r"\[\[.*?\]\](?!\])", "", entry, flags=re.DOTALL).split("\n\n")[0]
        assert len(told.split()) <= LONGEST, told
        assert not re.search(r"[\u3400-\u9fff]", told)


def test_the_page_says_what_new_means_and_stands_in_the_contents():
    page = (BOOK / "what-we-found.md").read_text(encoding="utf-8")
    assert page.startswith(f"# {NAME}\n")
    assert "**New** means" in page
    assert "{include} _generated/found.md" in page
    assert "file: what-we-found\n" in (BOOK / "_toc.yml").read_text(encoding="utf-8")


# --- the built book --------------------------------------------------------------------------------------------------


def test_the_built_page_has_every_entry_and_each_link_its_claim(book):
    html = (book / "what-we-found.html").read_text(encoding="utf-8")
    links = re.findall(r'<a href="(notebooks/[^"#]+\.html)#(claim-\d+)"', html)
    assert len(links) == len(REFERENCE.findall(entries()))
    for page, anchor in links:
        assert f'id="{anchor}"' in (book / page).read_text(encoding="utf-8"), (page, anchor)


def test_the_built_page_has_its_contents_beside_it(book):
    html = (book / "what-we-found.html").read_text(encoding="utf-8")
    # They stand there twice, for wide windows and for narrow ones.
    beside = {
        level: set(re.findall(rf'<li class="toc-{level} [^>]*>\s*<a[^>]* href="(#[^"]+)"', html))
        for level in ("h2", "h3")
    }
    assert len(beside["h2"]) == 3
    assert len(beside["h3"]) >= 14
