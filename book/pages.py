"""Write the parts of the book's own pages that come from the executed notebooks (see `make book`).

- `_generated/ledger.md`: the claims counted by part, notebook and grade; `ledger/<part>.md`: every claim of a part; as
  data in `_generated/download/`, beside a BibTeX entry for each notebook.
- `_generated/landing.html`: the explorer that the landing page shows.
- `_generated/parts.md`: the table of contents with each notebook's question.
"""

import os
import re
from pathlib import Path

import ledger_page
import nbformat
import yaml
from ledger_page import demanded, outputs, title

BOOK = Path(__file__).resolve().parent
LANDING = ("attention/01-scale-gradient", "two_ends")


def question(notebook: nbformat.NotebookNode) -> str:
    """The question that the first cell says the notebook answers."""
    found = re.search(r"\*\*The question\*\*:\s*(.+?)(?:\n\n|\Z)", notebook.cells[0].source, re.DOTALL)
    text = demanded(found, "question").replace("\n", " ")
    return text[0].upper() + text[1:]


def chapters() -> list[tuple[str, list[str]]]:
    """Parts of the book that have notebooks, and these, as `_toc.yml` orders them."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in toc["parts"]]
    notebooks = [(caption, [f for f in files if f.startswith("notebooks/")]) for caption, files in listed]
    return [(caption, files) for caption, files in notebooks if files]


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


def write(name: str, text: str, folder: str = "_generated") -> None:
    """Write `folder/name` if its text is new, so that Sphinx reads again only what changed."""
    path = BOOK / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_ledger(book: list[ledger_page.Part]) -> None:
    """Write the ledger's pages; those of parts that are gone go too. Stops for a part whose page `_toc.yml` lacks."""
    toc = (BOOK / "_toc.yml").read_text(encoding="utf-8")
    write("ledger.md", ledger_page.summary(book))
    wanted = {ledger_page.slug(part[1]): ledger_page.part_page(book, part) for part in book}
    for name, text in wanted.items():
        if f"file: ledger/{name}\n" not in toc:
            raise SystemExit(f"book/pages.py: _toc.yml needs a line `- file: ledger/{name}` below `- file: ledger`")
        write(f"{name}.md", text, folder="ledger")
    for page in (BOOK / "ledger").glob("*.md"):
        if page.stem not in wanted:
            page.unlink()


def main() -> None:
    """Read the baked notebooks once and write all parts."""
    book = [
        (caption, [(file, nbformat.read(BOOK / f"{file}.ipynb", as_version=4)) for file in files])
        for caption, files in chapters()
    ]
    by_name = {file: notebook for _, files in book for file, notebook in files}
    write_ledger(book)
    write("download/ledger.json", ledger_page.data(book))
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    about = config["author"], config["title"], os.environ.get("BOOK_ADDRESS", "")
    entries = {file: ledger_page.citation(file, notebook, *about) for file, notebook in by_name.items()}
    for file, entry in entries.items():
        write(f"download/cite/{file.removeprefix('notebooks/').replace('/', '-')}.bib", entry)
    write("download/cite/notebooks.bib", "\n".join(entries.values()))
    write("parts.md", parts(book))
    write("landing.html", landing(by_name[f"notebooks/{LANDING[0]}"], LANDING[1]))


if __name__ == "__main__":
    main()
