"""Sees the locks of a statement that runs outside a transaction block, from a second connection."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from types import TracebackType

from workers.postgres.moments import strongest
from workers.postgres.session import Session
from workers.words import LockMode, Name

# A lock that is waited for counts: the statement will not do without it.
_LOOK = """
select (select jsonb_agg(jsonb_build_array(relation::int8, mode)) from pg_locks
         where pid = me and locktype = 'relation' and relation >= 16384),
       exists (select from pg_locks where pid = me and not granted)
  from (select %s::int4) as m(me)
"""

# The gate opens at the latest after this time: most statements reach it within a few milliseconds.
_GATE_MS = 300


@dataclass(slots=True)
class Lookout:
    """Collects the locks that the backend `pid` takes.

    A statement on a small table is over in two or three milliseconds, too short to be sampled. So `gate`, a session of
    the migration's role, holds ROW EXCLUSIVE on `table` while the statement begins. Every CONCURRENTLY waits, its own
    locks held, for such transactions to end
    (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY); VACUUM FULL, CLUSTER
    and REINDEX wait for their lock itself. Once the wait is seen, the gate opens."""

    side: Session
    pid: int
    gate: Session
    table: Name | None
    locks: dict[int, LockMode] = field(default_factory=dict)
    opens_at: float = 0.0
    shut: bool = False

    def __enter__(self) -> Lookout:
        if self.table is not None:
            self.gate.run("begin")
            self.gate.run(f"lock table {self.table.sql} in row exclusive mode")
            self.shut = True
            self.opens_at = time.monotonic() + _GATE_MS / 1000
        return self

    def look(self) -> None:
        """One sample; opens the gate when the statement stands before it."""
        held, waiting = self.side.query(_LOOK, (self.pid,))[0]
        for oid, mode in strongest((oid, mode) for oid, mode in held or ()).items():
            self.locks[oid] = max(mode, self.locks.get(oid, mode))
        if self.shut and (waiting or time.monotonic() > self.opens_at):
            self._open()

    def _open(self) -> None:
        self.gate.run("rollback")
        self.shut = False

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self.shut and kind is None:
            self._open()
