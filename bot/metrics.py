"""What is counted and timed, in one hash of Redis for all processes; never a reason for work to fail.

migration-bot:metrics   hash: JSON [name, part, label value …] → number

The part is "" for a counter or a gauge; of a histogram, a bucket's upper bound, whose number does not include those of
the buckets below, or "sum". Numbers start again when Redis loses them, which Prometheus expects of counters.
"""

from __future__ import annotations

import bisect
import contextlib
import enum
import json
import logging
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

import redis

from bot.store import PREFIX

KEY: Final = f"{PREFIX}metrics"
BOUNDS: Final = ("0.1", "0.5", "1.0", "5.0", "15.0", "60.0", "300.0", "900.0", "3600.0", "14400.0", "+Inf")  # seconds
SUM: Final = "sum"
_LIMITS = tuple(map(float, BOUNDS))
_LOG = logging.getLogger(__name__)


class Kind(enum.Enum):
    """SINCE: a gauge that is kept as a moment, and told as the seconds that have passed."""

    COUNTER = enum.auto()
    GAUGE = enum.auto()
    SINCE = enum.auto()
    HISTOGRAM = enum.auto()


@dataclass(frozen=True, slots=True)
class Metric:
    """labels: their names, in the order in which their values are kept. Each has few values: a repository is named only
    together with an environment that somebody configured."""

    kind: Kind
    labels: tuple[str, ...]
    meaning: str


_PLACE = ("repository", "environment")

CATALOGUE: Final[Mapping[str, Metric]] = {
    "jobs": Metric(
        Kind.COUNTER, ("kind", "outcome"), "Attempts at work by its kind: done, retried, put_off, given_up, failed."
    ),
    "job_seconds": Metric(Kind.HISTOGRAM, ("kind",), "How long an attempt at work took."),
    "review_seconds": Metric(Kind.HISTOGRAM, ("level",), "How long a review took, by what it came to."),
    "operations": Metric(Kind.COUNTER, (*_PLACE, "act", "outcome"), "What was done to environments."),
    "operation_seconds": Metric(
        Kind.HISTOGRAM, ("kind", "act", "outcome"), "How long an operation took, by the kind of its environment."
    ),
    "operation_running_seconds": Metric(Kind.SINCE, (*_PLACE, "act"), "How long what runs now has been running."),
    "migration_seconds": Metric(Kind.HISTOGRAM, ("kind",), "How long one migration took, waiting for locks included."),
    "failed_migrations": Metric(Kind.COUNTER, _PLACE, "Migrations that failed in an environment."),
    "connection_failures": Metric(Kind.COUNTER, _PLACE, "Times that an environment could not be reached."),
    "backups": Metric(Kind.COUNTER, _PLACE, "Good backups."),
    "failed_backups": Metric(Kind.COUNTER, _PLACE, "Backups that failed, or could not be verified."),
    "backup_seconds": Metric(Kind.HISTOGRAM, ("method",), "How long a backup took, its verification included."),
    "backup_bytes": Metric(Kind.GAUGE, _PLACE, "Size of the last good backup."),
    "backup_age_seconds": Metric(Kind.SINCE, _PLACE, "How old the last good backup is."),
    "drift_differences": Metric(
        Kind.GAUGE, _PLACE, "How much was other than its migrations have it, when an environment was last compared."
    ),
    "drift_check_age_seconds": Metric(Kind.SINCE, _PLACE, "How long ago an environment was last compared."),
    "failed_drift_checks": Metric(Kind.COUNTER, _PLACE, "Times that an environment could not be compared."),
    "untold_drift": Metric(Kind.COUNTER, _PLACE, "Times that GitHub took no issue about it."),
    "github_replies": Metric(Kind.COUNTER, ("installation", "status"), "GitHub's replies: 2xx, 5xx, limited, none …"),
}


@dataclass(frozen=True, slots=True)
class Sample:
    """part: see the module. labels: values, in the metric's order."""

    name: str
    part: str
    labels: tuple[str, ...]
    value: float


class Metrics:
    """Labels are given by name, all of them. An unknown metric, one of another kind or another set of labels raises
    KeyError, as that is a bug; without Redis nothing is kept, and the log says so."""

    def __init__(self, connection: redis.Redis) -> None:
        self._redis = connection

    def count(self, name: str, **labels: str | int) -> None:
        field = _field(name, (Kind.COUNTER,), "", labels)
        with _quietly(name):
            self._redis.hincrby(KEY, field, 1)

    def start(self, repository: str, environment: str) -> None:
        """Counts of an environment begin at 0: of a number that comes into being as 1, Prometheus sees no increase."""
        labels = {"repository": repository, "environment": environment}
        counters = [name for name, one in CATALOGUE.items() if one.kind is Kind.COUNTER and one.labels == _PLACE]
        with _quietly(", ".join(counters)):
            for name in counters:
                self._redis.hsetnx(KEY, _field(name, (Kind.COUNTER,), "", labels), 0)

    def observe(self, name: str, seconds: float, **labels: str | int) -> None:
        bound = BOUNDS[bisect.bisect_left(_LIMITS, seconds)]
        bucket, total = (_field(name, (Kind.HISTOGRAM,), part, labels) for part in (bound, SUM))
        with _quietly(name), self._redis.pipeline() as pipeline:
            pipeline.hincrby(KEY, bucket, 1)
            pipeline.hincrbyfloat(KEY, total, seconds)
            pipeline.execute()

    def set(self, name: str, value: float, **labels: str | int) -> None:
        """value: of SINCE, the moment as seconds since 1970."""
        field = _field(name, (Kind.GAUGE, Kind.SINCE), "", labels)
        with _quietly(name):
            self._redis.hset(KEY, field, value)

    @contextlib.contextmanager
    def going_on(self, name: str, **labels: str | int) -> Iterator[None]:
        """SINCE now, and gone after the block. A process that is killed in it leaves it to the next that does the same,
        and to an alert."""
        field = _field(name, (Kind.SINCE,), "", labels)
        self.set(name, time.time(), **labels)
        try:
            yield
        finally:
            with _quietly(name):
                self._redis.hdel(KEY, field)


def samples(connection: redis.Redis) -> tuple[Sample, ...]:
    """All that was kept, but for metrics that only another version knows. Raises RedisError."""
    kept: Any = connection.hgetall(KEY)
    found = (_sample(json.loads(field), float(value)) for field, value in kept.items())
    return tuple(sorted((one for one in found if _is_known(one)), key=lambda one: (one.name, one.labels, one.part)))


def _sample(field: list[str], value: float) -> Sample:
    name, part, *labels = field
    return Sample(name, part, tuple(labels), value)


def _is_known(one: Sample) -> bool:
    metric = CATALOGUE.get(one.name)
    if metric is None or len(one.labels) != len(metric.labels):
        return False
    return one.part in ((*BOUNDS, SUM) if metric.kind is Kind.HISTOGRAM else ("",))


def _field(name: str, kinds: tuple[Kind, ...], part: str, labels: Mapping[str, str | int]) -> str:
    metric = CATALOGUE[name]
    if metric.kind not in kinds or set(labels) != set(metric.labels):
        raise KeyError(f"{name} is {metric.kind.name} of {metric.labels}, not of {tuple(labels)}")
    return json.dumps([name, part, *(str(labels[label]) for label in metric.labels)])


@contextlib.contextmanager
def _quietly(name: str) -> Iterator[None]:
    try:
        yield
    except redis.RedisError as error:
        _LOG.warning("%s is not counted: %s", name, error)
