"""The way back that a migration's authors wrote, tried where the migration has just been applied."""

from __future__ import annotations

from collections.abc import Callable

from workers.audit.line import Line
from workers.model import Down, Migration
from workers.postgres.session import Session
from workers.replay import apply
from workers.rollback.comparison import compare
from workers.rollback.proof import States
from workers.ways_back import Written


def try_theirs(line: Line, down: Down, again: Callable[[], str | None], states: States) -> Written:
    """On a connection of its own, as a runner that comes back. again: applies the migration once more; its error. What
    the database is afterwards is for the caller to find out. Raises ServerLost."""
    migration = Migration(down.path, down.path, down.text, down.transaction)
    with Session(line.cluster) as session:
        if error := apply(session, migration, line.prelude):
            return Written(down.path, False, (f"{f'line {error.line}: ' if error.line else ''}{error.message}",))
    if difference := compare(states.before, line.look()):
        return Written(down.path, False, difference)
    if why := again():
        return Written(down.path, True, (f"the migration cannot be applied again: {why}",))
    return Written(down.path, True, tuple(f"applied again: {each}" for each in compare(states.after, line.look())))
