"""The navigation's parts fold: the part of the page that is read is open, the others are one line each."""

from typing import Any

from bs4 import BeautifulSoup
from sphinx.application import Sphinx


def fold(html: Any) -> str:
    """The sidebar's links with every captioned list in `<details>`."""
    soup = BeautifulSoup(str(html), "html.parser")
    for caption in soup.select("p.caption"):
        links = caption.find_next_sibling("ul")
        if links is None:
            continue
        details = soup.new_tag("details", attrs={"class": "nav-part"})
        # On the first page, which is in no part, all are closed.
        if "current" in (links.get("class") or ()):
            details["open"] = "open"
        summary = soup.new_tag("summary")
        caption.insert_before(details)
        details.append(summary)
        details.append(links)
        summary.append(caption.get_text())
        caption.decompose()
    # The theme's own folds, for pages below a page, show an arrow and say nothing.
    for item in soup.select("li.has-children"):
        page, toggle = item.select_one("a"), item.select_one("details > summary")
        if page is not None and toggle is not None:
            toggle["aria-label"] = f"Pages of {page.get_text(strip=True)}"
    return str(soup)


def fold_parts(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Put the folding behind the theme's function for the sidebar."""
    if generate := context.get("generate_toctree_html"):
        context["generate_toctree_html"] = lambda kind, *args, **options: (
            fold(generate(kind, *args, **options)) if kind == "sidebar" else generate(kind, *args, **options)
        )


def register(app: Sphinx) -> None:
    """After the theme, which sets its function in the same event."""
    app.connect("html-page-context", fold_parts, priority=950)
