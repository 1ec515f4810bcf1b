"""The advisory lock that the layout's own runner takes, too: who has it may write the history table."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg.rows import class_row, tuple_row

from workers.environments.connection import APPLICATION
from workers.environments.history.book import Book
from workers.errors import Refused

_POLL_S = 0.1
_HALF = 0xFFFFFFFF

# A bigint key stands in two halves: https://www.postgresql.org/docs/current/view-pg-locks.html. application_name is for
# all to see, when a session began only for its own role and monitors.
_HOLDERS = """SELECT lock.pid, coalesce(session.usename::text, '') AS user, session.application_name AS application,
    session.backend_start AS began,
    (session.usename = current_user AND pg_catalog.starts_with(session.application_name, %s)) IS TRUE AS mine
FROM pg_catalog.pg_locks AS lock JOIN pg_catalog.pg_stat_activity AS session USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = %s AND objid = %s
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""


@dataclass(frozen=True, slots=True)
class Holder:
    """A session that has the lock. user: "" for a role that is gone. began: None where that is not for us to see. mine:
    whether it is one of ours, as the role that asks."""

    pid: int
    user: str
    application: str
    began: datetime | None
    mine: bool

    @property
    def called(self) -> str:
        return self.application or "no application_name"


def holders(c: psycopg.Connection[Any], book: Book) -> tuple[Holder, ...]:
    """More than one only where it was taken as a shared lock. Raises psycopg.Error."""
    key = book.lock_key(c)
    with c.cursor(row_factory=class_row(Holder)) as cursor:
        return tuple(cursor.execute(_HOLDERS, (APPLICATION, key >> 32 & _HALF, key & _HALF), prepare=False))


@contextlib.contextmanager
def locked(c: psycopg.Connection[Any], book: Book, wait_s: float) -> Iterator[None]:
    """Session level: it ends with the block, or with the session. Raises Refused, naming who has it, after wait_s
    seconds, and psycopg.Error where the server is lost, also when that happens inside."""
    _take(c, book, wait_s)
    try:
        yield
    except BaseException:
        with contextlib.suppress(psycopg.Error):  # what went wrong inside is what counts
            c.rollback()
            _release(c, book)
        raise
    _release(c, book)


def _take(c: psycopg.Connection[Any], book: Book, wait_s: float) -> None:
    """Asks again and again: one who waits inside pg_advisory_lock has a snapshot, and CREATE INDEX CONCURRENTLY of who
    has the lock waits for that (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY)."""
    deadline = time.monotonic() + wait_s
    while not _ask(c, "SELECT pg_catalog.pg_try_advisory_lock(%s)", book):
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Refused(f"{_held(c, book)}; waited {wait_s:g} s for it")
        time.sleep(min(_POLL_S, left_s))


def _release(c: psycopg.Connection[Any], book: Book) -> None:
    _ask(c, "SELECT pg_catalog.pg_advisory_unlock(%s)", book)


def _held(c: psycopg.Connection[Any], book: Book) -> str:
    first = next(iter(holders(c, book)), None)
    if first is None:
        return f"the lock of {book.name} is held by a session that is just ending"
    since = f", connected since {first.began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if first.began else ""
    who = f"{first.called}, user {first.user}{since}"
    return f"the lock of {book.name} is held by pid {first.pid} ({who})"


def _ask(c: psycopg.Connection[Any], query: LiteralString, book: Book) -> bool:
    with c.cursor(row_factory=tuple_row) as cursor:
        row = cursor.execute(query, (book.lock_key(c),), prepare=False).fetchone()
    return row is not None and bool(row[0])
