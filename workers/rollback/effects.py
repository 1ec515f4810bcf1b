"""What a statement does, or may do, to rows: what was seen on ours, and what its text or its locks say beyond that."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.facts import Facts, Write
from workers.rollback.grading import TableEffect
from workers.sql.actions import Action, Copy, Delete, Insert, Merge, Update
from workers.words import LockMode, Name


def effects_of(actions: Sequence[Action], facts: Facts) -> Iterator[TableEffect]:
    """One for each table. That no row of ours met a condition says nothing about real rows: an UPDATE in the text
    counts with at least one row, and so does ROW EXCLUSIVE, the lock of those who write, where the text does not say
    what for (https://www.postgresql.org/docs/current/explicit-locking.html#LOCKING-TABLES)."""
    said: dict[Name, TableEffect] = {}
    for effect in filter(None, map(_said, actions)):
        said[effect.table] = _both(said[effect.table], effect) if effect.table in said else effect
    seen = {write.table: write for write in facts.writes}
    locked = {lock.relation for lock in facts.locks if lock.mode is LockMode.ROW_EXCLUSIVE}
    for table in sorted(said.keys() | seen.keys() | locked):
        write = seen.get(table, Write(table))
        told = said.get(table) or TableEffect(table, updated=int(table not in seen))
        yield TableEffect(
            table,
            max(write.inserted, told.inserted),
            max(write.updated, told.updated),
            max(write.deleted, told.deleted),
            told.columns,
        )


def _both(one: TableEffect, other: TableEffect) -> TableEffect:
    return TableEffect(
        one.table,
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.deleted + other.deleted,
        None if one.columns is None or other.columns is None else one.columns | other.columns,
    )


def _said(action: Action) -> TableEffect | None:
    """Triggers may write elsewhere, and then it is seen; the columns of an UPDATE are those of its own table."""
    match action:
        case Update(table=table, columns=columns):
            return TableEffect(table, updated=1, columns=frozenset(columns))
        case Delete(table=table):
            return TableEffect(table, deleted=1)
        case Insert(table=table) | Copy(table=Name() as table, writes=True):
            return TableEffect(table, inserted=1)
        case Merge(table=table):
            return TableEffect(table, inserted=1, updated=1, deleted=1)
    return None
