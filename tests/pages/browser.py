"""Headless Chromium for tests: its DevTools protocol over a pipe, so that no driver and no package is needed.

`chromium` of Debian is enough (with `fonts-noto-cjk` for Chinese). Where it is absent the tests that use it
are skipped, and say so.
"""

from __future__ import annotations

import base64
import json
import os
import select
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

NAMES = ("chromium", "chromium-browser", "google-chrome", "chrome")
CHROMIUM = next((found for name in NAMES if (found := shutil.which(name))), None)
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None or sys.platform == "win32",
    reason="no Chromium on the PATH (Debian: apt-get install chromium fonts-noto-cjk), or no POSIX pipe to it",
)
FLAGS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--disable-dev-shm-usage", "--disable-quic", "--no-first-run",
    "--disable-background-networking", "--disable-component-update", "--disable-sync", "--disable-extensions",
    "--hide-scrollbars", "--remote-debugging-pipe",
)  # fmt: skip
PATIENCE = 120.0  # seconds for an answer: the machine may be busy
# Chromium reads commands from descriptor 3 and writes answers to 4.
_JOIN = (
    "import os, sys\n"
    "ends = [os.dup(os.dup(os.dup(int(n)))) for n in sys.argv[1:3]]\n"
    "os.dup2(ends[0], 3); os.dup2(ends[1], 4)\n"
    "os.execv(sys.argv[3], sys.argv[3:])\n"
)


class Browser:
    """A running Chromium."""

    def __init__(self, profile: Path) -> None:
        assert CHROMIUM is not None
        theirs_in, self._out = os.pipe()
        self._in, theirs_out = os.pipe()
        join = [sys.executable, "-c", _JOIN, str(theirs_in), str(theirs_out)]
        with (profile.parent / "chromium.log").open("wb") as log:
            self._process = subprocess.Popen(
                [*join, CHROMIUM, *FLAGS, f"--user-data-dir={profile}"],
                pass_fds=(theirs_in, theirs_out), stdout=log, stderr=log, stdin=subprocess.DEVNULL,
            )  # fmt: skip
        os.close(theirs_in)
        os.close(theirs_out)
        self._held, self._number = b"", 0
        self.pages: dict[str, Page] = {}

    def send(self, method: str, session: str | None = None, **values: Any) -> dict[str, Any]:
        """The answer to a command; events that come before it go to their pages."""
        self._number += 1
        command = {"id": self._number, "method": method, "params": values}
        line = json.dumps(command | ({"sessionId": session} if session else {})).encode() + b"\0"
        while line:
            line = line[os.write(self._out, line) :]
        until = time.monotonic() + PATIENCE
        while True:
            answer = self._next(until, method)
            if answer.get("id") == self._number:
                assert "error" not in answer, (method, answer["error"])
                return dict(answer["result"])
            if page := self.pages.get(answer.get("sessionId", "")):
                page.hear(answer["method"], answer["params"])

    def _next(self, until: float, method: str) -> dict[str, Any]:
        while b"\0" not in self._held:
            ready, _, _ = select.select([self._in], [], [], max(0.0, until - time.monotonic()))
            assert ready, f"Chromium did not answer {method} in {PATIENCE:.0f} s"
            read = os.read(self._in, 1 << 20)
            assert read, f"Chromium ended before it answered {method}"
            self._held += read
        message, _, self._held = self._held.partition(b"\0")
        return dict(json.loads(message))

    @contextmanager
    def open(
        self, file: Path, *, hash: str = "", width: int = 1280, height: int = 900, dark: bool = False,
        downloads: Path | None = None,
    ) -> Iterator[Page]:  # fmt: skip
        """A page from disk, loaded, in a context of its own (nothing is kept from other tests)."""
        context = self.send("Target.createBrowserContext")["browserContextId"]
        if downloads is not None:
            where = {"downloadPath": str(downloads), "browserContextId": context}
            self.send("Browser.setDownloadBehavior", behavior="allow", **where)
        target = self.send("Target.createTarget", url="about:blank", browserContextId=context)["targetId"]
        session = self.send("Target.attachToTarget", targetId=target, flatten=True)["sessionId"]
        page = self.pages[session] = Page(self, session)
        for room in ("Page", "Runtime", "Log", "Network"):
            page.send(f"{room}.enable")
        page.size(width, height)
        page.media(dark=dark)
        page.go(file.as_uri() + hash)
        try:
            yield page
        finally:
            del self.pages[session]
            self.send("Target.disposeBrowserContext", browserContextId=context)

    def close(self) -> None:
        """End the process that was started here."""
        self._process.terminate()
        try:
            self._process.wait(20)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        os.close(self._in)
        os.close(self._out)


