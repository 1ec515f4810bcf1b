"""What an audit of a whole history came to: each of its migrations, taken back and applied again. All frozen."""

from __future__ import annotations

from dataclasses import dataclass

from workers.rehearsed import ServerInfo
from workers.ways_back import Grade, Rollback, Written


@dataclass(frozen=True, slots=True)
class AuditedMigration:
    """error: what the server said to a migration that it did not apply; there is nothing to take back then, and
    rollback is None. written: what the authors' own way back came to, where there is one. seconds: wall clock, for all
    that was done with it. notes: what was done on its behalf, such as roles made for GRANT. empty_down: it was
    applied, and the authors' own way back has no statement, and so claims nothing."""

    id: str
    path: str
    rollback: Rollback | None
    error: str | None = None
    written: Written | None = None
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    empty_down: bool = False

    @property
    def applied(self) -> bool:
        return self.rollback is not None

    @property
    def proven(self) -> bool:
        return self.rollback is not None and self.rollback.proven


@dataclass(frozen=True, slots=True)
class Audit:
    """commit: full SHA, empty where a plain folder was read. kept: how many of the migrations an earlier run had told
    about. seconds: wall clock of this run."""

    layout: str
    directory: str
    commit: str
    server: ServerInfo
    migrations: tuple[AuditedMigration, ...]
    notes: tuple[str, ...] = ()
    kept: int = 0
    seconds: float = 0.0

    @property
    def applied(self) -> tuple[AuditedMigration, ...]:
        return tuple(each for each in self.migrations if each.applied)

    @property
    def failed(self) -> tuple[AuditedMigration, ...]:
        """What the server did not apply."""
        return tuple(each for each in self.migrations if not each.applied)

    @property
    def unproven(self) -> tuple[AuditedMigration, ...]:
        """What was applied, and whose rollback is not proven."""
        return tuple(each for each in self.applied if not each.proven)

    @property
    def written(self) -> tuple[Written, ...]:
        """What the authors' own ways back came to."""
        return tuple(each.written for each in self.migrations if each.written)

    @property
    def empty_downs(self) -> int:
        """How many of the authors' ways back have no statement."""
        return sum(each.empty_down for each in self.migrations)

    def graded(self, grade: Grade) -> int:
        """How many of the rollbacks have the grade."""
        return sum(each.rollback is not None and each.rollback.grade is grade for each in self.migrations)
