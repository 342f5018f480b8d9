"""How fast a live slider is in JupyterLab: an explorer beside plain `interact` + `plt.show()`, same figure, same run.

A step is timed in the page, from the key press on the slider to the new picture decoded. Both ways show the same
drawing function; `interact` keeps its defaults, and so has fewer pixels to draw (72 dots per inch against 140).
"""

import sys
import tempfile
from pathlib import Path
from typing import Any

import _paths  # noqa: F401 (the tests come within reach)
import lab
import nbformat
from _timing import summary
from conftest import CHROMIUM_FLAGS, find_chromium
from playwright.sync_api import sync_playwright

DRAWING = """
import matplotlib.pyplot as plt, numpy as np
from ipywidgets import FloatSlider, IntSlider, interact
from companion.teaching import Range, explore
from companion.teaching.plotting import PALETTE, bars, guide, label_line, style

def drawing(axes, alpha, n=24):
    weights, (left, right) = np.exp(alpha * np.cos(np.arange(n))), axes
    weights /= weights.sum()
    bars(left, np.arange(n), weights)
    left.set(xlabel="key", ylabel="weight", ylim=(0, 1))
    x = np.linspace(0, 10, 200)
    for k, name in enumerate(("blue", "orange", "green")):
        right.plot(x, np.exp(-x * k / 4) * np.cos(alpha * x / 2), color=PALETTE[name])
        label_line(right, 8, np.exp(-2 * k) * np.cos(4 * alpha), f"mode {k}", color=name)
    guide(right, x=alpha)
    right.set(xlabel="time", ylabel="amplitude", ylim=(-1.1, 1.1))
"""
EXPLORER = '''
@explore(panels=2, alpha=Range(0, 10, 0.1, label="scale"))
def explorer(axes, alpha):
    """A scale moves two panels.

    Notice: the weights gather.
    """
    drawing(axes, alpha)
'''
INTERACT = """
@interact(alpha=FloatSlider(min=0, max=10, step=0.1, value=0))
def plain(alpha):
    with plt.rc_context(style()):
        figure, axes = plt.subplots(1, 2, figsize=(7.2, 2.7))
        drawing(axes, alpha)
        plt.show()
"""
# Notes when a key goes down, and when each picture of a cell is decoded.
WATCH = """cell => {
    const log = cell.log = {keys: [], pictures: []};
    const seen = new WeakMap();
    const look = () => {
        for (const image of cell.querySelectorAll('.jp-OutputArea-output img')) {
            const source = image.src;
            if (!source || seen.get(image) === source) continue;
            seen.set(image, source);
            image.decode().then(() => log.pictures.push(performance.now()), () => {});
        }
    };
    look();
    cell.addEventListener('keydown', () => log.keys.push(performance.now()), true);
    new MutationObserver(look).observe(
        cell, {subtree: true, childList: true, attributes: true, attributeFilter: ['src']});
}"""
HASH = """async cell => {
    const images = cell.querySelectorAll('.jp-OutputArea-output img');
    const bytes = await (await fetch(images[images.length - 1].src)).arrayBuffer();
    return [...new Uint8Array(await crypto.subtle.digest('SHA-256', bytes))].join();
}"""
PAUSE, STEPS, ROUNDS, BURST = 450, 8, 3, 40


