"""Renaming a table or a column breaks the code that still uses the old name."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnRenamed, TableRenamed
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Tables and columns that were there before the pull request; SET SCHEMA renames a table too."""
    for change in step.changes:
        if isinstance(change, TableRenamed) and step.existing(change.table):
            yield step.finding(
                RULE,
                str(change.table),
                f"{change.table} is renamed to {change.new}: code that runs while this is deployed still uses the old "
                f"name and fails. Create a view {change.table.sql} over {change.new.sql} in the same transaction, and "
                "drop it in a later release.",
            )
        elif isinstance(change, ColumnRenamed) and _in_use(step, change):
            yield step.finding(
                RULE,
                f"{change.table}.{change.column}",
                f"{change.column} of {change.table} is renamed to {change.new}: code that runs while this is deployed "
                f"still uses the old name and fails. Add {change.new}, write both, copy the values in batches, read the"
                f" new column, and drop {change.column} in a later release; or keep the name and map it in the code.",
            )


def _in_use(step: Step, change: ColumnRenamed) -> bool:
    return step.existing(change.table) and not step.added(change.table, change.column)


RULE = Rule("renamed", Level.RISKY, "Renaming a table or a column breaks the code that still uses the old name.", check)
