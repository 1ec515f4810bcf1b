"""Finds out from the database itself how an attempt ended that nobody saw end, and makes the history table say so."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from workers.environments.expected import setting_of
from workers.environments.history import Begun
from workers.environments.model import Entry
from workers.environments.order import Desk, Order, soon, working
from workers.environments.stops import find_out
from workers.environments.truth import Standing, Truth
from workers.environments.units import plan_of
from workers.errors import CannotAnalyse
from workers.model import Migration
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


def recover(order: Order, migrations: Sequence[str], machine: Machine, *, back: bool = False) -> Recovered:
    """migrations: what the attempt was to apply, or, with back, the one it was to roll back. Needs the layout's lock:
    who has it may be the attempt's own session, which is still at work on the server. Raises Refused, Unreachable."""
    with working(order, "recovery", _WAIT_S) as desk, soon(desk.connection):
        settled = tuple(_settled(desk, migrations, machine))
        if not (settled or desk.book.keeps_failures or back):
            settled = tuple(_searched(desk, migrations, machine))
        after = desk.again()
    applied = {entry.name for entry in after.diagnosis.applied}
    failed = {entry.name for entry in after.diagnosis.failed} | {one.name for one in settled if one.partly}
    return Recovered(
        applied=tuple(name for name in migrations if name in applied),
        failed=tuple(name for name in migrations if name in failed),
        notes=tuple(one.note for one in settled),
        has_own=after.has_own,
    )


def seen_of(desk: Desk, entry: Entry, machine: Machine) -> Truth:
    """What the schema says about a migration that was begun and not finished. Raises Unreachable."""
    migration = _file_of(desk, entry.name)
    if migration is None:
        return Truth(Standing.UNCLEAR, odd=("this commit has no such migration",))
    if not desk.reader.same(entry, migration):
        return Truth(Standing.UNCLEAR, odd=("its file has changed since it was begun",))
    return _shown(desk, migration, machine)


def _shown(desk: Desk, migration: Migration, machine: Machine) -> Truth:
    history = tuple(one for one in desk.applied if one.id != migration.id)
    try:
        return find_out(desk.connection, setting_of(desk.connection, history, migration, desk.order.before), machine)
    except CannotAnalyse as error:
        return Truth(Standing.UNCLEAR, odd=(str(error),))


def _file_of(desk: Desk, name: str) -> Migration | None:
    return next((one for one in desk.order.migrations if one.id == name), None)


@dataclass(frozen=True, slots=True)
class _Settled:
    """partly: a part of it is there, or nobody knows."""

    name: str
    said: str
    partly: bool = False

    @property
    def note(self) -> str:
        return f"{self.name}: {self.said}"


def _settled(desk: Desk, migrations: Sequence[str], machine: Machine) -> Iterator[_Settled]:
    for entry in desk.diagnosis.failed:
        if entry.name in migrations and not entry.logs:  # one with logs was seen to fail
            truth, migration = seen_of(desk, entry, machine), _file_of(desk, entry.name)
            begun = Begun(entry.row, migration) if migration else None
            yield _settle(desk, entry.name, begun, truth)


def _searched(desk: Desk, migrations: Sequence[str], machine: Machine) -> Iterator[_Settled]:
    """In a table that has rows only of what is applied: the first without one may have been begun. Where it is one
    transaction, its row is in that."""
    first = next((one for one in desk.diagnosis.pending if one.id in migrations), None)
    if first is not None and not plan_of(first).whole:
        yield _settle(desk, first.id, Begun("", first), _shown(desk, first, machine))


def _settle(desk: Desk, name: str, begun: Begun | None, truth: Truth) -> _Settled:
    """begun: None where this commit has no such file."""
    if begun and truth.standing is Standing.APPLIED:
        desk.book.finish(desk.connection, begun)
        return _Settled(name, "it is all there, and only the history table did not say so; now it does")
    if begun and truth.standing is Standing.NOT_APPLIED:
        desk.book.give_back(desk.connection, begun, "interrupted; nothing of it was there")
        return _Settled(name, "nothing of it is there; it is pending again")
    said = f"{truth.standing}: {'; '.join(truth.sentences)}"
    if begun:
        desk.book.fail(desk.connection, begun, f"interrupted; {said}")
    return _Settled(name, said, partly=True)
