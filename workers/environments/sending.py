"""Sends one message and waits for its end, however long that takes; keeps nothing of the answer but how it ended."""

from __future__ import annotations

import contextlib
import select
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import psycopg
from psycopg import pq

_TICK_S = 0.1
_CANCEL_S = 1.0  # between two requests: one that comes between two statements is forgotten by the server
_PATIENCE_S = 60.0  # with a server that does not answer a request to cancel: the network is gone
_COPY_CHARS = 65536
# By which a transaction ends so that it stands (https://www.postgresql.org/docs/current/protocol-message-formats.html,
# CommandComplete).
_COMMITTED = frozenset((b"COMMIT", b"COMMIT PREPARED", b"PREPARE TRANSACTION"))

# class 08: connection exception (https://www.postgresql.org/docs/current/errcodes-appendix.html)
LOST_SQLSTATE = "08006"


@dataclass(frozen=True, slots=True)
class Failure:
    """What the server said, without DETAIL, which holds rows. position: in the message, in characters from 1; 0 where
    the error has none."""

    sqlstate: str
    message: str
    hint: str = ""
    position: int = 0


LOST = Failure(LOST_SQLSTATE, "the connection to the database was lost")


@dataclass(frozen=True, slots=True)
class Answer:
    """completed: the statements that ended without an error; committed: those up to the last COMMIT among them. lost:
    the connection is gone, and failure says what the server said last, or LOST. value: the first of the last row."""

    completed: int
    committed: int
    failure: Failure | None
    lost: bool
    value: str


def send(
    connection: psycopg.Connection[Any],
    text: str,
    stop: Callable[[], bool] = lambda: False,
    copy_data: str | None = None,
) -> Answer:
    """A message of the simple protocol; rows, notices and COPY … TO stdout are thrown away as they come. stop: asked
    ten times a second; once it is true, the server is asked to cancel until the message has ended. copy_data: for a
    COPY … FROM stdin in it."""
    exchange = _Exchange(connection, stop, copy_data)
    try:
        exchange.run(text)
    except psycopg.OperationalError:  # from libpq itself: what the server says is a result
        connection.close()
    except BaseException:  # the process is to end: what runs there would go on without us
        with contextlib.suppress(psycopg.Error):
            connection.cancel_safe(timeout=_CANCEL_S)
        connection.close()
        raise
    lost = connection.closed
    failure = exchange.failure or (LOST if lost else None)
    value = exchange.row.get_value(0, 0) if exchange.row else None
    return Answer(exchange.completed, exchange.committed, failure, lost, (value or b"").decode("utf-8", "replace"))


@dataclass(slots=True)
class _Exchange:
    connection: psycopg.Connection[Any]
    stop: Callable[[], bool]
    copy_data: str | None
    completed: int = 0
    committed: int = 0
    failure: Failure | None = None
    row: pq.abc.PGresult | None = None
    looked: float = field(default_factory=time.monotonic)
    asked: float = 0.0  # to cancel, first
    asked_last: float = 0.0

    def run(self, text: str) -> None:
        pgconn = self.connection.pgconn
        pgconn.send_query(text.encode())
        pgconn.set_single_row_mode()
        self._flush()
        while (result := self._result()) is not None:
            match result.status:
                case pq.ExecStatus.SINGLE_TUPLE:
                    self.row = result
                case pq.ExecStatus.COPY_IN:
                    self._copy_in()
                case pq.ExecStatus.COPY_OUT:
                    self._copy_out()
                case pq.ExecStatus.FATAL_ERROR:
                    self.failure = self.failure or _failure(result)
                case _:
                    self.completed += 1
                    if result.command_status in _COMMITTED:
                        self.committed = self.completed

    def _result(self) -> pq.abc.PGresult | None:
        pgconn = self.connection.pgconn
        while pgconn.is_busy():
            if self._ready(select.POLLIN):
                pgconn.consume_input()
        self._look()
        return pgconn.get_result()

    def _flush(self) -> None:
        pgconn = self.connection.pgconn
        while pgconn.flush():
            if self._ready(select.POLLIN | select.POLLOUT) & select.POLLIN:
                pgconn.consume_input()  # or the server, with its answers not taken, would take no more of ours

    def _ready(self, events: int) -> int:
        poll = select.poll()
        poll.register(self.connection.pgconn.socket, events)
        found = poll.poll(_TICK_S * 1000)
        self._look()
        return found[0][1] if found else 0

    def _copy_in(self) -> None:
        pgconn = self.connection.pgconn
        if self.copy_data is None:
            pgconn.put_copy_end(b"no data follows the COPY statement")
        else:
            for start in range(0, len(self.copy_data), _COPY_CHARS):
                chunk = self.copy_data[start : start + _COPY_CHARS].encode()
                while not pgconn.put_copy_data(chunk):
                    self._ready(select.POLLOUT)
                self._flush()
            pgconn.put_copy_end()
        self._flush()

    def _copy_out(self) -> None:
        pgconn = self.connection.pgconn
        while (size := pgconn.get_copy_data(1)[0]) >= 0:
            if size == 0 and self._ready(select.POLLIN):
                pgconn.consume_input()

    def _look(self) -> None:
        """Raises OperationalError when the server has not answered requests to cancel for a minute."""
        now = time.monotonic()
        if now - self.looked < _TICK_S:
            return
        self.looked = now
        if not self.stop():
            return
        self.asked = self.asked or now
        if now - self.asked > _PATIENCE_S:
            raise psycopg.OperationalError("no answer to requests to cancel")
        if now - self.asked_last > _CANCEL_S:
            self.asked_last = now
            with contextlib.suppress(psycopg.Error):
                self.connection.cancel_safe(timeout=_CANCEL_S)


def _failure(result: pq.abc.PGresult) -> Failure | None:
    """None for what libpq says itself, which is about the connection."""
    sqlstate = result.error_field(pq.DiagnosticField.SQLSTATE)
    if sqlstate is None:
        return None
    message, hint, position = (
        (result.error_field(field) or b"").decode("utf-8", "replace")
        for field in (
            pq.DiagnosticField.MESSAGE_PRIMARY,
            pq.DiagnosticField.MESSAGE_HINT,
            pq.DiagnosticField.STATEMENT_POSITION,
        )
    )
    return Failure(sqlstate.decode(), message, hint, int(position or 0))
