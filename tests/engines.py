"""Firefox and WebKitGTK, as Debian packages them: both do, in few words, what a reader does with a page.

Firefox is asked over WebDriver BiDi, which it speaks itself: Playwright and Selenium need a Firefox or a driver that
Debian does not have. Selenium drives WebKit, of which Safari is made, on a screen of its own.
"""

import contextlib
import json
import os
import re
import shutil
import subprocess
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Protocol

from conftest import QuietHandler

# Seconds until an answer counts as missing: long, since a busy machine is no fault of the page.
PATIENCE = 600
WIDE = {"width": 1280, "height": 900}
# WebDriver's characters for keys that write none.
KEYS = {"Enter": "\ue007", "ArrowLeft": "\ue012", "ArrowRight": "\ue014"}


class Missing(Exception):
    """An engine that is not installed; the message says what to install."""


class Engine(Protocol):
    """A browser with one page."""

    def open(self, address: str) -> None:
        """Load an address and wait until the page has everything."""

    def run(self, script: str, *arguments: Any) -> Any:
        """What a JavaScript function of the page answers, or what it promises."""

    def press(self, selector: str, key: str) -> None:
        """Press one of KEYS on an element."""

    def type(self, selector: str, text: str) -> None:
        """Type into an empty field."""

    def click(self, selector: str) -> None:
        """Click on one element."""

    def complaints(self) -> list[str]:
        """Errors and warnings that were told on the console since the last call."""


# --- Firefox ----------------------------------------------------------------------------------------------------


class Firefox:
    """A headless Firefox behind its own end of WebDriver BiDi."""

    def __init__(self, socket: Any) -> None:
        self.socket, self.number, self.told = socket, 0, []
        self.ask("session.new", capabilities={})
        self.ask("session.subscribe", events=["log.entryAdded"])
        self.here = {"context": self.ask("browsingContext.getTree")["contexts"][0]["context"]}
        self.ask("browsingContext.setViewport", viewport=WIDE, **self.here)

    def ask(self, method: str, **parameters: Any) -> Any:
        """The answer to a command; what the console says meanwhile is kept."""
        self.number += 1
        self.socket.send(json.dumps({"id": self.number, "method": method, "params": parameters}))
        while (message := json.loads(self.socket.recv())).get("id") != self.number:
            if message.get("method") == "log.entryAdded" and message["params"]["level"] in ("error", "warn"):
                self.told.append(message["params"]["text"])
        if message["type"] == "error":
            raise RuntimeError(f"{method}: {message['message']}")
        return message["result"]

    def open(self, address: str) -> None:
        self.ask("browsingContext.navigate", url=address, wait="complete", **self.here)

    def run(self, script: str, *arguments: Any) -> Any:
        answer = self.ask(
            "script.callFunction",
            functionDeclaration=f"async given => JSON.stringify(await ({script})(...JSON.parse(given)) ?? null)",
            arguments=[{"type": "string", "value": json.dumps(arguments)}],
            awaitPromise=True,
            target=self.here,
            userActivation=True,
        )
        if "exceptionDetails" in answer:
            raise RuntimeError(answer["exceptionDetails"]["text"])
        return json.loads(answer["result"]["value"])

    def press(self, selector: str, key: str) -> None:
        self.run("selector => document.querySelector(selector).focus()", selector)
        self.keys(KEYS[key])

    def keys(self, text: str) -> None:
        """Press and let go one key after another."""
        strokes = [{"type": kind, "value": key} for key in text for kind in ("keyDown", "keyUp")]
        self.ask("input.performActions", actions=[{"type": "key", "id": "keys", "actions": strokes}], **self.here)

    def type(self, selector: str, text: str) -> None:
        self.run(
            "selector => { const field = document.querySelector(selector); field.focus(); field.select() }", selector
        )
        self.keys(text)

    def click(self, selector: str) -> None:
        found = self.ask("browsingContext.locateNodes", locator={"type": "css", "value": selector}, **self.here)
        (node,) = found["nodes"]
        self.run(
            "selector => document.querySelector(selector).scrollIntoView({block: 'center', behavior: 'instant'})",
            selector,
        )
        there = {"type": "element", "element": {"sharedId": node["sharedId"]}}
        steps = [
            {"type": "pointerMove", "x": 0, "y": 0, "origin": there},
            {"type": "pointerDown", "button": 0},
            {"type": "pointerUp", "button": 0},
        ]
        self.ask("input.performActions", actions=[{"type": "pointer", "id": "mouse", "actions": steps}], **self.here)

    def complaints(self) -> list[str]:
        self.run("() => null")
        told, self.told = self.told, []
        return told


