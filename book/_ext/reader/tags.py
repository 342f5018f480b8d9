"""Elements of HTML that docutils has no node for, and questions that every transform asks of a page."""

from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# Behind these no line break may come: it would be seen as a space.
INLINE = {"a", "cite", "span"}


class Tag(nodes.General, nodes.Element):
    """An HTML element by its name; other builders see only what it holds."""

    def __init__(self, name: str, *children: nodes.Node, attributes: dict[str, str] | None = None, **rest: Any) -> None:
        super().__init__("", *children, name=name, attributes=attributes or {}, **rest)


def open_tag(translator: Any, node: Tag) -> None:
    """Write the start tag with ids, classes and attributes."""
    translator.body.append(translator.starttag(node, node["name"], "", **node["attributes"]))


def close_tag(translator: Any, node: Tag) -> None:
    """Write the end tag."""
    translator.body.append(f"</{node['name']}>" + ("" if node["name"] in INLINE else "\n"))


def ignore(translator: Any, node: Tag) -> None:
    """Write nothing."""


def swap(text: nodes.Text, *new: nodes.Node) -> None:
    """Put other nodes in the place of a text. docutils' `replace` looks for an equal text, and may find another one."""
    parent = text.parent
    place = next(k for k, child in enumerate(parent.children) if child is text)
    parent[place : place + 1] = list(new)


def is_notebook(docname: str) -> bool:
    """Whether a page is one of the notebooks."""
    return docname.startswith("notebooks/")


def cells(document: nodes.Element) -> Iterator[nodes.container]:
    """The code cells of a notebook."""
    for node in document.findall(nodes.container):
        if node.get("nb_element") == "cell_code":
            yield node


def part(cell: nodes.Element, element: str) -> nodes.container | None:
    """The cell's child that holds its code (cell_code_source) or its outputs (cell_code_output), if there is one."""
    found = (
        child for child in cell.children if isinstance(child, nodes.container) and child.get("nb_element") == element
    )
    return next(found, None)


def leading(node: nodes.Node) -> nodes.Node | None:
    """The first child that says something: an empty text stands before what starts in bold."""
    return next((child for child in node.children if child.astext()), None)


def notes_section(document: nodes.Element) -> nodes.section | None:
    """The section that holds the notes: the one whose title is "Notes"."""
    for section in document.findall(nodes.section):
        title = section.next_node(nodes.title)
        if title is not None and title.parent is section and title.astext() == "Notes":
            return section
    return None


def register(app: Sphinx) -> None:
    """Teach the builders about Tag."""
    silent = (ignore, ignore)
    app.add_node(Tag, html=(open_tag, close_tag), latex=silent, text=silent, man=silent, texinfo=silent)
