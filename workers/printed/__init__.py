"""Migrations that are code, read as the SQL that the project's own runner prints: only where somebody asked for it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from workers.errors import CannotAnalyse, InputError
from workers.model import Change, ChangedMigration, Down, Migration, MigrationSet
from workers.policy import Policy
from workers.printed.asking import Asked, Found
from workers.repository import Repository
from workers.runners import Runner

_LINES = "the lines of a migration that is code are those of its printed SQL."


@dataclass(frozen=True, slots=True)
class Read:
    """notes: what the report has to say about it."""

    migrations: MigrationSet
    notes: tuple[str, ...] = ()


def all_printed(repository: Repository, policy: Policy, sets: Sequence[MigrationSet]) -> tuple[Read, ...]:
    """Each project's. Raises InputError where head is not what is checked out; CannotAnalyse where a command fails and
    there is no other project."""
    told = [(one, policy.of(one.directory).runner) for one in sets]
    if not any(runner for _, runner in told):
        return tuple(map(Read, sets))
    root, here, head = _work_tree(repository), repository.commit("HEAD"), sets[0].head
    if here != head:
        raise InputError(f"commands run what is checked out, which is {here[:12]}: check out {head[:12]} first")
    return tuple(_as_far_as_it_goes(one, runner, root) if runner else Read(one) for one, runner in told)


def _work_tree(repository: Repository) -> Path:
    above = [".."] * len(PurePosixPath(repository.prefix()).parts)
    root = Path(repository.directory, *above).resolve()
    if not (root / ".git").exists():
        raise InputError(f"{repository.directory}: commands run what is checked out, and nothing is checked out here")
    return root


def _as_far_as_it_goes(migrations: MigrationSet, runner: Runner, root: Path) -> Read:
    try:
        return with_printed(migrations, runner, root)
    except CannotAnalyse as error:
        if migrations.alone:
            raise
        return Read(replace(migrations, why_not=str(error)))


def with_printed(migrations: MigrationSet, runner: Runner, root: Path) -> Read:
    """The same with the SQL that the runner's command prints in the work tree at `root`, which holds their head.

    What is merged is read there as well, unless the base branch has a dump of it: what was merged since the fork is
    not there. Nothing is run where nothing is new. Raises CannotAnalyse."""
    new = tuple(one.path for one in _changed(migrations, Change.ADDED) if one.unreadable)
    if not new:
        return Read(migrations)
    dumped = tuple(one for one in migrations.history if one.unreadable is None)
    left = {one.path for change in (Change.DELETED, Change.RENAMED) for one in _before(migrations, change)}
    merged = [one.path for one in migrations.history if one.unreadable and one.path not in left]
    merged += [one.path for one in _changed(migrations, Change.RENAMED)]
    answer = Asked(runner, root, new if dumped else (*merged, *new), new).answer()
    old = tuple(_printed(_named(one), one) for one in answer.found if one.path not in new)
    notes = [f"{migrations.directory or '.'}: {_LINES}", *answer.notes, *_missed(merged, answer.found, bool(dumped))]
    changed = tuple(_in_order(migrations.changed, answer.found))
    return Read(replace(migrations, history=dumped or old, changed=changed), tuple(notes))


def _changed(migrations: MigrationSet, change: Change) -> Iterator[Migration]:
    return (one.after for one in migrations.changed if one.change is change and one.after)


def _before(migrations: MigrationSet, change: Change) -> Iterator[Migration]:
    return (one.before for one in migrations.changed if one.change is change and one.before)


def _named(found: Found) -> Migration:
    return Migration(found.id, found.path or found.id, "", found.up.transaction)


def _printed(migration: Migration, found: Found) -> Migration:
    down = Down(migration.path, found.down.text, found.down.transaction) if found.down else None
    return replace(migration, text=found.up.text, transaction=found.up.transaction, down=down, unreadable=None)


def _in_order(changed: tuple[ChangedMigration, ...], found: tuple[Found, ...]) -> Iterator[ChangedMigration]:
    """What is merged first, then what is new as the runner has it, and at last what it did not print."""
    new = {one.after.path: one for one in changed if one.change is Change.ADDED and one.after}
    yield from (one for one in changed if one.change is not Change.ADDED)
    for one in found:
        if one.path and (told := new.pop(one.path, None)) and told.after:
            yield replace(told, after=_printed(told.after, one))
    for told in new.values():
        assert told.after is not None
        yield replace(told, after=replace(told.after, unreadable="the policy's command does not print it."))


def _missed(merged: list[str], found: tuple[Found, ...], dumped: bool) -> Iterator[str]:
    """Merged migrations whose SQL nobody has seen: the new ones are run without what they did."""
    there = {one.path for one in found}
    if not dumped and (missed := [path for path in merged if path not in there]):
        more = f" and {len(missed) - 1} more" if len(missed) > 1 else ""
        yield f"{missed[0]}{more}: merged, and not printed by the policy's command."
