"""Two migrations have one number, and a runner that knows them by it runs only one of them."""

from __future__ import annotations

from collections.abc import Iterator

from workers.migrations.plain import PLAIN, number
from workers.model import Change, Level, MigrationSet
from workers.rules.rule import HistoryRule
from workers.verdict import Finding


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """Only where the runner is not known. One that sorts before a merged one is told as that; and where the merged
    history has such twins itself, the runner knows them by more than their numbers (or they are days)."""
    if migrations.layout != PLAIN.name:
        return
    having = {number(migration.id): migration.id for migration in migrations.history}
    if len(having) < len(migrations.history):
        return
    for changed in migrations.changed:
        migration = changed.migration
        if changed.change is not Change.ADDED or changed.out_of_order:
            continue
        other = having.setdefault(number(migration.id), migration.id)
        if other != migration.id:
            yield Finding(
                RULE.name,
                RULE.level,
                migration.path,
                1,
                migration.id,
                f"{migration.id} has the number of {other}: a runner that knows migrations by their numbers takes it "
                "for the one it has run, and passes over it or stops. Give it the next free number.",
            )


RULE = HistoryRule(
    "migration-number-taken",
    Level.RISKY,
    "Two migrations have one number, and a runner that knows them by it runs only one of them.",
    check,
)
