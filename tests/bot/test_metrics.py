"""What is counted, and what Prometheus reads of it."""

from __future__ import annotations

import contextlib
import json
import logging
import multiprocessing
import time
from collections.abc import Iterator
from typing import Any

import pytest
import redis
from prometheus_client.parser import text_string_to_metric_families
from redis.backoff import NoBackoff
from redis.retry import Retry

from bot.exposition import exposition
from bot.metrics import BOUNDS, CATALOGUE, KEY, Kind, Metrics, Sample, samples
from bot.model import Ask, Operate, Refresh, Repo, Work
from bot.queue import GROUPS, Queue, key
from bot.worker import FairWorker
from tests.redis_server import free_port

REPO = Repo(42, "acme/shop", 3)
STAGING = {"repository": "acme/shop", "environment": "staging"}


@pytest.fixture
def stored(redis_url: str) -> Iterator[redis.Redis]:
    with redis.Redis.from_url(redis_url) as client:
        yield client


@pytest.fixture
def metrics(stored: redis.Redis) -> Metrics:
    return Metrics(stored)


def read(stored: redis.Redis, name: str) -> dict[tuple[str, ...], float]:
    """What is exposed of a metric, by its labels' values in the order of the labels' names."""
    found = {}
    for family in text_string_to_metric_families(exposition(stored).decode()):
        for one in family.samples:
            if one.name == f"migration_bot_{name}":
                found[tuple(value for _, value in sorted(one.labels.items()))] = one.value
    return found


# ---------------------------------------------------------------- what is kept


def test_nothing(stored: redis.Redis) -> None:
    assert samples(stored) == ()
    families = {one.name: one for one in text_string_to_metric_families(exposition(stored).decode())}
    assert {f"migration_bot_{name}" for name in CATALOGUE} <= set(families)
    assert [len(families[f"migration_bot_{name}"].samples) for name in CATALOGUE] == [0] * len(CATALOGUE)
    assert read(stored, "work") == {(group, state): 0 for group in GROUPS for state in ("waiting", "running", "later")}
    assert read(stored, "oldest_waiting_seconds") == {(group,): 0 for group in GROUPS}
    assert read(stored, "workers") == {(group, state): 0 for group in GROUPS for state in ("idle", "busy")}
    assert read(stored, "github_requests_left") == {}


def test_counting(stored: redis.Redis, metrics: Metrics) -> None:
    for outcome in ("done", "retried", "done"):
        metrics.count("jobs", kind="Refresh", outcome=outcome)
    metrics.count("github_replies", installation=3, status="2xx")
    assert samples(stored) == (
        Sample("github_replies", "", ("3", "2xx"), 1.0),
        Sample("jobs", "", ("Refresh", "done"), 2.0),
        Sample("jobs", "", ("Refresh", "retried"), 1.0),
    )
    assert read(stored, "jobs_total") == {("Refresh", "done"): 2, ("Refresh", "retried"): 1}


def test_an_environment_starts_at_zero(stored: redis.Redis, metrics: Metrics) -> None:
    metrics.count("failed_migrations", **STAGING)
    for _ in range(2):
        metrics.start(**STAGING)
    assert [(one.name, one.value) for one in samples(stored)] == [
        ("backups", 0),
        ("connection_failures", 0),
        ("failed_backups", 0),
        ("failed_drift_checks", 0),
        ("failed_migrations", 1),
        ("untold_drift", 0),
    ]


def test_timing(stored: redis.Redis, metrics: Metrics) -> None:
    for seconds in (0.0, 0.1, 0.2, 60.0, 100_000.0):
        metrics.observe("review_seconds", seconds, level="risky")
    metrics.observe("review_seconds", 2.0, level="safe")
    expected = dict(zip(BOUNDS, (2, 3, 3, 3, 3, 4, 4, 4, 4, 4, 5), strict=True))
    told = read(stored, "review_seconds_bucket")
    assert {le: told[le, "risky"] for le in BOUNDS} == expected
    assert read(stored, "review_seconds_count") == {("risky",): 5, ("safe",): 1}
    assert read(stored, "review_seconds_sum") == pytest.approx({("risky",): 100_060.3, ("safe",): 2.0})


def test_gauges(stored: redis.Redis, metrics: Metrics) -> None:
    for size in (7, 5_000_000_000):
        metrics.set("backup_bytes", size, **STAGING)
    metrics.set("backup_age_seconds", time.time() - 3600, **STAGING)
    assert read(stored, "backup_bytes") == {("staging", "acme/shop"): 5e9}
    assert read(stored, "backup_age_seconds") == pytest.approx({("staging", "acme/shop"): 3600}, abs=10)


def test_what_goes_on(stored: redis.Redis, metrics: Metrics) -> None:
    """Also when it ends badly."""
    name, labels = "operation_running_seconds", {**STAGING, "act": "migrate"}
    with contextlib.suppress(ZeroDivisionError), metrics.going_on(name, **labels):
        assert read(stored, name) == pytest.approx({("migrate", "staging", "acme/shop"): 0}, abs=10)
        metrics.set(name, time.time() - 7200, **labels)
        assert read(stored, name) == pytest.approx({("migrate", "staging", "acme/shop"): 7200}, abs=10)
        raise ZeroDivisionError
    assert read(stored, name) == {}


