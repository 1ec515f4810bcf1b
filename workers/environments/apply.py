"""Applies one migration to a live database, in its runner's transactions, trying again where a lock cannot be had."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import psycopg

from workers.environments.attempt import CANCELED, Attempt, Fate, Site, Tried
from workers.environments.model import Blocker, Timeouts
from workers.environments.onlooker import Now, Onlooker
from workers.environments.sending import LOST
from workers.environments.traces import Known, known_of
from workers.environments.units import Plan, Unit, plan_of
from workers.errors import Cancelled
from workers.model import Migration, SqlError

__all__ = ["Applied", "Fate", "Site", "apply_migration"]

# Not the migration's fault, and gone in a moment: 55P03 lock_not_available, 40P01 deadlock_detected
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_AGAIN = frozenset({"55P03", "40P01"})
# Refused inside a transaction block: 25001 active_sql_transaction; 2D000 for a procedure or DO that commits.
_REFUSED_IN_BLOCK = frozenset({"25001", "2D000"})
_LONGEST_MS = 2**31 - 1  # that lock_timeout takes
_SHORTEST_PAUSE_MS = 100
_TICK_S = 0.1


@dataclass(frozen=True, slots=True)
class Applied:
    """statements_done: those that stand, of all the file's statements. attempts: 1, and one for each time a lock could
    not be had and it was tried again. waited_ms: in tries that ended so, and between them. blockers: who was waited for
    last."""

    fate: Fate
    error: SqlError | None
    statements_done: int
    statements: int
    attempts: int
    duration_ms: float
    waited_ms: float = 0.0
    blockers: tuple[Blocker, ...] = ()


def apply_migration(site: Site, migration: Migration, finish: Callable[[], None]) -> Applied:
    """finish: writes down that the migration is applied, in the same transaction as its end wherever that can be, so
    that nobody can ever see one without the other; called again when that transaction was rolled back and is tried
    again; what it says by psycopg.Error or Refused is the migration's error. Raises Cancelled, only when nothing of the
    migration stays, and what else finish raises. The session keeps what the file SETs, as with its runner."""
    began = time.monotonic()
    if "\0" in migration.text:  # the protocol would end the file there
        line = migration.text.count("\n", 0, migration.text.index("\0")) + 1
        return Applied(
            Fate.ROLLED_BACK, SqlError("22021", "the file holds a character of value zero", line), 0, 0, 0, 0
        )
    plan = plan_of(migration)
    try:
        known = known_of(site.connection)
    except psycopg.OperationalError:
        return Applied(Fate.ROLLED_BACK, SqlError(LOST.sqlstate, LOST.message), 0, plan.statements, 0, 0)
    with Onlooker(site.watch, site.open_another, known.pid, migration.id, plan.statements) as onlooker:
        run = _Run(site, known, plan, onlooker)
        tried = run.through(finish)
    done = run.done + tried.standing
    if tried.stopped and not done:
        raise Cancelled(f"{migration.id} was stopped, and nothing of it stays")
    fate = Fate.PARTLY if tried.fate is Fate.ROLLED_BACK and done else tried.fate
    duration_ms = (time.monotonic() - began) * 1000
    return Applied(
        fate, tried.error, done, plan.statements, run.attempts, duration_ms, run.waited_ms, onlooker.blockers
    )


def lock_timeouts_ms(timeouts: Timeouts) -> tuple[int, ...]:
    """One for each try, each twice the one before; 0 is no limit, also twice."""
    return tuple(min(timeouts.lock_ms << tried, _LONGEST_MS) for tried in range(max(1, timeouts.lock_attempts)))


@dataclass(slots=True)
class _Run:
    """done: statements of the units that are through."""

    site: Site
    known: Known
    plan: Plan
    onlooker: Onlooker
    done: int = 0
    attempts: int = 1
    waited_ms: float = 0.0

    def through(self, finish: Callable[[], None]) -> Tried:
        """What came of the last unit that was tried."""
        *before, last = self.plan.units
        for unit in before:
            tried = self._unit(unit, None)
            if tried.fate is not Fate.APPLIED:
                return tried
            self.done += unit.statements
        return self._unit(last, finish)

    def _unit(self, unit: Unit, finish: Callable[[], None] | None) -> Tried:
        if self.site.watch.cancelled():
            return _stopped()
        tried = self._climb(unit, finish)
        refused = tried.error is not None and tried.error.sqlstate in _REFUSED_IN_BLOCK
        return self._climb(unit.without_block(), finish) if refused and unit.may_commit else tried

    def _climb(self, unit: Unit, finish: Callable[[], None] | None) -> Tried:
        """Up the ladder of lock timeouts: a short wait in front of a table lets nobody else wait for long."""
        first, *more = (0,) if unit.form.waits else lock_timeouts_ms(self.site.timeouts)
        tried = self._attempt(unit, first, finish)
        for lock_ms in more:
            if not _again(tried):
                break
            self.attempts += 1
            if not self._pause(max(lock_ms // 8, _SHORTEST_PAUSE_MS)):
                return _stopped()
            tried = self._attempt(unit, lock_ms, finish)
        return tried

    def _attempt(self, unit: Unit, lock_ms: int, finish: Callable[[], None] | None) -> Tried:
        began = time.monotonic()
        self.onlooker.now = Now(self.done, self.attempts, began)
        tried = Attempt(self.site, self.known, lock_ms, self.plan.own, self._look, finish).of(unit)
        self.onlooker.now = None
        if _again(tried):
            self.waited_ms += (time.monotonic() - began) * 1000
        return tried

    def _look(self) -> bool:
        self.onlooker.look()
        return self.site.watch.cancelled()

    def _pause(self, pause_ms: int) -> bool:
        """Lets those through who wait behind us; whether to go on."""
        self.waited_ms += pause_ms
        deadline = time.monotonic() + pause_ms / 1000
        while (left_s := deadline - time.monotonic()) > 0 and not self.site.watch.cancelled():
            time.sleep(min(left_s, _TICK_S))
        return not self.site.watch.cancelled()


def _again(tried: Tried) -> bool:
    return tried.fate is Fate.ROLLED_BACK and tried.error is not None and tried.error.sqlstate in _AGAIN


def _stopped() -> Tried:
    return Tried(Fate.ROLLED_BACK, SqlError(CANCELED, "stopped on request"), stopped=True)
