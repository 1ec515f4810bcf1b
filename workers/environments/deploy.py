"""Applies what is pending: look, ask the pre-flight queries, back up, apply one by one, each written down at once."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from workers.environments.apply import Applied, Fate, Site, apply_migration
from workers.environments.backups.backup import Backup
from workers.environments.connection import connect
from workers.environments.history import failure_log
from workers.environments.keeping import back_up
from workers.environments.model import BackupMethod, Environment, Progress, Watch
from workers.environments.order import Desk, Order, forecast, working
from workers.environments.questions import Answer, asked
from workers.errors import Cancelled, Refused, Unreachable
from workers.model import Migration
from workers.review import Machine
from workers.verdict import Report

_AGAIN_S = 1.0
_BACK_S = 30.0  # a server that restarts is back by then


@dataclass(frozen=True, slots=True)
class Step:
    """A migration, and what came of it."""

    migration: str
    applied: Applied


@dataclass(frozen=True, slots=True)
class Deployed:
    """pending: what there was to do, in order; steps: what was done, of which only the last can be other than applied.
    stopped: why no more was done, plain text; "" when all was. has_own: whether the environment now has all that the
    pull request brings."""

    pending: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    answers: tuple[Answer, ...] = ()
    backup: Backup | None = None
    notes: tuple[str, ...] = ()
    stopped: str = ""
    has_own: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """machine: for the rehearsal and the backup's proof. begin: called with the pending ids before the first change, so
    that who comes after a crash knows what to look for."""

    machine: Machine
    watch: Watch
    begin: Callable[[tuple[str, ...]], None]


def deploy(order: Order, work: Work) -> Deployed:
    """Raises Refused, Unreachable and Cancelled as long as nothing was changed; afterwards all is told in what it
    returns."""
    limited = replace(work, watch=Limited(work.watch, order.environment.timeouts.total_ms))
    with working(order, "deploy") as desk:
        refuse_failed(desk)
        pending = desk.diagnosis.pending
        found = Deployed(tuple(one.id for one in pending), has_own=desk.has_own)
        if not pending:
            return found
        found = replace(found, **_asked(desk, limited))
        if found.stopped:
            return found
        found = replace(found, backup=_backup(order, limited))
        if limited.watch.cancelled():
            raise Cancelled("stopped before anything was applied")
        work.begin(found.pending)
        desk.book.prepare(desk.connection)
        return _applied(desk, found, limited.watch)


def refuse_failed(desk: Desk) -> None:
    """As every runner does: what came after a failed migration may stand on it. Raises Refused."""
    if failed := desk.diagnosis.failed:
        names = ", ".join(f"`{entry.name}`" for entry in failed)
        raise Refused(
            f"{names} failed there before, and has to be resolved first: `/migrate status` tells the two ways out"
        )


@dataclass(frozen=True, slots=True)
class Limited:
    """A watch that also wants an end after some time."""

    watch: Watch
    total_ms: int
    began: float = 0.0

    def __post_init__(self) -> None:
        object.__setattr__(self, "began", time.monotonic())

    def tell(self, progress: Progress) -> None:
        self.watch.tell(progress)

    def cancelled(self) -> bool:
        return time.monotonic() - self.began > self.total_ms / 1000 or self.watch.cancelled()


# ---------------------------------------------------------------- before


def _asked(desk: Desk, work: Work) -> dict[str, Any]:
    """What the pre-flight queries say, as fields of Deployed."""
    work.watch.tell(Progress("rehearsal", "what this environment lacks, on what it has"))
    report = forecast(desk, work.machine)
    if not isinstance(report, Report):
        return {"notes": (f"not rehearsed, so no pre-flight query was asked: {report}",)}
    answers = asked(desk.connection, report.preflight, work.watch)
    wrong = [answer for answer in answers if answer.passed is False]
    if not wrong:
        return {"answers": answers}
    first = wrong[0].query
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return {
        "answers": answers,
        "stopped": f"{first.path} line {first.line} would fail on the rows there{more}: {wrong[0].said}",
    }


def _backup(order: Order, work: Work) -> Backup | None:
    if order.environment.backup.method is BackupMethod.NONE:
        return None
    return back_up(order.environment, order.label, work.machine, work.watch)


# ---------------------------------------------------------------- apply, and write it down


def _applied(desk: Desk, found: Deployed, watch: Watch) -> Deployed:
    steps: list[Step] = []
    stopped = ""
    for number, migration in enumerate(desk.diagnosis.pending):
        watch.tell(Progress(migration.id, "", number, len(desk.diagnosis.pending)))
        step, stopped = _one(desk, migration, watch)
        if step:
            steps.append(step)
        if stopped:
            break
    done = {step.migration for step in steps if step.applied.fate is Fate.APPLIED}
    there = done | {entry.name for entry in desk.diagnosis.applied}
    return replace(found, steps=tuple(steps), stopped=stopped, has_own=desk.order.own <= there)


def _one(desk: Desk, migration: Migration, watch: Watch) -> tuple[Step | None, str]:
    """What came of one migration, and why to stop there; "" to go on."""
    if watch.cancelled():
        return None, f"stopped before {migration.id}"
    connection, book, environment = desk.connection, desk.book, desk.order.environment
    row = ""
    site = Site(connection, lambda purpose: connect(environment, purpose), environment.timeouts, watch)
    try:
        row = book.begin(connection, migration)
        applied = apply_migration(site, migration, lambda: book.finish(connection, row))
    except Cancelled:
        _write(desk, lambda c: book.give_back(c, row, "stopped by a command"))
        return None, f"stopped in {migration.id}, of which nothing stays"
    except psycopg.Error as lost:
        return None, f"the database was lost at {migration.id}: {type(lost).__name__}"
    step = Step(migration.id, applied)
    if applied.fate is Fate.APPLIED:
        return step, ""
    logs = failure_log(migration.id, applied.error)
    if applied.fate is Fate.ROLLED_BACK:
        _write(desk, lambda c: book.give_back(c, row, logs))
    elif applied.fate is Fate.PARTLY:
        _write(desk, lambda c: book.fail(c, row, logs))
    return step, f"{migration.id}: {applied.error.message if applied.error else applied.fate}"


def _write(desk: Desk, write: Callable[[psycopg.Connection[Any]], None]) -> None:
    """Through another connection, where ours is gone. What cannot be written now is found out by who comes next."""
    with contextlib.suppress(Unreachable, Refused, psycopg.Error), _living(desk) as connection:
        write(connection)


@contextlib.contextmanager
def _living(desk: Desk) -> Iterator[psycopg.Connection[Any]]:
    if not desk.connection.broken and not desk.connection.closed:
        yield desk.connection
        return
    with reconnected(desk.order.environment) as connection:
        yield connection


@contextlib.contextmanager
def reconnected(environment: Environment) -> Iterator[psycopg.Connection[Any]]:
    """Waits for a server that is just restarting. Raises Unreachable."""
    deadline = time.monotonic() + _BACK_S
    while True:
        try:
            connection = connect(environment, "bookkeeping")
        except Unreachable:
            if time.monotonic() > deadline:
                raise
            time.sleep(_AGAIN_S)
        else:
            break
    with connection:
        yield connection
