"""Rewriting a table copies every row while nobody can read or write it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnAdded, ColumnTypeChanged
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import Refresh
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """Any rewrite of a large table, whatever causes it. TRUNCATE gives a table new storage too, but copies nothing."""
    for table in step.facts.rewrites:
        if step.large(table) and table not in step.facts.truncated and not step.dropped(table):
            yield step.finding(
                RULE,
                str(table),
                f"{_cause(step, table)} {_verb(step, table)} {table}: every row and every index is written anew under "
                f"{_lock(step, table)} until it is done. {_instead(step, table)}",
            )


def _cause(step: Step, table: Name) -> str:
    """What of the statement makes Postgres copy the rows
    (https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-NOTES)."""
    typed = [c for c in step.changes if isinstance(c, ColumnTypeChanged) and c.table == table]
    if typed:
        changed = (f"{c.column}{f' from {c.type}' if c.type else ''}{f' to {c.new}' if c.new else ''}" for c in typed)
        return f"Changing {' and '.join(changed)}"
    added = [c.column for c in step.changes if isinstance(c, ColumnAdded) and c.table == table]
    if added:
        return (
            f"Adding {', '.join(added)}, whose value has to be computed for each row (a volatile default, an identity, "
            "a serial, a stored generated column or a domain with constraints),"
        )
    return step.action


def _verb(step: Step, table: Name) -> str:
    """Which type a column had is not in the text."""
    guessed = any(isinstance(c, ColumnTypeChanged) and c.table == table and c.type is None for c in step.changes)
    return "rewrites, unless the old type is stored alike," if guessed else "rewrites"


def _lock(step: Step, table: Name) -> str:
    return step.lock_words(table) if step.lock_on(table) else "a lock that blocks reads and writes"


def _instead(step: Step, table: Name) -> str:
    changes = [c for c in step.changes if isinstance(c, ColumnTypeChanged | ColumnAdded) and c.table == table]
    if any(isinstance(c, ColumnTypeChanged) for c in changes):
        return "Add a column of the new type, fill it in batches, and swap the two in a later release."
    if changes:
        return "Add it without the default, SET DEFAULT in another statement, and fill the rows in batches."
    if any(isinstance(action, Refresh) for action in step.actions):
        return "REFRESH MATERIALIZED VIEW CONCURRENTLY lets others read; it needs a unique index on the view."
    return "Run it in a maintenance window, or copy in batches into a new table."


RULE = Rule(
    "table-rewritten",
    Level.RISKY,
    "Rewriting a table copies every row while nobody can read or write it.",
    check,
)
