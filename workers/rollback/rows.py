"""What tables hold, as one hash per value, so that rows compare whatever their order and that of their columns."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from workers.catalog import Catalog, Kind
from workers.words import Name

ROWS_MAX = 5_000  # of one table; more are not compared

_SETTINGS = """
SET LOCAL TimeZone TO 'UTC'; SET LOCAL DateStyle TO 'ISO, YMD'; SET LOCAL IntervalStyle TO 'postgres';
SET LOCAL extra_float_digits TO 1; SET LOCAL bytea_output TO 'hex'; SET LOCAL search_path TO pg_catalog, pg_temp;
"""


@dataclass(frozen=True, slots=True)
class Content:
    """rows[i][j] is the hash of the i-th row's value in columns[j], None for NULL; places[i] is where that row lies
    (ctid). complete: False where the table holds more than ROWS_MAX rows."""

    columns: tuple[str, ...]
    rows: tuple[tuple[int | None, ...], ...]
    places: tuple[str, ...]
    complete: bool

    def of(self, columns: Iterable[str]) -> Counter[tuple[int | None, ...]]:
        """How often each row occurs, seen through the given columns."""
        at = [self.columns.index(column) for column in columns]
        return Counter(tuple(row[i] for i in at) for row in self.rows)


Fingerprint = Mapping[Name, Content]


def fingerprint(connection: psycopg.Connection[Any], catalog: Catalog, tables: Collection[Name]) -> Fingerprint:
    """The content of those of the tables that the catalog knows, read in one transaction, which is rolled back; the
    session stays as it was. Raises psycopg.Error. https://www.postgresql.org/docs/current/ddl-system-columns.html"""
    if not tables:
        return {}
    found: dict[tuple[str, ...], list[tuple[int, str]]] = {(table.schema, table.name): [] for table in tables}
    for each in catalog.of_kind(Kind.COLUMN):
        if (columns := found.get(each.path[:2])) is not None:
            columns.append((each.id.sub, each.path[2]))
    existing = {each.path for each in catalog.of_kind(Kind.TABLE)}
    with connection.transaction(force_rollback=True), connection.cursor(row_factory=tuple_row) as cursor:
        cursor.execute(_SETTINGS.encode(), prepare=False)
        return {
            Name(*path): _read(cursor, Name(*path), tuple(name for _, name in sorted(columns)))
            for path, columns in found.items()
            if path in existing
        }


def _read(cursor: psycopg.Cursor[tuple[Any, ...]], table: Name, columns: tuple[str, ...]) -> Content:
    # concat prints a value by its type's own output function; ::text would run a cast that a migration may have made
    form = "CASE WHEN num_nulls({0}) = 0 THEN hashtextextended(concat({0}) COLLATE {1}, 0) END"
    hashes = [sql.SQL(form).format(sql.Identifier(column), sql.Identifier("C")) for column in columns]
    query = sql.SQL("SELECT {} FROM ONLY {} LIMIT {}").format(
        sql.SQL(", ").join([sql.SQL("ctid::text"), *hashes]),
        sql.Identifier(table.schema, table.name),
        sql.Literal(ROWS_MAX + 1),
    )
    rows = cursor.execute(query, prepare=False).fetchall()
    return Content(
        columns, tuple(row[1:] for row in rows[:ROWS_MAX]), tuple(row[0] for row in rows), len(rows) <= ROWS_MAX
    )


def lost_rows(before: Content, now: Content, ignored: Collection[str]) -> int:
    """How many of the former rows are not there any more, seen through the columns that both have and that are not
    ignored. Rows that were added do not count. Both must be complete."""
    columns = [column for column in before.columns if column in now.columns and column not in ignored]
    return (before.of(columns) - now.of(columns)).total()
