"""The nouns of a rehearsal: what Postgres did with the migrations. All frozen."""

from __future__ import annotations

from dataclasses import dataclass

from workers.catalog import Catalog
from workers.facts import Facts
from workers.model import Migration, Script, SqlError
from workers.ways_back import Kept, Rollback, Written
from workers.words import Name


@dataclass(frozen=True, slots=True)
class Observation:
    """One statement's run on the ephemeral server."""

    facts: Facts
    duration_ms: float
    wal_bytes: int = 0
    notices: tuple[str, ...] = ()
    error: SqlError | None = None
    in_transaction: bool = True  # inside a transaction block of the runner, the file or ours


@dataclass(frozen=True, slots=True)
class Preflight:
    """A read-only query that tells whether a statement that failed on adversarial rows would fail on the real ones."""

    sql: str
    expect: str  # the answer that means the statement will pass, in words: "0", "no rows"
    reason: str
    path: str
    line: int


@dataclass(frozen=True, slots=True)
class Rejection:
    """A statement that passes on empty tables and fails on rows which the schema before it allows."""

    statement: int  # index into the migration's statements
    table: Name | None
    error: SqlError
    preflight: Preflight | None
    leaves_invalid: Name | None = None  # the index that a failed CONCURRENTLY leaves behind


@dataclass(frozen=True, slots=True)
class Estimate:
    """How long a statement's work may take on a table of so many rows, as growing copies of it took on this machine:
    a band, never a promise. measured: (rows, milliseconds) of each run."""

    statement: int  # index into the migration's statements
    table: Name
    rows: int  # as the policy has them
    low_ms: float
    high_ms: float
    wal_bytes: int
    measured: tuple[tuple[int, float], ...]


@dataclass(frozen=True, slots=True)
class RehearsedMigration:
    """observations[i] is what statements[i] did; None where it was not run (a meta-command, or after a failure).
    before, after: the schemas around the migration, where it came to its end. proven: the statements whose safe form
    was run in their place and came to the same schema and rows; refuted: why that of others did not. doubtful: those
    that changed the schema on empty tables and left it as it was on rows, by an EXCEPTION clause, say."""

    migration: Migration
    script: Script
    observations: tuple[Observation | None, ...]
    rejections: tuple[Rejection, ...] = ()
    rollback: Rollback | None = None
    kept: Kept | None = None  # where the policy asks for it, and something would be lost
    written: Written | None = None  # where it has a down file
    not_run: str | None = None  # why the migration as a whole was not rehearsed
    before: Catalog | None = None
    after: Catalog | None = None
    proven: frozenset[int] = frozenset()
    refuted: tuple[tuple[int, str], ...] = ()
    estimates: tuple[Estimate, ...] = ()
    doubtful: frozenset[int] = frozenset()


@dataclass(frozen=True, slots=True)
class ServerInfo:
    """The server that judged."""

    version: str  # 16.14
    origin: str  # embedded, or the folder its binaries were found in
    sandbox: str  # the tier in use: bubblewrap, landlock, rlimits


@dataclass(frozen=True, slots=True)
class Timing:
    """Milliseconds, wall clock. snapshot: hit, prefix or miss of the replayed history's cache."""

    total_ms: float = 0.0
    acquire_ms: float = 0.0
    replay_ms: float = 0.0
    rehearse_ms: float = 0.0
    prove_ms: float = 0.0
    snapshot: str = "miss"


@dataclass(frozen=True, slots=True)
class Rehearsal:
    """All that Postgres told us. `notes`: what we did on the migrations' behalf, such as roles made for GRANT."""

    server: ServerInfo
    migrations: tuple[RehearsedMigration, ...]
    timing: Timing
    notes: tuple[str, ...] = ()
