"""Finds the pull requests that something concerns: Re-run, a push to their base, what was missed. Each is queued."""

from __future__ import annotations

import contextlib
import logging
from datetime import UTC, datetime, timedelta

from bot import check
from bot.errors import Conflict, NotFound, Permanent
from bot.github import checks, pulls
from bot.github.client import Attempt, Client
from bot.model import BaseMoved, Refresh, Replay, Rerun, Sweep
from bot.routing import WANTED
from workers.jobs import drifting
from workers.jobs.groups import groups_at
from workers.jobs.refresh import external_id
from workers.jobs.reviewing import history_of
from workers.jobs.tools import Tools

# GitHub keeps deliveries for three days, an enterprise server for seven.
_WINDOW = timedelta(hours=72)
# How old a delivery can be that we accepted and then forgot: work waits minutes, not hours.
_FORGOTTEN = timedelta(hours=1)
_NOT_SWEPT = frozenset({"issue_comment", "check_run", "check_suite", "merge_group"})
_LOG = logging.getLogger(__name__)


def rerun(tools: Tools, work: Rerun) -> None:
    """Reviews again whatever is remembered. A new run stands at once: GitHub shows a pressed button as waiting. Not at
    a commit that is no head any more, as nobody would bring that run to an end."""
    client = tools.app.client(work.repo)
    heads = {pull.number for pull in pulls.pulls_of(client, work.sha)}
    wanted = sorted(heads | ({work.number} if work.number else set()))
    for number in wanted:  # before the run is there: the sweep takes what is remembered as concluded for done
        tools.memory.forget(work.repo.id, number)
    for number in sorted(heads):
        checks.ensure_check(client, check.queued(work.sha), external_id(work.repo, number))
    for number in wanted:
        tools.queue.add(Refresh(work.repo, number))
    for group in () if heads else groups_at(client, work.sha):
        tools.queue.add(group)


def base_moved(tools: Tools, work: BaseMoved) -> None:
    """Reviews again the pull requests with migrations, when the branch's own migrations or policy are others now."""
    client = tools.app.client(work.repo)
    waiting = pulls.open_pulls(client, base=work.branch)
    if not waiting:
        return
    history = history_of(tools, client, work.branch)
    if history == tools.memory.base(work.repo.id, work.branch):
        return
    for pull in waiting:
        tools.queue.add(Refresh(work.repo, pull.number))
    tools.memory.keep_base(work.repo.id, work.branch, history)


def sweep(tools: Tools, work: Sweep, told: bool) -> None:
    """Queues each open pull request whose head has no conclusion of ours, or that changed since we last looked. told:
    by a delivery, as the installation changed: what failed may have lacked a permission that we have now."""
    if work.installation == 0:
        for installation in tools.app.installations():
            tools.queue.add(Sweep(installation))
        return
    for client in tools.app.clients(work.installation, told, lambda repo: bool(drifting.scheduled(tools, repo))):
        drifting.queue_due(tools, client.repo)
        try:
            _sweep_repository(tools, client, told)
        except Permanent as refused:  # one that is gone or blocked does not keep us from the others
            _LOG.warning("not swept: %s", refused)


def _sweep_repository(tools: Tools, client: Client, told: bool) -> None:
    repo = client.repo
    for pull in pulls.open_pulls(client):
        seen = f"{pull.head_sha} {pull.updated_at}"
        concluded = tools.memory.concluded(repo.id, pull.number) == pull.head_sha
        failed = told and tools.memory.failed(repo.id, pull.number) == pull.head_sha
        if not concluded or failed or tools.memory.swept(repo.id, pull.number) != seen:
            tools.queue.add(Refresh(repo, pull.number))
            tools.memory.keep_swept(repo.id, pull.number, seen)


def replay(tools: Tools, work: Replay) -> None:
    """Asks for deliveries again that never arrived, by their GUID: none of its attempts was answered with a 2xx. Where
    our memory is gone, also for recent ones that did arrive and may not have been acted on, if no sweep would find out;
    what was done is done only once more, as comments keep our reactions, and touches their times."""
    now = datetime.now(UTC)
    arrived: dict[str, bool] = {}
    newest: dict[str, Attempt] = {}
    for delivery in tools.app.deliveries(now - _WINDOW):
        arrived[delivery.guid] = arrived.get(delivery.guid, False) or delivery.arrived
        newest.setdefault(delivery.guid, delivery)
    for guid, delivery in newest.items():
        forgotten = work.forgetful and delivery.event in _NOT_SWEPT and delivery.delivered_at > now - _FORGOTTEN
        if (delivery.event, delivery.action) in WANTED and (not arrived[guid] or forgotten):
            with contextlib.suppress(NotFound, Conflict):  # too old by now, or its hook is another's
                tools.app.redeliver(delivery.id)
