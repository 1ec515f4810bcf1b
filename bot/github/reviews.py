"""Who approves of a pull request as it is now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated

from bot.github.client import Client
from bot.github.reading import Text, at, read

_APPROVED, _REFUSED, _DISMISSED = "APPROVED", "CHANGES_REQUESTED", "DISMISSED"


@dataclass(frozen=True, slots=True)
class Approvals:
    """Logins, in the order of their first reviews. by: who approves of the head. against: who asked for changes, at
    whatever commit. Whether they may decide anything is not asked."""

    by: tuple[str, ...] = ()
    against: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class _Review:
    """sha: "" when the commit is gone. login: "" for a deleted account."""

    id: int
    state: str
    sha: Annotated[Text, at("commit_id")] = ""
    login: Annotated[str, at("user", "login")] = ""
    kind: Annotated[str, at("user", "type")] = ""


def approvals(client: Client, number: int, head_sha: str, author: str) -> Approvals:
    """What people's last words on a pull request come to. The author's own do not count, nor do Apps'. A comment takes
    nothing back; a review that was dismissed counts as no word at all, and hides the ones before it
    (https://docs.github.com/en/graphql/reference/objects#pullrequest, latestOpinionatedReviews)."""
    told = (read(_Review, one, "review") for one in client.pages(f"pulls/{number}/reviews"))
    last = {
        one.login: one
        for one in sorted(told, key=lambda one: one.id)
        if one.state in (_APPROVED, _REFUSED, _DISMISSED) and one.kind == "User" and one.login.lower() != author.lower()
    }
    return Approvals(
        by=tuple(one.login for one in last.values() if (one.state, one.sha) == (_APPROVED, head_sha)),
        against=tuple(one.login for one in last.values() if one.state == _REFUSED),
    )
