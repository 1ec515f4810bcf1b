"""One migration of a history: applied, taken back, compared with what was before, applied again."""

from __future__ import annotations

import time
from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import psycopg

from workers.audit.beforehand import for_attempt
from workers.audit.line import Line, State
from workers.audit.theirs import claims_nothing, try_theirs
from workers.audit.writes import effects, writes_of
from workers.audited import AuditedMigration
from workers.catalog import Catalog, Kind
from workers.facts import Facts
from workers.model import Migration, SqlError
from workers.postgres.outcome import ServerLost
from workers.postgres.roles import Roles
from workers.rehearsed import Observation
from workers.replay import apply_whole
from workers.rollback.comparison import compare
from workers.rollback.proof import Proof, Rehearsed, States, prove, settle
from workers.rollback.rows import Fingerprint
from workers.rollback.steps import in_use
from workers.rollback.write import Plan, write_rollback
from workers.ways_back import Rollback, Written
from workers.words import Name

# What two runs of one migration write differently without any harm.
_VARYING = ("timestamp", "date", "time", "uuid")

_RAN = Observation(Facts(), 0.0)


@dataclass(frozen=True, slots=True)
class Tried:
    """migration: None where the schema before it has to be dumped, and was not. goes_on: the database is as the
    migration leaves it, so that the next one can be tried on it."""

    migration: AuditedMigration | None
    goes_on: bool


class _NoDump(Exception):
    """The schema before the migration was not dumped, and now it is wanted."""


def tried(line: Line, migration: Migration, *, dumped: bool) -> Tried:
    """An error of the migration's own is told; the database is then as its runner leaves it. dumped: by pg_dump
    beforehand in any case. Raises ServerLost and psycopg.Error where the server is lost before the migration is
    applied."""
    began, noted = time.monotonic(), len(line.prelude.notes)
    trial, error = _applied(line, migration, dumped)
    try:
        rollback, written = (None, None) if error else trial.take_back()
    except _NoDump:
        return Tried(None, trial.goes_on)
    finally:
        trial.forget()
    found = AuditedMigration(
        migration.id,
        migration.path,
        rollback,
        _sentence(error) if error else None,
        written,
        time.monotonic() - began,
        line.prelude.notes[noted:],
        empty_down=error is None and trial.down is None and migration.down is not None,
    )
    return Tried(found, trial.goes_on)


def _applied(line: Line, migration: Migration, dumped: bool) -> tuple[_Trial, SqlError | None]:
    """On a database that has what a platform provides."""
    while True:
        trial, prelude = _Trial(line, migration, dumped), for_attempt(line.prelude, migration)
        error = line.apply(migration, trial.writes, prelude)
        line.prelude.notes = prelude.notes
        if not prelude.made:
            return trial, error
        trial.forget()


def _sentence(error: SqlError) -> str:
    return f"{f'line {error.line}: ' if error.line else ''}{error.message} ({error.sqlstate})"


class _Trial:
    """goes_on: see Tried. down: their own way back, where it has a statement. past or dump: before the migration."""

    def __init__(self, line: Line, migration: Migration, dumped: bool) -> None:
        """Before the migration is applied."""
        self.line, self.migration, self.goes_on = line, migration, True
        self.down = None if migration.down is None or claims_nothing(migration.down) else migration.down
        self.roles = Roles.before(line.cluster, migration.text)
        self.writes = writes_of(migration)
        self.before = line.state()
        dumped = dumped or self.writes.to_dump
        self.past = None if dumped else line.remembered()
        self.dump = line.dump() if dumped else ""
        self.positions = line.positions() if self.writes.actions else {}

    def take_back(self) -> tuple[Rollback, Written | None]:
        """After it."""
        line, before = self.line, self.before
        after = line.state()
        done = effects(self.writes, line.locked, before.with_empty(after.rows.keys()), after.rows)
        inserted = frozenset(effect.table for effect in done.tables if effect.inserted)
        around = (before.catalog, after.catalog)
        statements = self.writes.statements
        used = in_use(statements, [_RAN] * len(statements), around)
        states = States(*around, before.with_empty(inserted), self._dumped, used, self._is_back)
        plan = write_rollback(*around, done)
        try:
            return self._proven(plan, states, after)
        except (ServerLost, psycopg.Error) as lost:
            self.goes_on = False
            return settle(plan, Proof((f"the server was lost over it: {lost}",))), None

    def _proven(self, plan: Plan, states: States, after: State) -> tuple[Rollback, Written | None]:
        line = self.line
        database = Rehearsed(line.reader, self._run, self.again, line.dumped, lambda _: line.look())
        try:
            proof = prove(database, plan, states)
        except _NoDump:
            self._stay(None, after)
            raise
        finally:
            self.forget()
        self._stay(proof.again if proof.proven else None, after)
        written = try_theirs(line, self.down, self.again, states) if self.down and self.goes_on else None
        if written:
            self._stay(None, after)
        return settle(plan, proof), written

    def forget(self) -> None:
        """Nobody looks back any more: what comes next may be done CONCURRENTLY."""
        if self.past:
            self.past.close()

    def _is_back(self, reader: psycopg.Connection[Any]) -> bool:
        return self.past is not None and self.past.is_back(reader)

    def _run(self, sql: str) -> str | None:
        if self.past and " CONCURRENTLY " in sql:
            self.past.leave()
        error = self.line.session.run(sql, simple=True).error
        return error.message if error else None

    def _dumped(self) -> str:
        if self.past:
            raise _NoDump
        return self.dump

    def again(self) -> str | None:
        """Applies the migration once more, on what a rollback has left."""
        self.roles.put_aside()
        self.line.set_back(self.positions)
        error = apply_whole(self.line.second, self.migration, self.line.prelude)
        return error.message if error else None

    def _stay(self, catalog: Catalog | None, after: State) -> None:
        """Whether the database is as the migration leaves it; if need be, by applying it once more. catalog: as it is
        now, where that is known to be right."""
        now = catalog or self.line.look()
        if catalog is None and compare(after.catalog, now):
            self.goes_on = self.again() is None and not compare(after.catalog, now := self.line.look())
        rows = self.line.rows(now)
        self.goes_on = self.goes_on and _same(after.rows, rows, _varying(after.catalog, after.rows))
        self.line.known = State(now, rows)


def _varying(catalog: Catalog, tables: Collection[Name]) -> frozenset[tuple[Name, str]]:
    if not tables:
        return frozenset()
    columns = catalog.of_kind(Kind.COLUMN)
    return frozenset(
        (Name(*each.path[:2]), each.path[2]) for each in columns if (each.text("type") or "").startswith(_VARYING)
    )


def _same(expected: Fingerprint, found: Fingerprint, varying: Collection[tuple[Name, str]]) -> bool:
    """Whether what later migrations find is the same."""
    if expected.keys() != found.keys():
        return False
    for table, content in expected.items():
        columns = [column for column in content.columns if (table, column) not in varying]
        if content.complete and content.of(columns) != found[table].of(columns):
            return False
    return True
