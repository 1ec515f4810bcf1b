"""Runs migrations on a copy in the transactions of their runner, and takes each statement's time and locks."""

from __future__ import annotations

import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from workers.environments.model import Progress
from workers.environments.rehearsal.locks import Samples, Table, locks, pid_of, tables
from workers.environments.rehearsal.minder import Minder, TimeUp
from workers.environments.rehearsal.on_copy import Measured, TakenLock, without_values
from workers.environments.rehearsal.plans import Plan, is_control
from workers.environments.sending import send
from workers.errors import Cancelled, Unreachable
from workers.model import SqlError, Statement
from workers.postgres.observe import sql_error
from workers.postgres.outcome import ServerError
from workers.sql.actions import Action, LockTable, Truncate
from workers.sql.known_tables import Known
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.wording import action_name, must_run_alone
from workers.words import LockMode

# 25001, 2D000: not inside a transaction block. 55P04: a value of an enum, used before its transaction is committed
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
REFUSED_IN_BLOCK = frozenset({"25001", "2D000"})
REFUSED_IN_ONE = REFUSED_IN_BLOCK | {"55P04"}

_WEAKEST = LockMode.ROW_EXCLUSIVE  # what a migration that only reads does not take
_RENEWING = LockMode.SHARE_UPDATE_EXCLUSIVE  # whose storage is replaced is locked more strongly


@dataclass(frozen=True, slots=True)
class Ground:
    """side: a second connection, to look from while a statement runs outside a transaction."""

    connection: psycopg.Connection[Any]
    side: psycopg.Connection[Any]
    minder: Minder


