"""Predicts what CREATE, ALTER and DROP of everything but tables and indexes do, and GRANT and REVOKE.

Locks: https://www.postgresql.org/docs/current/explicit-locking.html, and measured on PostgreSQL 15, 16 and 18."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from workers.changes import CatalogChange, TableDropped
from workers.facts import Facts
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
)
from workers.sql.domain_effects import domain_effects
from workers.sql.effects import exclusive, locks, with_partitions
from workers.sql.kinds import noun
from workers.sql.known_tables import Known
from workers.sql.object_actions import (
    AlterEnumAddValue,
    AlterObject,
    Comment,
    CreateDomain,
    CreateEnum,
    CreateExtension,
    CreateFunction,
    CreateObject,
    CreateTrigger,
    CreateType,
    CreateView,
    DropObject,
    Grant,
    RenameEnumValue,
    RenameObject,
    Revoke,
)
from workers.words import LockMode, Name

_GENTLE = LockMode.SHARE_UPDATE_EXCLUSIVE
_COMMENTED = ("table", "column", "materialized view", "foreign table")  # kinds whose relation a COMMENT locks
_ATTRIBUTES = {"OWNER TO": ("owner",), "UPDATE": ("version",)}  # what a form of ALTER changes for certain
_NO_OBJECTS = ("index", "constraint", "column", "table", "foreign table")  # their changes have nouns of their own


def _told(kind: str, name: Name | None, on: Name | None, change: type[ObjectCreated | ObjectChanged]) -> Facts:
    if name is None or kind in _NO_OBJECTS:
        return Facts()
    belongs_to = on if noun(kind) in ("trigger", "rule", "policy") else None
    return Facts(changes=(change(noun(kind), name, belongs_to),))


def _create_type(action: CreateEnum | CreateType, known: Known) -> Facts:
    return Facts(changes=(ObjectCreated("type", action.type),))


def _create_domain(action: CreateDomain, known: Known) -> Facts:
    return Facts(changes=(ObjectCreated("domain", action.type),))


def _create_extension(action: CreateExtension, known: Known) -> Facts:
    return Facts(changes=(ObjectCreated("extension", Name("", action.name)),))


def _create_view(action: CreateView, known: Known) -> Facts:
    kind = "materialized view" if action.materialized else "view"
    if action.temporary:
        return Facts()
    replaced = action.replace and (kind, action.view) in known.objects
    return _told(kind, action.view, None, ObjectChanged if replaced else ObjectCreated)


def _create_function(action: CreateFunction, known: Known) -> Facts:
    """OR REPLACE of a function with other arguments makes a second one; that is not looked at."""
    replaced = action.replace and (action.kind, action.function) in known.objects
    return _told(action.kind, action.function, None, ObjectChanged if replaced else ObjectCreated)


def _create_trigger(action: CreateTrigger, known: Known) -> Facts:
    created = ObjectCreated("trigger", Name("", action.trigger), action.table)
    held = locks(LockMode.SHARE_ROW_EXCLUSIVE, *with_partitions(action.table, known))
    return Facts(locks=held, changes=(created,))


def _create_object(action: CreateObject, known: Known) -> Facts:
    changes = () if action.temporary else _told(action.kind, action.name, action.on, ObjectCreated).changes
    return Facts(locks=_object_locks(action), changes=changes)


def _alter_object(action: AlterObject, known: Known) -> Facts:
    changes = _told(action.kind, action.name, action.on, ObjectChanged).changes
    if action.name and action.new and changes:
        changes = (ObjectRenamed(noun(action.kind), action.name, action.new, action.on),)
    elif action.name and changes:
        what = _ATTRIBUTES.get(action.what, ())
        changes = (ObjectChanged(noun(action.kind), action.name, action.on, what),)
    of_domain = domain_effects(action, known) if action.kind == "domain" else Facts()
    return Facts(locks=_object_locks(action) + of_domain.locks, scans=of_domain.scans, changes=changes)


def _object_locks(action: CreateObject | AlterObject) -> tuple[Any, ...]:
    mode = _GENTLE if action.kind == "statistics" else LockMode.ACCESS_EXCLUSIVE
    on = () if action.on is None else (action.on,)
    view = (action.name,) if action.kind == "materialized view" and action.name else ()
    return locks(mode, *on, *view)


def _rename_object(action: RenameObject, known: Known) -> Facts:
    renamed = () if action.kind in _NO_OBJECTS else (ObjectRenamed(noun(action.kind), action.name, action.new),)
    return Facts(locks=exclusive(action.name) if action.kind == "materialized view" else (), changes=renamed)


def _drop_object(action: DropObject, known: Known) -> Facts:
    """A schema takes along the tables in it, as far as they are known."""
    held: tuple[Name, ...] = () if action.on is None else (action.on,)
    if action.kind == "materialized view":
        held = action.names
    kind = noun(action.kind)
    changes: tuple[CatalogChange, ...] = tuple(ObjectDropped(kind, name, action.on) for name in action.names)
    if action.kind == "schema" and action.cascade:
        held = tuple(table for name in action.names for table in known.tables_of(name.name))
        changes += tuple(TableDropped(table) for table in held)
    return Facts(locks=exclusive(*held), changes=changes)


def _add_value(action: AlterEnumAddValue, known: Known) -> Facts:
    return Facts(changes=(EnumValueAdded(action.type, action.value),))


def _rename_value(action: RenameEnumValue, known: Known) -> Facts:
    return Facts(changes=(EnumValueRenamed(action.type, action.value, action.new),))


def _privileges(action: Grant | Revoke, known: Known) -> Facts:
    """What REVOKE GRANT OPTION FOR takes is not the privilege."""
    if isinstance(action, Revoke) and action.option:
        return Facts()
    given = isinstance(action, Grant)
    return Facts(
        changes=tuple(
            PrivilegeChanged(noun(action.kind), name, role, privilege, given)
            for name in action.names
            for role in action.roles
            for privilege in action.privileges
        )
    )


def _comment(action: Comment, known: Known) -> Facts:
    return Facts(locks=locks(_GENTLE, action.name) if action.name and action.kind in _COMMENTED else ())


OBJECT_EFFECTS: dict[type[Any], Callable[[Any, Known], Facts]] = {
    CreateEnum: _create_type,
    CreateType: _create_type,
    CreateDomain: _create_domain,
    CreateExtension: _create_extension,
    CreateView: _create_view,
    CreateFunction: _create_function,
    CreateTrigger: _create_trigger,
    CreateObject: _create_object,
    AlterObject: _alter_object,
    RenameObject: _rename_object,
    DropObject: _drop_object,
    AlterEnumAddValue: _add_value,
    RenameEnumValue: _rename_value,
    Grant: _privileges,
    Revoke: _privileges,
    Comment: _comment,
}