class Page:
    """A tab. `console` is what was logged or broke, `requests` every address that was asked for."""

    def __init__(self, browser: Browser, session: str) -> None:
        self._browser, self._session = browser, session
        self.console: list[str] = []
        self.requests: list[str] = []
        self.events: set[str] = set()

    def hear(self, event: str, values: dict[str, Any]) -> None:
        """Take in what Chromium tells unasked."""
        self.events.add(event)
        if event == "Runtime.consoleAPICalled":
            self.console.append(" ".join(str(arg.get("value", arg)) for arg in values["args"]))
        elif event == "Runtime.exceptionThrown":
            self.console.append(json.dumps(values["exceptionDetails"]))
        elif event == "Log.entryAdded":
            self.console.append(values["entry"]["text"])
        elif event == "Network.requestWillBeSent":
            self.requests.append(values["request"]["url"])

    def send(self, method: str, **values: Any) -> dict[str, Any]:
        """A command for this tab."""
        return self._browser.send(method, self._session, **values)

    def go(self, address: str) -> None:
        """Open an address and wait until it is loaded."""
        self.send("Page.navigate", url=address)
        self.wait("document.readyState === 'complete' && location.href !== 'about:blank'")

    def run(self, script: str) -> Any:
        """The value of an expression, or of the promise that it is."""
        done = self.send("Runtime.evaluate", expression=script, awaitPromise=True, returnByValue=True)
        assert "exceptionDetails" not in done, done["exceptionDetails"]
        return done["result"].get("value")

    def wait(self, condition: str) -> None:
        """Until the expression holds."""
        until = time.monotonic() + PATIENCE
        while not self.run(f"Boolean({condition})"):
            assert time.monotonic() < until, condition
            time.sleep(0.02)

    def size(self, width: int, height: int) -> None:
        """The window; narrow ones are phones with touch."""
        phone = width < 600
        self.send(
            "Emulation.setDeviceMetricsOverride",
            width=width,
            height=height,
            deviceScaleFactor=1,
            mobile=phone,
        )
        self.send("Emulation.setTouchEmulationEnabled", enabled=phone)

    def media(self, *, dark: bool, kind: str = "") -> None:
        """Dark mode or light; `kind` is `print` or nothing."""
        scheme = {"name": "prefers-color-scheme", "value": "dark" if dark else "light"}
        self.send("Emulation.setEmulatedMedia", media=kind, features=[scheme])

    def middle(self, selector: str) -> tuple[float, float]:
        """Where the middle of an element is, once it is in view."""
        x, y = self.run(
            f"(() => {{ const node = document.querySelector({json.dumps(selector)});"
            "node.scrollIntoView({ block: 'center' }); const r = node.getClientRects()[0];"
            "return [r.left + r.width / 2, r.top + r.height / 2]; })()"
        )
        return x, y

    def hover(self, selector: str) -> None:
        """Move the mouse over an element."""
        x, y = self.middle(selector)
        self.send("Input.dispatchMouseEvent", type="mouseMoved", x=x, y=y)

    def click(self, selector: str) -> None:
        """Press and release the mouse over an element; on a phone, tap it."""
        x, y = self.middle(selector)
        for kind in ("mousePressed", "mouseReleased"):
            self.send("Input.dispatchMouseEvent", type=kind, x=x, y=y, button="left", clickCount=1)

    def tap(self, selector: str) -> None:
        """Touch an element with a finger."""
        x, y = self.middle(selector)
        self.send("Input.dispatchTouchEvent", type="touchStart", touchPoints=[{"x": x, "y": y}])
        self.send("Input.dispatchTouchEvent", type="touchEnd", touchPoints=[])

    def type(self, text: str) -> None:
        """Write into what has the focus."""
        self.send("Input.insertText", text=text)

    def press(self, key: str) -> None:
        """A key, as a keyboard gives it."""
        known = {"Tab": 9, "Enter": 13, "Escape": 27, " ": 32}
        code = known.get(key) or ord(key.upper())
        text = {"Enter": "\r"}.get(key, key if len(key) == 1 else "")
        values = {"key": key, "windowsVirtualKeyCode": code, "text": text}
        self.send("Input.dispatchKeyEvent", type="keyDown", **values)
        self.send("Input.dispatchKeyEvent", type="keyUp", **values)

    def picture(self, file: Path, *, whole: bool = False) -> None:
        """A PNG of the screen, or of the whole page."""
        data = self.send("Page.captureScreenshot", format="png", captureBeyondViewport=whole)["data"]
        file.write_bytes(base64.b64decode(data))

    def pdf(self) -> bytes:
        """The page on paper."""
        return base64.b64decode(self.send("Page.printToPDF", preferCSSPageSize=True)["data"])
