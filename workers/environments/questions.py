"""Asks an environment the pre-flight queries: whether its real rows would break what is to be applied."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg.rows import tuple_row

from workers.environments.model import Progress, Watch
from workers.errors import Cancelled, Unreachable
from workers.preflight.case import NO_ERROR, NO_ROWS, ZERO
from workers.rehearsed import Preflight
from workers.report.words import count

_STATEMENT_MS = 300_000
_LOOK_S = 0.2
# What a query reads is not there yet: class 42, and no rows of it can break anything
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_NOT_THERE = ("42P01", "42703", "42704", "42883", "3F000")
# A lock, or the time for it, could not be had: nothing is known of the rows.
_NO_ANSWER = {"55P03": "somebody holds a lock on what it reads", "57014": "it took too long, or was stopped"}
_STEP = "pre-flight"


@dataclass(frozen=True, slots=True)
class Answer:
    """passed: None where the query reads what an earlier pending migration makes. said: plain text, without any row."""

    query: Preflight
    passed: bool | None
    said: str


def asked(connection: psycopg.Connection[Any], queries: Iterable[Preflight], watch: Watch) -> tuple[Answer, ...]:
    """Every query's answer, each in a read-only transaction of its own. Raises Cancelled, also in the midst of a query,
    and Unreachable."""
    told = tuple(queries)
    answers = []
    with _heeding(connection, watch):
        for number, query in enumerate(told):
            if watch.cancelled():
                break
            watch.tell(Progress(_STEP, f"line {query.line} of {query.path}", number, len(told)))
            answers.append(_ask(connection, query))
    return tuple(answers)


@contextlib.contextmanager
def _heeding(connection: psycopg.Connection[Any], watch: Watch) -> Iterator[None]:
    """A query that takes long, or waits for a lock, is called off by who wants it to stop. Raises Cancelled."""
    over = threading.Event()

    def look() -> None:
        while not over.wait(_LOOK_S):
            if watch.cancelled():
                with contextlib.suppress(psycopg.Error):
                    connection.cancel_safe()

    thread = threading.Thread(target=look, name="heeding", daemon=True)
    thread.start()
    try:
        yield
    except Unreachable:  # a query that was called off has no answer
        if not watch.cancelled():
            raise
    finally:
        over.set()
        thread.join()
    if watch.cancelled():
        raise Cancelled("stopped on request while the pre-flight queries were asked")


def _ask(connection: psycopg.Connection[Any], query: Preflight) -> Answer:
    try:
        with connection.transaction(), connection.cursor(row_factory=tuple_row) as cursor:
            cursor.execute("SET TRANSACTION READ ONLY")
            cursor.execute(f"SET LOCAL statement_timeout = {_STATEMENT_MS}")
            cursor.execute(query.sql.encode())
            row = cursor.fetchone()
    except psycopg.Error as error:
        return _refused(connection, query, error)
    return _judged(query, row)


def _judged(query: Preflight, row: tuple[Any, ...] | None) -> Answer:
    if query.expect == ZERO:
        found = int(row[0]) if row and row[0] is not None else 0
        return Answer(query, found == 0, "none such" if found == 0 else count(found, "such row"))
    if query.expect == NO_ROWS:
        return Answer(query, row is None, "none such" if row is None else "there are such rows")
    return Answer(query, True, "no error")


def _refused(connection: psycopg.Connection[Any], query: Preflight, error: psycopg.Error) -> Answer:
    """The server's message may quote a row: only its code is told."""
    if connection.broken or error.sqlstate is None:
        raise Unreachable("the database was lost over a pre-flight query") from error
    if error.sqlstate in _NOT_THERE:
        return Answer(query, None, "not asked: what it reads is not there yet")
    if why := _NO_ANSWER.get(error.sqlstate):
        raise Unreachable(f"line {query.line} of {query.path}: its pre-flight query has no answer: {why}")
    if query.expect == NO_ERROR:
        return Answer(query, False, f"the rows are refused ({error.sqlstate})")
    return Answer(query, False, f"the query failed ({error.sqlstate})")
