"""Takes back one migration of an environment: the newest, by SQL that was proven, on the schema it was proven on."""

from __future__ import annotations

from dataclasses import dataclass, replace

from workers.environments.apply import Applied, Fate, Site
from workers.environments.backups.backup import Backup
from workers.environments.connection import connect
from workers.environments.deploy import Work, take_first
from workers.environments.migrate import Limited
from workers.environments.order import Desk, Order, soon, working
from workers.environments.recover import recover
from workers.environments.undo import Undo, prepare_undo, run_undo, undoable
from workers.errors import CannotAnalyse, Refused, Unreachable
from workers.model import Migration
from workers.review import Machine
from workers.ways_back import Grade


@dataclass(frozen=True, slots=True)
class Undone:
    """backup: None where nothing could be lost, or none is configured."""

    migration: str
    undo: Undo
    applied: Applied
    backup: Backup | None

    @property
    def done(self) -> bool:
        return self.applied.fate is Fate.APPLIED

    @property
    def unknown(self) -> bool:
        """Whether it could not be found out how it ended."""
        return self.applied.fate is Fate.UNKNOWN


def roll_back(order: Order, wanted: str | None, lossy: bool, work: Work) -> Undone:
    """wanted: the migration's id, None for the newest. lossy: whether data may be lost. Raises Refused, Unreachable and
    Cancelled as long as nothing was changed."""
    done = _rolled_back(order, wanted, lossy, work)
    return _found_out(order, done, work) if done.unknown else done


def _rolled_back(order: Order, wanted: str | None, lossy: bool, work: Work) -> Undone:
    environment = order.environment
    watch = Limited(work.watch, environment.timeouts.total_ms)
    with working(order, "rollback") as desk:
        migration = _wanted(desk, wanted)
        undo = _prepared(desk, migration, work.machine)
        _refuse(undo, lossy, migration.id)
        backup = None if undo.grade is Grade.EXACT else take_first(desk, work, watch)
        work.begin((migration.id,))
        site = Site(desk.connection, lambda purpose: connect(environment, purpose), environment.timeouts, watch)
        applied = run_undo(site, undo, lambda: desk.book.undo(desk.connection, migration, order.migrations))
        return Undone(migration.id, undo, applied, backup)


def _found_out(order: Order, done: Undone, work: Work) -> Undone:
    """Its row goes with it, in its last transaction: the history table tells. As it was, where that cannot be read."""
    try:
        seen = recover(order, (done.migration,), work.machine, back=True)
    except (Refused, Unreachable):
        return done
    undone = Fate.ROLLED_BACK if done.undo.whole else Fate.PARTLY  # indexes that went first, or a first transaction
    fate = undone if seen.applied else Fate.APPLIED
    return replace(done, applied=replace(done.applied, fate=fate))


def _wanted(desk: Desk, wanted: str | None) -> Migration:
    order = tuple(one.id for one in desk.order.migrations)
    name = undoable(desk.diagnosis.applied, order, wanted)
    return next(one for one in desk.order.migrations if one.id == name)


def _prepared(desk: Desk, migration: Migration, machine: Machine) -> Undo:
    """Raises Refused, also where it cannot be proven: what was applied there by hand may need rights that the ephemeral
    server's role has not."""
    history = tuple(one for one in desk.applied if one.id != migration.id)
    try:
        with soon(desk.connection):
            return prepare_undo(desk.connection, history, migration, machine, desk.order.before)
    except CannotAnalyse as error:
        raise Refused(f"`{migration.id}` is not rolled back: its rollback cannot be proven: {error}") from error


def _refuse(undo: Undo, lossy: bool, name: str) -> None:
    if undo.problems:
        raise Refused(f"`{name}` is not rolled back: {'; '.join(undo.problems)}")
    if undo.grade is not Grade.EXACT and not lossy:
        reasons = "; ".join(undo.reasons)
        raise Refused(f"rolling back `{name}` loses data: {reasons}. `--lossy because …` says that this is meant")
