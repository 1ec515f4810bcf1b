"""The advisory lock that the layout's own runner takes, too: who has it may write the history table."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from datetime import UTC
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.environments.history.book import Book
from workers.errors import Refused

_POLL_S = 0.1

# A bigint key stands in two halves: https://www.postgresql.org/docs/current/view-pg-locks.html. application_name is for
# all to see, when a session began only for its own role and monitors.
_HOLDERS = """SELECT lock.pid, session.usename, session.application_name, session.backend_start
FROM pg_catalog.pg_locks AS lock LEFT JOIN pg_catalog.pg_stat_activity AS session USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = %s AND objid = %s
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""


@contextlib.contextmanager
def locked(c: psycopg.Connection[Any], book: Book, wait_s: float) -> Iterator[None]:
    """Session level: it ends with the block, or with the session. Raises Refused, naming who has it, after wait_s
    seconds, and psycopg.Error where the server is lost."""
    _take(c, book, wait_s)
    try:
        yield
    except BaseException:
        with contextlib.suppress(psycopg.Error):  # what went wrong inside is what counts
            c.rollback()
            _release(c, book)
        raise
    if not c.closed:
        _release(c, book)


def _take(c: psycopg.Connection[Any], book: Book, wait_s: float) -> None:
    """Asks again and again: one who waits inside pg_advisory_lock has a snapshot, and CREATE INDEX CONCURRENTLY of who
    has the lock waits for that (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY)."""
    deadline = time.monotonic() + wait_s
    while not _ask(c, "SELECT pg_catalog.pg_try_advisory_lock(%s)", book.lock_key)[0][0]:
        left_s = deadline - time.monotonic()
        if left_s <= 0:
            raise Refused(f"{_holder(c, book)}; waited {wait_s:g} s for it")
        time.sleep(min(_POLL_S, left_s))


def _release(c: psycopg.Connection[Any], book: Book) -> None:
    _ask(c, "SELECT pg_catalog.pg_advisory_unlock(%s)", book.lock_key)


def _holder(c: psycopg.Connection[Any], book: Book) -> str:
    rows = _ask(c, _HOLDERS, book.lock_key >> 32, book.lock_key & 0xFFFFFFFF)
    if not rows:
        return f"the lock of {book.name} is held by a session that is just ending"
    pid, user, application, began = rows[0]
    since = f", connected since {began.astimezone(UTC):%Y-%m-%d %H:%M:%S} UTC" if began else ""
    return f"the lock of {book.name} is held by pid {pid} ({application or 'no application_name'}, user {user}{since})"


def _ask(c: psycopg.Connection[Any], query: str, *values: object) -> list[tuple[Any, ...]]:
    with c.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode(), values, prepare=False).fetchall()
