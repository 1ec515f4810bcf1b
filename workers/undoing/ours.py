"""The rollback that is written from the two catalogs around a migration, proven where the migration was played."""

from __future__ import annotations

from collections.abc import Sequence

from workers.facts import Facts
from workers.model import Observation
from workers.postgres.cluster import Role
from workers.rollback.effects import effects_of
from workers.rollback.grading import DataEffects
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.write import write_rollback
from workers.sql.read import read
from workers.undoing.played import Done, play_again
from workers.ways_back import Rollback


def effects_on_rows(done: Done, seen: Sequence[Observation | None]) -> DataEffects:
    """What the migration did to rows."""
    facts = [one.facts if one else Facts() for one in seen]
    statements = zip(done.played.script.statements, facts, strict=True)
    return DataEffects(
        tuple(effect for statement, each in statements for effect in effects_of(read(statement), each)),
        tuple(name for each in facts for name in each.truncated),
    )


def rolled_back(done: Done, states: States, effects: DataEffects) -> Rollback:
    """Leaves the stage's database as the migration leaves it, if all goes well."""
    plan = write_rollback(states.before, states.after, effects)

    def run(sql: str) -> str | None:
        error = done.stage.session.run(sql, simple=True).error
        return error.message if error else None

    def again() -> str | None:
        done.played.roles.put_aside()
        # On a session of its own: temporary tables of the first time must not be in the way.
        error = play_again(done.stand, done.played, done.stage.other("again", Role.MIGRATION))
        return error.message if error else None

    return settle(plan, prove(Rehearsed(done.reader, run, again), plan, states))
