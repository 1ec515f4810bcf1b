"""Migrations that are code, where the policy says which files they are; the signs of some, where it does not."""

from __future__ import annotations

import functools
import re
from collections.abc import Iterable, Mapping
from dataclasses import replace

from workers.migrations.dumped import DUMPED, schema_text
from workers.migrations.layout import Entry, Files, Holds, Layout, Way
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.runners import Runner

_STATE = "state"

_SIGNS: Mapping[str, re.Pattern[str]] = {
    "Alembic": re.compile(r"(?:.*/)?versions/(?:[\w-]*_)?[0-9a-f]{12}(?:_\w*)?\.py"),
    "Django": re.compile(r"(?:.*/)?migrations/\d{4}_\w+\.py"),
    "Rails": re.compile(r"(?:.*/)?db/(?:\w+_)?migrate/\d+_\w+\.rb"),
    "Knex": re.compile(r"(?:.*/)?migrations/\d{14}_[\w-]+\.[cm]?[jt]s"),
    "TypeORM": re.compile(r"(?:.*/)?migrations?/\d{13}-[\w-]+\.[cm]?[jt]s"),
}


def sign_of_code(paths: Iterable[str]) -> str:
    """That one of the paths seems to be such a migration, as the end of a sentence; "" where none does."""
    found = ((name, path) for path in paths for name, pattern in _SIGNS.items() if pattern.fullmatch(path))
    return next(
        (f"; {path} looks like a migration of {name}, which is code: see docs/code-runners.md" for name, path in found),
        "",
    )


def layout_of(runner: Runner, directory: str | None = None) -> Layout:
    """The runner's files are one project. Its folder is told, or the one that they stand in; the root, where there are
    several. Which migration comes first is for the runner to say, once it prints them: until then, their paths."""

    def claims(paths: Iterable[str]) -> tuple[str, ...]:
        found = {path.rpartition("/")[0] for path in paths if _is_one(runner, path)}
        if directory is not None and found:
            return (directory,)
        return tuple(found) if len(found) < 2 else ("",)

    return Layout(
        runner.name,
        claims,
        lambda paths, _directory: _entries(runner, paths),
        ways=functools.partial(_ways, runner),
        unreadable=f"{runner.name}'s migrations are code, which is run in your own CI alone: there, migration-bot"
        " review --run-commands has their SQL printed; see docs/code-runners.md.",
    )


def _is_one(runner: Runner, path: str) -> bool:
    return any(_matcher(pattern).fullmatch(path) for pattern in runner.files)


def _entries(runner: Runner, paths: Iterable[str]) -> tuple[Entry, ...]:
    there = frozenset(paths)
    state = [Entry(_STATE, runner.state, holds=Holds.STATE)] if runner.state in there else []
    return (*state, *(Entry(path, path, holds=Holds.CODE) for path in sorted(there) if _is_one(runner, path)))


def _ways(runner: Runner, files: Files, usual: Transaction) -> tuple[Way, None]:
    if files.path != runner.state:
        return Way(files.text, usual), None
    text = schema_text(files.text) if DUMPED.search(files.text) else files.text
    return Way(text, Transaction.STATEMENT), None


def told_apart(found: MigrationSet, entries: Iterable[Entry], layout: Layout) -> MigrationSet:
    """With the code among its migrations marked as such, and the dump of what is merged as no change of its own. What
    is merged and edited keeps its text: it is not run, and one edit is not another. entries: of all commits."""
    holds = {entry.path: entry.holds for entry in entries if entry.holds is not Holds.SQL}
    if not holds:
        return found

    def bare(migration: Migration) -> Migration:
        is_code = holds.get(migration.path) is Holds.CODE
        return replace(migration, text="", unreadable=layout.unreadable) if is_code else migration

    def told(changed: ChangedMigration) -> ChangedMigration:
        new = changed.after if changed.change is Change.ADDED else None
        return replace(changed, after=bare(new)) if new else changed

    changed = (told(one) for one in found.changed if holds.get(one.migration.path) is not Holds.STATE)
    return replace(found, history=tuple(map(bare, found.history)), changed=tuple(changed))


_GLOB = re.compile(r"\*\*/|\*\*|\*|\?|\[!?[^\]]+\]|.", re.S)
_PIECES: Mapping[str, str] = {"**/": "(?:.*/)?", "**": ".*", "*": "[^/]*", "?": "[^/]"}


@functools.lru_cache(32)
def _matcher(pattern: str) -> re.Pattern[str]:
    return re.compile("".join(_piece(found[0]) for found in _GLOB.finditer(pattern)))


def _piece(text: str) -> str:
    if text in _PIECES:
        return _PIECES[text]
    return text.replace("[!", "[^") if len(text) > 1 else re.escape(text)
