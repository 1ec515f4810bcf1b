"""What a test may ask: what stands on GitHub now, and what was done to it."""

from __future__ import annotations

from tests.github import pulls
from tests.github.deployments import Deployment
from tests.github.state import Comment, Issue, Pull, Repo, Request, Run, State

_WRITES = ("POST", "PATCH", "PUT", "DELETE")


class Questions:
    state: State

    def comments(self, pull: Pull | Issue) -> list[Comment]:
        """Oldest first."""
        with self.state.lock:
            return sorted((one for one in pull.repo.comments.values() if one.pull is pull), key=lambda one: one.id)

    def bot_comments(self, pull: Pull | Issue) -> list[Comment]:
        """The app's own."""
        return [one for one in self.comments(pull) if one.by_app]

    def issues(self, repo: Repo) -> list[Issue]:
        """Oldest first, whoever opened them; no pull requests."""
        with self.state.lock:
            return [repo.issues[number] for number in sorted(repo.issues)]

    def checks(self, repo: Repo, sha: str) -> list[Run]:
        """The app's own runs at a commit, oldest first."""
        with self.state.lock:
            runs = sorted(repo.runs.values(), key=lambda one: one.id)
            return [one for one in runs if (one.suite.head_sha, one.suite.app_id) == (sha, self.state.app_id)]

    def deployments(self, repo: Repo) -> list[Deployment]:
        """The app's own, oldest first, each with its statuses, oldest first."""
        with self.state.lock:
            made = sorted(repo.deployments.values(), key=lambda one: one.id)
            return [one for one in made if one.creator is self.state.bot]

    def required_state(self, repo: Repo, sha: str) -> str:
        """What the required check says: success, pending or failing."""
        with self.state.lock:
            return pulls.required(self.state, repo, sha)

    def requests(self) -> list[Request]:
        """All that reached the API or git, in the order they were answered."""
        return list(self.state.requests)

    def writes(self) -> list[Request]:
        """Those that change something on GitHub; taking a token and asking for a delivery again are none."""
        written = [one for one in self.requests() if one.method in _WRITES and one.path.startswith("/repo")]
        return [one for one in written if not one.path.endswith("/rerequest")]
