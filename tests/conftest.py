"""What several tests share: a browser, the built book, a static server for it, and how work is spread."""

import fcntl
import functools
import http.server
import os
import random
import shutil
import subprocess
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

import catalogue
import hypothesis
import pytest
import yaml

ROOT = catalogue.ROOT
# How long an example takes says how busy the machine is, not whether it holds.
hypothesis.settings.register_profile("book", deadline=None)
hypothesis.settings.load_profile("book")
# Another folder is tested with BOOK_HTML: `make check` builds one page there.
HTML = Path(os.environ.get("BOOK_HTML", ROOT / "book" / "_build" / "html")).resolve()
# Milliseconds until a browser's answer counts as missing: long, since a busy machine is no fault of the page.
PATIENCE_MS = 600_000
# What Chromium leaves out. The last such list is what counts, so Playwright's own names stand here too; the first
# row is ours: each window would bring two pages for its address bar, which cost half a second and which nobody sees.
FEATURES_OFF = (
    *("WebUIOmniboxPopup", "WebUIOmniboxAimPopup", "WebUIOmniboxFullPopup"),
    *("AvoidUnnecessaryBeforeUnloadCheckSync", "DestroyProfileOnBrowserClose", "PaintHolding"),
    *("HttpsUpgrades", "HttpsFirstBalancedModeAutoEnable", "ThirdPartyStoragePartitioning", "LensOverlay"),
    *("MediaRouter", "OptimizationHints", "NetworkTimeServiceQuerying", "AimEnabled", "PreconnectToSearch"),
    *("AvoidCorsURLLoaderRestartOnRedirect", "TcpPortRandomizationWin"),
)
# Chromium runs as root in containers and must not look for updates: neither belongs to a test.
CHROMIUM_FLAGS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    f"--disable-features={','.join(FEATURES_OFF)}",
]
# How many children an element of MathML must have, and those on a page that have another number.
CHILDREN = {"msub": 2, "msup": 2, "msubsup": 3, "munder": 2, "mover": 2, "munderover": 3, "mfrac": 2, "mroot": 2}
MISCOUNTED = """wanted => [...document.querySelectorAll('math *')]
    .filter(e => e.localName in wanted && e.childElementCount !== wanted[e.localName]).map(e => e.outerHTML)"""
# An explorer in a folded note is moved when the note is open.
OPEN_NOTES = "document.querySelectorAll('details.note').forEach(note => (note.open = true))"
# What takes long begins first, so that nobody waits for it in the end. The rest follows in the usual order.
LONGEST_FIRST = (
    *("test_setup.py", "test_explorer_page.py", "test_jupyterlab.py", "test_reader.py", "test_answers.py"),
    *("test_ledger.py", "test_zip.py", "test_cards.py", "test_paper.py", "test_engines.py"),
    *("test_mutations.py", ".ipynb", "test_book.py"),
)


def book_pages() -> list[str]:
    """Every page of the book as its table of contents names it, such as "notebooks/attention/01-scale-gradient"."""
    toc = yaml.safe_load((ROOT / "book" / "_toc.yml").read_text(encoding="utf-8"))
    chapters = [chapter for part in toc["parts"] for chapter in part["chapters"]]
    return [toc["root"], *(page["file"] for chapter in chapters for page in (chapter, *chapter.get("sections", ())))]


def pages_with_explorers() -> list[str]:
    """The pages of the book that show explorers: the first one, and the notebooks."""
    return [page for page in book_pages() if page.startswith("notebooks/") or page == "index"]


def pytest_configure(config: pytest.Config) -> None:
    """Choose which pages undergo what takes long, once for all workers, before they start."""
    os.environ.setdefault("PAGES_SEED", str(random.randrange(10_000)))


def pytest_report_header(config: pytest.Config) -> str:
    """Say what was chosen by chance, so that a run can be repeated."""
    return f"pages chosen by chance: PAGES_SEED={os.environ['PAGES_SEED']}"


def everything() -> bool:
    """Whether nothing is left to chance: in `make check`, and where EVERYTHING=yes."""
    return "BOOK_HTML" in os.environ or os.environ.get("EVERYTHING") == "yes"


def by_chance(things: Sequence[Any], count: int, salt: str = "") -> list[Any]:
    """Some of the things, other ones in each run (PAGES_SEED chooses the same ones again); all, if `everything`.

    With another `salt` others are chosen in the same run.
    """
    if everything():
        return list(things)
    chosen = random.Random(os.environ["PAGES_SEED"] + salt).sample(range(len(things)), min(count, len(things)))
    return [things[k] for k in sorted(chosen)]


