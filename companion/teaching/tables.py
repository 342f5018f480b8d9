"""Small tables that look the same in JupyterLab, on GitHub and in the book."""

from collections.abc import Sequence
from typing import Any


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> None:
    """Show a Markdown table; cells are text or numbers that are already rounded. Text may hold `$…$`.

    Raises ValueError if a row has not as many cells as there are headers.
    """
    from IPython.display import display

    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"rows must have {len(headers)} cells, got {list(row)}")
    lines = [[str(cell) for cell in row] for row in (headers, *rows)]
    widths = [max(len(line[k]) for line in lines) for k in range(len(headers))]
    plain = "\n".join(
        "  ".join(c.rjust(w) for c, w in zip(line, widths, strict=True)).rstrip() for line in lines
    )
    escaped = [[cell.replace("|", r"\|") for cell in line] for line in lines]
    ruled = [escaped[0], ["---:"] * len(headers), *escaped[1:]]
    markdown = "\n".join("| " + " | ".join(line) + " |" for line in ruled)
    if caption:
        plain, markdown = f"{caption}\n{plain}", f"{caption}\n\n{markdown}"
    display({"text/plain": plain, "text/markdown": markdown}, raw=True)
