"""The ledger of the whole book, from the executed notebooks: its page, its data, and how to cite each notebook."""

import json
import re
from collections import Counter
from html import escape

from nbformat import NotebookNode

from companion.teaching.claims import GRADES

YEAR = 2026
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


def row(file: str, claim: dict) -> str:
    """A claim's line in its notebook's table; the number leads to the claim."""
    link = f'<a href="{escape(file)}.html#claim-{claim["number"]}">{claim["number"]}</a>'
    statement = claim["statement"].replace("|", "\\|")
    return f"| {link} | {claim['grade']} | {statement} |"


def page(book: list[Part]) -> str:
    """The ledger page: a table of counts, then by part each notebook's claims."""
    notebooks = [entry for _, files in book for entry in files]
    counts = {file: Counter(claim["grade"] for claim in claims(notebook)) for file, notebook in notebooks}
    total = sum(counts.values(), Counter())
    lines = ["| notebook | " + " | ".join(GRADES) + " | all |", "|---|" + "---:|" * (len(GRADES) + 1)]
    for file, notebook in notebooks:
        numbers = " | ".join(str(counts[file][grade] or "–") for grade in GRADES)
        lines.append(f"| [{title(notebook)}]({file}.ipynb) | {numbers} | {counts[file].total()} |")
    lines.append("| **all** | " + " | ".join(f"**{total[g]}**" for g in GRADES) + f" | **{total.total()}** |")
    lines += ["", 'Take it with you: <a href="ledger.json" download>ledger.json</a>, every claim as data, and']
    lines += ['<a href="cite/notebooks.bib" download>notebooks.bib</a>, a BibTeX entry for each notebook.', ""]
    for caption, files in book:
        lines += [f"## {caption}", ""]
        for file, notebook in files:
            lines += [f"### {title(notebook)}", "", "| | grade | claim |", "|---:|---|---|"]
            lines += [*(row(file, claim) for claim in claims(notebook)), ""]
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
