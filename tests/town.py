"""The whole product on loopback: GitHub's stand-in, Redis, the web process and a worker, each as it runs for users."""

from __future__ import annotations

import contextlib
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TextIO

import redis
import requests

from bot.scripts import LATER, PENDING
from tests.github.world import World
from tests.redis_server import RedisServer, free_port, running_redis

WORKER = ("-m", "workers.jobs")
OPERATOR = (*WORKER, "operations")
_TIMEOUT_S = 60.0
_POLL_S = 0.05


@dataclass
class Town:
    """log: where the processes write, for when something does not come to pass. worker: Python's arguments for one."""

    github: World
    redis: RedisServer
    environment: Mapping[str, str]
    log: Path
    worker: tuple[str, ...] = WORKER
    web: subprocess.Popen[bytes] | None = None
    workers: list[subprocess.Popen[bytes]] = field(default_factory=list)

    def start_web(self) -> None:
        """Returns when it answers."""
        port = free_port()
        arguments = ("-m", "gunicorn", "--bind", f"127.0.0.1:{port}", "--threads", "4", "bot.app:create_app()")
        self.web = self._start(*arguments)
        self.until(lambda: _answers(f"http://127.0.0.1:{port}/healthz"), "the web process answers")
        self.github.webhook_url = f"http://127.0.0.1:{port}/webhook"

    def start_worker(self) -> subprocess.Popen[bytes]:
        """One more."""
        return self._employ(self.worker)

    def start_operator(self) -> subprocess.Popen[bytes]:
        """One that works on environments."""
        return self._employ(OPERATOR)

    def _employ(self, arguments: tuple[str, ...]) -> subprocess.Popen[bytes]:
        worker = self._start(*arguments)
        self.workers.append(worker)
        return worker

    def until(self, so: Callable[[], object], what: str, timeout_s: float = _TIMEOUT_S) -> None:
        """Returns when `so` holds. Raises AssertionError with the end of the log when it does not come to pass."""
        deadline = time.monotonic() + timeout_s
        while not so():
            assert time.monotonic() < deadline, f"waited {timeout_s} s until {what}\n{self.tail()}"
            time.sleep(_POLL_S)

    def settle(self) -> None:
        """Returns when every delivery was answered and all work is done."""
        self.until(self.idle, "all work is done")

    def idle(self) -> bool:
        """Whether nothing is on its way: no work, and after that no delivery of which more work came."""
        self.github.hooks.settle()
        told = len(self.github.hooks.deliveries)
        with redis.Redis.from_url(self.redis.url) as connection:
            if _waiting(connection):
                return False
            self.github.hooks.settle()
            return len(self.github.hooks.deliveries) == told and not _waiting(connection)

    def stop(self) -> None:
        """Ends all processes."""
        for process in (self.web, *self.workers):
            if process and process.poll() is None:
                process.terminate()
        for process in (self.web, *self.workers):
            if process:
                with contextlib.suppress(subprocess.TimeoutExpired):
                    process.wait(10)
                process.kill()
                process.wait()

    def tail(self) -> str:
        """The end of what the processes wrote."""
        return self.log.read_text("utf-8", "replace")[-6000:]

    def _start(self, *arguments: str) -> subprocess.Popen[bytes]:
        with self.log.open("a") as log:
            return _popen(arguments, self.environment, log)


@contextlib.contextmanager
def town(folder: Path, cache: Path, worker: tuple[str, ...] = WORKER, **more: str) -> Iterator[Town]:
    """A town with a web process and a worker, whose folder is the caller's. more: environment variables of the bot."""
    with running_redis() as server, World(folder / "github") as github:
        environment = {
            **{name: os.environ[name] for name in ("PATH", "HOME", "LANG") if name in os.environ},
            **github.app_settings(),
            "REDIS_URL": server.url,
            "MIGRATION_BOT_CACHE": str(cache),
            "MIGRATION_BOT_WRITE_GAP_MS": "1",
            **more,
        }
        place = Town(github, server, environment, folder / "log", worker)
        try:
            place.start_web()
            place.start_worker()
            yield place
        finally:
            place.stop()
            shutil.rmtree(cache / "mirrors" / github.url.removeprefix("http://").replace(":", "_"), ignore_errors=True)


def _waiting(connection: redis.Redis) -> set[bytes]:
    """The keys of work to be done now: a merged pull request is looked at again for days."""
    pending: Any = connection.zrange(PENDING, 0, -1)
    later: Any = connection.zrange(LATER, 0, -1)
    return set(pending) - {key for key in later if key.startswith(b"landed:")}


def _popen(arguments: tuple[str, ...], environment: Mapping[str, str], log: TextIO) -> subprocess.Popen[bytes]:
    return subprocess.Popen((sys.executable, *arguments), env=dict(environment), stdout=log, stderr=log)


def _answers(url: str) -> bool:
    with contextlib.suppress(requests.RequestException):
        return requests.get(url, timeout=1).ok
    return False
