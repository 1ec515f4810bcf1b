"""Tells what becomes of a pull request's migrations once another one is merged before it. Pure."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from bot.outcome import Added, Touched
from workers.environments.history.runners import WRITTEN
from workers.migrations import BY_NAME
from workers.migrations.layout import Entry

_BY_WHOLE_NAME = "plain"  # whose runner is not known, and may know migrations by more than their numbers


@dataclass(frozen=True, slots=True)
class Late:
    """A migration that would sort before one that is merged. then: what its runner does with it."""

    migration: str
    then: str


def late(mine: Touched, theirs: Touched) -> Late | None:
    """The first of mine that comes too late once theirs are merged; None where the runner runs it all the same."""
    for one, other in _projects(mine, theirs):
        book = WRITTEN.get(one.layout)
        if book is None or not book.late:
            continue
        own, others = _entries(one, other), _entries(other, one)
        newest = max((entry.order for entry in others if not entry.repeatable), default=None)
        taken = {_number(one, entry) for entry in others}  # told as that
        for entry in own:
            sooner = newest is not None and entry.order < newest and not entry.repeatable
            if sooner and _number(one, entry) not in taken:
                return Late(entry.id, book.late)
    return None


def same_numbers(mine: Touched, theirs: Touched) -> Iterator[str]:
    """The numbers that two different migrations have, where the runner knows them by nothing else."""
    for one, other in _projects(mine, theirs):
        if one.layout == _BY_WHOLE_NAME:
            continue
        taken = {_number(one, entry): entry.id for entry in _entries(other, one) if not entry.repeatable}
        for entry in _entries(one, other):
            number = _number(one, entry)
            if number in taken and not entry.repeatable:
                yield f"number {number}: {' and '.join(sorted((entry.id, taken[number])))}"


def _projects(mine: Touched, theirs: Touched) -> Iterator[tuple[Added, Added]]:
    """Those that both add migrations to, to be merged into one branch."""
    there = {(one.layout, one.directory): one for one in theirs.added}
    for one in mine.added if mine.base == theirs.base else ():
        if (one.layout, one.directory) in there:
            yield one, there[one.layout, one.directory]


def _entries(one: Added, other: Added) -> tuple[Entry, ...]:
    """Without those that both bring, as where one pull request is built on the other."""
    layout, both = BY_NAME.get(one.layout), frozenset(other.paths)
    found = layout.entries(one.paths, one.directory) if layout else ()
    return tuple(entry for entry in found if entry.path not in both)


def _number(one: Added, entry: Entry) -> str:
    return BY_NAME[one.layout].version(entry.id)
