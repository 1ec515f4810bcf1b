"""A NOT NULL column without a default cannot be added to a table that holds rows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnAdded
from workers.model import Level
from workers.rules.mentioned import who_inserts
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Columns that existing rows, and the INSERTs of the code that still runs, have no value for."""
    for change in step.changes:
        if not isinstance(change, ColumnAdded) or not change.not_null or change.has_default:
            continue
        if step.existing(change.table):
            yield step.finding(
                RULE,
                f"{change.table}.{change.column}",
                f"{change.column} is added to {change.table} as NOT NULL without a default: it fails if the table has "
                f"rows, and {who_inserts(step, change.table, change.column)}. Give it a DEFAULT, or add it nullable, "
                "fill it in batches, and set NOT NULL later.",
            )


RULE = Rule(
    "required-column-added",
    Level.RISKY,
    "A NOT NULL column without a default cannot be added to a table that holds rows.",
    check,
)
