"""An unlogged table is empty after a crash, and on every replica."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.object_changes import Trait, TraitChanged
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Existing tables; a new one was meant to be so. The rewrite that it takes is told by table-rewritten."""
    for change in step.changes:
        if isinstance(change, TraitChanged) and (change.trait, change.now) == (Trait.PERSISTENCE, "unlogged"):
            later = step.later.of(TraitChanged, change.table)
            back = any((other.trait, other.now) == (change.trait, "logged") for other in later)
            if step.existing(change.table) and not back:
                yield step.finding(
                    RULE,
                    str(change.table),
                    f"{change.table} becomes unlogged: after a crash of the server it is empty, replicas have none of "
                    "its rows, and no point-in-time recovery brings them back. Keep it logged, or keep what may be "
                    "lost in a new unlogged table.",
                )


RULE = Rule("table-unlogged", Level.HIGH_RISK, "An unlogged table is empty after a crash, and on every replica.", check)
