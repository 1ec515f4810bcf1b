"""What a statement does to relations: observed by running it, or predicted from its text."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from workers.changes import CatalogChange
from workers.words import LockMode, Name, Source


@dataclass(frozen=True, slots=True)
class Lock:
    """A lock on a relation that existed before the statement."""

    relation: Name
    mode: LockMode
    source: Source
    held_ms: float | None = None  # from the statement's start to the end of its transaction; None when predicted
    carried: bool = False  # taken by an earlier statement of the same transaction, and still held


def strongest(locks: Iterable[Lock]) -> dict[Name, LockMode]:
    """By relation."""
    found: dict[Name, LockMode] = {}
    for lock in locks:
        found[lock.relation] = max(lock.mode, found.get(lock.relation, lock.mode))
    return found


@dataclass(frozen=True, slots=True)
class Build:
    """An index built from a table's rows."""

    index: Name
    table: Name
    rebuilt: bool  # it existed before the statement


@dataclass(frozen=True, slots=True)
class Scan:
    """Sequential reads of a whole table."""

    table: Name
    count: int


@dataclass(frozen=True, slots=True)
class Write:
    """Rows written. `rows_before` is what the table held, None when predicted."""

    table: Name
    inserted: int = 0
    updated: int = 0
    deleted: int = 0
    rows_before: int | None = None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a statement does to relations: observed by running it, or predicted from its text. One type, so that one set
    of rules judges both. `new_tables`: those among the named tables that the pull request itself created."""

    locks: tuple[Lock, ...] = ()
    rewrites: tuple[Name, ...] = ()
    builds: tuple[Build, ...] = ()
    scans: tuple[Scan, ...] = ()
    writes: tuple[Write, ...] = ()
    truncated: tuple[Name, ...] = ()
    changes: tuple[CatalogChange, ...] = ()
    new_tables: frozenset[Name] = frozenset()
