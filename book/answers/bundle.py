"""Runs inside Pyodide, once, while the book is built: the modules of the checker as two archives of bytecode.

Compiled by the very Python that will run them, with empty docstrings, and stored without compression: an archive is
compressed as a whole afterwards. `python.zip` holds what changes with the lock (the standard library, SymPy, mpmath),
`checker.zip` what changes with this repository.
"""

import ast
import importlib
import marshal
import sys
import warnings
import zipfile
from importlib.util import MAGIC_NUMBER
from pathlib import Path
from typing import Any

ENTRY = "answers_checker"
OURS = ("companion", ENTRY)
ALGEBRA = ("sympy", "mpmath")
# Parts of SymPy that no answer needs, and tools of the standard library for developers, networks and screens. What
# the checker loads when it starts is kept all the same, and KEPT is what SymPy imports later, in the middle of algebra.
NO_USE = (
    "sympy.categories", "sympy.crypto", "sympy.diffgeom", "sympy.holonomic", "sympy.interactive", "sympy.liealgebras",
    "sympy.parsing", "sympy.physics", "sympy.plotting", "sympy.sandbox", "sympy.stats", "sympy.testing",
    "sympy.utilities.runtests", "sympy.utilities.tmpfiles", "sympy.utilities.autowrap",
    "cProfile", "code", "cmd", "curses", "distutils", "doctest", "email", "http", "multiprocessing", "optparse", "pdb",
    "profile", "pstats", "pydoc", "readline", "sqlite3", "ssl", "test", "timeit", "tkinter", "unittest", "urllib",
    "webbrowser", "xmlrpc",
)  # fmt: skip
KEPT = ("sympy.physics", "sympy.physics.matrices", "sympy.physics.units")
_DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)
# Of a file of bytecode: not to be checked against a source, which is of no time and no size.
_HEADER = MAGIC_NUMBER + bytes(12)
ENCODINGS = ("ascii", "cp437", "latin_1", "utf_8")
# What Python itself imports, and no source says so: for whole numbers of thousands of digits.
UNSAID = ("_pylong",)


def within(name: str, packages: tuple[str, ...]) -> bool:
    """Whether a module is one of `packages`, or lies in one."""
    return any(name == package or name.startswith(f"{package}.") for package in packages)


def wanted(name: str) -> bool:
    """Whether a module is taken along although it was not loaded at the start."""
    parts = name.split(".")
    if "tests" in parts or "benchmarks" in parts or parts[0] not in {*ALGEBRA, *sys.stdlib_module_names}:
        return False
    return name == KEPT[0] or within(name, KEPT[1:]) or not within(name, NO_USE)


def source(name: str) -> str:
    """The source of a loaded module; empty for one that has none."""
    loader: Any = getattr(sys.modules[name].__spec__, "loader", None)
    return (loader.get_source(name) or "") if hasattr(loader, "get_source") else ""


def imported(name: str) -> set[str]:
    """The modules that a module may import, at its top or later in a function."""
    package = sys.modules[name].__package__ or name
    found = set()
    for node in ast.walk(ast.parse(source(name))):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            start = package.rsplit(".", node.level - 1)[0] + "." if node.level else ""
            home = (start + (node.module or "")).rstrip(".")
            found |= {home, *(f"{home}.{alias.name}" for alias in node.names)}
    return found


def load(name: str) -> bool:
    """Load a module, if there is one of this name and if it can be loaded here."""
    if name in sys.modules:
        return True
    try:
        importlib.import_module(name)
    except ImportError:
        return False
    return True


def reach() -> None:
    """Load all that what is loaded may ever import: SymPy imports much in the middle of its functions."""
    seen: set[str] = set()
    while fresh := [name for name in sys.modules if within(name, (*OURS, *ALGEBRA)) and name not in seen]:
        seen.update(fresh)
        for name in fresh:
            for other in sorted(filter(wanted, imported(name) if wanted(name) or within(name, OURS) else ())):
                load(other)


def lean(name: str) -> ast.Module:
    """A module without the text of its docstrings; assertions stay, since they are part of what it does."""
    tree = ast.parse(source(name))
    for node in ast.walk(tree):
        if isinstance(node, _DOCUMENTED) and ast.get_docstring(node, clean=False) is not None:
            # Empty, not gone: some modules add to theirs.
            node.body[0] = ast.copy_location(ast.Expr(ast.Constant("")), node.body[0])
        # mpmath keeps half a megabyte of documentation in variables.
        elif name == "mpmath.function_docs" and isinstance(node, ast.Constant):
            node.value = ""
    return ast.fix_missing_locations(tree)


def write(archive: Path, names: list[str]) -> None:
    """An archive of the bytecode of loaded modules, the same for the same sources."""
    with zipfile.ZipFile(archive, "w", zipfile.ZIP_STORED) as file:
        for name in names:
            inside = name.replace(".", "/") + ("/__init__" if hasattr(sys.modules[name], "__path__") else "")
            code = compile(lean(name), f"{inside}.py", "exec", dont_inherit=True)
            file.writestr(zipfile.ZipInfo(f"{inside}.pyc"), _HEADER + marshal.dumps(code))


def has_source(name: str) -> bool:
    """Whether a loaded module came from a file of Python's, under its own name."""
    spec = getattr(sys.modules[name], "__spec__", None)
    return bool(spec and spec.name == name and str(spec.origin).endswith(".py"))


def main(out: str) -> None:
    """Write both archives to the folder `out`."""
    importlib.import_module(ENTRY)
    started = set(sys.modules) - {__name__}
    for name in (*UNSAID, *(f"encodings.{encoding}" for encoding in ENCODINGS)):
        load(name)
    warnings.simplefilter("ignore")
    reach()
    taken = sorted(name for name in sys.modules if has_source(name) and (name in started or wanted(name)))
    write(Path(out) / "checker.zip", [name for name in taken if within(name, OURS)])
    write(Path(out) / "python.zip", [name for name in taken if not within(name, OURS)])
