"""A strong lock on a busy table makes every query behind it wait, however brief it is."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.blocking_work import SLOW
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Tables that the policy calls hot, whatever their size. Said once for a transaction, and not where a rule has said
    already that the lock is long."""
    for lock in step.facts.locks:
        table = lock.relation
        if lock.carried or not lock.mode.blocks_writes or not step.existing(table) or not step.policy.table(table).hot:
            continue
        before = any(held.relation == table and held.mode >= lock.mode for held in step.held)
        if not before and not step.dropped(table) and not step.about(table, *SLOW, "blocking-work"):
            yield step.finding(
                RULE,
                str(table),
                f"{step.action} takes {step.lock_words(table)}, on the hot table {table}. It waits behind the longest "
                "query on the table, and all later ones wait behind it: SET lock_timeout to a second or two, and try "
                "again when it runs out.",
            )


RULE = Rule(
    "hot-table-lock",
    Level.RISKY,
    "A strong lock on a busy table makes every query behind it wait, however brief it is.",
    check,
)
