"""Predicts what each form of ALTER TABLE does.

Locks: https://www.postgresql.org/docs/current/sql-altertable.html, and measured on PostgreSQL 15, 16 and 18."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.changes import (
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnTypeChanged,
    ConstraintDropped,
    ConstraintKind,
    ConstraintValidated,
    DefaultChanged,
    IndexDropped,
    NotNullDropped,
    NotNullSet,
    TableRenamed,
)
from workers.facts import Facts, Scan
from workers.sql.column_types import keeps_rows, named_type, normal_type
from workers.sql.effects import constraint_work, default_partition, exclusive, locks, scan, with_partitions
from workers.sql.form_effects import other_form
from workers.sql.known_tables import Known
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTableOther,
    AttachPartition,
    Column,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    SetDefault,
    SetNotNull,
    SetSchema,
    ValidateConstraint,
)
from workers.sql.volatility import is_volatile
from workers.words import LockMode, Name

_GENTLE = LockMode.SHARE_UPDATE_EXCLUSIVE


def _add_column(action: AddColumn, known: Known) -> Facts:
    table, column = action.table, action.column
    tables = with_partitions(table, known)
    if action.if_not_exists and (table, column.name) in known.columns:
        return Facts(locks=exclusive(*tables))
    added = ColumnAdded(table, column.name, column.type, column.not_null, column.fills_itself)
    parts = [constraint_work(table, constraint, known) for constraint in column.constraints]
    rewrites = _fills_rows(column, known)
    return Facts(
        locks=exclusive(*tables) + tuple(lock for part in parts for lock in part.locks),
        rewrites=known.stored(table) if rewrites else (),
        builds=tuple(build for part in parts for build in part.builds),
        scans=scan(table, known) if not rewrites and _is_verified(column) else (),
        changes=(added, *(change for part in parts for change in part.changes)),
    )


def _fills_rows(column: Column, known: Known) -> bool:
    """A value of its own for each row has to be written; one for all is kept in the catalog (since PostgreSQL 11). A
    domain with a constraint rewrites even without a default: the rows' NULL has to be checked."""
    varying = column.default is not None and is_volatile(column.default)
    domain = any(column.type == named_type(found.schema, found.name) for found in known.constrained_types)
    return varying or domain or column.serial or column.identity or column.stored


def _is_verified(column: Column) -> bool:
    """The rows are read to verify them. A foreign key on a column that is NULL everywhere needs no look at the rows."""
    kinds = {constraint.kind for constraint in column.constraints if constraint.enforced}
    missing = column.not_null and not column.fills_itself
    refers = ConstraintKind.FOREIGN_KEY in kinds and column.has_value
    return missing or refers or ConstraintKind.CHECK in kinds


def _drop_column(action: DropColumn, known: Known) -> Facts:
    """A foreign key goes with its column, and takes triggers off the table at its other end."""
    tables = (*with_partitions(action.table, known), *known.tied(action.table, action.column))
    dropped = ColumnDropped(action.table, action.column, known.columns.get((action.table, action.column)))
    return Facts(locks=exclusive(*tables), changes=(dropped,))


def _rename_column(action: RenameColumn, known: Known) -> Facts:
    renamed = ColumnRenamed(action.table, action.column, action.new)
    return Facts(locks=exclusive(*with_partitions(action.table, known)), changes=(renamed,))


def _alter_type(action: AlterColumnType, known: Known) -> Facts:
    """USING with anything but the column itself computes every row anew. A foreign key is dropped and made again."""
    tables = (*with_partitions(action.table, known), *known.tied(action.table, action.column))
    old = known.columns.get((action.table, action.column))
    kept = _is_plain(action) and keeps_rows(old, action.type)
    changed = ColumnTypeChanged(action.table, action.column, old, action.type)
    return Facts(locks=exclusive(*tables), rewrites=() if kept else known.stored(action.table), changes=(changed,))


def _is_plain(action: AlterColumnType) -> bool:
    """No USING, or one that says what the change does anyway: USING column, USING column::type."""
    column, _, cast = (action.using or action.column).partition("::")
    return column.strip().strip('"').lower() == action.column.lower() and (not cast or normal_type(cast) == action.type)


