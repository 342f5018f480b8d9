"""The entries of the page What we found: `found.md` with its references to claims resolved.

Claims are numbered by their place, and places change. So `found.md` names them by their words:

- `[[training/06: the density $(2+x^2)^{-3/2}$]]` becomes "Claim 7 (proved)", a link to the one claim of that notebook
  whose statement contains these words;
- a line `@training/06` becomes the notebook's title, a link to it; the entries below it are its own.

Words that no claim contains, or several, stop the build, and so does a notebook that the book has not got.
"""

import re
from dataclasses import dataclass
from html import escape

import ledger_page

# A reference may break over two lines, as text does.
_REFERENCE = re.compile(r"\[\[(?P<name>[a-z]+/\d\d):\s+(?P<words>.+?)\]\](?!\])", re.DOTALL)
_NOTEBOOK = re.compile(r"^@(?P<name>.+)$", re.MULTILINE)


@dataclass(frozen=True)
class Source:
    """A notebook that entries speak of: its file, such as "notebooks/training/06-self-consuming-models"."""

    file: str
    title: str
    claims: list[dict]


def sources(book: list[ledger_page.Part]) -> dict[str, Source]:
    """The notebooks of the book by part and number, such as "training/06"."""
    return {
        short(file): Source(file, ledger_page.title(notebook), ledger_page.claims(notebook))
        for _, files in book
        for file, notebook in files
    }


def short(file: str) -> str:
    """A notebook's part and number, such as "training/06"."""
    return file.removeprefix("notebooks/").split("-")[0]


def one_line(text: str) -> str:
    """The text with each gap, a break of line too, as one blank."""
    return " ".join(text.split())


def known(name: str, entry: str, notebooks: dict[str, Source]) -> Source:
    """The notebook of that name."""
    if name not in notebooks:
        raise SystemExit(f"book/found.md: the book has no notebook {name}: {one_line(entry)}")
    return notebooks[name]


def claim(name: str, words: str, entry: str, notebooks: dict[str, Source]) -> tuple[Source, dict]:
    """The one claim of a notebook that contains the words."""
    found = known(name, entry, notebooks)
    wanted = one_line(words)
    which = [each for each in found.claims if wanted in one_line(each["statement"])]
    if len(which) != 1:
        numbers = ", ".join(str(each["number"]) for each in which)
        count = f"claims {numbers} contain" if which else "no claim contains"
        raise SystemExit(f"book/found.md: {count} the words of {one_line(entry)}")
    return found, which[0]


def resolved(text: str, notebooks: dict[str, Source]) -> str:
    """The page's text, with every reference a link."""

    def link(match: re.Match[str]) -> str:
        there, one = claim(match["name"], match["words"], match[0], notebooks)
        address = f"{escape(there.file)}.html#claim-{one['number']}"
        return f'<a href="{address}">Claim&nbsp;{one["number"]}</a> ({one["grade"]})'

    def heading(match: re.Match[str]) -> str:
        there = known(match["name"].strip(), match[0], notebooks)
        return f"**[{there.title}]({there.file}.ipynb)**"

    done = _NOTEBOOK.sub(heading, _REFERENCE.sub(link, text))
    if (left := done.find("[[")) >= 0:
        raise SystemExit(f"book/found.md: no reference to a claim: {one_line(done[left : left + 80])}")
    return done
