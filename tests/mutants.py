"""Runs mutants: each is broken in a fork of a process that has done the work they share.

    export PYTHONPATH=book
    python tests/mutants.py notebook FILE.ipynb LIST.toml [SEED]  runs a notebook, and forks before the broken cell
    python tests/mutants.py package LIST.toml …                   imports what the modules' tests need, and forks

With a seed, of the mutants of one claim (those with the same words before the colon) one is tried, by chance.

A line of JSON says for each mutant what became of it. A fork has the names, caches and modules of its parent and
changes none of them, so mutants are as isolated from each other as separate runs would be, and cost a claim each.
"""

import gc
import importlib
import importlib.abc
import importlib.machinery
import importlib.util
import json
import os
import random
import resource
import signal
import sys
import tomllib
import types
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

from catalogue import ROOT

FOLDER = ROOT / "tests" / "mutations"
# Seconds of processor time, so that a verdict does not depend on what else the machine does.
PATIENCE = 120
ENTRY = {"what", "old", "new", "error", "kills"}
# What a test raises that saw something wrong: an assertion, or the expected error that was not raised.
ASSERTION = ("AssertionError", "Failed", "FalseClaim")
# What tests import and the package does not define: imported once, before the first fork.
HEAVY = (
    "numpy",
    "scipy.integrate",
    "scipy.linalg",
    "scipy.optimize",
    "scipy.signal",
    "scipy.special",
    "sympy",
    "hypothesis.extra.numpy",
    "matplotlib.figure",
    "matplotlib.backends.backend_agg",
    "matplotlib.backends.backend_svg",
)


class Mutant(NamedTuple):
    """What is broken: `old`, which stands there once, becomes `new`; `error` or a test in `kills` sees it."""

    what: str
    old: str
    new: str
    error: str
    kills: str


class Verdict(NamedTuple):
    """What became of a mutant: whether it was caught, the error that did it, and seconds of processor time."""

    what: str
    caught: bool
    said: str
    seconds: float


def read_list(path: Path) -> tuple[dict[str, str], list[Mutant]]:
    """Settings of a list and its mutants. Raises ValueError for an entry that is no mutant."""
    content = tomllib.loads(path.read_text(encoding="utf-8"))
    mutants = []
    for entry in content.pop("mutation", ()):
        if strange := {"what", "old", "new"} - set(entry) | set(entry) - ENTRY:
            raise ValueError(f"{path.name}: {entry.get('what', entry)}: {sorted(strange)} missing or unknown")
        mutants.append(Mutant(**{"error": "", "kills": ""} | entry))
    if twice := [m.what for k, m in enumerate(mutants) if m.what in {other.what for other in mutants[:k]}]:
        raise ValueError(f"{path.name}: two mutants are called {twice[0]!r}")
    if not mutants:
        raise ValueError(f"{path.name} lists no mutation")
    return content, mutants


def in_fork(task: Callable[[], str]) -> tuple[str, float]:
    """What `task` returns in a forked child, or how the child died; and the processor time that it took."""
    sys.stdout.flush()
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    here, there = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            os.close(here)
            silence = os.open(os.devnull, os.O_WRONLY)
            os.dup2(silence, 1)
            os.dup2(silence, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (PATIENCE, PATIENCE + 5))
            os.write(there, task().encode()[:60_000])
        finally:
            os._exit(0)
    os.close(there)
    with os.fdopen(here, encoding="utf-8", errors="replace") as pipe:
        said = pipe.read()
    _, status = os.waitpid(child, 0)
    if os.WIFSIGNALED(status):
        name = signal.Signals(os.WTERMSIG(status)).name
        said = f"ran out of {PATIENCE} s of processor time" if name in ("SIGXCPU", "SIGKILL") else f"died of {name}"
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return said or "said nothing", after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


# --- notebooks ------------------------------------------------------------------------------------------------------


