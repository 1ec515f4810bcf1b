"""Who is at work on an environment is told to all, and what is to stop is that and nothing after it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest
import redis

from bot.locks import lock
from bot.model import Drift, Operate, Repo, Touch
from bot.queue import Queue
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
    assert not running.cancelled(1, "operate:7")
    assert running.asked(1, "staging") == ()


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


def test_what_is_asked_of_an_environment_is_told_until_it_is_done(running: Running, connection: redis.Redis) -> None:
    repo, queue = Repo(1, "octo/shop", 3), Queue(connection)
    first, second, elsewhere, others = (
        Operate(repo, 12, 7, "ann", RUNNER.at, "staging", "deploy"),
        Operate(repo, 13, 8, "bob", RUNNER.at, "staging", "backup"),
        Operate(repo, 13, 9, "bob", RUNNER.at, "production", "backup"),
        Operate(replace(repo, id=2), 13, 10, "bob", RUNNER.at, "staging", "backup"),
    )
    for work in (Drift(repo, "staging"), first, second, elsewhere, others):
        queue.add(work)
    begun = queue.begin("operate:7")
    assert begun is not None
    queue.put_off(second, 60)
    assert running.asked(1, "staging") == (first, second)
    assert [running.is_next(1, "staging", f"operate:{comment}") for comment in (7, 8, 99)] == [True, False, True]
    queue.finish("operate:7", begun)
    assert running.asked(1, "staging") == (second,)
    assert running.is_next(1, "staging", "operate:8")


def test_how_it_ended_is_kept_until_it_can_be_told(running: Running) -> None:
    assert running.kept(RUNNER.key) is None
    touch = Touch("staging", True, "migration-bot[bot]", "2026-01-31T12:00:00Z", "operation 7", "on staging", "abc")
    ending = Ending(True, "✅ **staging**", (touch,), "1 migration applied.")
    running.keep(RUNNER.key, ending)
    assert running.kept(RUNNER.key) == ending
    assert running.kept("operate:8") is None


def test_what_is_laid_by_is_there_again(running: Running) -> None:
    assert running.laid_by("operate:7", Runner) is None
    running.lay_by("operate:7", RUNNER)
    assert running.laid_by("operate:7", Runner) == RUNNER
    assert running.laid_by("operate:7", Ending) is None
    assert running.laid_by("operate:8", Runner) is None


def test_only_what_was_meant_is_to_stop(running: Running) -> None:
    running.begin(1, "staging", RUNNER)
    running.cancel(1, RUNNER.key)
    running.cancel(1, "operate:9")
    assert running.cancelled(1, RUNNER.key)
    assert not running.cancelled(1, "operate:8")
    running.end(1, "staging")
    assert running.cancelled(1, RUNNER.key)
    running.conclude(1, RUNNER.key)
    assert not running.cancelled(1, RUNNER.key)
    assert running.cancelled(1, "operate:9")
