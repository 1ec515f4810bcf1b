"""A transaction that holds a strong lock on one table goes through all rows of another."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import TableDropped
from workers.facts import Lock
from workers.model import Level
from workers.object_changes import ObjectDropped
from workers.rules.blocking_work import BLOCKING, worked_on
from workers.rules.objects import made_before, replaced
from workers.rules.rule import Rule, Step
from workers.rules.script import elsewhere
from workers.sql.actions import Delete, Where
from workers.sql.object_actions import CreateView
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Work on a large table under a lock that an earlier statement took on another. Where a rule has said that the work
    has to go elsewhere, as blocking-work does, the lock is told by that. DELETE … WHERE is left alone: in a migration
    it is mostly about a few rows of a table that is small."""
    if any(isinstance(action, Delete) and action.where is Where.SOME for action in step.actions):
        return
    if any(finding.rule == "blocking-work" for finding in step.found):
        return
    work = [
        table
        for table in worked_on(step)
        if step.large(table) and not step.blocks(table) and not step.about(table, *BLOCKING)
    ]
    blocked = [lock for lock in step.held if lock.relation not in work and _matters(step, lock)]
    if work and blocked:
        strongest = max(blocked, key=lambda lock: lock.mode)
        others = f" and {len(blocked) - 1} more" if len(blocked) > 1 else ""
        yield step.finding(
            RULE,
            str(strongest.relation),
            f"{step.action} goes through all rows of {work[0]}, while the transaction holds "
            f"{step.lock_words(strongest.relation)}, on {strongest.relation}{others}: all that time they wait. "
            f"Put the slow part {elsewhere(step)}.",
        )


def _matters(step: Step, lock: Lock) -> bool:
    """Nobody waits for what the migration has made or dropped."""
    table = lock.relation
    hot = step.existing(table) and step.policy.table(table).hot
    gone = step.dropped(table) or any(step.earlier.of(TableDropped, table)) or _left(step, table)
    made = made_before(step, "view", table) or any(step.earlier_actions.of(CreateView, table))
    return lock.mode.blocks_writes and (hot or step.large(table)) and not (gone or made)


def _left(step: Step, view: Name) -> bool:
    """A view that went before this statement and does not come back: that is told."""
    return any(not replaced(step, drop) for drop in step.earlier.of(ObjectDropped, view))


RULE = Rule(
    "lock-held-through-work",
    Level.RISKY,
    "A transaction that holds a strong lock on one table goes through all rows of another.",
    check,
)
