"""The columns whose type a statement changes."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnTypeChanged
from workers.rules.rule import Step
from workers.sql.actions import RUNS_CODE
from workers.sql.table_actions import AlterColumnType


def retyped(step: Step) -> Iterator[tuple[ColumnTypeChanged, str | None]]:
    """Those of existing tables, each with its USING: as the text says, or seen where the text cannot tell. Partitions
    follow their parent; and a column whose type was only renamed still has its type."""
    using = {(a.table, a.column): a.using for a in step.actions if isinstance(a, AlterColumnType)}
    hidden = any(isinstance(action, RUNS_CODE) for action in step.actions)
    for change in step.changes:
        if isinstance(change, ColumnTypeChanged) and step.existing(change.table):
            key = (change.table, change.column)
            if key in using or hidden:
                yield change, using.get(key)
