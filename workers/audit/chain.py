"""A history on servers of our own: some of its migrations are audited, the others only applied."""

from __future__ import annotations

from collections import Counter, deque
from collections.abc import Generator, Iterable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import psycopg

from workers.audit.line import line_on
from workers.audit.tried import tried
from workers.audited import AuditedMigration
from workers.model import Migration
from workers.postgres.cluster import Cluster, Limits, start_cluster
from workers.postgres.outcome import ServerLost
from workers.postgres.prelude import Prelude
from workers.postgres.sandbox import Tier
from workers.postgres.servers import Installation
from workers.replay import lay

_TRIES = 2  # of a migration that the server is lost over
_EACH_MS = 10_000  # of a migration that is applied up to five times, on top of what a review may take


@dataclass(frozen=True, slots=True)
class Ground:
    """With what servers are started. before: what is laid there first."""

    installation: Installation
    tier: Tier
    limits: Limits
    cache: Path
    before: tuple[Migration, ...] = ()

    def for_all(self, migrations: int) -> Ground:
        """With time for so many."""
        total_ms = self.limits.total_ms + _EACH_MS * migrations
        return replace(self, limits=replace(self.limits, total_ms=total_ms))


Told = tuple[int, AuditedMigration]


def audited(history: Sequence[Migration], wanted: Iterable[int], ground: Ground) -> Generator[Told, None, None]:
    """Each of the wanted migrations, by its place in the history, as soon as it has been looked at. A migration that
    fails is left out, and so is one that the server is lost over. To be closed, or the server stays. Raises
    CannotAnalyse where none starts, or what is laid first fails."""
    left = deque(sorted(wanted))
    met: Counter[int] = Counter()
    while left:
        with start_cluster(ground.installation, ground.tier, ground.limits, ground.cache) as cluster:
            lay(ground.before, Prelude(cluster))
            yield from _on_one_server(history, left, met, cluster)


def _on_one_server(
    history: Sequence[Migration], left: deque[int], met: Counter[int], cluster: Cluster
) -> Generator[Told, None, None]:
    """Takes off what is told, and ends where the database is not what the history makes it. met: how often the server
    was lost over a migration; it may have been by chance, or for want of memory."""
    place = 0
    try:
        with line_on(cluster) as line:
            while left:
                if met[place] >= _TRIES:
                    pass
                elif place < left[0]:
                    line.apply(history[place])
                else:
                    found = tried(line, history[place])
                    yield left.popleft(), found.migration
                    if not found.goes_on:
                        return
                place += 1
            line.check()
    except (ServerLost, psycopg.Error) as lost:
        met[place] += 1
        if met[place] == _TRIES and left and left[0] == place:
            yield left.popleft(), _lost(history[place], str(lost))


def _lost(migration: Migration, why: str) -> AuditedMigration:
    return AuditedMigration(migration.id, migration.path, None, why.splitlines()[0])
