"""Our comments on a pull request: the one that shows the review, short replies to commands, and reactions."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from typing import Annotated

from bot.errors import NotFound
from bot.github.client import Client
from bot.github.reading import Text, at, read, same_text

MARKER = "<!-- migration-bot:comment -->"
_SEEN, _DONE, _REFUSED = "eyes", "rocket", "confused"


@dataclass(frozen=True, slots=True)
class Comment:
    """app_id: of the App that wrote it, None for a person's."""

    id: int
    body: Text
    login: Annotated[str, at("user", "login")] = ""
    app_id: Annotated[int | None, at("performed_via_github_app", "id")] = None


@dataclass(frozen=True, slots=True)
class Reaction:
    """content: +1, -1, laugh, confused, heart, hooray, rocket or eyes."""

    id: int
    content: str
    login: Annotated[str, at("user", "login")] = ""


def comment(client: Client, comment_id: int) -> Comment:
    """Any comment, as it is now. Raises NotFound."""
    return read(Comment, client.get(f"issues/comments/{comment_id}"), f"comment {comment_id}")


def find(client: Client, number: int, marker: str = MARKER) -> tuple[Comment, ...]:
    """Our comments with a marker on a pull request, the oldest first. A login alone would prove nothing."""
    found = (read(Comment, told, "comment") for told in client.pages(f"issues/{number}/comments"))
    own = (one for one in found if one.app_id == client.app_id and marker in one.body)
    return tuple(sorted(own, key=lambda one: one.id))


def ensure_comment(client: Client, number: int, known_id: int | None, body: str, marker: str = MARKER) -> Comment:
    """The one comment of a pull request with a marker says `body`, which holds it; written only when it says something
    else. known_id: what it was when it was last seen."""
    assert marker in body
    if known_id is not None:
        with contextlib.suppress(NotFound):
            known = comment(client, known_id)
            if known.app_id == client.app_id:
                return _edited(client, known, body)
    return _ensure(client, number, marker, body)


def reply(client: Client, number: int, to_comment: int, body: str) -> Comment:
    """The one answer to a comment; told again, it replaces itself."""
    return _ensure(client, number, _of_reply(to_comment), f"{_of_reply(to_comment)}\n{body}")


def edit_reply(client: Client, reply_id: int, to_comment: int, body: str) -> None:
    """Another text for an answer that was just written. Raises NotFound where somebody deleted it."""
    client.patch(f"issues/comments/{reply_id}", {"body": f"{_of_reply(to_comment)}\n{body}"})


def _of_reply(to_comment: int) -> str:
    return f"<!-- migration-bot:reply {to_comment} -->"


def is_answered(client: Client, comment_id: int) -> bool:
    """Whether a command has our last reaction: a delivery may come twice, and our own memory be lost."""
    return bool({_DONE, _REFUSED} & {reaction.content for reaction in reactions(client, comment_id)})


def notice(client: Client, comment_id: int) -> None:
    """Shows that a command was seen."""
    _react(client, comment_id, _SEEN)


def conclude(client: Client, comment_id: int, *, done: bool) -> None:
    """Our last reaction to a command."""
    _react(client, comment_id, _DONE if done else _REFUSED)


def _react(client: Client, comment_id: int, content: str) -> None:
    """Again is as good as once: GitHub then answers 200 instead of 201."""
    client.post(f"issues/comments/{comment_id}/reactions", {"content": content})


def reactions(client: Client, comment_id: int) -> tuple[Reaction, ...]:
    """Our own on a comment. People's logins have no brackets."""
    own = f"{client.app.slug()}[bot]"
    found = (read(Reaction, told, "reaction") for told in client.pages(f"issues/comments/{comment_id}/reactions"))
    return tuple(one for one in found if one.login == own)


def _ensure(client: Client, number: int, marker: str, body: str) -> Comment:
    """Two processes may both find none and both create: each then keeps the one with the lowest id."""
    found = find(client, number, marker)
    if not found:
        created = read(Comment, client.post(f"issues/{number}/comments", {"body": body}), "new comment")
        found = find(client, number, marker) or (created,)
    for extra in found[1:]:
        with contextlib.suppress(NotFound):
            client.delete(f"issues/comments/{extra.id}")
    return _edited(client, found[0], body)


def _edited(client: Client, known: Comment, body: str) -> Comment:
    if same_text(known.body, body):
        return known
    return read(Comment, client.patch(f"issues/comments/{known.id}", {"body": body}), f"comment {known.id}")
