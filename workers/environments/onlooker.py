"""Tells how a migration goes while it runs, and remembers whom it waited for, from a second connection."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import psycopg

from workers.environments.blockers import activity_of, blockers_of, waiting
from workers.environments.model import Blocker, Progress, Watch
from workers.errors import Refused, Unreachable

_LOOK_S = 0.5
_OPEN_AGAIN_S = 5.0
_QUICK_S = 0.2  # most statements are over by then, and nobody looks at them


@dataclass(frozen=True, slots=True)
class Now:
    """What runs. done: statements that stand; attempt: from 1; since: time.monotonic()."""

    done: int
    attempt: int
    since: float


@dataclass(slots=True)
class Onlooker:
    """A thread of its own, which begins with the first statement that takes long: who runs that must never wait for
    another connection, as it may hold locks. step, statements: for Progress. pid: of the session looked at."""

    watch: Watch
    open_another: Callable[[str], psycopg.Connection[Any]]
    pid: int
    step: str
    statements: int
    now: Now | None = None
    blockers: tuple[Blocker, ...] = ()
    _stop: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None
    _connection: psycopg.Connection[Any] | None = None
    _opened: float = float("-inf")

    def __enter__(self) -> Onlooker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        if self._thread:
            self._thread.join()

    def look(self) -> None:
        """To be called again and again while a statement runs; returns at once."""
        if self._thread is None and self.now and time.monotonic() - self.now.since > _QUICK_S:
            self._thread = threading.Thread(target=self._run, name="onlooker", daemon=True)
            self._thread.start()

    def _run(self) -> None:
        try:
            self._tell()
            while not self._stop.wait(_LOOK_S):
                self._tell()
        finally:
            self._close()

    def _tell(self) -> None:
        now = self.now
        if now is None:
            return
        seen = self._seen()
        running = f"running for {time.monotonic() - now.since:.0f} s"
        tries = f"try {now.attempt}" if now.attempt > 1 else ""
        detail = ", ".join(part for part in (running, tries, seen) if part)
        if not self._stop.is_set():
            self.watch.tell(Progress(self.step, detail, now.done, self.statements))

    def _seen(self) -> str:
        if not self._open():
            return ""
        assert self._connection is not None
        try:
            if found := blockers_of(self._connection, self.pid):
                self.blockers = found
                return waiting(found)
            return activity_of(self._connection, self.pid)
        except psycopg.Error:
            self._close()
            return ""

    def _open(self) -> bool:
        """A server without a free connection, or one that is just restarting, is not asked for one all the time."""
        if self._connection is None and time.monotonic() - self._opened > _OPEN_AGAIN_S:
            self._opened = time.monotonic()
            with contextlib.suppress(psycopg.Error, Unreachable, Refused):
                self._connection = self.open_another("looking on")
        return self._connection is not None

    def _close(self) -> None:
        if self._connection is not None:
            self._connection.close()
            self._connection = None
