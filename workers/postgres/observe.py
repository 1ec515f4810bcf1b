"""Runs one statement at a time and records what it did: locks, rewrites, builds, scans, rows, catalog changes, WAL."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from importlib.resources import files

from workers.facts import Facts
from workers.model import SqlError, Statement
from workers.postgres.lookout import Lookout
from workers.postgres.moments import Activity, Moment, Surroundings, facts, strongest
from workers.postgres.relations import Relation, parse
from workers.postgres.session import Outcome, ServerError, Session
from workers.rehearsed import Observation
from workers.words import LockMode

_QUERIES = files("workers.postgres") / "queries"
_ACTIVITY = (_QUERIES / "activity.sql").read_text("utf-8")
_RELATIONS = (_QUERIES / "relations.sql").read_text("utf-8")

# pg_stat_xact_… also shows earlier transactions whose counts were not yet handed over, which happens once a second
# (https://www.postgresql.org/docs/current/monitoring-stats.html#MONITORING-STATS-VIEWS).
_FLUSH = "select pg_catalog.pg_stat_force_next_flush()"

_IDLE = Activity(0, {}, {})


@dataclass(slots=True)
class Observer:
    """One database as a migration goes through it, one connection at its hand.

    base: OIDs of the relations that the base branch has; others are new in this pull request. rows: how many rows each
    table holds, by OID. met: the relations that the last statement met. Raises ServerLost, as the session does, when
    the server is gone."""

    session: Session
    base: frozenset[int] = frozenset()
    rows: dict[int, int] = field(default_factory=dict)
    relations: Mapping[int, Relation] = field(default_factory=dict)
    activity: Activity = _IDLE
    met: Mapping[int, Relation] = field(default_factory=dict)

    def load(self) -> None:
        """Reads all relations: at the start, and after a ROLLBACK has made the picture stale."""
        self.relations = self._read(None)
        self.settle()

    def settle(self) -> None:
        """To be called outside a transaction, when one has ended: locks and counters start anew."""
        self.session.query(_FLUSH)
        self.activity = Activity(self._activity().wal_position, {}, {})

    def inside(self, statement: Statement) -> Observation:
        """Runs a statement in the open transaction block; after an error the block is left aborted."""
        self.met = self.relations
        outcome = self.session.run(statement.text, copy_data=statement.copy_data)
        if outcome.error or not self.session.in_block:
            return _observation(statement, outcome, Facts(), in_transaction=True)
        activity = self._activity()
        strong = frozenset(oid for oid, mode in activity.locks.items() if mode >= LockMode.SHARE_UPDATE_EXCLUSIVE)
        observed = self._observed(activity, self._read(sorted(strong)) if strong else {}, strong)
        return _observation(statement, outcome, *observed, in_transaction=True)

    def alone(self, statement: Statement, lookout: Lookout) -> Observation:
        """Runs a statement outside any transaction block, its locks watched from a second connection."""
        self.met = self.relations
        with lookout:
            outcome = self.session.run(statement.text, on_wait=lookout.look)
        after = self._read(None)
        activity = Activity(self._activity().wal_position, lookout.locks, {})
        observed = self._observed(activity, after, frozenset(self.relations) | frozenset(after))
        self.settle()
        return _observation(statement, outcome, *observed, in_transaction=False)

    def _observed(
        self, activity: Activity, found: Mapping[int, Relation], looked_at: frozenset[int]
    ) -> tuple[Facts, int]:
        """The facts and the WAL bytes since the last look; moves the picture on."""
        before = self._surrounding(found, looked_at | activity.counters.keys() | activity.locks.keys())
        after = {oid: relation for oid, relation in before.items() if oid not in looked_at} | dict(found)
        renewed = self._renewed(before, after)
        around = Surroundings(self.base, self.rows, frozenset(table.oid for table in renewed if self._is_empty(table)))
        seen = facts(Moment(before, self.activity), Moment(after, activity), around)
        wal_bytes = activity.wal_position - self.activity.wal_position
        self._count(activity, around.emptied)
        if looked_at:
            kept = {oid: relation for oid, relation in self.relations.items() if oid not in looked_at}
            self.relations = {**kept, **found}
        self.activity = self._activity() if renewed else activity  # looking into tables is counted, too
        return seen, wal_bytes

    def _surrounding(self, found: Mapping[int, Relation], oids: frozenset[int]) -> dict[int, Relation]:
        """What is known of these relations and of those they name: an index its table, a foreign key its target."""
        named = {r.table for oid in oids for r in (found.get(oid), self.relations.get(oid)) if r}
        named |= {k.references for r in found.values() for k in r.constraints.values() if k.references}
        return {oid: self.relations[oid] for oid in oids | named if oid in self.relations}

    def _renewed(self, before: Mapping[int, Relation], after: Mapping[int, Relation]) -> list[Relation]:
        """Those whose storage was replaced and which held rows."""
        held = (relation for oid, relation in after.items() if self.rows.get(oid) and oid in before)
        return [relation for relation in held if relation.filenode != before[relation.oid].filenode]

    def _is_empty(self, table: Relation) -> bool:
        """TRUNCATE gives no other sign than new storage without rows."""
        return not self.session.query(f"select from only {table.name.sql} limit 1")

    def _count(self, activity: Activity, emptied: frozenset[int]) -> None:
        for oid, (_, inserted, _, deleted) in activity.counters.items():
            _, was_inserted, _, was_deleted = self.activity.counters.get(oid, (0, 0, 0, 0))
            self.rows[oid] = self.rows.get(oid, 0) + (inserted - was_inserted) - (deleted - was_deleted)
        for oid in emptied:
            self.rows[oid] = 0

    def _read(self, oids: list[int] | None) -> dict[int, Relation]:
        return parse(*self.session.query(_RELATIONS, (oids,))[0])

    def _activity(self) -> Activity:
        wal_position, locks, counters = self.session.query(_ACTIVITY)[0]
        held = strongest((oid, mode) for oid, mode in locks or ())
        return Activity(int(wal_position), held, {oid: (s, i, u, d) for oid, s, i, u, d in counters or ()})


def _observation(
    statement: Statement, outcome: Outcome, seen: Facts, wal_bytes: int = 0, *, in_transaction: bool
) -> Observation:
    error = None if outcome.error is None else sql_error(outcome.error, statement)
    return Observation(seen, outcome.duration_ms, wal_bytes, outcome.notices, error, in_transaction)


def sql_error(error: ServerError, statement: Statement) -> SqlError:
    """The server's error with its position turned into the file's line: the statement's own where it gives none."""
    position = error.position or 1
    line = statement.line + statement.text.count("\n", 0, position - 1)
    return SqlError(error.sqlstate, error.message, line, error.detail, error.hint)
