"""Finds what two pull requests both change: each may be right alone, and the second undo what the first one meant."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from workers.changes import (
    CatalogChange,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintValidated,
    IndexCreated,
    IndexDropped,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.migrations import BY_NAME
from workers.model import MigrationSet
from workers.object_changes import (
    EnumValueAdded,
    EnumValueRemoved,
    EnumValueRenamed,
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    TraitChanged,
)
from workers.verdict import Report
from workers.words import Name

Place = tuple[str, str]  # a table or another object, and the part of it: "" for all of it


@dataclass(frozen=True, slots=True)
class Conflict:
    """object: public.orders.total, an index or a table; or a migration's number. pulls: who change it, or have it."""

    object: str
    pulls: tuple[int, ...]


def conflicts(report: Report, owners: Mapping[str, frozenset[int]]) -> tuple[Conflict, ...]:
    """What migrations of different pull requests change alike. report: of all of them together. owners: whose a
    migration's file is, by path; a file that several have is nobody's conflict."""
    changed: dict[int, set[Place]] = defaultdict(set)
    for path, place in _changes(report):
        if len(owners.get(path, ())) == 1:
            (pull,) = owners[path]
            changed[pull].add(place)
    return shared(changed)


def shared(changed: Mapping[int, Iterable[Place]]) -> tuple[Conflict, ...]:
    """What several pull requests change, by what each of them does."""
    pulls: dict[Place, set[int]] = defaultdict(set)
    for pull, places_ in changed.items():
        for place in places_:
            pulls[place].add(pull)
    for (whole, part), changing in pulls.items():
        if part:  # who drops or renames a table meets everybody who changes something of it
            changing |= pulls.get((whole, ""), set())
    return tuple(
        Conflict(f"{whole}{part and '.' + part}", tuple(sorted(changing)))
        for (whole, part), changing in sorted(pulls.items())
        if len(changing) > 1
    )


def places(report: Report) -> tuple[Place, ...]:
    """What the report's migrations change."""
    return tuple(sorted({place for _, place in _changes(report)}))


def same_numbers(sets: Iterable[MigrationSet], owners: Mapping[str, frozenset[int]]) -> Iterator[Conflict]:
    """The numbers that new migrations of different pull requests have in a project, where a runner may know them by
    nothing else. owners: as for conflicts()."""
    for migrations in sets:
        yield from _same_numbers(migrations, owners)


def _same_numbers(migrations: MigrationSet, owners: Mapping[str, frozenset[int]]) -> Iterator[Conflict]:
    number = BY_NAME[migrations.layout].version
    having: dict[str, set[int]] = defaultdict(set)
    for migration in migrations.added:
        if number(migration.id) != migration.id and len(owners.get(migration.path, ())) == 1:
            having[number(migration.id)] |= owners[migration.path]
    for taken, pulls in sorted(having.items()):
        if taken and len(pulls) > 1:
            yield Conflict(taken, tuple(sorted(pulls)))


def _changes(report: Report) -> Iterator[tuple[str, Place]]:
    """With the migrations' paths. Where a repository has several projects, each may have a database of its own."""
    for project in report.parts:
        of = f"{project.directory}: " if report.projects else ""
        for migration in project.migrations:
            for judged in migration.statements:
                for change in judged.facts.changes:
                    name, part = _object(change)
                    yield migration.path, (f"{of}{name}", part)


def _object(change: CatalogChange) -> tuple[Name, str]:
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
