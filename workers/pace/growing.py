"""A clone of the database in which one table grows, and a statement that is run on it and taken back each time."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from workers.changes import CatalogChange, ConstraintAdded, ConstraintKind, IndexCreated, NotNullSet
from workers.model import Statement
from workers.pace.fit import Run
from workers.pace.growth import PLACE, SEED, insert, manners, widened
from workers.postgres.attempt import identifier
from workers.postgres.cluster import Role
from workers.postgres.demands import Table, ValueType, read
from workers.postgres.rows import fill
from workers.postgres.session import Session
from workers.rehearsed import Observation
from workers.words import Name

_ABOUT_BYTES = 32  # less is the difference between one row and the next
_TRIED = 200  # rows that show whether the table and the statement take such rows
# Neither triggers nor foreign keys while rows are added, nor a timeout that the migration has set.
_FREELY = ("BEGIN", "SET LOCAL session_replication_role = replica", "SET LOCAL statement_timeout = 0")
_CHECKED = "SET LOCAL session_replication_role = origin"
_WAL = "SELECT pg_catalog.pg_current_wal_insert_lsn() OPERATOR(pg_catalog.-) '0/0'::pg_catalog.pg_lsn"

_SIZE = """
    SELECT pg_catalog.pg_{what}_size(%s) OPERATOR(pg_catalog.+) COALESCE((
        SELECT pg_catalog.sum(pg_catalog.pg_{what}_size(relid)) FROM pg_catalog.pg_partition_tree(%s)), 0)
"""


@dataclass(slots=True)
class Growing:
    """until_s: by time.monotonic(). row_bytes: of a row in production, 0 when not told. What the server refuses, or
    what takes too long, makes a step False."""

    session: Session
    statement: Statement
    seen: Observation
    name: Name
    until_s: float
    alone: bool
    row_bytes: float = 0.0
    seeds: int = 0
    rows: int = 0
    table: Table | None = None
    types: Mapping[int, ValueType] = field(default_factory=dict)
    manner: Mapping[str, str] = field(default_factory=dict)

    @property
    def left_ms(self) -> float:
        return (self.until_s - time.monotonic()) * 1000

    @property
    def _sql(self) -> str:
        return identifier(self.name.schema, self.name.name)

    def plant(self) -> bool:
        """Gives the table a few rows that both it and the statement take, and finds out how to make more of them. What
        the statement demands of rows is demanded already while they are made."""
        undo = _undoing(self.seen.facts.changes, self.name) or ()
        if undo and not self._do(self.statement.text):
            return False
        with self.session.cluster.connect(Role.MIGRATION, self.session.database) as filler:
            filler.execute(f"SET statement_timeout = {max(1, int(self.left_ms))}".encode())
            fill(filler, [self.name])
            demands = read(filler, [self.name])
        self.table, self.types = next((table for table in demands.tables if table.listed), None), demands.types
        if self.table is None or not self._do(*undo, _seed(self._sql)):
            return False
        self.seeds = self._count(SEED)
        return self._sprouts() or self._sprouts(single=True)

    def _sprouts(self, single: bool = False) -> bool:
        """single: only from the first row, an ordinary one, in the case that others are refused."""
        others = f"DELETE FROM {SEED} WHERE {PLACE} > 0"  # noqa: S608  our own names
        emptied = f"DELETE FROM {self._sql}"  # noqa: S608  quoted
        if single and not self._do(*_FREELY, emptied, others, "COMMIT"):
            return False
        self.seeds = min(self.seeds, 1) if single else self.seeds
        self.rows = 0 if single else self.seeds
        assert self.table is not None
        return self.seeds > 0 and any(self._takes(manner) for manner in manners(self.table, self.types))

    def _takes(self, manner: Mapping[str, str]) -> bool:
        """Whether rows made in this manner pass. It is then the one that is used."""
        before, self.manner = self.manner, manner
        statement = () if self.alone else (self.statement.text,)
        tried = range(self.rows, self.rows + _TRIED)
        if self._do(*_FREELY, self._more(tried), _CHECKED, *statement, "ROLLBACK"):
            return True
        self.manner = before
        return False

    def grow(self, rows: int) -> bool:
        """To so many rows in all, as they are in a table that is in use: seen by VACUUM once. Behind the first ones it
        is known how wide they are; from then on they are as wide as production's, if they can be."""
        first = self.rows <= self.seeds
        if not self._do(*_FREELY, self._more(range(self.rows, rows)), "COMMIT", f"VACUUM {self._sql}"):
            return False
        self.rows = rows
        if first and self.row_bytes and self.table:
            more_bytes = int(self.row_bytes - self.size_bytes("table") / rows)
            if more_bytes > _ABOUT_BYTES:
                self._takes(widened(self.table, self.types, self.manner, more_bytes))
        return True

    def run(self) -> Run | None:
        """Runs the statement and undoes it."""
        if not self.alone and not self._do("BEGIN"):
            return None
        before = self._wal()
        outcome = self.session.run(self.statement.text, deadline_ms=max(1.0, self.left_ms))
        if outcome.error:
            self._do("ROLLBACK")
            return None
        wal_bytes = self._wal() - before
        undo = _undoing(self.seen.facts.changes, self.name) if self.alone else ("ROLLBACK",)
        swept = (f"VACUUM {self._sql}",) if self.seen.facts.writes else ()
        return Run(self.rows, outcome.duration_ms, wal_bytes) if undo is not None and self._do(*undo, *swept) else None

    def size_bytes(self, what: str = "total_relation") -> int:
        """Of the table with its indexes (without them: "table"), and of its partitions."""
        ((size,),) = self.session.query(_SIZE.format(what=what), (self._sql, self._sql))
        return int(size)

    def _more(self, numbers: range) -> str:
        assert self.table is not None
        return insert(self.table, self.manner, self.seeds, numbers)

    def _count(self, table: str) -> int:
        ((rows,),) = self.session.query(f"SELECT pg_catalog.count(*) FROM {table}")  # noqa: S608  quoted
        return int(rows)

    def _wal(self) -> int:
        ((position,),) = self.session.query(_WAL)
        return int(position)

    def _do(self, *texts: str) -> bool:
        for text in texts:
            if self.left_ms <= 0 or self.session.run(text, deadline_ms=max(1.0, self.left_ms)).error:
                if self.session.in_block:
                    self.session.run("ROLLBACK")
                return False
        return True


def _seed(table: str) -> str:
    place = f"pg_catalog.row_number() OVER (ORDER BY tableoid, ctid) - 1 AS {PLACE}"
    return f"CREATE TEMP TABLE {SEED.partition('.')[2]} AS SELECT {place}, * FROM {table}"  # noqa: S608  quoted


def _undoing(changes: Sequence[CatalogChange], table: Name) -> tuple[str, ...] | None:
    """The statements that take back what only demands something of rows, or finds them; None where there is more."""
    sql = identifier(table.schema, table.name)
    undo = list[str]()
    for change in changes:
        match change:
            case ConstraintAdded(kind=ConstraintKind.NOT_NULL) | IndexCreated(constraint=True):
                pass  # goes with the column's NOT NULL, and with the constraint
            case ConstraintAdded(using_index=False):
                undo.append(f"ALTER TABLE {sql} DROP CONSTRAINT IF EXISTS {identifier(change.constraint)}")
            case NotNullSet():
                undo.append(f"ALTER TABLE {sql} ALTER COLUMN {identifier(change.column)} DROP NOT NULL")
            case IndexCreated():
                undo.append(f"DROP INDEX IF EXISTS {identifier(change.index.schema, change.index.name)}")
            case _:
                return None
    return tuple(undo)
