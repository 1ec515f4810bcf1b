"""What a live database says about one migration, when nobody knows whether it was applied."""

from __future__ import annotations

import contextlib
import enum
import itertools
from collections.abc import Iterator, Sequence, Set
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg.pq import TransactionStatus

from workers.environments.expected import Expected
from workers.environments.testimony import Sign, Testimony, Witness, by_path, testimonies
from workers.environments.units import Form, plan_of
from workers.errors import Unreachable
from workers.model import Migration, Statement, StatementKind
from workers.postgres.catalog import read_catalog
from workers.sql.actions import (
    Analyze,
    Cluster,
    Copy,
    Delete,
    Do,
    Insert,
    LockTable,
    Merge,
    Reindex,
    Select,
    SetParameter,
    TransactionControl,
    Truncate,
    Update,
    Vacuum,
)
from workers.sql.object_actions import Refresh
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import action_name


class Standing(enum.StrEnum):
    APPLIED = "applied"
    NOT_APPLIED = "not applied"
    PARTLY = "partly applied"
    UNCLEAR = "unclear"


@dataclass(frozen=True, slots=True)
class Truth:
    """done, missing: what of the migration the database has, and what not; odd: what is neither as before the migration
    nor as after it, or cannot be seen. Sentences without their full stops. next_line: of the first statement that was
    not run, 0 where it is not known; undo_sql: what undoes the part that is there, empty where it is not known."""

    standing: Standing
    done: tuple[str, ...] = ()
    missing: tuple[str, ...] = ()
    odd: tuple[str, ...] = ()
    next_line: int = 0
    undo_sql: str = ""

    @property
    def sentences(self) -> tuple[str, ...]:
        """What makes it what it is; nothing where it is plainly applied or not."""
        return () if self.standing in PLAIN else (*self.odd, *self.done, *self.missing)


PLAIN = (Standing.APPLIED, Standing.NOT_APPLIED)


def live_state(c: psycopg.Connection[Any], expected: Expected) -> Truth:
    """Looks only at what the migration changes; the rest of the database may be as it likes. Raises Unreachable."""
    return truth_of(expected, witness(c, expected))


def witness(c: psycopg.Connection[Any], expected: Expected) -> Witness:
    """The live catalog, all of one moment. Inside an open transaction: with what that has done so far. Raises
    Unreachable."""
    major = c.info.server_version // 10_000
    try:
        with _one_moment(c):
            return Witness(read_catalog(c), major, exact=major == expected.server_major)
    except psycopg.Error as failed:
        raise Unreachable(f"the database's catalog could not be read: {str(failed).splitlines()[0]}") from None


@contextlib.contextmanager
def _one_moment(c: psycopg.Connection[Any]) -> Iterator[None]:
    outermost = c.info.transaction_status is TransactionStatus.IDLE
    with c.transaction(force_rollback=outermost):
        if outermost:
            c.execute("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        yield


# ---------------------------------------------------------------- the decision


def truth_of(expected: Expected, live: Witness) -> Truth:
    """Pure. A migration that is not one transaction may have stopped where the schema does not show it: then it is not
    said to be applied, or not to be."""
    said = tuple(testimonies(expected.before, expected.after, live))
    truth = weighed(said)
    unseen = unseen_statements(expected.setting.migration, last=truth.standing is Standing.APPLIED)
    if truth.standing not in PLAIN or not unseen:
        return truth
    return replace(truth, standing=Standing.UNCLEAR, odd=tuple(map(cannot_be_seen, unseen)))


def weighed(said: Sequence[Testimony]) -> Truth:
    """What the testimonies together say."""
    if not said:
        return Truth(Standing.UNCLEAR, odd=("it changes rows only, if anything; the schema cannot tell",))
    done, missing, odd = (_lines(said, signs) for signs in ((Sign.AFTER, Sign.HALF), (Sign.BEFORE,), (Sign.NEITHER,)))
    signs = {each.sign for each in said}
    mixed = Standing.UNCLEAR if Sign.NEITHER in signs else Standing.PARTLY
    return Truth(_PURE.get(frozenset(signs), mixed), done, missing, odd)


_PURE = {frozenset({Sign.AFTER}): Standing.APPLIED, frozenset({Sign.BEFORE}): Standing.NOT_APPLIED}


def _lines(said: Sequence[Testimony], signs: tuple[Sign, ...]) -> tuple[str, ...]:
    """About what hangs on an object that is named itself nothing is said."""
    found = sorted((each for each in said if each.sign in signs), key=lambda each: by_path(each.about))
    named = {each.about.id for each in found if each.whole}
    return tuple(
        each.said for each in found if each.about.parent not in named and (each.whole or each.about.id not in named)
    )


# ---------------------------------------------------------------- what a schema does not show

_HARMLESS = (SetParameter, TransactionControl, LockTable, Analyze, Vacuum, Cluster, Reindex, Refresh, Select)
_ROWS = (Insert, Update, Delete, Merge, Copy, Truncate, Do)


def is_harmless(statement: Statement) -> bool:
    """Whether it is all the same if the statement was run."""
    return statement.kind is not StatementKind.SQL or all(isinstance(one, _HARMLESS) for one in read(statement))


def unseen_statements(migration: Migration, *, last: bool) -> tuple[Statement, ...]:
    """The last or the first statements of the migration, where those are for rows and may have been run without the
    others: none where it is one transaction."""
    telling = [one for one in split(migration.text).statements if not is_harmless(one)]
    if _in_one_transaction(migration, {one.line for one in telling}):
        return ()
    order = reversed(telling) if last else telling
    found = itertools.takewhile(lambda one: all(isinstance(each, _ROWS) for each in read(one)), order)
    return tuple(sorted(found, key=lambda one: one.line))


def _in_one_transaction(migration: Migration, lines: Set[int]) -> bool:
    """Whether all that stands on the lines stays or nothing, as its runner runs it."""
    telling = [unit for unit in plan_of(migration).units if any(not lines.isdisjoint(p.lines) for p in unit.pieces)]
    return not telling or (len(telling) == 1 and telling[0].form is Form.BLOCK)


def cannot_be_seen(statement: Statement) -> str:
    """A sentence without its full stop."""
    return f"whether line {statement.line} ({action_name(read(statement))}) was run cannot be seen in the schema"
