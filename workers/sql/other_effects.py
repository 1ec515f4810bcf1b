"""Predicts what CREATE and DROP of tables and indexes, and the statements about rows and upkeep do.

Locks: https://www.postgresql.org/docs/current/explicit-locking.html, and measured on PostgreSQL 15, 16 and 18."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.changes import CatalogChange, IndexCreated, IndexDropped, TableCreated, TableDropped
from workers.facts import Build, Facts, Scan, Write
from workers.object_changes import ObjectDropped
from workers.sql.actions import (
    Analyze,
    Cluster,
    Copy,
    CreateIndex,
    Delete,
    DropIndex,
    Insert,
    LockTable,
    Merge,
    Reindex,
    Truncate,
    Update,
    Vacuum,
    Where,
)
from workers.sql.effects import constraint_changes, default_partition, exclusive, locks, scan, with_partitions
from workers.sql.known_tables import Known
from workers.sql.naming import index_name
from workers.sql.object_actions import Refresh
from workers.sql.table_actions import CreateTable, DropTable
from workers.words import LockMode, Name

_GENTLE = LockMode.SHARE_UPDATE_EXCLUSIVE


def _all_of(tables: tuple[Name, ...], known: Known) -> tuple[Name, ...]:
    """Tables with all their partitions."""
    return tuple(dict.fromkeys(found for table in tables for found in with_partitions(table, known)))


def _create_table(action: CreateTable, known: Known) -> Facts:
    """A foreign key locks the table it refers to, and a partition its parent, though the new table is nobody's yet. A
    temporary table is left out: it is gone with the session."""
    if action.if_not_exists and known.has(action.table):
        return Facts()
    inline = [constraint for column in action.columns for constraint in column.constraints]
    constraints = (*inline, *action.constraints)
    referenced = (found.references for found in constraints if found.references not in (None, action.table))
    changes: tuple[CatalogChange, ...] = (TableCreated(action.table),)
    for constraint in constraints:
        changes += constraint_changes(action.table, constraint)
    held = locks(LockMode.SHARE_ROW_EXCLUSIVE, *(table for table in referenced if table is not None))
    held += locks(_GENTLE, *action.parents)
    scans: tuple[Scan, ...] = ()
    if action.partition_of is not None:
        defaults = default_partition(action.partition_of, known)
        held += exclusive(action.partition_of, *defaults)
        scans = tuple(Scan(table, 1) for table in defaults)
    return Facts(locks=held, scans=scans, changes=() if action.temporary else changes)


def _drop_table(action: DropTable, known: Known) -> Facts:
    """The tables that a dropped one refers to lose triggers; CASCADE also drops the foreign keys that refer to it."""
    tables = _all_of(action.tables, known)
    touched = [key.references for key in known.foreign if key.table in tables]
    touched += [key.table for key in known.foreign if key.references in tables and action.cascade]
    for parent in {known.partitions[table] for table in tables if table in known.partitions}:
        touched += [parent, *default_partition(parent, known)]
    changes = tuple(TableDropped(table) for table in tables)
    return Facts(locks=exclusive(*tables, *sorted(touched)), changes=changes)


def _create_index(action: CreateIndex, known: Known) -> Facts:
    """ON ONLY is for partitioned tables: it makes an entry that stays invalid until the partitions' indexes are in."""
    mode = _GENTLE if action.concurrently else LockMode.SHARE
    tables = (action.table,) if action.only else with_partitions(action.table, known)
    index = Name(action.table.schema, action.name or index_name(action.table.name, action.columns))
    created = IndexCreated(index, action.table, action.unique, valid=not action.only, constraint=False)
    builds = tuple(
        Build(
            index if table == action.table else Name(table.schema, index_name(table.name, action.columns)),
            table,
            rebuilt=False,
        )
        for table in known.stored(action.table)
    )
    if action.if_not_exists and index in known.indexes:
        return Facts(locks=locks(mode, *tables))
    return Facts(locks=locks(mode, *tables), builds=() if action.only else builds, changes=(created,))


