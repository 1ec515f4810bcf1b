"""Where a migration stopped that is neither applied nor not: played again statement by statement, beside the live
database."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from workers.catalog import Catalog
from workers.environments.expected import Expected, Setting, both_states, ground
from workers.environments.testimony import Sign, Witness, testimonies
from workers.environments.truth import PLAIN, Standing, Truth, cannot_be_seen, is_harmless, truth_of, witness
from workers.model import Migration, Statement, StatementKind
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Role
from workers.postgres.session import Session
from workers.replay import Replayed, apply
from workers.review import Machine
from workers.rollback.write import write_rollback
from workers.sql.split import split

_DATABASE = "stops"


def find_out(c: psycopg.Connection[Any], setting: Setting, machine: Machine) -> Truth:
    """What the database says about the migration, and how far it came. Raises CannotAnalyse, Unreachable."""
    with ground(setting, machine) as base:
        wanted = both_states(setting, base)
        live = witness(c, wanted)
        truth = truth_of(wanted, live)
        if truth.standing in PLAIN or not any(testimonies(wanted.before, wanted.after, live)):
            return truth
        return _told(truth, split(setting.migration.text).statements, tuple(_stops(wanted, live, base)))


@dataclass(frozen=True, slots=True)
class _Stop:
    """done: how many statements may have been run. undo_sql: back from there."""

    done: int
    undo_sql: str


def _stops(wanted: Expected, live: Witness, base: Replayed) -> Iterator[_Stop]:
    """The places after which the migration leaves the schema as it is live: more than one where a statement does not
    change it."""
    for done, state in _states(base, wanted.setting.migration):
        if _stands_at(wanted, state, live):
            yield _Stop(done, write_rollback(wanted.before, state).sql)


def _states(base: Replayed, migration: Migration) -> Iterator[tuple[int, Catalog]]:
    """Each state that stays when nothing more is run, with the number of statements before it."""
    base.cluster.create_database(_DATABASE)
    with (
        Session(base.cluster, database=_DATABASE) as session,
        base.cluster.connect(Role.MIGRATION, _DATABASE) as reader,
    ):
        yield 0, read_catalog(reader)
        for done, statement in enumerate(split(migration.text).statements, start=1):
            if _fails(session, migration, statement, base):
                return
            if not session.in_block and not is_harmless(statement):
                yield done, read_catalog(reader)


def _fails(session: Session, migration: Migration, statement: Statement, base: Replayed) -> bool:
    if statement.kind is not StatementKind.SQL:
        return False
    if statement.copy_data is not None:
        return session.run(statement.text, copy_data=statement.copy_data).error is not None
    return apply(session, replace(migration, text=statement.text), base.prelude) is not None


def _stands_at(wanted: Expected, state: Catalog, live: Witness) -> bool:
    so_far = {each.sign for each in testimonies(wanted.before, state, live)}
    to_come = {each.sign for each in testimonies(state, wanted.after, live)}
    return so_far <= {Sign.AFTER, Sign.HALF} and to_come <= {Sign.BEFORE}


def _told(truth: Truth, statements: Sequence[Statement], stops: tuple[_Stop, ...]) -> Truth:
    """A migration in the midst of a statement stands behind it, with something that is not in force."""
    if not stops:
        return truth
    telling = [place for place, one in enumerate(statements, start=1) if not is_harmless(one)]
    first, *others = (stop.done for stop in stops)
    unseen = tuple(cannot_be_seen(statements[done - 1]) for done in others)
    ends = {0: Standing.NOT_APPLIED, telling[-1]: Standing.APPLIED}
    if truth.standing is Standing.UNCLEAR and not unseen and first in ends:
        return replace(truth, standing=ends[first], odd=())
    open_end = unseen and not ends.keys().isdisjoint((first, *others))
    return replace(
        truth,
        standing=Standing.UNCLEAR if open_end else Standing.PARTLY,
        odd=unseen,
        next_line=0 if unseen else next((statements[place - 1].line for place in telling if place > first), 0),
        undo_sql=stops[0].undo_sql,
    )
