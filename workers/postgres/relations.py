"""Relations as the catalog shows them at one moment, and what changed between two moments, matched by OID."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnDropped,
    ColumnRenamed,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    ConstraintValidated,
    DefaultChanged,
    IndexCreated,
    IndexDropped,
    NotNullDropped,
    NotNullSet,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.facts import Build
from workers.words import Name

_TABLES = frozenset("rpf")  # pg_class.relkind: table, partitioned table, foreign table
_INDEXES = frozenset("iI")
_INDEXED = frozenset({ConstraintKind.PRIMARY_KEY, ConstraintKind.UNIQUE, ConstraintKind.EXCLUSION})


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: str
    not_null: bool
    default: str | None  # the expression, "identity", or None
    type_oid: int  # stays while the type gets another name


@dataclass(frozen=True, slots=True)
class Constraint:
    name: str
    kind: ConstraintKind
    validated: bool
    definition: str
    references: int | None  # OID of the table a foreign key points to
    index: int | None  # OID of the index that enforces it


@dataclass(frozen=True, slots=True)
class Relation:
    """filenode is None for what has no storage (views, partitioned tables). unique, valid: of an index."""

    oid: int
    name: Name
    kind: str  # pg_class.relkind
    filenode: int | None
    table: int  # OID of an index's table, else 0
    unique: bool
    valid: bool
    columns: Mapping[int, Column]  # by attnum
    constraints: Mapping[int, Constraint]  # by OID

    @property
    def is_table(self) -> bool:
        return self.kind in _TABLES

    @property
    def is_index(self) -> bool:
        return self.kind in _INDEXES


Relations = Mapping[int, Relation]


def parse(relations: list[Any] | None, columns: list[Any] | None, constraints: list[Any] | None) -> dict[int, Relation]:
    """From one row of queries/relations.sql."""
    columns_of: dict[int, dict[int, Column]] = {}
    for relid, number, *column in columns or ():
        columns_of.setdefault(relid, {})[number] = Column(*column)
    constraints_of: dict[int, dict[int, Constraint]] = {}
    for oid, relid, name, kind, validated, definition, references, index in constraints or ():
        found = Constraint(name, ConstraintKind(kind), validated, definition, references or None, index or None)
        constraints_of.setdefault(relid, {})[oid] = found
    return {
        oid: Relation(
            oid,
            Name(schema, name),
            kind,
            filenode,
            table or 0,
            bool(unique),
            valid is not False,
            columns_of.get(oid, {}),
            constraints_of.get(oid, {}),
        )
        for oid, schema, name, kind, filenode, table, unique, valid in relations or ()
    }


# ---------------------------------------------------------------- what changed


def changes(before: Relations, after: Relations) -> tuple[CatalogChange, ...]:
    """What turned one state into the other; columns and constraints of a new or dropped table are not told
    apart. Views, sequences and types are not told here, but found in the catalogs around a migration."""
    return tuple(change for found in (_tables(before, after), _indexes(before, after)) for change in found)


def _tables(before: Relations, after: Relations) -> Iterator[CatalogChange]:
    for oid, old in before.items():
        if old.is_table and oid not in after:
            yield TableDropped(old.name)
    for oid, new in after.items():
        if not new.is_table:
            continue
        known = before.get(oid)
        if known is None:
            yield TableCreated(new.name)
            continue
        if known.name != new.name:
            yield TableRenamed(known.name, new.name)
        yield from _columns(known, new)
        yield from _constraints(known, new, before, after)


def _columns(old: Relation, new: Relation) -> Iterator[CatalogChange]:
    table = old.name
    for number, column in old.columns.items():
        if number not in new.columns:
            yield ColumnDropped(table, column.name, column.type)
    for number, column in new.columns.items():
        was = old.columns.get(number)
        if was is None:
            yield ColumnAdded(table, column.name, column.type, column.not_null, column.default is not None)
        elif was != column:
            yield from _column(table, was, column)


def _column(table: Name, was: Column, now: Column) -> Iterator[CatalogChange]:
    if was.name != now.name:
        yield ColumnRenamed(table, was.name, now.name)
    if was.type != now.type and (was.type_oid != now.type_oid or "(" in was.type + now.type):
        yield ColumnTypeChanged(table, was.name, was.type, now.type)
    if was.not_null != now.not_null:
        yield NotNullSet(table, was.name) if now.not_null else NotNullDropped(table, was.name)
    if was.default != now.default:
        yield DefaultChanged(table, was.name, now.default)


def _constraints(old: Relation, new: Relation, before: Relations, after: Relations) -> Iterator[CatalogChange]:
    # A type change makes the column's constraints anew, with new OIDs, and prints a CHECK's casts in another way.
    retyped = any(number in new.columns and new.columns[number].type != was.type for number, was in old.columns.items())

    def same(constraint: Constraint) -> tuple[str, ConstraintKind, str]:
        """What stays when a constraint is made anew with its column's type."""
        in_other_words = retyped and constraint.kind is ConstraintKind.CHECK
        return constraint.name, constraint.kind, "" if in_other_words else constraint.definition

    remade = {same(k) for k in old.constraints.values()} & {same(k) for k in new.constraints.values()}
    for oid, was in old.constraints.items():
        if oid not in new.constraints and same(was) not in remade:
            yield ConstraintDropped(old.name, was.name, was.kind)
    for oid, now in new.constraints.items():
        known = old.constraints.get(oid)
        if known and now.validated and not known.validated:
            yield ConstraintValidated(old.name, now.name)
        elif known is None and same(now) not in remade:
            target = after.get(now.references or 0)
            yield ConstraintAdded(
                old.name,
                now.name,
                now.kind,
                now.validated,
                now.definition,
                references=target.name if target else None,
                using_index=now.index in before and now.kind in _INDEXED,
            )


def _indexes(before: Relations, after: Relations) -> Iterator[CatalogChange]:
    remade = _index_names(before) & _index_names(after)
    backing = {k.index for relation in after.values() for k in relation.constraints.values() if k.kind in _INDEXED}
    for oid, old in before.items():
        if old.is_index and oid not in after and old.name not in remade and old.table in after:
            yield IndexDropped(old.name, before[old.table].name if old.table in before else after[old.table].name)
    for oid, new in after.items():
        if new.is_index and oid not in before and new.name not in remade and new.table in after:
            yield IndexCreated(new.name, after[new.table].name, new.unique, new.valid, constraint=oid in backing)


def _index_names(relations: Relations) -> set[Name]:
    return {relation.name for relation in relations.values() if relation.is_index}


# ---------------------------------------------------------------- what was written anew


def rewrites(before: Relations, after: Relations) -> tuple[Relation, ...]:
    """Tables and materialized views whose storage was replaced: the filenode is the ground truth, for every cause."""
    return tuple(
        new
        for oid, new in after.items()
        if not new.is_index and new.kind != "S" and (old := before.get(oid)) and old.filenode != new.filenode
    )


def builds(before: Relations, after: Relations) -> tuple[Build, ...]:
    """Indexes filled from rows. An index that a type change made anew may keep its storage: that is no build."""
    nodes = {relation.filenode for relation in before.values()}
    names = _index_names(before)
    return tuple(
        Build(new.name, after[new.table].name, rebuilt=oid in before or new.name in names)
        for oid, new in after.items()
        if new.kind == "i" and new.filenode not in nodes and new.table in before and new.table in after
    )
