"""Finds out from the database what became of something whose end was not seen."""

from __future__ import annotations

import contextlib
import enum
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar
from weakref import WeakKeyDictionary

import psycopg

from workers.errors import Refused, Unreachable

OpenAnother = Callable[[str], psycopg.Connection[Any]]
_Answer = TypeVar("_Answer")

_AGAIN_S = 0.2
_SERVER_START = "extract(epoch from pg_catalog.pg_postmaster_start_time())::text"
_ENDING = f"select pg_catalog.pg_xact_status(%s::xid8), {_SERVER_START}"
_KNOWN = f"select pg_catalog.pg_backend_pid(), {_SERVER_START}"
_INVALID = """
select pg_catalog.format('DROP INDEX CONCURRENTLY %I.%I', n.nspname, c.relname)
  from pg_catalog.pg_index as i
  join pg_catalog.pg_class as c on c.oid = i.indexrelid and c.relkind = 'i'
  join pg_catalog.pg_namespace as n on n.oid = c.relnamespace
 where not i.indisvalid
"""
# Since version 14: https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION
_DETACHING = """
union all
select pg_catalog.format('ALTER TABLE %s DETACH PARTITION %s FINALIZE', inhparent::pg_catalog.regclass,
                         inhrelid::pg_catalog.regclass)
  from pg_catalog.pg_inherits where inhdetachpending
"""


@dataclass(frozen=True, slots=True)
class Known:
    """Of a session. pid: the server's; behind a proxy, as Neon's, the one that libpq was told is another."""

    pid: int
    server_start: str


_known: WeakKeyDictionary[psycopg.Connection[Any], Known] = WeakKeyDictionary()  # asked once for each session


def known_of(c: psycopg.Connection[Any]) -> Known:
    if c not in _known:
        row = c.execute(_KNOWN).fetchone()
        assert row is not None
        _known[c] = Known(*row)
    return _known[c]


def leftovers(c: psycopg.Connection[Any]) -> frozenset[str]:
    """The statements that would remove what failed CONCURRENTLYs have left: invalid indexes, half detached partitions.
    Those that are at work just now are among them."""
    query = _INVALID + (_DETACHING if c.info.server_version >= 140000 else "")
    return frozenset(row[0] for row in c.execute(query.encode()).fetchall())


class Ending(enum.Enum):
    """Of a transaction. OPEN: nobody can tell."""

    COMMITTED = enum.auto()
    ABORTED = enum.auto()
    OPEN = enum.auto()


def ending(open_another: OpenAnother, xid: str, server_start: str, patience_s: float) -> Ending:
    """Of a transaction whose COMMIT was not answered.

    pg_xact_status knows (https://www.postgresql.org/docs/current/functions-info.html#FUNCTIONS-INFO-SNAPSHOT). But
    another server in the place of the first may have given the number to somebody else when ours never came there:
    after a restart, which looks the same, only a No can be trusted."""

    def ask(c: psycopg.Connection[Any]) -> Ending | None:
        try:
            row = c.execute(_ENDING, (xid,)).fetchone()
        except psycopg.errors.InvalidParameterValue:  # in the future: it was never written down
            return Ending.ABORTED
        assert row is not None
        if row[0] == "committed":
            return Ending.COMMITTED if row[1] == server_start else Ending.OPEN
        return Ending.ABORTED if row[0] == "aborted" else None

    return _asked(open_another, ask, patience_s) or Ending.OPEN


def left_behind(
    open_another: OpenAnother, pid: int, before: frozenset[str], patience_s: float
) -> frozenset[str] | None:
    """What leftovers there are since `before`, once the session that was lost is over; None when that is not seen."""

    def ask(c: psycopg.Connection[Any]) -> frozenset[str] | None:
        row = c.execute("select count(*) from pg_catalog.pg_stat_activity where pid = %s", (pid,)).fetchone()
        return leftovers(c) - before if row == (0,) else None

    return _asked(open_another, ask, patience_s)


def _asked(
    open_another: OpenAnother, ask: Callable[[psycopg.Connection[Any]], _Answer | None], patience_s: float
) -> _Answer | None:
    """The first answer, by a new connection each time, as the server may still be on its way down."""
    deadline = time.monotonic() + patience_s
    while True:
        with (
            contextlib.suppress(psycopg.OperationalError, Unreachable, Refused),
            contextlib.closing(open_another("what became of it")) as connection,
        ):
            if (answer := ask(connection)) is not None:
                return answer
        if time.monotonic() > deadline:
            return None
        time.sleep(_AGAIN_S)
