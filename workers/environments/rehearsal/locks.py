"""The tables of a database, and the locks that a session holds on them, by OID."""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.postgres.moments import strongest
from workers.words import LockMode, Name

_TICK_S = 0.002  # between two looks

# Names and operators are qualified, as a migration may have put its own first in the search_path.
_TABLES = """
select c.oid::pg_catalog.int8, n.nspname, c.relname, pg_catalog.pg_relation_filenode(c.oid)::pg_catalog.int8,
       c.reltuples::pg_catalog.int8,
       case when c.relkind operator(pg_catalog.=) any ('{r,m}'::pg_catalog."char"[])
            then pg_catalog.pg_table_size(c.oid) else 0 end
  from (select %s::pg_catalog.oid[]) as p(oids)
  join pg_catalog.pg_class c on p.oids is null or c.oid operator(pg_catalog.=) any (p.oids)
  join pg_catalog.pg_namespace n on n.oid operator(pg_catalog.=) c.relnamespace
 where c.oid operator(pg_catalog.>=) 16384::pg_catalog.oid
   and c.relkind operator(pg_catalog.=) any ('{r,p,f,m,v}'::pg_catalog."char"[])
   and n.nspname operator(pg_catalog.<>) 'pg_toast'
"""
_LOCKS = """
select l.relation::pg_catalog.int8, l.mode
  from pg_catalog.pg_locks l
 where l.pid operator(pg_catalog.=) %s::pg_catalog.int4 and l.locktype operator(pg_catalog.=) 'relation'
   and l.granted and l.relation operator(pg_catalog.>=) 16384::pg_catalog.oid
"""
_PID = "select pg_catalog.pg_backend_pid()"  # the one a proxy tells at the start, as Neon's does, may be its own


@dataclass(frozen=True, slots=True)
class Table:
    """Or view. filenode: None for what has no storage. rows: the server's estimate, -1 where it has none."""

    name: Name
    filenode: int | None
    rows: int
    bytes: int


def tables(connection: psycopg.Connection[Any], oids: Collection[int] | None = None) -> dict[int, Table]:
    """By OID: all, or those there still are of some."""
    found = _rows(connection, _TABLES, None if oids is None else sorted(oids))
    return {oid: Table(Name(schema, name), node, rows, size or 0) for oid, schema, name, node, rows, size in found}


def locks(connection: psycopg.Connection[Any], pid: int) -> Mapping[int, LockMode]:
    """The strongest mode that a session holds on each relation."""
    return strongest(_rows(connection, _LOCKS, pid))


def pid_of(connection: psycopg.Connection[Any]) -> int:
    return int(_rows(connection, _PID)[0][0])


@dataclass(slots=True)
class Samples:
    """What another connection sees of the locks of a session while the block runs, by OID. It may be lost meanwhile;
    the statement is worth more than a look at it."""

    side: psycopg.Connection[Any]
    pid: int
    modes: dict[int, LockMode] = field(default_factory=dict)
    held_ms: dict[int, float] = field(default_factory=dict)
    _since: dict[int, float] = field(default_factory=dict)
    _over: threading.Event = field(default_factory=threading.Event)
    _thread: threading.Thread | None = None

    def __enter__(self) -> Samples:
        self._thread = threading.Thread(target=self._look_on, name="rehearsal")
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._thread is not None
        self._over.set()
        self._thread.join()

    def _look_on(self) -> None:
        with contextlib.suppress(psycopg.Error):
            while not self._over.wait(_TICK_S):
                now = time.monotonic()
                for oid, mode in locks(self.side, self.pid).items():
                    self.modes[oid] = max(mode, self.modes.get(oid, mode))
                    self.held_ms[oid] = (now - self._since.setdefault(oid, now)) * 1000


def _rows(connection: psycopg.Connection[Any], query: str, *values: object) -> list[Any]:
    with connection.cursor(row_factory=tuple_row) as cursor:
        return cursor.execute(query.encode(), values or None, prepare=False).fetchall()
