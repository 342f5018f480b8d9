"""Explorers in the book: every frame is drawn while the book is built; `book/_static/explorer.js` shows them."""

import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path

from companion.teaching import plotting
from companion.teaching.canvas import POINTS, Canvas, failing_at, in_words
from companion.teaching.explorers import Explorer, Range, Setting

PACK_BUDGET = 1_500_000
# How many settings stand below the start frame on paper.
ON_PAPER = 3
# Pixels of the picture that stands for the notebook where somebody links to it.
PREVIEW = 1120, 420
# What explorer.js must understand: raise both when the pack changes its shape.
FORMAT = 2


def bake(explorer: Explorer, folder: Path, notebook: str) -> str:
    """Draw every frame, write the pack below `folder`, and return the figure's HTML.

    The pack: `lines`, the unique lines of SVG; `frames`, for each setting (last parameter fastest) and each panel
    the indices of its lines; `numbers` and `alt`, for each setting the named numbers and the text alternative.
    Raises ValueError when it is larger than 1.5 MB gzipped.
    """
    canvas, lines = Canvas(explorer), dict[str, int]()
    frames, numbers, alts = [], [], []
    paper: dict[Setting, tuple[list[tuple[str, str]], str]] = {setting: ([], "") for setting in on_paper(explorer)}
    for setting in explorer.settings():
        with plotting.styled(), failing_at(explorer, setting):
            numbers.append(in_words(canvas.draw(setting)))
            drawn = [canvas.svg(panel) for panel in range(explorer.panels)]
        frames.append([[lines.setdefault(line, len(lines)) for line in inner.split("\n")] for _, inner in drawn])
        alts.append(f"{explorer.caption} {explorer.describe(setting)}.")
        if setting == explorer.start:
            start = drawn
        if setting in paper:
            paper[setting] = drawn, alts[-1]
    pack = {"lines": list(lines), "frames": frames, "numbers": numbers, "alt": alts}
    path = f"packs/{notebook}/{explorer.name}.js"
    script, digest = pack_script(pack)
    if (size := len(gzip.compress(script))) > PACK_BUDGET:
        raise explorer.wrong(f"its frames take {size:,} bytes gzipped, the budget is {PACK_BUDGET:,}")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(script)
    write_preview(explorer, folder / f"previews/{notebook}/{explorer.name}.png")
    sheet = write_paper(explorer, folder, f"paper/{notebook}/{explorer.name}", paper)
    check_purity(canvas)
    first = list(explorer.settings()).index(explorer.start)
    return figure_html(explorer, f'data-pack="{path}" data-hash="{digest}"', start, numbers[first], alts[first], sheet)


def on_paper(explorer: Explorer) -> list[Setting]:
    """The settings, besides the start, that stand for the moving picture on paper: two or three, where there are such.

    These are the ends of the first slider, and of every other control the end that is farther from its start; if that
    makes fewer than three, the middle of the slider's longer way as well.
    """
    sizes = [len(values) for values in explorer.values.values()]
    sliders = [k for k, p in enumerate(explorer.parameters.values()) if isinstance(p, Range)]
    first = sliders[0] if sliders else 0
    start, last = explorer.start[first], sizes[first] - 1
    others = [(k, 0 if 2 * explorer.start[k] > size - 1 else size - 1) for k, size in enumerate(sizes) if k != first]
    others = [(k, place) for k, place in others if place != explorer.start[k]]
    along = [place for place in (0, last) if place != start]
    between = (start + (0 if 2 * start > last else last)) // 2
    if len(along) + len(others) < ON_PAPER and between not in (start, *along):
        along.append(between)
    moves = [*((first, place) for place in sorted(along)), *others][:ON_PAPER]
    return [tuple(place if j == k else old for j, old in enumerate(explorer.start)) for k, place in moves]


def write_paper(
    explorer: Explorer, folder: Path, path: str, drawn: Mapping[Setting, tuple[list[tuple[str, str]], str]]
) -> str:
    """Write the pictures for paper below `folder`; return the HTML that shows them.

    They are files of their own, and lazy: a page that is not printed does not load them. Where they lie depends on the
    page: `derived_book` writes the address in place of `paper:`.
    """
    say, items = html.escape, []
    for number, (setting, (panels, alt)) in enumerate(drawn.items(), 1):
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        width, height = stacked(panels, folder / f"{path}-{number}.svg")
        source = f'src="paper:{path}-{number}.svg" width="{width:g}" height="{height:g}"'
        items.append(
            f'<div><img {source} loading="lazy" decoding="sync" alt="{say(alt)}">'
            f"<p>{say(explorer.describe(setting))}</p></div>"
        )
    return f'<div class="explorer-paper">\n{chr(10).join(items)}\n</div>'


