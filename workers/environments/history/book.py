"""What can be read of a history table, and what is written there for its runner."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

from workers.environments.history.place import Connection
from workers.environments.model import Entry
from workers.model import Migration, SqlError


class Reader(Protocol):
    """What a layout's history table says. Connections are in autocommit, and nothing is locked. Raises psycopg.Error
    where the server is lost or refuses."""

    @property
    def name(self) -> str:
        """Of the table, as people know it: flyway_schema_history."""

    @property
    def newest_alone(self) -> bool:
        """Whether one row stands for all that came before it."""
        return False

    def entries(self, c: Connection, migrations: Sequence[Migration]) -> tuple[Entry, ...] | None:
        """What stands there, oldest first; None where there is no such table. migrations: all of a commit, in the
        runner's order: an entry has the id of its migration, and the table's own name for it where there is no such
        file. Raises Refused where a table of that name is not the runner's, or not for us to read."""

    def same(self, entry: Entry, migration: Migration) -> bool:
        """Whether the row was written for this text, whatever its line ends; True where the table keeps no checksum."""

    def repeats(self, migration: Migration) -> bool:
        """Whether it is run again whenever its text is another, and has no place in the order."""
        return False


@dataclass(frozen=True, slots=True)
class Begun:
    """A migration that is being applied. row: its key in the table, "" where it has none before its end."""

    row: str
    migration: Migration
    began: float = field(default_factory=time.monotonic, compare=False)

    @property
    def took_ns(self) -> int:
        return int((time.monotonic() - self.began) * 1_000_000_000)


class Book(Reader, Protocol):
    """A history table that we write as well, row for row as its runner does. Connections are in autocommit; all that
    writes wants the lock held. migrations: all of the commit, in the runner's order.

    Raises psycopg.Error where the server is lost or refuses."""

    @property
    def keeps_failures(self) -> bool:
        """Whether it tells a migration that failed, or that is running, from one that was never begun."""

    @property
    def late(self) -> str:
        """What its runner does with a migration that sorts before one that is applied, where it does not run it: the
        end of a sentence; "" where it runs it."""

    def refuses(self, migration: Migration) -> str:
        """Why only its runner can apply it, a sentence without its full stop; "" where we can."""
        return ""

    def lock_key(self, c: Connection) -> int:
        """Of the session-level advisory lock that the runner takes; one of ours where it takes none."""

    def prepare(self, c: Connection) -> None:
        """Makes the table where there is none. Raises Refused where the schema has tables, and none that says which
        migrations made them."""

    def begin(self, c: Connection, migration: Migration) -> Begun:
        """From now on the migration counts as failed, if the table can say so, until one of the next three says
        otherwise."""

    def finish(self, c: Connection, begun: Begun) -> None:
        """Applied. May run inside the migration's own transaction."""

    def fail(self, c: Connection, begun: Begun, logs: str) -> None:
        """Stays failed, if the table can say so: no runner goes on until somebody resolves it. logs: plain text without
        secrets."""

    def give_back(self, c: Connection, begun: Begun, logs: str) -> None:
        """It was begun, and nothing of it stayed: the migration is pending again."""

    def undo(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """An applied migration was taken back, and is pending again. May run inside a transaction. Raises Refused where
        it is not applied."""

    def stamp(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """Applied without having been run, also where nothing was ever recorded. Raises Refused where it is applied
        already."""

    def clear(self, c: Connection, migration: Migration, migrations: Sequence[Migration]) -> None:
        """A failed migration left nothing behind, and is pending again. Raises Refused where it is not failed."""


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
