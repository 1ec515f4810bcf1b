"""The proven rollback of one applied migration, checked against the live database and run there, step by step."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import psycopg

from workers.beforehand import NOTHING, Before
from workers.catalog import Object
from workers.environments.apply import Applied, Site, apply_migration
from workers.environments.expected import Expected, rehearsed, setting_of
from workers.environments.model import Entry
from workers.environments.obstacles import dependants, other_than_proven, reach, written_since
from workers.environments.testimony import Witness, by_path, testimonies
from workers.environments.truth import Standing, Truth, weighed, witness
from workers.errors import Refused, Unreachable
from workers.model import Migration, Transaction
from workers.rehearsed import RehearsedMigration
from workers.review import Machine
from workers.rollback.comparison import topmost
from workers.rollback.difference import changed, match
from workers.rollback.steps import bare, text_of
from workers.ways_back import Grade, Rollback, UndoStep

_LINES_MAX = 20
_NO_TIME = datetime.min.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class Undo:
    """problems: why it must not be run, whoever asks; reasons: what it does not bring back: sentences without their
    full stops. grade: LOSSY also where the live database holds what would go; then only if somebody says so."""

    expected: Expected
    sql: str
    grade: Grade
    proven: bool
    reasons: tuple[str, ...]
    problems: tuple[str, ...]
    steps: tuple[UndoStep, ...] = ()

    @property
    def whole(self) -> bool:
        """Whether all of it is one transaction: done, or nothing of it."""
        return all(step.transaction for step in self.steps) and len(self.steps) < 2

    @property
    def name(self) -> str:
        """The migration's."""
        return self.expected.setting.migration.id


def in_order_applied(applied: Sequence[Entry], order: Sequence[str]) -> tuple[str, ...]:
    """The migrations' names as they came into the environment, oldest first, each once. order: the runner's, for those
    that were stamped at one moment, or whose table keeps no times."""
    places = {name: place for place, name in enumerate(order)}
    entries = sorted(applied, key=lambda entry: (entry.started_at or _NO_TIME, places.get(entry.name, -1)))
    return tuple(dict.fromkeys(entry.name for entry in entries))


def undoable(applied: Sequence[Entry], order: Sequence[str], wanted: str | None) -> str:
    """The migration to roll back: the newest, None for whichever that is. order: all that have a file, in the runner's
    order. Raises Refused, naming what has to go first."""
    names = in_order_applied(applied, order)
    if not names:
        raise Refused("no migration is applied there")
    name = wanted or names[-1]
    if name not in names:
        raise Refused(f"`{name}` is not applied there")
    if newer := names[names.index(name) + 1 :]:
        listed = ", ".join(f"`{each}`" for each in reversed(newer))
        raise Refused(f"`{name}` is not the newest: first {listed} would have to be rolled back")
    if name not in order:
        raise Refused(f"`{name}` is applied there, but has no file here to tell what it did")
    return name


def prepare_undo(
    c: psycopg.Connection[Any],
    history: Sequence[Migration],
    migration: Migration,
    machine: Machine,
    before: Before = NOTHING,
) -> Undo:
    """Rehearses the migration on its history, as the environment has it, and looks whether the live schema is what the
    rollback was proven on. history: what was applied before it, in that order; before: what was there before all of it.
    Changes nothing. Raises CannotAnalyse, Unreachable."""
    try:
        expected, one = rehearsed(setting_of(c, history, migration, before), machine)
        live = witness(c, expected)
        touched = reach(expected)
        lost = tuple(written_since(c, touched))
    except psycopg.Error as failed:
        raise Unreachable(f"the database did not answer: {str(failed).splitlines()[0]}") from None
    rollback = one.rollback or Rollback("", Grade.IRREVERSIBLE, proven=False)
    problems = (
        *_unproven(one),
        *_not_as_applied(_weighed(expected, live)),
        *other_than_proven(touched, live),
        *dependants(touched, live),
    )
    grade = Grade.LOSSY if lost and rollback.grade is Grade.EXACT else rollback.grade
    reasons = (*(reason.removesuffix(".") for reason in rollback.reasons), *lost)
    told = tuple(dict.fromkeys(problems))
    return Undo(expected, rollback.sql, grade, rollback.proven, reasons, told, rollback.steps)


