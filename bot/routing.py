"""Decides what work a delivery asks for: a table of events and actions, with what is left alone named in it too."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping

from bot import commands
from bot.boxes import boxes
from bot.events import (
    CheckRunEvent,
    CheckSuiteEvent,
    InstallationEvent,
    IssueCommentEvent,
    MergeGroupEvent,
    PullRequestEvent,
    PushEvent,
    read,
)
from bot.model import Ask, BaseMoved, Group, GroupGone, Refresh, Rerun, Sweep, Touch, Work
from bot.webhook import Delivery

RERUN = "rerun"  # the identifier of our check run's button
_EXTERNAL_ID = re.compile(r"([0-9]{1,19}):([0-9]{1,10})")
_BRANCH = "refs/heads/"
_QUEUE = _BRANCH + "gh-readonly-queue/"  # the merge queue's own branches, merge_group tells of them


def route(delivery: Delivery, app_id: int) -> Work | None:
    """None: nothing is to be done. Raises BadDelivery when the payload is not as GitHub documents it."""
    decide = TABLE.get((delivery.event, delivery.action))
    return decide(delivery, app_id) if decide else None


def _nothing(_delivery: Delivery, _app_id: int) -> None:
    return None


# ---------------------------------------------------------------- pull requests


def _pull(delivery: Delivery, _app_id: int) -> Work | None:
    event = read(PullRequestEvent, delivery.payload)
    return Refresh(event.repo, event.number)


def _pull_edited(delivery: Delivery, _app_id: int) -> Work | None:
    """A title or a description says nothing about migrations, another base branch does."""
    event = read(PullRequestEvent, delivery.payload)
    return None if event.changes.base is None else Refresh(event.repo, event.number)


# ---------------------------------------------------------------- comments


def _comment_created(delivery: Delivery, _app_id: int) -> Work | None:
    event = read(IssueCommentEvent, delivery.payload)
    comment, sender = event.comment, event.sender
    if event.issue.pull_request is None or not sender.is_person or not commands.parse(comment.body):
        return None
    return Ask(event.repo, event.issue.number, comment.id, sender.login, comment.created_at, comment.body)


def _comment_edited(delivery: Delivery, app_id: int) -> Work | None:
    """A person's hand counts; whatever else was written into our comment is drawn over."""
    event = read(IssueCommentEvent, delivery.payload)
    if not event.is_of(app_id) or event.by_its_author:
        return None
    touches = _touches(event, delivery.guid) if event.sender.is_person else ()
    return Refresh(event.repo, event.issue.number, touches)


def _touches(event: IssueCommentEvent, guid: str) -> tuple[Touch, ...]:
    """The boxes that are not as they were. One that was not there was not ticked, one that is gone was not touched."""
    if event.changes.body is None:
        return ()
    before = boxes(event.changes.body.text)
    login, at = event.sender.login, event.comment.updated_at
    return tuple(
        Touch(item, ticked, login, at, guid)
        for item, ticked in boxes(event.comment.body).items()
        if ticked is not before.get(item, False)
    )


def _comment_deleted(delivery: Delivery, app_id: int) -> Work | None:
    event = read(IssueCommentEvent, delivery.payload)
    if not event.is_of(app_id) or event.by_its_author:
        return None
    return Refresh(event.repo, event.issue.number)


# ---------------------------------------------------------------- checks


def _run_again(delivery: Delivery, app_id: int) -> Work | None:
    """The payload of a check run has no pull request that could be trusted to be there: none for forks."""
    event = read(CheckRunEvent, delivery.payload)
    run = event.check_run
    if run.app is None or run.app.id != app_id:
        return None
    if event.requested_action is not None and event.requested_action.identifier != RERUN:
        return None
    told = _EXTERNAL_ID.fullmatch(run.external_id or "")
    ours = told is not None and int(told[1]) == event.repo.id
    return Rerun(event.repo, run.head_sha, int(told[2]) if told and ours else None)


