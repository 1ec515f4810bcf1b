"""A column's type changed without rewriting its table under a lock."""

from __future__ import annotations

from workers.rewrites.case import Case, Steps
from workers.rewrites.expand import Pair, expanded, replaceable
from workers.rewrites.wording import coined, slice_of
from workers.sql.columns import type_name
from workers.sql.cursor import Cursor
from workers.sql.naming import object_name
from workers.sql.table_actions import AlterColumnType


def change_type(case: Case[AlterColumnType]) -> Steps:
    """The column keeps its name in the end, so no code has to change."""
    column = replaceable(case, case.action.column)
    if column is None:
        return ()
    cursor = Cursor(case.part)
    cursor.expect("alter")
    cursor.accept("column")
    old = slice_of(cursor, cursor.identifier)
    _ = cursor.accept("type") or cursor.accept("set", "data", "type")
    type = type_name(cursor)
    if cursor.at("collate"):
        type = f"{type} {cursor.until('using')}"
    new = coined(case.action.column, label="new")
    using = cursor.rest() if cursor.accept("using") else None
    value = f"({using})" if using else old
    of_new = f"(SELECT {using} FROM (SELECT NEW.*) AS {case.table.rpartition('.')[2]})" if using else f"NEW.{old}"  # noqa: S608  the user's own
    pair = Pair(old, new, object_name(case.action.column, (), "new"), type, value, f"    NEW.{new} := {of_new};", None)
    return expanded(case, column, pair)
