"""Setting up: a light package, a complete lock, the same for Binder; `make` says what is missing."""

import os
import re
import shutil
import subprocess
import sys
import venv
from pathlib import Path

import catalogue
import nbformat
import pytest
import yaml

ROOT = catalogue.ROOT
ENVIRONMENT = yaml.safe_load((ROOT / "environment.yml").read_text(encoding="utf-8"))


def run(*command, cwd=ROOT, timeout=1500, **env):
    return subprocess.run(
        command,
        cwd=cwd,
        env={k: v for k, v in os.environ.items() if k not in {"MAKEFLAGS", "MFLAGS", "MAKELEVEL"}} | env,
        capture_output=True,
        text=True,
        timeout=timeout,
        check=False,
    )


@pytest.fixture(scope="module")
def checkout(tmp_path_factory):
    """The repository's files as a fresh clone would hold them."""
    folder = tmp_path_factory.mktemp("checkout")
    listed = run("git", "ls-files", "--cached", "--others", "--exclude-standard").stdout.splitlines()
    for name in filter(lambda name: (ROOT / name).is_file(), listed):
        target = folder / name
        target.parent.mkdir(parents=True, exist_ok=True)
        shutil.copy2(ROOT / name, target)
    return folder


def test_importing_the_package_loads_no_plotting():
    script = (
        "import sys, companion, companion.teaching\n"
        "print(*sorted(set(sys.modules) & {'matplotlib', 'ipywidgets', 'sympy', 'numpy'}))"
    )
    assert run(sys.executable, "-c", script).stdout.split() == []


def test_every_dependency_is_locked():
    named = re.findall(r'^\s+"([A-Za-z0-9_.-]+)[<>=]', (ROOT / "pyproject.toml").read_text(), re.MULTILINE)
    locked = dict(re.findall(r"^([A-Za-z0-9_.-]+)==(\S+)", (ROOT / "requirements.txt").read_text(), re.MULTILINE))
    assert len(named) > 10
    assert {name.lower() for name in named} - {"setuptools"} <= set(locked)


@pytest.mark.parametrize("name", ["requirements.txt", "book/package-lock.json", "environment.yml", "pyproject.toml"])
def test_locks_name_no_registry(name):
    links = re.findall(r"https?://([^/\s\"']+)", (ROOT / name).read_text(encoding="utf-8"))
    assert set(links) <= {"github.com", "opencollective.com"}


def test_katex_style_and_renderer_are_of_one_version():
    from sphinxcontrib import katex

    assert f'"katex": "{katex.katex_version}"' in (ROOT / "book" / "package.json").read_text()


def test_environment_names_an_exact_python():
    python = next(d for d in ENVIRONMENT["dependencies"] if isinstance(d, str) and d.startswith("python"))
    assert re.fullmatch(r"python=3\.\d+", python)


def test_binder_would_install_the_lock(checkout):
    """repo2docker writes its Dockerfile without Docker; what it would run is there to be read."""
    repo2docker = Path(sys.executable).with_name("jupyter-repo2docker")
    asked = run(str(repo2docker), "--no-build", "--debug", "--user-id", "1000", "--user-name", "reader", str(checkout))
    text = asked.stdout + asked.stderr
    assert asked.returncode == 0, text[-2000:]
    assert "py-2d3-2e11" in text, "the base environment is not Python 3.11"
    # pip's `-r` and `-e .` need the repository's files, so these must be copied first.
    assert text.index("COPY --chown=1000:1000 src/") < text.index('--file "environment.yml"')


@pytest.fixture(scope="module")
def installed(checkout, tmp_path_factory):
    """A clean virtual environment with what environment.yml's pip section names."""
    folder = tmp_path_factory.mktemp("clean") / "venv"
    venv.create(folder, with_pip=True)
    pip = next(d["pip"] for d in ENVIRONMENT["dependencies"] if isinstance(d, dict))
    words = [word for line in pip for word in line.split()]
    # Bytecode comes with the first import, and a notebook imports a small part of what is installed.
    done = run(str(folder / "bin" / "pip"), "install", "--quiet", "--no-compile", *words, cwd=checkout)
    assert done.returncode == 0, done.stderr[-2000:]
    return folder / "bin" / "python"


def test_environment_installs_in_a_clean_venv_and_runs_a_notebook(installed, checkout):
    smallest = min(catalogue.notebooks(), key=lambda path: len(nbformat.read(path, as_version=4).cells))
    done = run(str(installed), "book/run_notebook.py", str(smallest.relative_to(ROOT)), cwd=checkout)
    assert done.returncode == 0, done.stderr[-2000:]
    assert re.search(r"\[ ?\d+/", done.stdout)


def test_wrong_python_is_said_in_one_line(checkout, tmp_path):
    fake = tmp_path / "python3"
    fake.write_text('#!/bin/sh\n[ "$1" = --version ] && echo "Python 3.9.2" && exit 0\nexit 1\n')
    fake.chmod(0o755)
    made = run("make", "lint", f"PYTHON={fake}", cwd=checkout)
    assert made.returncode != 0
    said = [line for line in made.stdout.splitlines() if line.strip()]
    assert said == [f"make: needs Python 3.11 or newer; '{fake}' is Python 3.9.2. Try: make PYTHON=python3.12"]


def test_missing_network_is_said_in_one_line(checkout):
    made = run(
        "make",
        "lint",
        f"PYTHON={sys.executable}",
        cwd=checkout,
        PIP_CONFIG_FILE=os.devnull,
        PIP_NO_INDEX="1",
        PIP_FIND_LINKS="",
    )
    assert made.returncode != 0
    assert made.stdout.splitlines()[-1].startswith(
        "make: could not install the packages in requirements.txt; is there a network?"
    )
    assert not (checkout / ".venv" / ".ready").exists()


def test_ci_runs_what_the_readme_says():
    assert (ROOT / ".ci" / "run").read_text().rstrip().endswith("make test")
    assert os.access(ROOT / ".ci" / "run", os.X_OK)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    assert "make book" in readme
    assert "make test" in readme
