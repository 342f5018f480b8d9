"""The ledger of the whole book, from the executed notebooks: its pages, its data, and how to cite each notebook."""

import json
import re
from collections import Counter
from html import escape

from docutils.nodes import make_id
from nbformat import NotebookNode

from companion.teaching.claims import GRADES

YEAR = 2026
# How a row on a part's page leads to its claim.
LINK = re.compile(r'<td[^>]*><p><a href="\.\./([^"]*#claim-\d+)"')
Part = tuple[str, list[tuple[str, NotebookNode]]]


def outputs(notebook: NotebookNode) -> list[NotebookNode]:
    """All outputs of the notebook's code cells, in order."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def claims(notebook: NotebookNode) -> list[dict]:
    """The claims that the notebook's outputs carry: number, grade and statement."""
    return [output.metadata["claim"] for output in outputs(notebook) if "claim" in output.get("metadata", {})]


def demanded(found: re.Match[str] | None, what: str) -> str:
    """What a pattern found in a notebook's first cell, which must have it."""
    if found is None:
        raise SystemExit(f"book/pages.py: a notebook's first cell has no {what}")
    return found[1]


def title(notebook: NotebookNode) -> str:
    """The notebook's first heading."""
    return demanded(re.search(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE), "title")


def slug(files: list[tuple[str, NotebookNode]]) -> str:
    """The name of a part's page in the ledger: that of the folder of its notebooks."""
    return files[0][0].split("/")[1]


def anchor(notebook: NotebookNode) -> str:
    """The id of a notebook's section on the page of its part, as it is made of the title there."""
    return make_id(title(notebook).replace("$", ""))


def row(file: str, claim: dict) -> str:
    """A claim's line in its notebook's table on a part's page; the number leads to the claim."""
    link = f'<a href="../{escape(file)}.html#claim-{claim["number"]}">{claim["number"]}</a>'
    statement = claim["statement"].replace("|", "\\|")
    return f"| {link} | {claim['grade']} | {statement} |"


def form(book: list[Part], here: str = "") -> str:
    """The form that searches all claims (see `_static/ledger.js`); of a part's page that part is chosen."""
    chosen = {True: " selected", False: ""}
    parts = "".join(
        f'<option value="{slug(files)}"{chosen[slug(files) == here]}>{escape(caption)}</option>'
        for caption, files in book
    )
    grades = "".join(f"<option>{grade}</option>" for grade in GRADES)
    return f"""```{{raw}} html
<form class="ledger-filter" role="search" aria-label="Search all claims" autocomplete="off">
<label>Text <input type="search" name="text" placeholder="words or LaTeX" spellcheck="false"></label>
<label>Grade <select name="grade"><option value="">every grade</option>{grades}</select></label>
<label>Part <select name="part"><option value="">every part</option>{parts}</select></label>
</form>
<div class="ledger-results"><output></output><ol></ol><button type="button" hidden>Show more</button></div>
```
"""


def numbers(count: Counter, page: str = "") -> str:
    """The cells of a line of the table of counts; the last leads to the claims, if they stand on another page."""
    link = f'<a href="{page}">{count.total()}</a>' if page else count.total()
    return " | ".join(str(count[grade] or "–") for grade in GRADES) + f" | {link}"


def summary(book: list[Part]) -> str:
    """The first page of the ledger: the search, and a table of counts by part, notebook and grade.

    The ids are those of the sections that stood here when the ledger was one page.
    """
    lines = ["| part and notebook | " + " | ".join(GRADES) + " | all |", "|---|" + "---:|" * (len(GRADES) + 1)]
    total = Counter[str]()
    for caption, files in book:
        counts = [Counter(claim["grade"] for claim in claims(notebook)) for _, notebook in files]
        of_part = sum(counts, Counter[str]())
        total += of_part
        link = f'<span id="{make_id(caption)}"></span>**[{caption}](ledger/{slug(files)}.md)**'
        lines.append(f"| {link} | {numbers(of_part)} |")
        for (file, notebook), count in zip(files, counts, strict=True):
            name, words = anchor(notebook), title(notebook).replace("|", "\\|")
            page = f"ledger/{slug(files)}.html#{name}"
            lines.append(f'| <span id="{name}"></span>[{words}]({file}.ipynb) | {numbers(count, page)} |')
    lines.append(f"| **the book** | {numbers(total)} |")
    lines += ["", 'Take it with you: <a href="ledger.json" download>ledger.json</a>, every claim as data, and']
    lines += ['<a href="cite/notebooks.bib" download>notebooks.bib</a>, a BibTeX entry for each notebook.', ""]
    return "\n".join([form(book), *lines])


def part_page(book: list[Part], part: Part) -> str:
    """The page of a part: each notebook's claims. It is complete without JavaScript."""
    caption, files = part
    count = sum((Counter(claim["grade"] for claim in claims(notebook)) for _, notebook in files), Counter[str]())
    graded = ", ".join(f"{count[grade]} {grade}" for grade in GRADES if count[grade])
    lines = [f"# The ledger: {caption}", "", f"{count.total()} claims: {graded}. A number leads to its claim."]
    lines += [
        "[The ledger](../ledger.md) says what the grades mean, and counts every part.",
        "",
        form(book, slug(files)),
    ]
    for file, notebook in files:
        lines += [f"## [{title(notebook)}](../{file}.ipynb)", ""]
        lines += ["| number | grade | claim |", "|---:|---|---|", *(row(file, claim) for claim in claims(notebook)), ""]
    return "\n".join(lines)


def data(book: list[Part]) -> str:
    """Every claim as JSON: part, notebook, number, grade, statement (Markdown with LaTeX), page."""
    rows = [
        {
            "part": caption,
            "notebook": title(notebook),
            "number": claim["number"],
            "grade": claim["grade"],
            "statement": claim["statement"],
            "page": f"{file}.html#claim-{claim['number']}",
        }
        for caption, files in book
        for file, notebook in files
        for claim in claims(notebook)
    ]
    return json.dumps(rows, ensure_ascii=False, indent=1) + "\n"


def citation(file: str, notebook: NotebookNode, author: str, book: str, address: str) -> str:
    """A BibTeX entry for a notebook, naming the post that it follows."""
    name = file.removeprefix("notebooks/")
    post = re.search(r"kexue\.fm/archives/(\d+)", notebook.cells[0].source)
    fields = {
        "author": f"{{{author}}}",
        "title": title(notebook),
        "booktitle": book,
        "year": str(YEAR),
        "note": f"Follows Su Jianlin, https://kexue.fm/archives/{post[1]}" if post else "",
        "url": f"{address.rstrip('/')}/{file}.html" if address else "",
    }
    written = ",\n".join(f"  {key:9} = {{{value}}}" for key, value in fields.items() if value)
    return f"@incollection{{derived:{name.replace('/', ':')},\n{written}\n}}\n"