def _set_not_null(action: SetNotNull, known: Known) -> Facts:
    scans = () if known.proves_not_null(action.table, action.column) else scan(action.table, known)
    changes = (NotNullSet(action.table, action.column),)
    return Facts(locks=exclusive(*with_partitions(action.table, known)), scans=scans, changes=changes)


def _drop_not_null(action: DropNotNull, known: Known) -> Facts:
    changes = (NotNullDropped(action.table, action.column),)
    return Facts(locks=exclusive(*with_partitions(action.table, known)), changes=changes)


def _set_default(action: SetDefault, known: Known) -> Facts:
    changes = (DefaultChanged(action.table, action.column, action.default),)
    return Facts(locks=exclusive(*with_partitions(action.table, known)), changes=changes)


def _drop_default(action: DropDefault, known: Known) -> Facts:
    changes = (DefaultChanged(action.table, action.column, None),)
    return Facts(locks=exclusive(*with_partitions(action.table, known)), changes=changes)


def _add_constraint(action: AddConstraint, known: Known) -> Facts:
    return constraint_work(action.table, action.constraint, known)


def _drop_constraint(action: DropConstraint, known: Known) -> Facts:
    """Dropping a foreign key takes triggers off the referenced table too."""
    found = [key for key in known.foreign if (key.table, key.constraint) == (action.table, action.constraint)]
    tables = (*with_partitions(action.table, known), *(key.references for key in found))
    dropped = ConstraintDropped(action.table, action.constraint, ConstraintKind.FOREIGN_KEY if found else None)
    index = Name(action.table.schema, action.constraint)
    gone = (IndexDropped(index, action.table),) if known.indexes.get(index) == action.table else ()
    return Facts(locks=exclusive(*tables), changes=(dropped, *gone))


def _validate(action: ValidateConstraint, known: Known) -> Facts:
    found = [key for key in known.foreign if (key.table, key.constraint) == (action.table, action.constraint)]
    return Facts(
        locks=locks(_GENTLE, *with_partitions(action.table, known))
        + locks(LockMode.ROW_SHARE, *(key.references for key in found)),
        scans=scan(action.table, known),
        changes=(ConstraintValidated(action.table, action.constraint),),
    )


def _rename_table(action: RenameTable | SetSchema, known: Known) -> Facts:
    return Facts(locks=exclusive(action.table), changes=(TableRenamed(action.table, action.new),))


def _rename_constraint(action: RenameConstraint, known: Known) -> Facts:
    return Facts(locks=exclusive(*with_partitions(action.table, known)))


def _attach(action: AttachPartition, known: Known) -> Facts:
    """A CHECK that proves the bounds spares the scan; whether there is one is not looked for."""
    checked = (action.partition, *default_partition(action.table, known))
    return Facts(
        locks=locks(_GENTLE, action.table) + exclusive(*checked),
        scans=tuple(Scan(table, 1) for table in checked),
    )


def _detach(action: DetachPartition, known: Known) -> Facts:
    """CONCURRENTLY ends with a second transaction that holds the partition alone."""
    if action.concurrently:
        return Facts(locks=locks(_GENTLE, action.table) + exclusive(action.partition))
    return Facts(locks=exclusive(action.table, action.partition, *default_partition(action.table, known)))


ALTER_EFFECTS: dict[type[Any], Callable[[Any, Known], Facts]] = {
    AddColumn: _add_column,
    DropColumn: _drop_column,
    RenameColumn: _rename_column,
    AlterColumnType: _alter_type,
    SetNotNull: _set_not_null,
    DropNotNull: _drop_not_null,
    SetDefault: _set_default,
    DropDefault: _drop_default,
    AddConstraint: _add_constraint,
    DropConstraint: _drop_constraint,
    ValidateConstraint: _validate,
    RenameTable: _rename_table,
    SetSchema: _rename_table,
    RenameConstraint: _rename_constraint,
    AttachPartition: _attach,
    DetachPartition: _detach,
    AlterTableOther: other_form,
}
