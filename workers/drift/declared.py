"""Declared drift: what schema.prisma says against what the migrations build, both read from a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from workers.catalog import Catalog, Kind
from workers.drift.closing import Sides, closing_sql
from workers.drift.declaration import Declaration
from workers.drift.engine import NotRendered, missing, render
from workers.drift.gaps import Gap, gaps
from workers.drift.managed import managed
from workers.drift.pins import build_for
from workers.drift.schema_files import leeway
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import DATABASE, Cluster, Role
from workers.postgres.session import Session
from workers.rollback.names import ident, sql_kind

_AT_ONCE = 20  # tables dropped by one statement: each takes a lock for all that hangs on it
_DECLARED, _CLOSED = "declared", "closed"  # databases of our own


@dataclass(frozen=True, slots=True)
class Compared:
    """new: what the pull request brings; old: what the base branch has already. sql: closes the new ones, proven by
    running it; empty where it could not be written."""

    new: tuple[Gap, ...] = ()
    old: tuple[Gap, ...] = ()
    sql: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where schemas are made. line: the database with all migrations of the pull request."""

    cluster: Cluster
    line: str
    cache: Path


def obstacle(declaration: Declaration, cache: Path) -> str | None:
    """Why the engine cannot be asked here, in a sentence; no server is needed to know."""
    build = build_for(declaration.prisma_major)
    if build is None:
        return f"it is written for Prisma {declaration.prisma_major}, whose engine is not known here"
    return missing(build, cache)


def compare_declared(declaration: Declaration, place: Place) -> Compared:
    """Raises NotRendered with what keeps the two from being compared."""
    if why_not := declaration.why_not or obstacle(declaration, place.cache):
        raise NotRendered(why_not)
    sides = _sides(declaration, declaration.files, place, place.line)
    here = gaps(*sides.told)
    if not here or (place.line == DATABASE and not declaration.changed):
        return Compared(old=here)
    # A schema that is new is the pull request's, with all that is wrong about it.
    before = declaration.before
    there = frozenset(gaps(*_sides(declaration, before, place, DATABASE).told)) if before else frozenset[Gap]()
    new = tuple(gap for gap in here if gap not in there)
    old = tuple(gap for gap in here if gap in there)
    return Compared(new, old, _closing(declaration, place, sides, new) if new else ())


def _sides(declaration: Declaration, files: Mapping[str, str], place: Place, database: str) -> Sides:
    """The declared schema and the one that was built."""
    build = build_for(declaration.prisma_major)
    assert build is not None
    with ThreadPoolExecutor(1) as meanwhile:
        ddl = meanwhile.submit(render, build, place.cache, files, place.cluster.tier)
        built = _catalog(place.cluster, database)
        with _emptied(place.cluster, database, built):
            _load(place.cluster, ddl.result())
            declared = _catalog(place.cluster, _DECLARED)
    return Sides(declared, built, managed(declared, built, leeway(files, declaration.external)))


def _catalog(cluster: Cluster, database: str) -> Catalog:
    with cluster.connect(Role.MIGRATION, database) as reader:
        return read_catalog(reader)


@contextlib.contextmanager
def _copy(cluster: Cluster, name: str, original: str) -> Iterator[None]:
    cluster.create_database(name, original)
    try:
        yield
    finally:
        cluster.drop_database(name)


@contextlib.contextmanager
def _emptied(cluster: Cluster, original: str, built: Catalog) -> Iterator[None]:
    """A copy of the database without tables and enums: extensions, functions and domains that a schema may use stay."""
    with _copy(cluster, _DECLARED, original):
        with Session(cluster, database=_DECLARED) as session:
            for kind in (Kind.TABLE, Kind.ENUM):
                names = [ident(*each.path) for each in built.of_kind(kind)]
                for at in range(0, len(names), _AT_ONCE):
                    some = ", ".join(names[at : at + _AT_ONCE])
                    outcome = session.run(f"DROP {sql_kind(kind)} IF EXISTS {some} CASCADE")
                    if outcome.error:
                        raise NotRendered(f"an empty database could not be made: {outcome.error.message}")
        yield


def _load(cluster: Cluster, ddl: str) -> None:
    with Session(cluster, database=_DECLARED) as session:
        outcome = session.run(ddl, simple=True)
    if outcome.error:
        raise NotRendered(f"the server refuses what it declares: {outcome.error.message}")


def _closing(declaration: Declaration, place: Place, sides: Sides, new: Sequence[Gap]) -> tuple[str, ...]:
    """The SQL, if running it leaves none of the gaps."""
    statements = closing_sql(sides, new)
    with _copy(place.cluster, _CLOSED, place.line):
        with Session(place.cluster, database=_CLOSED) as session:
            if any(session.run(statement).error for statement in statements):
                return ()
        closed = managed(
            sides.expected, _catalog(place.cluster, _CLOSED), leeway(declaration.files, declaration.external)
        )
    return statements if frozenset(gaps(*closed)).isdisjoint(new) else ()
