"""Rehearses new migrations on the base branch's database, one after another, as they would be deployed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace

from workers.changes import CatalogChange, ColumnAdded, ColumnRenamed, TableRenamed
from workers.failing import failure
from workers.model import Migration, Script
from workers.pace.measure import Pace
from workers.play import play
from workers.policy import Policy
from workers.postgres.roles import Roles
from workers.rehearsed import Observation, Rehearsal, RehearsedMigration, Timing
from workers.replay import Replayed, told
from workers.rules.course import names_in
from workers.sql.actions import RUNS_CODE, Copy, Insert, Merge, Update
from workers.sql.read import read
from workers.sql.split import split
from workers.stand import Stand
from workers.trial import Trial, on_rows, touched
from workers.undoing.played import Played
from workers.words import Name

_SAYS_NOTHING = Policy()
_Columns = frozenset[tuple[Name, str]]


def rehearse(
    base: Replayed, migrations: Sequence[Migration], policy: Policy = _SAYS_NOTHING, stand: Stand | None = None
) -> Rehearsal:
    """Runs the migrations in turn, each on what the ones before it left. Behind one that fails nothing is run. What is
    slow on tables whose rows the policy tells is measured. stand: for who wants to see where it ends. Raises
    CannotAnalyse when the server is lost otherwise than over a statement."""
    began = time.monotonic()
    stand = stand or Stand(base.cluster, base.prelude)
    pace = Pace(policy)
    trials: list[Trial] = []
    empty: _Columns = frozenset()
    for migration in migrations:
        script = split(migration.text)
        stopped = next((trial.rehearsed.migration.id for trial in trials if not passed(trial.rehearsed)), None)
        trials.append(_not_run(migration, script, stopped) if stopped else _one(stand, migration, pace, empty))
        empty = _left_empty(empty, trials[-1].rehearsed)
    estimates = pace.estimates(stand)
    rehearsed = tuple(
        replace(trial.rehearsed, estimates=estimates.get(trial.rehearsed.migration.id, ())) for trial in trials
    )
    prove_ms = sum(trial.prove_ms for trial in trials)
    rehearse_ms = (time.monotonic() - began) * 1000 - prove_ms
    timing = Timing(0.0, base.acquire_ms, base.replay_ms, rehearse_ms, prove_ms, base.snapshot)
    return Rehearsal(base.cluster.info, rehearsed, timing, told(base.prelude.notes))


def passed(rehearsed: RehearsedMigration) -> bool:
    """Whether the migration came to its end."""
    return rehearsed.not_run is None and failure(rehearsed.observations) is None


def _left_empty(empty: _Columns, rehearsed: RehearsedMigration) -> _Columns:
    """The columns that hold nothing but NULL after it: the pull request has added them, and nothing has filled them."""
    columns = set(empty)
    for statement, seen in zip(rehearsed.script.statements, rehearsed.observations, strict=True):
        actions, changes = read(statement), seen.facts.changes if seen else ()
        filled = {action.table for action in actions if isinstance(action, Insert | Update | Merge | Copy)}
        filled |= {change.table for change in changes if isinstance(change, TableRenamed | ColumnRenamed)}
        new = {
            (change.table, change.column)
            for change in changes
            if isinstance(change, ColumnAdded) and not (change.not_null or change.has_default)
        }
        code = any(isinstance(action, RUNS_CODE) for action in actions)
        columns = set() if code else {column for column in columns if column[0] not in filled} | new
    return frozenset(columns)


def _not_run(migration: Migration, script: Script, stopped: str) -> Trial:
    nothing = (None,) * len(script.statements)
    why = f"Not run, because {stopped}, which runs before it, did not come to its end."
    return Trial(RehearsedMigration(migration, script, nothing, not_run=why), 0.0)


def _one(stand: Stand, migration: Migration, pace: Pace, empty: _Columns) -> Trial:
    """Empty tables tell whether the migration runs at all and what it touches; rows tell whether it always would."""
    script = split(migration.text)
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
            played = Played(migration, script, roles, pace.policy, empty)
            trial = on_rows(stand, played, touched(script, seen) & tables)
            pace.note(stand, played, trial.rehearsed)
            roles.bring_back(aside)
            stand.follow(stage)
            return replace(trial, rehearsed=replace(trial.rehearsed, doubtful=_doubtful(seen, trial.rehearsed)))
        stand.drop(stage.database)
        observation = seen[failed]
        assert observation is not None
        assert observation.error is not None
        if not stand.prelude.remedied(observation.error.sqlstate, observation.error.message, stand.line):
            return Trial(RehearsedMigration(migration, script, seen), 0.0)


def _doubtful(empty: Sequence[Observation | None], rehearsed: RehearsedMigration) -> frozenset[int]:
    """Of what runs code: what was seen on empty tables, beside what was seen on rows."""
    triples = zip(rehearsed.script.statements, empty, rehearsed.observations, strict=True)
    return frozenset(
        number
        for number, (statement, one, other) in enumerate(triples)
        if one and other and _lasting(one) - _lasting(other)
        if any(isinstance(action, RUNS_CODE) for action in read(statement))
    )


def _lasting(seen: Observation) -> set[CatalogChange]:
    """Not in the server's own schemas: temporary tables, and TOAST tables, whose names hold a number."""
    return {c for c in seen.facts.changes if not any(name.schema.startswith("pg_") for name in names_in(c))}
