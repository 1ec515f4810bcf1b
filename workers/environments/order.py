"""What is asked of an environment, and a desk there to do it at: a connection, the history table, its lock."""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from workers.beforehand import Before, beforehand
from workers.environments.address import read_url, with_schema
from workers.environments.connection import connect, without_secrets
from workers.environments.expected import PUBLIC
from workers.environments.history import Book, Diagnosis, Reader, book_of, diagnose, locked, reader_of
from workers.environments.model import Entry, Environment
from workers.environments.undo import in_order_applied
from workers.errors import CannotAnalyse, Unreachable
from workers.model import Change, ChangedMigration, Migration, MigrationSet
from workers.policy import Policy
from workers.reading import Gathered
from workers.review import Machine, review_gathered
from workers.verdict import Report

_LOCK_WAIT_S = 10.0  # as long as Prisma's own runner waits for it
_LOOK_MS = 5_000
_IN_PUBLIC = frozenset({"prisma", "node-pg-migrate"})


@dataclass(frozen=True, slots=True)
class Order:
    """migrations: all that the commit has, in the runner's order. own: the ids of those that the pull request brings.
    label: names the pull request in a backup: pr12. sha: the commit."""

    environment: Environment
    layout: str
    directory: str
    policy: Policy
    migrations: tuple[Migration, ...]
    own: frozenset[str]
    label: str
    sha: str

    @property
    def before(self) -> Before:
        """What was there before the first of the migrations."""
        return beforehand(self.layout, self.migrations, self.policy)


def as_its_runner_sees_it(environment: Environment, layout: str) -> Environment:
    """Prisma and node-pg-migrate look in the schema public and no other, where none is named; a server's own default
    would begin with a schema that is called like the role. A copy has its schema where the environment has it
    (https://www.prisma.io/docs/orm/overview/databases/postgresql#arguments,
    https://github.com/salsita/node-pg-migrate/blob/main/src/runner.ts)."""
    if layout not in _IN_PUBLIC:
        return environment
    schema, copy = read_url(environment.url).schema or PUBLIC, environment.copy_url
    return replace(environment, url=with_schema(environment.url, schema), copy_url=copy and with_schema(copy, schema))


@dataclass(frozen=True, slots=True)
class Desk:
    """reader: of the history table. entries: of that, None where there is none. diagnosis: as the environment was when
    we came."""

    order: Order
    connection: psycopg.Connection[Any]
    reader: Reader
    entries: tuple[Entry, ...] | None
    diagnosis: Diagnosis

    @property
    def book(self) -> Book:
        """To write in. Raises Refused for a layout whose history table we can only read."""
        return book_of(self.order.layout)

    @property
    def applied(self) -> tuple[Migration, ...]:
        """Those that the environment has and the commit too, in the order in which they were applied."""
        known = {migration.id: migration for migration in self.order.migrations}
        names = in_order_applied(self.diagnosis.applied, tuple(known))
        return tuple(known[name] for name in names if name in known)

    @property
    def there(self) -> frozenset[str]:
        """The ids of those that it has as the commit has them: one that was edited since is another."""
        return frozenset(entry.name for entry in self.diagnosis.applied) - set(self.diagnosis.edited)

    @property
    def state(self) -> str:
        """Another one as soon as anything was applied or taken back."""
        return hashlib.sha256(repr(self.entries).encode()).hexdigest()

    @property
    def has_own(self) -> bool:
        """Whether all that the pull request brings is there."""
        return self.order.own <= self.there

    def again(self) -> Desk:
        """As the environment is now."""
        return _desk(self.order, self.connection)


@contextlib.contextmanager
def looking(order: Order) -> Iterator[Desk]:
    """A desk for reading only: no lock is taken. Raises Refused, Unreachable."""
    with _connected(order.environment, "status") as connection, soon(connection):
        yield _desk(order, connection)


@contextlib.contextmanager
def working(order: Order, purpose: str, wait_s: float = _LOCK_WAIT_S) -> Iterator[Desk]:
    """A desk under the layout's own lock, which its own runner takes as well. A session that is lost inside ends the
    lock, and nothing else: what was done until then is known to who did it. Raises Refused, Unreachable."""
    done = False
    try:
        with (
            _connected(order.environment, purpose) as connection,
            locked(connection, book_of(order.layout), wait_s),
        ):
            yield _desk(order, connection)
            done = True
    except Unreachable:
        if not done:
            raise


@contextlib.contextmanager
def soon(connection: psycopg.Connection[Any]) -> Iterator[None]:
    """What is read meanwhile waits for a table that somebody has an ACCESS EXCLUSIVE lock on, and gives up."""
    connection.execute(f"SET lock_timeout = {_LOOK_MS}")
    yield
    connection.execute("SET lock_timeout = 0")


@contextlib.contextmanager
def _connected(environment: Environment, purpose: str) -> Iterator[psycopg.Connection[Any]]:
    try:
        with connect(environment, purpose) as connection:
            yield connection
    except psycopg.Error as error:
        said = str(error).splitlines() or [type(error).__name__]
        raise Unreachable(f"{environment.name}: {without_secrets(said[0], environment)}") from error


def _desk(order: Order, connection: psycopg.Connection[Any]) -> Desk:
    reader = reader_of(order.layout)
    entries = reader.entries(connection, order.migrations)
    return Desk(order, connection, reader, entries, diagnose(entries, order.migrations, reader))


def forecast(desk: Desk, machine: Machine) -> Report | str:
    """A review of exactly what this environment lacks on exactly what it has; or why there is none."""
    migrations = MigrationSet(
        layout=desk.order.layout,
        directory=desk.order.directory,
        base="",
        head=desk.order.sha,
        history=desk.applied,
        changed=tuple(ChangedMigration(Change.ADDED, None, one) for one in desk.diagnosis.pending),
    )
    try:
        return review_gathered((Gathered(desk.order.policy, migrations),), machine)
    except CannotAnalyse as error:
        return str(error)
