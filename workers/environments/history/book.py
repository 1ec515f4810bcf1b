"""Reads and writes a history table, row for row as `prisma migrate deploy` and `resolve` do."""

from __future__ import annotations

import uuid
import weakref
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from workers.environments.history.checksum import checksum, matches
from workers.environments.model import Entry, EntryState
from workers.errors import Refused
from workers.model import Migration, SqlError

_Connection = psycopg.Connection[Any]

_CREATE = sql.SQL("""CREATE TABLE {table} (
    id VARCHAR(36) PRIMARY KEY NOT NULL,
    checksum VARCHAR(64) NOT NULL,
    finished_at TIMESTAMPTZ,
    migration_name VARCHAR(255) NOT NULL,
    logs TEXT,
    rolled_back_at TIMESTAMPTZ,
    started_at TIMESTAMPTZ NOT NULL DEFAULT now(),
    applied_steps_count INTEGER NOT NULL DEFAULT 0
)""")
_ENTRIES = sql.SQL("""SELECT id, migration_name, checksum, started_at, finished_at, rolled_back_at,
    coalesce(logs, ''), applied_steps_count
FROM {table} ORDER BY started_at, id""")

_BEGIN = sql.SQL("INSERT INTO {table} (id, checksum, started_at, migration_name) VALUES (%s, %s, %s, %s)")
_STAMP = sql.SQL("""INSERT INTO {table} (id, checksum, logs, started_at, finished_at, migration_name)
VALUES (%s, %s, '', %s, %s, %s)""")

# Prisma counts ordinary tables only, and not those that PostGIS makes.
_ORDINARY = sql.SQL("""SELECT relname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relnamespace
WHERE relkind = 'r' AND nspname = %s AND lower(relname) <> ALL (%s) ORDER BY relname""")
_POSTGIS = ["spatial_ref_sys", "geometry_columns", "geography_columns", "raster_columns", "raster_overviews"]

