"""Put the built book into one zip, which a reader unpacks and opens by double click.

    python book/zip_book.py book/_build/html build/scientific-spaces-derived.zip

The same pages give the same file, bit for bit: names in order, one date, no trace of the machine.
"""

import sys
import zipfile
from pathlib import Path

FOLDER = "scientific-spaces-derived"
# The first date that a zip can hold.
DATE = (1980, 1, 1, 0, 0, 0)
# What Sphinx and make remember of the build.
LEFT_OUT = {".built", ".buildinfo", ".buildinfo.bak", ".nojekyll", ".doctrees"}
NOTE = """Scientific Spaces, Derived
==========================

Unpack the zip, then open index.html with a double click. Nothing is installed, and nothing is asked of the internet:
formulas, sliders and the search in the ledger all work from this folder.

One thing needs a server, since browsers start no Python from a folder: the exercises that check a typed answer.
With Python on your machine, run in this folder

    python3 -m http.server --bind 127.0.0.1 8000

and open http://127.0.0.1:8000 in your browser.

Text and figures: CC BY 4.0. Code: MIT. The posts are Su Jianlin's, at https://kexue.fm.
"""


def files(book: Path) -> list[tuple[str, bytes]]:
    """Names in the zip and contents, in the order of names."""
    found = [path.relative_to(book) for path in book.rglob("*") if path.is_file()]
    kept = [path for path in found if not LEFT_OUT & set(path.parts)]
    held = [(path.as_posix(), (book / path).read_bytes()) for path in kept]
    return sorted([*held, ("READ-ME.txt", NOTE.replace("\n", "\r\n").encode())])


def write(book: Path, target: Path) -> list[int]:
    """Write the zip; return how many files it has, their bytes, and its own. Raises FileNotFoundError for no book."""
    if not (book / "index.html").is_file():
        raise FileNotFoundError(f"{book / 'index.html'} is missing: run `make book`")
    content = files(book)
    target.parent.mkdir(parents=True, exist_ok=True)
    draft = target.with_suffix(".tmp")
    with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as out:
        for name, data in content:
            entry = zipfile.ZipInfo(f"{FOLDER}/{name}", DATE)
            entry.compress_type = zipfile.ZIP_DEFLATED
            entry.create_system = 3  # also where Windows makes it
            entry.external_attr = 0o644 << 16
            out.writestr(entry, data)
    draft.replace(target)
    return [len(content), sum(len(data) for _, data in content), target.stat().st_size]


def main() -> int:
    """Write the zip that the command line names, and say how large it is."""
    book, target = map(Path, sys.argv[1:])
    count, unpacked, size = write(book, target)
    print(f"{target}: {size / 1e6:.1f} MB; unpacked {count} files, {unpacked / 1e6:.1f} MB")
    return 0


if __name__ == "__main__":
    sys.exit(main())
