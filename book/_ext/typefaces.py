"""What the first screen of a page is set in is asked for at once, not when the style sheet has been read."""

from typing import Any

from sphinx.application import Sphinx

# Prose and headings (see book/fonts.py).
FIRST = ("source-serif-4-latin-400-normal.woff2", "source-serif-4-latin-600-normal.woff2")


def preload(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], doctree: object) -> None:
    """Write the links into the page's head; a page from a folder may not preload, and would complain."""
    root = context["pathto"]("_static/fonts/", 1)
    script = (
        "<script>if (location.protocol !== 'file:') for (const file of %s) document.head.append(Object.assign("
        "document.createElement('link'), {rel: 'preload', as: 'font', type: 'font/woff2', crossOrigin: '', "
        "href: '%s' + file}));</script>"
    )
    context["metatags"] = context.get("metatags", "") + "\n" + script % (list(FIRST), root)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("html-page-context", preload, priority=960)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
