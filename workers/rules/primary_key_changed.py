"""Changing a primary key changes what rows are identified by."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog
from workers.changes import ConstraintAdded, ConstraintDropped, ConstraintKind, NotNullSet
from workers.model import Level
from workers.rules.definitions import constraints
from workers.rules.rule import Rule, Step
from workers.rules.script import columns_go
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """A primary key added to or dropped from a table that was there before; one finding for each table. Not where it is
    over the same columns after the migration, nor where it comes after the statement that dropped another; only risky
    where there was none to be changed."""
    told = {change.table for change in step.earlier.of(ConstraintDropped) if _primary(change)}
    for change in step.changes:
        if not isinstance(change, ConstraintAdded | ConstraintDropped) or change.table in told:
            continue
        if _primary(change) and step.existing(change.table) and not step.dropped(change.table):
            told.add(change.table)
            old, new = _columns(step.before, change.table), _columns(step.after, change.table)
            if not old or old != new or columns_go(step, change.table):
                first = step.before is not None and old is None
                yield step.finding(RULE, str(change.table), _message(step, change), Level.RISKY if first else None)


def _primary(change: ConstraintAdded | ConstraintDropped) -> bool:
    """When predicted, a dropped constraint's kind is unknown; PostgreSQL names a primary key TABLE_pkey, as Prisma and
    Rails do (https://www.postgresql.org/docs/current/indexes-unique.html)."""
    return change.kind is ConstraintKind.PRIMARY_KEY or (
        change.kind is None and change.constraint == f"{change.table.name}_pkey"
    )


def _columns(catalog: Catalog | None, table: Name) -> tuple[str, ...] | None:
    """Of the table's primary key, where the schema is known and has one."""
    keys = constraints(catalog, table)
    return next((key.form.columns for key in keys if key.form.kind is ConstraintKind.PRIMARY_KEY), None)


def _becomes(step: Step, table: Name) -> str | None:
    """For a message: one key in place of another, as far as the schemas or the text tell."""
    here = [c for c in step.changes if isinstance(c, ConstraintAdded | ConstraintDropped) and c.table == table]
    keys = [c for c in (*here, *step.later.of(ConstraintAdded, table)) if c.table == table and _primary(c)]
    added = next((c for c in keys if isinstance(c, ConstraintAdded)), None)
    old, new = _columns(step.before, table), _columns(step.after, table)
    if old and old == new:
        becomes = f"The primary key of {table} is made anew over ({', '.join(new)}), of which a column changes"
    elif old and new:
        becomes = f"The primary key of {table}, ({', '.join(old)}), becomes ({', '.join(new)})"
    elif added and isinstance(keys[0], ConstraintDropped):
        becomes = f"The primary key of {table} is replaced by another"
    else:
        return None
    built = ""
    if added and not added.using_index and (blocked := step.blocks(table)):
        built = (
            f" {blocked.capitalize()} wait while the index is built: build a unique index CONCURRENTLY first, then "
            "drop the old key and ADD PRIMARY KEY USING INDEX in one ALTER TABLE."
        )
    return f"{becomes}: code, foreign keys and replication that identify rows by the old one have to follow.{built}"


def _message(step: Step, change: ConstraintAdded | ConstraintDropped) -> str:
    table = change.table
    if becomes := _becomes(step, table):
        return becomes
    if isinstance(change, ConstraintDropped):
        return (
            f"The primary key {change.constraint} of {table} is dropped: nothing keeps the rows apart from here on, "
            "and logical replication of its updates and deletes stops unless it has another replica identity."
        )
    if change.using_index:
        null = ", ".join(c.column for c in step.changes if isinstance(c, NotNullSet) and c.table == table)
        read = f" {null} becomes NOT NULL on the way: all rows are read under the lock." if null else ""
        return (
            f"{table} gets a new primary key. Code, foreign keys and replication that identify its rows by another "
            f"column have to follow.{read}"
        )
    if not step.blocks(table):
        return f"{table} gets a primary key; duplicates and NULLs make it fail."
    return (
        f"{table} gets a primary key, whose index is built under {step.lock_words(table)}; duplicates and NULLs make "
        "it fail. Build a unique index CONCURRENTLY, set the columns NOT NULL by way of a validated CHECK, then ADD "
        "PRIMARY KEY USING INDEX."
    )


RULE = Rule(
    "primary-key-changed", Level.HIGH_RISK, "Changing a primary key changes what rows are identified by.", check
)