def broken_notebooks() -> list[Path]:
    """The quarter of the notebooks whose claims are broken in this run."""
    notebooks = catalogue.notebooks()
    return by_chance(notebooks, len(notebooks) // 4, "broken")


def plain_notebooks() -> list[Path]:
    """The third of the notebooks that nbval runs in this run: none of those that are broken, unless all are."""
    notebooks = catalogue.notebooks()
    broken = set() if everything() else set(broken_notebooks())
    others = [path for path in notebooks if path not in broken]
    return by_chance(others, len(notebooks) // 3, "plain")


# --- how work is spread -----------------------------------------------------------------------------------------


def unit_of_work(nodeid: str) -> str:
    """What one worker does without a break: a notebook, a page's visit, what is mutated, an engine, or a file."""
    file, _, test = nodeid.partition("::")
    if file.endswith("test_mutations.py"):
        return nodeid
    parameters = test.partition("[")[2].rstrip("]")
    if file.endswith("test_engines.py"):
        return f"{file}[{parameters.rpartition('-')[2]}]"
    return f"{file}[{parameters}]" if file.endswith("test_book.py") else file


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """xdist's way of spreading work by scope, with our units for scopes."""
    from xdist.scheduler import LoadScopeScheduling

    class ByUnit(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return unit_of_work(nodeid)

    return ByUnit(config, log) if config.getoption("dist") == "loadscope" else None


def pytest_addoption(parser: pytest.Parser) -> None:
    """`--notebook=attention/01-scale-gradient`: only the tests of one notebook."""
    parser.addoption("--notebook", default="", help="run only what tests this notebook")


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Spread work by notebook, page and file, the longest first; give nbval patience with a busy machine.

    All notebooks run for the book (test_book.py compares what they say there with what is committed). Beside the tests
    of the book nbval runs some of them once more, as they are in JupyterLab.
    """
    items[:] = [item for item in items if config.getoption("--notebook") in item.nodeid]
    if any(item.path.name == "test_book.py" for item in items):
        plain = set(plain_notebooks())
        items[:] = [item for item in items if item.path.suffix != ".ipynb" or item.path in plain]

    def rank(item: pytest.Item) -> int:
        return next((k for k, end in enumerate(LONGEST_FIRST) if item.path.name.endswith(end)), len(LONGEST_FIRST))

    items.sort(key=rank)
    for item in items:
        if item.path.suffix == ".ipynb":
            item.output_timeout = PATIENCE_MS / 1000


# --- the book in a browser --------------------------------------------------------------------------------------


def find_chromium(playwright: Any) -> str | None:
    """Path of a Chromium: the machine's own, else the one that Playwright installed, else None."""
    for name in ("chromium", "chromium-browser", "google-chrome"):
        if path := shutil.which(name):
            return path
    bundled = playwright.chromium.executable_path
    return bundled if Path(bundled).exists() else None


def give_up(why: str) -> None:
    """Skip a test whose browser is missing; where CI=true that is a failure."""
    (pytest.fail if os.environ.get("CI") == "true" else pytest.skip)(why)


class Browser:
    """A headless Chromium whose pages wait long enough for a busy machine."""

    def __init__(self, chromium: Any) -> None:
        self.chromium = chromium

    def new_context(self, **options: Any) -> Any:
        """A Playwright context with the tests' patience; the caller closes it."""
        context = self.chromium.new_context(**options)
        context.set_default_timeout(PATIENCE_MS)
        return context

    def new_page(self, **options: Any) -> Any:
        """A page in a context of its own, which closes with it."""
        page = self.chromium.new_page(**options)
        page.set_default_timeout(PATIENCE_MS)
        return page


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """A headless Chromium; without one the test is skipped, or fails where CI=true (not if BROWSER_TESTS=no)."""
    if os.environ.get("BROWSER_TESTS") == "no":
        pytest.skip("BROWSER_TESTS=no")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=PATIENCE_MS)
    with sync_playwright() as playwright:
        path = find_chromium(playwright)
        if path is None:
            give_up("no Chromium found: `apt install chromium`, or `.venv/bin/playwright install chromium`")
        chromium = playwright.chromium.launch(executable_path=path, args=CHROMIUM_FLAGS, timeout=PATIENCE_MS)
        yield Browser(chromium)
        chromium.close()


@pytest.fixture(scope="session")
def book() -> Path:
    """The folder of the built book; `make book` brings it up to date first, unless BOOK_HTML names another."""
    if "BOOK_HTML" not in os.environ:
        (ROOT / "build").mkdir(exist_ok=True)
        # Two workers must not build at the same time.
        with open(ROOT / "build" / "book.lock", "w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            built = subprocess.run(["make", "book"], cwd=ROOT, capture_output=True, text=True, check=False)
        assert built.returncode == 0, f"`make book` failed:\n{built.stdout[-3000:]}\n{built.stderr[-3000:]}"
    return HTML


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """The plain static server, without its log."""

    def log_message(self, *args: object) -> None:
        """Say nothing: a page asks for dozens of files."""


@contextmanager
def served(folder: Path, handler: type[QuietHandler] = QuietHandler) -> Iterator[str]:
    """Address of a static server on a folder (the one of `python -m http.server`)."""
    bound = functools.partial(handler, directory=str(folder))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), bound) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


@pytest.fixture(scope="session")
def book_url(book: Path) -> Iterator[str]:
    """Address of a static server on the built book."""
    with served(book) as address:
        yield address


@pytest.fixture
def serve() -> Iterator[Callable[[Path], str]]:
    """Serves folders as long as the test lasts; gives their addresses."""
    with ExitStack() as stack:
        yield lambda folder: stack.enter_context(served(folder))


@pytest.fixture(scope="session")
def pages() -> list[str]:
    """Every page of the book, relative to its root."""
    return [f"{page}.html" for page in book_pages()]


@pytest.fixture(scope="session")
def light(book: Path) -> str:
    """The smallest page of three explorers or more: where what is the same on every page is tried."""
    shown = {
        path: path.read_text(encoding="utf-8").count('class="explorer"') for path in book.rglob("notebooks/*/*.html")
    }
    return min(shown, key=lambda path: (shown[path] < 3, path.stat().st_size)).relative_to(book).as_posix()
