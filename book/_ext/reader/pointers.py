"""Everything can be pointed at: anchors for claims, equations, exercises and notes, and links to them in prose."""

import re
from collections import Counter
from collections.abc import Iterator
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.tags import is_notebook, leading, notes_section, swap

_TAG = re.compile(r"\\tag\{?(\d+)\}?")
_EXERCISE = re.compile(r"(\d+)\.")
# "Claim 14", "claims 3 and 4", "Claims 3, 5 and 7–9", "Note 2": the words of each, then its numbers.
_NAMED = re.compile(r"\b([Cc]laim|[Nn]ote|[Ee]xercise)s?[ \u00a0](\d+(?:(?:, | and |–|, and | to )\d+)*)")
_EQUATION = re.compile(r"(?<![\w)\]])\((\d{1,2})\)")
# What is not prose of the page itself: titles, links, code, names of papers, tables.
_NO_PROSE = (nodes.title, nodes.reference, nodes.literal, nodes.literal_block, nodes.FixedTextElement)
_NO_EQUATION = (nodes.emphasis, nodes.strong, nodes.table)


def notes(document: nodes.Element) -> list[nodes.section]:
    """The notes, each a section."""
    section = notes_section(document)
    return [] if section is None else [child for child in section.children if isinstance(child, nodes.section)]


def anchor_equations(document: nodes.document) -> None:
    """Give every numbered formula whose number is unique on the page an id, eq-3."""
    tagged = [(node, _TAG.findall(node.astext())) for node in document.findall(nodes.math_block)]
    count = Counter(number for _, found in tagged for number in found)
    for node, found in tagged:
        for number in found:
            if count[number] == 1:
                node["ids"].append(f"eq-{number}")


def anchor_exercises(document: nodes.document) -> None:
    """Give the text of every exercise, which starts with its number in bold, an id, exercise-1."""
    for section in document.findall(nodes.section):
        if section.next_node(nodes.title).astext() != "Try it":
            continue
        for paragraph in section.children:
            first = leading(paragraph) if isinstance(paragraph, nodes.paragraph) else None
            if isinstance(first, nodes.strong) and (number := _EXERCISE.match(first.astext())):
                anchor = f"exercise-{number[1]}"
                paragraph["ids"].append(anchor)
                paragraph["classes"].append("exercise-text")
                paragraph.replace(first, nodes.reference("", "", first.deepcopy(), refid=anchor, internal=True))


def pieces(text: str, anchors: set[str], equations: bool) -> Iterator[nodes.Node]:
    """The text with every number that names an anchor made a link."""
    found = [(m.start(), m.end(), m[0], f"eq-{m[1]}") for m in _EQUATION.finditer(text) if equations]
    for m in _NAMED.finditer(text):
        kind, at = m[1].lower(), m.start(2)
        for n, number in enumerate(re.finditer(r"\d+", m[2])):
            # The first number takes its word with it: "Claim 14" is one link.
            start = m.start() if n == 0 else at + number.start()
            end = at + number.end()
            found.append((start, end, text[start:end], f"{kind}-{number[0]}"))
    here = 0
    for start, end, words, anchor in sorted(found):
        if anchor not in anchors:
            continue
        yield nodes.Text(text[here:start])
        yield nodes.reference("", words, refid=anchor, internal=True, classes=["pointer"])
        here = end
    yield nodes.Text(text[here:])


class Pointers(SphinxPostTransform):
    """Set the anchors of a notebook's page and link its prose to them."""

    default_priority = 40
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """First all anchors, then all links."""
        if not is_notebook(self.env.docname):
            return
        anchor_equations(self.document)
        anchor_exercises(self.document)
        anchors = {f"note-{number + 1}" for number in range(len(notes(self.document)))}
        anchors |= {anchor for node in self.document.findall(nodes.Element) for anchor in node.get("ids", ())}
        for text in list(self.document.findall(nodes.Text)):
            if self.is_prose(text):
                new = list(pieces(text.astext(), anchors, not self.within(text, _NO_EQUATION)))
                if len(new) > 1:
                    swap(text, *new)

    def within(self, node: nodes.Node, kinds: tuple[type, ...]) -> bool:
        """Whether one of the nodes around `node` is of one of `kinds`."""
        while (node := node.parent) is not None:
            if isinstance(node, kinds):
                return True
        return False

    def is_prose(self, text: nodes.Text) -> bool:
        """Whether links may be made in this text."""
        mathematics = isinstance(text.parent, nodes.math | nodes.math_block | nodes.raw)
        labels = {"claim-head", "claim-check"} & set(text.parent.get("classes", ()))
        return not mathematics and not labels and not self.within(text, _NO_PROSE)
