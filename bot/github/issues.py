"""Issues of ours in a repository: found again by what stands at their beginning, opened, changed, closed, reopened."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Annotated, Any

from bot.errors import NotFound
from bot.github.client import Client
from bot.github.reading import Text, at, read

OPEN, CLOSED = "open", "closed"
# What a person says with one of these is that nothing will be done about it
# (https://docs.github.com/en/rest/issues/issues#update-an-issue).
_UNWANTED = ("not_planned", "duplicate")


@dataclass(frozen=True, slots=True)
class Issue:
    """state: open or closed. reason: why it was closed: completed, not_planned, duplicate; or reopened. pull_request:
    GitHub lists pull requests among the issues, and only those have one. app_id: of the App that wrote it."""

    number: int
    state: str
    body: Text
    reason: Annotated[Text, at("state_reason")] = ""
    pull_request: Any = None
    login: Annotated[str, at("user", "login")] = ""
    app_id: Annotated[int | None, at("performed_via_github_app", "id")] = None

    @property
    def unwanted(self) -> bool:
        """Whether somebody closed it as nothing to be done."""
        return self.state == CLOSED and self.reason in _UNWANTED


def find(client: Client, known: int | None, marker: str) -> Issue | None:
    """Our issue whose text begins with a marker; the oldest, should there be two. known: its number when it was last
    seen, and then whatever people have made of its text."""
    if known is not None:
        with contextlib.suppress(NotFound):
            found = read(Issue, client.get(f"issues/{known}"), f"issue {known}")
            if _is_ours(client, found):
                return found
    told = client.pages("issues", creator=_login(client), state="all", sort="created", direction="asc")
    every = (read(Issue, one, "issue") for one in told)
    return next((one for one in every if _is_ours(client, one) and one.body.startswith(marker)), None)


def open_issue(client: Client, title: str, body: str) -> Issue:
    """A new one. Raises NotFound where the repository has no issues (410), Forbidden."""
    return read(Issue, client.post("issues", {"title": title, "body": body}), "new issue")


def change(client: Client, issue: Issue, body: str, state: str) -> None:
    """Another text, and open or closed, in one step. Whoever named it anew keeps the title."""
    reason = {} if state == issue.state else {"state_reason": "completed" if state == CLOSED else "reopened"}
    client.patch(f"issues/{issue.number}", {"body": body, "state": state, **reason})


def _is_ours(client: Client, issue: Issue) -> bool:
    """A login alone is that of no person, as those have no brackets; and the App that stands there may be another's."""
    own = issue.login == _login(client) and issue.app_id in (None, client.app_id)
    return own and issue.pull_request is None


def _login(client: Client) -> str:
    return f"{client.app.slug()}[bot]"
