"""Tells each change of the catalog with the statement that made it, as far as the statements' texts and locks show."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

from workers.catalog import Catalog
from workers.changes import CatalogChange, ColumnTypeChanged, TableRenamed
from workers.facts import Facts
from workers.model import Statement
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    TraitChanged,
)
from workers.rehearsed import Observation
from workers.rollback.objects import object_changes
from workers.rules.course import names_in
from workers.sql.actions import RUNS_CODE, Action, CreateIndex, DropIndex
from workers.sql.cursor import Cursor
from workers.sql.known_tables import Known
from workers.sql.object_actions import ObjectAction
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.table_actions import TableAction
from workers.words import LockMode, Name

_Key = tuple[object, ...]


def with_objects(
    statements: Sequence[Statement], seen: Sequence[Observation | None], before: Catalog, after: Catalog
) -> tuple[Observation | None, ...]:
    """The observations of a migration that came to its end, with what the two catalogs around it show besides: each
    change with the last statement that names the object; else with the last one that may do more than its text says
    (DO, SELECT, CASCADE …), best of all one that had the object locked; else with the last statement that ran."""
    found = object_changes(before, after)
    if not found:
        return tuple(seen)
    told: dict[int, list[CatalogChange]] = {}
    ran = [_Ran(index, read(statements[index]), one.facts) for index, one in enumerate(seen) if one and not one.error]
    renamed = _renamed(found, ran)
    for change in found:
        if ran:
            told.setdefault(_teller(change, ran, renamed), []).append(change)
    return tuple(
        replace(one, facts=replace(one.facts, changes=(*one.facts.changes, *told[index])))
        if one and index in told
        else one
        for index, one in enumerate(seen)
    )


class _Ran:
    """A statement that ran: what its text says that it does, and what more it may have done."""

    def __init__(self, index: int, actions: tuple[Action, ...], facts: Facts) -> None:
        self.index = index
        self.facts = facts
        predicted = predict(actions, Known()).changes
        self.exact = {(type(change), next(_keys(change), ())) for change in predicted}
        self.drops = {key for change in predicted if isinstance(change, ObjectDropped) for key in _keys(change)}
        self.keys = {key for change in predicted if not isinstance(change, ObjectDropped) for key in _keys(change)}
        self.columns = set(_typed((*predicted, *facts.changes)))
        self.names = {name for action in actions if isinstance(action, _DEFINING) for name in names_in(action)}
        self.runs_code = any(isinstance(action, RUNS_CODE) for action in actions)
        self.drops_more = self.runs_code or any(getattr(action, "cascade", False) for action in actions)

    def locks(self, names: set[Name]) -> bool:
        return any(lock.relation in names and lock.mode >= LockMode.SHARE_ROW_EXCLUSIVE for lock in self.facts.locks)


_DEFINING = TableAction | ObjectAction | CreateIndex | DropIndex


def _typed(changes: Sequence[CatalogChange]) -> Iterator[Name]:
    """The types that columns had, and those that they have got."""
    for change in changes:
        if isinstance(change, ColumnTypeChanged):
            for type in (change.type, change.new):
                if type and Cursor(type).try_name():
                    yield Cursor(type).name()


# ---------------------------------------------------------------- whose it is


def _teller(change: CatalogChange, ran: Sequence[_Ran], renamed: dict[Name, Name]) -> int:
    keys = set(_keys(change))
    keys |= {tuple(renamed.get(part, part) if isinstance(part, Name) else part for part in key) for key in keys}
    names = set(_subjects(change))
    names |= {renamed.get(name, name) for name in names}
    signs = _signs_of_drop if isinstance(change, ObjectDropped) else _signs
    telling = (one.index for sign in signs(change, keys, names) for one in reversed(ran) if sign(one))
    return next(telling, ran[-1].index)


_Signs = tuple[Callable[[_Ran], object], ...]


def _signs_of_drop(change: CatalogChange, keys: set[_Key], names: set[Name]) -> _Signs:
    """Strongest first. A schema takes along what is in it."""
    schemas = {("schema", Name("", name.schema), None) for name in names}
    held = names | {on for on in (getattr(change, "on", None),) if on}
    return (
        lambda one: one.drops & keys,
        lambda one: one.drops & schemas,
        lambda one: one.drops_more and one.locks(held),
        lambda one: one.drops_more,
    )


def _signs(change: CatalogChange, keys: set[_Key], names: set[Name]) -> _Signs:
    """Strongest first."""
    types = names if isinstance(change, EnumValueRemoved) else set()
    return (
        lambda one: one.columns & types,
        lambda one: (type(change), next(_keys(change), ())) in one.exact,
        lambda one: one.keys & keys,
        lambda one: one.names & names,
        lambda one: one.runs_code,
    )


def _renamed(changes: Sequence[CatalogChange], ran: Sequence[_Ran]) -> dict[Name, Name]:
    every = (*changes, *(change for one in ran for change in one.facts.changes))
    objects = {each.name: each.new for each in every if isinstance(each, ObjectRenamed) and each.on is None}
    return objects | {each.table: each.new for each in every if isinstance(each, TableRenamed)}


def _keys(change: CatalogChange) -> Iterator[_Key]:
    """What a change and the prediction of it have in common."""
    match change:
        case ObjectCreated() | ObjectDropped() | ObjectChanged() | ObjectRenamed():
            kind = {"domain": "type", "procedure": "function", "aggregate": "function"}.get(change.kind, change.kind)
            yield (kind, change.name, change.on)
            if isinstance(change, ObjectRenamed):
                yield (kind, change.new, change.on)
            elif isinstance(change, ObjectChanged) and "enabled" in change.what:
                yield from ((kind, Name("", word), change.on) for word in ("all", "user"))
        case EnumValueAdded() | EnumValueRenamed() | EnumValueRemoved():
            yield ("value", change.type, change.value)
            yield ("type", change.type, None)
        case TraitChanged():
            yield (change.trait, change.table)
        case PrivilegeChanged() if change.kind.endswith(" in schema"):
            yield ("in schema", change.name.name, change.role)
        case PrivilegeChanged():
            yield ("privilege", change.name, change.role)
            yield ("in schema", change.name.schema, change.role)
        case _:
            return


def _subjects(change: CatalogChange) -> Iterator[Name]:
    """What has a name in a statement of its own: a trigger has none without its table."""
    match change:
        case ObjectCreated() | ObjectDropped() | ObjectChanged() | ObjectRenamed() if change.on is None:
            yield change.name
        case EnumValueAdded() | EnumValueRenamed() | EnumValueRemoved():
            yield change.type
        case TraitChanged():
            yield change.table
        case PrivilegeChanged():
            yield change.name
        case _:
            return
