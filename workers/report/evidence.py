"""A migration's statements, each with what it did in a few words."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import replace

from workers.changes import TableCreated
from workers.facts import Build, Facts, Lock, Write
from workers.model import Level
from workers.rehearsed import Estimate
from workers.report.foretold import tells_nothing, the_same, unused
from workers.report.words import count, duration, roughly, size, tick
from workers.verdict import JudgedStatement
from workers.words import LockMode, Name

_ROWS = 12  # a migration with more statements than this lists only those that are not safe
_MUCH_WAL_BYTES = 100 << 20


def shown(statements: Sequence[JudgedStatement]) -> tuple[tuple[JudgedStatement, ...], int]:
    """The statements worth a row, and how many safe ones are left out because the list would hide the others."""
    if len(statements) <= _ROWS:
        return tuple(statements), 0
    rows = tuple(judged for judged in statements if judged.level is not Level.SAFE or judged.findings)
    return rows, len(statements) - len(rows)


def evidence(judged: JudgedStatement) -> tuple[str, ...]:
    """What the statement does to relations, the worst first; an error before everything else, as then nothing but the
    prediction is left. Work on tables that the pull request itself makes is left out, as nobody uses them yet. Of a
    statement with findings that ran, also what its text alone told."""
    facts, seen = judged.facts, judged.observation
    work = (
        *_locks([lock for lock in facts.locks if lock.relation not in facts.new_tables]),
        *((_estimate(judged.estimate, facts),) if judged.estimate else ()),
        *_work(facts),
    )
    rest = (
        *(_write(write) for write in facts.writes),
        *(f"empties {tick(table)}" for table in facts.truncated),
        *(f"creates {tick(change.table)}" for change in facts.changes if isinstance(change, TableCreated)),
    )
    if seen and seen.error:
        told = dict.fromkeys((*work, *rest))
        return f"fails: {seen.error.sqlstate} {seen.error.message}", *((_predicted(told),) if told else ())
    return tuple(dict.fromkeys((*work, *(_foretold(judged) if seen and judged.findings else ()), *rest)))


def _foretold(judged: JudgedStatement) -> Iterator[str]:
    """What the text alone told of the work; nothing where there was none."""
    predicted, new = judged.predicted, unused(judged)
    if tells_nothing(judged):
        return
    if the_same(judged):
        yield _predicted(("the same",))
    else:
        locks = [replace(lock, held_ms=None) for lock in predicted.locks if lock.relation not in new]
        yield _predicted((*_locks(locks), *_work(replace(predicted, new_tables=new))) or ("nothing",))


def _predicted(what: Iterable[str]) -> str:
    return f"predicted: {', '.join(what)}"


def _work(facts: Facts) -> Iterator[str]:
    yield from (f"rewrites {tick(table)}" for table in facts.rewrites if table not in facts.new_tables)
    yield from (_build(build, build.table in facts.new_tables) for build in facts.builds)
    yield from (f"scans {tick(scan.table)}" for scan in facts.scans if scan.table not in facts.new_tables)


def _locks(locks: Sequence[Lock]) -> Iterator[str]:
    """The strongest, and of how many relations there are others."""
    if locks:
        strongest = max(locks, key=lambda lock: lock.mode)
        others = len({lock.relation for lock in locks} - {strongest.relation})
        also = f" and {count(others, 'other relation')}" if others else ""
        time = f", {duration(strongest.held_ms)}" if strongest.held_ms is not None else ""
        yield f"{strongest.mode.sql} on {tick(strongest.relation)}{also}{time}"


def _build(build: Build, new: bool) -> str:
    return f"{'rebuilds' if build.rebuilt else 'builds'} {tick(build.index)}{' on a new table' if new else ''}"


def _write(write: Write) -> str:
    done = [(write.inserted, "inserts"), (write.updated, "updates"), (write.deleted, "deletes")]
    parts = [f"{verb} {count(rows, 'row')}" for rows, verb in done if rows]
    return f"{' and '.join(parts) or 'writes rows'} in {tick(write.table)}"


def _estimate(found: Estimate, facts: Facts) -> str:
    """Never a promise: the band, and what it comes from."""
    largest = max(rows for rows, _ in found.measured)
    wal = f", {size(found.wal_bytes)} of WAL" if found.wal_bytes >= _MUCH_WAL_BYTES else ""
    band = f"about {roughly(found.low_ms)} to {roughly(found.high_ms)}{wal}"
    where = f"from {count(largest, 'row')} on this machine; {_meanwhile(found.table, facts)}"
    return f"estimate for {count(found.rows, 'row')} of {tick(found.table)}: {band} ({where})"


def _meanwhile(table: Name, facts: Facts) -> str:
    """What the others can do."""
    mode = max((lock.mode for lock in facts.locks if lock.relation == table), default=LockMode.ACCESS_SHARE)
    if mode.blocks_writes:
        return f"{mode.sql} meanwhile: {'reads and writes wait' if mode.blocks_reads else 'writes wait'}"
    if any(write.table == table and (write.updated or write.deleted) for write in facts.writes):
        return "writes to the same rows wait meanwhile"
    return "reads and writes go on meanwhile"


def lasted(judged: JudgedStatement) -> str:
    """How long the statement ran."""
    return duration(judged.observation.duration_ms) if judged.observation else "not run"
