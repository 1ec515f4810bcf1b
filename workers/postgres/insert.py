"""Gets as many planned rows into one table as the server accepts, repairing those that it refuses."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass

import psycopg

from workers.postgres.attempt import attempt, identifier
from workers.postgres.demands import Table
from workers.postgres.repair import Ban, Learned, Turn, ban, repaired
from workers.postgres.rowplan import Plan, Row, first_row, row_count

TABLE_LIMIT_MS = 2000  # for all rows of one table
_ROUNDS = 16
_PATIENCE_WITH_ROWS = 5  # rounds without gain, after which the rows so far are taken for all that fit

_TRIGGERS = """
    SELECT tgname, tgenabled::pg_catalog.text FROM pg_catalog.pg_trigger
    WHERE tgrelid = %s AND NOT tgisinternal AND tgenabled <> 'D' ORDER BY tgname
"""
_ENABLE = {"O": "ENABLE", "A": "ENABLE ALWAYS", "R": "ENABLE REPLICA"}  # by pg_trigger.tgenabled


@dataclass(frozen=True, slots=True)
class Outcome:
    """`problem`: why no row was inserted; None when some were."""

    inserted: int
    problem: str | None = None


def insert(connection: psycopg.Connection, plan: Plan, rows: int) -> Outcome:
    """Inserts at least `rows` planned rows if the table takes them. Its triggers fire: a row that one refuses is not
    allowed either; only when no row gets in are they switched off for another try. Raises psycopg.Error only for what
    ends the connection."""
    required = [
        reference for reference in plan.references if not (reference.keys or reference.nullable or reference.itself)
    ]
    if required:
        return Outcome(0, f"foreign key {required[0].name} needs a row in a table that has none")
    table = identifier(plan.table.name.schema, plan.table.name.name)
    try:
        with connection.transaction(), _row_security_off(connection, plan.table, table):
            outcome = _insert(connection, plan, rows)
            if outcome.inserted:
                return outcome
            triggers = connection.execute(_TRIGGERS, [plan.table.oid]).fetchall()
            if not triggers:
                return outcome
            for name, _ in triggers:
                connection.execute(f"ALTER TABLE {table} DISABLE TRIGGER {identifier(name)}".encode())
            again = _insert(connection, plan, rows)
            for name, enabled in triggers:
                connection.execute(f"ALTER TABLE {table} {_ENABLE[enabled]} TRIGGER {identifier(name)}".encode())
            return again
    except psycopg.Error as error:
        if connection.closed:
            raise
        return Outcome(0, error.diag.message_primary or str(error))


@contextmanager
def _row_security_off(connection: psycopg.Connection, table: Table, sql: str) -> Iterator[None]:
    """FORCE ROW LEVEL SECURITY binds the owner too, but not those who wrote the real rows
    (https://www.postgresql.org/docs/current/ddl-rowsecurity.html). Restored unless an error rolls it back anyway."""
    if table.force_row_security:
        connection.execute(f"ALTER TABLE {sql} NO FORCE ROW LEVEL SECURITY".encode())
    yield
    if table.force_row_security:
        connection.execute(f"ALTER TABLE {sql} FORCE ROW LEVEL SECURITY".encode())


def _insert(connection: psycopg.Connection, plan: Plan, rows: int) -> Outcome:
    """Rounds of attempts, each with the refused rows of the one before, repaired."""
    pending: Mapping[int, Row] = {number: first_row(plan, number) for number in range(row_count(plan, rows))}
    accepted: list[Row] = []
    bans: set[Ban] = set()
    messages: Counter[str] = Counter()
    rounds_without_gain = 0
    deadline = time.monotonic() + TABLE_LIMIT_MS / 1000
    for refused in range(_ROUNDS):
        answers = attempt(connection, [_statement(plan.table, row) for row in pending.values()])
        refusals = {number: answer for number, answer in zip(pending, answers, strict=True) if answer}
        accepted += [row for number, row in pending.items() if number not in refusals]
        messages.update(refusal.message for refusal in refusals.values())
        rounds_without_gain = 0 if len(refusals) < len(pending) else rounds_without_gain + 1
        patience = _PATIENCE_WITH_ROWS if accepted else _ROUNDS
        if not refusals or rounds_without_gain >= patience or time.monotonic() > deadline:
            break
        bans.update(found for number in refusals if (found := ban(plan, pending[number], refusals[number])))
        learned = Learned(frozenset(bans), tuple(accepted))
        pending = {
            number: repaired(plan, pending[number], refusal, Turn(number, refused), learned)
            for number, refusal in refusals.items()
        }
    return Outcome(len(accepted), None if accepted else messages.most_common(1)[0][0])


def _statement(table: Table, row: Row) -> str:
    target = f"INSERT INTO {identifier(table.name.schema, table.name.name)}"
    if not row:
        return f"{target} DEFAULT VALUES"
    # An identity column that is GENERATED ALWAYS takes a given value only with OVERRIDING SYSTEM VALUE.
    columns = ", ".join(map(identifier, row))
    return f"{target} ({columns}) OVERRIDING SYSTEM VALUE VALUES ({', '.join(row.values())})"
