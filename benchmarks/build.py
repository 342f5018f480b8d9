"""How long the book takes to build: from nothing, after a change of one notebook, and with nothing to do."""

import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import nbformat
from _paths import ROOT
from _timing import seconds


def make(*targets: str) -> float:
    """Seconds that `make` takes for `targets`."""
    return seconds(lambda: subprocess.run(["make", *targets], cwd=ROOT, check=True, capture_output=True))


@contextmanager
def another_title(notebook: Path) -> Iterator[None]:
    """Within this context a notebook has another title: what is only touched would not be built again."""
    text = notebook.read_text(encoding="utf-8")
    changed = nbformat.reads(text, as_version=4)
    changed.cells[0].source = changed.cells[0].source.replace("\n", ", changed\n", 1)
    nbformat.write(changed, notebook)
    try:
        yield
    finally:
        notebook.write_text(text, encoding="utf-8")


def main() -> None:
    """Build three times and print the table."""
    notebooks = sorted((ROOT / "notebooks").rglob("*-*.ipynb"))
    make("clean")
    cold = make("book")
    with another_title(notebooks[0]):
        one = make("book")
        none = make("book")
    make("book")
    print("| build of the book | seconds |\n|---|---:|")
    print(f"| cold, {len(notebooks)} notebooks | {cold:.1f} |")
    print(f"| after a change of one notebook | {one:.1f} |")
    print(f"| nothing changed | {none:.1f} |")


if __name__ == "__main__":
    main()
