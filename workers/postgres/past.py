"""What the system catalogs said at a moment, read afterwards: an open transaction still sees the rows of then."""

from __future__ import annotations

import contextlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.postgres.renumbered import Row, renumbered
from workers.postgres.system_catalogs import VIEWS, Cursor, SystemCatalog, system_catalogs

_BEGIN = "BEGIN ISOLATION LEVEL REPEATABLE READ, READ ONLY"
_NOW = "SELECT pg_catalog.pg_snapshot_xmin(pg_catalog.pg_current_snapshot())::text"

_PREPARED = "SELECT FROM pg_prepared_statements WHERE name = %s"
_CATALOG = """SELECT '{0}', count(*), json_agg((SELECT row_to_json(q) FROM (SELECT {1}) AS q))
                                      FILTER (WHERE {2}) FROM {0} t WHERE {3}"""
_WRITTEN = {
    "come": "age(t.xmin) <= age($1)",
    "gone": "age(t.xmax) <= age($1) AND pg_xact_status(t.xmax::text::xid8) = 'committed'",
}
_VIEW = "SELECT '{0}', count(*), json_agg(row_to_json(t)) FROM {0} t"


@dataclass(frozen=True, slots=True)
class _Seen:
    """rows: that were written, or written over, since a moment, and all of the views. counts: how many each has."""

    rows: tuple[Row, ...]
    counts: Mapping[str, int]


class Past:
    """From now on, on a connection of its own, until `leave` or `close`. Before that, what is done CONCURRENTLY in the
    database waits for it. Raises psycopg.Error.
    https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        self._gone: _Seen | None = None
        connection.execute(_BEGIN, prepare=False)
        ((self._since,),) = connection.execute(_NOW, prepare=False).fetchall()

    def leave(self) -> None:
        """Keeps what has been written over until now. Raises psycopg.Error."""
        if self._gone is None:
            with self._connection.cursor(row_factory=tuple_row) as cursor:
                self._gone = _seen(cursor, "gone", self._since)
            self.close()

    def close(self) -> None:
        """Without keeping anything; also where the server is gone."""
        with contextlib.suppress(psycopg.OperationalError):
            self._connection.rollback()

    def is_back(self, connection: psycopg.Connection[Any]) -> bool:
        """Whether the catalogs say the same again but for numbers, so that pg_dump and all who read them as this role
        do will find the same. No where it cannot be told: where a view was made again, its parsed query may name its
        tables' columns of today. The session stays as it was. Raises psycopg.Error. Transaction numbers of an ephemeral
        server never wrap around."""
        self.leave()
        with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
            come, catalogs = _seen(cursor, "come", self._since), system_catalogs(cursor)
        # As many as then: so nothing is gone, either, that was written over after `leave`.
        return (
            self._gone is not None
            and self._gone.counts == come.counts
            and renumbered(self._gone.rows, come.rows, {**catalogs, **VIEWS})
        )


def _seen(cursor: Cursor, which: str, since: str) -> _Seen:
    """Planned once for a session."""
    catalogs, name = system_catalogs(cursor), f"migration_bot_{which}"
    if not cursor.execute(_PREPARED, (name,), prepare=False).fetchall():
        cursor.execute(f"PREPARE {name} (xid) AS {_query(catalogs, _WRITTEN[which])}".encode(), prepare=False)
    found = cursor.execute(f"EXECUTE {name}('{since}')".encode(), prepare=False).fetchall()
    rows = (Row(catalog, values) for catalog, _, listed in found for values in listed or ())
    return _Seen(tuple(rows), {catalog: count for catalog, count, _ in found})


def _query(catalogs: Mapping[str, SystemCatalog], written: str) -> str:
    read = [_CATALOG.format(name, each.columns, written, each.where) for name, each in catalogs.items()]
    return " UNION ALL ".join((*read, *map(_VIEW.format, VIEWS)))