def run(number: int, source: str, namespace: dict[str, Any]) -> None:
    """Run one cell."""
    exec(compile(source, f"<cell {number}>", "exec"), namespace)


def first_error(cells: list[tuple[int, str]], namespace: dict[str, Any]) -> str:
    """Run cells up to the first error, and say what it is and at which claim."""
    for number, source in cells:
        try:
            run(number, source, namespace)
        except BaseException as error:
            claims = getattr(namespace.get("claims"), "claims", ())
            return f"{type(error).__name__} at claim {len(claims) + 1} in cell {number}: {error}"
    return "no claim noticed"


def places(cells: list[str], mutants: list[Mutant]) -> dict[int, list[Mutant]]:
    """The mutants of each cell. Raises ValueError for one whose `old` does not stand exactly once."""
    found: dict[int, list[Mutant]] = {}
    for mutant in mutants:
        inside = [k for k, source in enumerate(cells) for _ in range(source.count(mutant.old))]
        if len(inside) != 1:
            raise ValueError(f"{mutant.what}: {mutant.old!r} stands {len(inside)} times in the notebook")
        found.setdefault(inside[0], []).append(mutant)
    return found


def one_of_each(mutants: list[Mutant], seed: str) -> list[Mutant]:
    """Of the mutants whose names have the same words before the colon one, by chance."""
    claims: dict[str, list[Mutant]] = {}
    for mutant in mutants:
        claims.setdefault(mutant.what.partition(":")[0], []).append(mutant)
    chance = random.Random(seed)
    return [chance.choice(group) for group in claims.values()]


def notebook_verdicts(path: Path, mutants: list[Mutant], seed: str = "") -> Iterator[Verdict]:
    """Run a notebook, and its mutants in forks (with a seed, one of each). Raises what the unbroken notebook raises."""
    import nbformat

    cells = [c.source for c in nbformat.read(path, as_version=4).cells if c.cell_type == "code"]
    broken = places(cells, mutants)
    tried = one_of_each(mutants, seed) if seed else mutants
    main = types.ModuleType("__main__")
    main.__dict__["display"] = lambda *_, **__: None
    sys.modules["__main__"] = main
    os.chdir(path.parent)
    for k, source in enumerate(cells):
        for mutant in (m for m in broken.get(k, ()) if m in tried):
            rest = list(enumerate([source.replace(mutant.old, mutant.new), *cells[k + 1 :]], start=k + 1))
            said, seconds = in_fork(lambda rest=rest: first_error(rest, main.__dict__))
            yield Verdict(mutant.what, said.startswith(f"{mutant.error or 'FalseClaim'} at claim"), said, seconds)
        run(k + 1, source, main.__dict__)


# --- the package ----------------------------------------------------------------------------------------------------


class Broken(importlib.machinery.SourceFileLoader):
    """Loads a module from other text than that of its file."""

    def __init__(self, fullname: str, path: Path, text: str) -> None:
        super().__init__(fullname, str(path))
        self.text = text

    def get_code(self, fullname: str) -> types.CodeType:
        """The other text, compiled."""
        return compile(self.text, self.path, "exec")


class Instead(importlib.abc.MetaPathFinder):
    """Finds one module as it is broken."""

    def __init__(self, fullname: str, path: Path, text: str) -> None:
        self.fullname, self.path, self.text = fullname, path, text

    def find_spec(self, fullname: str, path: Any = None, target: Any = None) -> Any:
        """The broken module's specification, or None for all others."""
        if fullname != self.fullname:
            return None
        return importlib.util.spec_from_file_location(
            fullname, self.path, loader=Broken(fullname, self.path, self.text)
        )


class Watch:
    """A pytest plugin that keeps the first error, and whether a test raised it."""

    said = ""

    def pytest_exception_interact(self, node: Any, call: Any, report: Any) -> None:
        """Called by pytest for every error, of a test or of what comes before it."""
        error = call.excinfo.value
        where = "at" if report.when == "call" else f"in the {report.when or 'collection'} of"
        self.said = self.said or f"{type(error).__name__} {where} {node.name}: {error}"


