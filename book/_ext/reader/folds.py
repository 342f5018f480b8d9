"""Notes are folded, each with its title and its claims' numbers."""

from itertools import groupby
from typing import Any

from docutils import nodes
from sphinx.transforms.post_transforms import SphinxPostTransform

from reader.claims import numbers
from reader.pointers import notes
from reader.tags import Tag, is_notebook


def runs(of: list[int]) -> str:
    """Numbers in words: 3, 5–8."""
    grouped = [[n for _, n in group] for _, group in groupby(enumerate(of), lambda pair: pair[1] - pair[0])]
    return ", ".join(str(run[0]) if len(run) == 1 else f"{run[0]}–{run[-1]}" for run in grouped)


def summary(number: int, note: nodes.section) -> Tag:
    """What shows of a folded note."""
    title = note.pop(0)
    words = title.astext()
    named: list[nodes.Node] = []
    if not words.startswith("Note "):
        named = [Tag("span", nodes.Text(f"Note {number}"), classes=["note-number"]), nodes.Text(" ")]
    heading = Tag("h3", *named, *title.children)
    claims = [n for n, _ in numbers(note)]
    if not claims:
        return Tag("summary", heading)
    word = "claim" if len(claims) == 1 else "claims"
    return Tag("summary", heading, Tag("span", nodes.Text(f"{word} {runs(claims)}"), classes=["note-claims"]))


class FoldedNotes(SphinxPostTransform):
    """Put what a note holds into `<details>`, which is named by its number; its section keeps the name of its title."""

    default_priority = 60
    formats = ("html",)

    def run(self, **kwargs: Any) -> None:
        """Fold the notes of a notebook's page."""
        if not is_notebook(self.env.docname):
            return
        for number, note in enumerate(notes(self.document), 1):
            head = summary(number, note)
            body = note.children
            note.children = []
            note.append(Tag("details", head, *body, classes=["note"], ids=[f"note-{number}"]))
