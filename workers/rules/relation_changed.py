"""Dropping a foreign key cuts a relation: from then on rows may point at nothing."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnDropped, ConstraintAdded, ConstraintDropped, ConstraintKind, TableDropped
from workers.model import Level
from workers.rules.definitions import Kept, constraints
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Foreign keys dropped from tables that stay, unless they came with the migration or an equal one is there after
    it. Where a column of the table goes too, or some table (which may be the parent), the loss is told there: Prisma
    writes such drops."""
    cut: dict[Name, list[tuple[str, str, Level]]] = {}
    for change in step.changes:
        if isinstance(change, ConstraintDropped) and _foreign(change) and step.existing(change.table):
            along = any(step.whole.of(TableDropped)) or any(step.whole.of(ColumnDropped, change.table))
            old, new = _keys(step, change)
            came = old is None and any(
                _again(other, change) for other in step.earlier.of(ConstraintAdded, change.table)
            )
            if along or came or (old and (old.inherited or (new and new.text == old.text))):
                continue
            later = step.later.of(ConstraintAdded, change.table)
            again = new is not None or any(_again(other, change) for other in (*step.changes, *later))
            words, level = (_replaced(change, old, new), Level.RISKY) if again else (_cut(change), RULE.level)
            cut.setdefault(change.table, []).append((change.constraint, words, level))
    for table, keys in cut.items():
        name = f"{table}.{keys[0][0]}" if len(keys) == 1 else str(table)
        yield step.finding(RULE, name, " ".join(words for _, words, _ in keys), max(level for *_, level in keys))


def _keys(step: Step, drop: ConstraintDropped) -> tuple[Kept | None, Kept | None]:
    """The key before the migration, and the one on the same columns after it."""
    old = next((key for key in constraints(step.before, drop.table) if key.name == drop.constraint), None)
    if old is None or step.after is None:
        return old, None
    there = [key for key in constraints(step.after, drop.table) if key.form.columns == old.form.columns]
    keys = [key for key in there if key.form.references]
    return old, next((key for key in keys if key.text == old.text), next(iter(keys), None))


def _cut(drop: ConstraintDropped) -> str:
    return (
        f"The foreign key {drop.constraint} of {drop.table} is dropped: from here on rows may point at nothing, and "
        "adding the key again fails once some do."
    )


def _replaced(drop: ConstraintDropped, old: Kept | None, new: Kept | None) -> str:
    change = f": {old.text} becomes {new.text}" if old and new else ""
    return (
        f"The foreign key {drop.constraint} of {drop.table} is replaced{change}. Check what deleting or updating a "
        "parent row does from here on."
    )


def _foreign(change: ConstraintDropped) -> bool:
    """When predicted, the kind is unknown; PostgreSQL, Prisma and Django end a foreign key's name in _fkey or _fk."""
    return change.kind is ConstraintKind.FOREIGN_KEY or (
        change.kind is None and change.constraint.endswith(("_fkey", "_fk"))
    )


def _again(other: object, drop: ConstraintDropped) -> bool:
    named = isinstance(other, ConstraintAdded) and (other.table, other.constraint, other.kind)
    return named == (drop.table, drop.constraint, ConstraintKind.FOREIGN_KEY)


RULE = Rule(
    "relation-changed",
    Level.HIGH_RISK,
    "Dropping a foreign key cuts a relation: from then on rows may point at nothing.",
    check,
)
