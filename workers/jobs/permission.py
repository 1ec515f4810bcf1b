"""Asks GitHub who may touch what on a checklist: live, as nothing else knows who has lost access since."""

from __future__ import annotations

import logging
from collections.abc import Iterable

from bot.checklist import Question
from bot.errors import Forbidden
from bot.github import people
from bot.github.client import Client
from bot.github.pulls import Pull

_LOG = logging.getLogger(__name__)


def granted(client: Client, pull: Pull, asked: Iterable[Question]) -> frozenset[Question]:
    """Those of the questions whose answer is yes."""
    return frozenset(one for one in asked if _may(client, pull, one))


def in_team(client: Client, team: str, login: str) -> bool:
    """Without the permission to read members nobody is in a team, as far as we can tell: the review goes on."""
    try:
        return people.in_team(client, team, login)
    except Forbidden as missing:
        _LOG.warning("nobody counts as a member of %s: %s", team, missing)
        return False


def _may(client: Client, pull: Pull, asked: Question) -> bool:
    if asked.who.startswith("@"):
        return in_team(client, asked.who, asked.login)
    if asked.login == pull.author and asked.who in ("author", "not-author"):
        return asked.who == "author"
    return people.may_write(client, asked.login)
