"""Plays a migration on adversarial rows, then undoes it: what fails may fail on real rows, what passes is proven."""

from __future__ import annotations

import functools
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

from workers.errors import CannotAnalyse
from workers.failing import failure
from workers.model import Script, Statement
from workers.play import play
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.imprint import imprint, untouched
from workers.postgres.observe import Observer
from workers.postgres.relations import Relations
from workers.preflight import Known
from workers.preflight.rejections import Ask, follows, milder, only_checks, our_own_doing, rejected, said
from workers.rehearsed import Observation, RehearsedMigration, Rejection
from workers.remedies import End, Rewrites, ends_of, prove_rewrites, rewrites_in
from workers.rollback.attribution import with_objects
from workers.rollback.grading import DataEffects
from workers.rollback.proof import States
from workers.rollback.rows import Fingerprint, fingerprint
from workers.sql.actions import RUNS_CODE, Delete, Insert, Merge, Update
from workers.sql.read import read
from workers.stand import Stage, Stand
from workers.undoing.kept import keeping
from workers.undoing.ours import around, dumped_before, effects_on_rows, rolled_back
from workers.undoing.played import Done, Played, Retrial, filled, place
from workers.undoing.written import try_written
from workers.words import LockMode, Name

# How often a migration is tried again without the rows of a table that it failed on; the last try has no rows at all.
_TRIES = 5

# How many rejected statements are left out to hear what the rows tell about those behind them: each costs a play.
_MOST_LEFT_OUT = 12


@dataclass(frozen=True, slots=True)
class Trial:
    """prove_ms: the part of the time that the rollback's proof took."""

    rehearsed: RehearsedMigration
    prove_ms: float


def touched(script: Script, observations: Sequence[Observation | None]) -> frozenset[Name]:
    """What was locked more strongly than for reading; and what was read by a statement that may write what it reads: a
    loop over the rows of an empty table does nothing that could be seen."""
    pairs = zip(script.statements, observations, strict=True)
    return frozenset(
        lock.relation
        for statement, seen in pairs
        if seen
        for lock in seen.facts.locks
        if lock.mode > LockMode.ACCESS_SHARE or _writes_what_it_reads(statement)
    )


def _writes_what_it_reads(statement: Statement) -> bool:
    return any(isinstance(action, RUNS_CODE | Insert | Update | Delete | Merge) for action in read(statement))


def on_rows(stand: Stand, played: Played, tables: frozenset[Name]) -> Trial:
    """Fills the tables with rows and plays; a statement that fails is a rejection, and the migration is tried again
    without the rows at fault. Raises CannotAnalyse when it then fails on empty tables, too."""
    rejections: list[Rejection] = []
    ask = Ask(tables, empty=played.empty)
    dump = dumped_before(stand)
    if played.roles.known is not None:
        dump()  # they belong to all databases: later, the line would not show their former names
    for tried in range(1, _TRIES + 1):
        ask = ask if tried < _TRIES else Ask()
        attempt = _attempt(stand, played, tables, ask, dump)
        if isinstance(attempt, _Passed):
            return _tried_further(stand, played, ask, attempt, rejections)
        if not stand.cluster.alive():
            break
        first = _rejection(stand, attempt.stage, played, attempt.seen, attempt.statement)
        for each in _rejections(stand, played, ask, first):
            statement = played.script.statements[each.statement]
            if not said(each, rejections) and not our_own_doing(statement, each):
                rejections.append(each)
            if each is first or each.table in ask.tables:
                ask = milder(ask, statement, each, attempt.stage.observer.met)
    raise CannotAnalyse(f"{played.migration.path}:1: passes on empty tables, but not a second time, on rows")


@dataclass(frozen=True, slots=True)
class _Passed:
    """A play that came to its end and was taken back by our own rollback, where it stands. prove_ms: what that took."""

    rehearsed: RehearsedMigration
    states: States
    effects: DataEffects
    rewrites: Rewrites
    end: End
    prove_ms: float


@dataclass(frozen=True, slots=True)
class _Failed:
    """A play that ended at a statement."""

    stage: Stage
    seen: Observation | None
    statement: int


def _attempt(
    stand: Stand, played: Played, tables: frozenset[Name], ask: Ask, dump: Callable[[], str]
) -> _Passed | _Failed:
    """tables: which are compared; dump: tells the schema before the migration, as pg_dump writes it."""
    with (
        stand.stage() as stage,
        stand.cluster.connect(Role.MIGRATION, stage.database) as reader,
    ):
        printed = imprint(reader)
        held = filled(reader, ask)
        before = read_catalog(reader)
        rows = fingerprint(reader, before, sorted(tables | held))
        stage.observer.rows = _counts(rows, stage.observer.relations)
        made = _made(stage.observer)
        theirs = fingerprint(reader, before, sorted(made - rows.keys()))
        seen = play(stage, played.script, played.migration.transaction)
        failed = failure(seen)
        if failed is None:
            states = States(
                before,
                read_catalog(reader),
                {**rows, **theirs},
                dump,
                is_back=lambda reader: untouched(reader, printed),
            )
            attempt: _Passed | _Failed = _taken_back(Done(stand, stage, reader, played), states, seen, made)
        else:
            attempt = _Failed(stage, seen[failed], failed)
    stand.drop(stage.database)
    played.roles.put_aside()
    return attempt


