"""Who holds the layout's lock; and ends sessions of ours that nobody is behind any more."""

from __future__ import annotations

from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.environments.connection import APPLICATION
from workers.environments.order import Order, looking

# A bigint key stands in two halves: https://www.postgresql.org/docs/current/view-pg-locks.html
_HOLDERS = """SELECT lock.pid, session.usename = current_user AND session.application_name LIKE %s,
    session.application_name
FROM pg_catalog.pg_locks AS lock JOIN pg_catalog.pg_stat_activity AS session USING (pid)
WHERE locktype = 'advisory' AND granted AND objsubid = 1 AND classid = %s AND objid = %s
    AND database = (SELECT oid FROM pg_catalog.pg_database WHERE datname = current_database())"""


def end_remnants(order: Order) -> tuple[str, ...]:
    """What was found and done, plain sentences. To be called while nobody of ours is at work there. Raises Refused,
    Unreachable."""
    with looking(order) as desk:
        key = desk.book.lock_key
        found = _ask(desk.connection, _HOLDERS, f"{APPLICATION}%", key >> 32, key & 0xFFFFFFFF)
        said = []
        for pid, ours, application in found:
            if ours:
                _ask(desk.connection, "SELECT pg_catalog.pg_terminate_backend(%s)", pid)
                said.append(f"ended pid {pid} ({application}), which nobody of us is behind any more")
            else:
                said.append(f"pid {pid} ({application or 'no application_name'}) holds the lock of {desk.book.name}")
        return tuple(said) or (f"nobody holds the lock of {desk.book.name}",)


def _ask(c: psycopg.Connection[Any], query: str, *values: object) -> list[tuple[Any, ...]]:
    with c.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode(), values, prepare=False).fetchall()
