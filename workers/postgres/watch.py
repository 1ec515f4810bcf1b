"""Decides when a statement has had enough: of time, of disk."""

from __future__ import annotations

import enum
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from workers.postgres.folders import folder_bytes

# From the statement's deadline on. A loop that swallows query_canceled needs the second; a long computation in C,
# such as the division of huge numbers, hears neither of the first two.
_TERMINATE_AFTER_MS = 1000
_KILL_AFTER_MS = 2500


class Step(enum.IntEnum):
    """What to do about a statement past its deadline, mildest first."""

    CANCEL = 1
    TERMINATE = 2
    KILL = 3


@dataclass(slots=True)
class Deadline:
    """A statement's time, and how far we have gone since it ran out."""

    allowed_ms: float
    taken: Step | None = None
    _started_s: float = field(default_factory=time.monotonic)

    @property
    def elapsed_ms(self) -> float:
        return (time.monotonic() - self._started_s) * 1000

    def due(self) -> Step | None:
        """The step to take now; each is said once."""
        over_ms = self.elapsed_ms - self.allowed_ms
        if over_ms < 0:
            return None
        step = (
            Step.KILL
            if over_ms >= _KILL_AFTER_MS
            else Step.TERMINATE
            if over_ms >= _TERMINATE_AFTER_MS
            else Step.CANCEL
        )
        if self.taken is not None and step <= self.taken:
            return None
        self.taken = step
        return step


class DiskGauge:
    """Whether a folder has outgrown its bound. Asks the file system's free space first, which takes microseconds, and
    measures the folder only when that has shrunk enough, or two seconds after the last time."""

    MEASURE_EVERY_S = 2.0

    def __init__(self, folder: Path, limit_bytes: int) -> None:
        self._folder = folder
        self._limit_bytes = limit_bytes
        self._measured_bytes = 0
        self._free_bytes = 0
        self._measured_s = float("-inf")

    def exceeded(self) -> bool:
        free_bytes = _free(self._folder)
        growth_bytes = self._free_bytes - free_bytes
        fresh = time.monotonic() - self._measured_s < self.MEASURE_EVERY_S
        if fresh and self._measured_bytes + growth_bytes <= self._limit_bytes:
            return False
        self._measured_bytes, self._free_bytes = folder_bytes(self._folder), free_bytes
        self._measured_s = time.monotonic()
        return self._measured_bytes > self._limit_bytes


def _free(folder: Path) -> int:
    found = os.statvfs(folder)
    return found.f_bavail * found.f_frsize
