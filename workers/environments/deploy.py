"""Applies what is pending: look, ask the pre-flight queries, back up, apply one by one, each written down at once."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import psycopg

from workers.environments.apply import Applied, Fate
from workers.environments.backups.backup import Backup
from workers.environments.keeping import back_up
from workers.environments.migrate import Limited, migrate
from workers.environments.model import Progress, Watch
from workers.environments.order import Desk, Order, forecast, working
from workers.environments.questions import Answer, asked
from workers.environments.recover import Recovered, recover
from workers.errors import Cancelled, Refused, Unreachable
from workers.review import Machine
from workers.verdict import Report

# insufficient_privilege, feature_not_supported, undefined_file; admin_shutdown, for a server that ran out of something
# (https://www.postgresql.org/docs/current/errcodes-appendix.html).
_LACKING = frozenset({"42501", "0A000", "58P01", "57P01"})


@dataclass(frozen=True, slots=True)
class Step:
    """A migration, and what came of it."""

    migration: str
    applied: Applied


@dataclass(frozen=True, slots=True)
class Deployed:
    """pending: what there was to do, in order; steps: what was done, of which only the last can be other than applied.
    stopped: why no more was done, plain text; "" when all was. has_own: whether the environment now has all that the
    pull request brings. unknown: whether it could not be found out how the last one ended."""

    pending: tuple[str, ...]
    steps: tuple[Step, ...] = ()
    answers: tuple[Answer, ...] = ()
    backup: Backup | None = None
    notes: tuple[str, ...] = ()
    stopped: str = ""
    has_own: bool = False
    unknown: bool = False


@dataclass(frozen=True, slots=True)
class Work:
    """machine: for the rehearsal and the backup's proof. begin: called with the pending ids before the first change, so
    that who comes after a crash knows what to look for. backed_up: told the desk's state and how to take a backup; may
    give back one that was taken in this state before."""

    machine: Machine
    watch: Watch
    begin: Callable[[tuple[str, ...]], None]
    backed_up: Callable[[str, Callable[[], Backup | None]], Backup | None] = lambda _state, take: take()


def deploy(order: Order, work: Work) -> Deployed:
    """Raises Refused, Unreachable and Cancelled as long as nothing was changed; afterwards all is told in what it
    returns."""
    done = _deployed(order, work, Limited(work.watch, order.environment.timeouts.total_ms))
    return _found_out(order, done, work.machine) if done.unknown else done


def _deployed(order: Order, work: Work, watch: Limited) -> Deployed:
    with working(order, "deploy") as desk:
        _refuse(desk)
        pending = desk.diagnosis.pending
        found = Deployed(tuple(one.id for one in pending), notes=tuple(_edited(desk)), has_own=desk.has_own)
        if not pending:
            return found
        found = _asked(desk, found, work.machine, watch)
        if found.stopped:
            return found
        found = replace(found, backup=take_first(desk, work, watch))
        if watch.cancelled():
            raise _called_off(watch)
        work.begin(found.pending)
        desk.book.prepare(desk.connection)
        return _applied(desk, found, watch)


def take_first(desk: Desk, work: Work, watch: Watch) -> Backup | None:
    """The backup before a change; None where none is configured. Raises Refused, Unreachable, Cancelled."""
    order = desk.order
    return work.backed_up(desk.state, lambda: back_up(order.environment, order.label, work.machine, watch))


def _found_out(order: Order, done: Deployed, machine: Machine) -> Deployed:
    """What the database says of the migration whose end was not seen; as it was, where it cannot be asked."""
    try:
        seen = recover(order, done.pending, machine)
    except (Refused, Unreachable) as error:
        return replace(done, notes=(*done.notes, f"the next command finds out how it ended there: now, {error}"))
    return replace(
        done,
        steps=tuple(replace(step, applied=replace(step.applied, fate=_fate(step, seen))) for step in done.steps),
        notes=(*done.notes, *seen.notes),
        stopped="" if seen.applied == done.pending else done.stopped,
        has_own=seen.has_own,
        unknown=False,
    )


def _fate(step: Step, seen: Recovered) -> Fate:
    if step.applied.fate is not Fate.UNKNOWN:
        return step.applied.fate
    if step.migration in seen.applied:
        return Fate.APPLIED
    return Fate.PARTLY if step.migration in seen.failed else Fate.ROLLED_BACK


def _refuse(desk: Desk) -> None:
    """As every runner does: what came after a failed migration may stand on it, and what made the tables of a database
    without a history table nobody knows. Raises Refused."""
    if failed := desk.diagnosis.failed:
        names, where = ", ".join(f"`{entry.name}`" for entry in failed), desk.order.environment.name
        raise Refused(
            f"{names} failed there before and is to be resolved first: `/migrate status {where}` tells the two ways out"
        )
    for migration in desk.diagnosis.pending:
        if why := desk.book.refuses(migration):
            raise Refused(why)
    if desk.diagnosis.out_of_order and desk.book.late:
        raise Refused(f"`{desk.diagnosis.out_of_order[0]}` sorts before one that is applied there: {desk.book.late}")
    if desk.entries is None:
        with desk.connection.transaction(force_rollback=True):
            desk.book.prepare(desk.connection)


# ---------------------------------------------------------------- before


def _asked(desk: Desk, found: Deployed, machine: Machine, watch: Limited) -> Deployed:
    """With what the pre-flight queries say. Where nothing is applied, there are no rows yet."""
    if not desk.applied:
        return found
    watch.tell(Progress("rehearsal", "what this environment lacks, on what it has"))
    report = forecast(desk, machine)
    if not isinstance(report, Report):
        return replace(found, notes=(*found.notes, f"not rehearsed, so no pre-flight query was asked: {report}"))
    if error := _failing(report):
        return replace(found, stopped=error)
    try:
        answers = asked(desk.connection, report.preflight, watch)
    except Cancelled:
        raise _called_off(watch) from None
    return replace(found, answers=answers, stopped=_broken(answers))


def _broken(answers: Sequence[Answer]) -> str:
    """What the rows there would break, "" for nothing."""
    wrong = [answer for answer in answers if answer.passed is False]
    if not wrong:
        return ""
    first = wrong[0].query
    more = f" (and {len(wrong) - 1} more)" if len(wrong) > 1 else ""
    return f"{first.path} line {first.line} would fail on the rows there{more}: {wrong[0].said}"


def _called_off(watch: Limited) -> Cancelled:
    return Cancelled(f"{watch.why} before anything was applied")


def _edited(desk: Desk) -> Iterator[str]:
    for name in desk.diagnosis.edited:
        if name in desk.order.own:
            yield f"{name} was edited since it was applied there; it is not run again"


def _failing(report: Report) -> str:
    """What failed in the rehearsal, "" for nothing: there is no need to try that on real data. What a rehearsal's
    server may lack, the real one may have."""
    for migration in report.migrations:
        for judged in migration.statements:
            error = judged.observation.error if judged.observation else None
            if error and error.sqlstate not in _LACKING:
                by_hand = f"where it would not there, apply it by hand and resolve {migration.id} as applied"
                place = f"{migration.path} line {error.line or judged.statement.line}"
                return f"{place} fails in the rehearsal: {error.message} ({error.sqlstate}); {by_hand}"
    return ""


# ---------------------------------------------------------------- apply, one by one


def _untold(desk: Desk, name: str) -> Iterator[str]:
    """How to go on from a migration of which a part stays, where the history table has no place for that."""
    failed = desk.diagnosis.failed
    with contextlib.suppress(Refused, psycopg.Error):
        failed = desk.again().diagnosis.failed
    if not any(entry.name == name for entry in failed):
        where, resolve = desk.order.environment.name, f"/migrate resolve {desk.order.environment.name} {name} --applied"
        yield f"{desk.book.name} cannot say that {name} failed: to its runner, and to `/migrate {where}`, it is pending"
        yield f"either run the rest by hand, then `{resolve}`; or undo what is there by hand"


def _applied(desk: Desk, found: Deployed, watch: Limited) -> Deployed:
    steps: list[Step] = []
    for number, migration in enumerate(desk.diagnosis.pending):
        watch.tell(Progress(migration.id, "", number, len(desk.diagnosis.pending)))
        outcome = migrate(desk, migration, watch)
        if outcome.applied:
            steps.append(Step(migration.id, outcome.applied))
        if outcome.stopped:
            break
    if steps and steps[-1].applied.fate is Fate.PARTLY:
        found = replace(found, notes=(*found.notes, *_untold(desk, steps[-1].migration)))
    done = {step.migration for step in steps if step.applied.fate is Fate.APPLIED}
    there = done | desk.there
    return replace(
        found,
        steps=tuple(steps),
        stopped=outcome.stopped,
        has_own=desk.order.own <= there,
        unknown=not outcome.known,
    )
