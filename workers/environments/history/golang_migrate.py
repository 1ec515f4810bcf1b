"""golang-migrate's table, which has one row: the newest version, and whether it was left half done
(https://github.com/golang-migrate/migrate/blob/master/database/postgres/postgres.go)."""

from __future__ import annotations

import zlib
from collections.abc import Sequence
from dataclasses import dataclass

from psycopg import sql

from workers.environments.history.book import Begun, Book
from workers.environments.history.place import (
    BOOLEAN,
    NUMBER,
    Connection,
    Table,
    create,
    database,
    execute,
    find,
    home,
    missing,
    search_path,
)
from workers.environments.model import Entry
from workers.errors import Refused
from workers.migrations.history_tables import HISTORY_TABLES
from workers.migrations.numbered import number
from workers.model import Migration

_TABLE = Table("golang-migrate", "schema_migrations", {"version": NUMBER, "dirty": BOOLEAN})
_SALT = 1486364155


@dataclass(frozen=True, slots=True)
class _Standing:
    version: int
    dirty: bool


@dataclass(frozen=True, slots=True)
class GolangMigrateBook(Book):
    """All up to the version count as applied, the version itself as failed where it is dirty. A row's key is the
    version that it goes back to, "" for none."""

    name: str = _TABLE.name
    newest_alone: bool = True
    keeps_failures: bool = True
    late: str = "golang-migrate never runs it"

    def lock_key(self, c: Connection) -> int:
        return lock_key(next(iter(search_path(c)), ""), self.name, database(c))

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        if find(c, _TABLE) is None:
            return None
        standing = self._standing(c)
        if standing is None:
            return ()
        below = [one for one in migrations if number(one.id) <= standing.version]
        found = [_entry(one.id, below[place - 1] if place else None, failed=False) for place, one in enumerate(below)]
        if not below or number(below[-1].id) != standing.version:  # the table's own, which has no file
            found.append(_entry(str(standing.version), below[-1] if below else None, failed=standing.dirty))
        elif standing.dirty:
            found[-1] = _entry(below[-1].id, below[-2] if len(below) > 1 else None, failed=True)
        return tuple(found)

    def same(self, entry: Entry, migration: Migration) -> bool:
        return True

    def prepare(self, c: Connection) -> None:
        if missing(c, _TABLE):
            create(c, _TABLE, HISTORY_TABLES["golang-migrate"])

    def begin(self, c: Connection, migration: Migration) -> Begun:
        before = self._standing(c)
        self._set(c, number(migration.id), dirty=True)
        return Begun(str(before.version) if before else "", migration)

    def finish(self, c: Connection, begun: Begun) -> None:
        self._set(c, number(begun.migration.id))

    def fail(self, c: Connection, begun: Begun, logs: str) -> None:
        """It is dirty since it was begun."""

    def give_back(self, c: Connection, begun: Begun, logs: str) -> None:
        self._set(c, int(begun.row) if begun.row else None)

    def undo(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        if self._standing(c) != _Standing(number(migration.id), dirty=False):
            raise Refused(f"{self.name} does not have {migration.id} as the newest that is applied")
        self._set(c, _before(migration, migrations))

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """Refuses to pass over one that is pending: the table could not say that it is."""
        own, before = number(migration.id), _before(migration, migrations)
        with c.transaction():
            if find(c, _TABLE) is None:
                create(c, _TABLE, HISTORY_TABLES["golang-migrate"])
            standing = self._standing(c)
            version = standing.version if standing else None
            if version is not None and (version > own or standing == _Standing(own, dirty=False)):
                raise Refused(f"{self.name} already has {migration.id} as applied")
            if version != own and (version != before or (standing and standing.dirty)):
                raise Refused(
                    f"{self.name} has only the newest version, so all before {migration.id} would count as applied, too"
                )
            self._set(c, own)

    def clear(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        standing, own = self._standing(c) if find(c, _TABLE) else None, number(migration.id)
        if standing is None or standing.version < own:
            raise Refused(f"{self.name} has nothing of {migration.id}: it is pending")
        if standing != _Standing(own, dirty=True):
            raise Refused(f"{self.name} has {migration.id} as applied, not as failed")
        self._set(c, _before(migration, migrations))

    def _standing(self, c: Connection) -> _Standing | None:
        found = find(c, _TABLE)
        assert found is not None
        statement = sql.SQL("SELECT version, dirty FROM {table} ORDER BY version DESC LIMIT 1")
        row = execute(c, statement.format(table=found.place)).fetchone()
        return _Standing(*row) if row else None

    def _set(self, c: Connection, version: int | None, *, dirty: bool = False) -> None:
        """None for a database that has had no migration."""
        found = find(c, _TABLE)
        place = home(c, _TABLE) if found is None else found.place
        with c.transaction():
            execute(c, sql.SQL("DELETE FROM {table}").format(table=place))
            if version is not None:
                values = sql.SQL("INSERT INTO {table} (version, dirty) VALUES (%s, %s)").format(table=place)
                execute(c, values, version, dirty)


def lock_key(*names: str) -> int:
    """Of the schema, the table and the database
    (https://github.com/golang-migrate/migrate/blob/master/database/util.go)."""
    return zlib.crc32("\0".join(names).encode()) * _SALT & 0xFFFFFFFF


def _entry(id: str, before: Migration | None, *, failed: bool) -> Entry:
    return Entry(str(number(before.id)) if before else "", id, "", None, failed=failed)


def _before(migration: Migration, migrations: Sequence[Migration]) -> int | None:
    numbers = [number(one.id) for one in migrations if number(one.id) < number(migration.id)]
    return max(numbers, default=None)


GOLANG_MIGRATE = GolangMigrateBook()
