"""Compares environments with what their migrations build, as often as each is meant to be, and tells what differs."""

from __future__ import annotations

import hashlib
import logging
import time
from collections.abc import Iterator

from bot.comment import LIMIT_BYTES
from bot.errors import Permanent
from bot.github.client import Client
from bot.locks import Busy, lock
from bot.model import Drift, Repo
from bot.running import lock_key
from workers.drift.live import LiveDrift
from workers.environments.model import DriftPlan, Environment
from workers.errors import CannotAnalyse, Refused, Unreachable
from workers.jobs.drift_issue import CLEAN, News, keep_issue
from workers.jobs.tips import compared, meant_by
from workers.jobs.tools import Tools
from workers.report.drift_comment import drift_comment
from workers.report.words import count
from workers.review import no_progress

_AGAIN_S = 3_600  # after one that came to nothing
_BUSY_S = 60.0
_OWN_BYTES = 2_000  # of the issue's text, beside the report
_LOG = logging.getLogger(__name__)


def scheduled(tools: Tools, repo: Repo) -> tuple[Environment, ...]:
    """The environments of a repository that are compared unasked."""
    return tuple(one for one in tools.environments.of(repo.name, repo.id) if one.drift)


def queue_due(tools: Tools, repo: Repo) -> None:
    """Those whose time has come. Raises Retryable."""
    for environment in scheduled(tools, repo):
        ended_s, begun_s = tools.memory.compared(repo.id, environment.name)
        if environment.drift and is_due(environment.drift, ended_s, begun_s, time.time()):
            tools.queue.add(Drift(repo, environment.name))


def is_due(plan: DriftPlan, ended_s: float, begun_s: float, now_s: float) -> bool:
    """ended_s: when it last came to a result; begun_s: when it was last tried. One that came to none is tried again
    sooner."""
    every_s = plan.every_hours * 3_600
    return now_s >= max(ended_s + every_s, begun_s + min(every_s, _AGAIN_S))


def compare(tools: Tools, work: Drift) -> None:
    """What cannot be compared is counted, and tried again. Raises Retryable; Busy while somebody is at work there."""
    environment = next((one for one in scheduled(tools, work.repo) if one.name == work.environment), None)
    if environment is None or environment.drift is None:
        return
    client = tools.app.client(work.repo)
    place = {"repository": environment.repository, "environment": environment.name}
    try:
        with lock(tools.redis, lock_key(work.repo.id, work.environment)):
            tools.memory.keep_compared(work.repo.id, work.environment, time.time(), ended=False)
            meant = meant_by(tools, client, environment, environment.drift.branch)
            found = compared(tools, client, environment, meant, no_progress)
    except Busy as busy:
        raise Busy(str(busy), _BUSY_S) from busy
    except (Refused, Unreachable, CannotAnalyse, Permanent) as error:
        _LOG.warning("%s %s: not compared: %s", *place.values(), error)
        tools.metrics.count("failed_drift_checks", **place)
        return
    tools.metrics.set("drift_differences", len(differences(found)), **place)
    tools.metrics.set("drift_check_age_seconds", time.time(), **place)
    if environment.drift.issue:
        _tell(tools, client, environment, found)
    tools.memory.keep_compared(work.repo.id, work.environment, time.time(), ended=True)


def _tell(tools: Tools, client: Client, environment: Environment, drift: LiveDrift) -> None:
    """Where GitHub takes no issue, everything else goes on."""
    repo = client.repo
    try:
        number = keep_issue(client, tools.memory.issue(repo.id, environment.name), told_of(environment, drift))
    except Permanent as refused:
        _LOG.warning("%s %s: its drift is told in no issue: %s", environment.repository, environment.name, refused)
        tools.metrics.count("untold_drift", repository=environment.repository, environment=environment.name)
        return
    if number is not None:
        tools.memory.keep_issue(repo.id, environment.name, number)


# ---------------------------------------------------------------- what is told


def told_of(environment: Environment, drift: LiveDrift) -> News:
    """For the issue."""
    body = drift_comment(drift, environment.name, LIMIT_BYTES - _OWN_BYTES)
    return News(environment.name, fingerprint(drift), headline(drift), body)


def fingerprint(drift: LiveDrift) -> str:
    """Of all that differs, in whatever order it was found; CLEAN for nothing."""
    told = "\n".join(sorted(differences(drift)))
    return hashlib.sha256(told.encode()).hexdigest()[:16] if told else CLEAN


def differences(drift: LiveDrift) -> tuple[str, ...]:
    """A line for each object and each migration that is not as it should be."""
    return (*(repr((gap.kind, gap.of, gap.path, gap.expected, gap.actual)) for gap in drift.gaps), *_unsound(drift))


def headline(drift: LiveDrift) -> str:
    """A sentence without its full stop."""
    told = (
        (len(drift.gaps), "object", ("differs", "differ")),
        (len(tuple(_unsound(drift))), "migration", ("is not in order", "are not in order")),
    )
    return ", ".join(f"{count(number, noun)} {words[number != 1]}" for number, noun, words in told if number)


def _unsound(drift: LiveDrift) -> Iterator[str]:
    for state in ("failed", "edited", "missing", "out_of_order"):
        yield from (f"{state} {name}" for name in getattr(drift.history, state))
