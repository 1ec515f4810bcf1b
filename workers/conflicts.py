"""Finds what two pull requests both change: each may be right alone, and the second undo what the first one meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workers.changes import (
    CatalogChange,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintValidated,
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    IndexCreated,
    IndexDropped,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    TableCreated,
    TableDropped,
    TableRenamed,
    TraitChanged,
)
from workers.migrations.plain import PLAIN, number
from workers.model import MigrationSet
from workers.verdict import Report
from workers.words import Name


@dataclass(frozen=True, slots=True)
class Conflict:
    """object: public.orders.total, an index or a table; or a migration's number. pulls: who change it, or have it."""

    object: str
    pulls: tuple[int, ...]


def conflicts(report: Report, owners: Mapping[str, frozenset[int]]) -> tuple[Conflict, ...]:
    """What migrations of different pull requests change alike. report: of all of them together. owners: whose a
    migration's file is, by path; a file that several have is nobody's conflict."""
    changed: dict[tuple[Name, str], set[int]] = defaultdict(set)
    for path, change in _changes(report):
        if len(owners.get(path, ())) == 1:
            changed[_object(change)] |= owners[path]
    whole = {table: pulls for (table, part), pulls in changed.items() if not part}
    for (table, part), pulls in changed.items():
        if part and table in whole:  # who drops or renames a table meets everybody who changes something of it
            pulls |= whole[table]
    return tuple(
        Conflict(f"{table}{part and '.' + part}", tuple(sorted(pulls)))
        for (table, part), pulls in sorted(changed.items(), key=lambda found: str(found[0]))
        if len(pulls) > 1
    )


def places(report: Report) -> tuple[tuple[str, str], ...]:
    """What the report's migrations change: a table or another object, and the part of it, "" for all of it."""
    return tuple(sorted({(str(name), part) for name, part in (_object(change) for _, change in _changes(report))}))


def same_numbers(migrations: MigrationSet, owners: Mapping[str, frozenset[int]]) -> Iterator[Conflict]:
    """The numbers that new migrations of different pull requests have, where a runner may know them by nothing else.
    owners: as for conflicts()."""
    if migrations.layout != PLAIN.name:
        return
    having: dict[int, set[int]] = defaultdict(set)
    for migration in migrations.added:
        if len(owners.get(migration.path, ())) == 1:
            having[number(migration.id)] |= owners[migration.path]
    for taken, pulls in sorted(having.items()):
        if len(pulls) > 1:
            yield Conflict(str(taken), tuple(sorted(pulls)))


def _changes(report: Report) -> Iterator[tuple[str, CatalogChange]]:
    for migration in report.migrations:
        for judged in migration.statements:
            for change in judged.facts.changes:
                yield migration.path, change


def _object(change: CatalogChange) -> tuple[Name, str]:
    """The table and the part of it, "" for the table as a whole."""
    match change:
        case TableCreated() | TableDropped() | TableRenamed():
            return change.table, ""
        case IndexCreated() | IndexDropped():
            return change.index, ""
        case ObjectCreated() | ObjectDropped() | ObjectChanged() | ObjectRenamed():
            return change.name, "" if change.on is None else f"{change.kind} on {change.on}"
        case EnumValueAdded() | EnumValueRenamed() | EnumValueRemoved():
            return change.type, change.value
        case TraitChanged():
            return change.table, change.trait.value
        case PrivilegeChanged():
            return change.name, f"{change.privilege} of {change.role}"
        case ConstraintAdded() | ConstraintDropped() | ConstraintValidated():
            return change.table, change.constraint
        case _:
            return change.table, change.column
