"""Stops what is asked of an environment: what runs there, and what still waits for its turn."""

from __future__ import annotations

import contextlib

from bot.errors import NotFound
from bot.github import comments
from bot.github.client import Client
from bot.model import Operate
from bot.queue import key
from bot.running import Ending
from workers.jobs import attempts
from workers.jobs.telling import tell
from workers.jobs.tools import Tools


def meant_by(tools: Tools, client: Client, work: Operate) -> tuple[Operate, ...]:
    """What the pull request itself has there, running or waiting; where it has nothing, all that others have there. The
    oldest first. Raises Retryable, Permanent."""
    found = tools.running.asked(work.repo.id, work.environment)
    there = tuple(one for one in found if not _is_answered(client, one))
    return tuple(one for one in there if one.number == work.number) or there


def asked_by(meant: tuple[Operate, ...]) -> str:
    """The login of the one person who asked for all of it, "" for several or none."""
    logins = {one.login for one in meant}
    return logins.pop() if len(logins) == 1 else ""


def stop(tools: Tools, client: Client, meant: Operate) -> str:
    """What is then so, a line of Markdown. Who begins says so before they look whether they are to, and here it is the
    other way round: one of the two always sees the other. Raises Retryable, Permanent."""
    tools.running.cancel(meant.repo.id, key(meant))
    runner = tools.running.now(meant.repo.id, meant.environment)
    who = f"**{meant.environment}**: {meant.act} for {meant.login}"
    if runner and runner.key == key(meant):
        return f"⏹️ {who} is told to stop."
    ending = called_off(tools, client, meant)
    if ending is None:
        return f"⏳ {who} had begun, and its process is gone; how it ended is being found out."
    tell(tools, client, meant, ending)
    return f"⏹️ {who} in #{meant.number} is cancelled before it began."


def called_off(tools: Tools, client: Client, work: Operate) -> Ending | None:
    """How a command ended that was cancelled while it waited; None for one that is to begin, or has begun. Raises
    Retryable, Permanent."""
    if not tools.running.cancelled(work.repo.id, key(work)) or attempts.has_begun(client, work):
        return None
    return Ending(False, f"⏹️ **{work.environment}**: {work.act} was cancelled before it began. Nothing was changed.")


def _is_answered(client: Client, work: Operate) -> bool:
    with contextlib.suppress(NotFound):  # it was deleted meanwhile
        return comments.is_answered(client, work.comment)
    return False
