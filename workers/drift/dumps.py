"""Committed dumps of a schema (structure.sql, schema.sql): where they are, and what is compared of them. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from workers.catalog import Catalog, Kind, Object
from workers.drift.schema_files import Found
from workers.migrations.dumped import DUMPED
from workers.migrations.history_tables import HISTORY_TABLES as MADE
from workers.migrations.layout import ReadText, ancestors, inside
from workers.migrations.rails import dump_of

_NAMES = ("structure.sql", "schema.sql")

# Where runners keep which migrations a database has had: a dump holds them, and what the migrations build does not.
HISTORY_TABLES = frozenset(made.name for made in MADE.values()) | {
    *("ar_internal_metadata", "knex_migrations", "knex_migrations_lock", "alembic_version", "migrations"),
}


def find_dump(paths: Iterable[str], directory: str, text_of: ReadText) -> Found | None:
    """The dump that stands beside a migrations folder, or above it; None where there is none."""
    known = frozenset(paths)
    above = (inside(folder, name) for folder in ancestors(directory)[1:3] for name in _NAMES)
    for path in (dump_of(directory), *above):  # the first: of one of several databases, in Rails' words
        if path in known and DUMPED.search(text_of(path)):
            return Found(path, (path,))
    return None


def comparable(catalog: Catalog) -> Catalog:
    """Without the runners' own tables. That an extension or a schema is there is all that is told of it: its version
    is the server's."""
    gone = {each.id for each in catalog.of_kind(Kind.TABLE) if each.path[-1] in HISTORY_TABLES}
    while more := {each.id for each in catalog.objects.values() if each.parent in gone and each.id not in gone}:
        gone |= more
    return replace(catalog, objects={id: _bare(each) for id, each in catalog.objects.items() if id not in gone})


_PRESENT = frozenset({Kind.EXTENSION, Kind.SCHEMA})
# What an index or a column has from what was done with it, and no dump can give back.
_LEFT_OUT: Mapping[Kind, frozenset[str]] = {
    Kind.INDEX: frozenset({"table_kind"}),
    Kind.MATERIALIZED_VIEW: frozenset({"populated"}),
}


def _bare(each: Object) -> Object:
    if each.kind not in _PRESENT and each.kind not in _LEFT_OUT:
        return each
    left_out = _LEFT_OUT.get(each.kind, frozenset())
    kept = {} if each.kind in _PRESENT else {n: v for n, v in each.attributes.items() if n not in left_out}
    return replace(each, attributes=kept)
