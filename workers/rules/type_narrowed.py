"""A new type that holds less rounds or cuts the values that are there, and nothing fails."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.retyped import retyped
from workers.rules.rule import Rule, Step
from workers.sql.narrowing import loses_silently
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Where values are lost without an error. Where some are refused, running the statement on rows shows it."""
    for change, using in retyped(step):
        if change.type is None or step.added(change.table, change.column):
            continue
        if loses_silently(change.type, change.new, change.column, using):
            yield step.finding(
                RULE,
                f"{change.table}.{change.column}",
                f"Changing {change.column} of {change.table} from {change.type} to {change.new} rounds or cuts the "
                "values that do not fit, without an error; only a backup brings them back. Add a column of the new "
                "type, fill it, look at the rows where the two differ, and drop the old one in a later release.",
            )


RULE = Rule(
    "type-narrowed",
    Level.HIGH_RISK,
    "A new type that holds less rounds or cuts the values that are there, and nothing fails.",
    check,
)
