"""Dropping a column deletes its values and breaks code that still names it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnDropped
from workers.model import Level
from workers.rules.mentioned import in_order
from workers.rules.rule import Rule, Step
from workers.verdict import Finding

_UNKNOWN = "Deploy code that no longer names the column first, and drop it in a later release."


def check(step: Step) -> Iterator[Finding]:
    """Columns of tables that stay. One that column-replaced has found is told there."""
    for change in step.changes:
        if not isinstance(change, ColumnDropped) or not step.existing(change.table):
            continue
        name = f"{change.table}.{change.column}"
        told = any(finding.object == name for finding in step.found)
        if not told and not step.dropped(change.table) and not step.added(change.table, change.column):
            lost = f"{name} is dropped with its values; only a backup brings them back."
            yield step.finding(RULE, name, f"{lost} {in_order(step, name, 'column', _UNKNOWN)}")


RULE = Rule(
    "column-dropped",
    Level.HIGH_RISK,
    "Dropping a column deletes its values and breaks code that still names it.",
    check,
)
