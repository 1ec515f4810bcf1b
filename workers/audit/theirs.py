"""The way back that a migration's authors wrote, tried where the migration has just been applied."""

from __future__ import annotations

from collections.abc import Callable

from workers.audit.line import Line
from workers.model import Down, StatementKind
from workers.postgres.session import Session
from workers.rollback.comparison import compare
from workers.rollback.proof import States
from workers.sql.split import split
from workers.undoing.written import run_down
from workers.ways_back import Written


def claims_nothing(down: Down) -> bool:
    """Whether it has no statement: it is there to say so."""
    return all(each.kind is StatementKind.META for each in split(down.text).statements)


def try_theirs(line: Line, down: Down, again: Callable[[], str | None], states: States) -> Written:
    """On a connection of its own, as a runner that comes back. again: applies the migration once more; its error. What
    the database is afterwards is for the caller to find out. Raises ServerLost."""
    with Session(line.cluster) as session:
        if error := run_down(session, down, line.prelude):
            return Written(down.path, False, (f"{f'line {error.line}: ' if error.line else ''}{error.message}",))
    if difference := compare(states.before, line.look(), blanks=False):
        return Written(down.path, False, difference)
    if why := again():
        return Written(down.path, True, (f"the migration cannot be applied again: {why}",))
    return Written(down.path, True, tuple(f"applied again: {each}" for each in compare(states.after, line.look())))
