"""Explorers in the book: every frame is drawn while the book is built; `book/_static/explorer.js` shows them."""

import gzip
import html
import json
import time
from pathlib import Path

from companion.teaching import plotting
from companion.teaching.canvas import Canvas, failing_at, in_words
from companion.teaching.explorers import Explorer, Range

PACK_BUDGET = 1_500_000


def bake(explorer: Explorer, static: Path, notebook: str) -> str:
    """Draw every frame, write the pack below `static`, and return the figure's HTML.

    The pack (JSON): `lines`, the unique lines of SVG; `frames`, for each setting (last parameter fastest) and
    each panel the indices of its lines; `numbers` and `alt`, for each setting the named numbers and the text
    alternative; `frame_ms`, the median time of a frame. Raises ValueError when it is larger than 1.5 MB gzipped.
    """
    canvas, lines, frames, numbers, alts, seconds = Canvas(explorer), {}, [], [], [], []
    for setting in explorer.settings():
        begun = time.perf_counter()
        with plotting.styled(), failing_at(explorer, setting):
            numbers.append(in_words(canvas.draw(setting)))
            drawn = [canvas.svg(panel) for panel in range(explorer.panels)]
        seconds.append(time.perf_counter() - begun)
        frames.append([[lines.setdefault(line, len(lines)) for line in inner.split("\n")] for _, inner in drawn])
        alts.append(f"{explorer.caption} {explorer.describe(setting)}.")
        if setting == explorer.start:
            start = drawn
    pack = {
        "version": 1,
        "explorer": explorer.name,
        "lines": list(lines),
        "frames": frames,
        "numbers": numbers,
        "alt": alts,
        "frame_ms": round(1000 * sorted(seconds)[len(seconds) // 2], 1),
    }
    data = json.dumps(pack, ensure_ascii=False, separators=(",", ":")).encode()
    if (size := len(gzip.compress(data))) > PACK_BUDGET:
        raise explorer.wrong(f"its frames take {size:,} bytes gzipped, the budget is {PACK_BUDGET:,}")
    path = f"packs/{notebook}/{explorer.name}.json"
    (static / path).parent.mkdir(parents=True, exist_ok=True)
    (static / path).write_bytes(data)
    check_purity(canvas)
    first = list(explorer.settings()).index(explorer.start)
    return figure_html(explorer, path, start, numbers[first], alts[first])


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
    explorer: Explorer, path: str, drawn: list[tuple[str, str]], numbers: list[tuple[str, str]], alt: str
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
    named_so = f'id="explorer-{explorer.name}" data-explorer="{explorer.name}" data-pack="{path}"'
    return f"""<figure class="explorer" {named_so} style="--controls: {len(explorer.parameters)}">
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