def stacked(panels: list[tuple[str, str]], path: Path) -> tuple[float, float]:
    """Write panels below each other as an SVG file, in the colours for paper; return its width and height."""
    width, height = (float(number) for number in panels[0][0].split()[2:])
    parts = [f'<g transform="translate(0 {k * height:g})">\n{inner}\n</g>' for k, (_, inner) in enumerate(panels)]
    size = width, height * len(panels)
    box = f'viewBox="0 0 {size[0]:g} {size[1]:g}" width="{size[0]:g}" height="{size[1]:g}"'
    text = "\n".join([f'<svg xmlns="http://www.w3.org/2000/svg" {box}>', *parts, "</svg>\n"])
    path.write_text(text, encoding="utf-8")
    return size


def write_preview(explorer: Explorer, path: Path) -> None:
    """Write the start frame as a PNG, panels side by side, as large as fits."""
    canvas = Canvas(explorer)
    width, height = canvas.size[0] * explorer.panels, canvas.size[1]
    canvas = Canvas(explorer, dpi=int(POINTS * min(PREVIEW[0] / width, PREVIEW[1] / height)))
    canvas.draw(explorer.start)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(canvas.png())


def pack_script(pack: Mapping[str, object]) -> tuple[bytes, str]:
    """A pack as the script that delivers it, and the hash by which a page knows its own.

    A script, since a page that was opened from a folder (file://) may run scripts beside it, but not read files.
    """
    digest = hashlib.sha256(json.dumps(pack).encode()).hexdigest()[:16]
    data = json.dumps({"format": FORMAT, "hash": digest, **pack}, ensure_ascii=False, separators=(",", ":"))
    return f"explorerPack({data});\n".encode(), digest


def check_purity(used: Canvas) -> None:
    """Raise ValueError unless the start frame looks the same on used axes as on new ones."""
    explorer, looks = used.explorer, []
    for canvas in (used, Canvas(explorer)):
        canvas.scaffolds.clear()
        canvas.draw(explorer.start)
        looks.append([canvas.svg(panel) for panel in range(explorer.panels)])
    if looks[0] != looks[1]:
        raise explorer.wrong("its picture depends on the frame drawn before; set everything it needs, every time")


def figure_html(
    explorer: Explorer,
    source: str,
    drawn: list[tuple[str, str]],
    numbers: list[tuple[str, str]],
    alt: str,
    paper: str = "",
) -> str:
    """The figure with its start frame: complete before, and without, JavaScript."""
    spec = {
        "panels": explorer.panels,
        "parameters": [
            {
                "name": name,
                "kind": "range" if isinstance(p, Range) else "choice",
                "label": p.label or name,
                "unit": p.unit,
                "values": explorer.texts[name],
                "start": k,
            }
            for (name, p), k in zip(explorer.parameters.items(), explorer.start, strict=True)
        ],
    }
    say = html.escape
    # One panel has a wide page to itself, and needs less: its text would be larger than the page's.
    alone = ' style="max-width: 470px"' if explorer.panels == 1 else ""
    panels = "\n".join(
        f'<svg class="explorer-panel" viewBox="{box}"{alone} role="img" aria-label="{say(alt)}">\n{inner}\n</svg>'
        for box, inner in drawn
    )
    named = "".join(f"<div><dt>{say(name)}</dt><dd>{say(value)}</dd></div>" for name, value in numbers)
    # "</" must not end the script early.
    data = json.dumps(spec, ensure_ascii=False).replace("</", r"<\/")
    named_so = f'id="explorer-{explorer.name}" data-explorer="{explorer.name}" {source}'
    controls = len(explorer.parameters)
    return f"""<figure class="explorer" {named_so} style="--controls: {controls}; --rows: {(controls + 1) // 2}">
<div class="explorer-controls" role="group" aria-label="Controls: {say(explorer.caption)}"></div>
<div class="explorer-panels">
{panels}
</div>
<p class="explorer-state">{say(explorer.describe(explorer.start))}</p>
<dl class="explorer-numbers">{named}</dl>
<figcaption><p class="explorer-caption">{say(explorer.caption)}</p>
<p class="explorer-notice"><strong>Notice</strong> {say(explorer.notice)}</p></figcaption>
{paper}
<script type="application/json" class="explorer-spec">{data}</script>
</figure>"""
