"""What stands under a notebook's title: how long it takes to read, how much is claimed, how deep to read."""

import re
from collections import Counter
from math import ceil
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.claims import numbers
from reader.tags import Tag, is_notebook, notes_section

WORDS_A_MINUTE = 220
# Minutes for what is not read word by word: a displayed formula, a claim, an explorer.
FORMULA, CLAIM, EXPLORER = 0.15, 0.2, 1.0
DEPTHS = {
    "story": "Prose, results, figures and exercises; code is folded",
    "derivation": "With the code that derives and checks",
    "everything": "Drawing code and notes are open too",
}
_UNREAD = (nodes.literal_block, nodes.math, nodes.math_block, nodes.raw, nodes.table)


def words(section: nodes.Node) -> int:
    """How many words of prose a part of a page has; formulas, code and tables are not counted."""
    if isinstance(section, _UNREAD):
        return 0
    if isinstance(section, nodes.Text):
        return len(re.findall(r"\w+", section.astext()))
    return sum(map(words, section.children))


def is_explorer(node: nodes.Node) -> bool:
    """Whether a piece of HTML is an explorer."""
    return isinstance(node, nodes.raw) and '<figure class="explorer"' in node.astext()


def minutes(parts: list[nodes.Node], claims: int) -> int:
    """About how many minutes the parts of a page take to read."""
    formulas = sum(len(list(part.findall(nodes.math_block))) for part in parts)
    explorers = sum(len(list(part.findall(is_explorer))) for part in parts)
    read = sum(map(words, parts)) / WORDS_A_MINUTE
    return ceil(read + FORMULA * formulas + CLAIM * claims + EXPLORER * explorers)


def switch() -> Tag:
    """Three buttons for the depth; without JavaScript they are not shown, and the page is the derivation."""
    buttons = [
        Tag(
            "button",
            nodes.Text(depth.capitalize()),
            attributes={"type": "button", "data-depth": depth, "title": title, "aria-pressed": "false"},
        )
        for depth, title in DEPTHS.items()
    ]
    attributes = {"role": "group", "aria-label": "How deep to read"}
    return Tag("div", *buttons, classes=["depth-switch"], attributes=attributes)


class Facts(SphinxPostTransform):
    """Add the line under the title."""

    default_priority = 50
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Count the story; what stands in the notes is counted apart."""
        page = self.document.next_node(nodes.section)
        if not is_notebook(self.env.docname) or page is None:
            return
        notes = notes_section(self.document)
        story = [part for part in page.children if part is not notes]
        claims = [grade for part in story if isinstance(part, nodes.Element) for _, grade in numbers(part)]
        aside = len(numbers(notes)) if notes is not None else 0
        counts = ", ".join(f"{n} {grade}" for grade, n in Counter(claims).most_common())
        depth = "../" * self.env.docname.count("/")
        name = self.env.docname.removeprefix("notebooks/")
        listed = f"{depth}ledger/{name.partition('/')[0]}.html#{page['ids'][0]}"
        link = nodes.reference("", f"{len(claims)} claims", refuri=listed, internal=True)
        told = [f": {counts}", *([f" · {aside} more in the notes"] if aside else []), " · "]
        file = f"{name.replace('/', '-')}.bib"
        cite = Tag("a", nodes.Text("BibTeX"), attributes={"href": f"{depth}cite/{file}", "download": file})
        time = nodes.Text(f"About {minutes(story, len(claims))} minutes · ")
        line = nodes.paragraph("", "", time, link, nodes.Text("".join(told)), cite, classes=["facts"])
        page.insert(1, [line, switch()])
