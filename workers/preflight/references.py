"""Questions about rows that a foreign key refuses: children without a parent, parents still needed. Pure."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.changes import ConstraintKind
from workers.preflight.case import (
    NO_ROWS,
    ZERO,
    Case,
    Question,
    all_of,
    count_rows,
    exists,
    quoted,
    some_row,
    table_sql,
)
from workers.sql.actions import Delete, Update
from workers.sql.cursor import Cursor
from workers.sql.table_actions import AddColumn, Constraint
from workers.words import Name


def foreign_key(case: Case) -> Question | None:
    """23503, from either side."""
    if case.error.message.startswith("update or delete"):
        return _still_needed(case)
    for table, added in case.constraints(ConstraintKind.FOREIGN_KEY):
        return _orphans(case, table, added)
    for action in case.actions:
        if isinstance(action, AddColumn) and action.column.default is not None:
            for added in action.column.constraints:
                if added.kind is ConstraintKind.FOREIGN_KEY:
                    return _default_without_parent(case, action, added)
    return None


@dataclass(frozen=True, slots=True)
class _Pairs:
    """A foreign key's columns with those they point at, and their table."""

    parent: Name
    columns: Sequence[tuple[str, str]]

    def match(self, child: str, parent: str) -> str:
        return all_of(f"{parent}.{quoted(theirs)} = {child}.{quoted(ours)}" for ours, theirs in self.columns)


def _pairs(case: Case, key: Constraint) -> _Pairs | None:
    if key.references is None:
        return None
    theirs = key.referenced_columns or case.primary_key(key.references)
    return (
        _Pairs(key.references, tuple(zip(key.columns, theirs, strict=True)))
        if len(theirs) == len(key.columns)
        else None
    )


def _orphans(case: Case, table: Name, key: Constraint) -> Question | None:
    """MATCH SIMPLE lets a row pass that has a NULL in any of the columns, MATCH FULL only one with NULL in all
    (https://www.postgresql.org/docs/current/sql-createtable.html)."""
    pairs = _pairs(case, key)
    if pairs is None:
        return None
    columns = [f"child.{quoted(ours)}" for ours, _ in pairs.columns]
    wanting = f"NOT {exists(f'{table_sql(pairs.parent)} AS parent', pairs.match('child', 'parent'))}"
    refused = f"{all_of(f'{column} IS NOT NULL' for column in columns)} AND {wanting}"
    if Cursor(key.definition).find("match", "full") and len(columns) > 1:
        missing = " OR ".join(f"{column} IS NULL" for column in columns)
        present = " OR ".join(f"{column} IS NOT NULL" for column in columns)
        refused = f"({refused}) OR (({missing}) AND ({present}))"
    return Question(
        count_rows(f"{table_sql(table)} AS child", refused),
        ZERO,
        f"counts the rows of {table} that point at no row of {pairs.parent}",
        (table, pairs.parent),
    )


def _default_without_parent(case: Case, action: AddColumn, key: Constraint) -> Question | None:
    pairs = _pairs(case, key)
    if pairs is None:
        return None
    ((_, theirs),) = pairs.columns
    parent = exists(f"{table_sql(pairs.parent)} AS parent", f"parent.{quoted(theirs)} = ({action.column.default})")
    return Question(
        some_row(table_sql(action.table), f"NOT {parent}"),
        NO_ROWS,
        f"the default of the new column {action.column.name} points at a row of {pairs.parent}",
        (action.table, pairs.parent),
    )


def _still_needed(case: Case) -> Question | None:
    """The rows that a DELETE or UPDATE reaches and that rows of another table point at."""
    constraint = case.named("foreign key constraint")
    child = next(
        (
            (relation.name, found)
            for relation in case.known.now.values()
            if relation.name.name == (case.error.message.rsplit('on table "', 1)[-1].rstrip('"'))
            and (found := case.existing(relation.name, constraint or ""))
        ),
        None,
    )
    target = _target(case)
    pairs = _pairs(case, child[1]) if child else None
    if child is None or pairs is None or target is None:
        return None
    table, alias, where = target
    children = exists(f"{table_sql(child[0])} AS child_row", pairs.match("child_row", quoted(alias)))
    return Question(
        count_rows(f"{table_sql(table)} AS {quoted(alias)}", f"({where}) AND {children}"),
        ZERO,
        f"counts the rows of {table} that the statement reaches and rows of {child[0]} point at",
        (table, child[0]),
    )


def _target(case: Case) -> tuple[Name, str, str] | None:
    """The table of a DELETE or UPDATE, what its condition calls it, and the condition; None when other tables join."""
    if len(case.actions) != 1 or not isinstance(case.actions[0], Delete | Update):
        return None
    cursor = Cursor(case.statement.text)
    if not (cursor.accept("delete", "from") or cursor.accept("update")):
        return None
    cursor.accept("only")
    table = cursor.name()
    cursor.accept("*")
    cursor.accept("as")
    alias = table.name if cursor.at("where") or cursor.at("set") or cursor.ended else cursor.identifier()
    cursor.until("using", "from", "where", "returning")
    if cursor.at("using") or cursor.at("from"):
        return None
    return table, alias, cursor.until("returning") if cursor.accept("where") else "true"
