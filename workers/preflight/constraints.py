"""Questions about rows that a new or validated constraint, unique index or NOT NULL refuses. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.changes import ConstraintKind
from workers.preflight.case import (
    NO_ROWS,
    ZERO,
    Case,
    Question,
    all_of,
    condition_of,
    count_rows,
    quoted,
    some_row,
    table_sql,
)
from workers.sql.actions import CreateIndex
from workers.sql.cursor import Cursor
from workers.sql.table_actions import AddColumn, AddConstraint, AlterColumnType, Column, Constraint, SetNotNull
from workers.words import Name

_SHOWN = 20  # groups of duplicates that a query lists


def not_null(case: Case) -> Question | None:
    """23502: the column that the error names holds NULL, or is new and has no value for the rows there are."""
    named = case.named("column")
    for action in case.actions:
        match action:
            case SetNotNull(table, column) if column == named:
                return _nulls(table, quoted(column))
            case AlterColumnType(table, column, using=str(using)) if column == named:
                return _nulls(table, f"({using})")
            case AddConstraint(
                table, Constraint(kind=ConstraintKind.PRIMARY_KEY | ConstraintKind.NOT_NULL) as added
            ) if named in added.columns:
                return _nulls(table, quoted(named))
            case AddColumn(table, Column(name)) if name == named:
                return _any_row(table, f"the new column {name} has no value for rows that exist")
    return None


def _nulls(table: Name, expression: str) -> Question:
    return Question(
        count_rows(table_sql(table), f"{expression} IS NULL"),
        ZERO,
        f"counts the rows of {table} that would be NULL",
        (table,),
    )


def _any_row(table: Name, why: str, beyond: int = 0) -> Question:
    return Question(some_row(table_sql(table), beyond=beyond), NO_ROWS, why, (table,))


def check(case: Case) -> Question | None:
    """23514: rows for which the condition, as written, is false."""
    for table, added in case.constraints(ConstraintKind.CHECK):
        return Question(
            count_rows(table_sql(table), f"NOT ({condition_of(added.definition)})"),
            ZERO,
            f"counts the rows of {table} for which the condition is false",
            (table,),
        )
    for table, column in _added(case, ConstraintKind.CHECK):
        return _any_row(table, f"the default of the new column {column.name} does not fulfil its condition")
    return None


def _added(case: Case, kind: ConstraintKind) -> Iterator[tuple[Name, Column]]:
    """New columns with a constraint of this kind."""
    for action in case.actions:
        if isinstance(action, AddColumn) and any(each.kind is kind for each in action.column.constraints):
            yield action.table, action.column


def unique(case: Case) -> Question | None:
    """23505: values, in the rows that the index covers, that stand there more than once."""
    named = case.named("index") or case.named("constraint")
    for action in case.actions:
        if isinstance(action, CreateIndex) and action.unique and action.name in (named, None):
            known = case.columns(action.table)
            keys = [quoted(text) if text in known else f"({text})" for text in action.columns]
            return _duplicates(action.table, keys, _one_null(case.statement.text), action.where)
    for table, added in case.constraints(ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY):
        return _duplicates(table, [quoted(column) for column in added.columns], _one_null(added.definition), None)
    for table, column in _added(case, ConstraintKind.UNIQUE):
        return _any_row(table, f"the new column {column.name} gives every row the same value", beyond=1)
    return None


def _one_null(text: str) -> bool:
    """NULLS NOT DISTINCT (PostgreSQL 15, https://www.postgresql.org/docs/current/sql-createindex.html)."""
    return Cursor(text).find("nulls", "not", "distinct")


def _duplicates(table: Name, keys: Sequence[str], one_null: bool, where: str | None) -> Question:
    conditions = [f"({where})"] if where else []
    if not one_null:
        conditions += [f"{key} IS NOT NULL" for key in keys]
    listed = ", ".join(keys)
    rows = f"{table_sql(table)} WHERE {all_of(conditions)} GROUP BY {listed} HAVING count(*) > 1 LIMIT {_SHOWN}"
    return Question(
        f"SELECT {listed}, count(*) FROM {rows};",  # noqa: S608  quoted names, the statement's own text
        NO_ROWS,
        f"lists values that more than one row of {table} holds",
        (table,),
    )


def exclusion(case: Case) -> Question | None:
    """23P01: pairs of rows whose values conflict."""
    for table, added in case.constraints(ConstraintKind.EXCLUSION):
        cursor = Cursor(added.definition)
        if cursor.find("using"):
            cursor.identifier()
        elements = [_element(item) for item in cursor.inside().items()]
        where = cursor.inside().rest() if cursor.find("where") else "true"
        values = ", ".join(f"{expression} AS k{place}" for place, (expression, _) in enumerate(elements))
        source = f"{table_sql(table)} WHERE {where}"
        rows = f"(SELECT tableoid AS part, ctid AS place, {values} FROM {source})"  # noqa: S608  quoted, or their text
        conflict = all_of(f"one.k{place} {operator} other.k{place}" for place, (_, operator) in enumerate(elements))
        return Question(
            count_rows(
                f"{rows} AS one, {rows} AS other", f"(one.part, one.place) < (other.part, other.place) AND {conflict}"
            ),
            ZERO,
            f"counts the pairs of rows of {table} that conflict",
            (table,),
        )
    return None


def _element(item: Cursor) -> tuple[str, str]:
    """An element's expression and its operator."""
    expression = item.until("with", "asc", "desc", "nulls", "collate")
    item.find("with")
    return expression, item.rest()
