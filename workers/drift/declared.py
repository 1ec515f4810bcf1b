"""Declared drift: what schema.prisma or a dump says against what the migrations build, both read from a server."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import assert_never

from workers.catalog import Catalog
from workers.drift.closing import Sides, closing_sql
from workers.drift.declaration import Declaration, Dump, PrismaSchema
from workers.drift.dumps import comparable
from workers.drift.engine import NotReadable, NotRendered, missing
from workers.drift.gaps import Gap, column_orders, gaps, ignored
from workers.drift.making import Made, catalog_of, copied, of_dump, of_prisma
from workers.drift.managed import managed
from workers.drift.pins import build_for
from workers.drift.rendering import Rendering, rendering
from workers.drift.schema_files import leeway, provider
from workers.migrations.prisma import POSTGRES
from workers.postgres.cluster import DATABASE, Cluster
from workers.postgres.sandbox import Tier
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
    """Where schemas are made. line: the database with all migrations of the pull request. rendering: the engine, where
    it is at work already; seen: the databases that were read already, by name. ignore: what is not told, as the policy
    spells it."""

    cluster: Cluster
    line: str
    cache: Path
    rendering: Rendering | None = None
    seen: Mapping[str, Catalog] = field(default_factory=dict)
    ignore: tuple[str, ...] = ()

    def catalog(self, database: str) -> Catalog:
        return self.seen.get(database) or catalog_of(self.cluster, database)

    def gaps(self, expected: Catalog, actual: Catalog) -> tuple[Gap, ...]:
        return tuple(gap for gap in gaps(expected, actual) if not ignored(gap.of, gap.path, self.ignore))


def obstacle(declaration: Declaration, cache: Path) -> str | None:
    """Why the two cannot be compared here, in a sentence; no server is needed to know."""
    if not isinstance(declaration.form, PrismaSchema):
        return None
    if (said := provider(declaration.files.values())) not in (None, *POSTGRES):
        return f"its provider is {said}, not postgresql"
    build = build_for(declaration.form.major)
    if build is None:
        return f"it is written for Prisma {declaration.form.major}, whose engine is not known here"
    return missing(build, cache)


@contextlib.contextmanager
def begun(declaration: Declaration | None, cache: Path, tier: Tier) -> Iterator[Rendering | None]:
    """Sets the engine to work, until the block ends, so that nobody waits for it later. None where there is no schema
    for it, or no engine."""
    form = declaration.form if declaration and not declaration.why_not else None
    build = build_for(form.major) if isinstance(form, PrismaSchema) else None
    if declaration is None or build is None or missing(build, cache):
        yield None
        return
    with rendering(build, cache, declaration.files, declaration.before, tier) as at_work:
        yield at_work


def compare_declared(declaration: Declaration, place: Place) -> Compared:
    """Raises NotRendered with what keeps the two from being compared."""
    if why_not := declaration.why_not or obstacle(declaration, place.cache):
        raise NotRendered(why_not)
    with contextlib.ExitStack() as until_the_end:
        if place.rendering is None:
            at_work = until_the_end.enter_context(begun(declaration, place.cache, place.cluster.tier))
            place = replace(place, rendering=at_work)
        built = place.catalog(place.line)
        made = until_the_end.enter_context(_made(declaration, place, built))
        return _compared(declaration, place, made, built)


def _made(declaration: Declaration, place: Place, built: Catalog) -> AbstractContextManager[Made]:
    if isinstance(declaration.form, PrismaSchema):
        assert place.rendering is not None
        return of_prisma(place.rendering, place.cluster, place.line, built)
    if isinstance(declaration.form, Dump):
        now, changed = of_dump(declaration.files, place.cluster), declaration.changed
        return nullcontext(Made(now, lambda: of_dump(declaration.before, place.cluster) if changed else now))
    assert_never(declaration.form)


def _compared(declaration: Declaration, place: Place, made: Made, built: Catalog) -> Compared:
    sides = Sides(made.now, built, _told(declaration, declaration.files, made.now, built))
    here = place.gaps(*sides.told)
    reordered = column_orders(*sides.told) if isinstance(declaration.form, Dump) else ()
    if not here or (place.line == DATABASE and not declaration.changed):
        return Compared(old=here, reordered=reordered)
    there = _gaps_before(declaration, place, made)
    new = tuple(gap for gap in here if gap not in there)
    old = tuple(gap for gap in here if gap in there)
    return Compared(new, old, _closing(declaration, place, sides, new) if new else (), reordered)


def _gaps_before(declaration: Declaration, place: Place, made: Made) -> frozenset[Gap]:
    """Of the base branch. A schema that is new, or that nobody could read, is the pull request's, with all that is
    wrong about it."""
    if not declaration.before:
        return frozenset()
    with ThreadPoolExecutor(1) as meanwhile:
        base = meanwhile.submit(place.catalog, DATABASE)
        try:
            declared = made.before()
        except NotReadable:
            return frozenset()
    return frozenset(place.gaps(*_told(declaration, declaration.before, declared, base.result())))


def _told(
    declaration: Declaration, files: Mapping[str, str], declared: Catalog, built: Catalog
) -> tuple[Catalog, Catalog]:
    """What is compared of the two. files: what `declared` was made of."""
    if isinstance(declaration.form, PrismaSchema):
        return managed(declared, built, leeway(files, declaration.form.external))
    return comparable(declared), comparable(built)


def _closing(declaration: Declaration, place: Place, sides: Sides, new: Sequence[Gap]) -> tuple[str, ...]:
    """The SQL, if running it leaves none of the gaps."""
    statements = closing_sql(sides, new)
    with copied(place.cluster, _CLOSED, place.line):
        with Session(place.cluster, database=_CLOSED) as session:
            if any(session.run(statement).error for statement in statements):
                return ()
        closed = _told(declaration, declaration.files, sides.expected, catalog_of(place.cluster, _CLOSED))
    return statements if frozenset(gaps(*closed)).isdisjoint(new) else ()
