"""The theme's icons, and no others: its icon font has 1,400 of them, which is a third of what a page may weigh.

When the pages are written, the font is cut down to the signs that they and the style sheets name, and the rules for
all other icons leave the theme's style sheet.
"""

import re
from collections.abc import Iterable
from pathlib import Path

from fontTools import subset  # type: ignore[import-untyped]
from fontTools.ttLib import TTFont  # type: ignore[import-untyped]
from sphinx.application import Sphinx

SHEET = "styles/pydata-sphinx-theme.css"
FONTS = "vendor/fontawesome/webfonts"
FONT = "fa-solid-900"
# .fa-bars:before,.fa-navicon:before{content:"\f0c9"}
_RULE = re.compile(r'((?:\.fa-[a-z0-9-]+:before,?)+)\{content:"\\([0-9a-f]+)"\}')
_NAME = re.compile(r"\bfa-[a-z0-9-]+")
_ESCAPED = re.compile(r"\\(f[0-9a-f]{3})\b")
_SOURCES = re.compile(rf'url\(\S*?{FONT}\.woff2\) format\("woff2"\),\s*url\(\S*?{FONT}\.ttf\) format\("truetype"\)')


def lean(sheet: str, named: set[str]) -> tuple[str, set[int]]:
    """The style sheet without the rules of icons that are not named, and the signs that it needs."""
    kept: set[int] = set()

    def keep(rule: re.Match[str]) -> str:
        if named & set(_NAME.findall(rule[1])):
            kept.add(int(rule[2], 16))
            return rule[0]
        return ""

    sheet = _RULE.sub(keep, sheet)
    # Signs that other rules write, escaped or as they are.
    kept |= {int(code, 16) for code in _ESCAPED.findall(sheet)}
    kept |= {ord(sign) for sign in sheet if 0xE000 <= ord(sign) <= 0xF8FF}
    return _SOURCES.sub(f'url(../{FONTS}/{FONT}.woff) format("woff")', sheet), kept


def cut(source: Path, target: Path, signs: Iterable[int]) -> None:
    """Write the font with these signs alone."""
    font = TTFont(source)
    cutter = subset.Subsetter(subset.Options(hinting=False, desubroutinize=True))
    cutter.populate(unicodes=list(signs))
    cutter.subset(font)
    font.flavor = "woff"
    font.save(target)


def finish(app: Sphinx, exception: Exception | None) -> None:
    """Cut font and style sheet down to what the finished pages show."""
    static = Path(app.outdir) / "_static"
    path, fonts = static / SHEET, static / FONTS
    if exception is not None or not path.exists() or not (fonts / f"{FONT}.ttf").exists():
        return
    pages = [*Path(app.outdir).rglob("*.html"), *static.rglob("*.js")]
    named = {name for page in pages if "packs" not in page.parts for name in _NAME.findall(page.read_text("utf-8"))}
    sheet, signs = lean(path.read_text(encoding="utf-8"), named)
    for other in static.rglob("*.css"):
        if other != path:
            signs |= {int(code, 16) for code in _ESCAPED.findall(other.read_text(encoding="utf-8"))}
    cut(fonts / f"{FONT}.ttf", fonts / f"{FONT}.woff", signs)
    path.write_text(sheet, encoding="utf-8")
    for old in (f"{FONT}.ttf", f"{FONT}.woff2"):
        (fonts / old).unlink(missing_ok=True)


def setup(app: Sphinx) -> dict[str, bool]:
    """Register the step, after the one that takes the icon script out."""
    app.connect("build-finished", finish, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
