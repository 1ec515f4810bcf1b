"""Backups as Neon branches: taken and verified, told how to come back, removed when they are old."""

from __future__ import annotations

import itertools
import logging
import re
import time
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from shlex import quote

from workers.environments.backups.backup import Backup
from workers.environments.model import BackupMethod, Environment, NeonProject, Progress, Watch
from workers.environments.neon.branches import Branch, NewBranch, branches_of
from workers.environments.neon.client import PACE, Pace, Unwatched
from workers.errors import Refused, Unreachable

_LOG = logging.getLogger(__name__)

_BACKUP = "backup"
_OURS = re.compile(r"(backup|rehearse)-\d{8}-\d{4}-.+")
# "Maximum expiration is 30 days" (https://neon.com/docs/guides/branch-expiration#timestamp-format-requirements), by
# Neon's clock.
_LONGEST = timedelta(days=30) - timedelta(minutes=10)


def take_branch(environment: Environment, label: str, watch: Watch, pace: Pace = PACE) -> Backup:
    """A branch of the environment's, named backup-YYYYMMDD-HHMM-label in UTC, that is ready. Raises Refused,
    Unreachable and Cancelled; then no branch stays, or one that expires."""
    began, now = time.monotonic(), datetime.now(UTC)
    with branches_of(environment, watch, pace) as branches:
        project = branches.client.project
        known = branches.all()
        parent = branches.own(known)
        name = _free(f"{_BACKUP}-{now:%Y%m%d-%H%M}-{label}", {branch.name for branch in known})
        watch.tell(Progress("backup", f"Neon branch {name}"))
        expires_at = now + min(timedelta(hours=environment.backup.retention.branch_hours), _LONGEST)
        branch = branches.create(NewBranch(name, parent, expires_at, compute=False))
    return Backup(
        name,
        BackupMethod.NEON,
        f"Neon project {project.project}, branch {branch.id}",
        branch.parent_timestamp or branch.created_at,
        (time.monotonic() - began) * 1000,
        0,
        _checks(branch, parent),
        _restore(branch, parent, project),
        branch.expires_at,
    )


def prune_branches(environment: Environment, now: datetime, pace: Pace = PACE) -> tuple[str, ...]:
    """Removes the environment's branches of ours that are older than retention says; a sentence for each. now: aware.
    Raises Refused and Unreachable."""
    longest = timedelta(hours=environment.backup.retention.branch_hours)
    told = []
    with branches_of(environment, Unwatched(), pace) as branches:
        known = branches.all()
        for branch in stale(known, branches.own(known), now - longest):
            sentence = f"The Neon branch {branch.name} of {_moment(branch.created_at)}"
            try:
                branches.delete(branch)
            except (Refused, Unreachable) as error:
                told.append(f"{sentence} could not be removed: {error}")
            else:
                told.append(f"{sentence} was removed.")
            _LOG.info("%s: %s", environment.name, told[-1])
    return tuple(told)


def stale(branches: Iterable[Branch], parent: Branch, before: datetime) -> tuple[Branch, ...]:
    """Those of our naming, children of `parent`, made before that moment; but never the newest backup that is whole,
    nor what the project holds on to."""
    ours = [branch for branch in branches if branch.parent_id == parent.id and _OURS.fullmatch(branch.name)]
    good = [branch for branch in ours if branch.name.startswith(_BACKUP) and branch.whole]
    newest = max(good, key=lambda branch: branch.created_at, default=None)
    return tuple(
        branch
        for branch in sorted(ours, key=lambda branch: branch.created_at)
        if branch.created_at < before and branch is not newest and not (branch.default or branch.protected)
    )


def _free(name: str, taken: set[str]) -> str:
    later = (f"{name}-{number}" for number in itertools.count(2))
    return next(one for one in itertools.chain((name,), later) if one not in taken)


def _checks(branch: Branch, parent: Branch) -> tuple[str, ...]:
    place = f" at LSN {branch.parent_lsn}" if branch.parent_lsn else ""
    moment = f", {_moment(branch.parent_timestamp)}" if branch.parent_timestamp else ""
    expiry = (
        f"It expires at {_moment(branch.expires_at)}."
        if branch.expires_at
        else "Neon has set no time at which it expires; the bot removes it when it is old."
    )
    return (f"The branch is ready. It is one of {parent.name} ({parent.id}){place}{moment}.", expiry)


def _restore(branch: Branch, parent: Branch, project: NeonProject) -> tuple[str, ...]:
    """A branch that expires can have no children, which the restored one becomes, so the first command comes first
    (https://neon.com/docs/guides/branch-expiration#restrictions). A branch that has children, as this backup, is only
    restored when its own state is kept under another name
    (https://neon.com/docs/reference/api/branches/restore-project-branch). Connection strings stay as they are."""
    within = f"--project-id {quote(project.project)}"
    kept = quote(f"before-restore-of-{branch.name}")
    return (
        f"neonctl branches set-expiration {quote(branch.id)} --expires-at null {within}",
        f"neonctl branches restore {quote(parent.id)} {quote(branch.id)} --preserve-under-name {kept} {within}",
    )


def _moment(when: datetime) -> str:
    return f"{when.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
