"""Write the parts of the book's own pages that come from the executed notebooks (see `make book`).

- `_generated/ledger.md`: the claims counted by part, notebook and grade; `ledger/<part>.md`: every claim of a part; as
  data in `_generated/download/`, beside a BibTeX entry for each notebook.
- `_generated/notation.md`: every symbol, with its meanings (see notation_page.py).
- `_generated/landing.html`, `facts.md`, `cards.md`, `map.html`: what the first page is made of (see front_page.py).
- `_generated/static/covers/`: the picture of each notebook (see covers.py).
- `_generated/found.md`: the entries of the page What we found, each a link to its claim (see found_page.py).
"""

import os
from pathlib import Path

import covers
import found_page
import front_page
import ledger_page
import nbformat
import notation_page
import yaml

BOOK = Path(__file__).resolve().parent
GENERATED = BOOK / "_generated"


def chapters() -> list[tuple[str, list[str]]]:
    """Parts of the book that have notebooks, and these, as `_toc.yml` orders them."""
    toc = yaml.safe_load((BOOK / "_toc.yml").read_text(encoding="utf-8"))
    listed = [(part["caption"], [chapter["file"] for chapter in part["chapters"]]) for part in toc["parts"]]
    notebooks = [(caption, [f for f in files if f.startswith("notebooks/")]) for caption, files in listed]
    return [(caption, files) for caption, files in notebooks if files]


def write(name: str, text: str, folder: str = "_generated") -> None:
    """Write `folder/name` if its text is new, so that Sphinx reads again only what changed."""
    path = BOOK / folder / name
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        path.write_text(text, encoding="utf-8")


def write_first_page(book: list[ledger_page.Part]) -> None:
    """Write what the first page is made of, and the pictures of the notebooks; those of notebooks that are gone go."""
    parts = front_page.book_of(book)
    alts, names = {}, set()
    for one in (one for _, entries in parts for one in entries):
        try:
            shown = covers.frame(covers.chosen(one.figures), GENERATED)
        except ValueError as error:
            raise SystemExit(f"book/pages.py: {one.file}: {error}") from None
        alts[one.file] = shown.words
        for end, svg in covers.pictures(shown).items():
            names.add(f"{one.name}{end}.svg")
            write(f"static/covers/{one.name}{end}.svg", svg)
    for path in (GENERATED / "static" / "covers").glob("*.svg"):
        if path.name not in names:
            path.unlink()
    write("landing.html", front_page.landing(parts))
    write("facts.md", front_page.summary(book, parts))
    write("cards.md", front_page.cards(parts, alts))
    write("map.html", front_page.drawn_map(parts))


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
    write("notation.md", notation_page.page(book))
    entries_found = (BOOK / "found.md").read_text(encoding="utf-8")
    write("found.md", found_page.resolved(entries_found, found_page.sources(book)))
    write("download/ledger.json", ledger_page.data(book))
    config = yaml.safe_load((BOOK / "_config.yml").read_text(encoding="utf-8"))
    about = config["author"], config["title"], os.environ.get("BOOK_ADDRESS", "")
    entries = {file: ledger_page.citation(file, notebook, *about) for file, notebook in by_name.items()}
    for file, entry in entries.items():
        write(f"download/cite/{file.removeprefix('notebooks/').replace('/', '-')}.bib", entry)
    write("download/cite/notebooks.bib", "\n".join(entries.values()))
    write_first_page(book)


if __name__ == "__main__":
    main()
