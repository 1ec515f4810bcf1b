"""One connection to the server, watched: every answer ends in bounded time, memory and disk."""

from __future__ import annotations

import contextlib
import select
import socket
import time
from collections.abc import Callable, Iterator
from typing import NoReturn

from psycopg.pq import TransactionStatus

from workers.postgres import wire
from workers.postgres.cluster import Cluster, Role
from workers.postgres.outcome import Loss, ServerLost
from workers.postgres.watch import Deadline, DiskGauge, Step

_TICK_S = 0.05
_SAMPLING_TICK_S = 0.001  # when somebody wants to look at the statement while it runs
_CONNECT_TIMEOUT_S = 10.0
_CLOSE_TIMEOUT_S = 1.0
_STEP_TIMEOUT_S = 0.5  # for cancelling and terminating, which happen while a statement runs away
_STATUS = {b"I": TransactionStatus.IDLE, b"T": TransactionStatus.INTRANS, b"E": TransactionStatus.INERROR}


class Channel:
    """Sends messages and yields the answers to them. Not for several threads."""

    def __init__(self, cluster: Cluster, role: Role, database: str) -> None:
        """Raises ServerLost when the server does not let us in."""
        self._cluster = cluster
        self._path = cluster.socket_folder / ".s.PGSQL.5432"
        self._gauge = DiskGauge(cluster.data, cluster.limits.disk_bytes)
        try:
            self._backend = wire.open_backend(self._path, role.value, database, _CONNECT_TIMEOUT_S)
        except (OSError, wire.Refused) as refused:
            raise ServerLost(Loss.CRASH, f"the PostgreSQL server refused a connection: {refused}", 0.0) from refused
        self._backend.socket.setblocking(False)
        self._poll = select.poll()
        self._outgoing: Iterator[bytes] = iter(())
        self._busy = False  # in the middle of an exchange
        self._farewell = ""  # the error after which the server ends a connection
        self.transaction_status = TransactionStatus.IDLE

    @property
    def pid(self) -> int:
        """The server's number of this connection's process."""
        return self._backend.pid

    def close(self) -> None:
        """Ends the connection; what it has not committed is rolled back. Between statements it waits for the server to
        have done so: it then no longer counts as a user of its database, and its locks are free."""
        with contextlib.suppress(OSError), self._backend.socket as opened:
            opened.settimeout(_CLOSE_TIMEOUT_S)
            opened.send(wire.TERMINATE)
            while not self._busy and opened.recv(wire.CHUNK_BYTES):
                pass

    def say(self, outgoing: Iterator[bytes]) -> None:
        """What is sent next. May also be called between the messages of a running `exchange`, to answer one."""
        self._outgoing = outgoing

    def exchange(
        self, reader: wire.Reader, deadline: Deadline, on_wait: Callable[[], None] | None
    ) -> Iterator[wire.Message]:
        """Sends what was said and yields what comes in, until the server is ready for the next query. `on_wait` is
        called on every tick. Raises ServerLost, also when the disk limit is passed already."""
        tick_s = _SAMPLING_TICK_S if on_wait else _TICK_S
        next_tick_s, pending = time.monotonic() + tick_s, memoryview(b"")
        self._check_disk(deadline)
        self._busy = True
        while self._busy or pending:
            if self._busy:
                pending = pending or memoryview(next(self._outgoing, b""))
            self._poll.register(self._backend.socket, select.POLLIN | (select.POLLOUT if pending else 0))
            events = [found for _, found in self._poll.poll(tick_s * 1000)]
            if time.monotonic() >= next_tick_s:
                next_tick_s = time.monotonic() + tick_s
                self._check_disk(deadline)
                self._check_time(deadline)
                if on_wait:
                    on_wait()
            if pending and events and events[0] & select.POLLOUT:
                pending = self._send(pending)
            if events and events[0] & ~select.POLLOUT:
                for message in reader.feed(self._receive(deadline)):
                    if message.kind == "Z":
                        self.transaction_status = _STATUS[message.body]
                        self._busy = False  # but a message half sent must still be finished
                        break
                    if message.kind == "E":
                        self._farewell = _farewell(message)
                    yield message

    def _send(self, pending: memoryview) -> memoryview:
        try:
            return pending[self._backend.socket.send(pending[: wire.CHUNK_BYTES]) :]
        except BlockingIOError:
            return pending
        except OSError:  # what the server said before it went is still to be read
            self._outgoing = iter(())
            return memoryview(b"")

    def _receive(self, deadline: Deadline) -> bytes:
        try:
            received = self._backend.socket.recv(wire.CHUNK_BYTES)
        except BlockingIOError:
            return b""
        except OSError:
            received = b""
        return received or self._fail(deadline)

    def _fail(self, deadline: Deadline) -> NoReturn:
        """The connection has ended: says why."""
        took = f"a statement took more than {deadline.allowed_ms / 1000:g} s and could not be cancelled"
        if deadline.taken is Step.TERMINATE:
            raise ServerLost(Loss.TIME, f"{took}; its connection was ended", deadline.elapsed_ms)
        if self._farewell:
            sentence = f"the PostgreSQL server ended the connection: {self._farewell}"
        else:
            words = self._cluster.last_words()
            sentence = "the PostgreSQL server crashed, as it does when a migration exhausts its memory or disk" + (
                f": {words}" if words else ""
            )
        raise ServerLost(Loss.CRASH, sentence, deadline.elapsed_ms)

    def _check_disk(self, deadline: Deadline) -> None:
        if self._gauge.exceeded():
            self._cluster.kill()
            limit = f"{self._cluster.limits.disk_bytes >> 20} MB"
            sentence = f"the migrations filled more than {limit} of disk; the server was killed"
            raise ServerLost(Loss.DISK, sentence, deadline.elapsed_ms)

    def _check_time(self, deadline: Deadline) -> None:
        step = deadline.due()
        if step is Step.CANCEL:
            self._cancel()
        elif step is Step.TERMINATE:
            self._terminate()
        elif step is Step.KILL:
            self._cluster.kill()
            took = f"a statement took more than {deadline.allowed_ms / 1000:g} s and could not be cancelled"
            raise ServerLost(Loss.TIME, f"{took}; the server was killed", deadline.elapsed_ms)

    def _cancel(self) -> None:
        with contextlib.suppress(OSError), socket.socket(socket.AF_UNIX) as other:
            other.settimeout(_STEP_TIMEOUT_S)
            other.connect(str(self._path))
            other.sendall(wire.cancel_request(self._backend.pid, self._backend.key))
            # The end of this connection means that the signal was sent, so it cannot hit the next statement.
            other.recv(1)

    def _terminate(self) -> None:
        """As the observer, in a database that migrations cannot lock us out of; killing follows if this fails."""
        with contextlib.suppress(OSError, wire.Refused):
            observer = wire.open_backend(self._path, Role.OBSERVER.value, "template1", _STEP_TIMEOUT_S)
            with observer.socket as other:
                other.sendall(wire.simple_query(b"SELECT pg_catalog.pg_terminate_backend(%d)" % self._backend.pid))
                other.recv(wire.CHUNK_BYTES)


def _farewell(message: wire.Message) -> str:
    said = wire.fields(message.body)
    return f"{said.get('M', '')} ({said.get('C')})" if said.get("V") in ("FATAL", "PANIC") else ""
