"""The contract that every notebook keeps: shape, tags, portable Markdown, claims, exercises, outputs."""

import re
from itertools import takewhile

import catalogue
import front_page
import nbformat
import notation_page
import pytest
from conftest import book_pages

# What comes after the story, in this order; and how many claims the story has, and explorers the notebook.
SECTIONS = ("Readers asked", "Try it", "Remember", "References", "Notes", "The ledger")
CLAIMS, EXPLORERS = range(8, 26), range(2, 6)
EXERCISES = 3
LONGEST_SHOWN_CELL = 12
LONGEST_ON_A_CARD = 250
FOLDED = {"hide-input", "hide-cell"}
# What only MyST understands would show as raw text in JupyterLab, on GitHub and in VS Code.
UNPORTABLE = {
    "a MyST directive": re.compile(r"^(```+|:::+)\{", re.MULTILINE),
    "a MyST role": re.compile(r"\{[a-z:-]+\}`"),
    "raw HTML": re.compile(r"<(?!https?:)[a-zA-Z/][^>]*>"),
    "a MyST target": re.compile(r"^\([\w-]+\)=$", re.MULTILINE),
    r"\( or \[ mathematics": re.compile(r"\\[(\[](?!\\)"),
    "an image from elsewhere": re.compile(r"!\[[^\]]*\]\(https?:"),
}
UNSTABLE = {
    "a memory address": re.compile(r"\b0x[0-9a-f]{6,}\b"),
    "a machine path": re.compile(r"(?<![\w.])/(?:root|home|tmp|work|Users|usr|var)/\w"),
    "a time": re.compile(r"\b\d{1,2}:\d\d:\d\d\b|\bWall time\b|\bCPU times\b"),
}


@pytest.fixture(params=catalogue.notebooks(), ids=catalogue.name)
def path(request):
    return request.param


@pytest.fixture
def notebook(path):
    return nbformat.read(path, as_version=4)


