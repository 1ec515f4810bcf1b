"""What a statement does, or may do, to rows: what was seen on ours, and what its text or its locks say beyond that."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import replace

from workers.facts import Facts, Write
from workers.model import Statement
from workers.rollback.conversions import is_cast_of
from workers.rollback.grading import DataEffects
from workers.rollback.reached import TableEffect, together
from workers.sql.actions import Action, Copy, Delete, Do, Insert, Merge, Select, Truncate, Update
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.object_actions import AlterObject, CreateObject, DropObject, Grant, RenameObject, Revoke
from workers.sql.read import read
from workers.sql.table_actions import AlterColumnType, AlterTableOther
from workers.sql.wording import action_name
from workers.words import LockMode, Name

# Of the whole cluster, or of the server's files: no part of what a database's catalog holds of its schema.
_OUTSIDE = frozenset({"role", "user", "group", "system", "database", "tablespace"})
_NAMED = r"\(\s*'((?:[^']|'')+)'"
_SET = re.compile(r"\bsetval\s*" + _NAMED, re.I)
_SET_SERIAL = re.compile(r"\bsetval\s*\(\s*(?:pg_catalog\s*\.\s*)?pg_get_serial_sequence\s*" + _NAMED, re.I)
_TAKEN = re.compile(r"\bnextval\s*" + _NAMED, re.I)
_OVERWRITES = re.compile(r"\bon\s+conflict\b.*\bdo\s+update\b", re.I | re.S)
_RESTARTS = re.compile(r"\brestart\s+identity\b", re.I)
_LAST_CHARS = 10_000  # of a long INSERT: what follows its rows stands at its end


def effects_in(statements: Sequence[Statement], seen: Sequence[Facts]) -> DataEffects:
    """Of all statements of a migration; `seen` has one for each."""
    tables: list[TableEffect] = []
    placed: list[Name] = []
    taken: list[Name] = []
    outside: list[str] = []
    for statement, facts in zip(statements, seen, strict=True):
        actions = read(statement)
        text = statement.text[-_LAST_CHARS:]
        overwrites = bool(_OVERWRITES.search(text))
        tables += (_overwriting(each) if overwrites else each for each in effects_of(actions, facts))
        placed += _placed(actions, text, facts)
        if any(isinstance(action, Do | Select | Insert | Update) for action in actions):
            taken += _names(_TAKEN, text)
        outside += (_line(statement, action) for action in actions if _is_outside(action))
    truncated = tuple(name for each in seen for name in each.truncated)
    return DataEffects(tuple(tables), truncated, tuple(placed), tuple(taken), tuple(outside))


def _overwriting(effect: TableEffect) -> TableEffect:
    """INSERT … ON CONFLICT DO UPDATE. https://www.postgresql.org/docs/current/sql-insert.html#SQL-ON-CONFLICT"""
    return replace(effect, updated=max(effect.updated, 1), columns=None) if effect.inserted else effect


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
            guessed=table not in said and table not in seen,
            beside=bool(said) and table not in said and table not in seen,
            below=told.below,
        )


def _both(one: TableEffect, other: TableEffect) -> TableEffect:
    return TableEffect(
        one.table,
        one.inserted + other.inserted,
        one.updated + other.updated,
        one.deleted + other.deleted,
        together(one, other),
        below=one.below or other.below,
    )


def _said(action: Action) -> TableEffect | None:
    """Triggers may write elsewhere, and then it is seen; the columns of an UPDATE are those of its own table."""
    match action:
        case Update(table=table, columns=columns):
            return TableEffect(table, updated=1, columns=frozenset(columns))
        case AlterColumnType(table=table, column=column, using=str(using)) if not is_cast_of(
            using, column, action.type
        ):
            return TableEffect(table, updated=1, columns=frozenset({column}), below=True)
        case Delete(table=table):
            return TableEffect(table, deleted=1)
        case Insert(table=table) | Copy(table=Name() as table, writes=True):
            return TableEffect(table, inserted=1)
        case Merge(table=table):
            return TableEffect(table, inserted=1, updated=1, deleted=1)
    return None


# ---------------------------------------------------------------- sequences


def _placed(actions: Sequence[Action], text: str, facts: Facts) -> Iterator[Name]:
    """The sequences whose position is set, or the tables that own them."""
    for action in actions:
        match action:
            case Truncate(tables=tables) if _RESTARTS.search(text):
                yield from dict.fromkeys((*tables, *facts.truncated))
            case AlterObject(kind="sequence", name=Name() as name, what="RESTART"):
                yield name
            case AlterTableOther(table=table, what="ALTER COLUMN RESTART"):
                yield table
            case Do() | Select():
                yield from _names(_SET_SERIAL, text)
                yield from _names(_SET, text)


def _names(pattern: re.Pattern[str], text: str) -> Iterator[Name]:
    for found in pattern.findall(text):
        try:
            yield Cursor(found.replace("''", "'")).name()
        except Unreadable:  # a name that is put together while it runs
            continue


# ---------------------------------------------------------------- beyond the database


def _is_outside(action: Action) -> bool:
    match action:
        case CreateObject(kind=kind) | AlterObject(kind=kind) | DropObject(kind=kind) | RenameObject(kind=kind):
            return kind in _OUTSIDE
        case Grant(kind="role") | Revoke(kind="role"):
            return True
    return False


def _line(statement: Statement, action: Action) -> str:
    return f"Line {statement.line}, {action_name((action,))}"
