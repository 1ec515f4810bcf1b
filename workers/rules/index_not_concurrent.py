"""Building an index without CONCURRENTLY blocks every write to the table."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.changes import IndexCreated
from workers.facts import Build
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import CreateIndex
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Indexes built from a large table's rows under a lock that blocks. One finding for each statement: an index of a
    partitioned table is built on every partition. Indexes of constraints belong to constraint-validated-at-once, and
    nobody writes to a materialized view."""
    plain = {c.index for c in step.changes if isinstance(c, IndexCreated) and not c.constraint}
    creates = any(isinstance(action, CreateIndex) for action in step.actions)
    built = [build for build in step.facts.builds if not build.rebuilt and (creates or build.index in plain)]
    slow = [build for build in built if step.large(build.table) and step.blocks(build.table)]
    if slow:
        yield _partitioned(step, slow[0]) or _plain(step, slow)


def _partitioned(step: Step, first: Build) -> Finding | None:
    """The table that the SQL names, not a partition, which the next day may be another. It refuses CONCURRENTLY, a
    partition does not."""
    for action in step.actions:
        if isinstance(action, CreateIndex) and action.table != first.table:
            create = _create(action.unique)
            return step.finding(
                RULE,
                str(action.table),
                f"{action.name or 'The index'} is built from all rows of all partitions of {action.table} under "
                f"{step.lock_words(first.table)}. {create} ON ONLY {action.table} first, then {create} CONCURRENTLY on "
                "each partition and ALTER INDEX … ATTACH PARTITION: no write waits.",
            )
    return None


def _plain(step: Step, slow: Sequence[Build]) -> Finding:
    first = slow[0]
    others = f" and {len(slow) - 1} more" if len(slow) > 1 else ""
    unique = any(change.unique for change in step.changes if isinstance(change, IndexCreated))
    return step.finding(
        RULE,
        str(first.table),
        f"{first.index.name} is built from all rows of {first.table}{others} under {step.lock_words(first.table)}. "
        f"{_create(unique)} CONCURRENTLY blocks neither reads nor writes; it has to run outside a transaction, so give "
        "it a migration of its own.",
    )


def _create(unique: bool) -> str:
    return "CREATE UNIQUE INDEX" if unique else "CREATE INDEX"


RULE = Rule(
    "index-not-concurrent",
    Level.RISKY,
    "Building an index without CONCURRENTLY blocks every write to the table.",
    check,
)
