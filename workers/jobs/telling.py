"""Tells how a command on an environment ended: its answer, its record, the items it saw to, its reaction."""

from __future__ import annotations

import contextlib

from bot.errors import NotFound
from bot.github import comments
from bot.github.client import Client
from bot.model import Landed, Operate, Refresh
from bot.running import Ending
from workers.jobs import attempts
from workers.jobs.tools import Tools


def tell(tools: Tools, client: Client, work: Operate, ending: Ending) -> None:
    """Told again, it is told once. The reaction last: with it, the command is answered. Raises what GitHub raises."""
    comments.reply(client, work.number, work.comment, ending.text)
    if ending.headline and (recorded := attempts.of(client, work)):
        attempts.end(client, recorded, done=ending.done, description=ending.headline)
        tools.queue.add(Landed(work.repo, work.number))  # what stands there after the merge is another now
    if ending.touches:
        tools.queue.add(Refresh(work.repo, work.number, ending.touches))
    with contextlib.suppress(NotFound):  # it was deleted meanwhile
        if not comments.is_answered(client, work.comment):  # as given up, before it was known
            comments.conclude(client, work.comment, done=ending.done)
