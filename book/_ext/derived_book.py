"""What this book asks of Sphinx beyond its settings.

- The repository that launch buttons and source links name comes from the environment
  (`BOOK_REPOSITORY`, or `GITHUB_REPOSITORY` on GitHub's machines), so a fork gets links to itself.
  With none given there are no such links, rather than dead ones.
- Scripts that no page needs are left out: Thebe (it would ask a third party for a kernel), copies of a
  script already there, and the theme's icon script (1.5 MB; its icon font draws the same icons).
"""

import os
import re
from pathlib import Path
from typing import Any

_ICON_SCRIPT = re.compile(r'\s*<script[^>]*src="[^"]*fontawesome\.js[^"]*"[^>]*></script>')


def repository() -> str | None:
    """Address of the repository the book is built from, without a trailing slash, or None."""
    if url := os.environ.get("BOOK_REPOSITORY"):
        return url.rstrip("/")
    if name := os.environ.get("GITHUB_REPOSITORY"):
        return f"{os.environ.get('GITHUB_SERVER_URL', 'https://github.com')}/{name}"
    return None


def add_repository(app: Any, config: Any) -> None:
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


def needed_scripts(app: Any, pagename: str, templatename: str, context: dict, doctree: Any) -> None:
    """Keep of a page's scripts one copy of each that the page needs."""
    kept, seen = [], set()
    modules = {str(s.filename) for s in context["script_files"] if s.attributes.get("type") == "module"}
    for script in context["script_files"]:
        name, body = str(script.filename), script.attributes.get("body")
        twin = name in modules and script.attributes.get("type") != "module"
        if twin or "thebe" in f"{name}{body}".lower() or (name, body) in seen:
            continue
        seen.add((name, body))
        kept.append(script)
    context["script_files"] = kept


def drop_icon_script(app: Any, exception: Exception | None) -> None:
    """Take the icon script out of the finished pages and the output folder."""
    if exception is not None:
        return
    out = Path(app.outdir)
    for page in out.rglob("*.html"):
        text = page.read_text(encoding="utf-8")
        lean = _ICON_SCRIPT.sub("", text)
        if lean != text:
            page.write_text(lean, encoding="utf-8")
    for script in (out / "_static" / "scripts").glob("fontawesome.js*"):
        script.unlink()


def setup(app: Any) -> dict[str, bool]:
    """Register the three steps."""
    app.connect("config-inited", add_repository)
    # Last of all: other extensions add their scripts in the same event.
    app.connect("html-page-context", needed_scripts, priority=900)
    app.connect("build-finished", drop_icon_script)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
