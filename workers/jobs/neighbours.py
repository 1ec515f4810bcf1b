"""Tells open pull requests of each other that change the same: the second to be merged will meet the first."""

from __future__ import annotations

from bot.github.client import Client
from bot.github.pulls import Pull
from bot.model import Refresh
from bot.outcome import Outcome, Standing, Touched
from workers.conflicts import shared
from workers.jobs.tools import Tools
from workers.report.promises import few

_MOST = 5  # pull requests that are named


def section(tools: Tools, client: Client, pull: Pull, outcome: Outcome) -> str:
    """What the comment says of others, Markdown; "" when there is nothing to say. Who is told of us for the first time,
    or no more, is drawn again."""
    repo, number = client.repo.id, pull.number
    if outcome.standing is Standing.FAILED:
        return ""
    known = tools.memory.touched(repo)
    before, mine = known.pop(number, None), Touched(pull.base_ref, outcome.migrations, outcome.places)
    if not mine.migrations:
        leave(tools, client, number)
        return ""
    if mine != before:
        tools.memory.keep_touched(repo, number, mine)
        for other, theirs in known.items():
            if clashes(mine, theirs) != (clashes(before, theirs) if before else ()):
                tools.queue.add(Refresh(client.repo, other))
    met = {other: found for other, theirs in known.items() if (found := clashes(mine, theirs))}
    return _told(met) if met else ""


def leave(tools: Tools, client: Client, number: int) -> None:
    """The pull request changes nothing any more, or is closed."""
    known = tools.memory.touched(client.repo.id)
    mine = known.pop(number, None)
    if mine is None:
        return
    tools.memory.forget_touched(client.repo.id, number)
    for other, theirs in known.items():
        if clashes(mine, theirs):
            tools.queue.add(Refresh(client.repo, other))


def clashes(mine: Touched, theirs: Touched) -> tuple[str, ...]:
    """What both change, or call by one name. Who changes a table as a whole meets all who change a part of it. Nothing
    where they are merged into different branches."""
    if mine.base != theirs.base:
        return ()
    same = sorted(set(mine.migrations) & set(theirs.migrations))
    changed = {side: [(place.whole, place.part) for place in one.places] for side, one in enumerate((mine, theirs))}
    return (*(f"migration {name}" for name in same), *(conflict.object for conflict in shared(changed)))


def _told(met: dict[int, tuple[str, ...]]) -> str:
    lines = [f"- #{number}: {few(things)}" for number, things in sorted(met.items())]
    more = [f"- and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
    head = "**Other open pull requests change the same.** Whichever is merged second is reviewed again, on the first."
    return "\n".join((head, "", *lines[:_MOST], *more))
