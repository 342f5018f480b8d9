"""The style sheet `palette.css`: the colours of companion.teaching.plotting as variables, light and dark.

Figures and the book's own style sheets name a colour as --x-<name>. Paper is light, whatever the reader's theme.
"""

from collections.abc import Mapping
from pathlib import Path

from sphinx.application import Sphinx
from sphinx.config import Config

from companion.teaching.plotting import DARK, PALETTE

FOLDER = "_generated/static"


def rule(selector: str, colours: Mapping[str, str]) -> str:
    """A CSS rule that sets each colour's variable."""
    return "\n".join([f"{selector} {{", *(f"  --x-{name}: {colour};" for name, colour in colours.items()), "}"])


def sheet() -> str:
    """The whole style sheet."""
    dark = rule('html[data-theme="dark"]', DARK)
    return f"{rule(':root', PALETTE)}\n\n@media not print {{\n{dark}\n}}\n"


def write(app: Sphinx, config: Config) -> None:
    """Write the style sheet where Sphinx finds it, if it is new, and put it on every page."""
    path = Path(app.confdir) / FOLDER / "palette.css"
    path.parent.mkdir(parents=True, exist_ok=True)
    if not path.exists() or path.read_text(encoding="utf-8") != sheet():
        path.write_text(sheet(), encoding="utf-8")
    config.html_static_path.append(FOLDER)
    app.add_css_file("palette.css")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step."""
    app.connect("config-inited", write)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
