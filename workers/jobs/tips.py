"""What an environment is meant to have: a branch's migrations, and those that it has from open pull requests."""

from __future__ import annotations

import contextlib
from collections.abc import Sequence, Set
from dataclasses import dataclass, replace

from bot.errors import Permanent
from bot.github import pulls
from bot.github.client import Client
from bot.github.pulls import Pull
from bot.github.reading import read
from workers.audit.place import Asked, Found, find
from workers.drift.live import LiveDrift
from workers.environments.live import live_drift
from workers.environments.model import Environment
from workers.environments.order import Order, as_its_runner_sees_it
from workers.environments.seen import missing_there
from workers.errors import InputError
from workers.jobs.reviewing import opened
from workers.jobs.sources import source_of
from workers.jobs.tools import Tools
from workers.model import Migration, MigrationSet
from workers.report.words import tick
from workers.review import Progress


def meant_by(tools: Tools, client: Client, environment: Environment, branch: str) -> Found:
    """At the tip of a branch, "" for the default one. Raises Permanent where there is nothing to read, Retryable."""
    name = branch or read(_Repository, client.get(f"/repos/{client.repo.name}"), "repository").default_branch
    ref = f"refs/heads/{name}"
    with opened(tools, client) as copy:
        tip = copy.heads((ref,)).get(ref)
        if tip is None:
            raise Permanent(f"there is no branch {name}")
        try:
            return copy.whole(lambda: find(Asked(environment.path or ".", copy.directory, tip)))
        except InputError as error:
            raise Permanent(f"the migrations of {name} cannot be read: {error}") from error


def meant_as(order: Order) -> Found:
    """As a pull request would leave them merged."""
    migrations = MigrationSet(order.layout, order.directory, order.sha, order.sha, order.migrations, ())
    return Found(migrations, order.policy)


def compared(tools: Tools, client: Client, environment: Environment, meant: Found, progress: Progress) -> LiveDrift:
    """What an environment has is compared with what it is meant to have. A staging has the migrations of pull requests
    that are not merged yet: as long as they are open, what they make is no drift. Raises Refused, Unreachable,
    CannotAnalyse, and what GitHub raises."""
    migrations = meant.migrations
    missing = missing_there(as_its_runner_sees_it(environment, migrations.layout), migrations)
    whole, notes = _with_open(tools, client, migrations, frozenset(missing))
    found = live_drift(environment, whole, meant.policy, tools.machine, progress)
    return replace(found, notes=(*notes, *found.notes))


def woven(known: Sequence[Migration], theirs: Sequence[Migration], wanted: Set[str]) -> tuple[Migration, ...]:
    """What is known, with those of theirs that are wanted: each behind all that stands before it with them."""
    found = list(known)
    ids = {one.id for one in known}
    for place, one in enumerate(theirs):
        if one.id in wanted - ids:
            before = {each.id for each in theirs[:place]}
            found.insert(max((n for n, each in enumerate(found, 1) if each.id in before), default=0), one)
    return tuple(found)


def _with_open(
    tools: Tools, client: Client, migrations: MigrationSet, missing: Set[str]
) -> tuple[MigrationSet, tuple[str, ...]]:
    """With those of the missing that open pull requests bring, as each would merge, and a note of each such pull
    request. A fork's get to no environment before they are merged."""
    notes = []
    for pull in pulls.open_pulls(client) if missing else ():
        brings = missing & _reviewed(tools, client.repo.id, pull.number)
        theirs = _history(tools, client, pull, migrations) if brings and not pull.from_fork else ()
        if found := tuple(one for one in theirs if one.id in brings):
            migrations = replace(migrations, history=woven(migrations.history, theirs, brings))
            missing -= brings
            names = ", ".join(tick(one.id) for one in found)
            notes.append(f"there from pull request {pull.number}, which is not merged: {names}")
    return migrations, tuple(notes)


def _reviewed(tools: Tools, repo: int, number: int) -> frozenset[str]:
    """The migrations that a pull request adds, as far as its last review is remembered."""
    outcome = tools.memory.outcome(tools.memory.reviewed(repo, number) or "")
    return frozenset(name.rpartition("/")[2] for name in (outcome.migrations if outcome else ()))


def _history(tools: Tools, client: Client, pull: Pull, migrations: MigrationSet) -> tuple[Migration, ...]:
    """All of the same project, as a pull request would leave it; nothing where that cannot be read."""
    project = (migrations.layout, migrations.directory)
    with contextlib.suppress(Permanent):
        every = (share.all for share in source_of(tools, client, pull).shares)
        return next((one.history for one in every if (one.layout, one.directory) == project), ())
    return ()


@dataclass(frozen=True, slots=True)
class _Repository:
    default_branch: str
