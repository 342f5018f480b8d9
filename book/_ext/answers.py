"""Exercises on a page: the letters of their answers are set, and the files that they need lie beside the pages.

These are out of reach of what Jupyter Book puts on every page.
"""

import re
import shutil
from html import unescape
from pathlib import Path
from typing import Any

from docutils import nodes
from reader.formulas import render
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinx.transforms.post_transforms import SphinxPostTransform

_LETTER = re.compile(r'(<span class="exercise-letter) *" data-tex="([^"]*)">[^<]*</span>')


class Letters(SphinxPostTransform):
    """Set the letters that the form of an exercise lists, as the page's formulas are set."""

    default_priority = 70
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Render what stands in `data-tex`."""
        for node in list(self.document.findall(nodes.raw)):
            text = node.astext()
            if 'class="exercise-letter' in text:
                node.children = [nodes.Text(_LETTER.sub(set_letter, text))]


def set_letter(found: re.Match[str]) -> str:
    """A letter as the page's formulas are set."""
    return f'{found[1]} math notranslate" translate="no">{render(unescape(found[2]))}</span>'


def place_answers(app: Sphinx, exception: Exception | None) -> None:
    """Copy what `book/answers` made to `_static/answers`. Raises ExtensionError if it has not been made."""
    if exception is not None:
        return
    source = Path(app.srcdir) / "_generated" / "answers"
    if not (source / "worker.mjs").is_file():
        raise ExtensionError(f"{source} is missing: run `make book`")
    target = Path(app.outdir) / "_static" / "answers"
    shutil.rmtree(target, ignore_errors=True)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns(".made"))


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the two steps."""
    app.add_post_transform(Letters)
    app.connect("build-finished", place_answers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
