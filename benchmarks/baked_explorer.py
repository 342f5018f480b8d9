"""The built book in Chromium: how long a slider step takes, and what a page weighs before its first slider is near."""

import gzip

from _paths import HTML
from _timing import summary
from conftest import CHROMIUM_FLAGS, find_chromium, served
from playwright.sync_api import sync_playwright

# All that a step costs the page: script, style, layout and paint. The first callback of an animation frame takes the
# time, and a message posted there arrives after the frame was painted. The first sweep meets every setting of the
# first slider for the first time, the second one again; both count.
SWAPS = """
async figure => {
    const input = figure.querySelector('input[type=range]');
    const channel = new MessageChannel();
    const times = [];
    const frame = () => new Promise(done => requestAnimationFrame(() => {
        const at = performance.now();
        channel.port1.onmessage = () => done(performance.now() - at);
        channel.port2.postMessage(0);
    }));
    for (let round = 0; round < 2; round++) {
        for (let k = 0; k <= Number(input.max); k++) {
            const step = frame();
            input.value = k;
            input.dispatchEvent(new Event('input', {bubbles: true}));
            times.push(await step);
            await frame();
        }
    }
    return times;
}
"""


def main() -> None:
    """Visit every page of the book and print two tables."""
    pages = sorted(p.relative_to(HTML).as_posix() for p in (HTML / "notebooks").rglob("*.html"))
    with served(HTML) as home, sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=CHROMIUM_FLAGS)
        swaps, weights = [], []
        for path in ["index.html", *pages]:
            page, bodies = browser.new_page(viewport={"width": 1280, "height": 900}), {}
            page.on("response", lambda r, bodies=bodies: bodies.setdefault(r.url, r.body()))
            page.goto(f"{home}/{path}", wait_until="networkidle")
            first = sum(len(gzip.compress(body)) for url, body in bodies.items() if "/packs/" not in url)
            weights.append((path, first))
            for figure in page.locator("figure.explorer").all():
                figure.scroll_into_view_if_needed()
                page.wait_for_load_state("networkidle")
                swaps.append((path, figure.get_attribute("data-explorer"), figure.evaluate(SWAPS)))
            page.close()
        browser.close()
    print("| slider step in the book | median ms | 95 % ms | slowest ms | within 16.7 ms |\n|---|---:|---:|---:|---:|")
    for path, name, times in swaps:
        share = sum(t <= 16.7 for t in times) / len(times)
        all_told = summary(times)
        print(
            f"| {path}: {name} | {all_told.median:.1f} | {all_told.at95:.1f} | {all_told.slowest:.1f} | {share:.1%} |"
        )
    print("\n| page, before its first slider is near | kB gzipped |\n|---|---:|")
    for path, weight in weights:
        print(f"| {path} | {weight / 1000:.0f} |")


if __name__ == "__main__":
    main()
