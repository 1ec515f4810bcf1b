"""Drizzle's table, with SHA-256 of each file; since 1.0 with names
(https://github.com/drizzle-team/drizzle-orm/blob/main/drizzle-orm/src/pg-core/dialect.ts)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass

from psycopg import sql

from workers.environments.history.book import Begun
from workers.environments.history.checksum import any_line_ends, checksum
from workers.environments.history.place import NUMBER, TEXT, Connection, Found, Table, execute
from workers.environments.history.rows import RowsBook, entry_of, own_lock
from workers.environments.model import Entry
from workers.errors import Refused
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Migration

_NAMED = "name"


def _text(migration: Migration) -> str:
    return migration.text if migration.whole is None else migration.whole


def _version(migration: Migration) -> str:
    """The `when` of the journal; the name where there is a folder for each, as since 1.0."""
    return migration.known_as or migration.id


def _matches(stored: str, migration: Migration) -> bool:
    return any_line_ends(_text(migration), stored, checksum)


def _row(begun: Begun) -> Mapping[str, object]:
    return {"hash": checksum(_text(begun.migration)), "created_at": int(_version(begun.migration))}


@dataclass(frozen=True, slots=True)
class DrizzleBook(RowsBook):
    """Of projects with a journal. Those with a folder for each migration are read, and not written."""

    def read(self, c: Connection, found: Found, migrations: Sequence[Migration]) -> tuple[Entry, ...]:
        """Before Drizzle 1.0 rows have no names: where the time does not tell which file one is of, or of two, the text
        does."""
        named = sql.SQL("name" if _NAMED in found.columns else "NULL::text")
        statement = sql.SQL(self.select).format(table=found.place, name=named)
        return tuple(
            entry_of(version, _id(migrations, {version, name}, hash) or name or version or hash, hash, None, "applied")
            for version, hash, name in execute(c, statement).fetchall()
        )

    def refuses(self, migration: Migration) -> str:
        return (
            "" if migration.known_as else "migrations of Drizzle 1.0, without a journal, are reviewed, and not applied"
        )

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        if why := self.refuses(migration):
            raise Refused(why)
        RowsBook.stamp(self, c, migration, migrations)


def _id(migrations: Sequence[Migration], versions: AbstractSet[str], hash: str) -> str | None:
    """None where there is no such file."""
    known = [one for one in migrations if _version(one) in versions]
    own = known if len(known) == 1 else [one for one in known or migrations if _matches(hash, one)]
    return next((one.id for one in own or known), None)


DRIZZLE = DrizzleBook(
    Table("Drizzle", "__drizzle_migrations", {"id": NUMBER, "hash": TEXT, "created_at": NUMBER}, schema="drizzle"),
    "SELECT coalesce(created_at::text, ''), hash, {name} FROM {table} ORDER BY created_at, id",
    _version,
    _matches,
    made=HISTORY_TABLES["drizzle"],
    row=_row,
    key="created_at",
    lock=own_lock("drizzle.__drizzle_migrations"),
    late="Drizzle never runs it",
)
