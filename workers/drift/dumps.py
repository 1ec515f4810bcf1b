"""Committed dumps of a schema (structure.sql, schema.sql): where they are, what is run and compared of them. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import replace

from workers.catalog import Catalog, Kind, Object
from workers.drift.schema_files import Found
from workers.migrations.layout import ReadText, ancestors, inside
from workers.model import Statement, StatementKind
from workers.sql.split import split

_NAMES = ("structure.sql", "schema.sql")

# pg_dump's head, and what is left of it where a framework takes the comments away, as Rails does.
_DUMPED = re.compile(r"^-- PostgreSQL database dump$|\bpg_catalog\.set_config\('search_path'", re.M)

# Data, owners, privileges, and what only a superuser may say.
_PASSED_OVER = re.compile(
    r"(?:COPY|INSERT|GRANT|REVOKE|ALTER\s+DEFAULT\s+PRIVILEGES|COMMENT\s+ON\s+(?:EXTENSION|DATABASE|SCHEMA\s+public))\b"
    r"|ALTER\s[^;']*\bOWNER\s+TO\s"
    r"|CREATE\s+SCHEMA\s+(?:IF\s+NOT\s+EXISTS\s+)?\"?public\"?\s*$"
    r"|SELECT\s+(?:pg_catalog\.)?setval\s*\(",
    re.I,
)

# Where runners keep which migrations a database has had: a dump holds them, and what the migrations build does not.
HISTORY_TABLES = frozenset(
    {
        *("schema_migrations", "ar_internal_metadata", "goose_db_version", "flyway_schema_history", "_sqlx_migrations"),
        *(
            "gorp_migrations",
            "pgmigrations",
            "__drizzle_migrations",
            "atlas_schema_revisions",
            "refinery_schema_history",
        ),
        *("__diesel_schema_migrations", "knex_migrations", "knex_migrations_lock", "alembic_version", "migrations"),
    }
)


def find_dump(paths: Iterable[str], directory: str, text_of: ReadText) -> Found | None:
    """The dump that stands beside a migrations folder, or above it; None where there is none."""
    known = frozenset(paths)
    for folder in ancestors(directory)[1:3]:
        for name in _NAMES:
            if (path := inside(folder, name)) in known and _DUMPED.search(text_of(path)):
                return Found(path, (path,))
    return None


def statements(text: str) -> Iterator[Statement]:
    """What makes the schema, of all that psql would run."""
    for statement in split(text).statements:
        if statement.kind is StatementKind.SQL and not _PASSED_OVER.match(statement.text):
            yield statement


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
    left_out = _LEFT_OUT.get(each.kind, frozenset())
    kept = {} if each.kind in _PRESENT else {n: v for n, v in each.attributes.items() if n not in left_out}
    return replace(each, attributes=kept)
