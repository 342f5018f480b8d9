"""The notebooks of the book: where they lie, what they are called, and which one a beginning of a name means.

python book/catalogue.py                  lists them, as `make` needs it
python book/catalogue.py attention/01     names the one that is meant
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
NOTEBOOKS = ROOT / "notebooks"


def notebooks() -> list[Path]:
    """Every notebook, in the order of parts and numbers; JupyterLab's checkpoints are none."""
    return sorted(p for p in NOTEBOOKS.rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)


def name(path: Path) -> str:
    """What a notebook is called: attention/01-scale-gradient."""
    return path.relative_to(NOTEBOOKS).with_suffix("").as_posix()


def find(beginning: str) -> Path:
    """The one notebook whose name begins so. Raises ValueError for none and for several."""
    wanted = beginning.removeprefix("notebooks/").removesuffix(".ipynb")
    found = [path for path in notebooks() if name(path).startswith(wanted)]
    if len(found) != 1 or not wanted:
        meant = found or notebooks()
        raise ValueError(f"{beginning!r} names {len(found)} notebooks; there are {', '.join(map(name, meant))}")
    return found[0]


def main() -> int:
    """Print paths relative to the repository; exit status 2 when an argument names no single notebook."""
    try:
        paths = [find(beginning) for beginning in sys.argv[1:]] or notebooks()
    except ValueError as error:
        print(f"make: NOTEBOOK={error}", file=sys.stderr)
        return 2
    print(*(path.relative_to(ROOT).as_posix() for path in paths))
    return 0


if __name__ == "__main__":
    sys.exit(main())
