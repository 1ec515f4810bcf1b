"""A live database as one moment shows it: its history table and its catalog, read in one read-only transaction."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.errors import LockNotAvailable, QueryCanceled
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind, Object
from workers.environments.address import read_url
from workers.environments.connection import connect, without_secrets
from workers.environments.expected import PUBLIC
from workers.environments.history import Diagnosis, diagnose, reader_of
from workers.environments.model import Entry, Environment, EnvironmentKind
from workers.errors import CannotAnalyse, Refused, Unreachable
from workers.model import Migration, MigrationSet
from workers.postgres.catalog import read_catalog

OLDEST_MAJOR = 13  # whose catalogs are read
_STATEMENT_MS = 60_000  # where the environment sets no limit


def named_by(url: str) -> Environment:
    """What has no more than an address: encrypted as its URL says, and as libpq does where that says nothing."""
    return Environment("", "the database", EnvironmentKind.DEVELOPMENT, url, tls=False)


@dataclass(frozen=True, slots=True)
class Seen:
    """A live database at one moment. table: of the history, with its schema where it is there. entries: None where it
    is not. schema: where names without one are looked for."""

    place: str
    version: str
    major: int
    schema: str
    table: str
    entries: tuple[Entry, ...] | None
    diagnosis: Diagnosis
    catalog: Catalog

    def applied(self, migrations: Sequence[Migration]) -> tuple[Migration, ...]:
        """Those of them that it has had, in the runner's order."""
        names = {entry.name for entry in self.diagnosis.applied}
        return tuple(migration for migration in migrations if migration.id in names)


def look(environment: Environment, migrations: MigrationSet) -> Seen:
    """All of one moment. Raises Refused, Unreachable, CannotAnalyse."""
    reader = reader_of(migrations.layout)
    with _reading(environment, reader.name) as connection:
        version = connection.info.parameter_status("server_version") or ""
        major = connection.info.server_version // 10_000
        if major < OLDEST_MAJOR:
            raise Refused(f"{environment.name} is PostgreSQL {version}: {OLDEST_MAJOR} or newer is needed")
        schema = _schema(connection)
        entries = reader.entries(connection, migrations.history)
        catalog = read_catalog(connection)
    if entries is None:
        _refuse_unknown(environment, reader.name, schema, catalog)
    return Seen(
        place=_place(environment),
        version=version.partition(" ")[0],
        major=major,
        schema=schema or PUBLIC,
        table=_table(reader.name, schema, catalog),
        entries=entries,
        diagnosis=diagnose(entries, migrations.history, reader),
        catalog=catalog,
    )


def missing_there(environment: Environment, migrations: MigrationSet) -> tuple[str, ...]:
    """The migrations that its history table names and the set does not have; none without such a table. Raises
    Unreachable."""
    reader = reader_of(migrations.layout)
    with _reading(environment, reader.name) as connection:
        entries = reader.entries(connection, migrations.history)
    return diagnose(entries or (), migrations.history, reader).missing


def _table(name: str, schema: str, catalog: Catalog) -> str:
    """With its schema, in which it is found first; the name alone where there is none."""
    found = sorted(_called(name, catalog), key=lambda each: each.path[0] != schema)
    return ".".join(found[0].path) if found else name


def _called(name: str, catalog: Catalog) -> list[Object]:
    """The tables of that name, which may have a schema."""
    parts = tuple(name.split("."))
    return [each for each in catalog.of_kind(Kind.TABLE) if each.path[-len(parts) :] == parts]


def _place(environment: Environment) -> str:
    address = read_url(environment.url)
    return f"{','.join(map(str, address.places))}/{address.database}"


@contextlib.contextmanager
def _reading(environment: Environment, table: str) -> Iterator[psycopg.Connection[Any]]:
    """A session in one read-only transaction. Raises Unreachable for all that the server says."""
    try:
        with (
            contextlib.closing(connect(environment, "drift", reads=True)) as connection,
            connection.transaction(force_rollback=True),
        ):
            connection.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute(_LIMITS, (str(environment.timeouts.lock_ms), str(_statement_ms(environment))))
            yield connection
    except psycopg.Error as error:
        why = _why(error, environment, table)
    else:
        return
    raise Unreachable(f"{environment.name}: {why}")  # outside the block: psycopg's error is no part of the chain


_LIMITS = """SELECT pg_catalog.set_config('lock_timeout', %s, true),
    pg_catalog.set_config('statement_timeout', %s, true)"""


def _statement_ms(environment: Environment) -> int:
    return environment.timeouts.statement_ms or _STATEMENT_MS


def _why(error: psycopg.Error, environment: Environment, table: str) -> str:
    """A sentence without its full stop."""
    if isinstance(error, LockNotAvailable):
        waited_ms = environment.timeouts.lock_ms
        return f"a table is under an ACCESS EXCLUSIVE lock, waited {waited_ms} ms for it; try again later"
    if isinstance(error, QueryCanceled):
        return f"its catalog could not be read within {_statement_ms(environment)} ms; try again later"
    said = without_secrets((str(error).splitlines() or [type(error).__name__])[0], environment)
    return f"its history table {table} and its catalog cannot be read: {said}"


def _schema(connection: psycopg.Connection[Any]) -> str:
    with connection.cursor(row_factory=tuple_row) as cursor:
        (found,) = cursor.execute("SELECT pg_catalog.current_schema()::text").fetchone() or (None,)
    return found or ""


def _refuse_unknown(environment: Environment, table: str, schema: str, catalog: Catalog) -> None:
    """An empty database has had nothing; of another nobody knows. Raises CannotAnalyse."""
    tables = list(catalog.of_kind(Kind.TABLE))
    for there in _called(table, catalog):
        said = f"{environment.name}: the history table {'.'.join(there.path)} is there, and this session"
        if schema:
            raise CannotAnalyse(f"{said} looks in the schema {schema}: add ?schema={there.path[0]} to the URL")
        raise CannotAnalyse(f"{said} may use no schema of its search_path: GRANT USAGE ON SCHEMA {there.path[0]}")
    if tables:
        many = f"{len(tables)} tables" if len(tables) > 1 else "a table"
        raise CannotAnalyse(
            f"{environment.name}: it has {many} and no history table {table}, so nobody knows which migrations it has "
            "had: mark those as applied first, as their runner does"
        )
