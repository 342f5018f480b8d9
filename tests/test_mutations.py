"""Formulas broken on purpose: a sign, a factor, an index. A claim or a test that lets one pass is worthless.

`tests/mutations/<part>-<nn>.toml` lists what to break in a notebook, `tests/mutations/package.toml` what to break
in the package (`test` names the test file where it is not that of the module). Each entry replaces `old`, which must
stand there exactly once, by `new`.
"""

import copy
import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import nbformat
import pytest

from companion.teaching import ClaimError

ROOT = Path(__file__).resolve().parents[1]
FOLDER = ROOT / "tests" / "mutations"
NOTEBOOKS = sorted(p for p in (ROOT / "notebooks").rglob("*.ipynb") if ".ipynb_checkpoints" not in p.parts)
PACKAGE = tomllib.loads((FOLDER / "package.toml").read_text(encoding="utf-8"))["mutation"]


def name(path):
    return f"{path.parent.name}-{path.name[:2]}"


def run(source, namespace):
    exec(compile(source, "<cell>", "exec"), namespace)


def claim_that_fails(cells, namespace):
    """The error of the first claim that fails when `cells` run in a copy of `namespace`, or None."""
    trial = {key: copy.deepcopy(value) if key == "claims" else value for key, value in namespace.items()}
    for source in cells:
        try:
            run(source, trial)
        except ClaimError as error:
            return error
    return None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=name)
def test_every_broken_formula_of_a_notebook_fails_a_claim(path):
    mutations = tomllib.loads((FOLDER / f"{name(path)}.toml").read_text(encoding="utf-8"))["mutation"]
    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    places = {}
    for mutation in mutations:
        found = [k for k, source in enumerate(cells) if mutation["old"] in source]
        assert len(found) == 1, f"{mutation['what']}: {mutation['old']!r} stands in {len(found)} cells"
        assert cells[found[0]].count(mutation["old"]) == 1, f"{mutation['what']}: ambiguous"
        places.setdefault(found[0], []).append(mutation)

    namespace, passed = {"__name__": "__main__", "display": lambda *_, **__: None}, []
    for k, source in enumerate(cells):
        for mutation in places.get(k, ()):
            broken = source.replace(mutation["old"], mutation["new"])
            if claim_that_fails([broken, *cells[k + 1 :]], namespace) is None:
                passed.append(mutation["what"])
        run(source, namespace)
    assert not passed, f"no claim noticed: {passed}"


@pytest.mark.parametrize("mutation", PACKAGE, ids=lambda m: f"{m['file']}: {m['what']}")
def test_every_broken_formula_of_the_package_fails_a_test(mutation, tmp_path):
    shutil.copytree(ROOT / "companion", tmp_path / "companion")
    target = tmp_path / "companion" / mutation["file"]
    source = target.read_text(encoding="utf-8")
    assert source.count(mutation["old"]) == 1
    target.write_text(source.replace(mutation["old"], mutation["new"]), encoding="utf-8")
    test = ROOT / "tests" / f"test_{mutation.get('test', target.stem)}.py"
    tested = subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-q", "-p", "no:cacheprovider", "-p", "no:xdist", str(test)],
        cwd=tmp_path,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert tested.returncode == 1, f"tests passed with {mutation['new']!r}:\n{tested.stdout[-1500:]}"
