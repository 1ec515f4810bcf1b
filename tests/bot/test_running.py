"""Who is at work on an environment is told to all, and what is to stop is that and nothing after it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
import redis

from bot.running import Runner, Running

RUNNER = Runner("operate:7", "deploy", "ann", 12, "2026-01-31T12:00:00Z")


@pytest.fixture
def running(redis_url: str) -> Iterator[Running]:
    with redis.Redis.from_url(redis_url) as connection:
        yield Running(connection)


def test_nothing_runs_at_first(running: Running) -> None:
    assert running.now(1, "staging") is None
    assert not running.cancelled(1, "staging", "operate:7")


def test_what_runs_is_told_until_it_ends(running: Running) -> None:
    running.begin(1, "staging", RUNNER)
    assert running.now(1, "staging") == RUNNER
    assert running.now(1, "production") is None
    assert running.now(2, "staging") is None
    running.end(1, "staging")
    assert running.now(1, "staging") is None


def test_only_what_was_meant_is_to_stop(running: Running) -> None:
    running.begin(1, "staging", RUNNER)
    running.cancel(1, "staging", RUNNER.key)
    assert running.cancelled(1, "staging", RUNNER.key)
    assert not running.cancelled(1, "staging", "operate:8")
    running.end(1, "staging")
    assert not running.cancelled(1, "staging", RUNNER.key)
