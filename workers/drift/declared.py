"""Declared drift: what schema.prisma or a dump says against what the migrations build, both read from a server."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import assert_never

from workers.catalog import Catalog
from workers.drift.closing import Sides, closing_sql
from workers.drift.declaration import Declaration, Dump, PrismaSchema
from workers.drift.dumps import comparable
from workers.drift.engine import NotRendered, missing
from workers.drift.gaps import Gap, column_orders, gaps
from workers.drift.making import catalog_of, copied, of_dump, of_prisma
from workers.drift.managed import managed
from workers.drift.pins import build_for
from workers.drift.schema_files import leeway
from workers.postgres.cluster import DATABASE, Cluster
from workers.postgres.session import Session

_CLOSED = "closed"  # a database of our own


@dataclass(frozen=True, slots=True)
class Compared:
    """new: what the pull request brings; old: what the base branch has already. sql: closes the new ones, proven by
    running it; empty where it could not be written. reordered: tables whose columns stand in another order, which is
    none of the gaps."""

    new: tuple[Gap, ...] = ()
    old: tuple[Gap, ...] = ()
    sql: tuple[str, ...] = ()
    reordered: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Place:
    """Where schemas are made. line: the database with all migrations of the pull request."""

    cluster: Cluster
    line: str
    cache: Path


def obstacle(declaration: Declaration, cache: Path) -> str | None:
    """Why the two cannot be compared here, in a sentence; no server is needed to know."""
    if not isinstance(declaration.form, PrismaSchema):
        return None
    build = build_for(declaration.form.major)
    if build is None:
        return f"it is written for Prisma {declaration.form.major}, whose engine is not known here"
    return missing(build, cache)


def compare_declared(declaration: Declaration, place: Place) -> Compared:
    """Raises NotRendered with what keeps the two from being compared."""
    if why_not := declaration.why_not or obstacle(declaration, place.cache):
        raise NotRendered(why_not)
    sides = _sides(declaration, declaration.files, place, place.line)
    here = gaps(*sides.told)
    reordered = column_orders(*sides.told) if isinstance(declaration.form, Dump) else ()
    if not here or (place.line == DATABASE and not declaration.changed):
        return Compared(old=here, reordered=reordered)
    # A schema that is new is the pull request's, with all that is wrong about it.
    before = declaration.before
    there = frozenset(gaps(*_sides(declaration, before, place, DATABASE).told)) if before else frozenset[Gap]()
    new = tuple(gap for gap in here if gap not in there)
    old = tuple(gap for gap in here if gap in there)
    return Compared(new, old, _closing(declaration, place, sides, new) if new else (), reordered)


def _sides(declaration: Declaration, files: Mapping[str, str], place: Place, database: str) -> Sides:
    """The declared schema and the one that was built."""
    form = declaration.form
    if isinstance(form, PrismaSchema):
        build = build_for(form.major)
        assert build is not None
        declared, built = of_prisma(build, place.cache, files, place.cluster, database)
    elif isinstance(form, Dump):
        declared, built = of_dump(files, place.cluster, database)
    else:
        assert_never(form)
    return Sides(declared, built, _told(declaration, declared, built))


def _told(declaration: Declaration, declared: Catalog, built: Catalog) -> tuple[Catalog, Catalog]:
    """What is compared of the two."""
    if isinstance(declaration.form, PrismaSchema):
        return managed(declared, built, leeway(declaration.files, declaration.form.external))
    return comparable(declared), comparable(built)


def _closing(declaration: Declaration, place: Place, sides: Sides, new: Sequence[Gap]) -> tuple[str, ...]:
    """The SQL, if running it leaves none of the gaps."""
    statements = closing_sql(sides, new)
    with copied(place.cluster, _CLOSED, place.line):
        with Session(place.cluster, database=_CLOSED) as session:
            if any(session.run(statement).error for statement in statements):
                return ()
        closed = _told(declaration, sides.expected, catalog_of(place.cluster, _CLOSED))
    return statements if frozenset(gaps(*closed)).isdisjoint(new) else ()
