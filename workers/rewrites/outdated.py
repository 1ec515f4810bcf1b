"""What earlier statements of a migration have made untrue of the schema before it."""

from __future__ import annotations

from workers.catalog import Object
from workers.changes import (
    CatalogChange,
    ColumnRenamed,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    IndexCreated,
    NotNullDropped,
    NotNullSet,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.object_changes import EnumValueRemoved, EnumValueRenamed, ObjectCreated, ObjectDropped, ObjectRenamed
from workers.rules import Step
from workers.words import Name


def table(step: Step, name: Name) -> bool:
    """The table of this name is another one by now."""
    return any(isinstance(each, TableCreated | TableDropped | TableRenamed) for each in step.earlier.about(name))


def key(step: Step, name: Name, columns: tuple[str, ...]) -> bool:
    """The table has another primary key by now, or its columns other names."""
    return table(step, name) or any(_of_key(each, name, columns) for each in step.earlier.about(name))


def column(step: Step, of: Object) -> bool:
    """The column of a table has another name, form or type by now, or more hangs on it."""
    name = Name(*of.path[:2])
    if table(step, name) or any(_of_column(each, name, of.path[-1]) for each in step.earlier.about(name)):
        return True
    type = (of.text("type") or "").removesuffix("[]")
    return any(type in (each.name, str(each), each.sql) for change in step.earlier for each in _types(change))


def _of_key(change: CatalogChange, table: Name, columns: tuple[str, ...]) -> bool:
    match change:
        case ConstraintAdded() | ConstraintDropped():
            return change.table == table and change.kind in (ConstraintKind.PRIMARY_KEY, None)
        case ColumnRenamed():
            return bool({change.column, change.new} & set(columns))
    return False


def _of_column(change: CatalogChange, table: Name, column: str) -> bool:
    match change:
        case ConstraintAdded() | IndexCreated():
            return change.table == table
        case ColumnTypeChanged() | NotNullSet() | NotNullDropped():
            return change.column == column
        case ColumnRenamed():
            return column in (change.column, change.new)
    return False


def _types(change: CatalogChange) -> tuple[Name, ...]:
    match change:
        case ObjectCreated() | ObjectDropped():
            return (change.name,)
        case ObjectRenamed():
            return (change.name, change.new)
        case EnumValueRenamed() | EnumValueRemoved():
            return (change.type,)
    return ()
