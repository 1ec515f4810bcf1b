"""What tables demand of their rows: columns, types, constraints and unique indexes, read from the catalog."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import psycopg

from workers.changes import ConstraintKind
from workers.words import Name

_FOLDER = Path(__file__).parent / "queries"
_TABLES, _COLUMNS, _CONSTRAINTS, _TYPES = (
    (_FOLDER / f"rows_{kind}.sql").read_text(encoding="utf-8") for kind in ("tables", "columns", "constraints", "types")
)


@dataclass(frozen=True, slots=True)
class ValueType:
    """A row of pg_type with what it is made of (https://www.postgresql.org/docs/current/catalog-pg-type.html).
    Object identifiers are 0 where there is none; a modifier is a pg_attribute.atttypmod, -1 for none."""

    oid: int
    name: str
    sql: str  # as format_type prints it, schema-qualified
    built_in: bool  # lives in pg_catalog
    not_null: bool
    kind: str  # pg_type.typtype: b base, c composite, d domain, e enum, m multirange, p pseudo, r range
    is_array: bool
    base: int  # of a domain
    base_modifier: int
    element: int
    delimiter: str | None  # between the elements of an array of this type's element
    subtype: int  # of a range or multirange
    labels: tuple[str, ...]
    attributes: tuple[tuple[int, int], ...]  # type and modifier
    checks: tuple[tuple[str, str], ...]  # name and definition, of a domain


@dataclass(frozen=True, slots=True)
class Column:
    name: str
    type: int
    modifier: int
    sql: str  # the type with its modifier: character varying(20)
    not_null: bool
    generated: bool  # or left out of our INSERTs for another reason
    from_sequence: bool  # an identity or a default that begins with nextval
    has_default: bool


@dataclass(frozen=True, slots=True)
class Demand:
    """A CHECK, an exclusion constraint or a unique index (as UNIQUE), which need not be a constraint's."""

    kind: ConstraintKind
    name: str
    columns: tuple[str, ...]
    condition: str = ""  # of a CHECK, as pg_get_expr prints it
    plain: bool = True  # False: a unique index that is partial or holds an expression


@dataclass(frozen=True, slots=True)
class ForeignKey:
    name: str
    columns: tuple[str, ...]
    parent: int
    parent_columns: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Table:
    """`partitioned_by` and `bounds`: the partition key's columns and the bounds (pg_get_expr) of its whole tree."""

    oid: int
    name: Name
    kind: str  # pg_class.relkind
    listed: bool  # False: only a parent of a listed table
    force_row_security: bool
    partitioned_by: tuple[str, ...]
    bounds: tuple[str, ...]
    columns: tuple[Column, ...]
    demands: tuple[Demand, ...]
    foreign_keys: tuple[ForeignKey, ...]

    def nullable(self, key: ForeignKey) -> frozenset[str]:
        """The columns that can be NULL; when there are none, a row needs a parent."""
        return frozenset(column.name for column in self.columns if column.name in key.columns and not column.not_null)


@dataclass(frozen=True, slots=True)
class Demands:
    tables: tuple[Table, ...]
    types: Mapping[int, ValueType]


def read(connection: psycopg.Connection, tables: Collection[Name]) -> Demands:
    """The given tables and the parents their rows need. Changes no setting. Raises psycopg.Error."""
    names = {"schemas": [table.schema for table in tables], "names": [table.name for table in tables]}
    with connection.transaction(force_rollback=True):
        # With nothing else on the path, types and definitions print schema-qualified.
        connection.execute("SET LOCAL search_path TO pg_catalog")
        found = connection.execute(_TABLES, names).fetchall()
        oids = {"oids": [row[0] for row in found]}
        with connection.pipeline():
            cursors = [connection.execute(query, oids) for query in (_COLUMNS, _CONSTRAINTS, _TYPES)]
            columns, constraints, types = (cursor.fetchall() for cursor in cursors)
    by_oid = {row[0]: _value_type(row) for row in types}
    columns_of: dict[int, list[Column]] = defaultdict(list)
    for table, *values in columns:
        column = Column(*values)
        columns_of[table].append(replace(column, not_null=column.not_null or _refuses_null(by_oid, column.type)))
    demands_of, keys_of = _constraints(constraints)
    read_tables = tuple(
        Table(oid, Name(schema, name), kind, listed, forced, tuple(by), tuple(bounds), tuple(columns_of[oid]),
              tuple(demands_of[oid]), tuple(keys_of[oid]))
        for oid, schema, name, kind, listed, forced, by, bounds in found
    )  # fmt: skip
    return Demands(read_tables, by_oid)


def _refuses_null(types: Mapping[int, ValueType], oid: int) -> bool:
    """A domain, or one it is based on, is NOT NULL."""
    return oid != 0 and (types[oid].not_null or _refuses_null(types, types[oid].base))


def demanding(
    demands: Demands, required: Collection[tuple[Name, str]], empty: Collection[tuple[Name, str]] = ()
) -> Demands:
    """The same tables, with NOT NULL for the required columns, and without values for the empty ones."""
    if not (required or empty):
        return demands
    return replace(demands, tables=tuple(_demanding(table, required, empty) for table in demands.tables))


def _demanding(table: Table, required: Collection[tuple[Name, str]], empty: Collection[tuple[Name, str]]) -> Table:
    """What a CHECK is about gets values even so: it may ask for one."""
    checked = {column for demand in table.demands if demand.kind is ConstraintKind.CHECK for column in demand.columns}
    own = {column for of, column in required if of == table.name}
    unset = {column for of, column in empty if of == table.name} - own - checked
    columns = (
        replace(each, not_null=each.not_null or each.name in own, generated=each.generated or each.name in unset)
        for each in table.columns
    )
    keys = tuple(key for key in table.foreign_keys if unset.isdisjoint(key.columns))
    return replace(table, columns=tuple(columns), foreign_keys=keys)


def _constraints(rows: list[Any]) -> tuple[Mapping[int, list[Demand]], Mapping[int, list[ForeignKey]]]:
    demands: dict[int, list[Demand]] = defaultdict(list)
    keys: dict[int, list[ForeignKey]] = defaultdict(list)
    for table, kind, name, columns, parent, parent_columns, condition, plain in rows:
        if kind == ConstraintKind.FOREIGN_KEY:
            keys[table].append(ForeignKey(name, tuple(columns), parent, tuple(parent_columns)))
        else:
            demands[table].append(Demand(ConstraintKind(kind), name, tuple(columns), condition, plain))
    return demands, keys


def _value_type(row: Any) -> ValueType:
    *plain, labels, attributes, modifiers, names, checks = row
    attributed = tuple(zip(attributes, modifiers, strict=True))
    described = tuple(zip(names, checks, strict=True))
    return ValueType(*[*plain, tuple(labels), attributed, described])
