"""An UPDATE of every row, in batches."""

from __future__ import annotations

from workers.rewrites.batches import batched, primary_key
from workers.rewrites.case import Steps
from workers.rewrites.wording import quote, slice_of
from workers.rules import Step
from workers.sql.actions import Update, Where
from workers.sql.cursor import Cursor


def update(step: Step, action: Update) -> Steps:
    """Only plain ones: no ONLY, alias, join or RETURNING. Not where the key itself is written: the next batch is found
    by it."""
    keys = primary_key(step, action.table)
    if not keys or {quote(column) for column in action.columns} & set(keys):
        return ()
    cursor = Cursor(step.statement.text)
    cursor.expect("update")
    if cursor.at("only"):
        return ()
    table = slice_of(cursor, cursor.path)
    cursor.accept("*")
    cursor.expect("set")
    assignments = cursor.until("from", "where", "returning")
    condition = cursor.until("returning") if cursor.accept("where") else ""
    if not cursor.ended:
        return ()
    return (batched(table, keys, assignments, f"({condition})" if action.where is Where.SOME else ""),)
