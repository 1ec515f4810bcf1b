"""Reads a database's schema again and again, each time only what was written since the last time."""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator, Mapping, Set
from dataclasses import dataclass
from importlib import resources
from string import Template
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Dependency, Kind, Object, ObjectId
from workers.postgres.catalog import FACTS, SETTINGS, Facts, objects_in, queries, read_whole

_CHECKED_EVERY = 75  # readings, of which one is compared with one of everything

# Read again by an own OID, or by that of what an object hangs on.
_READ = (
    "types",
    "tables",
    "columns",
    "sequences",
    "defaults",
    "constraints",
    "indexes",
    "views",
    "functions",
    "triggers",
)
_FIXED = "own_catalog, own, own_sub, own_kind, own_path, hung_on_catalog, hung_on, hung_on_sub, own_raw"
_PREPARE = "PREPARE migration_bot_{} (oid[]) AS SELECT * FROM (\n{}\n) AS q ({}) WHERE {}"
_GENERIC = "SET LOCAL plan_cache_mode TO force_generic_plan"

# Seldom changed: when one of these is not as it was, everything is read.
_OTHERS = (
    *("pg_extension", "pg_collation", "pg_operator", "pg_opclass", "pg_opfamily", "pg_cast", "pg_conversion"),
    *("pg_ts_config", "pg_ts_dict", "pg_ts_parser", "pg_ts_template", "pg_foreign_data_wrapper", "pg_foreign_server"),
    *("pg_language", "pg_am", "pg_transform", "pg_event_trigger", "pg_publication", "pg_publication_rel"),
    *("pg_default_acl", "pg_statistic_ext", "pg_namespace"),
)
_SIGN = "(SELECT concat_ws(' ', count(*), sum(oid::bigint), max(xmin::text::bigint)) FROM {} {})"

# Not read with the table that they hang on: of `_OTHERS`.
_APART = frozenset({Kind.STATISTICS, Kind.PUBLISHED})

# What the texts of other objects spell.
_SPELLED = frozenset({Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE, Kind.VIEW, Kind.MATERIALIZED_VIEW})

_Cursor = psycopg.Cursor[tuple[Any, ...]]


class Wrong(Exception):
    """What was read bit by bit is not what is there: a bug."""


@dataclass(frozen=True, slots=True)
class _There:
    """Rows of catalog_there.sql: see there."""

    oids: frozenset[int]
    next: str
    comments: int
    dependencies: int
    others: str

    def counts(self, facts: Facts) -> bool:
        """Whether there are as many as that: of what is gone, nothing else tells."""
        return len(facts.comments) == self.comments and len(facts.links) == self.dependencies


@dataclass(slots=True)
class _Known:
    catalog: Catalog
    facts: Facts
    there: _There


class Follower:
    """On one connection. An ephemeral server's transaction numbers never wrap around
    (https://www.postgresql.org/docs/current/routine-vacuuming.html#VACUUM-FOR-WRAPAROUND)."""

    def __init__(self, connection: psycopg.Connection[Any]) -> None:
        self._connection = connection
        connection.prepare_threshold = None  # else psycopg says DEALLOCATE ALL after a ROLLBACK now and then
        self._known: _Known | None = None
        self._readings = 0
        self.whole = 0  # how often everything had to be read
        self._prepared = False

    def read(self) -> Catalog:
        """As read_catalog does; what has not changed is the very same Object. Raises psycopg.Error; Wrong."""
        self._readings += 1
        known = self._known
        found = self._since(known) if known else None
        self._known = found or self._whole(known)
        if found and self._readings % _CHECKED_EVERY == 0:
            self.check()
        return self._known.catalog

    def check(self) -> None:
        """Raises Wrong where the last reading is not what is there, psycopg.Error. To be called before anything is
        written since."""
        if self._known:
            _compare(self._known.catalog, read_whole(self._connection)[0])

    def _whole(self, known: _Known | None) -> _Known:
        self.whole += 1
        with self._transaction() as cursor:
            there = self._there(cursor)
        catalog, facts = read_whole(self._connection)
        objects = _instances(catalog.objects.values(), known.catalog if known else None)
        return _Known(_catalog({each.id: each for each in objects}, catalog.user, facts), facts, there)

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[_Cursor]:
        connection = self._connection
        with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
            yield cursor

    def _there(self, cursor: _Cursor) -> _There:
        """Begins with the settings that everything is read under."""
        prepare = "" if self._prepared else ";".join(_prepared(self._connection.info.server_version))
        *_, rows = _results(cursor, f"{SETTINGS}; {_GENERIC}; {prepare}; EXECUTE migration_bot_there")
        self._prepared = True
        ((oids, next, comments, dependencies, others),) = rows
        return _There(frozenset(oids), next, comments, dependencies, others)

    # ------------------------------------------------------------ what was written since

    def _since(self, known: _Known) -> _Known | None:
        """None where that does not tell the whole."""
        with self._transaction() as cursor:
            there = self._there(cursor)
            if there.others != known.there.others:
                return None
            (written,) = _results(cursor, f"EXECUTE migration_bot_since('{known.there.next}')")
            gone = known.there.oids - there.oids
            again = _again(known.catalog, {oid for row in written for oid in row if oid in there.oids}, gone)
            if not again and not gone:
                return _Known(known.catalog, known.facts, there) if there.counts(known.facts) else None
            facts, found = _read_again(cursor, known.facts, gone, again)
        if not there.counts(facts):
            return None
        objects = known.catalog.objects
        new = list(_instances(found, known.catalog))
        if any(_spelled_elsewhere(was, each) for each in new if (was := objects.get(each.id))):
            return None
        stays = (each for each in objects.values() if each.kind in _APART or not _is_of(each, again))
        merged = {each.id: each for each in stays if not _is_of(each, gone)}
        merged |= {each.id: each for each in new}
        return _Known(_catalog(merged, known.catalog.user, facts), facts, there)


