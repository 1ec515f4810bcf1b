"""Tells open pull requests of each other where the second to be merged will meet the first: by what it changes, or by
the order of migrations."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from bot.github.client import Client
from bot.github.pulls import Pull
from bot.model import Refresh
from bot.outcome import Outcome, Standing, Touched
from workers.conflicts import shared
from workers.jobs.merge_order import Late, late, same_numbers
from workers.jobs.tools import Tools
from workers.report.promises import few

_MOST = 5  # pull requests that are named
_SAME = "**Other open pull requests change the same.** Whichever is merged second is reviewed again, on the first."


@dataclass(frozen=True, slots=True)
class _Meeting:
    """same: what both change, or call alike. late: what of the one comes too late behind the other."""

    same: tuple[str, ...] = ()
    late: Late | None = None


_NOTHING = _Meeting()


def section(tools: Tools, client: Client, pull: Pull, outcome: Outcome) -> str:
    """What the comment says of others, Markdown; "" when there is nothing to say. Who is told of us for the first time,
    or no more, is drawn again."""
    repo, number = client.repo.id, pull.number
    if outcome.standing is Standing.FAILED:
        return ""
    known = tools.memory.touched(repo)
    before = known.pop(number, None)
    mine = Touched(pull.base_ref, outcome.migrations, outcome.places, outcome.added)
    if not mine.migrations:
        leave(tools, client, number)
        return ""
    if mine != before:
        tools.memory.keep_touched(repo, number, mine)
        for other, theirs in known.items():
            if _meeting(theirs, mine) != (_meeting(theirs, before) if before else _NOTHING):
                tools.queue.add(Refresh(client.repo, other))
    met = {other: _meeting(mine, theirs) for other, theirs in sorted(known.items())}
    return "\n\n".join((*_same(met), *_order(met)))


def leave(tools: Tools, client: Client, number: int) -> None:
    """The pull request changes nothing any more, or is closed."""
    known = tools.memory.touched(client.repo.id)
    mine = known.pop(number, None)
    if mine is None:
        return
    tools.memory.forget_touched(client.repo.id, number)
    for other, theirs in known.items():
        if _meeting(theirs, mine) != _NOTHING:
            tools.queue.add(Refresh(client.repo, other))


def clashes(mine: Touched, theirs: Touched) -> tuple[str, ...]:
    """What both change, or call by one name. Who changes a table as a whole meets all who change a part of it. Nothing
    where they are merged into different branches."""
    if mine.base != theirs.base:
        return ()
    same = sorted(set(mine.migrations) & set(theirs.migrations))
    changed = {side: [(place.whole, place.part) for place in one.places] for side, one in enumerate((mine, theirs))}
    return (
        *(f"migration {name}" for name in same),
        *same_numbers(mine, theirs),
        *(conflict.object for conflict in shared(changed)),
    )


def _meeting(mine: Touched, theirs: Touched) -> _Meeting:
    """What the comment on mine says of theirs."""
    return _Meeting(clashes(mine, theirs), late(mine, theirs))


def _same(met: Mapping[int, _Meeting]) -> Iterator[str]:
    lines = [f"- #{number}: {few(one.same)}" for number, one in met.items() if one.same]
    if lines:
        more = [f"- and {len(lines) - _MOST} more"] if len(lines) > _MOST else []
        yield "\n".join((_SAME, "", *lines[:_MOST], *more))


def _order(met: Mapping[int, _Meeting]) -> Iterator[str]:
    """Which of them all are to be merged later. The migration that is named is the first that is too late for one."""
    ahead = {f"#{number}": one.late for number, one in met.items() if one.late}
    if ahead:
        named, first = list(ahead)[:_MOST], next(iter(ahead.values()))
        more = f" and {len(ahead) - _MOST} more" if len(ahead) > _MOST else ""
        yield (
            f"**Merge this before {', '.join(named)}{more}**, or give its migrations newer numbers or timestamps then: "
            f"{few((first.migration,))} would sort before one that is merged, and {first.then}."
        )