class Slider:
    """A slider of a notebook cell, moved by keys and timed in the page."""

    def __init__(self, page: Any, index: int) -> None:
        self.page, self.cell = page, page.locator(".jp-CodeCell").nth(index)
        self.cell.locator("img").first.wait_for()
        self.cell.evaluate(WATCH)

    def focus(self) -> None:
        """Put the keyboard on the slider's handle, in the middle of the window."""
        handle = self.cell.locator(".noUi-handle").first
        handle.evaluate("handle => handle.scrollIntoView({block: 'center'})")
        handle.focus()
        self.page.wait_for_timeout(600)

    def steps(self, key: str, count: int) -> list[float]:
        """Milliseconds from key to picture of `count` slow single steps."""
        times = []
        for _ in range(count):
            self.cell.evaluate("cell => { cell.log.keys = []; cell.log.pictures = []; }")
            self.page.keyboard.press(key)
            self.page.wait_for_timeout(PAUSE)
            self.page.wait_for_function("cell => cell.log.pictures.length", arg=self.cell.element_handle())
            times.append(self.cell.evaluate("cell => cell.log.pictures[0] - cell.log.keys[0]"))
        return times

    def burst(self, count: int) -> tuple[float, float]:
        """Pictures a second while `count` keys come every 30 ms, and milliseconds from last key to last picture."""
        self.cell.evaluate("cell => { cell.log.keys = []; cell.log.pictures = []; }")
        for _ in range(count):
            self.page.keyboard.press("ArrowRight")
            self.page.wait_for_timeout(25)
        before = -1
        while (now := self.cell.evaluate("cell => cell.log.pictures.length")) != before:
            before = now
            self.page.wait_for_timeout(1500)
        log = self.cell.evaluate("cell => cell.log")
        lasted = log["pictures"][-1] - log["keys"][0]
        return 1000 * len(log["pictures"]) / lasted, log["pictures"][-1] - log["keys"][-1]


def measure(page: Any) -> tuple[dict[str, list[list[float]]], list[tuple[float, float]], bool]:
    """Times of slow steps by kind, [explorer, interact]; the two bursts; whether the explorer's ended right."""
    slow, fast = [Slider(page, 1), Slider(page, 2)], [Slider(page, 3), Slider(page, 4)]
    names = ("next setting, not seen before", "jump of five steps, not seen before", "setting seen before")
    times: dict[str, list[list[float]]] = {name: [[], []] for name in names}
    # In turns, so that whatever else the machine does slows down both.
    for _ in range(ROUNDS):
        for which, slider in enumerate(slow):
            slider.focus()
            times[names[0]][which] += slider.steps("ArrowRight", STEPS)
            times[names[2]][which] += slider.steps("ArrowLeft", STEPS // 2)
            slider.steps("ArrowRight", STEPS // 2)
            times[names[1]][which] += slider.steps("PageUp", 2)
    bursts = []
    for slider in fast:
        slider.focus()
        bursts.append(slider.burst(BURST))
    slow[0].focus()
    page.keyboard.press("Home")
    for _ in range(BURST):
        page.keyboard.press("ArrowRight")
        page.wait_for_timeout(120)
    page.wait_for_timeout(1000)
    return times, bursts, slow[0].cell.evaluate(HASH) == fast[0].cell.evaluate(HASH)


def main() -> None:
    """Run the notebook in JupyterLab and print two tables."""
    cells = [DRAWING, EXPLORER, INTERACT, EXPLORER.replace("def explorer", "def dragged"), INTERACT]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in cells])
    notebook.metadata.kernelspec = {"name": "python3", "display_name": "Python 3", "language": "python"}
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        home = Path(folder) / "notebooks"
        home.mkdir()
        nbformat.write(notebook, home / "sliders.ipynb")
        chromium = playwright.chromium.launch(executable_path=find_chromium(playwright), args=CHROMIUM_FLAGS)
        page = chromium.new_page(viewport={"width": 1300, "height": 1000})
        with lab.server(home) as url:
            lab.run_all(page, url, "sliders.ipynb")
            page.wait_for_timeout(1000)
            times, bursts, right = measure(page)
        chromium.close()
    print("| slider to picture, median (slowest) in ms | explorer | interact + plt.show() | times as fast |")
    print("|---|---:|---:|---:|")
    for name, both in times.items():
        own, plain = map(summary, both)
        cells = " | ".join(f"{t.median:.0f} ({t.slowest:.0f})" for t in (own, plain))
        print(f"| {name} | {cells} | {plain.median / own.median:.1f} |")
    print("\n| fast dragging, a step every 30 ms | explorer | interact + plt.show() |\n|---|---:|---:|")
    print(f"| pictures a second | {bursts[0][0]:.0f} | {bursts[1][0]:.0f} |")
    print(f"| last step to last picture, ms | {bursts[0][1]:.0f} | {bursts[1][1]:.0f} |")
    print(f"\nThe explorer's burst ended at the right picture: {'yes' if right else 'no'}")
    if not right:
        sys.exit(1)


if __name__ == "__main__":
    main()
