"""A timeout that stops CONCURRENTLY leaves an invalid index, or a partition that is half detached."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import timeout_ms
from workers.sql.actions import CreateIndex, DropIndex, Reindex
from workers.sql.table_actions import DetachPartition
from workers.verdict import Finding

_TIMEOUTS = ("lock_timeout", "statement_timeout")
_LONG_MS = 3_600_000  # somebody has thought of the time it takes


def check(step: Step) -> Iterator[Finding]:
    """Timeouts that the file sets itself; what the runner or the role sets is not to be seen."""
    tables = [lock.relation for lock in step.facts.locks]
    if (
        step.in_transaction
        or not any(map(_concurrent, step.actions))
        or not (any(map(step.large, tables)) or not tables)
    ):
        return
    names = [name for name in _TIMEOUTS if 0 < (timeout_ms(step, name) or 0) < _LONG_MS]
    if names:
        told = " and ".join(f"{name} {step.settings[name].strip(chr(39))}" for name in names)
        yield step.finding(
            RULE,
            str(tables[0]) if tables else step.migration.id,
            f"{step.action} runs with {told}. It waits for every older transaction that uses the table, without "
            "holding others up, and goes through all rows; when it is stopped, it "
            f"{_leaves(step)}. {' '.join(f'SET {name} = 0;' for name in names)} before it, and back behind it.",
        )


def _concurrent(action: object) -> bool:
    return isinstance(action, CreateIndex | DropIndex | Reindex | DetachPartition) and action.concurrently


def _leaves(step: Step) -> str:
    if any(isinstance(action, DetachPartition) for action in step.actions):
        return "leaves the partition half detached, until DETACH PARTITION … FINALIZE"
    return "leaves an invalid index behind, which has to be dropped by hand"


RULE = Rule(
    "concurrently-under-timeout",
    Level.RISKY,
    "A timeout that stops CONCURRENTLY leaves an invalid index, or a partition that is half detached.",
    check,
)
