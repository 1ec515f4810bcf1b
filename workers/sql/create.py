"""Reads CREATE TABLE, CREATE INDEX and the other forms of CREATE."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable

from workers.sql.actions import Action, CreateIndex
from workers.sql.columns import at_constraint, column, constraint, identifiers, options
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.kinds import UNQUALIFIED, object_kind
from workers.sql.object_actions import (
    CreateDomain,
    CreateEnum,
    CreateExtension,
    CreateFunction,
    CreateObject,
    CreateTrigger,
    CreateType,
    CreateView,
)
from workers.sql.table_actions import Column, Constraint, CreateTable
from workers.words import Name


def create(cursor: Cursor) -> tuple[Action, ...]:
    """What follows CREATE. Raises Unreadable."""
    replace = cursor.accept("or", "replace")
    temporary = _storage(cursor)
    if cursor.at("unique", "index") or cursor.at("index"):
        return (_index(cursor),)
    kind = object_kind(cursor)
    if kind in ("table", "foreign table"):
        return (_table(cursor, temporary),)
    reader = _READERS.get(kind)
    found = reader(cursor, kind, replace) if reader else _other(cursor, kind)
    if temporary and isinstance(found, CreateView | CreateObject):
        found = dataclasses.replace(found, temporary=True)
    return (found,)


def _storage(cursor: Cursor) -> bool:
    """Steps over the words between CREATE and the kind; True for a temporary object."""
    temporary = False
    while True:
        if cursor.accept("temp") or cursor.accept("temporary"):
            temporary = True
        elif not any(cursor.accept(word) for word in ("global", "local", "unlogged", "recursive", "trusted")):
            return temporary


def _table(cursor: Cursor, temporary: bool) -> CreateTable:
    unless = cursor.accept("if", "not", "exists")
    table = cursor.name()
    partition_of = cursor.name() if cursor.accept("partition", "of") else None
    if cursor.accept("of"):
        cursor.name()
    columns: list[Column] = []
    constraints: list[Constraint] = []
    sources: list[Name] = []
    if cursor.at("("):
        for item in cursor.inside().items():
            _element(item, (columns, constraints, sources), typed=partition_of is None)
    default_partition = partition_of is not None and cursor.accept("default")
    parents: tuple[Name, ...] = ()
    partitioned = from_query = False
    while not cursor.ended:
        if cursor.accept("inherits"):
            parents = cursor.inside().names()
        elif cursor.accept("partition", "by"):
            partitioned = True
        elif cursor.accept("as"):
            from_query = True
            break
        else:
            cursor.skip()
    return CreateTable(
        table,
        () if from_query else tuple(columns),
        tuple(constraints),
        temporary=temporary,
        if_not_exists=unless,
        partition_of=partition_of,
        default_partition=default_partition,
        partitioned=partitioned,
        parents=parents,
        sources=tuple(sources),
        from_query=from_query,
    )


_Parts = tuple[list[Column], list[Constraint], list[Name]]


def _element(item: Cursor, parts: _Parts, typed: bool) -> None:
    """One line of a table's definition, into the list it belongs to. A partition's columns have no type, and neither
    have those of CREATE TABLE … AS."""
    columns, constraints, sources = parts
    if item.accept("like"):
        sources.append(item.name())
    elif at_constraint(item):
        constraints.append(constraint(item))
    elif typed and item.peek(1).kind != "end":
        columns.append(column(item))
    else:
        name = item.identifier()
        item.accept("with", "options")
        columns.append(options(item, name, ""))


def _index(cursor: Cursor) -> CreateIndex:
    unique = cursor.accept("unique")
    cursor.expect("index")
    concurrently = cursor.accept("concurrently")
    unless = cursor.accept("if", "not", "exists")
    name = None if cursor.at("on") else cursor.path()[-1]
    cursor.expect("on")
    only = cursor.accept("only")
    table = cursor.name()
    method = cursor.identifier() if cursor.accept("using") else "btree"
    columns = tuple(_index_column(item) for item in cursor.inside().items())
    included = identifiers(cursor.inside()) if cursor.accept("include") else ()
    nulls_distinct = not cursor.accept("nulls", "not", "distinct")
    where = cursor.rest() if cursor.find("where") else None
    return CreateIndex(
        name, table, columns, unique, concurrently, only, unless, where, method, included, nulls_distinct
    )


def _index_column(item: Cursor) -> str:
    if item.peek(1).text in ("(", "."):
        return item.until("collate", "asc", "desc", "nulls")
    return item.inside().rest() if item.at("(") else item.identifier()


def _type(cursor: Cursor, kind: str, replace: bool) -> Action:
    name = cursor.name()
    if cursor.accept("as", "enum"):
        return CreateEnum(name, tuple(item.string() for item in cursor.inside().items()))
    return CreateType(name)


def _domain(cursor: Cursor, kind: str, replace: bool) -> Action:
    name = cursor.name()
    constrained = False
    while not cursor.ended:
        constrained = constrained or cursor.at("check") or cursor.at("not", "null")
        cursor.skip()
    return CreateDomain(name, constrained)


def _extension(cursor: Cursor, kind: str, replace: bool) -> Action:
    cursor.accept("if", "not", "exists")
    name, schema, cascade = cursor.identifier(), None, False
    while not cursor.ended:
        if cursor.accept("schema"):
            schema = cursor.identifier()
        else:
            cascade = cursor.next().word == "cascade" or cascade
    return CreateExtension(name, schema, cascade)


def _view(cursor: Cursor, kind: str, replace: bool) -> Action:
    cursor.accept("if", "not", "exists")
    return CreateView(cursor.name(), kind == "materialized view", replace)


def _function(cursor: Cursor, kind: str, replace: bool) -> Action:
    name, definer, fixed_path = cursor.name(), False, False
    while not (cursor.ended or (fixed_path and definer)):
        if cursor.accept("security", "definer"):
            definer = True
        elif cursor.accept("set", "search_path") or cursor.accept("begin", "atomic"):
            fixed_path = True
        else:
            cursor.skip()
    return CreateFunction(name, kind, replace, definer, fixed_path)


def _trigger(cursor: Cursor, kind: str, replace: bool) -> Action:
    name = cursor.identifier()
    if not cursor.find("on"):
        raise Unreadable("ON expected")
    return CreateTrigger(name, cursor.name(), replace)


def _belonging(cursor: Cursor, kind: str, replace: bool) -> Action:
    """CREATE POLICY p ON t; CREATE RULE r AS ON INSERT TO t."""
    name = Name("", cursor.identifier())
    word = "to" if kind == "rule" else "on"
    return CreateObject(kind, name, cursor.name() if cursor.find(word) else None)


def _statistics(cursor: Cursor, kind: str, replace: bool) -> Action:
    cursor.accept("if", "not", "exists")
    name = None if cursor.at("on") or cursor.at("(") else cursor.name()
    return CreateObject(kind, name, cursor.name() if cursor.find("from") else None)


def _other(cursor: Cursor, kind: str) -> Action:
    if kind in UNQUALIFIED:
        cursor.accept("if", "not", "exists")
        schema_of_role = kind == "schema" and cursor.accept("authorization")
        name = None if schema_of_role or cursor.peek().word == "for" else Name("", cursor.identifier())
        return CreateObject(kind, name)
    cursor.accept("if", "not", "exists")
    return CreateObject(kind, cursor.try_name())


_READERS: dict[str, Callable[[Cursor, str, bool], Action]] = {
    "type": _type,
    "domain": _domain,
    "extension": _extension,
    "view": _view,
    "materialized view": _view,
    "function": _function,
    "procedure": _function,
    "aggregate": _function,
    "trigger": _trigger,
    "constraint trigger": _trigger,
    "policy": _belonging,
    "rule": _belonging,
    "statistics": _statistics,
}