def first_failure(tests: list[str]) -> str:
    """Run tests up to the first failure, and say what it is."""
    import pytest

    watch = Watch()
    os.environ["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"
    options = ["-x", "-q", "--tb=no", "-p", "no:cacheprovider", f"--rootdir={ROOT}"]
    status = pytest.main([*options, *tests], plugins=[watch])
    return watch.said or ("no test noticed" if status == 0 else f"pytest ended with {status!r}")


def import_what_is_heavy() -> None:
    """Import what the tests need but the package, and let hypothesis search without shrinking what it finds."""
    for module in HEAVY:
        importlib.import_module(module)
    import hypothesis

    hypothesis.settings.register_profile(
        "mutants",
        phases=[hypothesis.Phase.explicit, hypothesis.Phase.generate],
        database=None,
        deadline=None,
        derandomize=True,
        report_multiple_bugs=False,
    )
    hypothesis.settings.load_profile("mutants")
    if "companion" in sys.modules:
        raise RuntimeError("the package is imported already, so no mutant of it would be seen")
    # What is here already is not looked through again in every fork.
    gc.freeze()


def module_of(path: Path) -> tuple[Path, list[Mutant]]:
    """The module that a list breaks, and how: the list's name says which module, or `file` at its top does."""
    settings, mutants = read_list(path)
    if strange := set(settings) - {"file"}:
        raise ValueError(f"{path.name}: {sorted(strange)} unknown")
    named = path.stem.removeprefix("companion-").replace("-", "/") + ".py"
    return ROOT / "companion" / settings.get("file", named), mutants


def package_verdicts(path: Path) -> Iterator[Verdict]:
    """Run the mutants of one module. Raises RuntimeError when an unbroken test fails."""
    target, mutants = module_of(path)
    fullname = ".".join(target.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    tests = {m.what: str(ROOT / "tests" / (m.kills or f"test_{target.stem.lstrip('_')}.py")) for m in mutants}
    source = target.read_text(encoding="utf-8")
    unbroken, _ = in_fork(lambda: first_failure(sorted(set(tests.values()))))
    if unbroken != "no test noticed":
        raise RuntimeError(f"{path.name}: the unbroken package fails: {unbroken}")
    for mutant in mutants:
        if source.count(mutant.old) != 1:
            raise ValueError(f"{mutant.what}: {mutant.old!r} stands {source.count(mutant.old)} times in {target.name}")

        def task(mutant: Mutant = mutant) -> str:
            sys.meta_path.insert(0, Instead(fullname, target, source.replace(mutant.old, mutant.new)))
            return first_failure([tests[mutant.what]])

        said, seconds = in_fork(task)
        errors = (mutant.error,) if mutant.error else ASSERTION
        yield Verdict(mutant.what, any(said.startswith(f"{error} at ") for error in errors), said, seconds)


def of_package(lists: list[Path]) -> Iterator[Verdict]:
    """Run the mutants of several modules."""
    import_what_is_heavy()
    os.chdir(ROOT)
    for path in lists:
        yield from package_verdicts(path)


def list_of(notebook: Path) -> Path:
    """Where the mutations of a notebook are listed."""
    return FOLDER / f"{notebook.parent.name}-{notebook.name[:2]}.toml"


def main() -> None:
    """Run what the command line names, one line of JSON a mutant."""
    kind, *named = sys.argv[1:]
    paths = [Path(name).resolve() for name in named[: None if kind == "package" else 2]]
    # What the notebook or pytest prints is not asked for; what goes wrong stays visible on stderr.
    verdicts_here = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
    found = of_package(paths) if kind == "package" else notebook_verdicts(paths[0], read_list(paths[1])[1], *named[2:])
    for verdict in found:
        print(json.dumps(verdict._asdict(), ensure_ascii=False), file=verdicts_here, flush=True)


if __name__ == "__main__":
    main()
