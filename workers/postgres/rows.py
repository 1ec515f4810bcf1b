"""Fills tables with rows that satisfy their constraints and are otherwise as nasty as these allow."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import psycopg

from workers.postgres.attempt import attempt, identifier, literal
from workers.postgres.choices import Key, accepted, plan_for
from workers.postgres.demands import Demands, ForeignKey, Table, demanding, read
from workers.postgres.insert import TABLE_LIMIT_MS, Outcome, insert
from workers.words import Name

_KINDS = "rp"  # pg_class.relkind of what rows can be inserted into: tables and partitioned tables
_MOST_KEYS = 24
_MOST_LINKS = 4  # parents, each of which two rows point at

_KEYS = "SELECT {cells} FROM {table} WHERE {present} LIMIT {limit}"
# Gives a parent to one row without; the first two such rows keep their NULL.
_LINK = """
    UPDATE {table} SET ({columns}) = ROW ({parent}) WHERE (tableoid, ctid) = (
        SELECT tableoid, ctid FROM {table} WHERE {empty} ORDER BY tableoid, ctid LIMIT 1 OFFSET 2)
"""
_COUNTS = "SELECT {place}, pg_catalog.count(*), ARRAY[{present}]::int8[], ARRAY[{distinct}]::int8[] FROM {table}"

Marks = tuple[tuple[str, ...], tuple[str, ...]]  # columns that hold NULL, columns that hold duplicates


@dataclass(frozen=True, slots=True)
class FilledTable:
    """`inserted` rows, beside any that the table held before. nulls, duplicates: the columns in which the table now
    holds NULL, or one value more than once. `problem`: why no row was inserted."""

    table: Name
    inserted: int
    nulls: tuple[str, ...] = ()
    duplicates: tuple[str, ...] = ()
    problem: str | None = None


@dataclass(frozen=True, slots=True)
class Filled:
    """The tables asked for in the order given, then those filled only because one of them needs a parent there."""

    tables: tuple[FilledTable, ...]

    def of(self, table: Name) -> FilledTable | None:
        return next((filled for filled in self.tables if filled.table == table), None)


def fill(
    connection: psycopg.Connection,
    tables: Collection[Name],
    *,
    rows: int = 24,
    required: Collection[tuple[Name, str]] = (),
    empty: Collection[tuple[Name, str]] = (),
) -> Filled:
    """Fills the tables, parents first, with about `rows` rows each; the same database gets the same rows. required:
    columns that are not to hold NULL, though they may; empty: those that are to hold nothing else. A table that cannot
    be filled is reported, not raised. Works in a transaction of its own or inside the caller's, where deferrable
    constraints are then IMMEDIATE. Raises psycopg.Error for a connection that is lost."""
    with connection.transaction(), _impatient(connection):
        demands = demanding(read(connection, tables), required, empty)
        order = _parents_first([table for table in demands.tables if table.kind in _KINDS])
        outcomes = _insert_all(connection, demands, order, rows)
        _link(connection, order, outcomes)
        marks = _marks(
            connection, [table for table in order if table.name in outcomes and outcomes[table.name].inserted]
        )
    found = {table.name for table in demands.tables}
    for name in tables:
        reason = "not a table that stores rows" if name in found else "no such table"
        outcomes.setdefault(name, Outcome(0, reason))
    return Filled(
        tuple(
            FilledTable(name, outcomes[name].inserted, *marks.get(name, ((), ())), problem=outcomes[name].problem)
            for name in dict.fromkeys([*tables, *outcomes])
        )
    )


@contextmanager
def _impatient(connection: psycopg.Connection) -> Iterator[None]:
    """A statement_timeout of at most TABLE_LIMIT_MS, and every constraint checked at once, so that a row is refused
    when it is inserted and not at the end."""
    row = connection.execute(
        "SELECT setting::pg_catalog.int4 FROM pg_catalog.pg_settings WHERE name = 'statement_timeout'"
    ).fetchone()
    before_ms = row[0] if row else 0
    connection.execute(f"SET LOCAL statement_timeout = {min(before_ms or TABLE_LIMIT_MS, TABLE_LIMIT_MS)}".encode())
    connection.execute("SET CONSTRAINTS ALL IMMEDIATE")
    yield
    connection.execute(f"SET LOCAL statement_timeout = {before_ms}".encode())


def _parents_first(tables: Sequence[Table]) -> list[Table]:
    """By foreign keys: those a row must have count before those it can leave NULL; a cycle is cut anywhere."""
    left, order = list(tables), list[Table]()
    while left:
        oids = {table.oid for table in left}

        def waits(table: Table, oids: set[int] = oids) -> tuple[int, int]:
            keys = [key for key in table.foreign_keys if key.parent in oids and key.parent != table.oid]
            required = [key for key in keys if not table.nullable(key)]
            return len(required), len(keys)

        first = min(left, key=waits)
        left.remove(first)
        order.append(first)
    return order


def _insert_all(
    connection: psycopg.Connection, demands: Demands, order: Sequence[Table], rows: int
) -> dict[Name, Outcome]:
    values = accepted(connection, order, demands.types)
    names = {table.oid: table.name for table in order}
    outcomes: dict[Name, Outcome] = {}
    for table in order:
        if table.listed or not _keys(connection, table.name, ()):
            keys = {
                key: _keys(connection, names[key.parent], key.parent_columns)
                for key in table.foreign_keys
                if key.parent in names
            }
            outcomes[table.name] = insert(connection, plan_for(table, values, demands.types, keys), rows)
    return outcomes


def _keys(connection: psycopg.Connection, table: Name, columns: Sequence[str]) -> list[Key]:
    """Keys that the table's rows hold, none of them with NULL; without columns, an empty key for each row."""
    cells = ", ".join(f"{identifier(column)}::pg_catalog.text" for column in columns)
    present = " AND ".join(f"{identifier(column)} IS NOT NULL" for column in columns)
    source = identifier(table.schema, table.name)
    query = _KEYS.format(cells=cells, table=source, present=present or "true", limit=_MOST_KEYS)
    return [tuple(map(literal, row)) for row in _answer(connection, query)]


