"""Rehearses new migrations on the base branch's database, one after another, as they would be deployed."""

from __future__ import annotations

import time
from collections.abc import Sequence

from workers.model import Migration, Rehearsal, RehearsedMigration, Script, Timing
from workers.play import failure, play
from workers.postgres.roles import Roles
from workers.replay import Replayed
from workers.sql.split import split
from workers.stand import Stand
from workers.trial import Played, Trial, on_rows, touched


def rehearse(base: Replayed, migrations: Sequence[Migration]) -> Rehearsal:
    """Runs the migrations in turn, each on what the ones before it left. Behind one that fails nothing is run. Raises
    CannotAnalyse when the server is lost otherwise than over a statement."""
    began = time.monotonic()
    stand = Stand(base.cluster, base.prelude)
    trials: list[Trial] = []
    for migration in migrations:
        script = split(migration.text)
        stopped = next((trial.rehearsed.migration.id for trial in trials if not _passed(trial.rehearsed)), None)
        trials.append(_not_run(migration, script, stopped) if stopped else _one(stand, migration, script))
    prove_ms = sum(trial.prove_ms for trial in trials)
    rehearse_ms = (time.monotonic() - began) * 1000 - prove_ms
    timing = Timing(0.0, base.acquire_ms, base.replay_ms, rehearse_ms, prove_ms, base.snapshot)
    rehearsed = tuple(trial.rehearsed for trial in trials)
    return Rehearsal(base.cluster.info, rehearsed, timing, base.prelude.notes)


def _passed(rehearsed: RehearsedMigration) -> bool:
    return rehearsed.not_run is None and failure(rehearsed.observations) is None


def _not_run(migration: Migration, script: Script, stopped: str) -> Trial:
    nothing = (None,) * len(script.statements)
    why = f"Not run, because {stopped}, which runs before it, did not come to its end."
    return Trial(RehearsedMigration(migration, script, nothing, not_run=why), 0.0)


def _one(stand: Stand, migration: Migration, script: Script) -> Trial:
    """Empty tables tell whether the migration runs at all and what it touches; rows tell whether it always would."""
    while True:
        roles = Roles.before(stand.cluster, migration.text)
        with stand.stage() as stage:
            tables = frozenset(
                relation.name
                for oid, relation in stage.observer.relations.items()
                if relation.is_table and oid in stage.observer.base
            )
            seen = play(stage, script, migration.transaction)
        failed = failure(seen)
        aside = roles.put_aside()
        if failed is None:
            trial = on_rows(stand, Played(migration, script, roles), touched(seen) & tables)
            roles.bring_back(aside)
            stand.follow(stage)
            return trial
        stand.drop(stage.database)
        observation = seen[failed]
        assert observation is not None
        assert observation.error is not None
        if not stand.prelude.remedied(observation.error.sqlstate, observation.error.message, stand.line):
            return Trial(RehearsedMigration(migration, script, seen), 0.0)
