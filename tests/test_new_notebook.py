"""`make new`: a notebook that runs from the start, at its place, and nothing overwritten."""

import shutil
import tomllib

import nbformat
import pytest
import yaml
from catalogue import ROOT
from new_notebook import begin

from companion.teaching.claims import FalseClaim


@pytest.fixture
def root(tmp_path):
    (tmp_path / "book").mkdir()
    (tmp_path / "tests" / "mutations").mkdir(parents=True)
    shutil.copy(ROOT / "book" / "_toc.yml", tmp_path / "book")
    return tmp_path


def chapters(root):
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    return {part["caption"]: [chapter["file"] for chapter in part["chapters"]] for part in toc["parts"]}


def test_the_template_runs_and_its_mutation_is_false(root):
    notebook, mutations, _ = begin("practice/01-batch-size", root)
    cells = [cell.source for cell in nbformat.read(notebook, as_version=4).cells if cell.cell_type == "code"]
    exec("\n\n".join(cells), {})
    (mutation,) = tomllib.loads(mutations.read_text(encoding="utf-8"))["mutation"]
    (broken,) = [source for source in cells if mutation["old"] in source]
    with pytest.raises(FalseClaim):
        exec("\n\n".join([cells[0], broken.replace(mutation["old"], mutation["new"])]), {})


def test_it_stands_at_its_place(root):
    begin("practice/02-later", root)
    begin("practice/01-batch-size", root)
    begin("attention/02-more", root)
    found = chapters(root)
    assert found["Practice"] == ["notebooks/practice/01-batch-size", "notebooks/practice/02-later"]
    assert found["Attention"][:2] == ["notebooks/attention/01-scale-gradient", "notebooks/attention/02-more"]
    assert list(found)[-1] == "The book"


def test_a_new_part_gets_its_page_in_the_ledger(root):
    begin("practice/01-batch-size", root)
    begin("other-things/01-first", root)
    begin("practice/02-later", root)
    toc = yaml.safe_load((root / "book" / "_toc.yml").read_text(encoding="utf-8"))
    (ledger,) = [chapter for chapter in toc["parts"][-1]["chapters"] if chapter["file"] == "ledger"]
    assert [page["file"] for page in ledger["sections"]][-2:] == ["ledger/practice", "ledger/other-things"]
    assert ledger["sections"][-1]["title"] == "Other things"


def test_nothing_is_overwritten(root):
    written = begin("practice/01-batch-size", root)
    before = [path.read_bytes() for path in written]
    for name in ("practice/01-batch-size", "practice/01-another"):
        with pytest.raises(FileExistsError, match="is there already"):
            begin(name, root)
    assert [path.read_bytes() for path in written] == before


@pytest.mark.parametrize(
    "name", ["", "practice", "practice/1-short", "practice/01", "Practice/01-x", "../01-x", "a/01-x y"]
)
def test_bad_names_are_explained(root, name):
    with pytest.raises(ValueError, match="part/nn-slug"):
        begin(name, root)
