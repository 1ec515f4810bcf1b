"""Makes a declared schema on a server, in a second database, beside the one that the migrations build."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from workers.catalog import Catalog, Kind
from workers.drift.dumps import statements
from workers.drift.engine import NotRendered, render
from workers.drift.pins import Build
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.session import Session
from workers.rollback.names import ident, sql_kind

_AT_ONCE = 20  # tables dropped by one statement: each takes a lock for all that hangs on it
_DECLARED = "declared"  # a database of our own
_EMPTY = "template1"

# A setting that a newer pg_dump gives and an older server has not; the schema that every database has.
_HARMLESS = (("SET ", "42704"), ("CREATE SCHEMA ", "42P06"))


def of_prisma(
    build: Build, cache: Path, files: Mapping[str, str], cluster: Cluster, database: str
) -> tuple[Catalog, Catalog]:
    """What the schema declares and what the database holds. Raises NotRendered."""
    with ThreadPoolExecutor(1) as meanwhile:
        ddl = meanwhile.submit(render, build, cache, files, cluster.tier)
        built = catalog_of(cluster, database)
        with _emptied(cluster, database, built):
            with Session(cluster, database=_DECLARED) as session:
                outcome = session.run(ddl.result(), simple=True)
            if outcome.error:
                raise NotRendered(f"the server refuses what it declares: {outcome.error.message}")
            return catalog_of(cluster, _DECLARED), built


def of_dump(files: Mapping[str, str], cluster: Cluster, database: str) -> tuple[Catalog, Catalog]:
    """What the dump makes in an empty database and what the other one holds. Raises NotRendered."""
    with copied(cluster, _DECLARED, _EMPTY):
        with Session(cluster, database=_DECLARED) as session:
            for path, text in files.items():
                for statement in statements(text):
                    error = session.run(statement.text).error
                    if error and not _harmless(statement.text, error.sqlstate):
                        raise NotRendered(f"{path}:{statement.line}: the server refuses it: {error.message}")
        return catalog_of(cluster, _DECLARED), catalog_of(cluster, database)


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


@contextlib.contextmanager
def _emptied(cluster: Cluster, original: str, built: Catalog) -> Iterator[None]:
    """A copy of the database without tables and enums: extensions, functions and domains that a schema may use stay."""
    with copied(cluster, _DECLARED, original):
        with Session(cluster, database=_DECLARED) as session:
            for kind in (Kind.TABLE, Kind.ENUM):
                names = [ident(*each.path) for each in built.of_kind(kind)]
                for at in range(0, len(names), _AT_ONCE):
                    some = ", ".join(names[at : at + _AT_ONCE])
                    outcome = session.run(f"DROP {sql_kind(kind)} IF EXISTS {some} CASCADE")
                    if outcome.error:
                        raise NotRendered(f"an empty database could not be made: {outcome.error.message}")
        yield
