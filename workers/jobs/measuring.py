"""Counts and times what is done to environments."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator

from bot.metrics import Metrics
from bot.running import Ending
from workers.environments.apply import Fate
from workers.environments.backups.backup import Backup
from workers.environments.deploy import Deployed
from workers.environments.model import Environment

_BACKUP = "backup"  # the step's name in what is told


class Measuring:
    """Of one operation."""

    def __init__(self, metrics: Metrics, environment: Environment, act: str) -> None:
        self._metrics, self._environment, self._act = metrics, environment, act
        self._place = {"repository": environment.repository, "environment": environment.name}

    @contextlib.contextmanager
    def running(self) -> Iterator[None]:
        """It runs in this block."""
        with self._metrics.going_on("operation_running_seconds", **self._place, act=self._act):
            yield

    def ended(self, ending: Ending, began: float) -> None:
        """began: by time.monotonic()."""
        outcome = "done" if ending.done else "failed"
        kind = self._environment.kind.value
        self._metrics.count("operations", **self._place, act=self._act, outcome=outcome)
        self._metrics.observe("operation_seconds", time.monotonic() - began, kind=kind, act=self._act, outcome=outcome)

    def unreachable(self) -> None:
        self._metrics.count("connection_failures", **self._place)

    def stopped(self, last_step: str) -> None:
        """Before any change. last_step: what was told last."""
        if last_step == _BACKUP:
            self._metrics.count("failed_backups", **self._place)

    def deployed(self, done: Deployed) -> None:
        for step in done.steps:
            seconds = step.applied.duration_ms / 1000
            self._metrics.observe("migration_seconds", seconds, kind=self._environment.kind.value)
            if step.applied.fate is not Fate.APPLIED:
                self._metrics.count("failed_migrations", **self._place)
        if done.backup:
            self.backed_up(done.backup)

    def backed_up(self, taken: Backup) -> None:
        self._metrics.count("backups", **self._place)
        self._metrics.observe("backup_seconds", taken.took_ms / 1000, method=taken.method.value)
        self._metrics.set("backup_bytes", taken.bytes, **self._place)
        self._metrics.set("backup_age_seconds", taken.taken_at.timestamp(), **self._place)
