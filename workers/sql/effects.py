"""The pieces that predictions are put together from: locks, and what a constraint does."""

from __future__ import annotations

from dataclasses import replace

from workers.changes import CatalogChange, ConstraintAdded, ConstraintKind, IndexCreated, NotNullSet
from workers.facts import Build, Facts, Lock, Scan
from workers.sql.known_tables import Known
from workers.sql.naming import constraint_name
from workers.sql.table_actions import Constraint
from workers.words import LockMode, Name, Source

INDEXED = (ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION)


def locks(mode: LockMode, *tables: Name) -> tuple[Lock, ...]:
    return tuple(Lock(table, mode, Source.PREDICTED) for table in tables)


def exclusive(*tables: Name) -> tuple[Lock, ...]:
    return locks(LockMode.ACCESS_EXCLUSIVE, *tables)


def with_partitions(table: Name, known: Known) -> tuple[Name, ...]:
    """A table and all partitions below it: most forms of ALTER TABLE go down to them."""
    return (table, *known.children(table))


def default_partition(parent: Name, known: Known) -> tuple[Name, ...]:
    """The parent's default partition if it is known: it is locked, and read, when another partition comes or goes."""
    return tuple(table for table in known.default_partitions if known.partitions.get(table) == parent)


def constraint_changes(table: Name, constraint: Constraint) -> tuple[CatalogChange, ...]:
    """What the catalog gains by a constraint."""
    name = constraint_name(table.name, constraint)
    added = ConstraintAdded(
        table,
        name,
        constraint.kind,
        constraint.validated,
        constraint.definition,
        constraint.references,
        constraint.using_index is not None,
    )
    if constraint.kind in INDEXED and constraint.using_index is None:
        unique = constraint.kind is not ConstraintKind.EXCLUSION
        return (added, IndexCreated(Name(table.schema, name), table, unique, valid=True, constraint=True))
    if constraint.kind is ConstraintKind.NOT_NULL:
        return (added, *(NotNullSet(table, column) for column in constraint.columns))
    return (added,)


def scan(table: Name, known: Known) -> tuple[Scan, ...]:
    """The whole table is read once."""
    return tuple(Scan(found, 1) for found in known.stored(table))


def constraint_work(table: Name, constraint: Constraint, known: Known) -> Facts:
    """What ADD CONSTRAINT does to a table that has rows."""
    changes = constraint_changes(table, constraint)
    tables = with_partitions(table, known)
    held = exclusive(*tables)
    scans = scan(table, known) if constraint.validated else ()
    if constraint.references is not None:
        both = dict.fromkeys((*tables, constraint.references))
        return Facts(locks=locks(LockMode.SHARE_ROW_EXCLUSIVE, *both), scans=scans, changes=changes)
    if constraint.kind not in INDEXED:
        return Facts(locks=held, scans=scans, changes=changes)
    if constraint.kind is not ConstraintKind.PRIMARY_KEY:  # which sets NOT NULL as well
        held = exclusive(table) + locks(LockMode.SHARE, *tables[1:])
    builds = [] if constraint.using_index else [_built(found, table, constraint) for found in known.stored(table)]
    return Facts(locks=held, builds=tuple(builds), changes=changes)


def _built(found: Name, table: Name, constraint: Constraint) -> Build:
    """A partition's index gets a name of its own, whatever the parent's is called."""
    named = constraint if found == table else replace(constraint, name=None)
    return Build(Name(found.schema, constraint_name(found.name, named)), found, rebuilt=False)
