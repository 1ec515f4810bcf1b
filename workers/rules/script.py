"""What else a step's migration does, and the timeouts that it has set."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator

from workers.catalog import Kind
from workers.changes import ColumnDropped, ColumnTypeChanged, TableDropped
from workers.facts import Write
from workers.model import Transaction
from workers.rules.definitions import constraints
from workers.rules.rule import Step
from workers.sql.actions import Action, Delete, Insert, Merge, SetParameter, TransactionControl, Update
from workers.sql.choosing import by_tables_alone
from workers.words import Name

_SEVERAL = 6  # rows: of so many, some hold NULL and some unlike values
SHORT_MS = 5_000  # a lock_timeout of up to so much keeps the others' wait short
ENDS = ("COMMIT", "ROLLBACK", "PREPARE TRANSACTION")
_TIME = re.compile(r"'?\s*(\d+(?:\.\d+)?)\s*(us|ms|s|min|h|d)?\s*'?")
_UNIT_MS = {"us": 0.001, "ms": 1.0, "s": 1000.0, "min": 60_000.0, "h": 3_600_000.0, "d": 86_400_000.0}


def verb(actions: Iterable[Action]) -> str | None:
    """Of a statement that begins or ends a transaction."""
    return next((action.verb for action in actions if isinstance(action, TransactionControl)), None)


def stays_done(step: Step) -> str:
    """For a message: what of the file stays applied when this statement fails. "" where nothing does."""
    apart = not step.in_transaction or any(a.verb == "COMMIT" for a in step.earlier_actions.of(TransactionControl))
    done = any(map(works, step.earlier_actions))
    return " The statements before it stay done: the migration is left half applied." if apart and done else ""


def works(action: Action) -> bool:
    """It does something that stays."""
    return not isinstance(action, TransactionControl | SetParameter)


def elsewhere(step: Step) -> str:
    """For a message: where a statement goes that is to run in another transaction."""
    own = step.migration.transaction is Transaction.STATEMENT
    return "behind the COMMIT" if own and step.in_transaction else "into a migration of its own"


def table_goes(step: Step, table: Name) -> bool:
    """The migration drops the table, by this statement or another."""
    return any(step.whole.of(TableDropped, table))


def shrinks(step: Step, table: Name) -> bool:
    """The migration drops the table or a column of it: what hung on that had to go."""
    return table_goes(step, table) or any(step.whole.of(ColumnDropped, table))


def columns_go(step: Step, table: Name) -> bool:
    """The migration takes a column from the table, or gives it another type; or the table goes."""
    return shrinks(step, table) or any(step.whole.of(ColumnTypeChanged, table))


def all_written(step: Step, rows: Callable[[Write], int]) -> Iterator[Name]:
    """Tables of which every row was written; rows: how many were. By code in a DO block or in a function that any
    statement may call, or by a statement that chooses by nothing but the rows themselves: any other condition may be
    met by our few rows, and not by real ones."""
    code = not any(isinstance(action, Delete | Insert | Merge | Update) for action in step.actions)
    for write in step.facts.writes:
        every = write.rows_before and rows(write) >= write.rows_before
        several = (write.rows_before or 0) >= _SEVERAL
        if every and (code or (several and _by_rows_alone(step, write.table))):
            yield write.table


def _by_rows_alone(step: Step, table: Name) -> bool:
    """Of the table, of what it is a part of, or of those that its keys refer to: each of its rows has one there."""
    if step.before is None:
        return False
    parents = {key.form.references for key in constraints(step.before, table) if key.form.references}
    relations = step.before.of_kind(Kind.TABLE, Kind.FOREIGN_TABLE, Kind.VIEW, Kind.MATERIALIZED_VIEW)
    others = {each.path[1] for each in relations} - {each.name for each in (*parents, *_wholes(step, table))}
    return by_tables_alone(step.statement.text, others)


def _wholes(step: Step, table: Name) -> Iterator[Name]:
    """The table, and the partitioned tables above it."""
    whole: Name | None = table
    while whole:
        yield whole
        whole = step.partitions.get(whole)


def timeout_ms(step: Step, name: str) -> float | None:
    """What the file has set as lock_timeout or statement_timeout, in milliseconds: 0 is none. None where the file does
    not say (https://www.postgresql.org/docs/current/config-setting.html#CONFIG-SETTING-NAMES-VALUES)."""
    found = _TIME.fullmatch(step.settings.get(name, ""))
    return float(found[1]) * _UNIT_MS[found[2] or "ms"] if found else None


def waits_briefly(step: Step) -> bool:
    """The file has set a short lock_timeout, so that nothing queues behind the statement for long."""
    return 0 < (timeout_ms(step, "lock_timeout") or 0) <= SHORT_MS