def _drop_index(action: DropIndex, known: Known) -> Facts:
    """Of an index whose table is not known, only that it is gone can be said."""
    changes: list[CatalogChange] = []
    tables: list[Name] = []
    for index in action.indexes:
        table = known.indexes.get(index)
        changes.append(ObjectDropped("index", index) if table is None else IndexDropped(index, table))
        tables += [] if table is None else [table]
    mode = _GENTLE if action.concurrently else LockMode.ACCESS_EXCLUSIVE
    return Facts(locks=locks(mode, *tables), changes=tuple(changes))


def _reindex(action: Reindex, known: Known) -> Facts:
    if action.kind == "index":
        indexes = [(index, table) for index, table in known.indexes.items() if index == action.name]
    elif action.kind == "table":
        indexes = [(index, table) for index, table in known.indexes.items() if table == action.name]
    elif action.kind == "schema" and action.name is not None:
        indexes = [(index, table) for index, table in known.indexes.items() if table.schema == action.name.name]
    else:
        indexes = list(known.indexes.items())
    named = [action.name] if action.kind == "table" and action.name is not None else []
    mode = _GENTLE if action.concurrently else LockMode.SHARE
    tables = dict.fromkeys((*named, *(table for _, table in indexes)))
    return Facts(locks=locks(mode, *tables), builds=tuple(Build(*found, rebuilt=True) for found in indexes))


def _truncate(action: Truncate, known: Known) -> Facts:
    tables = list(_all_of(action.tables, known))
    if action.cascade:
        for table in tables:  # grows while it is walked: CASCADE goes on from table to table
            tables += sorted({key.table for key in known.foreign if key.references == table} - set(tables))
    return Facts(locks=exclusive(*tables), truncated=tuple(tables))


def _rows(action: Delete | Update, known: Known) -> Facts:
    """How many rows is not known; a Write without numbers says that the table is written to."""
    scans = () if action.where is Where.SOME else scan(action.table, known)
    held = locks(LockMode.ROW_EXCLUSIVE, *with_partitions(action.table, known))
    return Facts(locks=held, scans=scans, writes=(Write(action.table),))


def _insert(action: Insert | Merge, known: Known) -> Facts:
    return Facts(locks=locks(LockMode.ROW_EXCLUSIVE, action.table), writes=(Write(action.table),))


def _copy(action: Copy, known: Known) -> Facts:
    return _insert(Insert(action.table), known) if action.writes and action.table else Facts()


def _refresh(action: Refresh, known: Known) -> Facts:
    """CONCURRENTLY changes rows in place; else the view gets new storage, and its indexes with it."""
    if action.concurrently:
        return Facts(locks=locks(LockMode.EXCLUSIVE, action.view))
    return Facts(locks=exclusive(action.view), rewrites=(action.view,))


def _vacuum(action: Vacuum, known: Known) -> Facts:
    tables = _all_of(action.tables, known)
    if action.full:
        rewritten = tuple(found for table in action.tables for found in known.stored(table))
        return Facts(locks=exclusive(*tables), rewrites=rewritten)
    return Facts(locks=locks(_GENTLE, *tables))


def _analyze(action: Analyze, known: Known) -> Facts:
    return Facts(locks=locks(_GENTLE, *_all_of(action.tables, known)))


def _cluster(action: Cluster, known: Known) -> Facts:
    tables = () if action.table is None else (action.table,)
    return Facts(locks=exclusive(*tables), rewrites=tables)


def _lock_table(action: LockTable, known: Known) -> Facts:
    return Facts(locks=locks(action.mode, *_all_of(action.tables, known)))


OTHER_EFFECTS: dict[type[Any], Callable[[Any, Known], Facts]] = {
    CreateTable: _create_table,
    DropTable: _drop_table,
    CreateIndex: _create_index,
    DropIndex: _drop_index,
    Reindex: _reindex,
    Truncate: _truncate,
    Delete: _rows,
    Update: _rows,
    Insert: _insert,
    Merge: _insert,
    Copy: _copy,
    Refresh: _refresh,
    Vacuum: _vacuum,
    Analyze: _analyze,
    Cluster: _cluster,
    LockTable: _lock_table,
}
