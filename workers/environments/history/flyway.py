"""Flyway's table, row for row as its free edition writes it, with CRC-32 of each file's lines.

https://github.com/flyway/flyway/blob/main/flyway-core/src/main/java/org/flywaydb/core/internal/schemahistory/JdbcTableSchemaHistory.java
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import PurePosixPath

from psycopg import sql

from workers.environments.history.book import Begun, Book
from workers.environments.history.checksum import crc32
from workers.environments.history.flyway_rows import Row, description, entries_of, is_repeatable, same_text
from workers.environments.history.place import (
    ANY,
    BOOLEAN,
    NUMBER,
    TEXT,
    Connection,
    Table,
    create,
    execute,
    find,
    home,
    missing,
    search_path,
)
from workers.environments.model import Entry, EntryState
from workers.errors import Refused
from workers.migrations.flyway import version
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Migration

_TABLE = Table(
    "Flyway",
    "flyway_schema_history",
    {
        **dict.fromkeys(("installed_rank", "checksum", "execution_time"), NUMBER),
        **dict.fromkeys(("version", "description", "type", "script", "installed_by"), TEXT),
        "installed_on": ANY,
        "success": BOOLEAN,
    },
)
_SELECT = """SELECT installed_rank, version, description, type, script, coalesce(checksum::text, ''),
    installed_on::timestamptz, success
FROM {table} ORDER BY installed_rank"""
_INSERT = """INSERT INTO {table} (installed_rank, version, description, type, script, checksum, installed_by,
    execution_time, success)
SELECT coalesce(max(installed_rank), 0) + 1, %s, %s, 'SQL', %s, %s, current_user, %s, %s FROM {table}"""
_MAGIC = int.from_bytes(b"Fl") << 32 | int.from_bytes(b"yway")
_DESCRIPTION_CHARS, _SCRIPT_CHARS = 200, 1000


@dataclass(frozen=True, slots=True)
class FlywayBook(Book):
    """A migration that was undone or deleted is pending again, as is a repeatable one whose text is another. What a
    baseline stands for counts as applied, and was never run."""

    name: str = _TABLE.name
    keeps_failures: bool = False
    late: str = "Flyway refuses to run it"

    def lock_key(self, c: Connection) -> int:
        """https://github.com/flyway/flyway/blob/main/flyway-database/flyway-database-postgresql/src/main/java/org/flywaydb/database/postgresql/PostgreSQLAdvisoryLockTemplate.java"""
        found = find(c, _TABLE)
        schema = found.schema if found else next(iter(search_path(c)), "")
        return lock_key(schema)

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        found = find(c, _TABLE)
        if found is None:
            return None
        rows = execute(c, sql.SQL(_SELECT).format(table=found.place)).fetchall()
        return tuple(entries_of([Row(*row) for row in rows], migrations))

    def same(self, entry: Entry, migration: Migration) -> bool:
        return same_text(entry.checksum, migration)

    def repeats(self, migration: Migration) -> bool:
        return is_repeatable(migration)

    def refuses(self, migration: Migration) -> str:
        if "${" not in migration.text:
            return ""
        return f"{migration.path} has a variable (${{…}}), whose value only Flyway knows: run it with Flyway"

    def prepare(self, c: Connection) -> None:
        if missing(c, _TABLE):
            create(c, _TABLE, HISTORY_TABLES["flyway"])

    def begin(self, c: Connection, migration: Migration) -> Begun:
        """Nothing is written: its row comes with its end."""
        return Begun("", migration)

    def finish(self, c: Connection, begun: Begun) -> None:
        if begun.row:
            done = sql.SQL("UPDATE {table} SET success = true WHERE installed_rank = %s").format(table=_place(c))
            execute(c, done, int(begun.row))
        else:
            self._insert(c, begun, success=True)

    def fail(self, c: Connection, begun: Begun, logs: str) -> None:
        """As Flyway does with one that was in no transaction."""
        if not begun.row:
            self._insert(c, begun, success=False)

    def give_back(self, c: Connection, begun: Begun, logs: str) -> None:
        """Only a row that has failed before can be there, which `flyway repair` deletes."""
        if begun.row:
            _delete(c, [int(begun.row)])

    def undo(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        if not self._delete(c, self._rows(c, migration, migrations), EntryState.APPLIED):
            raise Refused(f"{self.name} does not have {migration.id} as applied")

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """As skipExecutingMigrations does."""
        with c.transaction():
            rows = self._rows(c, migration, migrations)
            if any(row.state is EntryState.APPLIED for row in rows):
                raise Refused(f"{self.name} already has {migration.id} as applied")
            if find(c, _TABLE) is None:
                create(c, _TABLE, HISTORY_TABLES["flyway"])
            self._delete(c, rows, EntryState.FAILED)
            self.finish(c, Begun("", migration))

    def clear(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """As `flyway repair` does."""
        rows = self._rows(c, migration, migrations)
        if self._delete(c, rows, EntryState.FAILED):
            return
        if any(row.state is EntryState.APPLIED for row in rows):
            raise Refused(f"{self.name} has {migration.id} as applied, not as failed")
        raise Refused(f"{self.name} has nothing of {migration.id}: it is pending")

    def _rows(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> tuple[Entry, ...]:
        return tuple(one for one in self.entries(c, migrations) or () if one.name == migration.id)

    def _insert(self, c: Connection, begun: Begun, *, success: bool) -> None:
        migration = begun.migration
        script = PurePosixPath(migration.path).name[:_SCRIPT_CHARS]
        values = (
            version(migration.id) or None,
            description(migration)[:_DESCRIPTION_CHARS],
            script,
            int(crc32(migration.text)),
        )
        insert = sql.SQL(_INSERT).format(table=_place(c))
        execute(c, insert, *values, begun.took_ns // 1_000_000, success)

    def _delete(self, c: Connection, rows: Sequence[Entry], state: EntryState) -> int:
        """How many rows it deleted; one that a baseline stands for has none."""
        ranks = [int(row.row) for row in rows if row.state is state and row.row]
        return _delete(c, ranks) if ranks else 0


def _delete(c: Connection, ranks: Sequence[int]) -> int:
    """How many rows it deleted."""
    statement = sql.SQL("DELETE FROM {table} WHERE installed_rank = ANY (%s)")
    return execute(c, statement.format(table=_place(c)), ranks).rowcount


def _place(c: Connection) -> sql.Identifier:
    found = find(c, _TABLE)
    return home(c, _TABLE) if found is None else found.place


def lock_key(schema: str) -> int:
    """Of the table in a schema: Flyway's own number and String.hashCode of its name, over UTF-16 and signed."""
    units = f'"{schema}"."{_TABLE.name}"'.encode("utf-16-be")
    found = 0
    for place in range(0, len(units), 2):
        found = (31 * found + int.from_bytes(units[place : place + 2])) & 0xFFFFFFFF
    return _MAGIC + (found - (1 << 32) if found >> 31 else found)


FLYWAY = FlywayBook()
