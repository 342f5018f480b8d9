"""What `make` goes by: which notebook is meant, and what has to be baked again."""

import json
import shutil
import subprocess
import sys

import catalogue
import pytest


def test_a_notebook_is_found_by_the_beginning_of_its_name():
    for path in catalogue.notebooks():
        part, slug = catalogue.name(path).split("/")
        assert catalogue.find(f"{part}/{slug[:2]}") == path
        assert catalogue.find(f"notebooks/{part}/{slug}.ipynb") == path


@pytest.mark.parametrize(("beginning", "count"), [("sequence/", r"\d+"), ("nowhere/01", "0"), ("", r"\d+")])
def test_a_beginning_that_names_no_single_notebook_is_refused(beginning, count):
    with pytest.raises(ValueError, match=f"names {count} notebooks; there are .*sequence/01"):
        catalogue.find(beginning)


@pytest.fixture
def checkout(tmp_path):
    """A small repository: two notebooks, of which one imports `first` and, through it, `second`."""
    for script in ("catalogue.py", "depends.py", "run_notebook.py", "answer_forms.py"):
        (tmp_path / "book").mkdir(exist_ok=True)
        shutil.copy(catalogue.ROOT / "book" / script, tmp_path / "book" / script)
    package = {
        "__init__": "",
        "first": "from companion import second\n",
        "second": "FILE = 'numbers.csv'\n",
        "other": "",
        "teaching/__init__": "",
        "teaching/claims": "",
    }
    for name, source in package.items():
        path = tmp_path / "companion" / f"{name}.py"
        path.parent.mkdir(exist_ok=True, parents=True)
        path.write_text(source)
    (tmp_path / "companion" / "numbers.csv").write_text("1\n")
    for name, source in {"01-a": "from companion.first import x", "02-b": "from companion import other"}.items():
        path = tmp_path / "notebooks" / "part" / f"{name}.ipynb"
        path.parent.mkdir(exist_ok=True, parents=True)
        cells = [("code", source), ("code", "from companion.teaching import Ledger"), ("markdown", "# A")]
        path.write_text(json.dumps({"cells": [{"cell_type": k, "source": [s], "metadata": {}} for k, s in cells]}))
    return tmp_path


def changed(checkout):
    """Notebooks whose key was written again."""
    keys = checkout / "build" / "keys" / "part"
    before = {path: path.stat().st_mtime_ns for path in keys.glob("*")}
    subprocess.run([sys.executable, "book/depends.py"], cwd=checkout, check=True)
    return [path.stem for path in sorted(keys.glob("*")) if path.stat().st_mtime_ns != before.get(path)]


def test_only_what_a_notebook_imports_makes_it_run_again(checkout):
    assert changed(checkout) == ["01-a", "02-b"]
    assert changed(checkout) == []
    for file, stale in {
        "first.py": ["01-a"],
        "second.py": ["01-a"],
        "numbers.csv": ["01-a"],
        "other.py": ["02-b"],
        "teaching/claims.py": ["01-a", "02-b"],
        "__init__.py": ["01-a", "02-b"],
    }.items():
        with open(checkout / "companion" / file, "a") as text:
            text.write("# more\n")
        assert changed(checkout) == stale, file


def test_new_outputs_do_not_make_a_notebook_run_again_but_new_cells_do(checkout):
    changed(checkout)
    path = checkout / "notebooks" / "part" / "01-a.ipynb"
    notebook = json.loads(path.read_text())
    notebook["cells"][0]["outputs"] = [{"output_type": "stream", "name": "stdout", "text": ["1"]}]
    path.write_text(json.dumps(notebook))
    assert changed(checkout) == []
    notebook["cells"][2]["source"] = ["# B"]
    path.write_text(json.dumps(notebook))
    assert changed(checkout) == ["01-a"]
