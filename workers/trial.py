"""Plays a migration on adversarial rows, then undoes it: what fails may fail on real rows, what passes is proven."""

from __future__ import annotations

import time
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

import psycopg

from workers.changes import IndexCreated
from workers.errors import CannotAnalyse
from workers.facts import Facts
from workers.model import Migration, Observation, RehearsedMigration, Rejection, Rollback, Script, Statement
from workers.play import failure, play
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Role
from workers.postgres.prelude import Prelude
from workers.postgres.relations import Relations
from workers.postgres.roles import Roles
from workers.postgres.rows import fill
from workers.preflight import Known, preflight_for
from workers.replay import apply
from workers.rollback.effects import effects_of
from workers.rollback.grading import DataEffects
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.rows import Fingerprint, fingerprint
from workers.rollback.write import write_rollback
from workers.sql.actions import Copy, Insert
from workers.sql.read import read
from workers.sql.table_actions import SetNotNull
from workers.stand import Stage, Stand
from workers.words import LockMode, Name

# How often a migration is tried again without the rows of a table that it failed on; the last try has no rows at all.
_TRIES = 5

_NOT_NULL_VIOLATION, _UNIQUE_VIOLATION = "23502", "23505"


@dataclass(frozen=True, slots=True)
class Played:
    """A migration that passed on empty tables."""

    migration: Migration
    script: Script
    roles: Roles


@dataclass(frozen=True, slots=True)
class Trial:
    """prove_ms: the part of the time that the rollback's proof took."""

    rehearsed: RehearsedMigration
    prove_ms: float


@dataclass(frozen=True, slots=True)
class Ask:
    """The tables to fill, and the columns of them that are not to hold NULL."""

    tables: frozenset[Name] = frozenset()
    required: frozenset[tuple[Name, str]] = frozenset()


def milder(ask: Ask, statement: Statement, rejection: Rejection, relations: Relations) -> Ask:
    """What to ask for after a rejection: no NULL where the statement forbids it; else no rows in the table at fault,
    nor in those whose rows need one there; none at all when it is not known."""
    actions = read(statement) if rejection.error.sqlstate == _NOT_NULL_VIOLATION else ()
    forbidden = frozenset((a.table, a.column) for a in actions if isinstance(a, SetNotNull))
    if forbidden - ask.required:
        return replace(ask, required=ask.required | forbidden)
    if rejection.table not in ask.tables:
        return Ask()
    emptied = {rejection.table}
    while more := {name for name in ask.tables - emptied if _needs(name, emptied, relations)}:
        emptied |= more
    return replace(ask, tables=ask.tables - emptied)


def _needs(table: Name, parents: Collection[Name], relations: Relations) -> bool:
    """A foreign key of the table points at one of the parents."""
    targets = {oid for oid, relation in relations.items() if relation.name in parents}
    keys = (key for relation in relations.values() if relation.name == table for key in relation.constraints.values())
    return any(key.references in targets for key in keys if key.references)


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
    for tried in range(1, _TRIES + 1):
        with (
            stand.stage() as stage,
            stand.cluster.connect(Role.MIGRATION, stage.database) as reader,
        ):
            held = _filled(reader, ask if tried < _TRIES else Ask())
            before = read_catalog(reader)
            rows = fingerprint(reader, before, sorted(tables | held))
            stage.observer.rows = _counts(rows, stage.observer.relations)
            seen = play(stage, script, migration.transaction)
            failed = failure(seen)
            if failed is None:
                began = time.monotonic()
                rollback = _rollback(
                    _Done(stand, stage, reader, played),
                    States(before, read_catalog(reader), rows),
                    seen,
                )
                prove_ms = (time.monotonic() - began) * 1000
        stand.drop(stage.database)
        played.roles.put_aside()
        if failed is None:
            return Trial(RehearsedMigration(migration, script, seen, tuple(rejections), rollback), prove_ms)
        if not stand.cluster.alive():
            break
        known = Known(stand.base, stage.observer.met, stand.cluster.installation.major)
        rejection = _rejection(script.statements[: failed + 1], seen[failed], migration.path, known)
        if not _our_own_doing(script, rejection):
            rejections.append(rejection)
        ask = milder(ask, script.statements[failed], rejection, stage.observer.met)
    raise CannotAnalyse(f"{migration.path}:1: passes on empty tables, but not a second time, on rows")


def _filled(reader: psycopg.Connection, ask: Ask) -> frozenset[Name]:
    """The tables that hold rows of ours now, beside those that migrations have put there."""
    if not ask.tables:
        return frozenset()
    filled = fill(reader, sorted(ask.tables), required=ask.required)
    return frozenset(table.table for table in filled.tables if table.inserted)


def _counts(rows: Fingerprint, relations: Relations) -> dict[int, int]:
    """How many rows each table holds, by OID, where they are not too many to be read."""
    contents = ((oid, rows.get(relation.name)) for oid, relation in relations.items())
    return {oid: len(content.rows) for oid, content in contents if content and content.complete}


# ---------------------------------------------------------------- what failed


def _rejection(statements: Sequence[Statement], seen: Observation | None, path: str, known: Known) -> Rejection:
    """About the last of the statements."""
    assert seen is not None
    assert seen.error is not None
    named = (getattr(action, "table", None) for action in read(statements[-1]))
    table = next((name for name in named if isinstance(name, Name)), None)
    query = preflight_for(statements, seen.error, path, known)
    created = (change for change in seen.facts.changes if isinstance(change, IndexCreated))
    invalid = next((change.index for change in created if not change.valid), None)
    return Rejection(len(statements) - 1, table, seen.error, query, invalid)


def _our_own_doing(script: Script, rejection: Rejection) -> bool:
    """A seed row that meets one of ours by its key: we chose that key, and it tells nothing about the real rows."""
    inserts = any(isinstance(action, Insert | Copy) for action in read(script.statements[rejection.statement]))
    return inserts and rejection.error.sqlstate == _UNIQUE_VIOLATION


# ---------------------------------------------------------------- and back again


@dataclass(frozen=True, slots=True)
class _Done:
    """A migration that has just been played, and what it takes to undo it. reader: sees what was committed."""

    stand: Stand
    stage: Stage
    reader: psycopg.Connection
    played: Played


def _rollback(done: _Done, states: States, seen: Sequence[Observation | None]) -> Rollback:
    """Written from the two catalogs, proven on the rows."""
    facts = [one.facts if one else Facts() for one in seen]
    statements = zip(done.played.script.statements, facts, strict=True)
    effects = DataEffects(
        tuple(effect for statement, each in statements for effect in effects_of(read(statement), each)),
        tuple(name for each in facts for name in each.truncated),
    )
    plan = write_rollback(states.before, states.after, effects)

    def run(sql: str) -> str | None:
        error = done.stage.session.run(sql, simple=True).error
        return error.message if error else None

    def again() -> str | None:
        # On a session of its own: temporary tables of the first time must not be in the way.
        done.played.roles.put_aside()
        error = apply(done.stage.other("again", Role.MIGRATION), done.played.migration, Prelude(done.stand.cluster))
        return error.message if error else None

    return settle(plan, prove(Rehearsed(done.reader, run, again), plan, states))
