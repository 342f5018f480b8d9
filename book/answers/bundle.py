"""Runs inside Pyodide, once, while the book is built: the modules of the checker as two archives of bytecode.

Compiled by the very Python that will run them, without docstrings, and stored without compression: a browser reads
such an archive fast, and a web server compresses it as a whole. `python.zip` holds what changes with the lock (the
standard library, SymPy, mpmath), `checker.zip` what changes with this repository.
"""

import ast
import importlib
import importlib._bootstrap_external as bootstrap
import io
import json
import pkgutil
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

ENTRY = "answers_checker"
# Parts of SymPy that no answer needs; what is loaded all the same, when SymPy itself is, stays.
LEFT_OUT = (
    "sympy.benchmarks sympy.categories sympy.crypto sympy.diffgeom sympy.liealgebras sympy.parsing.autolev "
    "sympy.parsing.c sympy.parsing.fortran sympy.parsing.latex sympy.physics sympy.plotting sympy.sandbox sympy.stats "
    "sympy.testing sympy.interactive sympy.this sympy.galgebra sympy.conftest sympy.holonomic sympy.unify.tests"
).split()
# But for these, which SymPy imports when it needs them.
KEPT = "sympy.physics sympy.physics.units".split()
# Modules of the standard library that are tools for developers, or talk to networks and screens.
NO_USE = {
    "antigravity", "cProfile", "distutils", "doctest", "idlelib", "multiprocessing", "pdb", "profile", "pstats",
    "pydoc", "test", "this", "tkinter", "turtle", "unittest", "webbrowser", "http", "urllib", "email", "ssl",
    "code", "curses", "timeit", "sqlite3", "xmlrpc", "ensurepip", "venv", "lib2to3", "cmd", "optparse", "getpass",
}  # fmt: skip
ENCODINGS = ("ascii", "cp437", "latin_1", "utf_8")


def within(name: str, packages: list[str]) -> bool:
    """Whether a module is one of `packages`, or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wanted(name: str) -> bool:
    """Whether a module of SymPy or mpmath is taken along even if nothing has loaded it."""
    parts = name.split(".")
    if "tests" in parts or "benchmarks" in parts or parts[-1].startswith("bench"):
        return False
    return within(name, KEPT) or not within(name, LEFT_OUT)


def modules(package: str) -> Iterator[str]:
    """The names of all modules of a package that are wanted."""
    root = importlib.import_module(package)
    yield package
    for found in pkgutil.walk_packages(root.__path__, f"{package}.", onerror=lambda name: None):
        if wanted(found.name):
            yield found.name


def imported(name: str) -> set[str]:
    """The modules of the standard library that a module may import, at its top or in a function."""
    tree = ast.parse(source(name))
    names = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    names |= {
        str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom) and not node.level and node.module
    }
    return {n for n in names if n.split(".")[0] in sys.stdlib_module_names and n.split(".")[0] not in NO_USE}


def load(names: set[str] | list[str]) -> None:
    """Load what can be loaded here; what needs another package or another machine cannot."""
    for name in sorted(names):
        try:
            importlib.import_module(name)
        except ImportError as error:
            print(f"left out {name}: {error}")


def source(name: str) -> str:
    """The source of a loaded module."""
    text = sys.modules[name].__spec__.loader.get_source(name)
    return text or ""


def lean(text: str) -> ast.Module:
    """A module without its docstrings; assertions stay, since they are part of what it does."""
    tree = ast.parse(text)
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef) and node.body:
            first = node.body[0]
            if isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant) and isinstance(first.value.value, str):
                node.body[0] = ast.copy_location(ast.Pass(), first)
    return tree


def write(archive: Path, names: list[str]) -> None:
    """An archive of the bytecode of loaded modules, the same for the same sources."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as file:
        for name in names:
            inside = name.replace(".", "/") + ("/__init__" if hasattr(sys.modules[name], "__path__") else "")
            code = compile(lean(source(name)), f"{inside}.py", "exec", dont_inherit=True)
            file.writestr(zipfile.ZipInfo(f"{inside}.pyc"), bootstrap._code_to_timestamp_pyc(code))
    archive.write_bytes(buffer.getvalue())


def main(out: str) -> str:
    """Write both archives to the folder `out`; return, as JSON, the modules that were left out on purpose."""
    importlib.import_module(ENTRY)
    importlib.import_module("sympy.printing.mathml")
    load([name for package in ("sympy", "mpmath") for name in modules(package)])
    ours = [name for name in sys.modules if within(name, ["companion", ENTRY])]
    others = [name for name in sys.modules if within(name, ["sympy", "mpmath"])]
    load({name for module in [*ours, *others] for name in imported(module)})
    load([f"encodings.{name}" for name in ENCODINGS])
    have = {name for name, module in sys.modules.items() if has_source(name, module)}
    write(Path(out) / "checker.zip", sorted(name for name in have if within(name, ["companion", ENTRY])))
    write(Path(out) / "python.zip", sorted(name for name in have if not within(name, ["companion", ENTRY, "bundle"])))
    return json.dumps(len(have))


def has_source(name: str, module: object) -> bool:
    """Whether a loaded module came from a file of Python's."""
    spec = getattr(module, "__spec__", None)
    return name != "__main__" and bool(spec and spec.name == name and str(spec.origin).endswith(".py"))
