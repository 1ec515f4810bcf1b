"""The metrics as Prometheus reads them: what was counted, and how queue, workers and GitHub's limits stand now."""

from __future__ import annotations

import itertools
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from typing import Any, Final

import redis
from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.core import Metric as Family
from prometheus_client.exposition import CONTENT_TYPE_PLAIN_0_0_4, generate_latest
from prometheus_client.registry import Collector

from bot.github.limits import requests_left
from bot.metrics import BOUNDS, CATALOGUE, SUM, Kind, Metric, Sample, samples
from bot.queue import GROUPS
from bot.scripts import LATER, PENDING, WORK

CONTENT_TYPE: Final = CONTENT_TYPE_PLAIN_0_0_4
_STATES = ("waiting", "running", "later")

# The work that is pending comes oldest first. KEYS pending, later. ARGV what stands before the keys of work. Returns of
# each group and state that has any: since when the oldest waits, and how many there are.
_COUNT_WORK: Final = """
local told, known = {}, {}
local pending = redis.call('ZRANGE', KEYS[1], 0, -1, 'WITHSCORES')
for index = 1, #pending, 2 do
    local held = redis.call('HMGET', ARGV[1] .. pending[index], 'queue', 'running')
    local state = held[2] and 'running' or redis.call('ZSCORE', KEYS[2], pending[index]) and 'later' or 'waiting'
    local group = string.match(held[1] or '', '^[^:]*')
    local name = group .. ':' .. state
    if not known[name] then
        known[name] = {group, state, pending[index + 1], 0}
        table.insert(told, known[name])
    end
    known[name][4] = known[name][4] + 1
end
return told
"""


def exposition(connection: redis.Redis) -> bytes:
    """In Prometheus's text format. Raises RedisError."""
    registry = CollectorRegistry()
    registry.register(_Standing(connection))
    return generate_latest(registry)


class _Standing(Collector):
    """Asked once for each scrape."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def collect(self) -> Iterator[Family]:
        kept = samples(self._redis)
        for name, metric in CATALOGUE.items():
            yield _family(f"migration_bot_{name}", metric, [one for one in kept if one.name == name])
        yield from _queue(self._redis)
        yield _workers(self._redis)
        yield _left(self._redis, kept)


def _family(name: str, metric: Metric, found: Sequence[Sample]) -> Family:
    if metric.kind is Kind.HISTOGRAM:
        return _histogram(name, metric, found)
    counts = metric.kind is Kind.COUNTER
    family = (CounterMetricFamily if counts else GaugeMetricFamily)(name, metric.meaning, labels=metric.labels)
    for one in found:
        family.add_metric(one.labels, max(time.time() - one.value, 0.0) if metric.kind is Kind.SINCE else one.value)
    return family


def _histogram(name: str, metric: Metric, found: Sequence[Sample]) -> Family:
    """Prometheus wants each bucket to hold those below it as well."""
    family = HistogramMetricFamily(name, metric.meaning, labels=metric.labels)
    for labels, parts in itertools.groupby(found, key=lambda one: one.labels):
        values = {one.part: one.value for one in parts}
        heights = itertools.accumulate(values.get(bound, 0.0) for bound in BOUNDS)
        family.add_metric(labels, tuple(zip(BOUNDS, heights, strict=True)), values.get(SUM, 0.0))
    return family


def _queue(connection: redis.Redis) -> Iterator[Family]:
    counted: Any = connection.eval(_COUNT_WORK, 2, PENDING, LATER, WORK)
    now = time.time()
    known = {(group.decode(), state.decode()): (float(since), count) for group, state, since, count in counted}
    work = GaugeMetricFamily("migration_bot_work", "Pieces of work that are not done.", labels=("group", "state"))
    oldest = GaugeMetricFamily(
        "migration_bot_oldest_waiting_seconds", "How long ago the oldest that waits was told.", labels=("group",)
    )
    for group in GROUPS:
        for state in _STATES:
            work.add_metric((group, state), known.get((group, state), (now, 0))[1])
        oldest.add_metric((group,), max(now - known.get((group, "waiting"), (now, 0))[0], 0.0))
    yield work
    yield oldest


def _workers(connection: redis.Redis) -> Family:
    """By the first shard of each group, as a worker serves all of them. RQ's record of a worker that died ends by
    itself."""
    family = GaugeMetricFamily(
        "migration_bot_workers", "Workers that serve a group of work; one may serve two.", labels=("group", "state")
    )
    for group in GROUPS:
        keys: Any = connection.smembers(f"rq:workers:{group}:0")
        told: list[Any] = [connection.hget(key, "state") for key in keys]
        states = Counter(state.decode() for state in told if state)
        for state in ("idle", "busy"):
            family.add_metric((group, state), states[state])
    return family


def _left(connection: redis.Redis, kept: Sequence[Sample]) -> Family:
    family = GaugeMetricFamily(
        "migration_bot_github_requests_left", "Requests of this hour that GitHub still takes.", labels=("installation",)
    )
    for installation in sorted({one.labels[0] for one in kept if one.name == "github_replies"}):
        left = requests_left(connection, int(installation))
        if left is not None:
            family.add_metric((installation,), left)
    return family
