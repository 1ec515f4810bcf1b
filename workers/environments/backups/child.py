"""Runs a PostgreSQL client program that can be watched and stopped, and that no secret is seen of."""

from __future__ import annotations

import contextlib
import json
import os
import selectors
import signal
import subprocess
import sys
import tempfile
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from workers.environments.model import Watch
from workers.errors import Cancelled, Unreachable
from workers.postgres import confine

STOPPED = "the backup was stopped; nothing of it stays"
_POLL_S = 0.1  # how long a wish to stop is not seen
_GRACE_S = 10.0  # in which a program that is told to end takes its query back
_LINES = 10_000  # that are kept of what a program says
# libpq finds certificates as in our own process: the user's root.crt, OpenSSL's store.
_KEPT = ("HOME", "SSL_CERT_FILE", "SSL_CERT_DIR")


@dataclass(frozen=True, slots=True)
class Look:
    """Who looks on, and until when. deadline_s: on time.monotonic()."""

    watch: Watch
    deadline_s: float


@dataclass(frozen=True, slots=True)
class Ended:
    """code: negative for the signal that ended it. said: the last lines of standard error."""

    code: int
    said: tuple[str, ...]


def _unheard(line: str) -> None:
    """For what is only read at the end."""


def run(words: Sequence[str], password: str, look: Look, hear: Callable[[str], None] = _unheard) -> Ended:
    """Runs a program to its end. hear: called with each line of its standard error. Raises Cancelled and Unreachable
    (past its time) when it has been stopped."""
    with _environment(password) as environment:
        child = subprocess.Popen(
            _bound_to_us(words), stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE,
            env=environment, umask=0o077, start_new_session=True,
        )  # fmt: skip
        with child:
            try:
                said = _listen(child, hear, look)
                return Ended(child.wait(), said)
            except BaseException:
                _end(child)
                raise


def _bound_to_us(words: Sequence[str]) -> list[str]:
    """A pg_dump that outlived us would hold its locks against the next migration. Nor does it leave a core, with rows
    in it, behind."""
    order = confine.Order(
        parent=os.getpid(), user=None, rlimits={"CORE": 0}, landlock=False, seccomp="no", read=[], execute=[], write=[]
    )
    return [sys.executable, "-I", "-S", confine.__file__, json.dumps(order), "--", *words]


@contextlib.contextmanager
def _environment(password: str) -> Iterator[dict[str, str]]:
    """The child's whole environment. The password goes by file: an environment is inherited, is written to crash
    reports, and can be read in /proc by all that runs as the same user; arguments can be read by everybody
    (https://www.postgresql.org/docs/current/libpq-pgpass.html). English, because we read what is said."""
    kept = {name: os.environ[name] for name in _KEPT if name in os.environ}
    with tempfile.TemporaryDirectory(prefix="migration-bot-") as folder:  # 0700
        passfile = Path(folder) / "pgpass"
        escaped = password.replace("\\", "\\\\").replace(":", "\\:")
        passfile.touch(mode=0o600)
        passfile.write_text(f"*:*:*:*:{escaped}\n", "utf-8")
        yield {**kept, "PATH": "/usr/bin:/bin", "LC_ALL": "C", "PGPASSFILE": str(passfile)}


def _listen(child: subprocess.Popen[bytes], hear: Callable[[str], None], look: Look) -> tuple[str, ...]:
    assert child.stderr is not None
    said: deque[str] = deque(maxlen=_LINES)
    rest = b""
    with selectors.DefaultSelector() as selector:
        selector.register(child.stderr, selectors.EVENT_READ)
        while True:
            _go_on(look)
            if not selector.select(_POLL_S):
                continue
            chunk = os.read(child.stderr.fileno(), 1 << 16)
            *lines, rest = (rest + (chunk or b"\n")).split(b"\n")
            for line in (line.decode("utf-8", "replace") for line in lines if line):
                hear(line)
                said.append(line)
            if not chunk:
                return tuple(said)


def _go_on(look: Look) -> None:
    if look.watch.cancelled():
        raise Cancelled(STOPPED)
    if time.monotonic() > look.deadline_s:
        raise Unreachable("the backup was not done in the time that a command may take; nothing of it stays")


def _end(child: subprocess.Popen[bytes]) -> None:
    """pg_dump takes the queries of all its processes back before it goes; start_new_session made it their leader."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(child.pid, signal.SIGTERM)
        try:
            child.wait(_GRACE_S)
        finally:
            os.killpg(child.pid, signal.SIGKILL)
