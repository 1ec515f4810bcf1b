"""Reads a database's schema at one moment."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from importlib import resources
from string import Template
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind, Object, ObjectId

_FACTS = ("comments", "privileges", "dependencies", "aliases")
_OBJECTS = (
    *("schemas", "extensions", "types", "tables", "columns", "sequences", "defaults", "constraints", "indexes"),
    *("views", "functions", "triggers", "others"),
)

# What older servers have not: the expression from the given version on, and before it.
_VERSIONED = {
    "multirange": (140000, "rngmultitypid", "rngtypid"),
    "compression": (140000, "a.attcompression", "''"),
    "not_null_name": (180000, "nn.conname", "NULL"),
    "not_null_valid": (180000, "coalesce(nn.convalidated, true)", "true"),
    "not_null_join": (
        180000,
        "LEFT JOIN pg_constraint nn ON nn.conrelid = a.attrelid AND nn.contype = 'n' AND nn.conkey[1] = a.attnum",
        "",
    ),
}

# Whatever the migration has set: names come out qualified, constants in one spelling.
_SETTINGS = """
SET LOCAL search_path TO pg_catalog, pg_temp; SET LOCAL quote_all_identifiers TO off; SET LOCAL TimeZone TO 'UTC';
SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO 'postgres'; SET LOCAL bytea_output TO 'hex';
SET LOCAL extra_float_digits TO 1; SET LOCAL jit TO off;
"""


_Rows = list[tuple[Any, ...]]


def read_catalog(connection: psycopg.Connection[Any]) -> Catalog:
    """The objects of the connection's database, members of extensions and temporary objects left out. Works inside a
    transaction and outside, and leaves the session as it was. PostgreSQL 13 and newer. Raises psycopg.Error."""
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_script(connection.info.server_version).encode(), prepare=False)
        results = (result for result in cursor.results() if result.description is not None)
        user = next(results).fetchall()[0][0]
        facts = _Facts(*(next(results).fetchall() for _ in _FACTS))
        objects = {each.id: each for _ in _OBJECTS for each in _objects(next(results), facts)}
    return Catalog(objects, user, facts.links, facts.aliases)


class _Facts:
    """What is read once for objects of all kinds, by (catalog, OID, sub id) or (catalog, OID)."""

    def __init__(self, comments: _Rows, privileges: _Rows, dependencies: _Rows, aliases: _Rows) -> None:
        self.comments = {row[:3]: row[3] for row in comments}
        self.privileges = {row[:3]: tuple(row[3]) for row in privileges}
        make = ObjectId._make
        self.links = [(make(row[:3]), make(row[3:6]), row[6]) for row in dependencies]
        self.members = {dependent[:2]: on for dependent, on, type in self.links if type == "e"}
        self.aliases = self.members | {row[:2]: ObjectId(*row[2:]) for row in aliases}


_KINDS = {kind.value: kind for kind in Kind}
_FIXED = 9  # the columns before the attributes: catalog, oid, sub id, kind, path, the parent's three, raw
_ARRAYS = (1003, 1009)  # pg_type.oid of name[] and text[]


def _objects(cursor: psycopg.Cursor[tuple[Any, ...]], facts: _Facts) -> Iterator[Object]:
    """The rows of one query, members of extensions left out. Its further columns are the attributes."""
    columns = (cursor.description or ())[_FIXED:]
    names = [column.name for column in columns]
    lists = [column.name for column in columns if column.type_code in _ARRAYS]
    for row in cursor.fetchall():
        if row[:2] in facts.members or row[5:7] in facts.members:
            continue
        id = ObjectId._make(row[:3])
        attributes = dict(zip(names, row[_FIXED:], strict=True))
        for name in lists:
            if attributes[name] is not None:
                attributes[name] = tuple(attributes[name])
        attributes["comment"], attributes["grants"] = facts.comments.get(id), facts.privileges.get(id)
        yield Object(
            id, _KINDS[row[3]], tuple(row[4]), ObjectId._make(row[5:8]) if row[6] else None, row[8], attributes
        )


@functools.cache
def _script(version: int) -> str:
    values = {name: new if version >= since else old for name, (since, new, old) in _VERSIONED.items()}
    folder = resources.files("workers.postgres") / "queries"
    texts = [(folder / f"catalog_{name}.sql").read_text("utf-8") for name in (*_FACTS, *_OBJECTS)]
    return _SETTINGS + ";\n".join(["SELECT current_user::text", *(Template(text).substitute(values) for text in texts)])
