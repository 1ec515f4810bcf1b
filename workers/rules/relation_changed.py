"""Dropping a foreign key cuts a relation: from then on rows may point at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnDropped, ConstraintAdded, ConstraintDropped, ConstraintKind, TableDropped
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Foreign keys dropped from tables that stay. Where the migration also drops a column of the table, or some table
    (which may be the parent), the key had to go, and the loss is told there. Prisma writes its drops in that order."""
    for change in step.changes:
        if isinstance(change, ConstraintDropped) and _foreign(change) and step.existing(change.table):
            if any(_takes_along(other, change) for other in (*step.earlier, *step.changes, *step.later)):
                continue
            name = f"{change.table}.{change.constraint}"
            again = next((c for c in (*step.changes, *step.later) if _again(c, change)), None)
            if again is None:
                yield step.finding(
                    RULE,
                    name,
                    f"The foreign key {change.constraint} of {change.table} is dropped: from here on rows may point at "
                    "nothing, and adding the key again fails once some do.",
                )
            else:
                yield step.finding(
                    RULE,
                    name,
                    f"The foreign key {change.constraint} of {change.table} is replaced. Check what deleting or "
                    "updating a parent row does from here on.",
                    Level.RISKY,
                )


def _foreign(change: ConstraintDropped) -> bool:
    """When predicted, the kind is unknown; PostgreSQL, Prisma and Django end a foreign key's name in _fkey or _fk."""
    return change.kind is ConstraintKind.FOREIGN_KEY or (
        change.kind is None and change.constraint.endswith(("_fkey", "_fk"))
    )


def _takes_along(other: object, drop: ConstraintDropped) -> bool:
    return isinstance(other, TableDropped) or (isinstance(other, ColumnDropped) and other.table == drop.table)


def _again(other: object, drop: ConstraintDropped) -> bool:
    return (
        isinstance(other, ConstraintAdded)
        and other.kind is ConstraintKind.FOREIGN_KEY
        and (other.table, other.constraint) == (drop.table, drop.constraint)
    )


RULE = Rule(
    "relation-changed",
    Level.HIGH_RISK,
    "Dropping a foreign key cuts a relation: from then on rows may point at nothing.",
    check,
)
