"""Makes one report of those on several projects of a repository. Pure."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TypeVar

from workers.model import Level, MigrationSet
from workers.rehearsed import Timing
from workers.verdict import Report, Unread

_T = TypeVar("_T")
_WORST_FIRST = ("miss", "prefix", "hit")


def failed(migrations: MigrationSet, why: str) -> Report:
    """On a project that could not be analysed."""
    return Report(
        level=Level.SAFE,
        layout=migrations.layout,
        base=migrations.base,
        head=migrations.head,
        server=None,
        unread=(Unread(migrations.directory or ".", 1, why),),
        directory=migrations.directory,
        failed=why,
    )


def combined(projects: Sequence[Report], around: Sequence[Report] = ()) -> Report:
    """All that is in them. around: on what is found in other files than migrations."""
    parts = (*projects, *around)
    return Report(
        level=max(part.level for part in parts),
        layout=", ".join(dict.fromkeys(project.layout for project in projects)),
        base=projects[0].base,
        head=projects[0].head,
        server=next((project.server for project in projects if project.server), None),
        migrations=_all(parts, lambda part: part.migrations),
        findings=_all(parts, lambda part: part.findings),
        preflight=_all(parts, lambda part: part.preflight),
        drift=_all(parts, lambda part: part.drift),
        unread=_all(parts, lambda part: part.unread),
        notes=tuple(_notes(projects)),
        timing=_timing([project.timing for project in projects]),
        projects=tuple(projects),
    )


def _all(parts: Iterable[Report], of: Callable[[Report], tuple[_T, ...]]) -> tuple[_T, ...]:
    return tuple(item for part in parts for item in of(part))


def _notes(projects: Sequence[Report]) -> Iterator[str]:
    for project in projects:
        for note in project.notes:
            told = len(projects) == 1 or note.startswith(project.directory)
            yield note if told else f"{project.directory}: {note}"


def _timing(timings: Sequence[Timing]) -> Timing:
    """One was done after the other."""
    return Timing(
        total_ms=sum(timing.total_ms for timing in timings),
        acquire_ms=sum(timing.acquire_ms for timing in timings),
        replay_ms=sum(timing.replay_ms for timing in timings),
        rehearse_ms=sum(timing.rehearse_ms for timing in timings),
        prove_ms=sum(timing.prove_ms for timing in timings),
        snapshot=min((timing.snapshot for timing in timings), key=_WORST_FIRST.index),
    )