@contextlib.contextmanager
def firefox(scratch: Path) -> Iterator[Engine]:
    """The machine's Firefox. Raises Missing where there is none."""
    from websocket import create_connection

    path = shutil.which("firefox-esr") or shutil.which("firefox")
    if path is None:
        raise Missing("no Firefox found: `apt install firefox-esr`")
    command = [path, "--headless", "--no-remote", "--profile", str(scratch), "--remote-debugging-port", "0"]
    env = os.environ | {"HOME": str(scratch)}
    with subprocess.Popen(command, env=env, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            said = []
            for line in process.stderr:
                said.append(line)
                if found := re.search(r"WebDriver BiDi listening on (ws://\S+)", line):
                    break
            else:
                raise RuntimeError("Firefox ended before it listened:\n" + "".join(said))
            # Nobody reads on, and a full pipe would stop the browser.
            threading.Thread(target=process.stderr.read, daemon=True).start()
            with contextlib.closing(create_connection(f"{found[1]}/session", PATIENCE, suppress_origin=True)) as socket:
                engine = Firefox(socket)
                yield engine
                engine.ask("browser.close")
        finally:
            process.terminate()


# --- WebKit -----------------------------------------------------------------------------------------------------


# WebKit's driver tells nothing of the console: the page itself must listen, from its first script on.
EARS = """<script>
    window.heard = [];
    for (const kind of ["error", "warn"]) {
        const told = console[kind];
        console[kind] = (...words) => (heard.push(words.join(" ")), told.apply(console, words));
    }
    addEventListener("error", (e) => heard.push(e.message || `${e.target.src || e.target.href} is missing`), true);
    addEventListener("unhandledrejection", (e) => heard.push(`${e.reason}`));
</script>"""


class ListeningHandler(QuietHandler):
    """A static server that puts EARS into its pages."""

    def do_GET(self) -> None:
        """Answer with a file, or with a page that listens."""
        path = Path(self.translate_path(self.path))
        if path.suffix != ".html" or not path.is_file():
            return super().do_GET()
        page = path.read_text(encoding="utf-8").replace("<head>", f"<head>{EARS}", 1).encode()
        self.send_response(200)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)
        return None


class WebKit:
    """WebKitGTK's own small browser, whose console is heard on pages that a `ListeningHandler` served."""

    def __init__(self, driver: Any) -> None:
        self.driver = driver

    def open(self, address: str) -> None:
        self.driver.get(address)

    def run(self, script: str, *arguments: Any) -> Any:
        answer = self.driver.execute_async_script(
            f"""const given = [...arguments], done = given.pop();
            Promise.resolve().then(() => ({script})(...given))
                .then(value => done({{value}}), error => done({{error: `${{error}}`}}));""",
            *arguments,
        )
        if "error" in answer:
            raise RuntimeError(answer["error"])
        return answer.get("value")

    def element(self, selector: str) -> Any:
        (found,) = self.driver.find_elements("css selector", selector)
        return found

    def press(self, selector: str, key: str) -> None:
        self.element(selector).send_keys(KEYS[key])

    def type(self, selector: str, text: str) -> None:
        field = self.element(selector)
        field.clear()
        field.send_keys(text)

    def click(self, selector: str) -> None:
        self.element(selector).click()

    def complaints(self) -> list[str]:
        return self.run("() => window.heard?.splice(0) ?? []")


@contextlib.contextmanager
def screen() -> Iterator[str]:
    """The name of a screen that nobody sees."""
    command = ["Xvfb", "-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as server:
        try:
            assert server.stdout is not None
            yield f":{server.stdout.readline().decode().strip()}"
        finally:
            server.terminate()


@contextlib.contextmanager
def webkit(scratch: Path) -> Iterator[Engine]:
    """The machine's WebKitGTK. Raises Missing where there is none."""
    from selenium.webdriver import WebKitGTK, WebKitGTKOptions
    from selenium.webdriver.webkitgtk.service import Service

    folders = ("lib/*/webkit*gtk-*", "libexec/webkit*gtk-*")
    browsers = sorted(found for folder in folders for found in Path("/usr").glob(f"{folder}/MiniBrowser"))
    driver = shutil.which("WebKitWebDriver")
    if not (browsers and driver and shutil.which("Xvfb")):
        raise Missing("no WebKit found: `apt install webkit2gtk-driver xvfb`")
    options = WebKitGTKOptions()
    options.binary_location = str(browsers[-1])
    options.add_argument("--automation")
    with screen() as display:
        # In a container there is neither a graphics card nor a session of a desktop, and no sandbox for root.
        alone = {
            "HOME": str(scratch),
            "DISPLAY": display,
            "GDK_BACKEND": "x11",
            "WEBKIT_DISABLE_COMPOSITING_MODE": "1",
            "WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS": "1",
            "GSETTINGS_BACKEND": "memory",
            "NO_AT_BRIDGE": "1",
        }
        service = Service(executable_path=driver, env=os.environ | alone)
        browser = WebKitGTK(options=options, service=service)
        try:
            browser.set_script_timeout(PATIENCE)
            browser.set_page_load_timeout(PATIENCE)
            browser.set_window_size(WIDE["width"], WIDE["height"])
            yield WebKit(browser)
        finally:
            browser.quit()


ENGINES = {"Firefox": firefox, "WebKit": webkit}
