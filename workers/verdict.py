"""What we say: findings, what was not read, and the report that every face is a function of. All frozen."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field

from workers.facts import Facts, Lock
from workers.model import Change, Level, Statement
from workers.rehearsed import Estimate, Observation, Preflight, ServerInfo, Timing
from workers.ways_back import Kept, Rollback, Written
from workers.words import Name


@dataclass(frozen=True, slots=True)
class RewriteStep:
    """To be committed before the next step begins, also where it holds several statements."""

    sql: str
    transaction: bool  # may run inside a transaction block
    deploy: str | None = None  # what has to be deployed before this step


@dataclass(frozen=True, slots=True)
class Rewrite:
    """The safe form of a statement, in steps. refuted: how it came to something else than the statement, when it was
    tried. in_place: it can stand where the statement stands, in the same file and release. kept: columns whose values
    it keeps and the statement loses. missing: what is left to fill in, without which it cannot be tried."""

    steps: tuple[RewriteStep, ...]
    proven: bool
    refuted: str | None = None
    in_place: bool = False
    kept: tuple[tuple[Name, str], ...] = ()
    missing: str | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing a reader should know. `allowed`: the reason given by a suppression; the finding then does not count."""

    rule: str
    level: Level
    path: str
    line: int
    object: str  # the relation, column or migration it is about
    message: str
    rewrite: Rewrite | None = None
    allowed: str | None = None


class DriftKind(enum.StrEnum):
    HISTORY = "history"
    DECLARED = "declared"
    LIVE = "live"


@dataclass(frozen=True, slots=True)
class Drift:
    kind: DriftKind
    object: str
    expected: str
    actual: str
    sql: str | None = None


@dataclass(frozen=True, slots=True)
class Unread:
    """Something we did not analyse, and why. A report with unread items is never clean."""

    path: str
    line: int
    reason: str


@dataclass(frozen=True, slots=True)
class JudgedStatement:
    """facts: the ones the rules were given, each lock with its source; predicted: what the text alone says; held: the
    locks that earlier statements of its transaction took."""

    statement: Statement
    action: str  # in the words of SQL: ALTER TABLE … ADD COLUMN
    level: Level
    facts: Facts
    observation: Observation | None
    findings: tuple[Finding, ...] = ()
    predicted: Facts = field(default_factory=Facts)
    estimate: Estimate | None = None
    held: tuple[Lock, ...] = ()


@dataclass(frozen=True, slots=True)
class JudgedMigration:
    id: str
    path: str
    change: Change
    level: Level
    statements: tuple[JudgedStatement, ...] = ()
    rollback: Rollback | None = None
    kept: Kept | None = None
    written: Written | None = None
    tail: str = ""  # what stands behind the last statement
    digest: str = ""  # of the text of a merged migration that was edited: its statements are not judged


@dataclass(frozen=True, slots=True)
class Report:
    """The review's outcome; every face (terminal, markdown, JSON) is a function of it. projects: where the repository
    has several, the report on each that is changed; all that they hold is in this one, too."""

    level: Level
    layout: str
    base: str  # full SHA, or "" when no commits were compared
    head: str
    server: ServerInfo | None
    migrations: tuple[JudgedMigration, ...] = ()
    findings: tuple[Finding, ...] = ()  # all of them, also those of statements, in file and line order
    preflight: tuple[Preflight, ...] = ()
    drift: tuple[Drift, ...] = ()
    unread: tuple[Unread, ...] = ()
    notes: tuple[str, ...] = ()
    timing: Timing = field(default_factory=Timing)
    directory: str = ""  # of the migrations, where they are of one project
    failed: str = ""  # why this project could not be analysed, where others were
    projects: tuple[Report, ...] = ()

    @property
    def parts(self) -> tuple[Report, ...]:
        """Each project's own report, be it one or several."""
        return self.projects or (self,)

    @property
    def several(self) -> bool:
        """Whether more than one project is changed."""
        return len(self.projects) > 1
