"""Every row of a table is read or indexed while others cannot use it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintAdded
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name

SLOW = (
    "table-rewritten",
    "index-not-concurrent",
    "constraint-validated-at-once",
    "not-null-set",
    "required-column-added",
    "primary-key-changed",
    "all-rows-updated",
    "all-rows-deleted",
)  # the rules that have said it already, and better


def check(step: Step) -> Iterator[Finding]:
    """Scans and builds on large tables under a lock that blocks, which no rule before this one has taken: the statement
    may hold the lock itself (REINDEX, ATTACH PARTITION), or an earlier one of its transaction (a backfill or VALIDATE
    behind an ALTER TABLE). So nothing slow is called safe."""
    for table in _worked_on(step):
        if step.large(table) and step.blocks(table) and not step.about(table, *SLOW):
            strongest = (table, step.lock_on(table))
            own = any((lock.relation, lock.mode) == strongest and not lock.carried for lock in step.facts.locks)
            since = "" if own else ", held since an earlier statement of the transaction"
            yield step.finding(
                RULE,
                str(table),
                f"{step.action} goes through all rows of {table} under {step.lock_words(table)}{since}. Put the slow "
                "part into a transaction of its own, in a form with a weaker lock.",
            )


def _worked_on(step: Step) -> Iterator[Name]:
    """A foreign key's parent is left out: it is only looked up, and a new child has nothing to look up."""
    parents = {change.references for change in step.changes if isinstance(change, ConstraintAdded)}
    work = [scan.table for scan in step.facts.scans] + [build.table for build in step.facts.builds]
    for table in dict.fromkeys(work):
        if table not in parents and table not in step.facts.truncated and not step.dropped(table):
            yield table


RULE = Rule("blocking-work", Level.RISKY, "Every row of a table is read or indexed while others cannot use it.", check)
