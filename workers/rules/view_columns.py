"""The columns of a view, as its definition gives them."""

from __future__ import annotations

from workers.catalog import Catalog, Kind
from workers.changes import ColumnDropped, ColumnRenamed
from workers.object_changes import ObjectChanged
from workers.rules import schema
from workers.rules.rule import Step
from workers.sql.cursor import Cursor, Unreadable, tokens


def lost_columns(step: Step, changed: ObjectChanged) -> tuple[str, ...]:
    """Those that a view had before the migration, which makes it again without them; CREATE OR REPLACE cannot. What
    became of a table's column, dropped or renamed, is told there."""
    if changed.kind not in ("view", "materialized view") or "definition" not in changed.what:
        return ()
    was, now = (_columns(catalog, changed) for catalog in (step.before, step.after))
    told = {change.column for change in step.whole if isinstance(change, ColumnDropped | ColumnRenamed)}
    return tuple(column for column in was if column not in now and column not in told) if now else ()


def _columns(catalog: Catalog | None, view: ObjectChanged) -> tuple[str, ...]:
    """None where the definition is more than SELECT with names, as pg_get_viewdef prints it."""
    found = next(schema.inside(catalog, view.name, Kind.VIEW, Kind.MATERIALIZED_VIEW), None)
    cursor = Cursor(found.text("definition") or "" if found else "")
    try:
        cursor.expect("select")
        if cursor.accept("distinct") and cursor.accept("on"):
            cursor.inside()
        return tuple(_last(item.rest()) for item in Cursor(cursor.until("from", ";")).items())
    except Unreadable:
        return ()


def _last(item: str) -> str:
    """The name of t.id, and of sum(t.total) AS total."""
    *_, token = tokens(item)
    return Cursor(token.text).identifier()
