"""Dropping a column and adding a like one looks like a rename, but loses the values."""

from __future__ import annotations

import difflib
from collections.abc import Iterator

from workers.changes import CatalogChange, ColumnAdded, ColumnDropped
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import quote

ALIKE = 0.5  # of two names, as difflib measures: full_name and fullName 0.82, email and phone 0.2


def check(step: Step) -> Iterator[Finding]:
    """Columns dropped here whose successor is added by the same statement or a later one. A successor that was added
    before may have got the values by an UPDATE in between, so that is a plain drop."""
    drops = [c for c in step.changes if isinstance(c, ColumnDropped) and step.existing(c.table)]
    free = [c for c in (*step.changes, *step.later) if isinstance(c, ColumnAdded)] if drops else []
    for drop in drops:
        if step.added(drop.table, drop.column) or step.dropped(drop.table):
            continue
        if (add := _successor(drop, free, (*step.changes, *step.later))) is not None:
            free.remove(add)
            yield step.finding(RULE, f"{drop.table}.{drop.column}", _message(drop, add))


def _successor(drop: ColumnDropped, free: list[ColumnAdded], around: tuple[CatalogChange, ...]) -> ColumnAdded | None:
    """The most alike of the added columns that could hold the same values: of the same type, if that is known, or of
    the same name. A single column for a single column needs no like name."""
    own = [add for add in free if add.table == drop.table]
    alone = len(own) == 1 and sum(isinstance(c, ColumnDropped) and c.table == drop.table for c in around) == 1
    likeness = {
        add: difflib.SequenceMatcher(None, drop.column.lower(), add.column.lower()).ratio()
        for add in own
        if add.column == drop.column or drop.type in (None, add.type)
    }
    best = max(likeness, key=likeness.__getitem__, default=None)
    return best if best is not None and (alone or likeness[best] >= ALIKE) else None


def _message(drop: ColumnDropped, add: ColumnAdded) -> str:
    table = drop.table.sql
    if add.column == drop.column:
        return (
            f"{drop.table}.{drop.column} is dropped and added again as {add.type}: its values are lost. Change it in "
            f"place, ALTER TABLE {table} ALTER COLUMN {quote(drop.column)} TYPE {add.type} USING …, or add a column of "
            "another name, copy the values, and drop this one in a later release."
        )
    return (
        f"{drop.table}.{drop.column} is dropped and {add.column} added, which looks like a rename but loses the values."
        f" A rename keeps them: ALTER TABLE {table} RENAME COLUMN {quote(drop.column)} TO {quote(add.column)}. While "
        f"the old code runs: add {add.column}, write both, copy the values in batches, read the new column, and drop "
        f"{drop.column} in a later release."
    )


RULE = Rule(
    "column-replaced",
    Level.HIGH_RISK,
    "Dropping a column and adding a like one looks like a rename, but loses the values.",
    check,
)
