"""A column dropped and one like it added, in one statement: the rename that was meant."""

from __future__ import annotations

from workers.catalog import Kind
from workers.rewrites import outdated
from workers.rewrites.wording import alter, inside, quote
from workers.rules import Step, schema
from workers.sql.table_actions import AddColumn, Column, DropColumn
from workers.verdict import RewriteStep
from workers.words import Name


def replaced(step: Step) -> tuple[tuple[Name, str], ...]:
    """The column that takes over the values; none where the statement is anything else. Only where nothing but the name
    differs: the same type, no default, both nullable."""
    match step.actions:
        case (DropColumn(cascade=False, if_exists=False) as drop, AddColumn(if_not_exists=False) as add):
            old = schema.column(step.before, drop.table, drop.column)
            if old is None or outdated.column(step, old) or schema.find(step.before, Kind.DEFAULT, *old.path):
                return ()
            bare = Column(add.column.name, add.column.type)
            same = old.text("type") == bare.type and not old.flag("not_null") and drop.column != bare.name
            return ((add.table, bare.name),) if same and add.column == bare else ()
    return ()


def rename(step: Step) -> tuple[RewriteStep, ...]:
    """Raises Unreadable for what is no ALTER TABLE."""
    drop, add = step.actions
    assert isinstance(drop, DropColumn)
    assert isinstance(add, AddColumn)
    head = alter(step.statement.text).head
    return (inside(f"{head} RENAME COLUMN {quote(drop.column)} TO {quote(add.column.name)}"),)
