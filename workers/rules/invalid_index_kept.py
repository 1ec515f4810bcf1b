"""IF NOT EXISTS takes the invalid index that a failed CREATE INDEX CONCURRENTLY left for the wanted one."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, Transaction
from workers.rules.rule import Rule, Step
from workers.sql.actions import CreateIndex, DropIndex
from workers.verdict import Finding
from workers.words import quote


def check(step: Step) -> Iterator[Finding]:
    """Not where the file drops what a failed attempt may have left, nor where the statement cannot run at all. Of an
    index that is not unique it is advice: building it concurrently is right, and it seldom fails."""
    together = step.migration.transaction is not Transaction.STATEMENT  # two statements would be one transaction
    where = "in a migration of its own before this one" if together else "before it"
    for action in step.actions:
        if not isinstance(action, CreateIndex) or not (action.concurrently and action.if_not_exists and action.name):
            continue
        if step.existing(action.table) and not step.in_transaction and not _dropped(step, action.name):
            yield step.finding(
                RULE,
                str(action.table),
                f"When building {action.name} fails or is stopped, the index stays, invalid and of no use; at the next "
                "try IF NOT EXISTS takes it for the wanted one, and the migration counts as done. Put DROP INDEX "
                f"CONCURRENTLY IF EXISTS {quote(action.name)} {where}, and leave out IF NOT EXISTS.",
                None if action.unique else Level.SAFE,
            )


def _dropped(step: Step, index: str) -> bool:
    return any(name.name == index for drop in step.earlier_actions.of(DropIndex) for name in drop.indexes)


RULE = Rule(
    "invalid-index-kept",
    Level.RISKY,
    "IF NOT EXISTS takes the invalid index that a failed CREATE INDEX CONCURRENTLY left for the wanted one.",
    check,
)
