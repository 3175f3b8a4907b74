"""A real JupyterLab and a real Chromium, for the browser tests.

What was learnt the hard way: the kernel's status says idle while a cell still runs, so a cell's end
is the end of the command's promise; the news pop-up covers the panel unless it is switched off; a
slider's value stands in its readout, not in aria-valuenow.
"""

from __future__ import annotations

import base64
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from tests.conftest import ROOT
from tests.panel.driver import LIMIT

CHROMIUM_ARGUMENTS = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
QUIET = {
    "@jupyterlab/apputils-extension:notification": {
        "fetchNews": "false",
        "checkForUpdates": False,
        "doNotDisturbMode": True,
    },
    "@jupyterlab/docmanager-extension:plugin": {"autosave": False},
}
FOLDERS = ("CONFIG", "DATA", "RUNTIME", "LAB_SETTINGS", "LAB_WORKSPACES")


def chromium() -> str | None:
    """The browser to drive: the system's, if there is one."""
    names = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")
    return next((path for name in names if (path := shutil.which(name))), None)


@contextmanager
def jupyterlab(root: Path, private: Path) -> Iterator[str]:
    """A JupyterLab on `root` with settings of its own; gives its address with the token."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    token = secrets.token_hex(16)
    path = os.pathsep.join(filter(None, [str(ROOT), os.environ.get("PYTHONPATH")]))
    env = {**os.environ, "IPYTHONDIR": str(private / "ipython"), "TF_CPP_MIN_LOG_LEVEL": "3"}
    env["PYTHONPATH"] = path  # kernels import this package and these tests
    for name in FOLDERS:
        key = f"JUPYTERLAB_{name[4:]}_DIR" if name.startswith("LAB_") else f"JUPYTER_{name}_DIR"
        env[key] = str(private / name.lower())
    config = private / "config" / "labconfig"
    config.mkdir(parents=True)
    (config / "default_setting_overrides.json").write_text(json.dumps(QUIET))
    command = [
        sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root",
        "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={port}", "--ServerApp.port_retries=0",
        f"--IdentityProvider.token={token}", f"--ServerApp.root_dir={root}",
        "--LabApp.expose_app_in_browser=True", "--LabApp.news_url=None",
        "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate",
        "--LabApp.extension_manager=readonly",
    ]  # fmt: skip
    log = (private / "server.log").open("w")
    server = subprocess.Popen(command, env=env, stdout=log, stderr=log)
    address = f"http://127.0.0.1:{port}"
    try:
        _wait_until_up(address, token, server)
        yield f"{address}?token={token}"
    finally:
        request = urllib.request.Request(
            f"{address}/api/shutdown", method="POST", headers={"Authorization": f"token {token}"}
        )
        try:
            urllib.request.urlopen(request, timeout=5).read()
            server.wait(20)
        except Exception:
            server.kill()
            server.wait()
        log.close()


class Notebook:
    """A notebook open in JupyterLab.

    Args:
        page: A Playwright page.
        address: From `jupyterlab`.
        name: The notebook's path below the server's root.
    """

    def __init__(self, page: Any, address: str, name: str) -> None:
        self.page = page
        page.set_default_timeout(2000 * LIMIT)  # milliseconds; a kernel imports TensorFlow
        self.console: list[str] = []
        page.on("console", self._note)
        page.on("pageerror", self._note_error)
        base, token = address.split("?")
        page.goto(f"{base}/lab/tree/{name}?{token}&reset")
        page.wait_for_function("() => !!window.jupyterapp")
        page.evaluate("async () => { await window.jupyterapp.restored }")
        page.wait_for_selector(".jp-NotebookPanel .jp-Notebook .jp-Cell")
        page.wait_for_function(
            "() => jupyterapp.shell.currentWidget?.sessionContext?.session?.kernel"
            "?.status === 'idle'"
        )

    def _note(self, message: Any) -> None:
        if message.type in ("error", "warning"):
            self.console.append(f"{message.type}: {message.text}")

    def _note_error(self, error: Any) -> None:
        places = [line for line in (error.stack or "").splitlines() if "http" in line]
        # Seen twice in some thirty runs, with no frame but JupyterLab's; its cause is not known.
        its_own = all("/static/lab/jlab_core" in place for place in places)
        if not (its_own and places and "removeChild" in error.stack):
            self.console.append(f"pageerror: {error.stack}")

    def run_all(self) -> None:
        """Run all cells; returns when the last one has ended."""
        self.command("notebook:run-all-cells")
        assert not self.errors(), self.errors()

    def run_cell(self, source: str) -> None:
        """Run this as the only cell of the notebook; returns when it has ended."""
        self.page.evaluate(
            """source => {
                 const model = jupyterapp.shell.currentWidget.content.model.sharedModel;
                 const cells = [{cell_type: 'code', source, metadata: {}, outputs: []}];
                 model.transact(() => {
                   model.deleteCellRange(0, model.cells.length);
                   model.insertCells(0, cells);
                 });
               }""",
            source,
        )
        self.run_all()

    def command(self, name: str, **options: Any) -> None:
        """Execute a JupyterLab command and wait for its end."""
        self.page.evaluate(
            "async ([name, options]) => { await jupyterapp.commands.execute(name, options) }",
            [name, options],
        )

    def errors(self) -> list[str]:
        """Errors among the cells' outputs."""
        return self.page.evaluate(
            """() => jupyterapp.shell.currentWidget.content.widgets.flatMap(
                 cell => cell.model.type === 'code' ? cell.model.outputs.toJSON() : [])
               .filter(output => output.output_type === 'error')
               .map(output => output.ename + ': ' + output.evalue)"""
        )

    def run(self, code: str) -> str:
        """Run code in the kernel, beside the notebook; gives what it printed.

        Raises:
            RuntimeError: If it raised.
        """
        result = self.page.evaluate(
            """async code => {
                 const kernel = jupyterapp.shell.currentWidget.sessionContext.session.kernel;
                 const future = kernel.requestExecute({code, store_history: false});
                 let text = '', error = null;
                 future.onIOPub = m => {
                   if (m.header.msg_type === 'stream') text += m.content.text;
                   if (m.header.msg_type === 'error') error = m.content.traceback.join('\\n');
                 };
                 await future.done;
                 return {text, error};
               }""",
            code,
        )
        if result["error"]:
            raise RuntimeError(result["error"])
        return result["text"].strip()

    def drive(self, code: str) -> str:
        """Run code in the kernel that uses `driver`, a `PanelDriver` of the notebook's `panel`."""
        start = "from tests.panel.driver import PanelDriver\ndriver = PanelDriver(panel)\n"
        return self.run(start + code)

    def restart(self) -> None:
        """Restart the kernel."""
        self.page.evaluate(
            "async () => { await jupyterapp.shell.currentWidget.sessionContext.restartKernel() }"
        )

    def theme(self, name: str) -> None:
        """Switch JupyterLab's theme."""
        self.command("apputils:change-theme", theme=name)
        self.page.wait_for_function("name => document.body.dataset.jpThemeName === name", arg=name)

    def slider(self, css: str, handle: int = 0) -> Any:
        """A slider's handle; focus it and press arrow keys."""
        return self.page.locator(f".{css} [role=slider]").nth(handle)

    def readout(self, css: str) -> str:
        """The value a slider shows."""
        return self.page.locator(f".{css} .widget-readout").inner_text()

    def open_group(self, name: str) -> None:
        """Open a group of controls: "reading", "scaling" or "more"."""
        button = self.page.locator(f"button.wb-group-{name}")
        if "mod-active" not in (button.get_attribute("class") or ""):
            button.click()

    def latency(self, css: str, key: str) -> float:
        """Milliseconds from a key on a slider to the new picture, decoded."""
        return float(self.page.evaluate(LATENCY, [css, key]))

    def picture(self) -> Any:
        """The sample grid's pixels, as OpenCV decodes them."""
        encoded = self.page.evaluate(
            """async () => {
                 const image = document.querySelector('img.wb-preview');
                 const data = await (await fetch(image.src)).blob();
                 const reader = new FileReader();
                 await new Promise(done => { reader.onload = done; reader.readAsDataURL(data) });
                 return reader.result.split(',')[1];
               }"""
        )
        data = np.frombuffer(base64.b64decode(encoded), np.uint8)
        return cv2.imdecode(data, cv2.IMREAD_UNCHANGED)

    def wait_for_text(self, css: str, text: str) -> None:
        """Wait until an area shows a text."""
        self.page.wait_for_selector(f".{css}:has-text({json.dumps(text, ensure_ascii=False)})")

    def settle(self) -> None:
        """Wait until the page shows the picture of the newest settings."""
        newest = None
        while newest != (now := self.drive("print(driver.report.request.generation)")):
            newest = now  # keys may still be on their way
            self._wait_for_picture(">= number", newest)

    def wait_for_new_picture(self, action: Callable[[], object]) -> None:
        """Do something that leads to another picture, and wait for it."""
        before = self.page.get_attribute("img.wb-preview", "data-settings")
        action()
        self._wait_for_picture("!== number", before)

    def _wait_for_picture(self, condition: str, number: str | None) -> None:
        self.page.wait_for_function(
            "number => { const i = document.querySelector('img.wb-preview');"
            f" return i.dataset.settings {condition} && i.complete }}",
            arg=number,
        )

    def press(self, css: str, key: str, times: int = 1) -> None:
        """Press a key on a slider."""
        handle = self.slider(css)
        handle.focus()
        for _ in range(times):
            self.page.keyboard.press(key)


# Sends a key to a slider and waits for the picture that it leads to, all within the page; an
# observer, because polling would take the processor from the kernel that is being waited for.
LATENCY = """([css, key]) => new Promise((done, fail) => {
  const image = document.querySelector('img.wb-preview');
  const observer = new MutationObserver(async () => {
    observer.disconnect();
    await image.decode();
    done(performance.now() - began);
  });
  observer.observe(image, {attributes: true, attributeFilter: ['src']});
  setTimeout(() => fail(new Error('no new picture')), 60000);
  const handle = document.querySelector(`.${css} [role=slider]`);
  handle.focus();
  const began = performance.now();
  handle.dispatchEvent(new KeyboardEvent('keydown', {key, bubbles: true, cancelable: true}));
})"""


def _wait_until_up(address: str, token: str, server: subprocess.Popen[bytes]) -> None:
    request = urllib.request.Request(
        f"{address}/api/status", headers={"Authorization": f"token {token}"}
    )
    for _ in range(600):
        try:
            urllib.request.urlopen(request, timeout=10).read()
            return
        except OSError:
            if server.poll() is not None:
                raise RuntimeError("JupyterLab ended before it was up") from None
            time.sleep(0.2)
    raise RuntimeError("JupyterLab did not come up in 2 min")
