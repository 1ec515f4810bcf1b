"""The files that keep rollback SQL in the repository, next to the migrations and never taken for one."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Change
from workers.report import phrases
from workers.report.words import visible
from workers.verdict import JudgedMigration, Report
from workers.ways_back import Rollback

_FOLDER = "rollbacks"
_PREFIX = "rollback_"  # so that a runner which searches folders for names that begin with a number passes it by


def rollback_files(report: Report) -> tuple[tuple[str, str], ...]:
    """(path, text) for each new migration that has SQL to undo it."""
    return tuple(
        (rollback_path(migration, report.layout), _text(migration, migration.rollback, report))
        for migration in report.migrations
        if migration.change is Change.ADDED and migration.rollback and migration.rollback.sql.strip()
    )


def rollback_path(migration: JudgedMigration, layout: str) -> str:
    """Prisma reads nothing but migration.sql in a migration's folder. Runners of plain files take every one in their
    folder, so there it is kept in a folder of its own."""
    folder, slash, name = migration.path.rpartition("/")
    if layout == "prisma":
        return f"{folder}{slash}rollback.sql"
    return f"{folder}{slash}{_FOLDER}/{_PREFIX}{name}"


def _text(migration: JudgedMigration, undo: Rollback, report: Report) -> str:
    head = "".join(f"-- {' '.join(visible(line).split())}\n" for line in _head(migration, undo, report))
    return f"{head}\n{undo.sql.strip()}\n"


def _head(migration: JudgedMigration, undo: Rollback, report: Report) -> Iterator[str]:
    yield f"Takes back the migration {migration.id}. Written by migration-bot; run by hand, never by the runner."
    yield f"{undo.grade.value}: {phrases.GRADES[undo.grade]}. {phrases.proof(undo).capitalize()}."
    yield from (f"- {reason}" for reason in phrases.shortfalls(undo))
    yield from (f"{number}. {step}" for number, step in enumerate(phrases.way_back(migration, report), start=1))
