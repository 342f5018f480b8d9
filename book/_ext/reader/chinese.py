"""Chinese words say that they are Chinese: the reader's browser sets them in its own font, and a voice reads them."""

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.tags import Tag, swap

HAN = r"\u3400-\u9fff\uf900-\ufaff"
# A run of Han characters, with the full-width signs around it.
_WORDS = re.compile(rf"[“《]*[{HAN}][{HAN}\u3000-\u303f\uff00-\uffef“”·、—]*")
_HAN = re.compile(f"[{HAN}]")


def chinese(*children: nodes.Node) -> Tag:
    """An element whose language is Chinese."""
    return Tag("span", *children, attributes={"lang": "zh"})


class Chinese(SphinxPostTransform):
    """Mark what is Chinese: an emphasised title whole, with its Latin words, elsewhere the words alone."""

    default_priority = 46
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Titles first: what is within is marked already."""
        for title in list(self.document.findall(nodes.emphasis)):
            if _HAN.search(title.astext()):
                title.replace_self(Tag("cite", *title.children, attributes={"lang": "zh"}))
        for text in list(self.document.findall(nodes.Text)):
            if _HAN.search(text.astext()) and not self.marked(text):
                swap(text, *self.parts(text.astext()))

    def marked(self, text: nodes.Text) -> bool:
        """Whether an element around a text says its language, or shows it as it was written."""
        node = text.parent
        while node is not None:
            if isinstance(node, nodes.raw | nodes.FixedTextElement | nodes.literal):
                return True
            if isinstance(node, Tag) and "lang" in node["attributes"]:
                return True
            node = node.parent
        return False

    def parts(self, text: str) -> list[nodes.Node]:
        """A text in pieces, the Chinese ones marked."""
        pieces, here = list[nodes.Node](), 0
        for words in _WORDS.finditer(text):
            pieces += [nodes.Text(text[here : words.start()]), chinese(nodes.Text(words[0]))]
            here = words.end()
        return [*pieces, nodes.Text(text[here:])]
