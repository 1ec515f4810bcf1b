"""The servers that rollbacks are tried on: the usual one, and in campaigns those of all versions of this machine."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.shared import SHARED
from tests.workers.rollback.databases import other_majors
from workers.postgres.cluster import Cluster, Role, start_cluster
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import choose, find_installations

_ROLES = ("rollback_reader", "rollback_writer")
_OTHERS = [pytest.param(major, marks=pytest.mark.campaign) for major in other_majors()]


@pytest.fixture(scope="module", params=[None, *_OTHERS])
def server(request: pytest.FixtureRequest, cluster: Cluster, cache: Path) -> Iterator[Cluster]:
    """With two roles to own things and to be granted things, whose member the migration role is."""
    if request.param is None:
        with _roles(cluster):
            yield cluster
        return
    installation = choose(find_installations(), request.param, frozenset())
    with start_cluster(installation, strongest_tier(), SHARED, cache) as running, _roles(running):
        yield running


@contextlib.contextmanager
def _roles(server: Cluster) -> Iterator[None]:
    _administer(server, "CREATE ROLE {0}; GRANT {0} TO {1}")
    try:
        yield
    finally:
        _administer(server, "DROP ROLE {0}")


def _administer(server: Cluster, statement: str) -> None:
    with server.connect(Role.ADMIN, "template1") as connection:
        for role in _ROLES:
            connection.execute(statement.format(role, Role.MIGRATION.value).encode())
