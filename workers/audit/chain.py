"""A history on servers of our own: some of its migrations are audited, the others only applied."""

from __future__ import annotations

import contextlib
import gc
from collections import Counter, deque
from collections.abc import Generator, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
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
_ALLOCATIONS = 50_000
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
    left = _Left(deque(sorted(wanted)))
    with _garbage_collected_seldom():
        for dumped in (False, True):
            while left.places:
                with start_cluster(ground.installation, ground.tier, ground.limits, ground.cache) as cluster:
                    lay(ground.before, Prelude(cluster))
                    yield from _on_one_server(history, left, cluster, dumped=dumped)
            left.places.extend(left.to_dump)


@contextlib.contextmanager
def _garbage_collected_seldom() -> Iterator[None]:
    """Catalogs are made of tens of thousands of tuples, none of which is part of a circle; looking for circles
    after every 700 new ones takes half of the time. https://docs.python.org/3/library/gc.html#gc.set_threshold"""
    thresholds = gc.get_threshold()
    gc.set_threshold(_ALLOCATIONS)
    try:
        yield
    finally:
        gc.set_threshold(*thresholds)


@dataclass(frozen=True, slots=True)
class _Left:
    """places: of the migrations that have still to be looked at. met: how often the server was lost over a migration;
    it may have been by chance, or for want of memory. to_dump: those before which pg_dump is wanted: on another
    server, as the moment has passed."""

    places: deque[int]
    met: Counter[int] = field(default_factory=Counter)
    to_dump: list[int] = field(default_factory=list)


def _on_one_server(
    history: Sequence[Migration], left: _Left, cluster: Cluster, *, dumped: bool
) -> Generator[Told, None, None]:
    """Takes off what is told, and ends where the database is not what the history makes it."""
    place, places, met = 0, left.places, left.met
    try:
        with line_on(cluster) as line:
            while places:
                if met[place] >= _TRIES:
                    pass
                elif place < places[0]:
                    line.apply(history[place])
                else:
                    found = tried(line, history[place], dumped=dumped)
                    places.popleft()
                    if found.migration:
                        yield place, found.migration
                    else:
                        left.to_dump.append(place)
                    if not found.goes_on:
                        return
                place += 1
            line.check()
    except (ServerLost, psycopg.Error) as lost:
        met[place] += 1
        if met[place] == _TRIES and places and places[0] == place:
            yield places.popleft(), _lost(history[place], str(lost))


def _lost(migration: Migration, why: str) -> AuditedMigration:
    return AuditedMigration(migration.id, migration.path, None, why.splitlines()[0])
