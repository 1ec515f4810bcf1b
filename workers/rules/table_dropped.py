"""Dropping a table deletes its rows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import TableDropped
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.sql.object_actions import DropObject
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Every table that was there before the pull request and is gone after the statement, also by CASCADE."""
    for change in step.changes:
        if isinstance(change, TableDropped) and step.existing(change.table):
            yield step.finding(
                RULE,
                str(change.table),
                f"{change.table} is dropped with all its rows; only a backup brings them back. Stop using the table in "
                "a release before this one, and keep a copy until you are sure.",
            )
    for kind, name in _unseen(step):
        yield step.finding(
            RULE,
            name,
            f"The {kind} {name} is dropped with all tables in it; only a backup brings their rows back.",
        )


def _unseen(step: Step) -> Iterator[tuple[str, str]]:
    """A prediction cannot name the tables of a schema or a database."""
    for action in step.actions if step.observation is None else ():
        if isinstance(action, DropObject) and (
            action.kind == "database" or (action.kind == "schema" and action.cascade)
        ):
            yield from ((action.kind, name.name) for name in action.names)


RULE = Rule("table-dropped", Level.HIGH_RISK, "Dropping a table deletes its rows.", check)