def _unproven(one: RehearsedMigration) -> Iterator[str]:
    rollback = one.rollback
    if rollback is None:
        yield "it did not come to its end when it was rehearsed, so there is no proven rollback"
    elif rollback.grade is Grade.IRREVERSIBLE:
        yield f"it cannot be undone: {' '.join(rollback.reasons).removesuffix('.')}"
    elif not rollback.proven:
        yield from (f"its rollback is not proven: {line}" for line in rollback.difference)


def _weighed(expected: Expected, live: Witness) -> Truth:
    return weighed(tuple(testimonies(expected.before, expected.after, live)))


def _not_as_applied(truth: Truth) -> tuple[str, ...]:
    """What of the migration is not there. One that changes no schema has nothing to look for."""
    return (*truth.odd, *truth.missing) if truth.done or truth.missing else ()


# ---------------------------------------------------------------- doing it


def run_undo(site: Site, undo: Undo, finish: Callable[[], None]) -> Applied:
    """The last transaction has the bookkeeping in it, and a last look before its end: where the schema is then not as
    it was before the migration, nothing of that transaction stays, and that is its error. Raises Refused for an undo
    with problems."""
    if undo.problems:
        raise Refused(f"`{undo.name}` is not rolled back: {'; '.join(undo.problems)}")

    def checked() -> None:
        truth = _weighed(undo.expected, witness(site.connection, undo.expected))
        if truth.standing is not Standing.NOT_APPLIED and (truth.done or truth.missing):
            wrong = "; ".join((*truth.odd, *truth.done))
            raise Refused(f"the rollback of `{undo.name}` did not lead back to the schema before it: {wrong}")
        finish()

    path = undo.expected.setting.migration.path
    transaction = Transaction.FILE if undo.whole else Transaction.STATEMENT
    return apply_migration(site, Migration(f"rollback of {undo.name}", path, _text(undo), transaction), checked)


def _text(undo: Undo) -> str:
    """The steps under the environment's own timeouts; an empty transaction for the bookkeeping where the last step is
    none."""
    steps = [replace(step, sql=bare(step)) for step in undo.steps]
    return text_of(steps) if undo.whole or steps[-1].transaction else text_of((*steps, UndoStep("")))


def explain(undo: Undo) -> tuple[str, ...]:
    """What goes, what comes back, what is changed back, what does not come back: sentences without full stops."""
    difference = match(undo.expected.before, undo.expected.after)
    before, after = difference.before.objects, difference.after.objects
    lines = [
        *(f"{each.label} goes" for each in _top(after[id] for id in difference.new)),
        *(f"{each.label} comes back" for each in _top(before[id] for id in difference.gone)),
    ]
    for id, now in difference.pairs.items():
        if names := changed(before[id], after[now]):
            lines.append(f"{after[now].label} is as before: {', '.join(names).replace('_', ' ')}")
        elif before[id].path[-1] != after[now].path[-1]:
            lines.append(f"{after[now].label} is called {before[id].path[-1]} again")
    more = len(lines) - _LINES_MAX
    shown = lines if more <= 0 else [*lines[:_LINES_MAX], f"and {more} more"]
    return (*(shown or ["nothing changes in the schema"]), *undo.reasons, *_elsewhere(undo.expected))


def _elsewhere(expected: Expected) -> Iterator[str]:
    if (major := expected.setting.major) != expected.server_major:
        yield f"it was proven on PostgreSQL {expected.server_major}, and the environment runs {major}"


def _top(objects: Iterator[Object]) -> list[Object]:
    return topmost(sorted(objects, key=by_path))
