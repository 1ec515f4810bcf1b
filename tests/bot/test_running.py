"""Who is at work on an environment is told to all, and what is to stop is that and nothing after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from bot.locks import lock
from bot.model import Touch
from bot.running import Ending, Runner, Running, lock_key

RUNNER = Runner("operate:7", "deploy", "ann", 12, "2026-01-31T12:00:00Z")


@pytest.fixture
def connection(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as connected:
        yield connected


@pytest.fixture
def running(connection: redis.Redis) -> Running:
    return Running(connection)


def test_nothing_runs_at_first(running: Running) -> None:
    assert running.now(1, "staging") is None
    assert not running.cancelled(1, "staging", "operate:7")


def test_what_runs_is_told_until_it_ends(running: Running, connection: redis.Redis) -> None:
    with lock(connection, lock_key(1, "staging")):
        running.begin(1, "staging", RUNNER)
        assert running.now(1, "staging") == RUNNER
        assert running.now(1, "production") is None
        assert running.now(2, "staging") is None
        running.end(1, "staging")
        assert running.now(1, "staging") is None


def test_what_was_killed_does_not_run(running: Running, connection: redis.Redis) -> None:
    with lock(connection, lock_key(1, "staging")):
        running.begin(1, "staging", RUNNER)
    assert running.now(1, "staging") is None


def test_how_it_ended_is_kept_until_it_can_be_told(running: Running) -> None:
    assert running.kept(RUNNER.key) is None
    touch = Touch("staging", True, "migration-bot[bot]", "2026-01-31T12:00:00Z", "operation 7", "on staging", "abc")
    ending = Ending(True, "✅ **staging**", (touch,), "1 migration applied.")
    running.keep(RUNNER.key, ending)
    assert running.kept(RUNNER.key) == ending
    assert running.kept("operate:8") is None


def test_only_what_was_meant_is_to_stop(running: Running) -> None:
    running.begin(1, "staging", RUNNER)
    running.cancel(1, "staging", RUNNER.key)
    assert running.cancelled(1, "staging", RUNNER.key)
    assert not running.cancelled(1, "staging", "operate:8")
    running.end(1, "staging")
    assert not running.cancelled(1, "staging", RUNNER.key)
