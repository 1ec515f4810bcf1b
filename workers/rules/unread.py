"""Names what of a migration was not analysed, and why: a report with such items is never clean."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from workers.model import StatementKind
from workers.rehearsed import RehearsedMigration
from workers.rules.migration_fails import only_here
from workers.rules.steps import Look
from workers.sql.actions import Do, Opaque
from workers.sql.wording import action_name
from workers.verdict import Unread


def unread(rehearsed: RehearsedMigration, looks: Sequence[Look], with_server: bool) -> Iterator[Unread]:
    """In file order, the file's own troubles first. with_server: the statements were meant to be run."""
    path, script = rehearsed.migration.path, rehearsed.script
    if rehearsed.migration.undecodable:
        yield Unread(path, rehearsed.migration.undecodable, "Not UTF-8; read with U+FFFD in place of such bytes.")
    if script.problem:
        yield Unread(path, script.statements[-1].line if script.statements else 1, script.problem)
    if rehearsed.not_run:
        yield Unread(path, 1, rehearsed.not_run)
    elif with_server:
        yield from _not_run(rehearsed)
    for each in looks:
        statement = script.statements[each.index]
        if statement.kind is StatementKind.META:
            yield Unread(path, statement.line, f"{statement.text.split()[0]} is a command of psql, which was not run.")
        elif rehearsed.observations[each.index] is None and isinstance(each.actions[0], Do | Opaque):
            yield Unread(path, statement.line, f"{action_name(each.actions)}: only running it tells what it does.")
        elif each.index in rehearsed.doubtful:
            why = "changes the schema where tables are empty, and not where they hold rows as odd as ours"
            yield Unread(path, statement.line, f"{action_name(each.actions)} {why}: what real rows make of it is open.")


def _not_run(rehearsed: RehearsedMigration) -> Iterator[Unread]:
    """Statements without an observation, one item for each stretch of them, and those that only failed here."""
    path, failed, inside = rehearsed.migration.path, "", False
    for statement, seen in zip(rehearsed.script.statements, rehearsed.observations, strict=True):
        if seen is None and statement.kind is StatementKind.SQL and not inside:
            inside = True
            yield Unread(path, statement.line, f"From here on the statements were not run{failed}.")
        elif seen is not None:
            inside = False
            if seen.error:
                failed = f", because the one in line {statement.line} failed"
                if here := only_here(seen.error):
                    yield Unread(path, statement.line, f"{seen.error.message} ({seen.error.sqlstate}). {here}")
