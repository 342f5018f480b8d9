"""Code without the LaTeX source of what stands rendered above it.

A claim's statement is a string in the code that checks it. On the page an ellipsis stands for it, which opens on a
click (a checkbox, so that it needs no script); the text stays in the page, so that the copied code is whole.
"""

import ast
import re
from itertools import accumulate
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

METHODS = {"prove", "exact", "numeric", "simulated"}
_PIECE = re.compile(r"<[^>]*>|&[^;]+;|[^<&]")
_OPEN = '<span class="elided"><input type="checkbox" aria-label="Show the statement’s source"><span>'
_CLOSE = "</span></span>"
Span = tuple[int, int]


def is_text(node: ast.expr) -> bool:
    """Whether an expression is a text put together from literals."""
    if isinstance(node, ast.BinOp):
        return is_text(node.left) or is_text(node.right)
    return isinstance(node, ast.JoinedStr) or (isinstance(node, ast.Constant) and isinstance(node.value, str))


def has_formula(node: ast.expr) -> bool:
    """Whether a text holds a formula in LaTeX."""
    if isinstance(node, ast.BinOp):
        return has_formula(node.left) or has_formula(node.right)
    values = node.values if isinstance(node, ast.JoinedStr) else [node]
    return any(isinstance(v, ast.Constant) and "$" in str(v.value) for v in values)


def statements(source: str) -> list[Span]:
    """Where the texts lie that the page shows rendered: offsets (start, end) of claims' statements and of formulas."""
    try:
        tree = ast.parse(source)
    except SyntaxError:
        return []
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call) and node.args]
    wanted = {id(c.args[0]) for c in calls if isinstance(c.func, ast.Attribute) and c.func.attr in METHODS}
    lines = source.splitlines(keepends=True)
    starts = [0, *accumulate(map(len, lines))]

    def offset(line: int, column: int) -> int:
        # ast counts bytes, a page characters.
        return starts[line - 1] + len(lines[line - 1].encode()[:column].decode())

    spans: list[Span] = []
    for node in ast.walk(tree):
        if isinstance(node, ast.expr) and is_text(node) and (id(node) in wanted or has_formula(node)):
            span = offset(node.lineno, node.col_offset), offset(node.end_lineno or 0, node.end_col_offset or 0)
            # ast.walk goes from the whole to its parts, which are in it already.
            if not any(start <= span[0] and span[1] <= end for start, end in spans):
                spans.append(span)
    return sorted(spans)


def elide(html: str, spans: list[Span]) -> str:
    """Wrap the characters of `spans` in highlighted code; a span that does not fit the highlighting is left alone."""
    head, mark, body = html.partition("<pre>")
    ends = dict(spans)
    out, at, depth, until = [head, mark], 0, 0, -1
    for piece in _PIECE.findall(body):
        if depth == 0 and at == until and piece != "</span>":
            out.append(_CLOSE)
            until = -1
        # The highlighter starts with an empty span of its own.
        if depth == 0 and until < 0 and at in ends and not piece.startswith("</") and piece != "<span>":
            out.append(_OPEN)
            until = ends[at]
        if piece.startswith("<span"):
            depth += 1
        elif piece == "</span>":
            depth -= 1
        elif not piece.startswith("<"):
            at += 1
        out.append(piece)
    return "".join(out) if until < 0 else html


def visit_literal_block(translator: Any, node: nodes.literal_block) -> None:
    """Highlight code as ever; of a cell's code, elide the statements."""
    code = node.parent.get("nb_element") == "cell_code_source"
    try:
        type(translator).visit_literal_block(translator, node)
    except nodes.SkipNode:
        if code and (spans := statements(node.astext())):
            translator.body[-1] = elide(translator.body[-1], spans)
        raise


def depart_literal_block(translator: Any, node: nodes.literal_block) -> None:
    """As ever."""
    type(translator).depart_literal_block(translator, node)


def register(app: Sphinx) -> None:
    """Put the elision in front of Sphinx's own way with code."""
    app.add_node(nodes.literal_block, override=True, html=(visit_literal_block, depart_literal_block))
