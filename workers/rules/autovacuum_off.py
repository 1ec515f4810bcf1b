"""A table without autovacuum grows with every UPDATE and DELETE, and its statistics grow stale."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TypeGuard

from workers.changes import CatalogChange
from workers.model import Level
from workers.object_changes import Trait, TraitChanged
from workers.rules.rule import Rule, Step
from workers.verdict import Finding

_OFF = tuple(f"autovacuum_enabled={word}" for word in ("false", "off", "no", "0"))


def check(step: Step) -> Iterator[Finding]:
    """Not where the same migration sets it back, as around a large load."""
    for change in step.changes:
        if not _about(change) or not _off(change.now) or _off(change.was or "") or not step.existing(change.table):
            continue
        if not any(_about(later) and not _off(later.now) for later in step.later.of(TraitChanged, change.table)):
            yield step.finding(
                RULE,
                str(change.table),
                f"Autovacuum is switched off for {change.table}: dead rows stay, the table and its indexes grow, and "
                "plans are made from old statistics, until a forced vacuum against transaction id wraparound comes at "
                "a time of its own. Make it run more often instead (autovacuum_vacuum_scale_factor), or set it back "
                "in the same migration.",
            )


def _about(change: CatalogChange) -> TypeGuard[TraitChanged]:
    return isinstance(change, TraitChanged) and change.trait is Trait.OPTIONS


def _off(options: str) -> bool:
    return any(option.strip().lower() in _OFF for option in options.split(","))


RULE = Rule(
    "autovacuum-off",
    Level.RISKY,
    "A table without autovacuum grows with every UPDATE and DELETE, and its statistics grow stale.",
    check,
)
