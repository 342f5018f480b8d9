"""Exercises in the page: what a reader's browser fetches, and how long a verdict takes, in Chromium."""

import statistics
import time
from typing import Any

from _paths import HTML
from conftest import CHROMIUM_FLAGS, find_chromium, served
from playwright.sync_api import sync_playwright

PAGE = "notebooks/diffusion/03-sde.html"
ANSWERS = ("β(1 - e^(-B))", "β(1 - e^(-2B))", "2 β sinh(B) e^(-B)", "B^B", "β.x")
ROUNDS = 3
VERDICT = """() => !['busy', undefined].includes(document.querySelector('.exercise-verdict').dataset.state)"""


def verdict(page: Any, text: str) -> float:
    """Milliseconds from the Enter key to the verdict."""
    field = page.locator("form.exercise input").first
    field.fill(text)
    start = time.perf_counter()
    field.press("Enter")
    page.wait_for_function(VERDICT, timeout=120_000)
    return 1000 * (time.perf_counter() - start)


def visit(context: Any, url: str) -> Any:
    """The page with the exercise, loaded to its end."""
    page = context.new_page()
    page.goto(url, wait_until="networkidle")
    return page


def main() -> None:
    """Print the bytes of the checker's files, then the times."""
    files = sorted((HTML / "_static" / "answers").iterdir())
    print("| file of the checker | bytes |\n|---|---:|")
    for file in files:
        print(f"| {file.name} | {file.stat().st_size} |")
    print(f"| **all** | {sum(file.stat().st_size for file in files)} |")
    times: dict[str, list[float]] = {"cold": [], "warm (files in the browser's cache)": [], "focused": [], "later": []}
    with served(HTML) as home, sync_playwright() as playwright:
        url = f"{home}/{PAGE}"
        for _ in range(ROUNDS):
            browser = playwright.chromium.launch(executable_path=find_chromium(playwright), args=CHROMIUM_FLAGS)
            context = browser.new_context()
            page = visit(context, url)
            times["cold"].append(verdict(page, ANSWERS[0]))
            times["later"] += [verdict(page, text) for text in ANSWERS]
            page.close()
            page = visit(context, url)
            times["warm (files in the browser's cache)"].append(verdict(page, ANSWERS[0]))
            page.close()
            page = visit(context, url)
            # A reader who thinks for five seconds while typing.
            page.locator("form.exercise input").first.focus()
            page.wait_for_timeout(5000)
            times["focused"].append(verdict(page, ANSWERS[0]))
            browser.close()
    print("\n| from the Enter key to the verdict | median ms | slowest ms |\n|---|---:|---:|")
    for name, found in times.items():
        print(f"| {name} | {statistics.median(found):.0f} | {max(found):.0f} |")


if __name__ == "__main__":
    main()
