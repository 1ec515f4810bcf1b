"""Building an index without CONCURRENTLY blocks every write to the table."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import IndexCreated
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Indexes built from a large table's rows under a lock that blocks. One finding for each statement: an index of a
    partitioned table is built on every partition. Indexes of constraints belong to constraint-validated-at-once."""
    plain = {c.index for c in step.changes if isinstance(c, IndexCreated) and not c.constraint}
    built = [build for build in step.facts.builds if build.index in plain and not build.rebuilt]
    slow = [build for build in built if step.large(build.table) and step.blocks(build.table)]
    if slow:
        first = slow[0]
        others = f" and {len(slow) - 1} more" if len(slow) > 1 else ""
        yield step.finding(
            RULE,
            str(first.table),
            f"{first.index.name} is built from all rows of {first.table}{others} under "
            f"{step.lock_words(first.table)}. CREATE INDEX CONCURRENTLY blocks neither; it has to run outside "
            "a transaction, so give it a migration of its own.",
        )


RULE = Rule(
    "index-not-concurrent",
    Level.RISKY,
    "Building an index without CONCURRENTLY blocks every write to the table.",
    check,
)
