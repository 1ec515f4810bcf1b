"""Runs SQL that may be hostile: bounded in time, in disk, and in the memory of this process."""

from __future__ import annotations

import itertools
import re
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Any

from psycopg.adapt import PyFormat, Transformer
from psycopg.pq import Format, TransactionStatus

from workers.errors import CannotAnalyse
from workers.postgres import wire
from workers.postgres.channel import Channel
from workers.postgres.cluster import DATABASE, Cluster, Role
from workers.postgres.outcome import Heard, Loss, Outcome, QueryRefused, ServerError, ServerLost
from workers.postgres.watch import Deadline

__all__ = ["Loss", "Outcome", "QueryRefused", "ServerError", "ServerLost", "Session"]

ANSWER_BYTES = 64 << 20  # the most that `query` keeps


class Session:
    """One connection, as the migration role unless said otherwise. Not for several threads."""

    def __init__(self, cluster: Cluster, role: Role = Role.MIGRATION, database: str = DATABASE) -> None:
        """Raises ServerLost when the server does not let us in."""
        self.cluster = cluster
        self.database = database
        self._channel = Channel(cluster, role, database)

    @property
    def pid(self) -> int:
        """As pg_backend_pid() and pg_locks.pid show it."""
        return self._channel.pid

    @property
    def transaction_status(self) -> TransactionStatus:
        """As of the end of the last run or query."""
        return self._channel.transaction_status

    @property
    def in_block(self) -> bool:
        """A transaction block is open, be it aborted."""
        return self.transaction_status is not TransactionStatus.IDLE

    def close(self) -> None:
        """Ends the session; what it has not committed is rolled back."""
        self._channel.close()

    def __enter__(self) -> Session:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, value: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def run(
        self,
        sql: str,
        *,
        simple: bool = False,
        copy_data: str | None = None,
        deadline_ms: float | None = None,
        on_wait: Callable[[], None] | None = None,
    ) -> Outcome:
        """Runs one statement, or with `simple` a whole text as one message. Rows that come back are dropped. COPY FROM
        stdin is given `copy_data`. The deadline is the cluster's for a statement if not given, and never later than the
        end of its total. `on_wait` is called about every millisecond while the server works; it must be quick.
        Raises ServerLost."""
        if "\0" in sql:
            error = ServerError("22021", "the SQL holds a NUL character, which PostgreSQL does not accept")
            return Outcome("", 0, 0.0, (), error, self.transaction_status)
        text = sql.encode("utf8", "replace")
        deadline = self._deadline(deadline_ms)
        self._channel.say(iter([wire.simple_query(text) if simple else wire.extended_query(text)]))
        heard = Heard()
        for message in self._channel.exchange(wire.Reader(), deadline, on_wait):
            if message.kind == "G":
                self._channel.say(_copy(copy_data, heard, sync=not simple))
            else:
                heard.hear(message)
        return Outcome(
            heard.tag,
            heard.rows,
            deadline.elapsed_ms,
            heard.notices(),
            heard.error,
            self.transaction_status,
            deadline.taken is not None,
        )

    def query(self, sql: str, params: Sequence[object] = ()) -> list[tuple[Any, ...]]:
        """The rows of one query of our own, as Python values, with psycopg's %s for parameters (and %% for %, when
        there are any). Names in it must be schema-qualified: the search_path is the migration's. Raises QueryRefused,
        ServerLost, and CannotAnalyse for an answer of more than 64 MB."""
        adapter = Transformer()
        values = adapter.dump_sequence(params, [PyFormat.TEXT] * len(params))
        text = _numbered(sql) if params else sql
        parameters = [None if value is None else bytes(value) for value in values]
        self._channel.say(iter([wire.extended_query(text.encode(), parameters, adapter.types or ())]))
        try:
            types, rows = self._rows()
        except wire.MessageTooLong:
            self.close()
            raise CannotAnalyse(f"the answer to a query about the catalog is beyond {ANSWER_BYTES >> 20} MB") from None
        load = [adapter.get_loader(oid, Format.TEXT).load for oid in types]
        return [
            tuple(None if value is None else read(value) for read, value in zip(load, row, strict=True)) for row in rows
        ]

    def _rows(self) -> tuple[tuple[int, ...], list[tuple[bytes | None, ...]]]:
        """The column types and the rows, as text, of the query that was said. Raises MessageTooLong."""
        heard, rows, kept_bytes = Heard(), list[tuple[bytes | None, ...]](), 0
        types: tuple[int, ...] = ()
        for message in self._channel.exchange(wire.Reader(ANSWER_BYTES, wanted=True), self._deadline(None), None):
            if message.kind == "T":
                types = wire.columns(message.body)
            elif message.kind == "D":
                kept_bytes += len(message.body)
                if kept_bytes > ANSWER_BYTES:
                    raise wire.MessageTooLong
                rows.append(wire.values(message.body))
            else:
                heard.hear(message)
        if heard.error:
            raise QueryRefused(heard.error)
        return types, rows

    def _deadline(self, deadline_ms: float | None) -> Deadline:
        limits = self.cluster.limits
        remaining_ms = self.cluster.remaining_ms()
        if remaining_ms <= 0:
            self.cluster.kill()
            raise ServerLost(Loss.TIME, f"the migrations together took more than {limits.total_ms / 1000:g} s", 0.0)
        return Deadline(min(limits.statement_ms if deadline_ms is None else deadline_ms, remaining_ms))


def _copy(data: str | None, heard: Heard, *, sync: bool) -> Iterator[bytes]:
    """The answer to a COPY … FROM stdin, cut short by an error; in the extended protocol it takes another Sync."""
    if data is None:
        yield wire.copy_fail("no data follows the COPY statement")
    else:
        yield from itertools.takewhile(lambda _: heard.error is None, wire.copy_rows(data))
        yield wire.COPY_DONE
    if sync:
        yield wire.SYNC


def _numbered(sql: str) -> str:
    """psycopg's %s as the protocol's $1, $2 …"""
    numbers = itertools.count(1)
    return re.sub(r"%[s%]", lambda found: "%" if found[0] == "%%" else f"${next(numbers)}", sql)