def _again(catalog: Catalog, written: Set[int], gone: Set[int]) -> frozenset[int]:
    """With what the gone objects hung on."""
    parents = {each.parent.oid for each in catalog.objects.values() if each.id.oid in gone and each.parent}
    return frozenset(written | parents) - gone


def _read_again(cursor: _Cursor, known: Facts, gone: Set[int], again: Set[int]) -> tuple[Facts, list[Object]]:
    listed = "'{" + ",".join(map(str, sorted(again))) + "}'"
    cursor.execute(
        "; ".join(f"EXECUTE migration_bot_{name}({listed})" for name in (*FACTS, *_READ)).encode(), prepare=False
    )
    results = cursor.results()
    facts = Facts(*(next(results).fetchall() for _ in FACTS))
    changed = gone | again
    facts.comments = {key: text for key, text in known.comments.items() if key[1] not in changed} | facts.comments
    facts.privileges = {key: text for key, text in known.privileges.items() if key[1] not in changed} | facts.privileges
    facts.links = [link for link in known.links if link[0].oid not in changed] + facts.links
    facts.members = {key: on for key, on in known.members.items() if key[1] not in changed} | facts.members
    facts.aliases = {key: id for key, id in known.aliases.items() if key[1] not in changed} | facts.aliases
    return facts, [each for _ in _READ for each in objects_in(next(results), facts)]


def _is_of(each: Object, oids: Set[int]) -> bool:
    return each.id.oid in oids or (each.parent is not None and each.parent.oid in oids)


def _instances(found: Iterable[Object], known: Catalog | None) -> Iterator[Object]:
    """The known ones, where nothing about them has changed."""
    for each in found:
        was = known.objects.get(each.id) if known else None
        yield was if was is not None and was == each else each


def _spelled_elsewhere(was: Object, now: Object) -> bool:
    """Whether the texts of objects that hang on others may be spelled otherwise now."""
    if was is now:
        return False
    if was.path != now.path or was.attributes.get("type") != now.attributes.get("type"):
        return True
    return was.kind in _SPELLED and not (was.kind is Kind.ENUM and _labels(was).items() <= _labels(now).items())


def _labels(enum: Object) -> dict[str, str]:
    """By OID: what has values in its text is printed as before where an enum has only got more of them."""
    return dict(zip(enum.raw.rpartition("/")[2].split(","), enum.texts("labels"), strict=False))


def _catalog(objects: Mapping[ObjectId, Object], user: str, facts: Facts) -> Catalog:
    return Catalog(objects, user, facts.links, facts.aliases)


def _compare(found: Catalog, whole: Catalog) -> None:
    """Aliases of what is gone do no harm."""
    for id in found.objects.keys() | whole.objects.keys():
        if found.objects.get(id) != whole.objects.get(id):
            raise Wrong(f"{id}: {whole.objects.get(id)} was not read again, but {found.objects.get(id)}")
    if found.dependencies != whole.dependencies and _sets(found) != _sets(whole):
        raise Wrong("the dependencies were not read again")


def _sets(catalog: Catalog) -> dict[ObjectId, frozenset[Dependency]]:
    return {id: frozenset(targets) for id, targets in catalog.dependencies.items()}


# ---------------------------------------------------------------- queries


def _results(cursor: _Cursor, text: str) -> list[list[tuple[Any, ...]]]:
    """The rows of each query of the text."""
    cursor.execute(text.encode(), prepare=False)
    return [result.fetchall() for result in cursor.results() if result.description is not None]


def _prepared(version: int) -> Iterator[str]:
    """Planned once: most of what a query about a few objects takes is the planning."""
    texts = queries(version)
    others = ", ".join(_SIGN.format(name, "" if name == "pg_namespace" else "WHERE oid >= 16384") for name in _OTHERS)
    counted = {"comments": texts["comments"], "dependencies": texts["dependencies"]}
    yield f"PREPARE migration_bot_there AS {_text('there').substitute(counted, others=others)}"
    yield f"PREPARE migration_bot_since (xid) AS {_text('since').substitute()}"
    for name in FACTS:
        yield _PREPARE.format(name, texts[name], "own_catalog, own", "own = ANY ($1)")
    for name in _READ:
        yield _PREPARE.format(name, texts[name], _FIXED, "own = ANY ($1) OR hung_on = ANY ($1)")


def _text(name: str) -> Template:
    return Template((resources.files("workers.postgres") / "queries" / f"catalog_{name}.sql").read_text("utf-8"))
