"""A strong lock on a busy table makes every query behind it wait, however brief it is."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.blocking_work import SLOW
from workers.rules.rule import Rule, Step
from workers.rules.script import SHORT_MS, timeout_ms, waits_briefly
from workers.sql.actions import DropIndex, Reindex
from workers.sql.table_actions import DetachPartition
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Tables that the policy calls hot, whatever their size. Said once for a transaction, not where a rule has said
    already that the lock is long, and not where the file has set a short lock_timeout."""
    if waits_briefly(step):
        return
    for lock in step.facts.locks:
        table = lock.relation
        if lock.carried or not lock.mode.blocks_writes or not step.existing(table) or not step.policy.table(table).hot:
            continue
        before = any(held.relation == table and held.mode >= lock.mode for held in step.held)
        if not before and not step.dropped(table) and not step.about(table, *SLOW, "blocking-work", "table-locked"):
            yield step.finding(
                RULE,
                str(table),
                f"{step.action} takes {step.lock_words(table)}, on the hot table {table}. It waits behind the longest "
                f"query on the table, and all later ones wait behind it: {_way(step)}",
            )


def _way(step: Step) -> str:
    forms = (a for a in step.actions if isinstance(a, DropIndex | Reindex | DetachPartition) and not a.concurrently)
    if next(forms, None):
        return f"{step.action} CONCURRENTLY does not block, and has to run outside a transaction."
    if (timeout_ms(step, "lock_timeout") or 0) > SHORT_MS:
        return f"a lock_timeout of {step.settings['lock_timeout']} lets them wait so long; a second or two is enough."
    return "SET lock_timeout to a second or two, and try again when it runs out."


RULE = Rule(
    "hot-table-lock",
    Level.RISKY,
    "A strong lock on a busy table makes every query behind it wait, however brief it is.",
    check,
)
