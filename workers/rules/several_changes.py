"""A migration that does several things fails, is reviewed and is rolled back as a whole."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workers.changes import CatalogChange
from workers.model import Level
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.sql.actions import Copy, Delete, Insert, Merge, Update
from workers.verdict import Finding
from workers.words import Name

_TABLES = 3  # so many may change together
_WRITERS = (Insert, Update, Delete, Merge, Copy)


def check(step: Step) -> Iterator[Finding]:
    """Told at the statement that goes too far. Tables that the pull request makes are not counted."""
    if own := _changed(step, step.changes):
        before = _changed(step, step.earlier)
        if len(before) <= _TABLES < len(before | own):
            yield _finding(step, f"more than {_TABLES} tables: {', '.join(map(str, sorted(before | own)))}")
    if _writes(step) and _changed(step, (*step.earlier, *step.later)):
        yield _finding(step, "the schema as well as rows")


def _finding(step: Step, what: str) -> Finding:
    return step.finding(
        RULE,
        step.migration.id,
        f"{step.migration.id} changes {what}. If one part fails, all of it has to be repaired, and no part can be "
        "rolled back alone. Make a migration of each part.",
    )


def _changed(step: Step, changes: Iterable[CatalogChange]) -> frozenset[Name]:
    """The existing tables that change; a partition follows its parent."""
    tables = {getattr(change, "table", None) for change in changes}
    return frozenset(
        each for each in tables if isinstance(each, Name) and step.existing(each) and not _part(step, each)
    )


def _part(step: Step, name: Name) -> bool:
    """Also of a temporary table: its toast table."""
    if name.schema.startswith("pg_"):
        return True
    found = schema.table(step.before, name) if step.before else None
    return found is not None and found.text("bound") is not None


def _writes(step: Step) -> bool:
    """It is the first that writes rows: of many, one is told."""
    writes = (action for action in step.actions if isinstance(action, _WRITERS))
    existing = any(action.table and step.existing(action.table) for action in writes)
    return existing and not any(any(step.earlier_actions.of(writer)) for writer in _WRITERS)


RULE = Rule(
    "several-changes",
    Level.RISKY,
    "A migration that does several things fails, is reviewed and is rolled back as a whole.",
    check,
    opt_in=True,
)
