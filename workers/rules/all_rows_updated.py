"""UPDATE that reaches every row writes all of them in one go and keeps them locked until it is done."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnAdded
from workers.model import Level
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.rules.script import all_written
from workers.sql.actions import Update, Where
from workers.sql.self_join import joined_by
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Large tables only: the values are the author's will, the time is what hurts."""
    for table in dict.fromkeys((*_written(step), *all_written(step, lambda write: write.updated))):
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
        if isinstance(action, Update) and (action.where is not Where.SOME or _every(step, action)):
            yield action.table


def _every(step: Step, update: Update) -> bool:
    """A condition that is true of every row, as far as what it names is known; or of every row that a query over the
    same table gives."""
    name = update.all_but_null or joined_by(step.statement.text)
    column = schema.column(step.before, update.table, name) if name else None
    return (column is not None and column.flag("not_null")) or _is_new(step, update)


def _is_new(step: Step, update: Update) -> bool:
    """WHERE column IS NULL is true of every row while the column is new and has no default. How many rows it is true of
    later on is not known."""
    added = step.earlier.of(ColumnAdded, update.table)
    return any((change.column, change.has_default) == (update.only_null, False) for change in added)


RULE = Rule(
    "all-rows-updated",
    Level.RISKY,
    "UPDATE that reaches every row writes all of them in one go and keeps them locked until it is done.",
    check,
)
