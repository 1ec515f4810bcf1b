"""Makes a declared schema on a server, in a second database, beside the one that the migrations build."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.catalog import Catalog, Kind, Object
from workers.drift.earlier import steps_to
from workers.drift.engine import NotRendered
from workers.drift.rendering import Rendering
from workers.migrations.dumped import schema_statements
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.session import Session
from workers.rollback.names import ident, sql_kind

_AT_ONCE = 20  # tables dropped by one statement: each takes a lock for all that hangs on it
_DECLARED = "declared"  # a database of our own
_EMPTY = "template1"

# A setting that a newer pg_dump gives and an older server has not; the schema that every database has.
_HARMLESS = (("SET ", "42704"), ("CREATE SCHEMA ", "42P06"))


@dataclass(frozen=True, slots=True)
class Made:
    """now: what the pull request declares; before: reads what its base branch does. Raises NotRendered."""

    now: Catalog
    before: Callable[[], Catalog]


@contextlib.contextmanager
def of_prisma(rendering: Rendering, cluster: Cluster, database: str, built: Catalog) -> Iterator[Made]:
    """Made beside the database, of which `built` is the catalog; the block must not outlive the server. Raises
    NotRendered."""
    ddl = rendering.now
    with _ground(cluster, database, built):
        _load(cluster, ddl)
        now = catalog_of(cluster, _DECLARED)

        def before() -> Catalog:
            if rendering.before == ddl:
                return now
            steps = steps_to(rendering.before, ddl)
            if steps is not None and _done(cluster, steps):
                return catalog_of(cluster, _DECLARED)
            cluster.drop_database(_DECLARED)
            with _ground(cluster, database, built):
                _load(cluster, rendering.before)
                return catalog_of(cluster, _DECLARED)

        yield Made(now, before)


def _load(cluster: Cluster, ddl: str) -> None:
    with Session(cluster, database=_DECLARED) as session:
        outcome = session.run(ddl, simple=True)
    if outcome.error:
        raise NotRendered(f"the server refuses what it declares: {outcome.error.message}")


def _done(cluster: Cluster, steps: Iterable[str]) -> bool:
    with Session(cluster, database=_DECLARED) as session:
        return not any(session.run(step).error for step in steps)


def of_dump(files: Mapping[str, str], cluster: Cluster) -> Catalog:
    """What it makes in an empty database. Raises NotRendered."""
    with copied(cluster, _DECLARED, _EMPTY):
        with Session(cluster, database=_DECLARED) as session:
            for path, text in files.items():
                for statement in schema_statements(text):
                    error = session.run(statement.text).error
                    if error and not _harmless(statement.text, error.sqlstate):
                        raise NotRendered(f"{path}:{statement.line}: the server refuses it: {error.message}")
        return catalog_of(cluster, _DECLARED)


def _harmless(text: str, sqlstate: str) -> bool:
    return any(text.upper().startswith(words) and sqlstate == state for words, state in _HARMLESS)


def catalog_of(cluster: Cluster, database: str) -> Catalog:
    """Read as its owner."""
    with cluster.connect(Role.MIGRATION, database) as reader:
        return read_catalog(reader)


@contextlib.contextmanager
def copied(cluster: Cluster, name: str, original: str) -> Iterator[None]:
    """A copy of a database, until the block ends."""
    cluster.create_database(name, original)
    try:
        yield
    finally:
        cluster.drop_database(name)


# What no schema refers to, or what is made together with it; a sequence only where it is a column's.
_MADE_ANEW = frozenset(
    {
        *(Kind.TABLE, Kind.COLUMN, Kind.DEFAULT, Kind.CONSTRAINT, Kind.INDEX, Kind.SEQUENCE, Kind.ENUM, Kind.TRIGGER),
        *(Kind.VIEW, Kind.MATERIALIZED_VIEW, Kind.RULE, Kind.POLICY, Kind.STATISTICS, Kind.DEFAULT_PRIVILEGES),
        *(Kind.PUBLICATION, Kind.PUBLISHED),
    }
)


@contextlib.contextmanager
def _ground(cluster: Cluster, original: str, built: Catalog) -> Iterator[None]:
    """A database without tables and enums, and with the extensions, functions and domains that a schema may use: an
    empty one, if it can have them, else a copy."""
    needed = [each for each in built.objects.values() if not _made_anew(each)]
    plain = all(each.kind in _GIVEN for each in needed)
    with copied(cluster, _DECLARED, _EMPTY if plain else original):
        if not plain:
            _empty(cluster, built)
        elif not _done(cluster, (_GIVEN[each.kind](each) for each in needed)):
            cluster.drop_database(_DECLARED)
            cluster.create_database(_DECLARED, original)
            _empty(cluster, built)
        yield


def _made_anew(each: Object) -> bool:
    return each.kind in _MADE_ANEW and not (each.kind is Kind.SEQUENCE and each.parent is None)


_GIVEN: Mapping[Kind, Callable[[Object], str]] = {
    Kind.SCHEMA: lambda each: f"CREATE SCHEMA IF NOT EXISTS {ident(*each.path)}",
    Kind.EXTENSION: lambda each: (
        f"CREATE EXTENSION IF NOT EXISTS {ident(*each.path)} SCHEMA {ident(each.text('schema') or 'public')}"
    ),
}


def _empty(cluster: Cluster, built: Catalog) -> None:
    with Session(cluster, database=_DECLARED) as session:
        for kind in (Kind.TABLE, Kind.ENUM):
            names = [ident(*each.path) for each in built.of_kind(kind)]
            for at in range(0, len(names), _AT_ONCE):
                some = ", ".join(names[at : at + _AT_ONCE])
                outcome = session.run(f"DROP {sql_kind(kind)} IF EXISTS {some} CASCADE")
                if outcome.error:
                    raise NotRendered(f"an empty database could not be made: {outcome.error.message}")
