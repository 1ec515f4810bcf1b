"""This machine, as the bot's settings describe it."""

from __future__ import annotations

from bot.settings import Settings
from workers.postgres.cluster import Limits, default_cache
from workers.postgres.sandbox import Tier
from workers.review import Machine


def machine_of(settings: Settings) -> Machine:
    """What a review is given to run on."""
    limits = Limits(
        statement_ms=settings.statement_ms,
        total_ms=settings.total_ms,
        memory_bytes=settings.memory_mb << 20,
        disk_bytes=settings.disk_mb << 20,
    )
    return Machine(
        cache=settings.cache or default_cache(),
        limits=limits,
        snapshots_bytes=settings.snapshots_mb << 20,
        require=Tier(settings.sandbox_require),
        postgres=(settings.postgres,) if settings.postgres else (),
        environments=settings.environments,
    )
