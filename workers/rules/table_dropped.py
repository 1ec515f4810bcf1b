"""Dropping a table deletes its rows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import TableDropped
from workers.model import Level
from workers.rules.mentioned import in_order
from workers.rules.rule import Rule, Step
from workers.sql.actions import Insert
from workers.sql.object_actions import DropObject
from workers.sql.table_actions import RenameTable
from workers.verdict import Finding
from workers.words import Name

_UNKNOWN = "Stop using the table in a release before this one, and keep a copy until you are sure."


def check(step: Step) -> Iterator[Finding]:
    """Every table that was there before the pull request and is gone after the statement, also by CASCADE."""
    for change in step.changes:
        if isinstance(change, TableDropped) and step.existing(change.table):
            name = str(change.table)
            if copy := _copy(step, change.table):
                yield step.finding(RULE, name, _replaced(change.table, copy), Level.RISKY)
            else:
                lost = f"{change.table} is dropped with all its rows; only a backup brings them back."
                yield step.finding(RULE, name, f"{lost} {in_order(step, name, 'table', _UNKNOWN)}")
    for kind, name in _unseen(step):
        yield step.finding(
            RULE,
            name,
            f"The {kind} {name} is dropped with all tables in it; only a backup brings their rows back.",
        )


def _copy(step: Step, table: Name) -> Name | None:
    """The table that the migration has filled from this one, and gives its name to afterwards."""
    for rename in step.later_actions.of(RenameTable, table):
        filled = any(table.name in insert.names for insert in step.earlier_actions.of(Insert, rename.table))
        if rename.new == table and filled:
            return rename.table
    return None


def _replaced(table: Name, copy: Name) -> str:
    return (
        f"{table} is replaced by its copy {copy}: rows written while it was copied are lost, and so is what the copy "
        f"leaves out. LOCK TABLE {table.sql} IN SHARE MODE before copying, in the same transaction, keeps writers "
        "waiting; keys, grants, policies and triggers of the old table have to be made again."
    )


def _unseen(step: Step) -> Iterator[tuple[str, str]]:
    """A prediction cannot name the tables of a schema or a database."""
    for action in step.actions if step.observation is None else ():
        if isinstance(action, DropObject) and (
            action.kind == "database" or (action.kind == "schema" and action.cascade)
        ):
            yield from ((action.kind, name.name) for name in action.names)


RULE = Rule("table-dropped", Level.HIGH_RISK, "Dropping a table deletes its rows.", check)
