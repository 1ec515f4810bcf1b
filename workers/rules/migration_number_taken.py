"""Two migrations have one number, and a runner that knows them by it runs only one of them."""

from __future__ import annotations

from collections.abc import Iterator

from workers.migrations import BY_NAME
from workers.model import Change, Level, MigrationSet
from workers.rules.rule import HistoryRule
from workers.verdict import Finding


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """One that sorts before a merged one is told as that. Where the merged history has such twins itself, the runner
    knows them by more than their numbers (or they are days)."""
    if migrations.layout not in BY_NAME:  # files that were named one by one
        return
    number = BY_NAME[migrations.layout].version
    having = {number(migration.id): migration.id for migration in migrations.history if number(migration.id)}
    if len(having) < sum(bool(number(migration.id)) for migration in migrations.history):
        return
    for changed in migrations.changed:
        migration = changed.migration
        taken = number(migration.id)
        if changed.change is not Change.ADDED or changed.out_of_order or not taken:
            continue
        other = having.setdefault(taken, migration.id)
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
