"""Takes a pull request's measurements once more on a copy of real data, and shows them in its comment."""

from __future__ import annotations

import logging
from dataclasses import replace

from bot.errors import Permanent
from bot.github import pulls
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.locks import lock
from bot.model import OnCopy, Refresh
from bot.outcome import Outcome, Standing
from workers.environments.model import Environment, RehearseOn
from workers.environments.order import Order, looking
from workers.environments.rehearsal import on_copy_markdown, rehearse_on_copy
from workers.errors import Cancelled, Refused, Unreachable
from workers.jobs.admission import environments_of
from workers.jobs.sources import Source, source_of
from workers.jobs.tools import Tools
from workers.jobs.watching import Watching
from workers.model import Migration
from workers.report.markup import prose

_LOG = logging.getLogger(__name__)


def measure(tools: Tools, work: OnCopy) -> None:
    """What cannot be measured is told like what was. Raises Retryable, Permanent; Busy while the environment's copy is
    used for another pull request."""
    client = tools.app.client(work.repo)
    pull = pulls.pull(client, work.number)
    environment = next((one for one in environments_of(tools, client) if one.name == work.environment), None)
    if pull.state != "open" or pull.from_fork or environment is None:
        return
    reviewed = tools.memory.migrations(work.repo.id, work.number) or ""
    if tools.memory.on_copy(work.repo.id, work.number)[0] == reviewed != "":
        return
    with lock(tools.redis, f"copy:{work.repo.id}:{work.environment}"):
        said = _measured(source_of(tools, client, pull), environment)
    tools.memory.keep_on_copy(work.repo.id, work.number, reviewed, said)
    tools.queue.add(Refresh(work.repo, work.number))


def section(tools: Tools, client: Client, pull: Pull, outcome: Outcome) -> str:
    """What the comment says of it, Markdown. Where it was not measured yet that is nothing, and it is asked for. A
    fork's SQL gets nowhere near real data."""
    measured = (one for one in environments_of(tools, client) if one.rehearse_on is not RehearseOn.NOTHING)
    environment = next(measured, None)
    if outcome.standing is not Standing.REVIEWED or pull.from_fork or environment is None:
        return ""
    reviewed, said = tools.memory.on_copy(client.repo.id, pull.number)
    if reviewed == tools.memory.migrations(client.repo.id, pull.number):
        return said
    tools.queue.add(OnCopy(client.repo, pull.number, environment.name))
    return ""


def _measured(source: Source, environment: Environment) -> str:
    name = environment.name
    if not source.concerns(environment):
        return ""
    try:
        order = source.order(environment)
        pending = _pending(order)
        if not pending:
            return f"**On a copy of {name}**: not measured: it has all of the migrations already."
        return on_copy_markdown(rehearse_on_copy(order.environment, pending, Watching(lambda: False)))
    except (Permanent, Refused, Unreachable, Cancelled) as error:
        _LOG.warning("%s %s: not measured: %s", environment.repository, source.pull.number, error)
        return f"**On a copy of {name}**: not measured: {prose(str(error))}."


def _pending(order: Order) -> tuple[Migration, ...]:
    """What is to be run. A copy that the team provides may stand elsewhere than its environment does: its own history
    table tells, where it has one. Raises Refused, Unreachable."""
    environment = order.environment
    if environment.rehearse_on is RehearseOn.URL and environment.copy_url is not None:
        copy = replace(environment, name=f"the copy of {environment.name}", url=environment.copy_url)
        with looking(replace(order, environment=copy)) as desk:
            if desk.entries is not None:
                return desk.diagnosis.pending
    with looking(order) as desk:
        return desk.diagnosis.pending
