"""INSERT with the columns that its values are for."""

from __future__ import annotations

from workers.catalog import Kind
from workers.changes import ColumnAdded, ColumnDropped, ColumnRenamed
from workers.rewrites import outdated
from workers.rewrites.case import Steps
from workers.rewrites.wording import inside, quote
from workers.rules import Step
from workers.sql.actions import Insert
from workers.sql.cursor import Cursor


def insert(step: Step, action: Insert) -> Steps:
    """Where the number of values can be counted, and the migration has not changed the columns before."""
    around = step.earlier.about(action.table)
    changed = any(isinstance(c, ColumnAdded | ColumnDropped | ColumnRenamed) for c in around)
    if action.lists_columns or step.before is None or changed or outdated.table(step, action.table):
        return ()
    text = step.statement.text
    cursor = Cursor(text)
    cursor.expect("insert", "into")
    cursor.name()
    if cursor.accept("as"):
        cursor.identifier()
    at = cursor.last_end
    number = _values(cursor)
    path = (action.table.schema, action.table.name)
    columns = [each for each in step.before.of_kind(Kind.COLUMN) if each.path[:2] == path]
    if not 0 < number <= len(columns):
        return ()
    names = [quote(each.path[2]) for each in sorted(columns, key=lambda each: each.id.sub)[:number]]
    return (inside(f"{text[:at]} ({', '.join(names)}){text[at:]}"),)


def _values(cursor: Cursor) -> int:
    """How many columns get a value; 0 where that is not plain to see."""
    if cursor.accept("values"):
        return sum(1 for _ in cursor.inside().items())
    if not cursor.accept("select"):
        return 0
    if cursor.at("distinct") or cursor.at("all"):
        return 0
    selected = Cursor(
        cursor.until("from", "where", "order", "limit", "on", "returning", "union", "except", "intersect")
    )
    items = [item.rest() for item in selected.items()]
    return 0 if any(item.endswith("*") for item in items) else len(items)
