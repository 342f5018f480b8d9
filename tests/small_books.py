"""Small books that tests write into a folder of their own, built as the book is, with its extensions and style."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import nbformat
from catalogue import ROOT

_LANGUAGE = {"language_info": {"name": "python"}, "kernelspec": {"name": "python3", "display_name": "Python 3"}}


def begin(folder: Path, *more: str) -> None:
    """What every book has: settings, extensions, styles and what answers exercises; and `more` of the book's files."""
    for name in ("_config.yml", "_ext", "_static", *more):
        source = ROOT / "book" / name
        (shutil.copytree if source.is_dir() else shutil.copyfile)(source, folder / name)
    (folder / "_generated" / "download").mkdir(parents=True)
    shutil.copytree(ROOT / "book" / "_generated" / "answers", folder / "_generated" / "answers")


def write_notebook(folder: Path, file: str, cells: Sequence[nbformat.NotebookNode]) -> None:
    """Write the notebook `file`, such as "notebooks/attention/99-notes"."""
    path = folder / f"{file}.ipynb"
    path.parent.mkdir(parents=True, exist_ok=True)
    nbformat.write(nbformat.v4.new_notebook(cells=list(cells), metadata=_LANGUAGE), path)


def build(folder: Path, patience: float = 300, **environment: str) -> Path:
    """The folder of the built pages."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", folder, "--quiet", "-W"]
    env = os.environ | environment
    done = subprocess.run(command, capture_output=True, text=True, timeout=patience, check=False, env=env)
    assert done.returncode == 0, done.stdout + done.stderr
    return folder / "_build" / "html"
