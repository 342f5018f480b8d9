"""Formulas: left alone by translators, and with MathML that a screen reader reads as it is meant."""

import re
from collections.abc import Callable
from typing import Any
from xml.etree import ElementTree

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinxcontrib import katex  # type: ignore[import-untyped]

from reader.tags import swap

MATHML = "http://www.w3.org/1998/Math/MathML"
# How many children an element of MathML must have.
CHILDREN = {
    "msub": 2,
    "msup": 2,
    "msubsup": 3,
    "munder": 2,
    "mover": 2,
    "munderover": 3,
    "mfrac": 2,
    "mroot": 2,
}
APPLICATION = "\u2061"
# Characters of LaTeX up to which a formula may not be broken from line to line.
SHORT = 40
_SIGNS = re.compile(r"[-.,;:?!)\]’”]+\w*")
_OPENING = re.compile(r"[(\[‘“]+$")
_MATH = re.compile(r"<math .*?</math>", re.DOTALL)

ElementTree.register_namespace("", MATHML)


def repair(element: ElementTree.Element) -> None:
    r"""Join an operator's name and the invisible sign of its application, which KaTeX leaves as two children.

    p_{\max} comes as an msub with three children: p, max, and the sign. Raises ValueError for other wrong numbers.
    """
    for child in element:
        repair(child)
    wanted = CHILDREN.get(element.tag.removeprefix(f"{{{MATHML}}}"))
    if wanted is None or len(element) == wanted:
        return
    for n in range(len(element) - 1, 0, -1):
        if element[n].text == APPLICATION:
            row = ElementTree.Element(f"{{{MATHML}}}mrow")
            row.extend([element[n - 1], element[n]])
            element[n - 1 : n + 1] = [row]
    if len(element) != wanted:
        raise ValueError(f"MathML has {element.tag} with {len(element)} children: {ElementTree.tostring(element)!r}")


def repaired(html: str) -> str:
    """A rendered formula whose MathML elements all have as many children as they must have."""

    def mend(found: re.Match[str]) -> str:
        tree = ElementTree.fromstring(found[0])
        repair(tree)
        return ElementTree.tostring(tree, encoding="unicode")

    return _MATH.sub(mend, html)


def render(latex: str, **options: Any) -> str:
    """A formula as HTML, asked of KaTeX once."""
    key = latex, tuple(sorted(options.items()))
    if key not in _rendered:
        _rendered[key] = repaired(katex.render_latex(latex, options or None))
    return _rendered[key]


_rendered: dict[tuple[str, tuple[tuple[str, Any], ...]], str] = {}


def visit(element: str, **options: Any) -> Callable[[Any, nodes.Element], None]:
    """A visitor that writes a formula into `element`."""

    def write(translator: Any, node: nodes.Element) -> None:
        start = translator.starttag(node, element, "", CLASS="math notranslate", translate="no")
        translator.body.append(f"{start}{render(node.astext(), **options)}</{element}>")
        raise nodes.SkipNode

    return write


class Glued(SphinxPostTransform):
    """Keep a formula, the bracket before it and the sign behind it on one line, which browsers break."""

    default_priority = 45
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Wrap formula and signs together; a formula that may need a break of its own takes the sign in."""
        for formula in list(self.document.findall(nodes.math)):
            parent = formula.parent
            place = next(k for k, child in enumerate(parent.children) if child is formula)
            before, after = (parent[k] if 0 <= k < len(parent) else nodes.Text("") for k in (place - 1, place + 1))
            signs = _SIGNS.match(after.astext()) if isinstance(after, nodes.Text) else None
            opening = _OPENING.search(before.astext()) if isinstance(before, nodes.Text) else None
            if len(latex := formula.astext()) > SHORT:
                if signs and after[0] in ".,;?!":
                    formula.replace_self(nodes.math(latex, latex + after[0]))
                    swap(after, nodes.Text(after[1:]))
                continue
            line = nodes.inline("", "", formula.deepcopy(), classes=["glued"])
            if signs:
                line.append(nodes.Text(signs[0]))
                swap(after, nodes.Text(after[signs.end() :]))
            if opening:
                line.insert(0, nodes.Text(opening[0]))
                swap(before, nodes.Text(before[: opening.start()]))
            if len(line) > 1:
                formula.replace_self(line)


def register(app: Sphinx) -> None:
    """Offer the renderer under the name "formulas" (`html_math_renderer`)."""
    display = visit("div", displayMode=True)
    app.add_post_transform(Glued)
    app.add_html_math_renderer("formulas", inline_renderers=(visit("span"), None), block_renderers=(display, None))
