"""Holds a history table against the migrations of a commit; stricter than `prisma migrate status`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from workers.environments.history.book import Reader
from workers.environments.model import Entry, EntryState
from workers.model import Migration


@dataclass(frozen=True, slots=True)
class Diagnosis:
    """pending: what a deploy would run, in the runner's order; out_of_order: those of them that come before one that is
    applied. applied, failed: rows, oldest first. Of the applied: edited, where the file says something else by now;
    missing, without a file; stamped, which were never run. The ids of each stand in the order of what they are of."""

    pending: tuple[Migration, ...]
    applied: tuple[Entry, ...]
    failed: tuple[Entry, ...]
    edited: tuple[str, ...]
    missing: tuple[str, ...]
    out_of_order: tuple[str, ...]
    stamped: tuple[str, ...]


def diagnose(entries: tuple[Entry, ...] | None, migrations: Sequence[Migration], reader: Reader) -> Diagnosis:
    """entries: None where there is no table. migrations: all of the commit, in the runner's order."""
    applied = tuple(entry for entry in entries or () if entry.state is EntryState.APPLIED)
    failed = tuple(entry for entry in entries or () if entry.state is EntryState.FAILED)
    begun = {entry.name for entry in (*applied, *failed)}
    files = {migration.id: migration for migration in migrations}
    names = {entry.name for entry in applied}
    ordered = [migration for migration in migrations if not reader.repeats(migration)]
    last = max((place for place, migration in enumerate(ordered) if migration.id in names), default=0)
    return Diagnosis(
        pending=tuple(migration for migration in migrations if migration.id not in begun),
        applied=applied,
        failed=failed,
        edited=_names(entry for entry in applied if entry.name in files and not reader.same(entry, files[entry.name])),
        missing=_names(entry for entry in applied if entry.name not in files),
        out_of_order=tuple(migration.id for migration in ordered[:last] if migration.id not in begun),
        stamped=_names(entry for entry in applied if entry.steps == 0),
    )


def _names(entries: Iterable[Entry]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(entry.name for entry in entries))
