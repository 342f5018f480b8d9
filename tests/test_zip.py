"""`make zip`: one file, the same each time, and a book that opens by double click wherever it was unpacked."""

import os
import re
import zipfile

import pytest
import zip_book
from playwright.sync_api import expect

PAGE = "notebooks/attention/01-scale-gradient.html"
LARGEST = 100_000_000


@pytest.fixture(scope="module")
def packed(book, tmp_path_factory):
    target = tmp_path_factory.mktemp("zip") / "book.zip"
    count, unpacked, size = zip_book.write(book, target)
    assert size == target.stat().st_size < unpacked
    assert count > len(list(book.rglob("*.html")))
    return target


@pytest.fixture(scope="module")
def unpacked(packed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("Bücher & Übungen, 科学 #1") / "mit Leerzeichen"
    with zipfile.ZipFile(packed) as file:
        file.extractall(folder)
    (home,) = folder.iterdir()
    return home


def test_it_holds_one_folder_with_a_page_to_open_and_words_about_it(packed):
    with zipfile.ZipFile(packed) as file:
        names = file.namelist()
        words = file.read("scientific-spaces-derived/READ-ME.txt").decode()
    assert {name.split("/")[0] for name in names} == {"scientific-spaces-derived"}
    assert "scientific-spaces-derived/index.html" in names
    assert "index.html" in words
    assert "http.server" in words
    assert names == sorted(names)
    assert not [name for name in names if re.search(r"/\.|\.pickle$|\.doctree$", name)]
    assert packed.stat().st_size < LARGEST


def test_every_name_can_be_unpacked_on_every_system(packed):
    with zipfile.ZipFile(packed) as file:
        names = [name.lower() for name in file.namelist()]
    assert len(set(names)) == len(names)
    assert not [name for name in names if not name.isascii() or re.search(r'[<>:"\\|?*]', name) or len(name) > 180]


def test_the_same_pages_make_the_same_file(tmp_path):
    pages = tmp_path / "html"
    (pages / "sub").mkdir(parents=True)
    for name in ("index.html", "sub/b.html", "a.css", ".buildinfo"):
        (pages / name).write_text(name, encoding="utf-8")
    zip_book.write(pages, tmp_path / "one.zip")
    (pages / "a.css").unlink()
    (pages / "a.css").write_text("a.css", encoding="utf-8")
    os.utime(pages / "index.html", (1, 1))
    (pages / "index.html").chmod(0o600)
    zip_book.write(pages, tmp_path / "two.zip")
    assert (tmp_path / "one.zip").read_bytes() == (tmp_path / "two.zip").read_bytes()


def test_without_a_book_there_is_no_zip(tmp_path):
    with pytest.raises(FileNotFoundError, match="run `make book`"):
        zip_book.write(tmp_path, tmp_path / "book.zip")
    assert not list(tmp_path.iterdir())


def test_it_opens_by_double_click_wherever_it_lies(browser, unpacked):
    page = browser.new_page(viewport={"width": 1280, "height": 900})
    complaints = []
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.on("console", lambda m: m.type in ("error", "warning") and complaints.append(m.text))
    page.goto((unpacked / "index.html").as_uri())
    # A link is followed, and there a slider moves its picture.
    page.locator(f"article a[href='{PAGE}']").first.click()
    page.wait_for_url(f"**/{PAGE}")
    figure = page.locator("figure.explorer").first
    figure.scroll_into_view_if_needed()
    panel = figure.locator("svg.explorer-panel").first
    before = panel.inner_html()
    figure.locator("input[type=range]").first.focus()
    page.keyboard.press("End")
    expect(panel).not_to_have_js_property("innerHTML", before)
    # The ledger's search works, too.
    page.goto((unpacked / "ledger.html").as_uri())
    page.get_by_label("Text").fill("variance")
    page.locator(".ledger-results li").first.wait_for()
    assert complaints == []
    page.close()
