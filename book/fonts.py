"""The book's typefaces, taken from npm's packages into `_static/fonts`: files, their style sheet, their licences.

python book/fonts.py       (see `make book`; the packages are pinned in package.json)

Only what the book uses is taken. Browsers fetch a file when a character in its range is on the page.
"""

import json
import shutil
from pathlib import Path
from typing import NamedTuple

BOOK = Path(__file__).resolve().parent
PACKAGES = BOOK / "node_modules" / "@fontsource"
TARGET = BOOK / "_static" / "fonts"


class Face(NamedTuple):
    """A file of a family: which characters, how heavy, upright or italic."""

    package: str
    subset: str
    weight: int
    style: str = "normal"

    @property
    def file(self) -> str:
        """The file's name."""
        return f"{self.package}-{self.subset}-{self.weight}-{self.style}.woff2"


FACES = (
    Face("source-serif-4", "latin", 400),
    Face("source-serif-4", "latin", 400, "italic"),
    Face("source-serif-4", "latin", 600),
    Face("source-serif-4", "latin-ext", 400),
    Face("source-serif-4", "greek", 400),
    Face("source-serif-4", "greek", 600),
    Face("source-code-pro", "latin", 400),
    Face("source-code-pro", "greek", 400),
    Face("source-code-pro", "greek-ext", 400),
)
# Arrows and signs in the text come from the typeface of the formulas beside them.
SIGNS = """@font-face {
  font-family: "Derived Signs";
  font-display: swap;
  src: url("../katex/fonts/KaTeX_Main-Regular.woff2") format("woff2");
  unicode-range: U+2190-2199, U+21D0-21D5, U+2200-220B, U+220F-22FF, U+27E8-27E9;
}
"""


def rule(face: Face) -> str:
    """The CSS rule of a face."""
    about = PACKAGES / face.package
    family = json.loads((about / "metadata.json").read_text(encoding="utf-8"))["family"]
    characters = json.loads((about / "unicode.json").read_text(encoding="utf-8"))[face.subset]
    return f"""@font-face {{
  font-family: "{family}";
  font-style: {face.style};
  font-weight: {face.weight};
  font-display: swap;
  src: url("{face.file}") format("woff2");
  unicode-range: {characters.replace(",", ", ")};
}}
"""


def main() -> None:
    """Copy the files and licences, and write the style sheet."""
    shutil.rmtree(TARGET, ignore_errors=True)
    TARGET.mkdir(parents=True)
    for face in FACES:
        shutil.copyfile(PACKAGES / face.package / "files" / face.file, TARGET / face.file)
    for package in {face.package for face in FACES}:
        shutil.copyfile(PACKAGES / package / "LICENSE", TARGET / f"OFL-{package}.txt")
    (TARGET / "fonts.css").write_text("\n".join([*map(rule, FACES), SIGNS]), encoding="utf-8")


if __name__ == "__main__":
    main()
