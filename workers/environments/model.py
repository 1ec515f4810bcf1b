"""The nouns of environments, frozen: where migrations go for real, under which rules, and what happened there."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field
from datetime import datetime, time
from pathlib import Path
from typing import Protocol

# ---------------------------------------------------------------- what is configured


class EnvironmentKind(enum.StrEnum):
    """What an environment is for. PRODUCTION has stricter rules where nothing else is said."""

    DEVELOPMENT = "development"
    TEST = "test"
    STAGING = "staging"
    PRODUCTION = "production"


@dataclass(frozen=True, slots=True)
class Window:
    """When migrations may run. days: 0 for Monday. start, end: of the day; end before start is over midnight. zone:
    an IANA name, Europe/Paris."""

    days: tuple[int, ...]
    start: time
    end: time
    zone: str


@dataclass(frozen=True, slots=True)
class Freeze:
    """When nothing may run, whatever a window says. start, end: aware; end is not part of it."""

    start: datetime
    end: datetime
    reason: str


@dataclass(frozen=True, slots=True)
class Rules:
    """Who may do what, and when. who: who may run anything that changes the environment: write, maintain, admin or
    @org/team, any of which is enough; so are force and lossy, for --force and --lossy. ticks: every item of the
    checklist is confirmed. approvals: of other people who may write, of the head. after: environments that must have
    the migrations first. merged: only what is merged. windows: none for any time."""

    who: tuple[str, ...] = ("write",)
    force: tuple[str, ...] = ()
    lossy: tuple[str, ...] = ()
    ticks: bool = False
    approvals: int = 0
    after: tuple[str, ...] = ()
    merged: bool = False
    windows: tuple[Window, ...] = ()
    freezes: tuple[Freeze, ...] = ()


@dataclass(frozen=True, slots=True)
class Timeouts:
    """lock_ms: how long a statement waits for a lock the first time; each later try waits twice as long.
    lock_attempts: tries in all. statement_ms: of each statement, 0 for no limit. total_ms: of a whole command."""

    connect_ms: int = 10_000
    lock_ms: int = 2_000
    lock_attempts: int = 5
    statement_ms: int = 0
    total_ms: int = 3_600_000


@dataclass(frozen=True, slots=True)
class Retention:
    """How many backups stay: the newest of each of so many days, weeks and months. branch_hours: of a Neon branch."""

    daily: int = 7
    weekly: int = 4
    monthly: int = 12
    branch_hours: int = 72


class BackupMethod(enum.StrEnum):
    NONE = "none"
    DUMP = "pg_dump"
    NEON = "neon"


@dataclass(frozen=True, slots=True)
class BackupPlan:
    """target: a folder, or s3://bucket/prefix. jobs: pg_dump's processes; more than one makes the directory format.
    compress: 0 to 9. pg_dump: the program, None to look for one. sample: tables restored to prove the backup."""

    method: BackupMethod = BackupMethod.NONE
    target: str = ""
    jobs: int = 1
    compress: int = 6
    pg_dump: Path | None = None
    sample: int = 3
    retention: Retention = field(default_factory=Retention)


@dataclass(frozen=True, slots=True)
class NeonProject:
    """branch: the id or name of the environment's own branch. api_url: without a slash at its end."""

    project: str
    branch: str
    api_key: str = field(repr=False)
    api_url: str = "https://console.neon.tech/api/v2"


@dataclass(frozen=True, slots=True)
class DriftPlan:
    """When an environment is compared with what its migrations build. issue: whether what differs is told in an issue
    of the repository. branch: whose migrations it is meant to have, "" for the repository's default branch."""

    every_hours: int
    issue: bool = True
    branch: str = ""


class RehearseOn(enum.StrEnum):
    """Where the review's measurements are taken once more. URL: on a copy that the team provides."""

    NOTHING = "no"
    NEON = "neon"
    URL = "url"


@dataclass(frozen=True, slots=True)
class Environment:
    """One database of one repository. repository: owner/name. url: the direct one, for migrations. pooled_url: what the
    application uses, to be told apart from it. tls: whether a connection that leaves this machine must be encrypted.
    copy_url: of rehearse_on = url. drift: None where nobody looks for it unasked. path: of the migrations that are
    deployed there, or of a folder around them, where the repository has those of several projects."""

    repository: str
    name: str
    kind: EnvironmentKind
    url: str = field(repr=False)
    pooled_url: str | None = field(default=None, repr=False)
    tls: bool = True
    rules: Rules = field(default_factory=Rules)
    timeouts: Timeouts = field(default_factory=Timeouts)
    backup: BackupPlan = field(default_factory=BackupPlan)
    neon: NeonProject | None = None
    rehearse_on: RehearseOn = RehearseOn.NOTHING
    copy_url: str | None = field(default=None, repr=False)
    drift: DriftPlan | None = None
    path: str | None = None


# ---------------------------------------------------------------- what the history table says


class EntryState(enum.StrEnum):
    """FAILED: begun and not finished, or still running. ROLLED_BACK: does not count; the migration is pending again."""

    APPLIED = "applied"
    FAILED = "failed"
    ROLLED_BACK = "rolled back"


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of a history table. row: its key there. name: the migration's id. steps: 0 for a row that was only stamped.
    Times are aware, and None where the table keeps none; then it says so itself whether the migration has failed."""

    row: str
    name: str
    checksum: str
    started_at: datetime | None
    finished_at: datetime | None = None
    rolled_back_at: datetime | None = None
    logs: str = ""
    steps: int = 1
    failed: bool | None = None

    @property
    def state(self) -> EntryState:
        if self.rolled_back_at is not None:
            return EntryState.ROLLED_BACK
        failed = self.finished_at is None if self.failed is None else self.failed
        return EntryState.FAILED if failed else EntryState.APPLIED


# ---------------------------------------------------------------- what is told while something runs


@dataclass(frozen=True, slots=True)
class Progress:
    """step: what is going on, in a few plain words: "backup", a migration's id. detail: plain text; holds no secret and
    no row. done, total: of the step's parts, 0 where they are not known."""

    step: str
    detail: str = ""
    done: int = 0
    total: int = 0


class Watch(Protocol):
    """Who looks on while something runs. Both are called often, from any thread, and return at once."""

    def tell(self, progress: Progress) -> None:
        """Replaces what was told before of the same step."""

    def cancelled(self) -> bool:
        """Whether somebody wants it to stop."""


@dataclass(frozen=True, slots=True)
class Blocker:
    """A session that others wait for. since_s: how long its transaction is open. What it ran is not told: a query has
    data in it."""

    pid: int
    user: str
    application: str
    state: str
    since_s: float