def test_any_text_is_a_label(stored: redis.Redis, metrics: Metrics) -> None:
    odd = 'a "quoted"\\ one,\nand ü'
    metrics.count("failed_migrations", repository="acme/shop", environment=odd)
    assert read(stored, "failed_migrations_total") == {(odd, "acme/shop"): 1}


def _count(url: str, times: int) -> None:
    with redis.Redis.from_url(url) as client:
        for _ in range(times):
            Metrics(client).count("jobs", kind="Ask", outcome="done")
            Metrics(client).observe("job_seconds", 0.5, kind="Ask")


def test_several_processes(stored: redis.Redis, redis_url: str) -> None:
    workers = [multiprocessing.get_context("fork").Process(target=_count, args=(redis_url, 50)) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert read(stored, "jobs_total") == {("Ask", "done"): 150}
    assert (read(stored, "job_seconds_count"), read(stored, "job_seconds_sum")) == ({("Ask",): 150}, {("Ask",): 75.0})


@pytest.mark.parametrize(
    ("verb", "name", "labels"),
    [
        ("count", "unheard_of", {}),
        ("count", "jobs", {"kind": "Ask"}),
        ("count", "jobs", {"kind": "Ask", "outcome": "done", "repository": "acme/shop"}),
        ("count", "backup_bytes", STAGING),
        ("observe", "jobs", {"kind": "Ask", "outcome": "done"}),
        ("set", "jobs", {"kind": "Ask", "outcome": "done"}),
    ],
)
def test_a_bug_is_loud(stored: redis.Redis, metrics: Metrics, verb: str, name: str, labels: dict[str, str]) -> None:
    amount: tuple[Any, ...] = () if verb == "count" else (1.0,)
    with pytest.raises(KeyError):
        getattr(metrics, verb)(name, *amount, **labels)
    assert samples(stored) == ()


def test_redis_is_down(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.WARNING)
    with redis.Redis(port=free_port(), retry=Retry(NoBackoff(), 0)) as nobody:
        metrics = Metrics(nobody)
        metrics.count("jobs", kind="Ask", outcome="done")
        metrics.observe("job_seconds", 1.0, kind="Ask")
        with metrics.going_on("operation_running_seconds", **STAGING, act="migrate"):
            pass
        with pytest.raises(redis.ConnectionError):
            exposition(nobody)
    assert [message.partition(":")[0] for message in caplog.messages] == [
        "jobs is not counted",
        "job_seconds is not counted",
        *["operation_running_seconds is not counted"] * 2,
    ]


def test_what_another_version_kept(stored: redis.Redis, metrics: Metrics) -> None:
    metrics.count("failed_migrations", **STAGING)
    for field in (["renamed", "", "x"], ["jobs", "", "Ask"], ["job_seconds", "0.25", "Ask"], ["jobs", "sum", "a", "b"]):
        stored.hset(KEY, json.dumps(field), 1)
    assert [one.name for one in samples(stored)] == ["failed_migrations"]


def test_the_catalogue() -> None:
    """Units stand in the names, and no label could have any number of values."""
    timed = {name for name, one in CATALOGUE.items() if one.kind in (Kind.HISTOGRAM, Kind.SINCE)}
    assert [name for name in timed if not name.endswith("_seconds")] == []
    lone = [name for name, one in CATALOGUE.items() if ("repository" in one.labels) != ("environment" in one.labels)]
    assert lone == []


# ---------------------------------------------------------------- how things stand


def at(stored: redis.Redis, work: Work, ago_s: float) -> None:
    stored.zadd("migration-bot:pending", {key(work): time.time() - ago_s})


def test_the_queue(stored: redis.Redis) -> None:
    queue = Queue(stored)
    first, second, third, fourth = (Refresh(REPO, number) for number in range(1, 5))
    ask = Ask(REPO, 1, 5, "ann", "2026-01-31T12:00:00Z", "/migrate help")
    operate = Operate(REPO, 1, 5, "ann", "2026-01-31T12:00:00Z", "staging", "migrate")
    for work in (first, second, third, ask, operate):
        queue.add(work)
    queue.add(fourth, delay_s=600)
    for work, ago_s in ((first, 500), (second, 300), (third, 200), (fourth, 900), (ask, 10), (operate, 7000)):
        at(stored, work, ago_s)
    assert queue.begin(key(first))
    told = read(stored, "work")
    assert {name: count for name, count in told.items() if count} == {
        ("reviews", "waiting"): 2,
        ("reviews", "running"): 1,
        ("reviews", "later"): 1,
        ("commands", "waiting"): 1,
        ("operations", "waiting"): 1,
    }
    oldest = {("commands",): 10, ("reviews",): 300, ("operations",): 7000}
    assert read(stored, "oldest_waiting_seconds") == pytest.approx(oldest, abs=5)


def test_the_workers(stored: redis.Redis) -> None:
    """RQ's own record of them, as long as it lasts."""
    workers = [FairWorker(stored, 30, int, int, operations) for operations in (False, False, True)]
    for worker in workers:
        worker.register_birth()  # type: ignore[no-untyped-call]
        worker.set_state("idle")
    workers[0].set_state("busy")
    assert read(stored, "workers") == {
        ("commands", "idle"): 1,
        ("commands", "busy"): 1,
        ("reviews", "idle"): 1,
        ("reviews", "busy"): 1,
        ("operations", "idle"): 1,
        ("operations", "busy"): 0,
    }
    stored.delete(workers[2].key)
    assert read(stored, "workers")["operations", "idle"] == 0
