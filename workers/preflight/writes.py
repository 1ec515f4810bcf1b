"""Questions about rows that an UPDATE, or an INSERT from a query, would write: values missing or out of range. Pure."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from workers.preflight.case import NO_ERROR, ZERO, Case, Question, all_of, count_rows, table_sql
from workers.sql.actions import Insert, Update
from workers.sql.cursor import Cursor
from workers.words import Name


@dataclass(frozen=True, slots=True)
class _Written:
    """What a statement writes: to these columns these expressions over the rows of `source`, which reads the tables in
    `reads`, as far as we know them."""

    table: Name
    reads: tuple[Name, ...]
    source: str
    where: str
    columns: Mapping[str, str]


def missing_value(case: Case) -> Question | None:
    """23502: rows for which the written column would be NULL."""
    written, named = _written(case), case.named("column")
    if written is None or named is None or named not in written.columns:
        return None
    return Question(
        count_rows(written.source, all_of((f"({written.where})", f"({written.columns[named]}) IS NULL"))),
        ZERO,
        f"counts the rows for which {named} of {written.table} would be NULL",
        written.reads,
    )


def refused_value(case: Case) -> Question | None:
    """Class 22: the written values, computed for every row."""
    written = _written(case)
    relation = case.relation(written.table) if written else None
    if written is None or relation is None:
        return None
    types = {column.name: column.type for column in relation.columns.values()}
    values = [f"count(CAST({written.columns[name]} AS {types[name]}))" for name in written.columns if name in types]
    return Question(
        f"SELECT {', '.join(values)} FROM {written.source} WHERE {written.where};",  # noqa: S608  the statement's own text
        NO_ERROR,
        f"computes what the statement would write to {written.table}",
        written.reads,
    )


def _written(case: Case) -> _Written | None:
    if len(case.actions) != 1:
        return None
    cursor = Cursor(case.statement.text)
    match case.actions[0]:
        case Update(table) if cursor.accept("update"):
            return _updated(cursor, table)
        case Insert(table) if cursor.accept("insert", "into"):
            return _inserted(cursor, table)
    return None


def _updated(cursor: Cursor, table: Name) -> _Written | None:
    """UPDATE t AS x SET a = …, b = … FROM … WHERE …; None when a list of columns is set at once."""
    cursor.accept("only")
    cursor.name()
    cursor.accept("*")
    alias = cursor.until("set")
    assignments = Cursor(cursor.until("from", "where", "returning")) if cursor.accept("set") else None
    columns: dict[str, str] = {}
    for item in assignments.items() if assignments else ():
        if item.at("("):
            return None
        column = item.identifier()
        item.find("=")
        if not item.at("default"):
            columns[column] = item.rest()
    others = cursor.until("where", "returning") if cursor.accept("from") else ""
    where = cursor.until("returning") if cursor.accept("where") else "true"
    source = f"{table_sql(table)} {alias}".rstrip() + (f", {others}" if others else "")
    return _Written(table, (table,), source, where, columns) if columns else None


def _inserted(cursor: Cursor, table: Name) -> _Written | None:
    """INSERT INTO t (a, b) SELECT …; None when it lists no columns or no query."""
    cursor.name()
    if not cursor.at("("):
        return None
    columns = [item.identifier() for item in cursor.inside().items()]
    if not cursor.at("select"):
        return None
    query = cursor.until("on", "returning")
    names = [f"c{place}" for place in range(len(columns))]
    source = f"({query}) AS written ({', '.join(names)})"
    values = {column: f"written.{name}" for column, name in zip(columns, names, strict=True)}
    return _Written(table, (), source, "true", values)
