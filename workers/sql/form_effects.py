"""Predicts what those forms of ALTER TABLE do that change neither columns nor constraints: owners, triggers, storage.

Locks: https://www.postgresql.org/docs/current/sql-altertable.html, and measured on PostgreSQL 15, 16 and 18."""

from __future__ import annotations

from workers.changes import CatalogChange
from workers.facts import Facts
from workers.object_changes import ObjectChanged, Trait, TraitChanged
from workers.sql.effects import locks, with_partitions
from workers.sql.known_tables import Known
from workers.sql.table_actions import AlterTableOther
from workers.words import LockMode, Name

_GENTLE = LockMode.SHARE_UPDATE_EXCLUSIVE
_TRIGGERS = LockMode.SHARE_ROW_EXCLUSIVE
_OTHER_LOCKS = {
    "SET": _GENTLE,  # storage parameters
    "RESET": _GENTLE,
    "CLUSTER ON": _GENTLE,
    "SET WITHOUT CLUSTER": _GENTLE,
    "ALTER COLUMN SET STATISTICS": _GENTLE,
    "ALTER COLUMN SET": _GENTLE,
    "ALTER COLUMN RESET": _GENTLE,
    "ENABLE TRIGGER": _TRIGGERS,
    "ENABLE REPLICA TRIGGER": _TRIGGERS,
    "ENABLE ALWAYS TRIGGER": _TRIGGERS,
    "DISABLE TRIGGER": _TRIGGERS,
}
_REWRITING = frozenset(
    ("SET TABLESPACE", "SET ACCESS METHOD", "SET LOGGED", "SET UNLOGGED", "ALTER COLUMN SET EXPRESSION")
)

_SWITCHES = {
    "ENABLE ROW LEVEL SECURITY": (Trait.ROW_SECURITY, "on"),
    "DISABLE ROW LEVEL SECURITY": (Trait.ROW_SECURITY, "off"),
    "FORCE ROW LEVEL SECURITY": (Trait.FORCED_ROW_SECURITY, "on"),
    "NO FORCE ROW LEVEL SECURITY": (Trait.FORCED_ROW_SECURITY, "off"),
    "SET LOGGED": (Trait.PERSISTENCE, "logged"),
    "SET UNLOGGED": (Trait.PERSISTENCE, "unlogged"),
}
_TRAITS = {
    "REPLICA IDENTITY": Trait.REPLICA_IDENTITY,
    "SET TABLESPACE": Trait.TABLESPACE,
    "SET ACCESS METHOD": Trait.ACCESS_METHOD,
    "OWNER TO": Trait.OWNER,
    "SET": Trait.OPTIONS,
    "RESET": Trait.OPTIONS,
}


def other_form(action: AlterTableOther, known: Known) -> Facts:
    """Any form that has no action of its own. NO INHERIT locks its parent for reading only."""
    mode = _OTHER_LOCKS.get(action.what, LockMode.ACCESS_EXCLUSIVE)
    parent: tuple[Name, ...] = (action.other,) if action.other and action.what == "INHERIT" else ()
    rewrites = (action.table,) if action.what in _REWRITING else ()
    inherited = action.what.startswith("ALTER COLUMN")
    tables = with_partitions(action.table, known) if inherited else (action.table,)
    return Facts(locks=locks(mode, *tables) + locks(_GENTLE, *parent), rewrites=rewrites, changes=_changes(action))


def _changes(action: AlterTableOther) -> tuple[CatalogChange, ...]:
    if action.what in _SWITCHES:
        return (TraitChanged(action.table, _SWITCHES[action.what][0], None, _SWITCHES[action.what][1]),)
    if action.what in _TRAITS and action.value is not None:
        return (TraitChanged(action.table, _TRAITS[action.what], None, action.value),)
    kind = next((word for word in ("trigger", "rule") if action.what.endswith(word.upper())), None)
    name = action.trigger or action.value
    if kind is None or name is None:
        return ()
    return (ObjectChanged(kind, Name("", name), action.table, ("enabled",)),)
