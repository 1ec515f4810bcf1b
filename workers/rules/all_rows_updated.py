"""UPDATE without a condition writes every row in one go and keeps them locked until it is done."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import Do, Opaque, Select, Update, Where
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Large tables only: the values are the author's will, the time is what hurts."""
    for table in dict.fromkeys((*_written(step), *_observed(step))):
        if step.large(table):
            held = (
                f" An earlier statement of the transaction holds {step.lock_words(table)}."
                if step.blocks(table)
                else ""
            )
            yield step.finding(
                RULE,
                str(table),
                f"Every row of {table} is updated in one statement: each stays locked until the transaction ends, and "
                f"the table grows by as many dead rows.{held} Update in batches by ranges of the primary key, each in "
                "its own transaction, outside of the migration.",
            )


def _written(step: Step) -> Iterator[Name]:
    for action in step.actions:
        if isinstance(action, Update) and action.where is not Where.SOME:
            yield action.table


def _observed(step: Step) -> Iterator[Name]:
    """As in all-rows-deleted: only for code that cannot be read."""
    if any(isinstance(action, Do | Select | Opaque) for action in step.actions):
        for write in step.facts.writes:
            if write.rows_before and write.updated >= write.rows_before:
                yield write.table


RULE = Rule(
    "all-rows-updated",
    Level.RISKY,
    "UPDATE without a condition writes every row in one go and keeps them locked until it is done.",
    check,
)
