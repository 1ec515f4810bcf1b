"""Pages' blocks on a real server: one for each process and version, with a fresh database for each block."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from tests.shared import SHARED
from workers.judge import judge
from workers.model import Change, ChangedMigration, Migration, MigrationSet, Transaction
from workers.policy_file import parse_policy
from workers.postgres.cluster import DATABASE, Cluster, Role, start_cluster
from workers.postgres.prelude import Prelude
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.postgres.session import Session
from workers.rehearse import rehearse
from workers.replay import Replayed, apply
from workers.rules.pages import Example, Page
from workers.verdict import Report

_EMPTY = "empty"
INSTALLATIONS = {f"PostgreSQL {one.major}": one for one in find_installations()}


class Servers:
    """Each is started when it is first asked for."""

    def __init__(self, cache: Path) -> None:
        self._cache = cache
        self._running: dict[str, Cluster] = {}
        self._end = contextlib.ExitStack()

    def of(self, installation: Installation) -> Cluster:
        if installation.version not in self._running:
            cluster = self._end.enter_context(start_cluster(installation, strongest_tier(), SHARED, self._cache))
            cluster.create_database(_EMPTY, DATABASE)
            cluster.drop_database(DATABASE)
            self._running[installation.version] = cluster
        return self._running[installation.version]

    def stop(self) -> None:
        self._end.close()


def observed(of: Page, example: Example, cluster: Cluster) -> Report:
    """The report on a block, as a pull request on a base branch that has the page's setup."""
    history = Migration("1_setup", "1_setup.sql", of.setup, Transaction.FILE)
    new = Migration("2_example", "2_example.sql", example.sql, example.transaction)
    changed = (ChangedMigration(Change.ADDED, None, new),)
    with _merged(history, cluster) as base:
        rehearsal = rehearse(base, (new,))
    return judge(MigrationSet("plain", "", "a", "b", (history,), changed), rehearsal, parse_policy(of.policy))


@contextlib.contextmanager
def _merged(history: Migration, cluster: Cluster) -> Iterator[Replayed]:
    """The cluster with nothing in it but what the history makes; everything that was played is dropped afterwards."""
    cluster.create_database(DATABASE, _EMPTY)
    prelude = Prelude(cluster)
    try:
        with Session(cluster) as session:
            assert apply(session, history, prelude) is None
        yield Replayed(cluster, prelude, "miss", 0.0, 0.0)
    finally:
        for name in _databases(cluster):
            cluster.drop_database(name)


def _databases(cluster: Cluster) -> list[str]:
    with cluster.connect(Role.ADMIN, "template1") as connection:
        rows = connection.execute(
            "select datname from pg_database where not datistemplate and datname <> %s", (_EMPTY,)
        )
        return [name for (name,) in rows if name != "postgres"]
