"""TRUNCATE, and DELETE without a condition, delete every row of a table."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import all_written
from workers.sql.actions import Delete, Where
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Tables that were there before the pull request. TRUNCATE … CASCADE empties the referencing tables too."""
    for table in step.facts.truncated:
        if step.existing(table):
            yield step.finding(
                RULE,
                str(table),
                f"TRUNCATE deletes all rows of {table} under an ACCESS EXCLUSIVE lock; only a backup brings them back.",
            )
    for table in dict.fromkeys((*_written(step), *all_written(step, lambda write: write.deleted))):
        if step.existing(table):
            yield step.finding(
                RULE,
                str(table),
                f"Every row of {table} is deleted; only a backup brings them back. Say which rows with WHERE, and "
                "delete many in batches, outside of the migration's transaction.",
            )


def _written(step: Step) -> Iterator[Name]:
    for action in step.actions:
        if isinstance(action, Delete) and action.where is not Where.SOME:
            yield action.table


RULE = Rule(
    "all-rows-deleted",
    Level.HIGH_RISK,
    "TRUNCATE, and DELETE without a condition, delete every row of a table.",
    check,
)
