"""A command that has to begin again uses the backup that it has, as long as nothing was applied since."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime

import pytest
import redis
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.running import Running
from bot.store import connect
from tests.redis_server import free_port
from workers.environments.backups.backup import Backup
from workers.environments.model import BackupMethod
from workers.jobs.spare import spared

TAKEN = datetime(2026, 1, 31, 12, tzinfo=UTC)
FIRST = Backup("a.dump", BackupMethod.DUMP, "/backups", TAKEN, 12.5, 1 << 20, ("read to its end",), ("pg_restore",))
NEXT = replace(FIRST, name="b.dump", expires_at=TAKEN)


@pytest.fixture
def running(redis_url: str) -> Iterator[Running]:
    with connect(redis_url) as connection:
        yield Running(connection)


def test_where_no_backup_is_configured_there_is_none(running: Running) -> None:
    assert spared(running, "operate:1", "as it was", lambda: None) is None
    assert spared(running, "operate:1", "as it was", lambda: FIRST) == FIRST


def test_it_is_taken_once(running: Running) -> None:
    assert spared(running, "operate:2", "as it was", lambda: NEXT) == NEXT
    assert spared(running, "operate:2", "as it was", lambda: FIRST) == NEXT


def test_where_something_was_applied_since_another_is_taken(running: Running) -> None:
    assert spared(running, "operate:3", "as it was", lambda: FIRST) == FIRST
    assert spared(running, "operate:3", "something was applied", lambda: NEXT) == NEXT
    assert spared(running, "operate:3", "something was applied", lambda: FIRST) == NEXT


def test_another_command_takes_its_own(running: Running) -> None:
    assert spared(running, "operate:4", "as it was", lambda: FIRST) == FIRST
    assert spared(running, "operate:5", "as it was", lambda: NEXT) == NEXT


def test_without_redis_it_is_taken() -> None:
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as nowhere:
        assert spared(Running(nowhere), "operate:6", "as it was", lambda: FIRST) == FIRST
