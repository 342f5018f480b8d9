"""What the ledger's search needs (see `_static/ledger.js`): every claim's words, and its statement as the page sets it.

A part's page holds its claims, rendered. From there they are copied once the book is built: into `claims.js`, the words
of all claims, and into a script for each part, its statements. They are scripts, since a page that was opened from a
folder may run scripts beside it, but not read files; they are fetched when a reader turns to the search.
"""

import json
import re
import shutil
from pathlib import Path
from typing import Any

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError

from reader.plain import plain_text

FOLDER = "_static/claims"
_ROW = re.compile(r'<tr class="row-(?:even|odd)">(.*?)</tr>', re.DOTALL)
_CELL = re.compile(r"<td[^>]*>(.*?)</td>", re.DOTALL)
_LINK = re.compile(r'<a href="\.\./([^"]*#claim-\d+)"')


def is_ledger(pagename: str) -> bool:
    """Whether a page belongs to the ledger."""
    return pagename == "ledger" or pagename.startswith("ledger/")


def rendered(page: str) -> dict[str, str]:
    """The statements on a part's page, set in HTML, by the address of the claim."""
    found = {}
    for row in _ROW.findall(page):
        if link := _LINK.search(row):
            statement = _CELL.findall(row)[2].strip()
            found[link[1]] = statement.removeprefix("<p>").removesuffix("</p>")
    return found


def searched(statement: str) -> str:
    """What a search looks through: the statement, and the words of its plain form that it does not hold already.

    The words that one searches for have no blanks, so each lies within one of these.
    """
    source = statement.lower()
    return " ".join([source, *(word for word in plain_text(statement).lower().split() if word not in source)])


def script(function: str, *arguments: Any) -> str:
    """A script that hands its data over by a call."""
    return f"{function}({', '.join(json.dumps(a, ensure_ascii=False, separators=(',', ':')) for a in arguments)});\n"


def scripts(claims: list[dict[str, Any]], pages: dict[str, str]) -> dict[str, str]:
    """The search's scripts by their names. Raises KeyError for a claim that its part's page does not hold."""
    notebooks: list[list[str]] = []
    words: list[list[Any]] = []
    statements: dict[str, list[str]] = {}
    held = {part: rendered(page) for part, page in pages.items()}
    for claim in claims:
        file = claim["page"].partition("#")[0]
        part = file.split("/")[1]
        notebook = [part, claim["notebook"], file]
        if notebook not in notebooks:
            notebooks.append(notebook)
        text = searched(claim["statement"])
        statements.setdefault(part, []).append(held[part][claim["page"]])
        words.append([notebooks.index(notebook), claim["number"], claim["grade"], text])
    made = {part: script("ledgerStatements", part, those) for part, those in statements.items()}
    titles = [[part, plain_text(title), file] for part, title, file in notebooks]
    return made | {"claims": script("ledgerClaims", titles, words)}


def write_search(app: Sphinx, exception: Exception | None) -> None:
    """Write the search's scripts beside the pages. Raises ExtensionError where page and data do not belong together."""
    if exception is not None or "ledger" not in app.env.found_docs:
        return
    out = Path(app.outdir)
    claims = json.loads((out / "ledger.json").read_text(encoding="utf-8"))
    pages = {page.stem: page.read_text(encoding="utf-8") for page in sorted((out / "ledger").glob("*.html"))}
    try:
        made = scripts(claims, pages)
    except KeyError as missing:
        raise ExtensionError(f"the ledger's pages do not hold {missing}: run `make clean book`") from None
    shutil.rmtree(out / FOLDER, ignore_errors=True)
    (out / FOLDER).mkdir(parents=True)
    for name, text in made.items():
        (out / FOLDER / f"{name}.js").write_text(text, encoding="utf-8")


def register(app: Sphinx) -> None:
    """After the book is built."""
    app.connect("build-finished", write_search)
