"""What several tests share: a browser, the built book, and a static server for it."""

import functools
import http.server
import os
import shutil
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).resolve().parents[1]
HTML = ROOT / "book" / "_build" / "html"
# Chromium runs as root in containers and must not look for updates: neither belongs to a test.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


def find_chromium(playwright: Any) -> str | None:
    """Path of a Chromium: the machine's own, else the one that Playwright installed, else None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


@pytest.fixture(scope="session")
def browser() -> Iterator[Any]:
    """A headless Chromium; without one the test is skipped, or fails where CI=true (not if BROWSER_TESTS=no)."""
    if os.environ.get("BROWSER_TESTS") == "no":
        pytest.skip("BROWSER_TESTS=no")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            say = pytest.fail if os.environ.get("CI") == "true" else pytest.skip
            say("no Chromium found: `apt install chromium`, or `.venv/bin/playwright install chromium`")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS)
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder of the built book; `make book` brings it up to date first."""
    built = subprocess.run(["make", "book"], cwd=ROOT, capture_output=True, text=True, timeout=1200, check=False)
    assert built.returncode == 0, f"`make book` failed:\n{built.stdout[-3000:]}\n{built.stderr[-3000:]}"
    return HTML


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """The plain static server, without its log."""

    def log_message(self, *args: object) -> None:
        """Say nothing: a page asks for dozens of files."""


@pytest.fixture(scope="session")
def book_url(book: Path) -> Iterator[str]:
    """Address of a static server on the built book (the one of `python -m http.server`)."""
    handler = functools.partial(QuietHandler, directory=str(book))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def pages(book: Path) -> list[str]:
    """The book's own pages, relative to its root (without search and index pages that Sphinx makes)."""
    found = sorted(path.relative_to(book).as_posix() for path in book.rglob("*.html"))
    return [page for page in found if not page.startswith("_") and page not in {"search.html", "genindex.html"}]


@pytest.fixture(scope="session")
def python() -> str:
    """The interpreter that runs the tests."""
    return sys.executable
