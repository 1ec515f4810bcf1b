"""Adding a constraint that is checked at once reads or indexes every row under a lock that blocks."""

from __future__ import annotations

from collections.abc import Iterator
from typing import get_args

from workers.changes import ColumnAdded, ConstraintAdded, ConstraintKind, IndexCreated
from workers.facts import Build
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import RUNS_CODE, Copy, Insert, Merge, Update
from workers.sql.table_actions import AddConstraint
from workers.verdict import Finding
from workers.words import Name, quote

_READS = {ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY}
_WRITES = (Insert, Update, Merge, Copy)
_INDEXES = {ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION}  # for a primary key see primary-key-changed


def check(step: Step) -> Iterator[Finding]:
    """Constraints on large tables for which rows are read or an index is built. That is not so for a NOT VALID one, for
    UNIQUE USING INDEX, and for a foreign key on a column that the same statement adds empty."""
    for change in step.changes:
        if not isinstance(change, ConstraintAdded) or not step.large(change.table) or not step.blocks(change.table):
            continue
        if _reads(step, change) or (change.kind in _INDEXES and not change.using_index and _build(step, change)):
            yield step.finding(RULE, f"{change.table}.{change.constraint}", _message(step, change))


def _reads(step: Step, change: ConstraintAdded) -> bool:
    """A foreign key's check may go through an index on few rows, so that no scan is seen; it is made all the same."""
    if change.kind not in _READS or not change.validated:
        return False
    fresh = any(isinstance(c, ColumnAdded) and c.table == change.table for c in step.changes)
    scanned = any(scan.table == change.table for scan in step.facts.scans)
    return scanned or (change.kind is ConstraintKind.FOREIGN_KEY and not fresh)


def _build(step: Step, change: ConstraintAdded) -> Build | None:
    indexes = {c.index for c in step.changes if isinstance(c, IndexCreated) and c.constraint}
    return next((b for b in step.facts.builds if b.table == change.table and b.index in indexes), None)


def _message(step: Step, change: ConstraintAdded) -> str:
    lock = step.lock_words(change.table)
    if change.kind in _READS:
        other = change.references if change.references != change.table else None
        parent = _parent(step, other) if other else ""
        return (
            f"{change.constraint} ({change.kind.sql}) is checked against every row of {change.table} under {lock}. "
            f"{parent}{_instead(step, change)}"
        )
    if change.kind is ConstraintKind.EXCLUSION:
        return (
            f"{change.constraint} (EXCLUDE) builds its index from every row of {change.table} under {lock}. It has no "
            "form that lets others write: use a maintenance window, or a new table that is filled in batches."
        )
    return (
        f"{change.constraint} (UNIQUE) builds its index from every row of {change.table} under {lock}. CREATE UNIQUE "
        f"INDEX CONCURRENTLY first, then ADD CONSTRAINT {quote(change.constraint)} UNIQUE USING INDEX."
    )


def _parent(step: Step, parent: Name) -> str:
    """What else waits: an earlier statement may hold more on the parent than the key needs, as dropping one does."""
    if not step.large(parent):
        return ""
    if step.blocks(parent) == "reads and writes":
        return f"{parent} can be neither read nor written meanwhile. "
    return f"{parent} cannot be written meanwhile either. "


def _instead(step: Step, change: ConstraintAdded) -> str:
    """https://www.postgresql.org/docs/current/sql-altertable.html: a column that comes with its key holds only NULL."""
    columns = next(
        (action.constraint.columns for action in step.actions if isinstance(action, AddConstraint)),
        (),
    )
    if change.references and len(columns) == 1 and _still_empty(step, change.table, columns[0]):
        return (
            f"Nothing is checked when {columns[0]} is added with its key in one statement: ADD COLUMN … REFERENCES "
            f"{change.references}."
        )
    return "Add it NOT VALID, then VALIDATE CONSTRAINT in another transaction, which lets others write."


def _still_empty(step: Step, table: Name, column: str) -> bool:
    """The migration adds the column, and nothing has filled it since: values would be looked up as they are written."""
    filled = any(any(step.earlier_actions.of(kind, table)) for kind in _WRITES)
    code = any(any(step.earlier_actions.of(kind)) for kind in get_args(RUNS_CODE))
    new = (added for added in step.earlier.of(ColumnAdded, table) if added.column == column)
    return any(not added.has_default for added in new) and not (filled or code)


RULE = Rule(
    "constraint-validated-at-once",
    Level.RISKY,
    "Adding a constraint that is checked at once reads or indexes every row under a lock that blocks.",
    check,
)
