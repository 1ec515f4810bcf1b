"""The bot's own tools in the process of the test, on the GitHub, Redis and environments of the town."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator

from bot.commands import Command, parse
from bot.model import Operate, Repo
from bot.settings import read_settings
from tests.github.state import Pull
from tests.town import Town
from workers.jobs.tools import Tools, now, tools_of


@contextlib.contextmanager
def tools_in(place: Town) -> Iterator[Tools]:
    tools = tools_of(read_settings(place.environment))
    try:
        yield tools
    finally:
        tools.redis.close()


def typed(place: Town, tools: Tools, pull: Pull, login: str, text: str) -> Operate:
    """What a comment with the command would ask for, now."""
    repo = Repo(pull.repo.id, pull.repo.full_name, place.github.installation(pull.repo).id)
    names = tuple(one.name for one in tools.environments.of(repo.name, repo.id))
    (command,) = parse(text, names)
    assert isinstance(command, Command), command
    environment, *arguments = command.arguments
    return Operate(
        *(repo, pull.number, 0, login, now(), environment, command.name),
        arguments=tuple(arguments),
        flags=tuple(sorted(command.flags)),
        because=command.because,
    )
