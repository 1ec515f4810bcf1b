"""A foreign key without an index: each delete of a parent row reads the whole table."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintAdded, ConstraintKind, IndexDropped, TableCreated
from workers.model import Level
from workers.rules.definitions import Kept, constraints, covers, index_named, indexes
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name, quote


def check(step: Step) -> Iterator[Finding]:
    """Keys that the statement adds, and keys whose last index it drops, in the schema after the migration."""
    for change in step.changes if step.after else ():
        if isinstance(change, ConstraintAdded) and change.kind is ConstraintKind.FOREIGN_KEY:
            yield from _added(step, change.table, change.constraint)
        elif isinstance(change, TableCreated):
            yield from _added(step, change.table, None)
        elif isinstance(change, IndexDropped) and step.existing(change.table):
            gone = index_named(step.before, change.index)
            covered = (key for key in _uncovered(step, change.table) if gone and covers(gone, key.form.columns))
            yield from (_finding(step, change.table, key, "loses its") for key in covered)


def _added(step: Step, table: Name, name: str | None) -> Iterator[Finding]:
    """The key of that name, or those that the table was made with. One for another on the same columns is none: the
    index was missing before."""
    later = {change.constraint for change in step.later.of(ConstraintAdded, table) if change.table == table}
    old = {key.form.columns for key in constraints(step.before, table) if key.form.references}
    for key in _uncovered(step, table):
        if (key.name == name if name else key.name not in later) and key.form.columns not in old:
            yield _finding(step, table, key, "has no")


def _uncovered(step: Step, table: Name) -> tuple[Kept, ...]:
    """The table's foreign keys that are worth a word and have no index after the migration."""
    if step.after is None or (step.existing(table) and not step.large(table)):
        return ()
    keys = [key for key in constraints(step.after, table) if key.form.references and not key.inherited]
    keys = [key for key in keys if _acts(key) or step.existing(table)]
    found = tuple(indexes(step.after, table)) if keys else ()
    return tuple(key for key in keys if not any(covers(index, key.form.columns) for index in found))


def _acts(key: Kept) -> bool:
    """Somebody means to delete parents."""
    return key.form.on_delete in ("CASCADE", "SET NULL", "SET DEFAULT")


def _finding(step: Step, table: Name, key: Kept, verb: str) -> Finding:
    """Risky where parents are meant to be deleted or the policy says that the table is large; else advice."""
    columns = ", ".join(key.form.columns)
    existing = step.existing(table)
    large = existing and (_acts(key) or step.policy.table(table).rows is not None)
    index = f"CREATE INDEX{' CONCURRENTLY' * existing} ON {table.sql} ({', '.join(map(quote, key.form.columns))})"
    return step.finding(
        RULE,
        f"{table}.{key.name}",
        f"The foreign key {key.name} of {table} ({columns}) {verb} index: each DELETE of a {key.form.references} row "
        f"reads all of {table}{f' to {key.form.on_delete} its rows' if _acts(key) else ''}, and so does each change of "
        f"the key it refers to. {index}.",
        Level.RISKY if large else Level.SAFE,
    )


RULE = Rule(
    "foreign-key-not-indexed",
    Level.RISKY,
    "A foreign key without an index: each delete of a parent row reads the whole table.",
    check,
    needs_server=True,
)
