"""Formulas broken on purpose: a sign, a factor, an index. A claim or a test that lets one pass is worthless.

`tests/mutations/<part>-<nn>.toml` lists what to break in a notebook, `tests/mutations/companion-<module>.toml` what to
break in a module of the package (`companion-teaching-claims.toml` for companion/teaching/claims.py; `file` at the top
names another). Each entry replaces `old`, which must stand there exactly once, by `new`.

A notebook's mutant is caught by a false claim, and every claim of the story must catch one itself; a module's by a
test that fails on an assertion: `kills` names it, as "test_hippo.py::test_known_matrices". A time-out, an undecided
claim, a broken import or any other error is no catch, unless the entry says `error = "BadClaim"` because that is what
is meant to happen. `make check` tries all mutants of its notebook, `EVERYTHING=yes make test` all of all; `make test`
takes a third of the modules, a quarter of the notebooks and one mutant for each of their claims, others in each run.
"""

import json
import os
import re
import subprocess
import sys

import catalogue
import mutants
import nbformat
import pytest
from conftest import broken_notebooks, by_chance, everything

BOOK = catalogue.ROOT / "book"
MODULES = sorted(mutants.FOLDER.glob("companion-*.toml"))
BROKEN = by_chance(MODULES, len(MODULES) // 3, "modules")
ALL = everything()
# Some at a time, since what their tests import takes as long as the mutants of a module.
TOGETHER = [BROKEN[k : k + 6] for k in range(0, len(BROKEN), 6)]


def verdicts(kind: str, *paths: str) -> list[dict]:
    """What became of every mutant of a notebook or a module."""
    done = subprocess.run(
        [sys.executable, mutants.__file__, kind, *paths],
        env=os.environ
        | {
            "PYTHONPATH": f"{catalogue.ROOT}{os.pathsep}{BOOK}",
            "PYTHONHASHSEED": "0",
            "MPLBACKEND": "Agg",
            "OMP_NUM_THREADS": "1",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, f"it does not run unbroken, or the list does not fit:\n{done.stderr[-3000:]}"
    return [json.loads(line) for line in done.stdout.splitlines()]


def survivors(found: list[dict]) -> str:
    return "\n".join(f"- {v['what']}: {v['said'][:300]}" for v in found if not v["caught"])


def story(notebook: nbformat.NotebookNode) -> list[int]:
    """The numbers of the claims before the exercises."""
    numbers = []
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and re.search(r"^## Try it", cell.source, re.MULTILINE):
            break
        for output in cell.get("outputs", ()):
            if claim := output.get("metadata", {}).get("claim"):
                numbers.append(claim["number"])
    return numbers


@pytest.mark.parametrize("path", broken_notebooks(), ids=catalogue.name)
def test_every_broken_formula_of_a_notebook_fails_a_claim(path):
    listed = mutants.list_of(path)
    assert listed.exists(), f"there is no tests/mutations/{listed.name}: list there what to break in the notebook"
    found = verdicts("notebook", str(path), str(listed), *([] if ALL else [os.environ["PAGES_SEED"]]))
    assert not (survived := survivors(found)), f"survived:\n{survived}"
    if not ALL:
        return
    failed = {int(number) for v in found for number in re.findall(r"^\w+ at claim (\d+) ", v["said"])}
    never = [number for number in story(nbformat.read(path, as_version=4)) if number not in failed]
    assert not never, f"no mutation in tests/mutations/{listed.name} makes claims {never} fail; add one for each"


@pytest.mark.parametrize("paths", TOGETHER, ids=lambda paths: f"{paths[0].stem} to {paths[-1].stem}")
def test_every_broken_formula_of_a_module_fails_a_test(paths):
    assert not (survived := survivors(verdicts("package", *map(str, paths)))), f"survived:\n{survived}"


def test_every_list_belongs_to_something():
    """A list that no notebook or module has would never be read."""
    known = {mutants.list_of(path) for path in catalogue.notebooks()} | set(MODULES)
    assert sorted(set(mutants.FOLDER.glob("*.toml")) - known) == []
    for path in MODULES:
        assert mutants.module_of(path)[0].is_file(), f"{path.name} names no module of the package"


SMALL = (
    "from companion.teaching import Ledger\nclaims = Ledger('small')\ndef double(x):\n    return factor * x",
    "factor = 2",
    "claims.numeric('twice three', double(3), 6, atol=1e-9)",
)
LISTED = """
[[mutation]]
what = "a global that an earlier function reads"
old = "factor = 2"
new = "factor = 3"

[[mutation]]
what = "no comparison at all"
old = "atol=1e-9"
new = "atol=0"

[[mutation]]
what = "no comparison, and this is meant"
old = "atol=1e-9"
new = "atol=-1"
error = "BadClaim"

[[mutation]]
what = "a name that is not there"
old = "double(3)"
new = "treble(3)"

[[mutation]]
what = "the same in other words"
old = "factor * x"
new = "x * factor"
"""


def test_only_a_false_claim_or_the_error_that_is_meant_is_a_catch(tmp_path):
    cells = [nbformat.v4.new_code_cell(source) for source in SMALL]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "small.ipynb")
    (tmp_path / "small.toml").write_text(LISTED, encoding="utf-8")
    found = {v["what"]: v for v in verdicts("notebook", str(tmp_path / "small.ipynb"), str(tmp_path / "small.toml"))}
    assert [what for what, v in found.items() if v["caught"]] == [
        "a global that an earlier function reads",
        "no comparison, and this is meant",
    ]
    assert found["no comparison at all"]["said"].startswith("BadClaim at claim 1 in cell 3")
    assert found["a name that is not there"]["said"].startswith("NameError")
    assert found["the same in other words"]["said"] == "no claim noticed"
