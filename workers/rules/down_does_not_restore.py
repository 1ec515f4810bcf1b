"""A migration's own way back leaves another schema than the one before it, or takes rows with it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

from workers.model import Level
from workers.rehearsed import RehearsedMigration
from workers.rules.rule import MigrationRule
from workers.sql.split import split
from workers.verdict import Finding
from workers.ways_back import Grade, Written

_TOLD = 3  # of the differences


def check(rehearsed: RehearsedMigration) -> Iterator[Finding]:
    """Not where nothing could bring the schema back, or the file is empty: it is there to say so."""
    written, ours = rehearsed.written, rehearsed.rollback
    if rehearsed.migration.down and not split(rehearsed.migration.down.text).statements:
        return
    if written is None or (written.restores and not written.loses) or (ours and ours.grade is Grade.IRREVERSIBLE):
        return
    migration = rehearsed.migration
    proven = " The rollback in this report does, and is proven." if ours and ours.proven else ""
    yield Finding(RULE.name, RULE.level, migration.path, _line(rehearsed), migration.id, f"{_wrong(written)}{proven}")


def _wrong(written: Written) -> str:
    if written.restores:
        return f"{written.path} restores the schema, but not all rows: {_few(replace(written, difference=()).told)}."
    return f"{written.path} does not restore the schema: {_few(written.told)}."


def _few(lines: tuple[str, ...]) -> str:
    more = f"; and {len(lines) - _TOLD} more" if len(lines) > _TOLD else ""
    return "; ".join(lines[:_TOLD]) + more


def _line(rehearsed: RehearsedMigration) -> int:
    """Where the way back begins, if that is in the migration's own file."""
    down = rehearsed.migration.down
    if down is None or down.path != rehearsed.migration.path:
        return 1
    return down.text[: len(down.text) - len(down.text.lstrip())].count("\n") + 1


RULE = MigrationRule(
    "down-does-not-restore",
    Level.RISKY,
    "A migration's own way back leaves another schema than the one before it, or takes rows with it.",
    check,
    needs_server=True,
)
