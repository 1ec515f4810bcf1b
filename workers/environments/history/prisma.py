"""Prisma's table and ours for plain files, row for row as `prisma migrate deploy` and `resolve` write it."""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from workers.environments.history.book import Begun, Book
from workers.environments.history.checksum import checksum, matches
from workers.environments.history.place import NUMBER, TEXT, Connection, Table, create, execute, find, home, unknown
from workers.environments.model import Entry, EntryState
from workers.errors import Refused
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Migration

_TIME = "D"
_COLUMNS = {
    **dict.fromkeys(("id", "checksum", "migration_name", "logs"), TEXT),
    **dict.fromkeys(("started_at", "finished_at", "rolled_back_at"), _TIME),
    "applied_steps_count": NUMBER,
}
_ENTRIES = sql.SQL("""SELECT id, migration_name, checksum, started_at, finished_at, rolled_back_at,
    coalesce(logs, ''), applied_steps_count
FROM {table} ORDER BY started_at, id""")

_BEGIN = sql.SQL("INSERT INTO {table} (id, checksum, started_at, migration_name) VALUES (%s, %s, %s, %s)")
_STAMP = sql.SQL("""INSERT INTO {table} (id, checksum, logs, started_at, finished_at, migration_name)
VALUES (%s, %s, '', %s, %s, %s)""")


@dataclass(frozen=True, slots=True)
class AttemptsBook(Book):
    """One row for each attempt at a migration, with the states of Prisma's. It stands in the first schema of the
    search_path. key: of the lock. coded: refusals name Prisma's own error codes. Times are this machine's clock, as
    with Prisma."""

    table: Table
    key: int
    coded: bool
    keeps_failures: bool = True
    late: str = ""

    @property
    def name(self) -> str:
        return self.table.name

    def lock_key(self, c: Connection) -> int:
        return self.key

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        if find(c, self.table) is None:
            return None
        return tuple(Entry(*row) for row in self._run(c, _ENTRIES).fetchall())

    def prepare(self, c: Connection) -> None:
        """Refuses with P3005."""
        if find(c, self.table):
            return
        if why := unknown(c, self.name):
            raise self._refused(why, "P3005")
        create(c, self.table, HISTORY_TABLES["prisma"])

    def begin(self, c: Connection, migration: Migration) -> Begun:
        row = str(uuid.uuid4())
        self._run(c, _BEGIN, row, checksum(migration.text), _now(), migration.id)
        return Begun(row, migration)

    def finish(self, c: Connection, begun: Begun) -> None:
        self._set(c, begun.row, "applied_steps_count = applied_steps_count + 1, finished_at = %s", _now())

    def fail(self, c: Connection, begun: Begun, logs: str) -> None:
        self._set(c, begun.row, "logs = %s", _storable(logs))

    def give_back(self, c: Connection, begun: Begun, logs: str) -> None:
        self._set(c, begun.row, "logs = %s, rolled_back_at = %s", _storable(logs), _now())

    def undo(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """The row keeps when it was applied; Prisma's deploy and status pass over it all the same, only its `resolve
        --applied` refuses (P3008), which `stamp` does not."""
        applied: LiteralString = "migration_name = %s AND finished_at IS NOT NULL AND rolled_back_at IS NULL"
        if not self._update(c, "rolled_back_at = %s", applied, _now(), migration.id):
            raise Refused(f"{self.name} does not have {migration.id} as applied")

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """`resolve --applied`. Refuses with P3008."""
        with c.transaction():
            if EntryState.APPLIED in self._states(c, migration.id):
                raise self._refused(f"{self.name} already has {migration.id} as applied", "P3008")
            if find(c, self.table) is None:
                create(c, self.table, HISTORY_TABLES["prisma"])
            self._roll_back(c, migration.id)
            now = _now()
            self._run(c, _STAMP, str(uuid.uuid4()), checksum(migration.text), now, now, migration.id)

    def clear(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """`resolve --rolled-back`. Refuses with P3011 where it never began, with P3012 where it is applied."""
        states = self._states(c, migration.id)
        if not states:
            raise self._refused(f"{self.name} has nothing of {migration.id}", "P3011")
        if EntryState.FAILED not in states and EntryState.APPLIED in states:
            raise self._refused(f"{self.name} has {migration.id} as applied, not as failed", "P3012")
        self._roll_back(c, migration.id)

    def same(self, entry: Entry, migration: Migration) -> bool:
        return matches(migration.text, entry.checksum)

    def _states(self, c: Connection, name: str) -> frozenset[EntryState]:
        return frozenset(entry.state for entry in self.entries(c, ()) or () if entry.name == name)

    def _roll_back(self, c: Connection, name: str) -> None:
        failed: LiteralString = "migration_name = %s AND finished_at IS NULL AND rolled_back_at IS NULL"
        self._update(c, "rolled_back_at = %s", failed, _now(), name)

    def _set(self, c: Connection, row: str, assignments: LiteralString, *values: object) -> None:
        if not self._update(c, assignments, "id = %s", *values, row):
            raise Refused(f"{self.name} has no row {row} any more")

    def _update(self, c: Connection, assignments: LiteralString, where: LiteralString, *values: object) -> int:
        """How many rows it changed."""
        statement = sql.SQL("UPDATE {table} SET {assignments} WHERE {where}")
        parts = {"assignments": sql.SQL(assignments), "where": sql.SQL(where)}
        return self._run(c, statement, *values, **parts).rowcount

    def _run(
        self, c: Connection, statement: sql.SQL, *values: object, **parts: sql.Composable
    ) -> psycopg.Cursor[tuple[Any, ...]]:
        return execute(c, statement.format(table=home(c, self.table), **parts), *values)

    def _refused(self, why: str, code: str) -> Refused:
        return Refused(f"{why} ({code})" if self.coded else why)


# The key is Prisma's own: https://pris.ly/d/migrate-advisory-locking
PRISMA = AttemptsBook(Table("Prisma", "_prisma_migrations", _COLUMNS, reach=1), 72707369, coded=True)

# Plain files have no runner but us: the table is ours, with Prisma's columns and states, so that both are read alike.
# The key is the first 31 bits of SHA-256("migration_bot_history"), which nobody else will have taken.
PLAIN = AttemptsBook(Table("this bot", "migration_bot_history", _COLUMNS, reach=1), 577118808, coded=False)


def _now() -> datetime:
    return datetime.now(UTC)


def _storable(logs: str) -> str:
    return logs.replace("\0", "")  # which PostgreSQL's text cannot hold
