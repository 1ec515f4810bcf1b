"""Proposed lines of a pull request's files: comments of ours that GitHub shows with a button to commit them."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated

from bot.errors import Conflict, NotFound
from bot.github.client import Client
from bot.github.reading import Text, at, read
from bot.outcome import Suggestion

_MARKER = re.compile(r"<!-- migration-bot:suggestion ([0-9a-f]{12}) -->")
_FENCE = re.compile(r"`{3,}")
_LOG = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class _Comment:
    """replies_to: the comment that it answers."""

    id: int
    body: Text
    login: Annotated[str, at("user", "login")] = ""
    replies_to: Annotated[int | None, at("in_reply_to_id")] = None


def ensure_suggestions(client: Client, number: int, sha: str, wanted: Sequence[Suggestion]) -> None:
    """Makes those that are not there yet, at the head, and deletes ours that are wanted no more; not those that
    somebody has answered. What GitHub cannot place on the diff is left out."""
    told = [read(_Comment, one, "review comment") for one in client.pages(f"pulls/{number}/comments")]
    answered = {one.replies_to for one in told}
    login = f"{client.app.slug()}[bot]"  # GitHub names no App for such a comment, but a login that no person can have
    ours = {found[1]: one for one in told if one.login == login and (found := _MARKER.search(one.body))}
    bodies = {_id(one): one for one in wanted}
    for known, one in ours.items():
        if known not in bodies and one.id not in answered:
            _delete(client, one.id)
    for known, suggestion in bodies.items():
        if known not in ours:
            _create(client, number, sha, suggestion)


def _create(client: Client, number: int, sha: str, one: Suggestion) -> None:
    """https://docs.github.com/en/rest/pulls/comments#create-a-review-comment-for-a-pull-request"""
    place = {"commit_id": sha, "path": one.path, "line": one.end_line, "side": "RIGHT"}
    if one.line < one.end_line:
        place |= {"start_line": one.line, "start_side": "RIGHT"}
    try:
        client.post(f"pulls/{number}/comments", {"body": _body(one), **place})
    except Conflict as refused:
        _LOG.warning("no suggestion at %s:%s: %s", one.path, one.end_line, refused)


def _delete(client: Client, comment: int) -> None:
    try:
        client.delete(f"pulls/comments/{comment}")
    except NotFound:
        _LOG.info("suggestion %s is gone already", comment)


def _body(one: Suggestion) -> str:
    fence = max((found[0] for found in _FENCE.finditer(one.text)), key=len, default="``") + "`"
    return f"<!-- migration-bot:suggestion {_id(one)} -->\n{one.said}\n\n{fence}suggestion\n{one.text}\n{fence}"


def _id(one: Suggestion) -> str:
    """Stays while the same is proposed for the same file, wherever its lines move."""
    return hashlib.sha256(f"{one.path}\0{one.text}".encode()).hexdigest()[:12]
