"""A JupyterLab on a free loopback port, driven through Chromium: for tests and for the benchmark of sliders."""

import contextlib
import json
import os
import secrets
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Any

# Seconds until an answer counts as missing: long, since a busy machine is no fault of the notebook.
PATIENCE = 600
# No dialog comes between the test and the notebook, and all cells are in the page.
SETTINGS = {
    "notebook-extension/tracker": {"autoStartDefaultKernel": True, "windowingMode": "none"},
    "apputils-extension/notification": {"fetchNews": "false", "checkForUpdates": False},
}


def free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


@contextlib.contextmanager
def server(folder: Path) -> Iterator[str]:
    """The address (with a token) of a JupyterLab that serves `folder`, for as long as the context lasts."""
    port, token = free_port(), secrets.token_hex(16)
    command = [
        sys.executable,
        "-m",
        "jupyterlab",
        "--no-browser",
        "--allow-root",
        "--ip=127.0.0.1",
        f"--port={port}",
    ]
    settings = [
        f"--IdentityProvider.token={token}",
        f"--ServerApp.root_dir={folder}",
        "--ServerApp.port_retries=0",
        "--LabApp.news_url=",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
    ]
    own = folder.parent / "jupyter"
    for place, setting in SETTINGS.items():
        path = own / "settings" / "@jupyterlab" / f"{place}.jupyterlab-settings"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps(setting), encoding="utf-8")
    env = os.environ | {
        "JUPYTER_CONFIG_DIR": str(own),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
        "JUPYTERLAB_SETTINGS_DIR": str(own / "settings"),
        "JUPYTERLAB_WORKSPACES_DIR": str(own / "workspaces"),
        "JUPYTER_PREFER_ENV_PATH": "1",
    }
    with subprocess.Popen(
        [*command, *settings], env=env, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    ) as process:
        try:
            url = f"http://127.0.0.1:{port}"
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                with contextlib.suppress(OSError), urllib.request.urlopen(f"{url}/api?token={token}", timeout=60):
                    break
                assert process.poll() is None, "JupyterLab ended before it answered"
                time.sleep(0.2)
            yield f"{url}/lab/tree/{{}}?token={token}&reset"
        finally:
            process.terminate()
            process.wait(timeout=PATIENCE)


def close_kernels(url: str) -> None:
    """End every kernel of the server behind `url`: a page that is closed leaves its kernel running."""
    server, _, query = url.partition("/lab/tree/")
    token = query.partition("token=")[2].partition("&")[0]

    def ask(method: str, path: str) -> bytes:
        request = urllib.request.Request(f"{server}/api/{path}?token={token}", method=method)
        with urllib.request.urlopen(request, timeout=PATIENCE) as answer:
            return answer.read()

    for session in json.loads(ask("GET", "sessions")):
        ask("DELETE", f"sessions/{session['id']}")


def run_all(page: Any, url: str, name: str, timeout: float = PATIENCE) -> None:
    """Open notebook `name`, run all its cells, and wait until the kernel has answered every one."""
    page.goto(url.format(name), wait_until="domcontentloaded")
    notebook = page.locator(".jp-NotebookPanel:not(.lm-mod-hidden)")
    notebook.locator(".jp-Notebook .jp-CodeCell").first.wait_for(timeout=1000 * timeout)
    page.get_by_text("| Idle").wait_for(timeout=1000 * timeout)
    page.get_by_role("menuitem", name="Run", exact=True).click()
    page.locator(".lm-Menu-item[data-command='runmenu:run-all']").click()
    # Folded cells show no prompt; a cell that waits or runs shows one without a number.
    page.wait_for_function(
        """() => {
            const prompts = document.querySelectorAll('.jp-NotebookPanel:not(.lm-mod-hidden) .jp-InputPrompt');
            return prompts.length && [...prompts].every(prompt => /\\d|^$/.test(prompt.textContent.trim()))
                && /\\d/.test(prompts[prompts.length - 1].textContent);
        }""",
        timeout=1000 * timeout,
        polling=500,
    )
