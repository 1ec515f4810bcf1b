"""What happens to a pull request: opened, edited, closed, merged; and what a required check says of it."""

from __future__ import annotations

from tests.github import branches, shapes_checks, suites
from tests.github.bare import Bare
from tests.github.branches import announce
from tests.github.refusals import invalid
from tests.github.state import Pull, Refused, Repo, State, User, now

# https://docs.github.com/en/pull-requests/collaborating-with-pull-requests/collaborating-on-repositories-with-code-quality-features/troubleshooting-required-status-checks
_PASSES = ("success", "skipped", "neutral")


def open_pull(state: State, pull: Pull) -> Pull:
    pull.repo.pulls[pull.number] = pull
    branches.follow(pull)
    if pull.is_fork:
        suites.request(state, pull.repo, pull.head_sha, None, pull.author)
    announce(state, pull, "opened", pull.author)
    return pull


def next_number(repo: Repo) -> int:
    """Issues have theirs from the same row."""
    return max((*repo.pulls, *repo.issues, *repo.deleted_issues), default=0) + 1


def close(state: State, pull: Pull, sender: User) -> None:
    pull.state, pull.closed_at, pull.updated_at = "closed", now(), now()
    if pull.merged_at is None:
        branches.set_merge_ref(pull, None)
    announce(state, pull, "closed", sender)


def reopen(state: State, pull: Pull, sender: User) -> None:
    """The head may have moved while it was closed; nobody was told."""
    if pull.merged_at:
        raise invalid("PullRequest", "state", "The pull request cannot be reopened.")
    bare, head = Bare(pull.repo.directory), Bare(pull.head_repo.directory).branch(pull.head_ref)
    pull.state, pull.closed_at, pull.updated_at = "open", None, now()
    pull.head_sha = head or pull.head_sha
    pull.base_sha = bare.branch(pull.base_ref) or pull.base_sha
    branches.follow(pull)
    announce(state, pull, "reopened", sender)


def edit(state: State, pull: Pull, sender: User, base: str) -> None:
    """Another base branch."""
    sha = Bare(pull.repo.directory).branch(base)
    if sha is None:
        raise invalid("PullRequest", "base", f"Proposed base branch '{base}' was not found")
    changes = {"base": {"ref": {"from": pull.base_ref}, "sha": {"from": pull.base_sha}}}
    pull.base_ref, pull.base_sha, pull.updated_at = base, sha, now()
    branches.try_merge(pull)
    announce(state, pull, "edited", sender, changes=changes)


def merge(state: State, pull: Pull, sender: User, method: str) -> None:
    """method: merge, squash, or rebase of one commit. Raises Refused as the merge button would."""
    if pull.state != "open" or not pull.merge_sha:
        raise Refused(405, "Pull Request is not mergeable")
    standing = required(state, pull.repo, pull.head_sha)
    if standing != "success":
        raise Refused(405, f'Required status check "{pull.repo.required}" is {standing}.')
    bare = Bare(pull.repo.directory)
    land(state, (pull,), joined(bare, bare.branch(pull.base_ref) or "", pull, method) or "", sender)


def joined(bare: Bare, base: str, pull: Pull, method: str) -> str | None:
    """The commit that a pull request becomes, None where it conflicts; only a merge has its own head in it."""
    merged = bare.merge(base, pull.head_sha, f"Merge pull request #{pull.number}: {pull.title}")
    if method == "merge" or merged is None:
        return merged
    message = f"{pull.title} (#{pull.number})" if method == "squash" else bare.one(pull.head_sha).message
    return bare.git("commit-tree", f"{merged}^{{tree}}", "-p", base, "-m", message)


def land(state: State, pulls: tuple[Pull, ...], sha: str, sender: User) -> None:
    """Their base branch becomes the commit, and they are merged. https://docs.github.com/en/rest/pulls/pulls: from
    then on merge_commit_sha is the commit they came in with."""
    for pull in pulls:
        pull.merged_at, pull.merged_by, pull.merge_sha, pull.state = now(), sender, sha, "closed"
    branches.move(state, pulls[0].repo, pulls[0].base_ref, sha, sender)
    for pull in pulls:
        branches.set_merge_ref(pull, None)
        close(state, pull, sender)


def required(state: State, repo: Repo, sha: str) -> str:
    """What the required check, pinned to our app, says of a commit: success, failing, or pending; pending also when
    it never reported."""
    suites_there = [one for one in repo.suites.values() if (one.head_sha, one.app_id) == (sha, state.app_id)]
    runs = [run for suite in suites_there for run in shapes_checks.runs_of(suite) if run.name == repo.required]
    if not repo.required:
        return "success"
    if not runs:
        return "pending"
    last = max(runs, key=lambda one: one.id)
    if last.status != "completed":
        return "pending"
    return "success" if last.conclusion in _PASSES else "failing"
