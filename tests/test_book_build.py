"""The build of the book: its renderer of formulas comes up on a busy machine too, and only packs in use are kept."""

import re
import sys

import pytest
import run_notebook
from derived_book import place_packs
from katex_node import start_server
from sphinx.errors import ExtensionError

LATE = """#!{python}
import json, socket, struct, sys, time
server = socket.socket(socket.AF_UNIX)
server.bind(sys.argv[sys.argv.index("--socket") + 1])
time.sleep(0.5)  # the socket is there, and refuses
server.listen()
client, _ = server.accept()
client.recv(10000)
answer = json.dumps({{"html": "<b>at last</b>"}}).encode()
client.sendall(struct.pack("<i", len(answer)) + answer)
client.recv(1)
"""


@pytest.fixture
def node(tmp_path):
    """Makes a program that stands in for Node."""

    def make(text):
        path = tmp_path / "node"
        path.write_text(text.format(python=sys.executable), encoding="utf-8")
        path.chmod(0o755)
        return path

    return make


def test_a_formula_is_rendered_by_the_books_own_node(monkeypatch):
    monkeypatch.setenv("PATH", "/nowhere")
    server = start_server()
    assert 'class="katex"' in server.render({"latex": r"\sqrt 2"}, timeout=60)["html"]


def test_a_server_that_listens_late_is_waited_for(node):
    server = start_server(node(LATE))
    assert server.render({"latex": "x"}, timeout=60) == {"html": "<b>at last</b>"}


def test_a_server_that_ends_or_stays_silent_or_is_missing_is_named(node, tmp_path):
    with pytest.raises(ExtensionError, match="status 3 before it listened: no such module"):
        start_server(node("#!/bin/sh\necho 'no such module' >&2\nexit 3\n"))
    with pytest.raises(ExtensionError, match="did not listen within 1 seconds"):
        start_server(node("#!/bin/sh\nexec sleep 60\n"), patience=1)
    with pytest.raises(ExtensionError, match=f"KaTeX needs Node.js, and {re.escape(str(tmp_path))}/no does not start"):
        start_server(tmp_path / "no")


def test_packs_of_explorers_that_are_gone_leave_the_book(tmp_path):
    source, static = tmp_path / "made", tmp_path / "static"
    for name in ("packs/part/01/old.js", "packs/part/01/kept.js", "packs/part/02/gone.js"):
        (source / name).parent.mkdir(parents=True, exist_ok=True)
        (source / name).write_text(name, encoding="utf-8")

    def held():
        return {p.relative_to(static).as_posix() for p in static.rglob("*.js")}

    place_packs(source, static, {"packs/part/01/old.js", "packs/part/02/gone.js"})
    assert held() == {"packs/part/01/old.js", "packs/part/02/gone.js"}
    place_packs(source, static, {"packs/part/01/kept.js"})
    assert held() == {"packs/part/01/kept.js"}
    assert not (static / "packs" / "part" / "02").exists()
    with pytest.raises(ExtensionError, match=r"new\.js is missing: run `make clean book`"):
        place_packs(source, static, {"packs/part/01/new.js"})


def test_a_notebook_that_is_baked_again_forgets_its_old_packs(monkeypatch, tmp_path):
    monkeypatch.setattr(run_notebook, "PACKS", tmp_path / "packs")
    folder = tmp_path / "packs" / "part" / "01"
    folder.mkdir(parents=True)
    for name in ("old.js", "new.js"):
        (folder / name).write_text(name, encoding="utf-8")
    paper = tmp_path / "paper" / "part" / "01"
    paper.mkdir(parents=True)
    for name in ("old-1.svg", "new-1.svg", "new-2.svg"):
        (paper / name).touch()
    run_notebook.forget_packs("part/01", 'data-pack=\\"packs/part/01/new.js\\"')
    assert [p.name for p in folder.iterdir()] == ["new.js"]
    assert sorted(p.name for p in paper.iterdir()) == ["new-1.svg", "new-2.svg"]
