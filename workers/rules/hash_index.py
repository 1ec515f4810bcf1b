"""A hash index answers = on one column and nothing else; a b-tree does that too."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.actions import CreateIndex
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """On new tables too: it is about the index, not about a lock."""
    for action in step.actions:
        if isinstance(action, CreateIndex) and action.method == "hash":
            yield step.finding(
                RULE,
                str(action.table),
                f"A hash index on {', '.join(action.columns)} of {action.table} cannot sort, find ranges, be unique or "
                "answer from the index alone. Leave out USING hash, unless the values are long and it was measured.",
            )


RULE = Rule(
    "hash-index",
    Level.RISKY,
    "A hash index answers = on one column and nothing else; a b-tree does that too.",
    check,
    opt_in=True,
)