class Trial:
    """One run. in_one: all in one transaction that is rolled back at the end; where the locks of one migration are
    still held in the next, what that one takes is read from its text."""

    def __init__(self, ground: Ground, plans: Sequence[Plan], *, in_one: bool) -> None:
        self._ground, self._plans, self._in_one = ground, plans, in_one
        self._connection = ground.connection
        self._pid = 0
        self._before: Mapping[int, Table] = {}  # sizes are told as they were before all
        self._tables: Mapping[int, Table] = {}
        self._held: Mapping[int, LockMode] = {}
        self._started: dict[int, float] = {}  # of the open block's statements
        self._planned = sum(len(plan.statements) for plan in plans)
        self.measured: list[Measured] = []
        self.committed = False  # something may have been

    def run(self) -> None:
        """Up to the first error, which the last of `measured` has. Raises Unreachable, Cancelled, TimeUp, and
        psycopg.Error for what is asked between the statements."""
        try:
            self._pid = pid_of(self._connection)
            self._tables = self._before = tables(self._connection)
            if self._in_one:
                self._connection.execute("begin")
            for plan in self._plans:
                if not self._play(plan):
                    break
            self._roll_back()
        except (Cancelled, TimeUp):
            self._roll_back()
            raise

    # ------------------------------------------------------------ one migration

    def _play(self, plan: Plan) -> bool:
        for statement in plan.statements:
            actions = read(statement)
            name = action_name(actions)
            told = Progress("rehearsal", f"{plan.migration.id}: {name}", len(self.measured), self._planned)
            self._ground.minder.check()
            self._ground.minder.watch.tell(told)
            self.measured.append(Measured(plan.migration.id, statement.line, name, 0.0))
            if not self._step(plan, statement, actions):
                return False
        return not plan.statements or not self._in_block or self._end_block(plan.statements[-1])

    def _step(self, plan: Plan, statement: Statement, actions: Sequence[Action]) -> bool:
        """Whether the migration goes on behind it. A statement outside any block gets one of ours, to see its locks
        while they are held; unless the server minds, as it minds LOCK TABLE without one."""
        if is_control(actions):
            return self._control(statement)
        single = not plan.wrapped and (self._in_one or not self._in_block)
        if single and not self._in_one and (must_run_alone(actions) or any(isinstance(a, LockTable) for a in actions)):
            return self._alone(statement)
        if not self._in_block:
            self._connection.execute("begin")
        if self._in_transaction(statement, actions):
            return not single or self._end_block(statement)
        error = self.measured[-1].error
        if single and not self._in_one and error and error.sqlstate in REFUSED_IN_BLOCK:
            self._roll_back()
            return self._alone(statement)
        return False

    def _control(self, statement: Statement) -> bool:
        """BEGIN, COMMIT … touch no table."""
        passed = self._run(statement)
        if not self._in_block:
            self.committed = True
            self._settle()
        return passed

    def _in_transaction(self, statement: Statement, actions: Sequence[Action]) -> bool:
        self._started[len(self.measured) - 1] = time.monotonic()
        if not self._run(statement):
            return False
        if not self._in_block:
            return True
        now = locks(self._connection, self._pid)
        taken = {oid: mode for oid, mode in now.items() if mode > self._held.get(oid, 0)}
        expected = {lock.relation: lock.mode for lock in predict(actions, Known()).locks}
        for oid, table in self._tables.items():
            if oid in self._held and oid not in taken and table.name in expected:
                taken[oid] = expected[table.name]
        strong = [oid for oid, mode in now.items() if mode >= _RENEWING]
        self._tell(taken, {}, actions, strong)
        self._held = now
        return True

    def _alone(self, statement: Statement) -> bool:
        self.committed = True
        with Samples(self._ground.side, self._pid) as samples:
            passed = self._run(statement)
        self._tell(samples.modes, samples.held_ms, read(statement), None)
        return passed

    # ------------------------------------------------------------ what was seen

    def _run(self, statement: Statement) -> bool:
        began = time.monotonic()
        error = self._send(statement.text, statement)
        self._last(duration_ms=(time.monotonic() - began) * 1000, error=error)
        return error is None

    def _send(self, text: str, statement: Statement) -> SqlError | None:
        """The server's error, without what may be a row's."""
        answer = send(self._connection, text, self._ground.minder.over, statement.copy_data)
        if answer.lost:
            raise Unreachable(f"the copy was lost in the rehearsal, at `{self.measured[-1].migration}`")
        if answer.failure is None:
            return None
        self._ground.minder.check()
        sqlstate, message = answer.failure.sqlstate, answer.failure.message
        error = ServerError(sqlstate, without_values(sqlstate, message), position=answer.failure.position or None)
        return sql_error(error, statement)

    def _tell(
        self,
        taken: Mapping[int, LockMode],
        held_ms: Mapping[int, float],
        actions: Sequence[Action],
        looked_at: Collection[int] | None,
    ) -> None:
        """Locks and rewrites of the last statement, and the tables as they are now. looked_at: None for all."""
        found = tables(self._connection, looked_at)
        was = self._tables
        emptied = any(isinstance(action, Truncate) for action in actions)  # which replaces the storage, too
        renewed = [oid for oid, table in found.items() if oid in was and table.filenode != was[oid].filenode]
        self._last(
            locks=tuple(
                TakenLock(was[oid].name, mode, held_ms.get(oid, 0.0), self._before[oid].rows, self._before[oid].bytes)
                for oid, mode in sorted(taken.items())
                if oid in self._before and oid in was and mode >= _WEAKEST
            ),
            rewritten=() if emptied else tuple(was[oid].name for oid in renewed if oid in self._before),
        )
        gone = set(was) if looked_at is None else set(looked_at)
        self._tables = {oid: table for oid, table in was.items() if oid not in gone} | found

    def _last(self, **changes: Any) -> None:
        self.measured[-1] = replace(self.measured[-1], **changes)

    # ------------------------------------------------------------ blocks

    @property
    def _in_block(self) -> bool:
        return self._connection.info.transaction_status is not TransactionStatus.IDLE

    def _end_block(self, statement: Statement) -> bool:
        """As its runner would commit here; what was deferred speaks now, and the last statement gets its error."""
        error = self._send("set constraints all immediate" if self._in_one else "commit", statement)
        self._settle()
        if error:
            self._last(error=error)
        self.committed = self.committed or not (error or self._in_one)
        return error is None

    def _roll_back(self) -> None:
        if self._in_block:
            self._connection.execute("rollback")
            self._settle()

    def _settle(self) -> None:
        """Locks are held until their transaction ends: now it is known how long."""
        now = time.monotonic()
        for index, started in self._started.items():
            seen = self.measured[index]
            held = tuple(replace(lock, held_ms=(now - started) * 1000) for lock in seen.locks)
            self.measured[index] = replace(seen, locks=held)
        self._started.clear()
        if not self._in_one:
            self._held = {}
