"""When a rehearsal has to end: somebody wants that, or its time is up."""

from __future__ import annotations

import time

from workers.environments.model import Watch
from workers.errors import Cancelled


class TimeUp(Exception):
    """The rehearsal took longer than it may."""


class Minder:
    """total_ms: from now on."""

    def __init__(self, watch: Watch, total_ms: int) -> None:
        self.watch = watch
        self._ends_at = time.monotonic() + total_ms / 1000

    def over(self) -> bool:
        return self.watch.cancelled() or time.monotonic() > self._ends_at

    def check(self) -> None:
        """Raises Cancelled, TimeUp."""
        if self.watch.cancelled():
            raise Cancelled("the rehearsal was stopped")
        if time.monotonic() > self._ends_at:
            raise TimeUp
