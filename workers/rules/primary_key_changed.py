"""Changing a primary key changes what rows are identified by."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintAdded, ConstraintDropped, ConstraintKind
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """A primary key added to or dropped from a table that was there before; one finding for each table."""
    told = set()
    for change in step.changes:
        if not isinstance(change, ConstraintAdded | ConstraintDropped) or change.table in told:
            continue
        if _primary(change) and step.existing(change.table) and not step.dropped(change.table):
            told.add(change.table)
            yield step.finding(RULE, str(change.table), _message(step, change))


def _primary(change: ConstraintAdded | ConstraintDropped) -> bool:
    """When predicted, a dropped constraint's kind is unknown; PostgreSQL names a primary key TABLE_pkey, as Prisma and
    Rails do (https://www.postgresql.org/docs/current/indexes-unique.html)."""
    return change.kind is ConstraintKind.PRIMARY_KEY or (
        change.kind is None and change.constraint == f"{change.table.name}_pkey"
    )


def _message(step: Step, change: ConstraintAdded | ConstraintDropped) -> str:
    if isinstance(change, ConstraintDropped):
        return (
            f"The primary key {change.constraint} of {change.table} is dropped: nothing keeps the rows apart from here "
            "on, and logical replication of its updates and deletes stops unless it has another replica identity."
        )
    if change.using_index:
        return (
            f"{change.table} gets a new primary key. Code, foreign keys and replication that identify its rows by "
            "another column have to follow."
        )
    return (
        f"{change.table} gets a primary key, whose index is built under {step.lock_words(change.table)}; duplicates "
        "and NULLs make it fail. Build a unique index CONCURRENTLY, set the columns NOT NULL by way of a validated "
        "CHECK, then ADD PRIMARY KEY USING INDEX."
        if step.blocks(change.table)
        else f"{change.table} gets a primary key; duplicates and NULLs make it fail."
    )


RULE = Rule(
    "primary-key-changed", Level.HIGH_RISK, "Changing a primary key changes what rows are identified by.", check
)
