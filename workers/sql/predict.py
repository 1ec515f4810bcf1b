"""Predicts from a statement's text alone what the server will do: the fallback without a server, else a cross-check.

Locks are those stronger than ACCESS SHARE, on tables (also partitioned tables and materialized views), none on indexes.
An index built or a table rewritten is read as well; such a read is no Scan of its own."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

from workers.facts import Facts, Lock
from workers.sql.actions import Action
from workers.sql.alter_effects import ALTER_EFFECTS
from workers.sql.known_tables import Known
from workers.sql.object_effects import OBJECT_EFFECTS
from workers.sql.other_effects import OTHER_EFFECTS
from workers.sql.table_actions import CreateTable
from workers.words import LockMode, Name, Source

Effect = Callable[[Any, Known], Facts]

_EFFECTS: dict[type[Action], Effect] = {**ALTER_EFFECTS, **OBJECT_EFFECTS, **OTHER_EFFECTS}


def predict(actions: Iterable[Action], known: Known) -> Facts:
    """What one statement's actions will do, given what is known before it. Sound only as far as its text goes: what DO,
    CALL, SELECT and Opaque run is not in it, and nothing is predicted for them."""
    parts: list[Facts] = []
    created: set[Name] = set()
    for action in actions:
        effect = _EFFECTS.get(type(action))
        if effect is not None:
            parts.append(effect(action, known))
        if isinstance(action, CreateTable):
            created.add(action.table)
    named = {lock.relation for part in parts for lock in part.locks} | created
    named |= {table for part in parts for change in part.changes if (table := getattr(change, "table", None))}
    return Facts(
        locks=_strongest(lock for part in parts for lock in part.locks),
        rewrites=tuple(dict.fromkeys(table for part in parts for table in part.rewrites)),
        builds=tuple(build for part in parts for build in part.builds),
        scans=tuple(scan for part in parts for scan in part.scans),
        writes=tuple(write for part in parts for write in part.writes),
        truncated=tuple(table for part in parts for table in part.truncated),
        changes=tuple(change for part in parts for change in part.changes),
        new_tables=frozenset(named & (known.new_tables | created)),
    )


def _strongest(locks: Iterable[Lock]) -> tuple[Lock, ...]:
    """One lock for each relation, in the order in which the relations were first locked."""
    modes: dict[Name, LockMode] = {}
    for lock in locks:
        modes[lock.relation] = max(lock.mode, modes.get(lock.relation, lock.mode))
    return tuple(Lock(relation, mode, Source.PREDICTED) for relation, mode in modes.items())
