"""LOCK TABLE makes everybody else wait until the transaction ends."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import waits_briefly
from workers.sql.actions import LockTable
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Locks that block writes. Not with NOWAIT or a short lock_timeout: that is how to take such a lock, and what goes
    on under it is for other rules."""
    for action in step.actions:
        if not isinstance(action, LockTable) or not action.mode.blocks_writes or action.nowait or waits_briefly(step):
            continue
        for table in action.tables:
            if step.large(table):
                blocked = "reads and writes" if action.mode.blocks_reads else "writes"
                yield step.finding(
                    RULE,
                    str(table),
                    f"LOCK TABLE waits for every transaction that uses {table}, all {blocked} queue behind it "
                    "meanwhile, and go on waiting until this transaction ends. Most statements take the lock that they "
                    "need by themselves; where this one is needed, SET lock_timeout to a second or two before it.",
                )


RULE = Rule("table-locked", Level.RISKY, "LOCK TABLE makes everybody else wait until the transaction ends.", check)
