"""Write the parts of the book's own pages that come from the executed notebooks (see `make book`).

- `_generated/ledger.md`: every claim of every notebook, counted by grade.
- `_generated/landing.html`: the explorer that the landing page shows.
- `_generated/parts.md`: the table of contents with each notebook's question.
"""

import re
from collections import Counter
from pathlib import Path

import nbformat
import yaml

from companion.teaching.claims import GRADES

BOOK = Path(__file__).resolve().parent

LANDING = ("attention/01-scale-gradient", "two_ends")


def outputs(notebook: nbformat.NotebookNode) -> list[nbformat.NotebookNode]:
    """All outputs of the notebook's code cells, in order."""
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.outputs]


def claims(notebook: nbformat.NotebookNode) -> list[dict]:
    """The claims that the notebook's outputs carry: number, grade and statement."""
    return [output.metadata["claim"] for output in outputs(notebook) if "claim" in output.get("metadata", {})]


def demanded(found: re.Match[str] | None, what: str) -> str:
    """What a pattern found in a notebook's first cell, which must have it."""
    if found is None:
        raise SystemExit(f"book/pages.py: a notebook's first cell has no {what}")
    return found[1]


def title(notebook: nbformat.NotebookNode) -> str:
    """The notebook's first heading."""
    return demanded(re.search(r"^# (.+)$", notebook.cells[0].source, re.MULTILINE), "title")


def question(notebook: nbformat.NotebookNode) -> str:
    """The question that the first cell says the notebook answers."""
    found = re.search(r"\*\*The question\*\*:\s*(.+?)(?:\n\n|\Z)", notebook.cells[0].source, re.DOTALL)
    text = demanded(found, "question").replace("\n", " ")
    return text[0].upper() + text[1:]


def chapters() -> list[tuple[str, list[str]]]:
    """Parts of the book and their notebooks, as `_toc.yml` orders them."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in toc["parts"]]
    return [(caption, [f for f in files if f.startswith("notebooks/")]) for caption, files in listed if files]


def ledger(book: list[tuple[str, list[tuple[str, nbformat.NotebookNode]]]]) -> str:
    """The ledger page: a table of counts, then each notebook's claims."""
    notebooks = [(file, notebook) for _, files in book for file, notebook in files]
    counts = {file: Counter(claim["grade"] for claim in claims(notebook)) for file, notebook in notebooks}
    total = sum(counts.values(), Counter())
    head = "| notebook | " + " | ".join(GRADES) + " | all |\n|---|" + "---:|" * (len(GRADES) + 1)
    rows = [
        f"| [{title(notebook)}]({file}.ipynb) | "
        + " | ".join(str(counts[file][grade] or "–") for grade in GRADES)
        + f" | {counts[file].total()} |"
        for file, notebook in notebooks
    ]
    rows.append("| **all** | " + " | ".join(f"**{total[g]}**" for g in GRADES) + f" | **{total.total()}** |")
    sections = [
        f"## {title(notebook)}\n\n| | grade | claim |\n|---:|---|---|\n"
        + "\n".join(
            f"| {claim['number']} | {claim['grade']} | {claim['statement'].replace('|', chr(92) + '|')} |"
            for claim in claims(notebook)
        )
        for _, notebook in notebooks
    ]
    return "\n".join([head, *rows, "", *(section + "\n" for section in sections)])


def landing(notebook: nbformat.NotebookNode, explorer: str) -> str:
    """The baked figure of one explorer, to stand on the landing page."""
    marker = f'data-explorer="{explorer}"'
    for output in outputs(notebook):
        if marker in (html := output.get("data", {}).get("text/html", "")):
            return html
    raise SystemExit(f"book/pages.py: no explorer {explorer!r} in the baked notebook {LANDING[0]}")


def parts(book: list[tuple[str, list[tuple[str, nbformat.NotebookNode]]]]) -> str:
    """Each part with its notebooks: title, then the question it answers."""
    return "\n".join(
        f"### {caption}\n\n"
        + "\n".join(f"- [**{title(nb)}**]({file}.ipynb)\\\n  {question(nb)}" for file, nb in files)
        + "\n"
        for caption, files in book
        if files
    )


def write(name: str, text: str) -> None:
    """Write `_generated/name` if its text is new, so that Sphinx reads again only what changed."""
    path = BOOK / "_generated" / name
    path.parent.mkdir(exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def main() -> None:
    """Read the baked notebooks once and write all three parts."""
    book = [
        (caption, [(file, nbformat.read(BOOK / f"{file}.ipynb", as_version=4)) for file in files])
        for caption, files in chapters()
    ]
    by_name = {file: notebook for _, files in book for file, notebook in files}
    write("ledger.md", ledger(book))
    write("parts.md", parts(book))
    write("landing.html", landing(by_name[f"notebooks/{LANDING[0]}"], LANDING[1]))


if __name__ == "__main__":
    main()
