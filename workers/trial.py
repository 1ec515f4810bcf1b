"""Plays a migration on adversarial rows, then undoes it: what fails may fail on real rows, what passes is proven."""

from __future__ import annotations

import functools
import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.errors import CannotAnalyse
from workers.failing import failure
from workers.model import Observation, RehearsedMigration, Rejection
from workers.play import play
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.observe import Observer
from workers.postgres.relations import Relations
from workers.preflight import Known
from workers.preflight.rejections import Ask, follows, milder, only_checks, our_own_doing, rejected, said
from workers.remedies import End, ends_of, prove_rewrites, rewrites_in
from workers.rollback.attribution import with_objects
from workers.rollback.proof import States
from workers.rollback.rows import Fingerprint, fingerprint
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


def touched(observations: Sequence[Observation | None]) -> frozenset[Name]:
    """What was locked more strongly than for reading."""
    seen = (lock for one in observations if one for lock in one.facts.locks)
    return frozenset(lock.relation for lock in seen if lock.mode > LockMode.ACCESS_SHARE)


def on_rows(stand: Stand, played: Played, tables: frozenset[Name]) -> Trial:
    """Fills the tables with rows and plays; a statement that fails is a rejection, and the migration is tried again
    without the rows at fault. Raises CannotAnalyse when it then fails on empty tables, too."""
    migration, script = played.migration, played.script
    rejections: list[Rejection] = []
    ask = Ask(tables)
    dump = dumped_before(stand)
    for tried in range(1, _TRIES + 1):
        with (
            stand.stage() as stage,
            stand.cluster.connect(Role.MIGRATION, stage.database) as reader,
        ):
            ask = ask if tried < _TRIES else Ask()
            held = filled(reader, ask)
            before = read_catalog(reader)
            rows = fingerprint(reader, before, sorted(tables | held))
            stage.observer.rows = _counts(rows, stage.observer.relations)
            made = _made(stage.observer)
            theirs = fingerprint(reader, before, sorted(made - rows.keys()))
            seen = play(stage, script, migration.transaction)
            failed = failure(seen)
            if failed is None:
                began = time.monotonic()
                after = read_catalog(reader)
                seen = with_objects(script.statements, seen, before, after)
                rehearsed = RehearsedMigration(migration, script, seen, tuple(rejections), before=before, after=after)
                rewrites = rewrites_in(rehearsed, made, played.policy) if _time_is_left(stand.cluster) else {}
                end = End(after, fingerprint(reader, after, ends_of(rehearsed, rows)) if rewrites else {})
                done = Done(stand, stage, reader, played)
                states = around(script, seen, States(before, after, {**rows, **theirs}, dump))
                effects = effects_on_rows(done, seen)
                rollback = rolled_back(done, states, effects)
                prove_ms = (time.monotonic() - began) * 1000
        stand.drop(stage.database)
        played.roles.put_aside()
        if failed is None:
            began = time.monotonic()
            retrial = Retrial(stand, played, states, functools.partial(place, stand, played, ask))
            kept, written = keeping(retrial, rollback, effects), try_written(retrial)
            proof = prove_rewrites(rehearsed, rewrites, end, retrial.place)
            prove_ms += (time.monotonic() - began) * 1000
            rehearsed = replace(rehearsed, rollback=rollback, kept=kept, written=written)
            return Trial(replace(rehearsed, proven=proof.proven, refuted=proof.refuted), prove_ms)
        if not stand.cluster.alive():
            break
        rejection = _rejection(stand, stage, played, seen[failed], failed)
        for each in _rejections(stand, played, ask, rejection):
            statement = script.statements[each.statement]
            if not said(each, rejections) and not our_own_doing(statement, each):
                rejections.append(each)
            if each is rejection or each.table in ask.tables:
                ask = milder(ask, statement, each, stage.observer.met)
    raise CannotAnalyse(f"{migration.path}:1: passes on empty tables, but not a second time, on rows")


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
