"""Learns from statements, in the order in which they run, what later ones will meet."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace

from workers.changes import ConstraintKind
from workers.sql.actions import Action, CreateIndex, DropIndex
from workers.sql.column_types import named_type
from workers.sql.known_tables import Foreign, Known
from workers.sql.naming import constraint_name, index_name
from workers.sql.object_actions import CreateDomain, CreateFunction, CreateView, DropObject, RenameObject
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AttachPartition,
    Column,
    Constraint,
    CreateTable,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropTable,
    RenameColumn,
    RenameTable,
    SetSchema,
    ValidateConstraint,
)
from workers.words import Name

__all__ = ["Known", "learn"]

_NOT_NULL_CHECK = re.compile(r'check\s*\(+\s*("(?:[^"]|"")+"|\w+)\s+is\s+not\s+null\s*\)+', re.IGNORECASE)


def learn(known: Known, actions: Iterable[Action]) -> Known:
    """What is known after these actions, in the order in which they run. Copies once, so hand over many at a time."""
    learner = _Learner(known)
    for action in actions:
        learner.take(action)
    return learner.known()


class _Learner:
    """Known, while it changes."""

    def __init__(self, known: Known) -> None:
        self.new_tables = set(known.new_tables)
        self.columns = dict(known.columns)
        self.indexes = dict(known.indexes)
        self.foreign = set(known.foreign)
        self.partitions = dict(known.partitions)
        self.defaults = set(known.default_partitions)
        self.checks = dict(known.not_null_checks)
        self.validated = set(known.validated)
        self.types = set(known.constrained_types)
        self.objects = set(known.objects)

    def known(self) -> Known:
        return Known(
            frozenset(self.new_tables),
            self.columns,
            self.indexes,
            frozenset(self.foreign),
            self.partitions,
            frozenset(self.defaults),
            self.checks,
            frozenset(self.validated),
            frozenset(self.types),
            frozenset(self.objects),
        )

    def take(self, action: Action) -> None:
        match action:
            case CreateTable():
                self.created(action)
            case DropTable():
                for table in action.tables:
                    self.forget(table)
            case RenameTable() | SetSchema():
                self.renamed(action.table, action.new)
            case AddConstraint():
                self.constrained(action.table, action.constraint)
            case DropConstraint():
                self.unconstrained(action.table, action.constraint)
            case ValidateConstraint():
                self.validated.add((action.table, action.constraint))
            case AddColumn() | DropColumn() | RenameColumn() | AlterColumnType():
                self.column(action)
            case AttachPartition() | DetachPartition():
                self.partition(action)
            case _:
                self.other(action)

    def other(self, action: Action) -> None:
        match action:
            case CreateIndex():
                name = action.name or index_name(action.table.name, action.columns)
                self.indexes[Name(action.table.schema, name)] = action.table
            case DropIndex():
                for index in action.indexes:
                    self.indexes.pop(index, None)
            case CreateDomain() if action.constrained:
                self.types.add(action.type)
            case CreateView():
                self.viewed(action)
            case CreateFunction():
                self.objects.add((action.kind, action.function))
            case DropObject():
                self.dropped(action)
            case RenameObject():
                self.object_renamed(action)

    def viewed(self, action: CreateView) -> None:
        if action.materialized:
            self.new_tables.add(action.view)
        if not action.temporary:
            self.objects.add(("materialized view" if action.materialized else "view", action.view))

    def object_renamed(self, action: RenameObject) -> None:
        if (action.kind, action.name) in self.objects:
            self.objects.add((action.kind, action.new))
        if action.kind == "index" and action.name in self.indexes:
            self.indexes[action.new] = self.indexes.pop(action.name)
        elif action.kind in ("type", "domain"):
            old, new = (named_type(name.schema, name.name) for name in (action.name, action.new))
            self.columns = {key: new if found == old else found for key, found in self.columns.items()}
            if action.name in self.types:
                self.types.add(action.new)

    def dropped(self, action: DropObject) -> None:
        self.objects -= {(action.kind, name) for name in action.names}
        if action.kind == "schema":
            schemas = {name.name for name in action.names}
            for table in {table for table, _ in self.columns} | self.new_tables:
                if table.schema in schemas:
                    self.forget(table)
        elif action.kind == "materialized view":
            for view in action.names:
                self.forget(view)
        elif action.kind == "domain":
            self.types.difference_update(action.names)

    def created(self, action: CreateTable) -> None:
        if action.if_not_exists and any(table == action.table for table, _ in self.columns):
            return
        self.new_tables.add(action.table)
        for found in action.columns:
            self.added(action.table, found)
        for constraint in action.constraints:
            self.constrained(action.table, constraint)
        if action.partition_of is not None:
            self.partitions[action.table] = action.partition_of
            if action.default_partition:
                self.defaults.add(action.table)

    def added(self, table: Name, column: Column) -> None:
        if column.type:
            self.columns[table, column.name] = column.type
        for constraint in column.constraints:
            self.constrained(table, constraint)

    def constrained(self, table: Name, constraint: Constraint) -> None:
        name = constraint_name(table.name, constraint)
        if constraint.references is not None:
            self.foreign.add(
                Foreign(table, name, constraint.columns, constraint.references, constraint.referenced_columns)
            )
        elif constraint.kind is ConstraintKind.CHECK:
            if found := _NOT_NULL_CHECK.match(constraint.definition):
                column = found[1]
                self.checks[table, name] = column[1:-1] if column.startswith('"') else column.lower()
            if constraint.validated:
                self.validated.add((table, name))
        elif constraint.kind is not ConstraintKind.NOT_NULL:
            if constraint.using_index:
                self.indexes.pop(Name(table.schema, constraint.using_index), None)
            self.indexes[Name(table.schema, name)] = table

    def unconstrained(self, table: Name, constraint: str) -> None:
        self.foreign = {found for found in self.foreign if (found.table, found.constraint) != (table, constraint)}
        self.checks.pop((table, constraint), None)
        self.validated.discard((table, constraint))
        if self.indexes.get(Name(table.schema, constraint)) == table:
            del self.indexes[Name(table.schema, constraint)]

    def column(self, action: AddColumn | DropColumn | RenameColumn | AlterColumnType) -> None:
        match action:
            case AddColumn():
                self.added(action.table, action.column)
            case DropColumn():
                self.columns.pop((action.table, action.column), None)
            case RenameColumn():
                if found := self.columns.pop((action.table, action.column), None):
                    self.columns[action.table, action.new] = found
            case AlterColumnType():
                self.columns[action.table, action.column] = action.type

    def partition(self, action: AttachPartition | DetachPartition) -> None:
        if isinstance(action, DetachPartition):
            self.partitions.pop(action.partition, None)
            self.defaults.discard(action.partition)
        else:
            self.partitions[action.partition] = action.table
            if action.default:
                self.defaults.add(action.partition)

    def forget(self, table: Name) -> None:
        self.new_tables.discard(table)
        self.columns = {key: found for key, found in self.columns.items() if key[0] != table}
        self.indexes = {index: owner for index, owner in self.indexes.items() if owner != table}
        self.foreign = {found for found in self.foreign if table not in (found.table, found.references)}
        self.partitions.pop(table, None)
        self.defaults.discard(table)
        self.checks = {key: column for key, column in self.checks.items() if key[0] != table}

    def renamed(self, old: Name, new: Name) -> None:
        def name(table: Name) -> Name:
            return new if table == old else table

        self.new_tables = {name(table) for table in self.new_tables}
        self.columns = {(name(table), column): found for (table, column), found in self.columns.items()}
        self.indexes = {Name(name(owner).schema, index.name): name(owner) for index, owner in self.indexes.items()}
        self.foreign = {
            replace(found, table=name(found.table), references=name(found.references)) for found in self.foreign
        }
        self.partitions = {name(child): name(parent) for child, parent in self.partitions.items()}
        self.defaults = {name(table) for table in self.defaults}
        self.checks = {(name(table), constraint): column for (table, constraint), column in self.checks.items()}
        self.validated = {(name(table), constraint) for table, constraint in self.validated}
