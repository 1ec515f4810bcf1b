"""After a change of type, connections that prepared a query of the column before get an error from it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.retyped import retyped
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Any change of type, however little work it is: the length of a varchar is part of the type."""
    for change, _ in retyped(step):
        yield step.finding(
            RULE,
            f"{change.table}.{change.column}",
            f"The type of {change.column} of {change.table} changes: a query that was prepared before and returns the "
            'column fails with "cached plan must not change result type" until its connection is closed or prepares it '
            "anew. Recycle the pooled connections right after the migration.",
        )


RULE = Rule(
    "cached-plan-broken",
    Level.RISKY,
    "After a change of type, connections that prepared a query of the column before get an error from it.",
    check,
    opt_in=True,
)
