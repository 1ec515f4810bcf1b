"""The file in which a runner keeps its migrations does not go with them."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, MigrationSet
from workers.rules import migration_out_of_order
from workers.rules.rule import HistoryRule
from workers.verdict import Finding


def check(migrations: MigrationSet) -> Iterator[Finding]:
    """What comes too late for its place is told as that alone."""
    late = {finding.object for finding in migration_out_of_order.check(migrations)}
    for fault in migrations.faults:
        if fault.object not in late:
            yield Finding(RULE.name, RULE.level, fault.path, fault.line, fault.object, fault.said)


RULE = HistoryRule(
    "migration-list-stale",
    Level.RISKY,
    "The file in which a runner keeps its migrations, their checksums or their order, does not go with them.",
    check,
)
