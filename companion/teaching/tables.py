"""Small tables that look the same in JupyterLab, on GitHub and in the book."""

import re
from collections.abc import Sequence
from typing import Any

from companion.teaching._shell import ipython, show

# A cell that reads as a number: such columns are set flush right.
_NUMBER = re.compile(r"^[$≈<>±+−-]*\d[\d.,_ e+−-]*\s*[%×]?\$?$")


def table(headers: Sequence[str], rows: Sequence[Sequence[Any]], caption: str = "") -> None:
    """Show a Markdown table; cells are text or numbers that are already rounded. Text may hold `$…$`.

    Raises ValueError if a row has not as many cells as there are headers.
    """
    for row in rows:
        if len(row) != len(headers):
            raise ValueError(f"rows must have {len(headers)} cells, got {list(row)}")
    lines = [[str(cell) for cell in row] for row in (headers, *rows)]
    columns = list(zip(*lines, strict=True))
    numeric = [all(_NUMBER.match(cell) for cell in column[1:]) for column in columns]
    widths = [max(map(len, column)) for column in columns]
    plain = "\n".join(
        "  ".join(
            c.rjust(w) if right else c.ljust(w) for c, w, right in zip(line, widths, numeric, strict=True)
        ).rstrip()
        for line in lines
    )
    escaped = ["| " + " | ".join(cell.replace("|", r"\|") for cell in line) + " |" for line in lines]
    rule = "|" + "|".join("---:" if right else "---" for right in numeric) + "|"
    markdown = "\n".join([escaped[0], rule, *escaped[1:]])
    if caption:
        plain, markdown = f"{caption}\n{plain}", f"{caption}\n\n{markdown}"
    if ipython() is None:
        print(plain)
    else:
        show({"text/plain": plain, "text/markdown": markdown})