def code(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def prose(notebook):
    return [cell for cell in notebook.cells if cell.cell_type == "markdown"]


def tags(cell):
    return set(cell.metadata.get("tags", ()))


def outputs(notebook):
    return [output for cell in code(notebook) for output in cell.outputs]


def marked(notebook, key):
    return [o.metadata[key] for o in outputs(notebook) if key in o.get("metadata", {})]


def plain(output):
    return output.get("text") or output.get("data", {}).get("text/plain", "")


def without_math_and_code(text):
    text = re.sub(r"```.*?```|`[^`]*`", "", text, flags=re.DOTALL)
    return re.sub(r"\$\$.*?\$\$|\$[^$]*\$", "", text, flags=re.DOTALL)


def test_there_are_notebooks():
    assert catalogue.notebooks()


def test_every_notebook_is_in_the_book():
    listed = [page.removeprefix("notebooks/") for page in book_pages() if page.startswith("notebooks/")]
    assert sorted(listed) == [catalogue.name(path) for path in catalogue.notebooks()]


def test_valid_and_free_of_machine_state(notebook):
    nbformat.validate(notebook)
    assert set(notebook.metadata) == {"kernelspec", "language_info"}
    assert notebook.metadata.kernelspec.name == "python3"
    for cell in notebook.cells:
        assert set(cell.metadata) <= {"tags", "jupyter"}, cell.source[:60]


def test_folded_cells_are_folded_in_jupyterlab_too(notebook):
    for cell in code(notebook):
        folding = cell.metadata.get("jupyter", {})
        assert folding.get("source_hidden", False) == bool(FOLDED & tags(cell)), cell.source[:60]
        assert folding.get("outputs_hidden", False) == ("hide-cell" in tags(cell)), cell.source[:60]


def test_executed_in_order_without_errors(notebook):
    assert [cell.execution_count for cell in code(notebook)] == list(range(1, len(code(notebook)) + 1))
    assert not [o for o in outputs(notebook) if o.output_type == "error"]
    assert not [o for o in outputs(notebook) if o.output_type == "stream" and o.name == "stderr"]


def test_first_cells(notebook):
    title, setup = notebook.cells[:2]
    assert re.match(r"# \S", title.source)
    assert "https://kexue.fm/archives/" in title.source
    assert "苏剑林" in title.source or "Su Jianlin" in title.source
    assert "**The question**" in title.source
    assert setup.cell_type == "code"
    assert "hide-input" in tags(setup)
    assert "from companion.teaching import" in setup.source
    assert "Ledger(" in setup.source


def test_ledger_is_named_after_the_notebook(path, notebook):
    assert f'Ledger("{catalogue.name(path)}")' in notebook.cells[1].source


def headings(notebook):
    return [line for cell in prose(notebook) for line in cell.source.splitlines() if line.startswith("## ")]


def story(notebook):
    """The cells before the readers' questions."""
    return list(
        takewhile(
            lambda cell: not (cell.cell_type == "markdown" and re.search(r"^## Readers asked\b", cell.source, re.M)),
            notebook.cells,
        )
    )


def test_sections_in_order(notebook):
    found = [h.removeprefix("## ").strip() for h in headings(notebook)]
    assert [next(w for w in SECTIONS if h.startswith(w)) for h in found if h.startswith(SECTIONS)] == list(SECTIONS)


def test_last_cells(notebook):
    assert notebook.cells[-1].cell_type == "code"
    assert notebook.cells[-1].source.strip().endswith(".table()")
    remember = next(cell for cell in prose(notebook) if "## Remember" in cell.source)
    assert len(re.findall(r"^[-*] ", remember.source, re.MULTILINE)) <= 5


def test_the_card_of_a_notebook_has_what_it_needs(path, notebook):
    """The first page shows the question, what was found (the first item of Remember), and one explorer's picture."""
    for text in (front_page.question(notebook), front_page.finding(notebook)):
        assert text.endswith((".", "?", "!")), text
        assert front_page.length(text) <= LONGEST_ON_A_CARD, text
    assert sum(len(re.findall(r"\bcover=", cell.source)) for cell in code(notebook)) <= 1
    known = {f"notebooks/{catalogue.name(other)}" for other in catalogue.notebooks()}
    assert set(front_page.needs(f"notebooks/{catalogue.name(path)}", notebook)) <= known


def test_each_symbol_of_the_notation_has_one_meaning(path, notebook):
    """The book's notation page is made of these lists, and none may speak of a notebook that is not there."""
    lines = notation_page.lines(f"notebooks/{catalogue.name(path)}", notebook)
    assert lines
    assert not [line.meaning for line in lines if line.meaning.endswith(".")]
    known = {f"notebooks/{catalogue.name(other)}" for other in catalogue.notebooks()}
    assert {other for line in lines for other in line.compared} <= known


def test_one_title(notebook):
    titles = [line for cell in prose(notebook) for line in without_math_and_code(cell.source).splitlines()]
    assert len([line for line in titles if line.startswith("# ")]) == 1


def test_enough_to_learn_from(notebook):
    told = nbformat.v4.new_notebook(cells=story(notebook))
    assert len(marked(told, "claim")) in CLAIMS
    assert sum("@explore" in cell.source for cell in code(notebook)) in EXPLORERS
    questions = {mark["question"] for mark in marked(notebook, "exercise")}
    assert len(questions) == EXERCISES


def test_claims_are_numbered_and_distinct(notebook):
    claims = marked(notebook, "claim")
    assert [claim["number"] for claim in claims] == list(range(1, len(claims) + 1))
    statements = [claim["statement"] for claim in claims]
    assert len(set(statements)) == len(statements)


def test_each_exercise_waits_and_is_solved(notebook):
    asked, solved = set(), set()
    for cell in code(notebook):
        for output in cell.outputs:
            if mark := output.get("metadata", {}).get("exercise"):
                if "(...)" in cell.source:
                    asked.add(mark["question"])
                else:
                    assert mark["right"] is True, plain(output)
                    assert "hide-cell" in tags(cell)
                    solved.add(mark["question"])
    assert asked == solved


def test_shown_code_is_short(notebook):
    for cell in code(notebook):
        lines = [line for line in cell.source.splitlines() if line.strip()]
        assert FOLDED & tags(cell) or len(lines) <= LONGEST_SHOWN_CELL, cell.source


def test_drawing_code_is_folded(notebook):
    for cell in code(notebook):
        if "@explore" in cell.source:
            assert "hide-input" in tags(cell), cell.source[:80]
        assert "interact(" not in cell.source


def test_markdown_is_portable(notebook):
    for cell in prose(notebook):
        text = without_math_and_code(cell.source)
        for what, pattern in UNPORTABLE.items():
            assert not pattern.search(text), f"{what}: {pattern.search(text)[0]!r} in {cell.source[:80]!r}"


def test_display_mathematics_stands_alone(notebook):
    """`$$` inside a line of prose is display mathematics in one reader and a stray dollar in another."""
    for cell in prose(notebook):
        for line in re.sub(r"```.*?```|`[^`]*`", "", cell.source, flags=re.DOTALL).splitlines():
            assert "$$" not in line or re.fullmatch(r"[>\s-]*\$\$.*|.*\$\$\s*", line), line


def test_links_to_notebooks_exist(path, notebook):
    for cell in prose(notebook):
        for target in re.findall(r"\]\((?!https?:|#)([^)#]+)", without_math_and_code(cell.source)):
            assert (path.parent / target).exists(), target


def test_outputs_are_stable(notebook):
    for output in outputs(notebook):
        texts = [
            output.get("text", ""),
            *(v for k, v in output.get("data", {}).items() if k.startswith("text/")),
        ]
        for text in texts:
            for what, pattern in UNSTABLE.items():
                assert not pattern.search(text), f"{what} in an output: {pattern.search(text)[0]!r}"
        assert "application/vnd.jupyter.widget-view+json" not in output.get("data", {})


def test_explorers_carry_a_picture(notebook):
    for cell in code(notebook):
        if "@explore" in cell.source:
            assert any("image/png" in output.get("data", {}) for output in cell.outputs), cell.source[:60]


def test_every_explorer_has_a_slider(notebook):
    for cell in code(notebook):
        for declared in cell.source.split("@explore(")[1:]:
            assert "Range(" in declared.split("\ndef ")[0], declared[:200]


def test_randomness_is_seeded(notebook):
    for cell in code(notebook):
        assert "default_rng()" not in cell.source
        assert not re.search(r"np\.random\.(?!default_rng|Generator|SeedSequence)", cell.source), cell.source
