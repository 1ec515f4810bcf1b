"""A migration that is merged is edited, deleted or renamed."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Change, ChangedMigration, Level, MigrationSet
from workers.rules.rule import HistoryRule
from workers.verdict import Finding


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """Risky, not high-risk: the change by itself does nothing to a database that ran the migration, which is the
    trouble, and restoring the file undoes it."""
    for changed in migrations.changed:
        if changed.change is not Change.ADDED:
            migration = changed.migration
            yield Finding(RULE.name, RULE.level, migration.path, 1, migration.id, _message(changed))


def _message(changed: ChangedMigration) -> str:
    migration = changed.migration
    if changed.change is Change.EDITED:
        return (
            f"{migration.id} is merged and now edited: databases that ran it keep the old result, new ones get the new "
            "one, and runners that compare checksums (prisma migrate dev) offer to reset the database. Restore the file"
            " and put the change into a new migration."
        )
    if changed.change is Change.DELETED:
        return (
            f"{migration.id} is merged and now deleted: databases that ran it keep what it did, new ones never get it. "
            "Restore the file and undo it in a new migration."
        )
    before = changed.before.id if changed.before else migration.id
    return (
        f"{before} is merged and now renamed to {migration.id}: runners know migrations by name, so databases that ran "
        "it would run it again. Restore the name."
    )


RULE = HistoryRule(
    "merged-migration-changed", Level.RISKY, "A migration that is merged is edited, deleted or renamed.", check
)
