"""Plays one migration, statement by statement, in the transactions its runner would use, each statement observed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from workers.facts import Facts
from workers.failing import REFUSED_IN_BLOCK, failure
from workers.model import Script, SqlError, Statement, StatementKind, Transaction
from workers.postgres.connections import Role
from workers.postgres.lookout import Lookout
from workers.postgres.observe import Observer, sql_error
from workers.postgres.outcome import ServerLost
from workers.rehearsed import Observation
from workers.sql.actions import (
    Action,
    Cluster,
    CreateIndex,
    DropIndex,
    LockTable,
    Reindex,
    SetParameter,
    TransactionControl,
    Vacuum,
)
from workers.sql.read import read
from workers.sql.table_actions import DetachPartition
from workers.sql.wording import must_run_alone
from workers.stand import Stage
from workers.words import Name

_INSIDE = tuple(map(TransactionControl, ("SAVEPOINT", "RELEASE", "ROLLBACK TO")))  # which need an open block
_SERVER_GONE = "57P01"  # admin_shutdown


def play(stage: Stage, script: Script, transaction: Transaction) -> tuple[Observation | None, ...]:
    """One observation for each statement; None for what was not run: psql's meta-commands, and all behind a failure.

    A statement that cannot run in the block its runner opens is observed outside it, with the error it will meet as its
    error: that is not the end of the play. A server that is lost over a statement is that statement's error."""
    one = sum(statement.kind is StatementKind.SQL for statement in script.statements) == 1
    wrapped = transaction is Transaction.FILE or (transaction is Transaction.SIMPLE_QUERY and not one)
    player = _Player(stage, wrapped, [None] * len(script.statements))
    statement = None
    try:
        for index, statement in enumerate(script.statements):
            if statement.kind is StatementKind.SQL and not player.step(index, statement):
                break
        player.finish()
    except ServerLost as lost:
        assert statement is not None
        error = SqlError(_SERVER_GONE, str(lost), statement.line)
        player.observations[index] = Observation(Facts(), lost.duration_ms, error=error)
    return tuple(player.observations)


@dataclass(slots=True)
class _Player:
    """wrapped: the runner opens a block around the file."""

    stage: Stage
    wrapped: bool
    observations: list[Observation | None]
    started: dict[int, float] = field(default_factory=dict)  # of the open block's statements

    def step(self, index: int, statement: Statement) -> bool:
        """Runs one statement; whether the migration goes on behind it."""
        actions = read(statement)
        control = any(isinstance(action, TransactionControl) for action in actions)
        inside = not control or any(action in _INSIDE for action in actions)
        if self.wrapped and inside and not self.stage.session.in_block:
            self._begin()
        if control or all(isinstance(action, SetParameter) for action in actions):
            observation = self._unobserved(statement)
        elif self.stage.session.in_block:
            observation = self._in_block(index, statement, actions)
        else:
            observation = self._by_itself(index, statement, actions)
        self.observations[index] = observation
        return failure([observation]) is None

    def finish(self) -> None:
        """Ends the block that is still open. Deferred constraints speak now: the last statement gets their error."""
        if not self.stage.session.in_block:
            return
        error = self._end("commit")  # which rolls back, without an error of its own, where the block is aborted
        last = max((index for index, seen in enumerate(self.observations) if seen), default=None)
        if error and last is not None and (seen := self.observations[last]):
            self.observations[last] = replace(seen, error=error)

    # ------------------------------------------------------------ one statement

    def _unobserved(self, statement: Statement) -> Observation:
        """BEGIN, COMMIT, SET … touch no relation; and SET TRANSACTION must come before any query, also before ours."""
        was_open = self.stage.session.in_block
        outcome = self.stage.session.run(statement.text)
        if was_open and not self.stage.session.in_block:
            self._ended()
        if outcome.tag == "ROLLBACK":
            self.stage.observer.load()
        error = None if outcome.error is None else sql_error(outcome.error, statement)
        return Observation(Facts(), outcome.duration_ms, 0, outcome.notices, error, was_open)

    def _in_block(self, index: int, statement: Statement, actions: Sequence[Action]) -> Observation:
        if not must_run_alone(actions):
            return self._timed(index, statement)
        self.stage.session.run("savepoint migration_bot")
        observation = self._timed(index, statement)
        refusal = observation.error
        if refusal is None or refusal.sqlstate not in REFUSED_IN_BLOCK:
            return observation
        self.stage.session.run("rollback to savepoint migration_bot")
        if failed := self._end("commit"):
            return replace(observation, error=failed)
        return self._outside(statement, actions, refusal)

    def _by_itself(self, index: int, statement: Statement, actions: Sequence[Action]) -> Observation:
        """A block of our own around it, to see its locks while they are held; unless the server minds."""
        if must_run_alone(actions) or any(isinstance(action, LockTable) for action in actions):
            return self._outside(statement, actions, None)  # LOCK TABLE outside a block is an error, not to be hidden
        self._begin()
        observation = self._timed(index, statement)
        if observation.error:
            self._end("rollback")
            if observation.error.sqlstate in REFUSED_IN_BLOCK:
                return self._outside(statement, actions, None)
            return replace(observation, in_transaction=False)
        self.observations[index] = replace(observation, in_transaction=False)
        error = self._end("commit")
        ended = self.observations[index]
        assert ended is not None
        return replace(ended, error=error) if error else ended

    def _timed(self, index: int, statement: Statement) -> Observation:
        self.started[index] = time.monotonic()
        observation = self.stage.observer.inside(statement)
        self.observations[index] = observation
        return observation

    def _outside(self, statement: Statement, actions: Sequence[Action], refusal: SqlError | None) -> Observation:
        stage = self.stage
        side, gate = stage.other("side", Role.OBSERVER), stage.other("gate", Role.MIGRATION)
        lookout = Lookout(side, stage.session.pid, gate, _held_up(actions, stage.observer))
        observation = stage.observer.alone(statement, lookout)
        return replace(observation, error=observation.error or refusal)

    # ------------------------------------------------------------ blocks

    def _begin(self) -> None:
        self.stage.session.run("begin")

    def _end(self, verb: str) -> SqlError | None:
        outcome = self.stage.session.run(verb)
        self._ended()
        if outcome.tag != "COMMIT":
            self.stage.observer.load()
        error = outcome.error
        return SqlError(error.sqlstate, error.message, None, error.detail, error.hint) if error else None

    def _ended(self) -> None:
        """Locks are held until their transaction ends: now it is known how long."""
        self.stage.observer.settle()
        now = time.monotonic()
        for index, started in self.started.items():
            if seen := self.observations[index]:
                held_ms = (now - started) * 1000
                locks = tuple(replace(lock, held_ms=held_ms) for lock in seen.facts.locks)
                self.observations[index] = replace(seen, facts=replace(seen.facts, locks=locks))
        self.started.clear()


def _held_up(actions: Sequence[Action], observer: Observer) -> Name | None:
    """The table that the statement is to be held up at; it exists, or there is nothing to hold up."""
    by_name = {relation.name: relation for relation in observer.relations.values()}
    for action in actions:
        match action:
            case CreateIndex(table=wanted) | DetachPartition(table=wanted) | Cluster(table=Name() as wanted):
                pass
            case DropIndex(indexes=(wanted, *_)) | Reindex(name=Name() as wanted) | Vacuum(tables=(wanted, *_)):
                pass
            case _:
                continue
        relation = by_name.get(wanted)
        if relation and relation.is_index:
            relation = observer.relations.get(relation.table)
        if relation and relation.is_table:
            return relation.name
    return None
