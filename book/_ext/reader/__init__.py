"""How a notebook reads as a page of the book: claims first, notes folded, everything can be pointed at.

All of it is done while the book is built, so that a page is complete without JavaScript; `_static/reader.js` adds the
switch of depth and the cards. The notebooks themselves hold plain Markdown and know nothing of this.
"""

from typing import Any

from sphinx.application import Sphinx

from reader import (
    chinese,
    claims,
    elision,
    facts,
    folds,
    formulas,
    heads,
    ledger,
    navigation,
    pointers,
    powers,
    tables,
    tags,
)


def setup(app: Sphinx) -> dict[str, Any]:
    """Register what the book's pages are made of."""
    for part in (tags, formulas, elision, navigation, heads, ledger):
        part.register(app)
    # In this order, between the choice of an output's form (4) and the folding of tagged cells (199).
    for transform in (
        claims.ClaimsFirst,
        claims.FoldedCode,
        pointers.Pointers,
        facts.Facts,
        folds.FoldedNotes,
        chinese.Chinese,
        powers.Powers,
        tables.WideTables,
    ):
        app.add_post_transform(transform)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
