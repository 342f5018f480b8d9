"""What this book asks of Sphinx beyond its settings.

- The repository that launch buttons and source links name comes from the environment
  (`BOOK_REPOSITORY`, or `GITHUB_REPOSITORY` on GitHub's machines), so a fork gets links to itself.
  With none given there are no such links, rather than dead ones.
- Scripts that no page needs are left out: Thebe (it would ask a third party for a kernel), copies of a
  script already there, the theme's icon script (1.5 MB; its icon font draws the same icons), and, except on the page
  of results, the index of the search, which grows with the book.
- Style sheets of the first page and of the ledger stay there. What `:has` asks of a page is asked again whenever
  anything on it changes, and a slider changes something with every step: 30 ms on a long page. So the theme's rules
  say the same without it.
- The book's name above the contents is a landmark, as all else on a page belongs to one; a column's head without words
  is a plain cell.
- The packs of the explorers that stand on the pages, and their pictures for paper, and no others, come to lie beside
  them. Packs are scripts, and Jupyter Book puts every script below `_static` on every page: so they are not in there
  when it looks.
"""

import os
import re
import shutil
from html import escape, unescape
from pathlib import Path
from typing import Any

from reader.plain import plain
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.errors import ExtensionError

_ICON_SCRIPT = re.compile(r'\s*<script[^>]*src="[^"]*fontawesome\.js[^"]*"[^>]*></script>')
# The theme puts Sphinx's search on every page, for results while one types: an option that this book does not use.
_SEARCH_SCRIPT = re.compile(r'\s*<script src="[^"]*(?:searchtools|language_data|searchindex)\.js"></script>')
# The name of the book above the contents, which the theme leaves outside of every landmark.
_BRAND = re.compile(r'<div class="sidebar-primary-item">(?=\s*<a class="navbar-brand)')
_LANDMARK = '<div class="sidebar-primary-item" role="navigation" aria-label="The book">'
# The head of a column of numbers that has none: a heading without words is read out as one.
_CORNER = re.compile(r'<th( class="[^"]*")?>(?:<p></p>)?</th>')
# The head of a column that is a formula, whose MathML not all software that reads aloud takes for words.
_FORMULA_HEAD = re.compile(r'(<th[^>]*><p>)(<span class="math(?:(?!</th>).)*</span>)(?=</p></th>)', re.DOTALL)
_TEX = re.compile(r'<annotation encoding="application/x-tex">(.*?)</annotation>', re.DOTALL)
_PACK = re.compile(r'<figure class="explorer"[^>]* data-pack="([^"]+)"')
# The theme's sheet, and its rules with `:has`, each with what says the same on our pages.
_THEME = Path("styles") / "pydata-sphinx-theme.css"
_HAS = {":not(:has(table.dataframe))": "", ":has(button.copybtn)": "", ":has(:focus-visible)": ":focus-within"}
_HAS_RULE = re.compile(r"[^{}]*:has\([^{}]*\{[^{}]*\}")
_PAPER = re.compile(r'(?<=<img src=")paper:([^"]+)(?=")')


def repository() -> str | None:
    """Address of the repository the book is built from, without a trailing slash, or None."""
    if url := os.environ.get("BOOK_REPOSITORY"):
        return url.rstrip("/")
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    return None


def add_repository(app: Sphinx, config: Config) -> None:
    """Give the theme its repository and Binder buttons when the repository is known."""
    if url := repository():
        config.html_theme_options |= {
            "repository_url": url,
            "repository_branch": os.environ.get("BOOK_BRANCH", "main"),
            "path_to_docs": "",
            "use_repository_button": True,
            "launch_buttons": {
                "binderhub_url": "https://mybinder.org",
                "notebook_interface": "jupyterlab",
                "colab_url": "",
                "thebe": False,
            },
        }


def needed_files(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Keep one copy of each script that the page needs; of two, the one that waits for the page; and its sheets."""
    kept, seen = [], set()
    deferred = {str(s.filename) for s in context["script_files"] if "defer" in s.attributes}
    for script in context["script_files"]:
        name, body = str(script.filename), script.attributes.get("body")
        twin = name in deferred and "defer" not in script.attributes
        if twin or "thebe" in f"{name}{body}".lower() or (name, body) in seen:
            continue
        seen.add((name, body))
        kept.append(script)
    context["script_files"] = kept
    elsewhere = {
        "front.css": pagename != "index",
        "ledger.css": pagename.partition("/")[0] != "ledger",
    }
    sheets = context["css_files"]
    context["css_files"] = [s for s in sheets if not elsewhere.get(Path(str(s.filename)).name, False)]


def named(head: re.Match[str]) -> str:
    """The head of a column with a formula for the eye, and in plain words for who hears it."""
    words = " ".join(plain(unescape(latex)) for latex in _TEX.findall(head[2]))
    return f'{head[1]}<span class="visually-hidden">{escape(words)}</span><span aria-hidden="true">{head[2]}</span>'


def quick(sheet: str) -> str:
    """The theme's style sheet without `:has`: rules that nothing else can say are of links to sources, and go."""
    for has, same in _HAS.items():
        sheet = sheet.replace(has, same)
    return _HAS_RULE.sub("", sheet)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Go once over the finished pages: mend what the theme wrote, and put what the explorers show beside them."""
    if exception is not None:
        return
    out, shown = Path(app.outdir), set[str]()
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        static = "../" * (len(page.relative_to(out).parts) - 1) + "_static/"
        lean = _PAPER.sub(rf"{static}\1", _ICON_SCRIPT.sub("", text))
        if page.name != "search.html":
            lean = _SEARCH_SCRIPT.sub("", lean)
        lean = _FORMULA_HEAD.sub(named, _CORNER.sub(r"<td\1></td>", _BRAND.sub(_LANDMARK, lean)))
        shown.update(_PACK.findall(lean), re.findall(rf'<img src="{re.escape(static)}(paper/[^"]+)"', lean))
        if lean != text:
            page.write_text(lean, encoding="utf-8")
    if (theme := out / "_static" / _THEME).exists():
        theme.write_text(quick(theme.read_text(encoding="utf-8")), encoding="utf-8")
    for script in (out / "_static" / "scripts").glob("fontawesome.js*"):
        script.unlink()
    place_packs(Path(app.srcdir) / "_generated", out / "_static", shown)


def place_packs(source: Path, static: Path, packs: set[str]) -> None:
    """Copy packs and pictures from `source` to `static`, afresh: those of explorers that are gone go too.

    Raises ExtensionError when a page asks for one that has not been drawn.
    """
    for folder in ("packs", "paper"):
        shutil.rmtree(static / folder, ignore_errors=True)
    for pack in sorted(packs):
        if not (source / pack).is_file():
            raise ExtensionError(f"{source / pack} is missing: run `make clean book`")
        (static / pack).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(source / pack, static / pack)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the three steps."""
    app.connect("config-inited", add_repository)
    # Last of all: other extensions add their scripts in the same event.
    app.connect("html-page-context", needed_files, priority=900)
    app.connect("build-finished", finish)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
