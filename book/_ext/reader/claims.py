"""Claims: the statement first, then the code that checks it, then how it was checked.

The ledger of a notebook writes a claim as a block quote below its cell: the headed statement, perhaps a formula, and
what the check found. Here the cell is taken apart and put together in the order in which it is read.
"""

import re
from dataclasses import dataclass
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.tags import Tag, cells, is_notebook, leading, part

_HEAD = re.compile(r"✓ Claim (\d+) · (\w+)")


@dataclass
class Claim:
    """A claim as it stands on a page."""

    number: int
    grade: str
    quote: nodes.block_quote

    @property
    def anchor(self) -> str:
        """The claim's id on its page."""
        return f"claim-{self.number}"


def found(output: nodes.Element) -> list[Claim]:
    """The claims among a cell's outputs."""
    claims = []
    for quote in output.children:
        head = quote.next_node(nodes.strong) if isinstance(quote, nodes.block_quote) else None
        if head is not None and (words := _HEAD.fullmatch(head.astext())):
            claims.append(Claim(int(words[1]), words[2], quote))
    return claims


def numbers(part: nodes.Element) -> list[tuple[int, str]]:
    """Number and grade of every claim in a part of a page whose claims have been set."""
    return [(node["number"], node["grade"]) for node in part.findall(Tag) if "grade" in node]


def set_claim(claim: Claim) -> tuple[Tag, nodes.paragraph | None]:
    """What is read first, head, statement and formula; and what is read last, how the claim was checked."""
    quote = claim.quote
    head, *rest = quote.children
    # "✓ Claim 3 · proved" and the dash behind it become a line of their own.
    _, dash, *statement = [child for child in head.children if child.astext()]
    said = nodes.paragraph("", "", nodes.Text(dash.astext().removeprefix(" — ")), *statement)
    said["classes"].append("claim-statement")
    link = nodes.reference("", f"Claim {claim.number}", refid=claim.anchor, internal=True, classes=["claim-number"])
    grade = nodes.inline("", f"✓ {claim.grade}", classes=["claim-grade"])
    label = nodes.paragraph("", "", link, nodes.Text(" "), grade, classes=["claim-head"])
    check = leading(rest[-1]) if rest and isinstance(rest[-1], nodes.paragraph) else None
    last = None
    if isinstance(check, nodes.emphasis):
        rest.pop()
        last = nodes.paragraph("", "", *check.children, classes=["claim-check"])
    first = Tag("div", label, said, *rest, classes=["claim"], ids=[claim.anchor])
    first["number"], first["grade"] = claim.number, claim.grade
    return first, last


class ClaimsFirst(SphinxPostTransform):
    """Put the statements of a cell's claims above its code and the checks below it."""

    default_priority = 20
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Rearrange every cell with claims."""
        for cell in list(cells(self.document)):
            output = part(cell, "cell_code_output")
            claims = found(output) if output is not None else []
            if output is None or not claims:
                continue
            statements, checks = zip(*(set_claim(claim) for claim in claims), strict=True)
            for claim, check in zip(claims, checks, strict=True):
                output.remove(claim.quote)
                if check is not None and len(claims) > 1:
                    check.insert(0, nodes.Text(f"Claim {claim.number}: "))
            if not output.children:
                cell.remove(output)
            cell["classes"].append("claims")
            cell.insert(0, list(statements))
            # The check is said before a further result of the cell: it belongs to the code above it.
            code = part(cell, "cell_code_source")
            at = cell.index(code) + 1 if code is not None else len(statements)
            cell.insert(at, [check for check in checks if check is not None])


class FoldedCode(SphinxPostTransform):
    """Let the code of a cell that is not folded by its tags be folded by the reader; name cells that show nothing."""

    default_priority = 30
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Put the code of every open cell into an open `<details>`, whose summary shows in the story only."""
        if not is_notebook(self.env.docname):
            return
        for cell in list(cells(self.document)):
            code = part(cell, "cell_code_source")
            if part(cell, "cell_code_output") is None and "claims" not in cell["classes"]:
                cell["classes"].append("silent")
            folded = bool(cell.get("hide_mode"))
            if code is None or (folded and "claims" not in cell["classes"]):
                continue
            if folded:
                # MyST-NB folds only code that stands first in its cell, and here the claims do.
                fold = Tag("details", Tag("summary", nodes.Text("Show the code")), classes=["hide", "above-input"])
            else:
                fold = Tag("details", Tag("summary", nodes.Text("Code")), classes=["code"], attributes={"open": "open"})
            cell.replace(code, fold)
            fold.append(code)
