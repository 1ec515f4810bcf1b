"""The facts about one statement, from the database's state before and after it. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.facts import Facts, Lock, Scan, Write
from workers.postgres.relations import Relation, Relations, builds, changes, rewrites
from workers.words import LockMode, Source

Counters = tuple[int, int, int, int]  # sequential scans, rows inserted, updated, deleted

# Locks and scans of indexes, TOAST tables and sequences follow from those of their tables.
_SHOWN = frozenset("rpfmv")


@dataclass(frozen=True, slots=True)
class Activity:
    """What queries/activity.sql shows, cumulative since the transaction began; `wal_position` in bytes."""

    wal_position: int
    locks: Mapping[int, LockMode]  # the strongest mode held, by relation
    counters: Mapping[int, Counters]


@dataclass(frozen=True, slots=True)
class Moment:
    """The relations that matter to a statement, and the transaction's activity, at one side of it."""

    relations: Relations
    activity: Activity


@dataclass(frozen=True, slots=True)
class Surroundings:
    """base: OIDs of the relations that the base branch has. rows: what each table held before the statement, by OID.
    emptied: OIDs of tables that held rows and hold none now, their storage replaced."""

    base: frozenset[int]
    rows: Mapping[int, int]
    emptied: frozenset[int]


def facts(before: Moment, after: Moment, around: Surroundings) -> Facts:
    """What happened between two moments, about relations that existed at the first."""
    rewritten = rewrites(before.relations, after.relations)
    built = builds(before.relations, after.relations)
    changed = {oid for oid, relation in before.relations.items() if after.relations.get(oid) != relation}
    tables_built = {oid for oid, relation in before.relations.items() if relation.name in {b.table for b in built}}
    touched = {oid: relation.name for oid, relation in {**after.relations, **before.relations}.items()}
    return Facts(
        locks=tuple(_locks(before, after, changed | tables_built)),
        rewrites=tuple(touched[r.oid] for r in rewritten if r.oid not in around.emptied),
        builds=built,
        scans=tuple(_scans(before, after)),
        writes=tuple(_writes(before, after, around.rows)),
        truncated=tuple(touched[r.oid] for r in rewritten if r.oid in around.emptied),
        changes=changes(before.relations, after.relations),
        new_tables=frozenset(name for oid, name in touched.items() if oid not in around.base),
    )


def _locks(before: Moment, after: Moment, worked_on: set[int]) -> Iterator[Lock]:
    """Those newly taken; and those taken earlier in the transaction on a relation that this statement worked on."""
    for oid, mode in sorted(after.activity.locks.items()):
        relation = before.relations.get(oid)
        if relation is None or relation.kind not in _SHOWN:
            continue
        held = before.activity.locks.get(oid, 0)
        if mode > held:
            yield Lock(relation.name, mode, Source.OBSERVED)
        elif oid in worked_on:
            yield Lock(relation.name, mode, Source.OBSERVED, carried=True)


def _scans(before: Moment, after: Moment) -> Iterator[Scan]:
    for relation, old, new in _counted(before, after):
        if new[0] > old[0]:
            yield Scan(relation.name, new[0] - old[0])


def _writes(before: Moment, after: Moment, rows: Mapping[int, int]) -> Iterator[Write]:
    for relation, old, new in _counted(before, after):
        inserted, updated, deleted = (now - was for was, now in zip(old[1:], new[1:], strict=True))
        if inserted or updated or deleted:
            yield Write(relation.name, inserted, updated, deleted, rows_before=rows.get(relation.oid, 0))


def _counted(before: Moment, after: Moment) -> Iterator[tuple[Relation, Counters, Counters]]:
    for oid, new in sorted(after.activity.counters.items()):
        relation = before.relations.get(oid)
        if relation is not None and relation.kind in _SHOWN:
            yield relation, before.activity.counters.get(oid, (0, 0, 0, 0)), new


def strongest(locks: Iterable[tuple[int, str]]) -> dict[int, LockMode]:
    """The strongest mode by relation, from pairs of OID and pg_locks.mode."""
    found: dict[int, LockMode] = {}
    for oid, mode in locks:
        found[oid] = max(found.get(oid, LockMode.ACCESS_SHARE), LockMode.from_pg_locks(mode))
    return found
