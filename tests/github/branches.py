"""A branch moves: its pull requests follow, test merges are made anew, and everybody is told."""

from __future__ import annotations

from tests.github import shapes_git, shapes_pulls, suites
from tests.github.bare import ZERO, Bare, Commit
from tests.github.events import emit
from tests.github.state import Json, Pull, Repo, State, User, now


def move(state: State, repo: Repo, branch: str, after: str | None, sender: User) -> None:
    """Sets a branch, or deletes it (after None)."""
    bare = Bare(repo.directory)
    before = bare.branch(branch)
    if before == after:
        return
    bare.update(f"refs/heads/{branch}", after)
    emit(state, repo, "push", sender, _push(state, repo, branch, (before, after)))
    if after:
        suites.request(state, repo, after, branch, sender)
    for pull in [pull for other in list(state.repos.values()) for pull in other.pulls.values()]:
        if pull.state == "open" and pull.head_repo is repo and pull.head_ref == branch and after:
            _synchronize(state, pull, after, sender)
        elif pull.state == "open" and pull.repo is repo and pull.base_ref == branch:
            try_merge(pull)


def _synchronize(state: State, pull: Pull, after: str, sender: User) -> None:
    before, pull.head_sha, pull.updated_at = pull.head_sha, after, now()
    pull.base_sha = Bare(pull.repo.directory).branch(pull.base_ref) or pull.base_sha
    follow(pull)
    if pull.is_fork:
        suites.request(state, pull.repo, after, None, sender)
    announce(state, pull, "synchronize", sender, before=before, after=after)


def follow(pull: Pull) -> None:
    """Brings refs/pull/N/head and refs/pull/N/merge up to date."""
    bare = Bare(pull.repo.directory)
    head = f"refs/pull/{pull.number}/head"
    if pull.is_fork:
        bare.fetch(Bare(pull.head_repo.directory), pull.head_sha, head)
    else:
        bare.update(head, pull.head_sha)
    try_merge(pull)


def try_merge(pull: Pull) -> None:
    """refs/pull/N/merge: what the base branch would be; it is gone while there are conflicts."""
    bare = Bare(pull.repo.directory)
    base = bare.branch(pull.base_ref)
    message = f"Merge {pull.head_sha} into {base}"
    pull.merge_sha = bare.merge(base, pull.head_sha, message) if base else None
    pull.mergeable = pull.merge_sha is not None
    set_merge_ref(pull, pull.merge_sha)


def set_merge_ref(pull: Pull, sha: str | None) -> None:
    bare, ref = Bare(pull.repo.directory), f"refs/pull/{pull.number}/merge"
    if sha or bare.sha(ref):
        bare.update(ref, sha)


def announce(state: State, pull: Pull, action: str, sender: User, **more: object) -> None:
    """A pull_request event."""
    payload = {"action": action, "number": pull.number, "pull_request": shapes_pulls.full_pull(state, pull), **more}
    emit(state, pull.repo, "pull_request", sender, payload)


def _push(state: State, repo: Repo, branch: str, moved: tuple[str | None, str | None]) -> Json:
    before, after = moved
    bare = Bare(repo.directory)
    new = _new_commits(bare, before, after) if after else ()
    commits = [_pushed(state, repo, one) for one in new]
    at = f"{state.url}/{repo.full_name}/compare/{(before or ZERO)[:12]}...{(after or ZERO)[:12]}"
    return {
        "ref": f"refs/heads/{branch}",
        "before": before or ZERO,
        "after": after or ZERO,
        "created": before is None,
        "deleted": after is None,
        "forced": bool(before and after and not bare.is_ancestor(before, after)),
        "base_ref": None,
        "compare": at,
        "commits": commits,
        "head_commit": _pushed(state, repo, bare.one(after)) if after else None,
        "pusher": {"name": repo.owner.login, "email": f"{repo.owner.login}@example.org"},
    }


def _new_commits(bare: Bare, before: str | None, after: str) -> tuple[Commit, ...]:
    return bare.log("-n", "20", after, *((f"^{before}",) if before else ("--not", "--branches")))


def _pushed(state: State, repo: Repo, one: Commit) -> Json:
    simple = shapes_git.simple_commit(one)
    parent = one.parents[0] if one.parents else None
    changed = Bare(repo.directory).changed(parent, one.sha) if parent else {"added": [], "modified": [], "removed": []}
    who = {
        name: {**simple[name], "username": simple[name]["name"], "date": simple["timestamp"]}
        for name in ("author", "committer")
    }
    page = f"{state.url}/{repo.full_name}/commit/{one.sha}"
    return {**simple, **who, "distinct": True, "url": page, **changed}
