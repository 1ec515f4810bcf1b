"""A database of a test's own."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from tests.workers.rollback.databases import fresh_database
from workers.postgres.cluster import Cluster


@pytest.fixture
def database(cluster: Cluster) -> Iterator[str]:
    with fresh_database(cluster) as name:
        yield name
