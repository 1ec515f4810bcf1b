"""INSERT without a list of columns puts values into other columns once the table has changed."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import Insert
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Tables that were there before: what a new one looks like stands in the same pull request."""
    for action in step.actions:
        if isinstance(action, Insert) and not action.lists_columns and step.existing(action.table):
            yield step.finding(
                RULE,
                str(action.table),
                f"{step.action} into {action.table} names no columns: its values go by the order of the table's "
                "columns, which a later migration changes, here or in another database. Name the columns.",
            )


RULE = Rule(
    "insert-without-columns",
    Level.RISKY,
    "INSERT without a list of columns puts values into other columns once the table has changed.",
    check,
    opt_in=True,
)
