"""A page in headless Chromium: what it shows, what it does when it is clicked on, what it looks like."""

from __future__ import annotations

import base64
import contextlib
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import IO, Any

_NAMES = ("chromium", "chromium-browser", "google-chrome")
_FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-pipe",
)
# Chromium reads what it is told from 3 and writes to 4.
_LAUNCH = """
import fcntl, os, sys
ends = [fcntl.fcntl(int(number), fcntl.F_DUPFD, 10) for number in sys.argv[1:3]]
os.dup2(ends[0], 3)
os.dup2(ends[1], 4)
os.execv(sys.argv[3], sys.argv[3:])
"""
_LONGEST_S = 120.0
_LOOK_S = 0.1


class Gone(Exception):
    """Chromium ended, or took too long, or the page's script failed."""


def program() -> str | None:
    """The path of a Chromium, where there is one."""
    return next((found for name in _NAMES if (found := shutil.which(name))), None)


@dataclass(frozen=True, slots=True)
class Tab:
    """Spoken to over Chromium's own protocol (https://chromedevtools.github.io/devtools-protocol/), through a pipe."""

    to: IO[bytes]
    back: IO[bytes]
    numbers: Iterator[int] = field(default_factory=lambda: itertools.count(1))
    session: list[str] = field(default_factory=list)

    def evaluate(self, script: str) -> Any:
        """The value of an expression in the page. Raises Gone."""
        answer = self.call("Runtime.evaluate", expression=script, returnByValue=True, awaitPromise=True)
        if "exceptionDetails" in answer:
            raise Gone(f"{script}: {answer['exceptionDetails']}")
        return answer["result"].get("value")

    def wait(self, condition: str, timeout_s: float = 30.0) -> None:
        """Until an expression is true. Raises Gone."""
        deadline = time.monotonic() + timeout_s
        while not self.evaluate(condition):
            if time.monotonic() > deadline:
                raise Gone(f"waited {timeout_s:.0f} s in vain for {condition}")
            time.sleep(_LOOK_S)

    def open(self, url: str) -> None:
        self.call("Page.navigate", url=url)
        self.wait(f"document.readyState === 'complete' && location.href === {json.dumps(url)}")

    def picture(self) -> bytes:
        """What is seen of the page, as PNG."""
        return base64.b64decode(self.call("Page.captureScreenshot", format="png")["data"])

    def call(self, method: str, **parameters: Any) -> Any:
        number = next(self.numbers)
        session = {"sessionId": self.session[0]} if self.session else {}
        message = {"id": number, "method": method, "params": parameters, **session}
        self.to.write(json.dumps(message).encode() + b"\0")
        self.to.flush()
        while (answer := self._next()).get("id") != number:
            pass
        if "error" in answer:
            raise Gone(f"{method}: {answer['error']}")
        return answer["result"]

    def _next(self) -> dict[str, Any]:
        """The next message: an answer, or news that nobody asked for."""
        text = bytearray()
        while (byte := self.back.read(1)) != b"\0":
            if not byte:
                raise Gone("Chromium has ended")
            text += byte
        return dict(json.loads(text))


@contextlib.contextmanager
def browsing(size: tuple[int, int]) -> Iterator[Tab]:
    """An empty page of so many pixels, in a browser of its own. Raises Gone."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory(ignore_cleanup_errors=True))
        (child_reads, to), (back, child_writes) = os.pipe(), os.pipe()
        launch = (sys.executable, "-c", _LAUNCH, str(child_reads), str(child_writes))
        command = (*launch, program() or _NAMES[0], *_FLAGS, f"--user-data-dir={folder}/profile")
        own = {**os.environ, "TMPDIR": folder}
        popen = subprocess.Popen(command, pass_fds=(child_reads, child_writes), stderr=subprocess.DEVNULL, env=own)
        stack.callback(popen.wait)
        stack.callback(popen.terminate)
        os.close(child_reads)
        os.close(child_writes)
        clock = threading.Timer(_LONGEST_S, popen.kill)
        clock.start()
        stack.callback(clock.cancel)
        tab = Tab(stack.enter_context(os.fdopen(to, "wb")), stack.enter_context(os.fdopen(back, "rb")))
        target = tab.call("Target.createTarget", url="about:blank")["targetId"]
        tab.session.append(tab.call("Target.attachToTarget", targetId=target, flatten=True)["sessionId"])
        seen = {"width": size[0], "height": size[1], "deviceScaleFactor": 1, "mobile": False}
        tab.call("Emulation.setDeviceMetricsOverride", **seen)
        yield tab
