"""Reads a database's schema at one moment."""

from __future__ import annotations

import functools
from collections.abc import Iterator, Mapping
from importlib import resources
from string import Template
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind, Object, ObjectId

FACTS = ("comments", "privileges", "dependencies", "aliases")
OBJECTS = (
    *("schemas", "extensions", "types", "tables", "columns", "sequences", "defaults", "constraints", "indexes"),
    *("views", "functions", "triggers", "others", "collations", "conversions", "casts", "operators", "dictionaries"),
    *("configurations", "statistics", "publications", "published", "default_privileges"),
)

# What older servers have not: the expression from the given version on, and before it.
_VERSIONED = {
    "multirange": (140000, "rngmultitypid", "rngtypid"),
    "compression": (140000, "a.attcompression", "''"),
    "published_columns": (
        150000,
        """(SELECT array_agg(quote_ident(a.attname) ORDER BY a.attnum) FROM pg_attribute a
            WHERE a.attrelid = x.prrelid AND a.attnum = ANY (x.prattrs))""",
        "NULL::text[]",
    ),
    "published_condition": (150000, "pg_get_expr(x.prqual, x.prrelid)", "NULL"),
    "published_raw": (
        150000,
        """concat_ws('/', x.prattrs, hashtextextended(x.prqual::text COLLATE "C", 0))""",
        "''",
    ),
    "not_null_name": (180000, "nn.conname", "NULL"),
    "not_null_valid": (180000, "coalesce(nn.convalidated, true)", "true"),
    "not_null_own": (180000, "coalesce(nn.conislocal, false)", "a.attnotnull"),
    "not_null_no_inherit": (180000, "coalesce(nn.connoinherit, false)", "false"),
    "enforced": (180000, "k.conenforced", "true"),
    "multirange_name": (
        140000,
        """', MULTIRANGE_TYPE_NAME = ' || (
                   SELECT quote_ident(mn.nspname) || '.' || quote_ident(mt.typname)
                   FROM pg_type mt JOIN pg_namespace mn ON mn.oid = mt.typnamespace WHERE mt.oid = r.rngmultitypid)""",
        "''",
    ),
    "domain_not_null": (
        170000,
        "(SELECT dn.conname FROM pg_constraint dn WHERE dn.contypid = t.oid AND dn.contype = 'n')",
        "NULL::name",
    ),
    "not_null_join": (
        180000,
        "LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum",
        "",
    ),
}

# Whatever the migration has set: names come out qualified, constants in one spelling.
SETTINGS = """
SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL quote_all_identifiers TO off; SET LOCAL TimeZone TO 'UTC';
SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO 'postgres'; SET LOCAL bytea_output TO 'hex';
SET LOCAL extra_float_digits TO 1; SET LOCAL jit TO off;
"""


Rows = list[tuple[Any, ...]]


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """The objects of the connection's database, members of extensions and temporary objects left out. Works inside a
    transaction and outside, and leaves the session as it was. PostgreSQL 13 and newer. Raises psycopg.Error."""
    return read_whole(connection)[0]


def read_whole(connection: psycopg.Connection[Any]) -> tuple[Catalog, Facts]:
    """The same, with what it was made of."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_script(connection.info.server_version).encode(), prepare=False)
        results = (result for result in cursor.results() if result.description is not None)
        user = next(results).fetchall()[0][0]
        facts = Facts(*(next(results).fetchall() for _ in FACTS))
        objects = {each.id: each for _ in OBJECTS for each in objects_in(next(results), facts)}
    return Catalog(objects, user, facts.links, facts.aliases), facts


class Facts:
    """What is read once for objects of all kinds, by (catalog, OID, sub id) or (catalog, OID)."""

    def __init__(self, comments: Rows, privileges: Rows, dependencies: Rows, aliases: Rows) -> None:
        self.comments = {row[:3]: row[3] for row in comments}
        self.privileges = {row[:3]: tuple(row[3]) for row in privileges}
        make = ObjectId._make
        self.links = [(make(row[:3]), make(row[3:6]), row[6]) for row in dependencies]
        self.members = {dependent[:2]: on for dependent, on, type in self.links if type == "e"}
        self.aliases = self.members | {row[:2]: ObjectId(*row[2:]) for row in aliases}


_KINDS = {kind.value: kind for kind in Kind}
FIXED = 9  # the columns before the attributes: catalog, oid, sub id, kind, path, the parent's three, raw
_ARRAYS = (1003, 1009)  # pg_type.oid of name[] and text[]


def objects_in(cursor: psycopg.Cursor[tuple[Any, ...]], facts: Facts) -> Iterator[Object]:
    """The rows of one query, members of extensions left out. Its further columns are the attributes."""
    columns = (cursor.description or ())[FIXED:]
    names = [column.name for column in columns]
    lists = [column.name for column in columns if column.type_code in _ARRAYS]
    for row in cursor.fetchall():
        if row[:2] in facts.members or row[5:7] in facts.members:
            continue
        id = ObjectId._make(row[:3])
        attributes = dict(zip(names, row[FIXED:], strict=True))
        for name in lists:
            if attributes[name] is not None:
                attributes[name] = tuple(attributes[name])
        attributes["comment"], attributes["grants"] = facts.comments.get(id), facts.privileges.get(id)
        yield Object(
            id, _KINDS[row[3]], tuple(row[4]), ObjectId._make(row[5:8]) if row[6] else None, row[8], attributes
        )


@functools.cache
def queries(version: int) -> Mapping[str, str]:
    """The text of each query by its name, as a server of this version takes it."""
    values = {name: new if version >= since else old for name, (since, new, old) in _VERSIONED.items()}
    folder = resources.files("workers.postgres") / "queries"
    texts = {name: (folder / f"catalog_{name}.sql").read_text("utf-8") for name in (*FACTS, *OBJECTS)}
    return {name: Template(text).substitute(values) for name, text in texts.items()}


def _script(version: int) -> str:
    return SETTINGS + ";\n".join(["SELECT current_user::text", *queries(version).values()])