def _taken_back(done: Done, states: States, seen: Sequence[Observation | None], made: frozenset[Name]) -> _Passed:
    """made: the tables that the pull request's earlier migrations have made."""
    began = time.monotonic()
    played, before, after = done.played, states.before, states.after
    told = with_objects(played.script.statements, seen, before, after)
    rehearsed = RehearsedMigration(played.migration, played.script, told, before=before, after=after)
    rewrites = rewrites_in(rehearsed, made, played.policy) if _time_is_left(done.stand.cluster) else {}
    end = End(after, fingerprint(done.reader, after, ends_of(rehearsed, states.rows)) if rewrites else {})
    states = around(played, told, states, made)
    effects = effects_on_rows(done, told)
    rehearsed = replace(rehearsed, rollback=rolled_back(done, states, effects))
    return _Passed(rehearsed, states, effects, rewrites, end, (time.monotonic() - began) * 1000)


def _tried_further(stand: Stand, played: Played, ask: Ask, passed: _Passed, rejections: Sequence[Rejection]) -> Trial:
    """What needs fresh places: the other ways back, and the safe forms of statements."""
    began = time.monotonic()
    retrial = Retrial(stand, played, passed.states, functools.partial(place, stand, played, ask))
    assert passed.rehearsed.rollback is not None
    kept = keeping(retrial, passed.rehearsed.rollback, passed.effects)
    written = try_written(retrial)
    rehearsed = replace(passed.rehearsed, rejections=tuple(rejections), kept=kept, written=written)
    proof = prove_rewrites(rehearsed, passed.rewrites, passed.end, retrial.place)
    prove_ms = passed.prove_ms + (time.monotonic() - began) * 1000
    return Trial(replace(rehearsed, proven=proof.proven, refuted=proof.refuted), prove_ms)


def _time_is_left(cluster: Cluster) -> bool:
    """For what a review can do without: the migrations that are still to come need theirs."""
    return cluster.remaining_ms() > cluster.limits.total_ms / 2


def _made(observer: Observer) -> frozenset[Name]:
    """The tables that the pull request's earlier migrations have made."""
    tables = ((oid, relation) for oid, relation in observer.relations.items() if relation.is_table)
    return frozenset(relation.name for oid, relation in tables if oid not in observer.base)


def _counts(rows: Fingerprint, relations: Relations) -> dict[int, int]:
    """How many rows each table holds, by OID, where they are not too many to be read."""
    contents = ((oid, rows.get(relation.name)) for oid, relation in relations.items())
    return {oid: len(content.rows) for oid, content in contents if content and content.complete}


# ---------------------------------------------------------------- what failed


def _rejections(stand: Stand, played: Played, ask: Ask, first: Rejection) -> tuple[Rejection, ...]:
    """The first, and those behind it that the same rows bring out: what was rejected is left out, as long as it only
    checks rows, and the rest is played again."""
    statements = played.script.statements
    found, left_out, last = [first], {first.statement}, first.statement
    while (
        only_checks(statements[last])
        and last + 1 < len(statements)
        and len(left_out) <= _MOST_LEFT_OUT
        and _time_is_left(stand.cluster)
    ):
        numbers = [number for number in range(len(statements)) if number not in left_out]
        script = replace(played.script, statements=tuple(statements[number] for number in numbers))
        with (
            stand.stage() as stage,
            stand.cluster.connect(Role.MIGRATION, stage.database) as reader,
        ):
            filled(reader, ask)
            seen = play(stage, script, played.migration.transaction)
        stand.drop(stage.database)
        played.roles.put_aside()
        failed = failure(seen)
        if failed is None or not only_checks(script.statements[failed]) or not stand.cluster.alive():
            break
        last = numbers[failed]
        left_out.add(last)
        rejection = _rejection(stand, stage, played, seen[failed], last)
        if not follows(rejection, found):
            found.append(rejection)
    return tuple(found)


def _rejection(stand: Stand, stage: Stage, played: Played, seen: Observation | None, number: int) -> Rejection:
    known = Known(stand.base, stage.observer.met, stand.cluster.installation.major)
    return rejected(played.script.statements[: number + 1], seen, played.migration.path, known)
