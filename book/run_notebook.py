"""Execute notebooks: in place (as they are committed), or baked (as the book shows them).

    python book/run_notebook.py notebooks/attention/01-scale-gradient.ipynb ...
    python book/run_notebook.py --bake notebooks/attention/01-scale-gradient.ipynb ...

In place, outputs are replaced by fresh ones that are the same on every machine: no widget state, no
timings, no kernel version. Baked, the copy goes to book/notebooks/ and the frames of its explorers to
book/_generated/packs/, some of them to paper/ and previews/ beside it. A line for each notebook says which it is, of
how many, and how long it took.
"""

import argparse
import os
import re
import sys
import time
from pathlib import Path

import catalogue
import nbformat
from answer_forms import add_forms
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError

BOOK = catalogue.ROOT / "book"
PACKS = BOOK / "_generated" / "packs"
WIDGET_VIEW = "application/vnd.jupyter.widget-view+json"
# Long, since a busy machine is no fault of the notebook.
CELL_TIMEOUT = 600
# What the book folds by tag, JupyterLab folds by these settings.
FOLDED = {
    "hide-input": {"source_hidden": True},
    "hide-cell": {"source_hidden": True, "outputs_hidden": True},
}
_COLOUR = re.compile(r"\x1b\[[0-9;]*m")


def normalise(notebook: nbformat.NotebookNode) -> None:
    """Drop from `notebook` what changes from run to run or from machine to machine; fold cells by their tags."""
    notebook.metadata = nbformat.from_dict(
        {
            "kernelspec": {"display_name": "Python 3 (ipykernel)", "language": "python", "name": "python3"},
            "language_info": {"name": "python"},
        }
    )
    for cell in notebook.cells:
        tags = cell.metadata.get("tags", [])
        folded = [FOLDED[tag] for tag in tags if tag in FOLDED]
        cell.metadata = nbformat.from_dict({"tags": tags} if tags else {})
        if folded:
            cell.metadata["jupyter"] = folded[0]
        for output in cell.get("outputs", ()):
            output.get("data", {}).pop(WIDGET_VIEW, None)


def label_solutions(notebook: nbformat.NotebookNode) -> None:
    """Let the book's folded solution cells say what they are, not just "Show the code"."""
    for cell in notebook.cells:
        if "hide-cell" in cell.metadata.get("tags", ()):
            cell.metadata["mystnb"] = {
                "code_prompt_show": "Show a solution",
                "code_prompt_hide": "Hide the solution",
            }


def forget_packs(name: str, baked: str) -> None:
    """Remove what was drawn of explorers that the notebook once had, and has no more."""
    for folder in (PACKS, PACKS.with_name("paper"), PACKS.with_name("previews")):
        for drawn in (folder / name).glob("*.*"):
            explorer = re.sub(r"-\d+$", "", drawn.stem)
            if f"packs/{name}/{explorer}.js" not in baked:
                drawn.unlink()


def execute(path: Path, *, bake: bool) -> Path:
    """Run the notebook at `path` from its first cell; return where the result was written."""
    name = catalogue.name(path)
    target = BOOK / "notebooks" / f"{name}.ipynb" if bake else path
    env = dict(os.environ)
    if bake:
        env |= {"COMPANION_BAKE": str(PACKS.parent), "COMPANION_NOTEBOOK": name}
    notebook = nbformat.read(path, as_version=4)
    client = NotebookClient(
        notebook,
        timeout=CELL_TIMEOUT,
        startup_timeout=CELL_TIMEOUT,
        kernel_name="python3",
        resources={"metadata": {"path": str(path.parent)}},
        extra_arguments=["--log-level=ERROR"],
    )
    client.execute(env=env)
    normalise(notebook)
    if bake:
        label_solutions(notebook)
        add_forms(notebook)
    target.parent.mkdir(parents=True, exist_ok=True)
    # Written beside the target first: an interrupted run must not leave half a notebook behind.
    draft = target.with_suffix(".tmp")
    nbformat.write(notebook, draft)
    draft.replace(target)
    if bake:
        forget_packs(name, target.read_text(encoding="utf-8"))
    return target


def main() -> int:
    """Run the notebooks named on the command line; exit status 1 when one fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("notebooks", nargs="+", type=Path)
    parser.add_argument("--bake", action="store_true", help="draw every frame and write to book/notebooks/")
    options = parser.parse_args()
    everything = catalogue.notebooks()
    for path in map(Path.resolve, options.notebooks):
        if path not in everything:
            parser.error(f"no notebook below notebooks/: {path}")
        name = catalogue.name(path)
        place = f"[{everything.index(path) + 1:2d}/{len(everything)}]"
        print(f"{place} {name} …", flush=True)
        start = time.perf_counter()
        try:
            execute(path, bake=options.bake)
        except CellExecutionError as error:
            print(
                f"{place} {name} FAILED after {time.perf_counter() - start:.1f} s\n{_COLOUR.sub('', str(error))}",
                file=sys.stderr,
            )
            return 1
        print(f"{place} {name} {time.perf_counter() - start:.1f} s", flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
