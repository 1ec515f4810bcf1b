"""The merge queue: groups on branches of their own, merged when their required check passes."""

from __future__ import annotations

from tests.github import branches, pulls, shapes_git
from tests.github.bare import Bare
from tests.github.events import emit
from tests.github.state import Group, Json, Pull, Refused, Repo, State, User


def queue(state: State, members: tuple[Pull, ...], sender: User, method: str) -> Group:
    """One group of them, in order. method: merge, squash, or rebase of one commit each. Raises Refused where one
    conflicts or its required check has not passed."""
    repo, base_ref = members[0].repo, members[0].base_ref
    bare = Bare(repo.directory)
    base_sha = head = bare.branch(base_ref) or ""
    for pull in members:
        standing = pulls.required(state, repo, pull.head_sha)
        merged = pulls.joined(bare, head, pull, method)
        if pull.state != "open" or standing != "success" or merged is None:
            raise Refused(405, f"#{pull.number} cannot be queued: {repo.required} is {standing}, merge {merged}")
        head = merged
    ref = f"gh-readonly-queue/{base_ref}/pr-{members[-1].number}-{base_sha}"
    group = Group(repo, members, f"refs/heads/{ref}", head, f"refs/heads/{base_ref}", base_sha)
    state.groups.append(group)
    for pull in members:
        branches.announce(state, pull, "enqueued", sender)
    branches.move(state, repo, ref, head, state.owner)
    _announce(state, group, {"action": "checks_requested"})
    return group


def consider(state: State, repo: Repo, sha: str) -> None:
    """A check run of a group's commit changed: merge it, give it up, or go on waiting."""
    for group in state.groups:
        if group.repo is not repo or group.head_sha != sha or group.reason:
            continue
        standing = pulls.required(state, repo, sha)
        if standing == "success":
            _end(state, group, "merged")
        elif standing == "failing":
            _end(state, group, "dequeued")


def give_up(state: State, group: Group) -> None:
    """Somebody pushed to the base branch, or took a pull request out of the queue."""
    _end(state, group, "invalidated")


def _end(state: State, group: Group, reason: str) -> None:
    group.reason = reason
    if reason == "merged":
        pulls.land(state, group.pulls, group.head_sha, state.owner)
    else:
        for pull in group.pulls:
            branches.announce(state, pull, "dequeued", state.owner, reason="CI_FAILURE")
    branches.move(state, group.repo, group.head_ref.removeprefix("refs/heads/"), None, state.owner)
    _announce(state, group, {"action": "destroyed", "reason": reason})


def _announce(state: State, group: Group, payload: Json) -> None:
    names = ("head_sha", "head_ref", "base_sha", "base_ref")
    head = shapes_git.simple_commit(Bare(group.repo.directory).one(group.head_sha))
    whole = {**{name: getattr(group, name) for name in names}, "head_commit": head}
    emit(state, group.repo, "merge_group", state.owner, {**payload, "merge_group": whole})
