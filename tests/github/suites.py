"""Check suites: one for each app and commit, asked for at every push."""

from __future__ import annotations

from tests.github import shapes_checks
from tests.github.events import emit
from tests.github.state import Repo, State, Suite, User


def suite_of(state: State, repo: Repo, sha: str, app_id: int, branch: str | None = None) -> Suite:
    """The suite of an app at a commit, made if there is none."""
    for one in repo.suites.values():
        if (one.head_sha, one.app_id) == (sha, app_id):
            return one
    made = Suite(state.next_id(), repo, sha, app_id, branch)
    repo.suites[made.id] = made
    return made


def request(state: State, repo: Repo, sha: str, branch: str | None, sender: User) -> None:
    """A push asks for a suite. branch: None for a fork's commit."""
    if state.installation_of(repo) is None:
        return
    known = any((one.head_sha, one.app_id) == (sha, state.app_id) for one in repo.suites.values())
    suite = suite_of(state, repo, sha, state.app_id, branch)
    if not known:
        announce(state, suite, "requested", sender)


def announce(state: State, suite: Suite, action: str, sender: User) -> None:
    payload = {"action": action, "check_suite": shapes_checks.suite(state, suite)}
    emit(state, suite.repo, "check_suite", sender, payload)
