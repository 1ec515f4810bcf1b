"""A strong lock is asked for without a lock_timeout: it may wait, and hold up everybody, for hours."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import IndexCreated, IndexDropped
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import timeout_ms
from workers.sql.wording import must_run_alone
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """The first statement of a file that blocks a large table, where the file has set no lock_timeout before it, or 0.
    CONCURRENTLY must have none."""
    if timeout_ms(step, "lock_timeout") or must_run_alone(step.actions):
        return
    for lock in step.facts.locks:
        if lock.mode.blocks_writes and step.large(lock.relation):
            if not _told(step):
                yield step.finding(
                    RULE,
                    str(lock.relation),
                    f"{step.action} takes {step.lock_words(lock.relation)}, on {lock.relation}, and the file sets no "
                    "lock_timeout: behind a long query it waits, and everybody who comes later waits behind it. SET "
                    "lock_timeout to a few seconds at the top of the file, and try again when it runs out.",
                )
            return


def _told(step: Step) -> bool:
    """An earlier statement has taken such a lock: one that is still held, or one that changed a table and let go."""
    held = any(lock.mode.blocks_writes and step.large(lock.relation) for lock in step.held)
    changed = (c for c in step.earlier if not isinstance(c, IndexCreated | IndexDropped))
    return held or any(step.large(table) for c in changed if (table := getattr(c, "table", None)))


RULE = Rule(
    "no-lock-timeout",
    Level.RISKY,
    "A strong lock is asked for without a lock_timeout: it may wait, and hold up everybody, for hours.",
    check,
    opt_in=True,
)
