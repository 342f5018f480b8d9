"""Powers of ten as they are printed, with an exponent, where a table or a check says 6.9e-05."""

import re
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.tags import is_notebook, swap

_E = re.compile(r"(?<![\w.])(-?)([0-9]+(?:\.[0-9]+)?)e([+-]?[0-9]+)\b")


def printed(text: str) -> list[nodes.Node]:
    """The text with its floating-point numbers as powers of ten, in pieces."""
    pieces, here = list[nodes.Node](), 0
    for number in _E.finditer(text):
        sign, digits, exponent = number.groups()
        times = "" if digits == "1" else f"{digits}\u202f·\u202f"
        pieces.append(nodes.Text(text[here : number.start()] + ("−" if sign else "") + times + "10"))
        raised = str(int(exponent)).replace("-", "−")
        pieces.append(nodes.superscript("", raised))
        here = number.end()
    return [*pieces, nodes.Text(text[here:])]


class Powers(SphinxPostTransform):
    """Rewrite the numbers in tables and in what is said of a claim's check. The notebooks keep Python's form."""

    default_priority = 47
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Look at every text there that is neither code nor a formula."""
        if not is_notebook(self.env.docname):
            return
        checks = [p for p in self.document.findall(nodes.paragraph) if "claim-check" in p["classes"]]
        for place in [*self.document.findall(nodes.entry), *checks]:
            for text in list(place.findall(nodes.Text)):
                if not isinstance(text.parent, nodes.literal | nodes.math) and _E.search(text.astext()):
                    swap(text, *printed(text.astext()))
