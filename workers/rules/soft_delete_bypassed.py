"""DELETE from a table whose rows are marked as deleted, not deleted."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Kind
from workers.model import Level
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.sql.actions import Delete, Where
from workers.verdict import Finding
from workers.words import Name

# Names of the mark, in small letters and without underscores: deleted_at, "deletedAt".
_MARKS = frozenset(
    f"{prefix}{word}{suffix}"
    for word in ("deleted", "archived", "discarded", "removed")
    for prefix, suffix in (("", "at"), ("", "on"), ("is", ""))
)


def check(step: Step) -> Iterator[Finding]:
    """Only a DELETE with a condition: one without has its own rule. One that asks for the mark itself clears away what
    is marked, which is meant."""
    for action in step.actions:
        if not isinstance(action, Delete) or action.where is not Where.SOME or not step.existing(action.table):
            continue
        mark = _mark(step, action.table)
        if mark and mark not in action.names:
            yield step.finding(
                RULE,
                str(action.table),
                f"Rows of {action.table} are deleted for good, where the table marks deleted rows in {mark}: what "
                "counts on finding them again (undo, audits, rows that refer to them) does not. Set the mark with "
                f"UPDATE instead, or delete only rows that have it: {mark} in the condition.",
            )


def _mark(step: Step, table: Name) -> str | None:
    columns = schema.inside(step.before, table, Kind.COLUMN)
    return next((name for each in columns if (name := each.path[-1]).lower().replace("_", "") in _MARKS), None)


RULE = Rule(
    "soft-delete-bypassed",
    Level.RISKY,
    "DELETE from a table whose rows are marked as deleted, not deleted.",
    check,
    needs_server=True,
)
