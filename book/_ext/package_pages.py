"""The page of the package's functions, written by autodoc from the modules that there are.

A docstring is plain text with names in `backticks`, not reStructuredText: what that would take for markup is escaped.
"""

import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
_CODE = re.compile(r"`([^`]+)`")
_MARKUP = re.compile(r"([\\*|_])")


def modules() -> list[str]:
    """The package's modules that readers may import, topics first, in the order of their names."""
    files = [path.relative_to(ROOT).with_suffix("") for path in (ROOT / "companion").rglob("*.py")]
    public = [path.parts for path in files if not any(part.startswith("_") for part in path.parts)]
    return [".".join(parts) for parts in sorted(public, key=lambda parts: (len(parts), parts))]


def page(names: list[str]) -> str:
    """The page's text: a section for each module, with all that it defines."""
    return "\n".join(f"## {name}\n\n```{{eval-rst}}\n.. automodule:: {name}\n   :members:\n```\n" for name in names)


def escaped(line: str) -> str:
    """A line of a docstring as reStructuredText that shows it as it is."""
    parts = _CODE.split(line)
    return "".join(f"``{part}``" if k % 2 else _MARKUP.sub(r"\\\1", part) for k, part in enumerate(parts))


def write_page(app: Any) -> None:
    """Write the page's text before Sphinx reads it, if it is new."""
    target = Path(app.srcdir) / "_generated" / "api.md"
    text = page(modules())
    target.parent.mkdir(exist_ok=True)
    if not target.exists() or target.read_text(encoding="utf-8") != text:
        target.write_text(text, encoding="utf-8")


def escape_docstring(app: Any, what: str, name: str, thing: Any, options: Any, lines: list[str]) -> None:
    """Escape a docstring in place; indented lines, such as a call that is shown, stand as they are."""
    shown = False
    for place, line in enumerate(list(lines)):
        indented = line.startswith("    ")
        if indented and not shown and place and not lines[place - 1].strip():
            lines[place - 1] = "\n::\n"
        shown = indented or (shown and not line.strip())
        if not indented:
            lines[place] = escaped(line)
    lines[:] = "\n".join(lines).split("\n")


def skip(app: Any, what: str, name: str, thing: Any, skipped: bool, options: Any) -> bool | None:
    """Leave out the fields of a NamedTuple, whose docstrings are Python's and say nothing."""
    return True if str(getattr(thing, "__doc__", "")).startswith("Alias for field number") else None


def setup(app: Any) -> dict[str, Any]:
    """Register with Sphinx."""
    app.connect("builder-inited", write_page)
    app.connect("autodoc-process-docstring", escape_docstring)
    app.connect("autodoc-skip-member", skip)
    return {"version": "1", "parallel_read_safe": True}
