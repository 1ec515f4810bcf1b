"""History tables with a row for each applied migration, written in its transaction and deleted on the way back."""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import LiteralString

from psycopg import sql

from workers.environments.history.book import Begun, Book, Reader
from workers.environments.history.place import Connection, Found, Table, create, execute, find, home, missing
from workers.environments.model import Entry, EntryState
from workers.errors import Refused
from workers.migrations import BY_NAME
from workers.migrations.history_tables import HistoryTable
from workers.model import Migration

_Lock = Callable[[Connection], int]


def own_lock(name: str) -> _Lock:
    """For a table whose runner takes none: two of us are kept apart at least. The key is made of the table's name."""
    key = zlib.crc32(f"migration_bot_history {name}".encode())
    return lambda _c: key


def fixed_lock(key: int) -> _Lock:
    return lambda _c: key


def entry_of(version: str, id: str, checksum: str, at: datetime | None, state: str) -> Entry:
    """One that was begun and ended at one time, or at a time that nobody knows."""
    failed, back = state == EntryState.FAILED, state == EntryState.ROLLED_BACK
    return Entry(version, id, checksum, at, None if failed else at, at if back else None, failed=failed)


@dataclass(frozen=True, slots=True)
class RowsReader(Reader):
    """select: of {table}: the version as text, the checksum as text, when it was applied (timestamptz or NULL) and the
    state, oldest first. version: what the table has for a migration."""

    table: Table
    select: LiteralString
    version: Callable[[Migration], str]
    matches: Callable[[str, Migration], bool] = lambda _checksum, _migration: True

    @property
    def name(self) -> str:
        return self.table.shown

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        found = find(c, self.table)
        return None if found is None else self.read(c, found, migrations)

    def read(self, c: Connection, found: Found, migrations: Sequence[Migration]) -> tuple[Entry, ...]:
        """Of the table that was found."""
        ids = {self.version(one): one.id for one in migrations}
        rows = execute(c, sql.SQL(self.select).format(table=found.place)).fetchall()
        return tuple(entry_of(row[0], ids.get(row[0], row[0]), *row[1:]) for row in rows)

    def same(self, entry: Entry, migration: Migration) -> bool:
        return self.matches(entry.checksum, migration)


@dataclass(frozen=True, slots=True)
class RowsBook(RowsReader, Book):
    """made: the table, as the runner makes it. lock: its key. row: the columns of a new row, but for those that have a
    default. key: the column that the version stands in. first: what the runner writes when it has made the table."""

    made: HistoryTable = field(kw_only=True)
    lock: _Lock = field(kw_only=True)
    row: Callable[[Begun], Mapping[str, object]] = field(kw_only=True)
    key: str = "version"
    first: LiteralString = ""
    late: str = ""
    keeps_failures: bool = False

    def lock_key(self, c: Connection) -> int:
        return self.lock(c)

    def prepare(self, c: Connection) -> None:
        if missing(c, self.table):
            with c.transaction():
                self._create(c)

    def begin(self, c: Connection, migration: Migration) -> Begun:
        """Nothing is written: its row stands for one that is applied."""
        return Begun("", migration)

    def finish(self, c: Connection, begun: Begun) -> None:
        if begun.row:
            self._delete(c, begun.migration)
        row = self.row(begun)
        statement = sql.SQL("INSERT INTO {table} ({columns}) VALUES ({values})").format(
            table=self._place(c),
            columns=sql.SQL(", ").join(map(sql.Identifier, row)),
            values=sql.SQL(", ").join(sql.Placeholder() * len(row)),
        )
        execute(c, statement, *row.values())

    def fail(self, c: Connection, begun: Begun, logs: str) -> None:
        """The table has no place for it: to its runner as well the migration is pending."""

    def give_back(self, c: Connection, begun: Begun, logs: str) -> None:
        """Only a row of another hand can be there."""
        if begun.row:
            self._delete(c, begun.migration)

    def undo(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        if not self._delete(c, migration):
            raise Refused(f"{self.name} does not have {migration.id} as applied")

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        with c.transaction():
            found = find(c, self.table)
            if found is None:
                self._create(c)
            elif EntryState.APPLIED in self._states(c, found, migration):
                raise Refused(f"{self.name} already has {migration.id} as applied")
            else:
                self._delete(c, migration)
            self.finish(c, Begun("", migration))

    def clear(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        found = find(c, self.table)
        states = self._states(c, found, migration) if found else frozenset()
        if EntryState.FAILED in states:
            self._delete(c, migration)
        elif EntryState.APPLIED in states:
            raise Refused(f"{self.name} has {migration.id} as applied, not as failed")
        else:
            raise Refused(f"{self.name} has nothing of {migration.id}: it is pending")

    def _states(self, c: Connection, found: Found, migration: Migration) -> frozenset[EntryState]:
        version = self.version(migration)
        return frozenset(entry.state for entry in self.read(c, found, ()) if entry.row == version)

    def _create(self, c: Connection) -> None:
        create(c, self.table, self.made)
        if self.first:
            execute(c, sql.SQL(self.first).format(table=home(c, self.table)))

    def _delete(self, c: Connection, migration: Migration) -> int:
        """How many rows it deleted."""
        where = sql.SQL("DELETE FROM {table} WHERE {key}::text = %s").format(
            table=self._place(c), key=sql.Identifier(self.key)
        )
        return execute(c, where, self.version(migration)).rowcount

    def _place(self, c: Connection) -> sql.Identifier:
        found = find(c, self.table)
        return home(c, self.table) if found is None else found.place


def by_version(layout: str) -> Callable[[Migration], str]:
    """What the layout says that its table has."""
    version = BY_NAME[layout].version
    return lambda migration: version(migration.id)
