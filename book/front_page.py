"""The first page: the explorer that moves there, a card for each notebook, and the map of what needs what.

All of it is read from the notebooks: the question from the first cell, what was found from the first item of
`## Remember`, what is needed from the links behind *Needs*, the picture from an explorer (see covers.py).
"""

import posixpath
import re
from html import escape
from typing import NamedTuple

import covers
from ledger_page import Part, claims, demanded, outputs, title
from nbformat import NotebookNode

# Where the explorer of the first page comes from, and its name; if it is gone, the picture of the notebook moves.
LANDING = ("notebooks/diffusion/04-probability-flow-ode", "many_processes")
# Characters up to which a card shows the sentences of what was found; the first one it shows in any case.
LINE = 150
# Colours of the parts, in turn.
COLOURS = ("blue", "orange", "green", "purple", "red", "sky")
_LINK = re.compile(r"\[([^\]]*)\]\((?!https?:|#)([^)#]+)\.ipynb(?:#[^)]*)?\)")
_NEEDS = re.compile(r"\*(?:Needs|Before)\*:(.*?)(?=\*(?:Next|After|Notation)\*|\n\n|\Z)", re.DOTALL)


class Entry(NamedTuple):
    """A notebook as the first page knows it."""

    file: str
    title: str
    original: str
    question: str
    finding: str
    needs: list[str]
    facts: str
    figures: list[str]

    @property
    def name(self) -> str:
        """What its pictures are called."""
        return self.file.removeprefix("notebooks/").replace("/", "-")


def question(notebook: NotebookNode) -> str:
    """The question that the first cell says the notebook answers."""
    found = re.search(r"\*\*The question\*\*:\s*(.+?)(?:\n\n|\Z)", notebook.cells[0].source, re.DOTALL)
    text = unlinked(demanded(found, "question"))
    return text[0].upper() + text[1:]


def finding(notebook: NotebookNode) -> str:
    """What was found: the first item of `## Remember`, as many of its sentences as a card has room for."""
    for cell in notebook.cells:
        item = re.search(r"^## Remember\s+[-*] (.+?)(?=\n[-*] |\n\n|\Z)", cell.source, re.DOTALL | re.MULTILINE)
        if cell.cell_type == "markdown" and item:
            return shortened(unlinked(item[1]))
    raise SystemExit(f"book/pages.py: {title(notebook)!r} has no list under '## Remember'")


def unlinked(markdown: str) -> str:
    """Markdown in one line, links as their words: a card is a link already."""
    return re.sub(r"\[([^\]]*)\]\([^)]*\)", r"\1", " ".join(markdown.split()))


def length(markdown: str) -> int:
    """About how many characters a reader sees."""
    return len(re.sub(r"\\[A-Za-z]+\s?|[\\{}$^_*`]", "", markdown))


def shortened(text: str, most: int = LINE) -> str:
    """The first sentences of a text, as many as fit in `most` characters, but at least one."""
    # A full stop within a formula ends no sentence.
    masked = re.sub(r"\$[^$]*\$", lambda m: "x" * len(m[0]), text)
    ends = [m.start() for m in re.finditer(r"(?<=[.!?])\s", masked)] + [len(text)]
    fitting = [end for end in ends if length(text[:end]) <= most]
    return text[: max([ends[0], *fitting])]


def original(notebook: NotebookNode) -> str:
    """The title of the post, which stands in italics under the notebook's own."""
    found = re.search(r"^\*([^*\n]+)\*\s+·", notebook.cells[0].source, re.MULTILINE)
    return found[1] if found else ""


def needs(file: str, notebook: NotebookNode) -> list[str]:
    """The notebooks that the first cell says to read before."""
    found = _NEEDS.search(notebook.cells[0].source)
    files = linked(file, found[1]) if found else []
    return [other for other in dict.fromkeys(files) if other != file]


def linked(file: str, text: str) -> list[str]:
    """The notebooks that the links of a text in `file` lead to."""
    folder = posixpath.dirname(file)
    return [posixpath.normpath(posixpath.join(folder, link)) for _, link in _LINK.findall(text)]


def facts(notebook: NotebookNode, figures: list[str]) -> str:
    """How much there is in a notebook."""
    return f"{len(claims(notebook))} claims · {len(figures)} explorers"


def entry(file: str, notebook: NotebookNode) -> Entry:
    """All that the first page says of a notebook."""
    html = [output.get("data", {}).get("text/html", "") for output in outputs(notebook)]
    figures = [text for text in html if text.startswith(covers.FIGURE)]
    return Entry(
        file,
        title(notebook).replace("$", ""),
        original(notebook),
        question(notebook),
        finding(notebook),
        needs(file, notebook),
        facts(notebook, figures),
        figures,
    )


def book_of(book: list[Part]) -> list[tuple[str, list[Entry]]]:
    """The parts that have notebooks, with what the first page says of each."""
    return [(caption, [entry(file, notebook) for file, notebook in files]) for caption, files in book if files]


# --- the explorer ---------------------------------------------------------------------------------------------------


def landing(parts: list[tuple[str, list[Entry]]]) -> str:
    """An explorer, and below it the notebook that it comes from."""
    entries = {one.file: one for _, files in parts for one in files}
    one = entries.get(LANDING[0]) or next(iter(entries.values()))
    named = [f for f in one.figures if covers.attribute(f, "data-explorer") == LANDING[1]]
    figure = named[0] if named else covers.chosen(one.figures)
    return f'{figure}\n<p class="front-source">Read on: <a href="{one.file}.html">{escape(one.title)}</a></p>\n'


