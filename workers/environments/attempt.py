"""Tries one unit of a migration once, and tells truly what came of it."""

from __future__ import annotations

import enum
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from workers.environments.model import Timeouts, Watch
from workers.environments.sending import LOST, Failure, send
from workers.environments.traces import Ending, Known, OpenAnother, ending, left_behind, leftovers
from workers.environments.units import TIMEOUTS, Form, Piece, Unit
from workers.errors import Refused
from workers.model import SqlError

CANCELED = "57014"
# On a line of its own, as the file may end with a comment.
_XID = "\n;SELECT pg_catalog.pg_current_xact_id()"
_LEFT_OPEN = Failure("25001", "the file ends inside a transaction that it began")  # active_sql_transaction
# Class 22, data exception (https://www.postgresql.org/docs/current/errcodes-appendix.html), quotes values in its
# messages; with other errors they are in DETAIL.
_DATA_EXCEPTION = "22"
_QUOTED = re.compile('"(.*)"', re.DOTALL)
_COMMITS = "it commits as it goes: what it did before it failed may stay"


class Fate(enum.StrEnum):
    """What became of it. ROLLED_BACK: nothing of it stays. PARTLY: what stands before the failing statement stays, or
    what that one leaves behind. UNKNOWN: the connection was lost at a moment that leaves it open, or all of it ran and
    was not written down."""

    APPLIED = "applied"
    ROLLED_BACK = "rolled back"
    PARTLY = "partly"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Site:
    """Where it happens. connection: in autocommit; once lost it is closed. open_another: a connection to the same
    database for a purpose in a few words; may raise Unreachable and Refused. Asked for from another thread, too."""

    connection: psycopg.Connection[Any]
    open_another: OpenAnother
    timeouts: Timeouts
    watch: Watch

    @property
    def patience_s(self) -> float:
        """How long a server that went away is waited for."""
        return 3 * self.timeouts.connect_ms / 1000


@dataclass(frozen=True, slots=True)
class Tried:
    """standing: how many statements of the unit stand. stopped: on request."""

    fate: Fate
    error: SqlError | None = None
    standing: int = 0
    stopped: bool = False


