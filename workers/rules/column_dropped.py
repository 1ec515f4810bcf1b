"""Dropping a column deletes its values and breaks code that still names it."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice

from workers.catalog import Kind
from workers.changes import ColumnDropped
from workers.model import Level
from workers.object_changes import ObjectChanged
from workers.rules import schema
from workers.rules.mentioned import in_order
from workers.rules.objects import SHOWN
from workers.rules.rule import Rule, Step
from workers.sql.cursor import Cursor
from workers.sql.object_actions import AlterObject
from workers.verdict import Finding
from workers.words import Name

_UNKNOWN = "Deploy code that no longer names the column first, and drop it in a later release."


def check(step: Step) -> Iterator[Finding]:
    """Columns of tables that stay, and the attributes of types that columns hold. One that column-replaced has found is
    told there."""
    for change in step.changes:
        if not isinstance(change, ColumnDropped) or not step.existing(change.table):
            continue
        name = f"{change.table}.{change.column}"
        told = any(finding.object == name for finding in step.found)
        if not told and not step.dropped(change.table) and not step.added(change.table, change.column):
            lost = f"{name} is dropped with its values; only a backup brings them back."
            yield step.finding(RULE, name, f"{lost} {in_order(step, name, 'column', _UNKNOWN)}")
    for change in step.changes:
        lost = ", ".join(_lost_attributes(step, change)) if isinstance(change, ObjectChanged) else ""
        if isinstance(change, ObjectChanged) and lost and (columns := _holding(step, change.name)):
            yield step.finding(
                RULE,
                str(change.name),
                f"{lost} of the type {change.name} is dropped, and with it the values in {', '.join(columns)}; only a "
                f"backup brings them back. {_UNKNOWN.replace('column', 'attribute')}",
            )


def _holding(step: Step, type: Name) -> tuple[str, ...]:
    """Columns of the type, before the migration and after it; the first few."""
    found = step.before.of_kind(Kind.COLUMN) if step.before and step.after else ()
    held = (each for each in found if each.text("type") in (type.sql, f"{type.sql}[]"))
    kept = (".".join(each.path) for each in held if schema.find(step.after, Kind.COLUMN, *each.path))
    return tuple(islice(kept, SHOWN))


def _lost_attributes(step: Step, changed: ObjectChanged) -> Iterator[str]:
    """What a RENAME gives another name is not lost."""
    type = changed.name
    if "members" not in changed.what or all(
        isinstance(action, AlterObject) and action.what.startswith("RENAME") for action in step.actions
    ):
        return
    was, now = (schema.find(each, Kind.COMPOSITE, type.schema, type.name) for each in (step.before, step.after))
    left = {Cursor(member).identifier() for member in now.texts("members")} if now else set[str]()
    for member in was.texts("members") if was and now else ():
        if (name := Cursor(member).identifier()) not in left:
            yield name


RULE = Rule(
    "column-dropped",
    Level.HIGH_RISK,
    "Dropping a column deletes its values and breaks code that still names it.",
    check,
)