# --- the cards ------------------------------------------------------------------------------------------------------


def raw(html: str) -> str:
    """A piece of HTML between Markdown."""
    return f"```{{raw}} html\n{html}\n```\n"


def card(one: Entry, alt: str) -> str:
    """A notebook's card; its Markdown stands between pieces of HTML."""
    link, words = f"{escape(one.file)}.html", escape(alt)
    images = "".join(
        f'<img class="dark-light {kind}" src="_static/covers/{one.name}{end}.svg" alt="{words}" loading="lazy">'
        for kind, end in (("front-picture", ""), ("front-picture front-picture-dark", "-dark"))
    )
    chinese = f'<p class="front-original" lang="zh">{escape(one.original)}</p>' if one.original else ""
    head = f'{images}<h3><a href="{link}">{escape(one.title)}</a></h3>{chinese}<div class="front-question">'
    return "\n".join(
        [
            raw(f'<li class="front-card">{head}'),
            f"{one.question}\n",
            raw('</div><div class="front-finding">'),
            f"{one.finding}\n",
            raw(f'</div><p class="front-facts">{one.facts}</p></li>'),
        ]
    )


def colour(part: int) -> str:
    """The style that gives a part its colour."""
    return f"--part: var(--x-{COLOURS[part % len(COLOURS)]})"


def cards(parts: list[tuple[str, list[Entry]]], alts: dict[str, str]) -> str:
    """All cards, part by part; `alts` says in words what each notebook's picture shows."""
    blocks = []
    for k, (caption, entries) in enumerate(parts):
        blocks += [f"## {caption}\n", raw(f'<ul class="front-cards" style="{colour(k)}">')]
        blocks += [card(one, alts[one.file]) for one in entries]
        blocks.append(raw("</ul>"))
    return "\n".join(blocks)


# --- the map --------------------------------------------------------------------------------------------------------

# A row of the map, and the width of its arcs, in the units of the drawing.
ROW, WIDE = 40, 100


def arc(start: int, end: int) -> str:
    """From row to row, bulging to the left the more the further they are apart; a small head where it arrives."""
    y1, y2 = ((row + 0.5) * ROW for row in (start, end))
    # A cubic reaches three quarters of the way to its handles.
    bulge = min(WIDE * 1.25, 24 + 16 * abs(end - start))
    x1, x2 = WIDE - 6, WIDE - 12
    return f"M{x1} {y1:g}C{x1 - bulge:g} {y1:g} {x2 - bulge:g} {y2:g} {x2} {y2:g}m-5 -4 6 4 -6 4"


def drawn_map(parts: list[tuple[str, list[Entry]]]) -> str:
    """Every notebook as a link, one below the other, with arcs from what is needed to what needs it.

    The arcs of a title that is pointed at stand out, by a rule of CSS for each.
    """
    places, row = {}, 0
    for _, entries in parts:
        for one in entries:
            row += 1
            places[one.file] = row
        row += 1
    titles = {one.file: one.title for _, entries in parts for one in entries}
    lists, arcs, rules = [], [], []
    for k, (caption, entries) in enumerate(parts):
        items = []
        for one in entries:
            here, known = places[one.file], [file for file in one.needs if file in places]
            for file in known:
                part = next(n for n, (_, files) in enumerate(parts) if file in {e.file for e in files})
                classes = f"to-{here} from-{places[file]}"
                arcs.append(f'<path class="{classes}" style="{colour(part)}" d="{arc(places[file], here)}"/>')
            needed = ", ".join(titles[file] for file in known)
            said = f'<span class="visually-hidden">, builds on: {escape(needed)}</span>' if needed else ""
            link = f'<a href="{escape(one.file)}.html">{escape(one.title)}</a>'
            items.append(f'<li id="map-{here}"><span>{link}{said}</span></li>')
            rules.append(f".front-map:has(#map-{here} a:is(:hover,:focus-visible)) :is(.to-{here},.from-{here})")
        lists.append(f'<p class="front-map-part">{escape(caption)}</p><ul style="{colour(k)}">{"".join(items)}</ul>')
    said = "Arcs lead from each notebook to those that build on it; behind each title stands what it builds on."
    return (
        f'<div class="front-map" style="--rows: {row}">'
        f"<style>{','.join(rules)}{{opacity:1;stroke-width:2.5px}}</style>"
        f'<svg viewBox="0 0 {WIDE} {row * ROW}" preserveAspectRatio="none" role="img" aria-label="{said}">'
        f"{''.join(arcs)}</svg><div>{''.join(lists)}</div></div>"
    )


# --- the page -------------------------------------------------------------------------------------------------------


def summary(book: list[Part], parts: list[tuple[str, list[Entry]]]) -> str:
    """How much there is in the book."""
    all_claims = [claim for _, files in book for _, notebook in files for claim in claims(notebook)]
    proved = sum(claim["grade"] == "proved" for claim in all_claims)
    entries = [one for _, files in parts for one in files]
    explorers = sum(len(one.figures) for one in entries)
    return (
        f"{len(entries)} notebooks · {explorers} explorers · [{len(all_claims):,} claims](ledger.md), "
        f"{proved:,} of them proved\n"
    )