# Each connection's schema for the table: the first of its search_path when it was first asked. A migration may set
# another one that stays, as what pg_dump writes does, and the table is not there.
_schemas: weakref.WeakKeyDictionary[_Connection, str] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Book:
    """A layout's history table. Connections are in autocommit; all but `entries` wants the lock held. lock_key: of the
    session-level advisory lock that the layout's runner takes. coded: refusals name Prisma's own error codes.

    Times are this machine's clock, as with Prisma. Raises psycopg.Error where the server is lost or refuses."""

    name: str
    lock_key: int
    coded: bool

    def entries(self, c: _Connection) -> tuple[Entry, ...] | None:
        """All rows, oldest first; None where there is no such table."""
        schema = _schema(c)
        if schema is None or self.name not in _tables(c, schema):
            return None
        return tuple(Entry(*row) for row in self._run(c, _ENTRIES).fetchall())

    def prepare(self, c: _Connection) -> None:
        """Makes the table where there is none. Raises Refused where the schema has tables, and none that says which
        migrations made them (P3005)."""
        schema = _schema(c)
        tables = _tables(c, schema) if schema else []
        if self.name in tables:
            return
        if tables:
            raise self._refused(
                f"the schema {schema} has tables ({tables[0]} …) and no {self.name}, so what was applied there is not "
                "known: mark each migration that it already has as applied, then deploy the others",
                "P3005",
            )
        self._create(c)

    def begin(self, c: _Connection, migration: Migration) -> str:
        """The row's key. From now on the migration counts as failed, until one of the next three says otherwise."""
        row = str(uuid.uuid4())
        self._run(c, _BEGIN, row, checksum(migration.text), _now(), migration.id)
        return row

    def finish(self, c: _Connection, row: str) -> None:
        """Applied. May run inside the migration's own transaction."""
        self._set(c, row, "applied_steps_count = applied_steps_count + 1, finished_at = %s", _now())

    def fail(self, c: _Connection, row: str, logs: str) -> None:
        """Stays failed: no runner goes on until somebody resolves it. logs: plain text without secrets."""
        self._set(c, row, "logs = %s", _storable(logs))

    def give_back(self, c: _Connection, row: str, logs: str) -> None:
        """It was begun, and nothing of it stayed: rolled back, so the migration is pending again."""
        self._set(c, row, "logs = %s, rolled_back_at = %s", _storable(logs), _now())

    def undo(self, c: _Connection, name: str) -> None:
        """An applied migration was taken back, and is pending again. The row keeps when it was applied; Prisma's deploy
        and status pass over it all the same, only its `resolve --applied` refuses (P3008), which `stamp` does not. May
        run inside a transaction. Raises Refused where it is not applied."""
        applied: LiteralString = "migration_name = %s AND finished_at IS NOT NULL AND rolled_back_at IS NULL"
        if not self._update(c, "rolled_back_at = %s", applied, _now(), name):
            raise Refused(f"{self.name} does not have {name} as applied")

    def stamp(self, c: _Connection, migration: Migration) -> None:
        """`resolve --applied`: applied without having been run, also where nothing was ever recorded. Raises Refused
        where it is applied already (P3008)."""
        with c.transaction():
            if EntryState.APPLIED in self._states(c, migration.id):
                raise self._refused(f"{self.name} already has {migration.id} as applied", "P3008")
            if self.entries(c) is None:
                self._create(c)
            self._roll_back(c, migration.id)
            now = _now()
            self._run(c, _STAMP, str(uuid.uuid4()), checksum(migration.text), now, now, migration.id)

    def clear(self, c: _Connection, name: str) -> None:
        """`resolve --rolled-back`: a failed migration left nothing behind, and is pending again. Raises Refused where
        it never began (P3011) or is applied (P3012)."""
        states = self._states(c, name)
        if not states:
            raise self._refused(f"{self.name} has nothing of {name}", "P3011")
        if EntryState.FAILED not in states and EntryState.APPLIED in states:
            raise self._refused(f"{self.name} has {name} as applied, not as failed", "P3012")
        self._roll_back(c, name)

    def same(self, entry: Entry, migration: Migration) -> bool:
        """Whether the row was written for this text, whatever its line ends."""
        return matches(migration.text, entry.checksum)

    def _create(self, c: _Connection) -> None:
        self._run(c, _CREATE)

    def _states(self, c: _Connection, name: str) -> frozenset[EntryState]:
        return frozenset(entry.state for entry in self.entries(c) or () if entry.name == name)

    def _roll_back(self, c: _Connection, name: str) -> None:
        failed: LiteralString = "migration_name = %s AND finished_at IS NULL AND rolled_back_at IS NULL"
        self._update(c, "rolled_back_at = %s", failed, _now(), name)

    def _set(self, c: _Connection, row: str, assignments: LiteralString, *values: object) -> None:
        if not self._update(c, assignments, "id = %s", *values, row):
            raise Refused(f"{self.name} has no row {row} any more")

    def _update(self, c: _Connection, assignments: LiteralString, where: LiteralString, *values: object) -> int:
        """How many rows it changed."""
        statement = sql.SQL("UPDATE {table} SET {assignments} WHERE {where}")
        parts = {"assignments": sql.SQL(assignments), "where": sql.SQL(where)}
        return self._run(c, statement, *values, **parts).rowcount

    def _run(
        self, c: _Connection, statement: sql.SQL, *values: object, **parts: sql.Composable
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        schema = _schema(c)
        if schema is None:
            raise Refused(f"no schema of the search_path is there, so there is no place for {self.name}")
        return _execute(c, statement.format(table=sql.Identifier(schema, self.name), **parts), *values)

    def _refused(self, why: str, code: str) -> Refused:
        return Refused(f"{why} ({code})" if self.coded else why)


# The key is Prisma's own: https://pris.ly/d/migrate-advisory-locking
PRISMA = Book("_prisma_migrations", 72707369, coded=True)

# Plain files have no runner but us: the table is ours, with Prisma's columns and states, so that both are read alike.
# The key is the first 31 bits of SHA-256("migration_bot_history"), which nobody else will have taken.
PLAIN = Book("migration_bot_history", 577118808, coded=False)

_BOOKS = {"prisma": PRISMA, "plain": PLAIN}


def book_of(layout: str) -> Book:
    """Raises Refused for a layout whose history table we cannot write."""
    if layout not in _BOOKS:
        raise Refused(f"migrations of the layout {layout} are reviewed, and not applied")
    return _BOOKS[layout]


def failure_log(name: str, error: SqlError | None) -> str:
    """What `fail` and `give_back` write down, in the order in which Prisma's engine does."""
    said = [f"The migration failed.\n\nMigration name: {name}"]
    if error is None:
        return f"{said[0]}\n\nThe connection was lost."
    told = (("", f"ERROR: {error.message}"), ("DETAIL: ", error.detail), ("HINT: ", error.hint))
    said += [f"Database error code: {error.sqlstate}"]
    said += ["Database error:\n" + "\n".join(label + text for label, text in told if text)]
    said += [f"Position:\nline {error.line}"] if error.line else []
    return "\n\n".join(said)


def _schema(c: _Connection) -> str | None:
    """None where no schema of the search_path is there."""
    if c not in _schemas:
        row = _execute(c, sql.SQL("SELECT pg_catalog.current_schema()")).fetchone()
        if row is None or row[0] is None:
            return None
        _schemas[c] = row[0]
    return _schemas[c]


def _tables(c: _Connection, schema: str) -> list[str]:
    return [name for (name,) in _execute(c, _ORDINARY, schema, _POSTGIS).fetchall()]


def _execute(c: _Connection, statement: sql.SQL | sql.Composed, *values: object) -> psycopg.Cursor[tuple[Any, ...]]:
    """Never as a prepared statement: a migration may end with DISCARD ALL."""
    return c.cursor(row_factory=tuple_row).execute(statement, values, prepare=False)


def _now() -> datetime:
    return datetime.now(UTC)


def _storable(logs: str) -> str:
    return logs.replace("\0", "")  # which PostgreSQL's text cannot hold
