r"""The notation of the whole book: every symbol with its meanings, and the notebooks in which it has each of them.

A notebook states its symbols in its last note, a list under `### Notation`, one symbol a line:

- $\bar\alpha_t$: the amplitude of the signal at the level $t$
- $\sigma$: the level of the noise; not, as in [01](01-fsq.ipynb), the logistic function

What stands behind a semicolon and leads to another notebook compares with that one; the page leaves it out.
"""

import posixpath
import re
from collections import Counter
from typing import NamedTuple

from front_page import linked
from ledger_page import Part, title
from nbformat import NotebookNode

_LIST = re.compile(r"^### Notation\n+((?:- .*(?:\n|\Z))+)\Z", re.MULTILINE)
_ITEM = re.compile(r"- \$([^$]+)\$: (\S.*)")
# What changes the look of the letter behind it, and is not a symbol of its own.
_DRESS = re.compile(r"\\(?:bar|hat|tilde|dot|mathcal|mathbb|mathrm|mathbf|boldsymbol|operatorname)\b|[\s{}]")
GREEK = (
    *("alpha", "beta", "gamma", "delta", "epsilon", "zeta", "eta", "theta", "iota", "kappa", "lambda", "mu"),
    *("nu", "xi", "omicron", "pi", "rho", "sigma", "tau", "upsilon", "phi", "chi", "psi", "omega"),
)
LATIN, GREEK_GROUP, OTHER = "Latin letters", "Greek letters", "Operators and signs"


class Line(NamedTuple):
    """A symbol of a notebook, what it means there, and the notebooks that it is compared with."""

    symbol: str
    meaning: str
    compared: list[str]


def lines(file: str, notebook: NotebookNode) -> list[Line]:
    """The notation of a notebook; SystemExit names the notebook that has none, or none that can be read."""
    lists = [m[1] for cell in notebook.cells if cell.cell_type == "markdown" for m in _LIST.finditer(cell.source)]
    if len(lists) != 1:
        raise SystemExit(f"book/pages.py: {file} needs one note `### Notation`, a list alone; it has {len(lists)}")
    found = []
    for text in lists[0].splitlines():
        item = _ITEM.fullmatch(text.rstrip())
        if item is None:
            raise SystemExit(f"book/pages.py: {file}: in the notation {text!r} is not `- $symbol$: meaning`")
        meaning = "; ".join(part for part in item[2].split("; ") if not linked(file, part))
        if not meaning:
            raise SystemExit(f"book/pages.py: {file}: in the notation {item[1]!r} has no meaning of its own")
        found.append(Line(item[1], meaning, linked(file, item[2])))
    twice = sorted(symbol for symbol, times in Counter(line.symbol for line in found).items() if times > 1)
    if twice:
        raise SystemExit(f"book/pages.py: {file}: in the notation {', '.join(twice)} stands twice")
    return found


def place(symbol: str) -> tuple[str, str]:
    """Where a reader looks for a symbol: its group, and the letter in it."""
    bare = _DRESS.sub("", symbol)
    greek = re.match(r"\\(?:var)?([A-Za-z]+)", bare)
    if greek and greek[1].lower() in GREEK:
        return GREEK_GROUP, greek[1].lower()
    # An operator has a name of several upright letters, as KL.
    if "\\mathrm{" in symbol or not bare[0].isalpha():
        return OTHER, ""
    return LATIN, bare[0].lower()


def order(symbol: str) -> tuple[int, int, str, bool, int, str]:
    """Latin, Greek, others; small before capital letters, and what is short before what is long."""
    group, letter = place(symbol)
    number = GREEK.index(letter) if group == GREEK_GROUP else 0
    head = _DRESS.sub("", symbol).lstrip("\\").removeprefix("var")
    return (
        (LATIN, GREEK_GROUP, OTHER).index(group),
        number,
        letter or head.lower(),
        head[0].isupper(),
        len(symbol),
        symbol,
    )


def where(caption: str, file: str, notebook: NotebookNode) -> str:
    """A link to a notebook, named by its part and number; the title shows on hovering."""
    number = int(posixpath.basename(file)[:2])
    words = re.sub(r'[$"\\]', "", title(notebook))
    return f'[{caption}\N{NO-BREAK SPACE}{number}]({file}.ipynb "{words}")'


def symbols(book: list[Part]) -> dict[str, dict[str, list[str]]]:
    """Every symbol of the book: its meanings, and the links to the notebooks in which it has each."""
    found: dict[str, dict[str, list[str]]] = {}
    for caption, files in book:
        for file, notebook in files:
            link = where(caption, file, notebook)
            for symbol, meaning, _ in lines(file, notebook):
                found.setdefault(symbol, {}).setdefault(meaning, []).append(link)
    return found


def page(book: list[Part]) -> str:
    """The list of all symbols: a heading for each letter, below it the symbols, each with its meanings."""
    found = symbols(book)
    notebooks = sum(len(files) for _, files in book)
    text = [f"{len(found)} symbols of {notebooks} notebooks.", ""]
    group, letter = "", ""
    for symbol in sorted(found, key=order):
        here, initial = place(symbol)
        if here != group:
            text += [f"## {here}", ""]
        if initial and (here, initial) != (group, letter):
            text += [f"### {initial.capitalize()}", ""]
        group, letter = here, initial
        text.append(f"${symbol}$")
        text += [f": {meaning} · {', '.join(links)}" for meaning, links in found[symbol].items()]
        text.append("")
    return "\n".join(text)