@dataclass(frozen=True, slots=True)
class Attempt:
    """known: of the site's session. lock_ms: what a statement waits for a lock; 0 for any time. own: timeouts that the
    file sets itself, which are left to it. stop: asked all the time. finish: None where more units follow."""

    site: Site
    known: Known
    lock_ms: int
    own: frozenset[str]
    stop: Callable[[], bool]
    finish: Callable[[], None] | None

    def of(self, unit: Unit) -> Tried:
        """Raises what finish raises, other than an error of the server's."""
        return self._in_block(unit) if unit.form is Form.BLOCK else self._bare(unit)

    # ------------------------------------------------------------ in a transaction of ours

    def _in_block(self, unit: Unit) -> Tried:
        try:
            heard = self._say(unit.pieces, ("BEGIN", *self._timeouts("SET LOCAL", unit.form)), _XID)
            if heard.error is None and self.stop():
                heard = replace(heard, error=SqlError(CANCELED, "stopped on request"))
            if heard.error:
                self._quietly("ROLLBACK")
                return self._failed(heard)
            if self.finish:
                self.finish()
        except (psycopg.Error, Refused) as error:
            self._quietly("ROLLBACK")
            return Tried(Fate.ROLLED_BACK, self._refused(error))
        except BaseException:
            self._quietly("ROLLBACK")
            raise
        answer = send(self.site.connection, "COMMIT")
        if answer.lost:
            return self._after_commit(heard.value, unit)
        if answer.failure:
            return Tried(Fate.ROLLED_BACK, _error(answer.failure))
        return Tried(Fate.APPLIED, standing=unit.statements)

    def _after_commit(self, xid: str, unit: Unit) -> Tried:
        found = ending(self.site.open_another, xid, self.known.server_start, self.site.patience_s)
        if found is Ending.COMMITTED:
            return Tried(Fate.APPLIED, standing=unit.statements)
        return Tried(Fate.ROLLED_BACK if found is Ending.ABORTED else Fate.UNKNOWN, _error(LOST))

    # ------------------------------------------------------------ as it is

    def _bare(self, unit: Unit) -> Tried:
        connection, names = self.site.connection, self._names
        before = self._leftovers(unit)
        self._quietly("; ".join(self._timeouts("SET", unit.form)))
        if before is None or connection.closed:
            return Tried(Fate.ROLLED_BACK, _error(LOST))
        heard = self._say(unit.pieces)
        if heard.lost:
            return self._lost(unit, heard, before)
        if connection.info.transaction_status is not TransactionStatus.IDLE:
            self._quietly("ROLLBACK")
            heard = replace(heard, error=heard.error or _error(_LEFT_OPEN))
        self._quietly("; ".join(f"RESET {name}" for name in names))
        return self._finished(unit) if heard.error is None else self._stays(unit, heard, before)

    def _finished(self, unit: Unit) -> Tried:
        """After it, as it cannot be a part of it."""
        try:
            if self.finish:
                self.finish()
        except (psycopg.Error, Refused) as error:
            return Tried(Fate.UNKNOWN, self._refused(error), unit.statements)
        return Tried(Fate.APPLIED, standing=unit.statements)

    def _lost(self, unit: Unit, heard: _Heard, before: frozenset[str]) -> Tried:
        """What is left behind can be seen; that nothing is says little."""
        if _leaves(unit) and (
            left := left_behind(self.site.open_another, self.known.pid, before, self.site.patience_s)
        ):
            return Tried(Fate.PARTLY, _hinted(heard, _removal(left)))
        return Tried(Fate.UNKNOWN, heard.error)

    def _stays(self, unit: Unit, heard: _Heard, before: frozenset[str]) -> Tried:
        if unit.form is Form.COMMITTING:
            return Tried(Fate.PARTLY, _hinted(heard, _COMMITS))
        after = self._leftovers(unit)
        if after is None:
            return Tried(Fate.UNKNOWN, heard.error)
        left = after - before
        return Tried(Fate.PARTLY, _hinted(heard, _removal(left))) if left else self._failed(heard)

    def _leftovers(self, unit: Unit) -> frozenset[str] | None:
        """None when the connection is lost."""
        try:
            return leftovers(self.site.connection) if _leaves(unit) else frozenset()
        except psycopg.OperationalError:
            return None

    # ------------------------------------------------------------ what is said and heard

    def _say(self, pieces: Sequence[Piece], opening: tuple[str, ...] = (), closing: str = "") -> _Heard:
        """opening, closing: statements of ours, in one message with the first and the last piece, so that they cost no
        time of their own."""
        completed = committed = 0
        pieces = pieces or (_NOTHING,)
        for piece in pieces:
            ours = "".join(f"{statement};" for statement in opening)
            text = f"{ours}{piece.text}{closing if piece is pieces[-1] else ''}"
            answer = send(self.site.connection, text, self.stop, piece.copy_data)
            done = min(max(0, answer.completed - len(opening)), len(piece.lines))
            if answer.committed > len(opening):
                committed = completed + min(answer.committed - len(opening), done)
            if answer.failure:
                return _Heard(_error(answer.failure, piece, done, len(ours)), committed, answer.lost)
            completed += done
            opening = ()
        return _Heard(None, committed, value=answer.value)

    def _quietly(self, sql: str) -> None:
        """What it says does not matter; that the connection is lost is seen by the next."""
        send(self.site.connection, sql)

    def _timeouts(self, verb: str, form: Form) -> tuple[str, ...]:
        lock_ms, statement_ms = (0, 0) if form.waits else (self.lock_ms, self.site.timeouts.statement_ms)
        wanted = {"lock_timeout": lock_ms, "statement_timeout": statement_ms}
        return tuple(f"{verb} {name} = {wanted[name]}" for name in self._names)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(name for name in TIMEOUTS if name not in self.own)

    def _failed(self, heard: _Heard) -> Tried:
        stopped = heard.error is not None and heard.error.sqlstate == CANCELED and self.site.watch.cancelled()
        return Tried(Fate.PARTLY if heard.committed else Fate.ROLLED_BACK, heard.error, heard.committed, stopped)

    def _refused(self, error: psycopg.Error | Refused) -> SqlError:
        """What was said to something that is not the migration's. Raises a mistake of ours."""
        if isinstance(error, Refused):
            return SqlError("", str(error))
        if error.sqlstate is None and not self.site.connection.closed:
            raise error
        return SqlError(error.sqlstate or LOST.sqlstate, error.diag.message_primary or LOST.message)


_NOTHING = Piece("", 1, ())


@dataclass(frozen=True, slots=True)
class _Heard:
    """committed: the statements up to the last COMMIT in the text. value: the first of the last row."""

    error: SqlError | None
    committed: int = 0
    lost: bool = False
    value: str = ""


def _leaves(unit: Unit) -> bool:
    return unit.form is Form.CONCURRENT


def _hinted(heard: _Heard, hint: str) -> SqlError:
    assert heard.error is not None
    return replace(heard.error, hint=hint)


def _removal(left: Iterable[str]) -> str:
    return f"something of it stays, which is not in use and is removed with: {'; '.join(sorted(left))}"


def _error(failure: Failure, piece: Piece = _NOTHING, completed: int = 0, before_chars: int = 0) -> SqlError:
    """completed: how many of the piece's statements were through; before_chars: what the message held before it."""
    line = next(iter(piece.lines[completed:]), None)
    if failure.position > before_chars:
        line = piece.line + piece.text.count("\n", 0, failure.position - before_chars - 1)
    return SqlError(failure.sqlstate, _public(failure, piece.text), line, hint=failure.hint or None)


def _public(failure: Failure, text: str) -> str:
    """Of what is quoted, only what the file says itself is quoted on."""
    if not failure.sqlstate.startswith(_DATA_EXCEPTION):
        return failure.message
    return _QUOTED.sub(lambda found: found[0] if found[1] in text else '"…"', failure.message)
