"""Finds out from the database itself how an attempt ended that nobody saw end, and makes the history table say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.environments.expected import setting_of
from workers.environments.model import Entry
from workers.environments.order import Desk, Order, soon, working
from workers.environments.stops import find_out
from workers.environments.truth import Standing, Truth
from workers.errors import CannotAnalyse
from workers.review import Machine

_WAIT_S = 1.0  # whoever has the lock may have it for hours: there is a better time to ask


@dataclass(frozen=True, slots=True)
class Recovered:
    """applied, failed: those of the attempt that are there, or that nobody goes past before they are resolved. notes:
    what was found out and written down, plain sentences. has_own: whether the environment has all that the pull request
    brings."""

    applied: tuple[str, ...]
    failed: tuple[str, ...]
    notes: tuple[str, ...]
    has_own: bool


def recover(order: Order, migrations: Sequence[str], machine: Machine) -> Recovered:
    """migrations: what the attempt was to apply, or the one it was to roll back. Needs the layout's lock: who has it
    may be the attempt's own session, which is still at work on the server. Raises Refused, Unreachable."""
    with working(order, "recovery", _WAIT_S) as desk, soon(desk.connection):
        notes = tuple(_settled(desk, migrations, machine))
        after = desk.again()
    applied, failed = (
        {entry.name for entry in entries} for entries in (after.diagnosis.applied, after.diagnosis.failed)
    )
    return Recovered(
        applied=tuple(name for name in migrations if name in applied),
        failed=tuple(name for name in migrations if name in failed),
        notes=notes,
        has_own=after.has_own,
    )


def seen_of(desk: Desk, entry: Entry, machine: Machine) -> Truth:
    """What the schema says about a migration that was begun and not finished. Raises Unreachable."""
    migration = next((one for one in desk.order.migrations if one.id == entry.name), None)
    if migration is None:
        return Truth(Standing.UNCLEAR, odd=("this commit has no such migration",))
    if not desk.book.same(entry, migration):
        return Truth(Standing.UNCLEAR, odd=("its file has changed since it was begun",))
    history = tuple(one for one in desk.applied if one.id != entry.name)
    try:
        return find_out(desk.connection, setting_of(desk.connection, history, migration), machine)
    except CannotAnalyse as error:
        return Truth(Standing.UNCLEAR, odd=(str(error),))


def _settled(desk: Desk, migrations: Sequence[str], machine: Machine) -> Iterator[str]:
    for entry in desk.diagnosis.failed:
        if entry.name in migrations and not entry.logs:  # one with logs was seen to fail
            yield _settle(desk, entry, seen_of(desk, entry, machine))


def _settle(desk: Desk, entry: Entry, truth: Truth) -> str:
    if truth.standing is Standing.APPLIED:
        desk.book.finish(desk.connection, entry.row)
        return f"{entry.name}: it is all there, and only the history table did not say so; now it does"
    if truth.standing is Standing.NOT_APPLIED:
        desk.book.give_back(desk.connection, entry.row, "interrupted; nothing of it was there")
        return f"{entry.name}: nothing of it is there; it is pending again"
    said = f"{truth.standing}: {'; '.join(truth.sentences)}"
    desk.book.fail(desk.connection, entry.row, f"interrupted; {said}")
    return f"{entry.name}: {said}"
