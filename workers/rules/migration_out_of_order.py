"""A new migration sorts before one that is merged, so databases run them in different orders."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Change, Level, MigrationSet
from workers.rules.rule import HistoryRule
from workers.verdict import Finding


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """As the layout's own order has it."""
    newest = migrations.history[-1].id if migrations.history else ""
    for changed in migrations.changed:
        if changed.out_of_order and changed.change is Change.ADDED:
            migration = changed.migration
            yield Finding(
                RULE.name,
                RULE.level,
                migration.path,
                1,
                migration.id,
                f"{migration.id} is new but sorts before {newest}, which is merged: a new database runs it before, one "
                "that is up to date runs it after, or, with a stricter runner, never. Give it a newer number or "
                "timestamp.",
            )


RULE = HistoryRule(
    "migration-out-of-order",
    Level.RISKY,
    "A new migration sorts before one that is merged, so databases run them in different orders.",
    check,
)
