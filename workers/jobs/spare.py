"""Lays by the backup that a command took, for when it has to begin again before it has changed anything."""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass

from bot.errors import Retryable
from bot.running import Running
from workers.environments.backups.backup import Backup


@dataclass(frozen=True, slots=True)
class _Spare:
    state: str
    backup: Backup


def spared(running: Running, key: str, state: str, take: Callable[[], Backup | None]) -> Backup | None:
    """The one that is laid by, where it is of this state; else what take() gives, which is then laid by. key: of the
    work in the queue. state: of the environment's history table. Raises what take raises."""
    with contextlib.suppress(Retryable):
        spare = running.laid_by(key, _Spare)
        if spare and spare.state == state:
            return spare.backup
    taken = take()
    if taken:
        with contextlib.suppress(Retryable):
            running.lay_by(key, _Spare(state, taken))
    return taken
