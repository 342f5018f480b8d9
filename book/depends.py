"""Which modules of the package each notebook depends on, so that `make` bakes again only what changed.

    python book/depends.py

For each notebook, build/keys/<part>/<nn>-<slug>.key gets a hash of what its results depend on: its cells, the modules
that it imports, and the modules and data files that these need in turn. A file whose hash is the same is not written
again, so that `make`, which goes by times, sees what truly changed.
"""

import ast
import hashlib
import json
from functools import cache
from pathlib import Path

import catalogue

ROOT = catalogue.ROOT
PACKAGE = ROOT / "companion"
KEYS = ROOT / "build" / "keys"
# What gives a baked notebook its form besides its own text and the package.
RUNNERS = (ROOT / "book" / "run_notebook.py", ROOT / "book" / "answer_forms.py")


def files_of(module: str) -> set[Path]:
    """Files that importing `module` (companion.teaching.claims) reads: its own and those of the packages around it."""
    parts = module.split(".")
    if parts[0] != PACKAGE.name:
        return set()
    found = {ROOT.joinpath(*parts[:k], "__init__.py") for k in range(1, len(parts) + 1)}
    found.add(ROOT.joinpath(*parts).with_suffix(".py"))
    return {path for path in found if path.is_file()}


def imported(source: str, package: str = "") -> set[str]:
    """Names of all modules that `source` imports anywhere; `package` is where a relative import begins."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            near = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*near, *([node.module] if node.module else [])])
            # `from companion import hippo` names a module, `from companion.hippo import exact` a function of one.
            names |= {base, *(f"{base}.{alias.name}" for alias in node.names)}
    return names


@cache
def needs(path: Path) -> frozenset[Path]:
    """Files of the package that a file of it needs directly: what it imports, and data files that it names."""
    if path.suffix != ".py":
        return frozenset()
    source = path.read_text(encoding="utf-8")
    package = ".".join(path.parent.relative_to(ROOT).parts)
    found: set[Path] = set().union(*(files_of(name) for name in imported(source, package)))
    if path == PACKAGE / "teaching" / "__init__.py":
        # It imports its modules by name, when they are first used.
        found |= set(path.parent.glob("*.py"))
    found |= {data for data in PACKAGE.rglob("*") if data.is_file() and data.suffix != ".py" and data.name in source}
    return frozenset(found - {path})


def code_of(notebook: Path) -> list[tuple[str, str, list[str]]]:
    """Type, source and tags of the notebook's cells: all that a run of it depends on; outputs are what comes of it."""
    cells = json.loads(notebook.read_text(encoding="utf-8"))["cells"]
    return [(c["cell_type"], "".join(c["source"]), c["metadata"].get("tags", [])) for c in cells]


def dependencies(notebook: Path) -> set[Path]:
    """Files of the package that a notebook needs, directly or through others."""
    found: set[Path] = set()
    for kind, source, _ in code_of(notebook):
        if kind == "code":
            found |= set().union(*(files_of(name) for name in imported(source)))
    new = found
    while new:
        new = set().union(*(needs(path) for path in new)) - found
        found |= new
    return found


def key(notebook: Path) -> str:
    """Hash of everything that the results of a notebook depend on."""
    digest = hashlib.sha256(json.dumps(code_of(notebook)).encode())
    for path in sorted({*dependencies(notebook), *RUNNERS}):
        digest.update(f"\0{path.relative_to(ROOT).as_posix()}\0".encode() + path.read_bytes())
    return digest.hexdigest()


def main() -> None:
    """Write the keys that changed."""
    for notebook in catalogue.notebooks():
        target, now = KEYS / f"{catalogue.name(notebook)}.key", key(notebook)
        if not target.exists() or target.read_text(encoding="utf-8") != now:
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(now, encoding="utf-8")


if __name__ == "__main__":
    main()
