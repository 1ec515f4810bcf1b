"""What people do with issues, and with whether there are any."""

from __future__ import annotations

from tests.github import issues
from tests.github.acts_talk import typed
from tests.github.state import Issue, Repo, State


class Issues:
    state: State

    def open_issue(self, login: str, repo: Repo, title: str, body: str = "") -> Issue:
        with self.state.lock:
            return issues.create(self.state, repo, self.state.user(login), {"title": title, "body": typed(body)})

    def edit_issue(self, login: str, issue: Issue, body: str) -> None:
        """Raises Refused for somebody else's without write access, as the next two do."""
        with self.state.lock:
            issues.change(self.state, issue, self.state.user(login), {"body": typed(body)})

    def close_issue(self, login: str, issue: Issue, reason: str = "completed") -> None:
        """reason: completed, not_planned or duplicate."""
        with self.state.lock:
            issues.change(self.state, issue, self.state.user(login), {"state": "closed", "state_reason": reason})

    def reopen_issue(self, login: str, issue: Issue) -> None:
        with self.state.lock:
            issues.change(self.state, issue, self.state.user(login), {"state": "open"})

    def delete_issue(self, login: str, issue: Issue) -> None:
        """Raises Refused for who is no administrator."""
        with self.state.lock:
            issues.delete(issue, self.state.user(login))

    def disable_issues(self, repo: Repo) -> None:
        with self.state.lock:
            repo.has_issues = False
