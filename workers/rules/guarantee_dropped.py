"""Dropping a CHECK, UNIQUE or EXCLUDE lets in rows that others still count on not to exist."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import (
    CatalogChange,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    IndexCreated,
    IndexDropped,
)
from workers.model import Level
from workers.rules.guarantees import Guarantee, dropped, kept
from workers.rules.rule import Rule, Step
from workers.rules.script import columns_go
from workers.verdict import Finding
from workers.words import Name

_OTHERS = ("_fkey", "_fk", "_pkey", "_pk", "_not_null")  # for relation-changed, primary-key-changed; or no guarantee
_UNIQUE = ("_key", "_unique", "_uniq", "_uk")  # as PostgreSQL, Prisma, Rails, Django name them
_KINDS = (ConstraintKind.CHECK, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION, None)


def check(step: Step) -> Iterator[Finding]:
    """Constraints and unique indexes dropped from tables that stay, unless an equal or a stronger one stands there when
    the migration is done. Without a server, what has a name like theirs, unless anything comes in its place."""
    for change in step.changes:
        if isinstance(change, ConstraintDropped | IndexDropped) and step.existing(change.table):
            found = None if columns_go(step, change.table) else _lost(step, change)
            if found is not None:
                yield step.finding(RULE, f"{change.table}.{found.name}", _message(found, change.table))


def _lost(step: Step, change: ConstraintDropped | IndexDropped) -> Guarantee | None:
    if step.before is None or step.after is None:
        return _predicted(step, change)
    found = dropped(step.before, change)
    return None if found is None or kept(step.before, step.after, change.table, found) else found


def _predicted(step: Step, change: ConstraintDropped | IndexDropped) -> Guarantee | None:
    name = change.index.name if isinstance(change, IndexDropped) else change.constraint
    if isinstance(change, IndexDropped):
        with_constraint = any(isinstance(c, ConstraintDropped) and c.constraint == name for c in step.changes)
        if with_constraint or not name.endswith(_UNIQUE):
            return None
    elif change.kind not in _KINDS or (change.kind is None and name.endswith(_OTHERS)):
        return None
    replaced = any(_added(other, change.table) for other in step.whole.about(change.table))
    return None if replaced else Guarantee(name, "", None)


def _added(other: CatalogChange, table: Name) -> bool:
    """It takes the place of what goes, or is itself what came with this migration and goes again."""
    if isinstance(other, IndexCreated):
        return other.unique and other.table == table
    foreign = ConstraintKind.FOREIGN_KEY
    return isinstance(other, ConstraintAdded) and other.table == table and other.kind is not foreign


def _message(found: Guarantee, table: Name) -> str:
    what = f" ({found.text})" if found.text else ""
    conflict = " INSERT … ON CONFLICT that names its columns fails at once." if found.unique else ""
    return (
        f"{found.name}{what} of {table} is dropped: rows may come that it kept out, and after that it cannot be added "
        f"again.{conflict} Make sure that no code counts on it, or add what replaces it first."
    )


RULE = Rule(
    "guarantee-dropped",
    Level.RISKY,
    "Dropping a CHECK, UNIQUE or EXCLUDE lets in rows that others still count on not to exist.",
    check,
)
