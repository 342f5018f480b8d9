"""Explorers in the book: every frame is drawn while the book is built; `book/_static/explorer.js` shows them."""

import gzip
import hashlib
import html
import json
from collections.abc import Mapping
from pathlib import Path

from companion.teaching import plotting
from companion.teaching.canvas import Canvas, failing_at, in_words
from companion.teaching.explorers import Explorer, Range

PACK_BUDGET = 1_500_000
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
    for setting in explorer.settings():
        with plotting.styled(), failing_at(explorer, setting):
            numbers.append(in_words(canvas.draw(setting)))
            drawn = [canvas.svg(panel) for panel in range(explorer.panels)]
        frames.append([[lines.setdefault(line, len(lines)) for line in inner.split("\n")] for _, inner in drawn])
        alts.append(f"{explorer.caption} {explorer.describe(setting)}.")
        if setting == explorer.start:
            start = drawn
    pack = {"lines": list(lines), "frames": frames, "numbers": numbers, "alt": alts}
    path = f"packs/{notebook}/{explorer.name}.js"
    script, digest = pack_script(pack)
    if (size := len(gzip.compress(script))) > PACK_BUDGET:
        raise explorer.wrong(f"its frames take {size:,} bytes gzipped, the budget is {PACK_BUDGET:,}")
    (folder / path).parent.mkdir(parents=True, exist_ok=True)
    (folder / path).write_bytes(script)
    check_purity(canvas)
    order = list(explorer.settings())
    first = order.index(explorer.start)
    source = f'data-pack="{path}" data-hash="{digest}"'
    if explorer.cover is not None:
        panel, setting = explorer.cover
        source += f' data-cover="{order.index(setting)} {panel - 1}"'
    return figure_html(explorer, source, start, numbers[first], alts[first])


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
    explorer: Explorer, source: str, drawn: list[tuple[str, str]], numbers: list[tuple[str, str]], alt: str
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
<script type="application/json" class="explorer-spec">{data}</script>
</figure>"""
