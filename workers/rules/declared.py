"""What a statement's text declares: columns and constraints, each with the table it is for."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from workers.sql.actions import Action
from workers.sql.table_actions import AddColumn, AddConstraint, Column, Constraint, CreateTable
from workers.words import Name


def declared_columns(actions: Iterable[Action]) -> Iterator[tuple[Name, Column]]:
    """Of CREATE TABLE and ADD COLUMN. Temporary tables are nobody's."""
    for action in actions:
        if isinstance(action, CreateTable) and not action.temporary:
            yield from ((action.table, column) for column in action.columns)
        elif isinstance(action, AddColumn):
            yield action.table, action.column


def declared_constraints(actions: Iterable[Action]) -> Iterator[tuple[Name, Constraint]]:
    """Of tables and of columns, in CREATE TABLE and ALTER TABLE."""
    for action in actions:
        if isinstance(action, CreateTable) and not action.temporary:
            yield from ((action.table, constraint) for constraint in action.constraints)
        elif isinstance(action, AddConstraint):
            yield action.table, action.constraint
    for table, column in declared_columns(actions):
        yield from ((table, constraint) for constraint in column.constraints)
