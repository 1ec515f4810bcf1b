"""Applies one migration, and writes down in the history table what came of it."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg

from workers.environments.apply import Applied, Fate, Site, apply_migration
from workers.environments.connection import connect
from workers.environments.history import Begun, failure_log
from workers.environments.model import Environment, Progress, Watch
from workers.environments.order import Desk
from workers.errors import Cancelled, Refused, Unreachable
from workers.model import Migration

_AGAIN_S = 1.0
_BACK_S = 30.0  # a server that restarts is back by then


@dataclass(frozen=True, slots=True)
class Limited:
    """A watch that also wants an end after some time."""

    watch: Watch
    total_ms: int
    began: float = field(default_factory=time.monotonic)

    def tell(self, progress: Progress) -> None:
        self.watch.tell(progress)

    def cancelled(self) -> bool:
        return self._late or self.watch.cancelled()

    @property
    def why(self) -> str:
        """Of what was cancelled."""
        return f"stopped after the {self.total_ms / 1000:g} s that it may take" if self._late else "stopped on request"

    @property
    def _late(self) -> bool:
        return time.monotonic() - self.began > self.total_ms / 1000


@dataclass(frozen=True, slots=True)
class Outcome:
    """applied: what came of it, None where it was not begun, or nothing of it stays. stopped: why to stop there, plain
    text; "" to go on. known: whether the history table says how it ended."""

    applied: Applied | None
    stopped: str = ""
    known: bool = True


def migrate(desk: Desk, migration: Migration, watch: Limited) -> Outcome:
    """Raises nothing of the database's: what goes wrong with it is an outcome."""
    if watch.cancelled():
        return Outcome(None, f"{watch.why} before {migration.id}")
    connection, book, environment = desk.connection, desk.book, desk.order.environment
    begun = Begun("", migration)
    site = Site(connection, lambda purpose: connect(environment, purpose), environment.timeouts, watch)
    try:
        begun = book.begin(connection, migration)
        applied = apply_migration(site, migration, lambda: book.finish(connection, begun))
    except Cancelled:
        known = _write(desk, lambda c: book.give_back(c, begun, watch.why))
        return Outcome(None, f"{watch.why} in {migration.id}, of which nothing stays", known)
    except (Refused, psycopg.Error) as error:  # of the history table: its row is gone, it cannot be reached
        return Outcome(None, f"{migration.id}: {_said(error)}", known=False)
    if applied.fate is Fate.APPLIED:
        return Outcome(applied)
    said = applied.error.message if applied.error else applied.fate
    return Outcome(applied, f"{migration.id}: {said}", _written(desk, begun, applied))


def _said(error: Refused | psycopg.Error) -> str:
    """Without what a connection's error tells of where it led to."""
    if isinstance(error, Refused):
        return str(error)
    return error.diag.message_primary or "the connection to the database was lost"


def _written(desk: Desk, begun: Begun, applied: Applied) -> bool:
    logs = failure_log(begun.migration.id, applied.error)
    match applied.fate:
        case Fate.ROLLED_BACK:
            return _write(desk, lambda c: desk.book.give_back(c, begun, logs))
        case Fate.PARTLY:
            return _write(desk, lambda c: desk.book.fail(c, begun, logs))
        case _:
            return False


def _write(desk: Desk, write: Callable[[psycopg.Connection[Any]], None]) -> bool:
    """Through another connection, where ours is gone. Whether it could be written."""
    try:
        with _living(desk) as connection:
            write(connection)
    except (Unreachable, Refused, psycopg.Error):
        return False
    return True


@contextlib.contextmanager
def _living(desk: Desk) -> Iterator[psycopg.Connection[Any]]:
    if not desk.connection.broken and not desk.connection.closed:
        yield desk.connection
        return
    with _reconnected(desk.order.environment) as connection:
        yield connection


@contextlib.contextmanager
def _reconnected(environment: Environment) -> Iterator[psycopg.Connection[Any]]:
    """Waits for a server that is just restarting. Raises Unreachable."""
    deadline = time.monotonic() + _BACK_S
    while True:
        try:
            connection = connect(environment, "bookkeeping")
        except Unreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            break
    with connection:
        yield connection
