"""The web process as the Procfile starts it, on a port of loopback."""

from __future__ import annotations

import contextlib
import http.client
import os
import signal
import subprocess
import sys
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from tests.bot.deliveries import APP_ID, SECRET
from tests.redis_server import free_port

ROOT = Path(__file__).parents[2]


@dataclass(frozen=True, slots=True)
class Web:
    """log: what it wrote to stderr, complete when it has ended."""

    port: int
    log: Path

    def post(self, body: bytes, headers: Mapping[str, str], chunk_bytes: int = 0) -> int:
        """The status of the answer to a delivery. chunk_bytes: 0 tells the body's length before it."""
        chunks = (body[at : at + chunk_bytes] for at in range(0, len(body), chunk_bytes)) if chunk_bytes else body
        chunked = {"Transfer-Encoding": "chunked"} if chunk_bytes else {}
        with contextlib.closing(http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)) as connection:
            with contextlib.suppress(ConnectionError):  # refused before all was sent
                connection.request("POST", "/webhook", chunks, {**headers, **chunked}, encode_chunked=bool(chunk_bytes))
            return connection.getresponse().status


@contextlib.contextmanager
def running_web(redis_url: str, folder: Path, line: str = "") -> Iterator[Web]:
    """Until the block ends, and then gracefully. line: another command than the Procfile's."""
    web = Web(free_port(), folder / "web.log")
    environment = {
        "PATH": f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(ROOT),
        "PORT": str(web.port),
        "REDIS_URL": redis_url,
        "MIGRATION_BOT_GITHUB_APP_ID": str(APP_ID),
        "MIGRATION_BOT_GITHUB_PRIVATE_KEY": "-----BEGIN RSA PRIVATE KEY-----",
        "MIGRATION_BOT_WEBHOOK_SECRETS": f"{SECRET},another secret of the tests",
    }
    here = (line or procfile()["web"]).replace("0.0.0.0", "127.0.0.1")
    command = ("/bin/sh", "-c", f"exec {here}")
    with subprocess.Popen(command, cwd=ROOT, env=environment, stderr=subprocess.PIPE) as process:
        assert process.stderr
        listening = threading.Event()
        reader = threading.Thread(target=_keep, args=(process.stderr, web.log, listening))
        reader.start()
        try:
            assert listening.wait(timeout=30), "gunicorn does not listen"
            yield web
        finally:
            process.send_signal(signal.SIGTERM)
            reader.join()


def _keep(stderr: IO[bytes], log: Path, listening: threading.Event) -> None:
    """All of it, so that the process never waits for a reader. Once it listens, the system keeps connections until a
    worker is there."""
    with log.open("wb") as kept:
        for line in stderr:
            kept.write(line)
            if b"Listening at" in line:
                listening.set()


def procfile() -> dict[str, str]:
    """The command of each kind of process."""
    lines = (line.partition(": ") for line in (ROOT / "Procfile").read_text().splitlines())
    return {kind: command for kind, _, command in lines}
