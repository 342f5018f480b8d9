"""What machines read of a page: its description, how to cite it, where it lies.

The address of the published book comes from the environment (`BOOK_ADDRESS`). With none given there is no canonical
address, no picture and no sitemap, rather than wrong ones.
"""

import os
from html import escape
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.config import Config

from reader.cards import HEIGHT, WIDTH, card
from reader.ledger import is_ledger
from reader.plain import plain
from reader.tags import is_notebook

LONGEST = 300


def text_of(node: nodes.Node) -> str:
    """The text of a paragraph, formulas in plain words."""
    if isinstance(node, nodes.math | nodes.math_block):
        return plain(node.astext())
    return node.astext() if isinstance(node, nodes.Text) else "".join(map(text_of, node.children))


def description(document: nodes.document) -> str:
    """The question that a notebook answers; of another page the first paragraph."""
    paragraphs = [text_of(paragraph) for paragraph in document.findall(nodes.paragraph)]
    questions = [text.partition(":")[2].strip() for text in paragraphs if text.startswith("The question:")]
    text = " ".join((questions or paragraphs or [""])[0].split())
    text = text[:1].upper() + text[1:]
    return text if len(text) <= LONGEST else text[: text.rindex(" ", 0, LONGEST)] + " …"


def meta(kind: str, **content: str) -> list[str]:
    """Meta elements; `kind` is "name" or "property", and in a name _ after og stands for a colon."""
    names = {key: key.replace("og_", "og:", 1) for key in content}
    return [f'<meta {kind}="{names[key]}" content="{escape(value)}" />' for key, value in content.items() if value]


def add_head(app: Sphinx, pagename: str, templatename: str, context: dict[str, Any], document: Any) -> None:
    """Write the page's description, Open Graph and citation elements; leave the ledger's script to the ledger."""
    scripts = context["script_files"]
    context["script_files"] = [s for s in scripts if is_ledger(pagename) or not str(s.filename).endswith("ledger.js")]
    if document is None:
        return
    title = text_of(app.env.titles[pagename])
    book, address = app.config.html_title or app.config.project, context.get("pageurl") or ""
    words = description(document)
    lines = meta("name", description=words)
    kind = "article" if is_notebook(pagename) else "website"
    lines += meta("property", og_title=title, og_type=kind, og_site_name=book, og_description=words, og_url=address)
    if (base := app.config.html_baseurl) and (picture := card(app, pagename, document, title)):
        place, alt = picture
        size = {"og:image:width": str(WIDTH), "og:image:height": str(HEIGHT), "og:image:type": "image/png"}
        lines += meta("property", **{"og:image": base + place, **size, "og:image:alt": alt})
        lines += meta("name", **{"twitter:card": "summary_large_image"})
    if is_notebook(pagename):
        lines += meta(
            "name",
            citation_title=title,
            citation_author=app.config.author,
            citation_inbook_title=book,
            citation_language="en",
            citation_publication_date=app.config.copyright.partition(",")[0],
            citation_public_url=address,
        )
    context["metatags"] = "\n".join([context.get("metatags", ""), *lines])


def take_address(app: Sphinx, config: Config) -> None:
    """Let Sphinx write canonical addresses when the book's address is given."""
    if address := os.environ.get("BOOK_ADDRESS"):
        config.html_baseurl = address.rstrip("/") + "/"


def write_sitemap(app: Sphinx, exception: Exception | None) -> None:
    """List the book's pages for search engines."""
    base = app.config.html_baseurl
    if exception is not None or not base or app.builder.format != "html":
        return
    urls = "".join(f"  <url><loc>{escape(base + name)}.html</loc></url>\n" for name in sorted(app.env.found_docs))
    head = '<?xml version="1.0" encoding="UTF-8"?>\n<urlset xmlns="http://www.sitemaps.org/schemas/sitemap/0.9">\n'
    (Path(app.outdir) / "sitemap.xml").write_text(f"{head}{urls}</urlset>\n", encoding="utf-8")


def register(app: Sphinx) -> None:
    """Register the three steps."""
    app.connect("config-inited", take_address)
    app.connect("html-page-context", add_head, priority=950)
    app.connect("build-finished", write_sitemap)
