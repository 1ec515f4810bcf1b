"""What a backup is to whoever took it: where it lies, what was proven of it, how it comes back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from workers.environments.model import BackupMethod


@dataclass(frozen=True, slots=True)
class Backup:
    """name: of the file or branch. where: a place for people, without secrets. taken_at: aware; the moment whose data
    it holds. bytes: 0 where that is unknown. checks: what was verified and what could not be, sentences. restore: shell
    commands that use $DATABASE_URL and hold no secret. expires_at: aware; None where nothing says when."""

    name: str
    method: BackupMethod
    where: str
    taken_at: datetime
    took_ms: float
    bytes: int
    checks: tuple[str, ...]
    restore: tuple[str, ...]
    expires_at: datetime | None = None
