"""The files that a page's exercises need lie beside the pages, out of reach of what Jupyter Book puts on every page."""

import shutil
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.errors import ExtensionError


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
    """Register the step."""
    app.connect("build-finished", place_answers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
