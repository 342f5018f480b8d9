"""Begin a notebook: a template that runs, the list of its mutations, and its line in the table of contents.

python book/new_notebook.py training/01-batch-size
"""

import re
import sys
from pathlib import Path

import nbformat
import yaml
from catalogue import ROOT
from run_notebook import FOLDED, normalise

_NAME = re.compile(r"([a-z][a-z-]*)/(\d\d)-([a-z0-9]+(?:-[a-z0-9]+)*)")
# Each cell: "" for prose, "code" for code, or the tag of a folded cell; then its text.
_CELLS = (
    (
        "",
        """# {title}

After [the post's title](https://kexue.fm/archives/0000) by Su Jianlin (苏剑林), with the paper it builds on.

**The question**: what does this notebook find out?

*Before*: what to read first. *After*: what comes next. *Notation*: $x$ is a real number.""",
    ),
    (
        "hide-input",
        """import numpy as np
import sympy as sp

from companion.teaching import Choice, Cover, Exercise, Ledger, Range, explore

claims = Ledger("{name}")
x = sp.symbols("x", real=True)""",
    ),
    ("", "## The story\n\nSay why the next step is taken, then take it."),
    (
        "code",
        """claims.prove("the square of a sum", (x + 1) ** 2, x**2 + 2 * x + 1)""",
    ),
    (
        "hide-input",
        '''@explore(p=Range(1, 4, 0.5, start=2, label="power p"), ink=Choice(["blue", "red"], label="colour"),
         cover=Cover(1, p=3))
def powers(axes, p, ink):
    """A power of x.

    Notice: what the reader should see, and at which setting.
    """
    grid = np.linspace(0, 1, 50)
    axes.plot(grid, grid**p, color=ink)
    return {{"half": 0.5**p}}''',
    ),
    ("", "## Readers asked\n\n**A question that readers of the post asked?** Its answer."),
    ("", "## Try it\n\n**1.** Differentiate $x^3$."),
    (
        "hide-input",
        """slope = Exercise("the derivative of x³", answer=lambda: sp.diff(x**3, x),
                 mistakes={{lambda: x**2: "the power comes down as a factor"}})""",
    ),
    ("code", "slope.check(...)  # put your expression in place of the dots"),
    ("hide-cell", "slope.check(3 * x**2)"),
    ("", "**2.** Integrate $2x$."),
    (
        "hide-input",
        """area = Exercise("an integral of 2x", answer=lambda: sp.integrate(2 * x, x), same="up to a constant")""",
    ),
    ("code", "area.check(...)"),
    ("hide-cell", "area.check(x**2 + 1)"),
    ("", "**3.** Which number is its own square, besides $0$?"),
    ("hide-input", """fixed = Exercise("the number", answer=lambda: max(sp.solve(x**2 - x, x)))"""),
    ("code", "fixed.check(...)"),
    ("hide-cell", "fixed.check(1)"),
    ("", "## Remember\n\n- What was found, in one sentence: the card of this notebook on the first page shows it."),
    ("", "## References\n\n- The post, and the papers."),
    ("", "## Notes\n\nWhat adds to the story without changing its conclusion."),
    ("", "### Notation\n\n- $x$: a real number"),
    ("", "## The ledger"),
    ("code", "claims.table()"),
)
_MUTATIONS = """# What is broken in notebooks/{name}.ipynb, claim by claim.

[[mutation]]
what = "claim 1: the sign inside the square"
old = "(x + 1) ** 2"
new = "(x - 1) ** 2"
"""


def template(name: str) -> nbformat.NotebookNode:
    """The notebook to begin with: the sections of every notebook, a claim, an explorer and three exercises."""
    title = name.split("-", 1)[1].replace("-", " ").capitalize()
    cells = []
    for number, (kind, text) in enumerate(_CELLS, 1):
        source = text.format(name=name, title=title)
        cell = nbformat.v4.new_code_cell(source) if kind else nbformat.v4.new_markdown_cell(source)
        cell["id"] = f"cell-{number:02d}"
        if kind in FOLDED:
            cell.metadata["tags"] = [kind]
        cells.append(cell)
    notebook = nbformat.v4.new_notebook(cells=cells)
    normalise(notebook)
    return notebook


def listed(toc: str, name: str) -> str:
    """The table of contents with the notebook in its part, or in a new one before the book's own pages."""
    part, line = name.split("/")[0], f"      - file: notebooks/{name}\n"
    lines = toc.splitlines(keepends=True)
    same = [k for k, text in enumerate(lines) if text.startswith(f"      - file: notebooks/{part}/")]
    if same:
        place = next((k for k in same if lines[k] > line), same[-1] + 1)
        lines.insert(place, line)
    else:
        place = next(k for k, text in enumerate(lines) if text.strip() == "- caption: The book")
        caption = part.replace("-", " ").capitalize()
        # Every part has its page in the ledger, after those of the parts before it.
        ledger = f"          - file: ledger/{part}\n            title: {caption}\n"
        after = [k for k, text in enumerate(lines) if text.startswith("          - file: ledger/")]
        if after:
            lines.insert(after[-1] + 2, ledger)
        else:
            first = next(k for k, text in enumerate(lines) if text.strip() == "- file: ledger")
            lines.insert(first + 1, f"        sections:\n{ledger}")
        lines.insert(place, f"  - caption: {caption}\n    chapters:\n{line}")
    return "".join(lines)


def begin(name: str, root: Path = ROOT) -> list[Path]:
    """Write notebook, mutation list and table of contents below `root`; return what was written.

    Raises ValueError for a name of another form, and FileExistsError where something stands already.
    """
    found = _NAME.fullmatch(name.removeprefix("notebooks/").removesuffix(".ipynb"))
    if not found:
        raise ValueError(f"a notebook's name is of the form part/nn-slug, as training/01-batch-size; got {name!r}")
    name, part, number = found[0], found[1], found[2]
    notebook, mutations = root / "notebooks" / f"{name}.ipynb", root / "tests" / "mutations" / f"{part}-{number}.toml"
    taken = sorted((root / "notebooks" / part).glob(f"{number}-*.ipynb"))
    for path in (*taken, mutations):
        if path.exists():
            raise FileExistsError(f"{path.relative_to(root)} is there already")
    toc = root / "book" / "_toc.yml"
    contents = listed(toc.read_text(encoding="utf-8"), name)
    yaml.safe_load(contents)
    notebook.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(template(name), notebook)
    mutations.write_text(_MUTATIONS.format(name=name), encoding="utf-8")
    toc.write_text(contents, encoding="utf-8")
    return [notebook, mutations, toc]


def main() -> int:
    """Begin the notebook named on the command line; exit status 2 when it cannot be."""
    try:
        for path in begin(" ".join(sys.argv[1:])):
            print(path.relative_to(ROOT))
    except (ValueError, FileExistsError) as error:
        print(f"make: NOTEBOOK: {error}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
