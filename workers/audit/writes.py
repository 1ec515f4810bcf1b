"""What a migration does to rows where nobody looked at each statement: what its text says, the locks that it held at
its end, and what the tables hold before it and after it."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace

from workers.facts import Facts, Lock, Write
from workers.model import Migration, Statement, StatementKind
from workers.rollback.effects import effects_in, effects_of
from workers.rollback.grading import DataEffects
from workers.rollback.rows import Fingerprint, lost_rows
from workers.sql.actions import (
    Action,
    Copy,
    Delete,
    Do,
    Insert,
    Merge,
    Opaque,
    Select,
    TransactionControl,
    Truncate,
    Update,
)
from workers.sql.read import read
from workers.sql.split import split
from workers.words import LockMode, Name, Source

_MAY_WRITE = (Copy, Delete, Do, Insert, Merge, Opaque, Select, Truncate, Update)

# Statements that begin so write no rows of tables that were there.
_DEFINE = frozenset({"alter", "comment", "create", "drop", "grant", "revoke", "set", "reset"})


# Where what is seen of the catalogs before a migration does not tell whether they are back: nobody may look back while
# something is done CONCURRENTLY, and the rows of a view that was made again are others.
_DUMPED = re.compile(r"\bconcurrently\b|\b(?:replace|drop)\s+(?:materialized\s+)?view\b", re.I)


@dataclass(frozen=True, slots=True)
class Writes:
    """statements: of a migration, without psql's own. actions: those of them that may write rows; none where it only
    defines."""

    statements: tuple[Statement, ...] = ()
    actions: tuple[Action, ...] = ()

    @property
    def controls(self) -> bool:
        """It begins or ends transactions by itself."""
        return any(isinstance(action, TransactionControl) for action in self.actions)

    @property
    def to_dump(self) -> bool:
        """By their words: whether pg_dump had better tell of the schema before."""
        return any(_DUMPED.search(statement.text) for statement in self.statements)

    @property
    def named(self) -> frozenset[Name]:
        """The tables whose writing the text tells."""
        return frozenset(effect.table for effect in effects_of(self.actions, Facts()))


def writes_of(migration: Migration) -> Writes:
    """From its text."""
    statements = tuple(each for each in split(migration.text).statements if each.kind is StatementKind.SQL)
    more = (each for each in statements if each.text.split(None, 1)[0].lower() not in _DEFINE)
    actions = tuple(action for each in more for action in read(each))
    return Writes(statements, actions if any(isinstance(action, _MAY_WRITE) for action in actions) else ())


def effects(writes: Writes, locked: Collection[Name], before: Fingerprint, after: Fingerprint) -> DataEffects:
    """locked: the tables that the migration held ROW EXCLUSIVE at its end. What was seen counts where the text is
    silent."""
    named = writes.named
    locks = tuple(Lock(name, LockMode.ROW_EXCLUSIVE, Source.OBSERVED) for name in sorted(locked) if name not in named)
    seen = Facts(locks=locks, writes=tuple(write for write in _seen(before, after) if write.table not in named))
    facts = [Facts(truncated=tuple(_truncated(each))) for each in writes.statements]
    told = effects_in(writes.statements, facts)
    return replace(told, tables=(*told.tables, *effects_of((), seen)))


def _truncated(statement: Statement) -> Iterator[Name]:
    if statement.text[:8].lower() == "truncate":
        for action in read(statement):
            yield from action.tables if isinstance(action, Truncate) else ()


def _seen(before: Fingerprint, after: Fingerprint) -> Iterator[Write]:
    """A row that is not the same any more has been updated, as far as there are rows that were not there before."""
    for name, now in after.items():
        was = before.get(name)
        if was is None or not (was.complete and now.complete):
            continue
        gone, come = lost_rows(was, now, ()), lost_rows(now, was, ())
        if gone or come:
            both = min(gone, come)
            yield Write(name, inserted=come - both, updated=both, deleted=gone - both, rows_before=len(was.rows))
