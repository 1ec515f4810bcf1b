"""What rows hold and could not hold before, values new to their enum or NULL: while it is there, nothing gets its old
form."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, LiteralString

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.rollback.difference import Difference
from workers.rollback.names import literal

_WITHIN = (Kind.ENUM, Kind.DOMAIN, Kind.COMPOSITE, Kind.RANGE)

# Also of arrays, domains and composite types; a range prints its bounds as one text and is not looked into.
# https://www.postgresql.org/docs/current/functions-json.html#FUNCTIONS-SQLJSON-PATH
_HELD = """
SELECT DISTINCT v #>> '{{}}' FROM ONLY {table} AS rows, jsonb_path_query(to_jsonb(rows.{column}), 'strict $.**') AS v
WHERE jsonb_typeof(v) = 'string' AND v #>> '{{}}' = ANY ({values}) ORDER BY 1
"""
_NULL = "SELECT '' FROM ONLY {table} WHERE {column} IS NULL LIMIT 1"


def held_values(reader: psycopg.Connection[Any], difference: Difference) -> tuple[str, ...]:
    """One sentence for each column that was there before the migration and whose rows, as they are now, hold such
    a value or such a NULL. Raises psycopg.Error."""
    return tuple(_sentences(reader, difference))


def _sentences(reader: psycopg.Connection[Any], difference: Difference) -> Iterator[str]:
    for was in difference.before.of_kind(Kind.COLUMN):
        if (now_id := difference.pairs.get(was.id)) is None or was.flag("generated"):
            continue
        now = difference.after.objects[now_id]
        if was.flag("not_null") and not now.flag("not_null") and _asked(reader, _NULL, now):
            yield (
                f"Rows of {'.'.join(was.path)} hold NULL, which it did not take before: they need a value, or to go, "
                "before it can be NOT NULL again."
            )
        for enum, values in _new_values(difference, was, now):
            if found := _asked(reader, _HELD, now, values):
                told = ", ".join(literal(value) for value in found)
                it = "it" if len(found) == 1 else "them"
                yield (
                    f"Rows of {'.'.join(was.path)} hold {told}, which {enum.label} did not have before:"
                    f" they need another value, or to go, before {it} can be taken away."
                )


def _new_values(difference: Difference, was: Object, now: Object) -> Iterator[tuple[Object, list[str]]]:
    """Of each enum in the column's type; none where it had no enum in it before."""
    former = list(_enums(difference.before, was.id))
    labels = {label for enum in former for label in enum.texts("labels")}
    for enum in _enums(difference.after, now.id) if former else ():
        same = difference.before.objects.get(enum.id)
        known = _numbers(same) if same in former and same else {}
        values = [label for number, label in _numbers(enum).items() if number not in known and label not in labels]
        if values:
            yield enum, values


def _enums(catalog: Catalog, id: ObjectId) -> Iterator[Object]:
    for dependency in catalog.on(id):
        type = catalog.objects[dependency.on]
        if type.kind is Kind.ENUM:
            yield type
        elif type.kind in _WITHIN:
            yield from _enums(catalog, type.id)


def _numbers(enum: Object) -> dict[str, str]:
    """OID → value: a value that was only renamed is not another one."""
    return dict(zip(enum.raw.rpartition("/")[2].split(","), enum.texts("labels"), strict=True))


def _asked(
    reader: psycopg.Connection[Any], question: LiteralString, column: Object, values: Sequence[str] = ()
) -> list[str]:
    schema, table, name = column.path
    parts = {"table": sql.Identifier(schema, table), "column": sql.Identifier(name), "values": sql.Literal([*values])}
    with reader.transaction(force_rollback=True), reader.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(b"SET LOCAL search_path TO pg_catalog, pg_temp", prepare=False)
        return [row[0] for row in cursor.execute(sql.SQL(question).format(**parts), prepare=False).fetchall()]