def _suite_again(delivery: Delivery, app_id: int) -> Work | None:
    """What "Re-run all checks" sends instead of check_run.rerequested."""
    event = read(CheckSuiteEvent, delivery.payload)
    suite = event.check_suite
    return Rerun(event.repo, suite.head_sha) if suite.app and suite.app.id == app_id else None


def _suite(delivery: Delivery, app_id: int) -> Work | None:
    """Every push makes a suite, so it also tells of a pull request whose own event was lost. Only when it names one:
    forks are never named, and heads of several pull requests are left to the sweep."""
    event = read(CheckSuiteEvent, delivery.payload)
    suite = event.check_suite
    numbers = [pull.number for pull in suite.pull_requests if pull.base.repo.id == event.repo.id]
    if suite.app is None or suite.app.id != app_id or len(numbers) != 1:
        return None
    return Refresh(event.repo, numbers[0])


# ---------------------------------------------------------------- the merge queue, branches, installations


def _group(delivery: Delivery, _app_id: int) -> Work | None:
    event = read(MergeGroupEvent, delivery.payload)
    group = event.merge_group
    return Group(event.repo, group.head_sha, group.head_ref, group.base_sha, group.base_ref)


def _group_gone(delivery: Delivery, _app_id: int) -> Work | None:
    event = read(MergeGroupEvent, delivery.payload)
    return GroupGone(event.repo, event.merge_group.head_sha)


def _pushed(delivery: Delivery, _app_id: int) -> Work | None:
    event = read(PushEvent, delivery.payload)
    if event.deleted or not event.ref.startswith(_BRANCH) or event.ref.startswith(_QUEUE):
        return None
    return BaseMoved(event.repo, event.ref.removeprefix(_BRANCH))


def _installed(delivery: Delivery, _app_id: int) -> Work | None:
    return Sweep(read(InstallationEvent, delivery.payload).installation.id)


# ---------------------------------------------------------------- the table

_Decide = Callable[[Delivery, int], Work | None]


def _each(event: str, actions: str, decide: _Decide) -> dict[tuple[str, str], _Decide]:
    return {(event, action): decide for action in actions.split()}


# Every action that GitHub documents for an event we get is here. A new one is nothing until it is, too.
TABLE: Mapping[tuple[str, str], _Decide] = {
    **_each("pull_request", "opened synchronize reopened ready_for_review stacked closed", _pull),
    **_each("pull_request", "edited", _pull_edited),
    **_each("pull_request", "assigned unassigned labeled unlabeled milestoned demilestoned", _nothing),
    **_each("pull_request", "locked unlocked review_requested review_request_removed", _nothing),
    **_each("pull_request", "auto_merge_enabled auto_merge_disabled enqueued dequeued", _nothing),
    **_each("pull_request", "converted_to_draft", _nothing),  # a draft is reviewed like any other
    **_each("issue_comment", "created", _comment_created),
    **_each("issue_comment", "edited", _comment_edited),
    **_each("issue_comment", "deleted", _comment_deleted),
    **_each("issue_comment", "pinned unpinned", _nothing),
    **_each("check_run", "rerequested requested_action", _run_again),
    **_each("check_run", "created completed", _nothing),
    **_each("check_suite", "rerequested", _suite_again),
    **_each("check_suite", "requested", _suite),
    **_each("check_suite", "completed", _nothing),
    **_each("merge_group", "checks_requested", _group),
    **_each("merge_group", "destroyed", _group_gone),
    ("push", ""): _pushed,
    **_each("installation", "created new_permissions_accepted unsuspend", _installed),
    **_each("installation", "deleted suspend", _nothing),
    **_each("installation_repositories", "added", _installed),
    **_each("installation_repositories", "removed", _nothing),
    **_each("github_app_authorization", "revoked", _nothing),
    ("ping", ""): _nothing,
}

# What is worth to be asked for again when it was missed.
WANTED = frozenset(pair for pair, decide in TABLE.items() if decide is not _nothing)