def _link(connection: psycopg.Connection, order: Sequence[Table], outcomes: Mapping[Name, Outcome]) -> None:
    """Foreign keys whose parents came later, in cycles and within one table: some rows that hold NULL get a parent."""
    place = {table.oid: number for number, table in enumerate(order)}
    for number, table in enumerate(order):
        for key in table.foreign_keys:
            late = place.get(key.parent, -1) >= number and table.nullable(key)
            if late and table.name in outcomes and outcomes[table.name].inserted:
                keys = _keys(connection, order[place[key.parent]].name, key.parent_columns)
                attempt(connection, [_linking(table, key, parent) for parent in keys[:_MOST_LINKS] for _ in range(2)])


def _linking(table: Table, key: ForeignKey, parent: Key) -> str:
    return _LINK.format(
        table=identifier(table.name.schema, table.name.name),
        columns=", ".join(map(identifier, key.columns)),
        parent=", ".join(parent),
        empty=" AND ".join(f"{identifier(column)} IS NULL" for column in sorted(table.nullable(key))),
    )


def _marks(connection: psycopg.Connection, tables: Sequence[Table]) -> Mapping[Name, Marks]:
    """As the server counts them; values that print alike count as duplicates."""
    counts = [
        _COUNTS.format(
            place=place,
            present=", ".join(f"pg_catalog.count({column})" for column in columns),
            distinct=", ".join(f"pg_catalog.count(DISTINCT {column}::pg_catalog.text)" for column in columns),
            table=identifier(table.name.schema, table.name.name),
        )
        for place, table in enumerate(tables)
        for columns in [[identifier(column.name) for column in table.columns]]
    ]
    marks: dict[Name, Marks] = {}
    for place, rows, present, distinct in _answer(connection, " UNION ALL ".join(counts)) if counts else ():
        names = [column.name for column in tables[place].columns]
        marks[tables[place].name] = (
            tuple(name for name, count in zip(names, present, strict=True) if count < rows),
            tuple(name for name, all_, some in zip(names, present, distinct, strict=True) if some < all_),
        )
    return marks


def _answer(connection: psycopg.Connection, query: str) -> list[Any]:
    """The query's rows; none when the server refuses it or takes too long."""
    try:
        with connection.transaction():
            return connection.execute(query.encode()).fetchall()
    except psycopg.Error:
        if connection.closed:
            raise
        return []
