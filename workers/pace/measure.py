"""Measures the slow statements of a pull request on growing copies of their tables, within a budget of time."""

from __future__ import annotations

import contextlib
import time
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

import psycopg

from workers.errors import CannotAnalyse
from workers.facts import Facts
from workers.failing import failure
from workers.pace.fit import Run, extrapolated
from workers.pace.growing import Growing
from workers.play import play
from workers.policy import Policy
from workers.postgres.limits import Limits
from workers.rehearsed import Estimate, Observation, RehearsedMigration
from workers.rules.partitions import partitions_of
from workers.sql.read import read
from workers.sql.wording import must_run_alone
from workers.stand import Stand
from workers.undoing.played import Played
from workers.words import Name

BUDGET_MS = 2_000  # for all statements of a review; most have none to measure
_LEAST_MS = 100  # a clone with rows in it takes as long
_MOST_STATEMENTS = BUDGET_MS // _LEAST_MS
_FIRST_ROWS, _MOST_ROWS = 2_000, 512_000
_STEPS = (4, 2)  # the next size is as many times the last: the first of them that there is time for
_RUNS = 2  # at each size


@dataclass(frozen=True, slots=True)
class _Work:
    """A statement that goes through all rows of a table. database: as the migration finds it; rows: in production,
    of row_bytes each, 0 when not told. behind_ms: how long the statements took that it stands behind."""

    played: Played
    database: str
    statement: int
    seen: Observation
    behind_ms: float
    table: Name
    rows: int
    row_bytes: float


@dataclass(slots=True)
class Pace:
    """Takes note of slow statements while migrations are rehearsed, and measures them when that is over: a server that
    is lost over a measurement is missed by nobody then."""

    policy: Policy
    budget_ms: float = BUDGET_MS
    _works: list[_Work] = field(default_factory=list)

    def note(self, stand: Stand, played: Played, rehearsed: RehearsedMigration) -> None:
        """To be told while the stand is where the migration begins."""
        database, parents = f"pace_{len(self._works)}", partitions_of(rehearsed.before)
        slow = [
            _Work(played, database, index, seen, _took_ms(rehearsed.observations[:index]), *worked_on)
            for index, seen in enumerate(rehearsed.observations)
            if seen and not seen.error
            for worked_on in _worked_on(seen.facts, self.policy, parents)
        ][: _MOST_STATEMENTS - len(self._works)]
        with contextlib.suppress(CannotAnalyse):  # no room for another database
            if slow:
                stand.cluster.create_database(database, stand.line)
                self._works += slow

    def estimates(self, stand: Stand) -> Mapping[str, tuple[Estimate, ...]]:
        """By migration; none of a statement that cannot be measured, or not in time. Ends the use of the stand."""
        until_s = time.monotonic() + self.budget_ms / 1000
        found: dict[str, tuple[Estimate, ...]] = defaultdict(tuple)
        for done, work in enumerate(self._works):
            now_s = time.monotonic()
            share_s = (until_s - now_s) / (len(self._works) - done)
            if share_s * 1000 < _LEAST_MS + work.behind_ms:
                continue
            stand.line, stand.known = work.database, None
            runs = _runs(stand, work, now_s + share_s)
            if band := extrapolated(runs, work.rows):
                measured = tuple((run.rows, run.ms) for run in runs)
                estimate = Estimate(
                    work.statement, work.table, work.rows, band.low_ms, band.high_ms, band.wal_bytes, measured
                )
                found[work.played.migration.id] += (estimate,)
        return found


def _took_ms(observations: Iterable[Observation | None]) -> float:
    return sum(seen.duration_ms for seen in observations if seen)


def _worked_on(facts: Facts, policy: Policy, parents: Mapping[Name, Name]) -> Iterator[tuple[Name, int, float]]:
    """The table that was there before, is known to be large and has the hardest work, with its rows and the bytes of
    one (0 when not told); at most one."""
    worked_on = (
        *facts.rewrites,
        *(build.table for build in facts.builds),
        *(write.table for write in facts.writes if write.updated or write.deleted),
        *(scan.table for scan in facts.scans),
    )
    for table in (above for each in worked_on for above in _upwards(each, facts, parents)):
        told = policy.table(table)
        if (rows := told.rows) and rows > policy.small_rows and table not in (*facts.new_tables, *facts.truncated):
            yield table, rows, (told.size_bytes or 0) / rows
            return


def _upwards(table: Name, facts: Facts, parents: Mapping[Name, Name]) -> Iterator[Name]:
    """The table, and those it is a partition of as far as the statement is about the whole of them: it then locks both
    alike."""
    yield table
    modes = {lock.relation: lock.mode for lock in facts.locks}
    while (parent := parents.get(table)) and modes.get(parent) == modes.get(table):
        yield parent
        table = parent


def _runs(stand: Stand, work: _Work, until_s: float) -> Sequence[Run]:
    """On a clone of its own, behind the statements before it. What goes wrong here tells nothing about the migration:
    that has been rehearsed."""
    script, runs = work.played.script, list[Run]()
    statement = script.statements[work.statement]
    before = replace(script, statements=script.statements[: work.statement])
    with contextlib.suppress(psycopg.Error, CannotAnalyse):
        work.played.roles.put_aside()
        with stand.stage() as stage:
            stand.drop(stage.database)  # when the next begins
            if failure(play(stage, before, work.played.migration.transaction)) is None:
                alone = must_run_alone(read(statement))
                told = (stage.session, statement, work.seen, work.table)
                growing = Growing(*told, until_s, alone, row_bytes=work.row_bytes)
                runs.extend(_growing(growing, work.rows))
    return runs


def _growing(growing: Growing, most: int) -> Iterator[Run]:
    """Each size takes as many times as long as the last one as it has rows: the next is begun if there is time."""
    if not growing.plant():
        return
    rows = min(_FIRST_ROWS, most)
    while True:
        left_ms = growing.left_ms
        if not growing.grow(rows):
            return
        for _ in range(_RUNS):
            run = growing.run()
            if run is None:
                return
            yield run
        spent_ms = left_ms - growing.left_ms
        room_bytes = _room_bytes(growing.session.cluster.limits)
        room = min(growing.left_ms / spent_ms, room_bytes / growing.size_bytes())
        times = next((times for times in _STEPS if times < room), None)
        if times is None or rows * times > min(_MOST_ROWS, most):
            return
        rows *= times


def _room_bytes(limits: Limits) -> float:
    """For a table with its indexes, beside which a rewrite puts another of the same size, and the log of both."""
    return min(limits.file_bytes, limits.disk_bytes / 4) / 2
