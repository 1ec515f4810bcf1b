"""What a rehearsal on real data yields, frozen: true durations and locks, and not one value of a row."""

from __future__ import annotations

import re
from dataclasses import dataclass

from workers.model import SqlError
from workers.words import LockMode, Name

# Errors that quote values: class 22, data exception, as 'invalid input syntax for type integer: "…"'; class P0, what a
# migration raised itself (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_QUOTES_VALUES, _RAISED = "22", "P0"
_QUOTED = re.compile(r'"[^"]*"?')


@dataclass(frozen=True, slots=True)
class TakenLock:
    """On a table or view that was there before. held_ms: from its statement's start to its transaction's end; without
    one, from the first to the last time it was seen. rows: the server's estimate, -1 where it has none. bytes: the
    table's, with TOAST, without indexes."""

    relation: Name
    mode: LockMode
    held_ms: float
    rows: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Measured:
    """One statement. line: of the migration's file. action: in the words of SQL, without a name or a value. locks: from
    ROW EXCLUSIVE up. rewritten: tables whose storage was replaced."""

    migration: str
    line: int
    action: str
    duration_ms: float
    locks: tuple[TakenLock, ...] = ()
    rewritten: tuple[Name, ...] = ()
    error: SqlError | None = None


@dataclass(frozen=True, slots=True)
class OnCopy:
    """copy: what it ran on, in words, a name `like this`. statements: in order; only the last can have an error.
    planned: how many there were to run. left_migrated: the copy stays, and is not as it was. stopped: why it did not
    come to its end, if not for an error."""

    copy: str
    statements: tuple[Measured, ...]
    planned: int
    total_ms: float
    left_migrated: bool
    stopped: str = ""

    @property
    def error(self) -> SqlError | None:
        return self.statements[-1].error if self.statements else None


def without_values(sqlstate: str, message: str) -> str:
    """A server's message without what may be a value of a row."""
    if sqlstate.startswith(_RAISED):
        return "an error that the migration raises itself; its text may hold data and is not shown"
    return _QUOTED.sub('"…"', message) if sqlstate.startswith(_QUOTES_VALUES) else message
