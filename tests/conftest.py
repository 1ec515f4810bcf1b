"""Fixtures for all tests: a real ephemeral server, and the option that lets the long campaigns run."""

from __future__ import annotations

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import redis
from hypothesis import settings

from tests.redis_server import RedisServer, running_redis
from tests.shared import SHARED
from workers.postgres.cluster import Cluster, start_cluster
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, choose, find_installations


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--campaign", action="store_true", help="run the long tests, too")
    parser.addoption(
        "--anew", action="store_true", help="draw the examples of properties anew; thousands, where marked"
    )


def pytest_configure(config: pytest.Config) -> None:
    """Properties are tried on the same examples in each run, so that a change answers for itself alone; on more of them
    in a campaign."""
    settings.register_profile(
        "migration-bot",
        deadline=None,
        max_examples=250 if config.getoption("--campaign") else 25,
        derandomize=not config.getoption("--anew"),
    )
    settings.load_profile("migration-bot")


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    unwanted = [mark for mark in ("campaign", "anew") if not config.getoption(f"--{mark}")]
    left = [item for item in items if any(item.get_closest_marker(mark) for mark in unwanted)]
    if left:
        config.hook.pytest_deselected(items=left)
        items[:] = [item for item in items if item not in left]


@pytest.fixture(scope="session")
def cache() -> Path:
    """Templates are kept from one test run to the next, as they are for users; nothing else is put here."""
    return Path(f"/var/tmp/migration-bot-tests-{os.geteuid()}")


@pytest.fixture(scope="session")
def installation() -> Installation:
    """The server that judges when nobody asks for another."""
    return choose(find_installations(), None, frozenset())


@pytest.fixture(scope="session")
def cluster(cache: Path, installation: Installation) -> Iterator[Cluster]:
    """One running server per worker, in the strongest sandbox of this machine, with the empty database `app`. A test
    that changes anything works in a database of its own: cluster.create_database, and drop_database at the end."""
    with start_cluster(installation, strongest_tier(), SHARED, cache) as running:
        yield running


@pytest.fixture(scope="session")
def redis_process() -> Iterator[RedisServer]:
    """One server for each process of the run."""
    with running_redis() as server:
        yield server


@pytest.fixture
def redis_url(redis_process: RedisServer) -> str:
    """An empty Redis. A test that stops the server makes one of its own: running_redis."""
    with redis.Redis.from_url(redis_process.url) as client:
        client.flushall()
    return redis_process.url
