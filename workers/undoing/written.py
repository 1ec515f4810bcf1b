"""The way back that a migration's authors wrote, tried on a fresh copy of the rows."""

from __future__ import annotations

import functools
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from workers.catalog import Catalog, Kind
from workers.model import Down, Migration, SqlError, StatementKind, Transaction
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Role
from workers.postgres.outcome import ServerLost
from workers.postgres.prelude import Prelude
from workers.postgres.session import Session
from workers.preflight.rejections import Ask
from workers.remedies import Open, Place
from workers.replay import one_by_one
from workers.rollback.comparison import compare
from workers.rollback.rows import Fingerprint, fingerprint
from workers.sql.split import split
from workers.undoing.played import Retrial, place, play_again
from workers.ways_back import Written
from workers.words import Name

_ONLY_WITH_ROWS = "without made-up rows it restores the schema"


def try_written(retrial: Retrial) -> Written | None:
    """None where they wrote none, and where the migration does not pass a second time, as the proof of our own way back
    tells."""
    down = retrial.played.migration.down
    if down is None:
        return None
    try:
        found = _tried(retrial, down, retrial.place)
        if isinstance(found, SqlError):
            empty = _tried(retrial, down, functools.partial(place, retrial.stand, retrial.played, Ask()))
            only_with_rows = isinstance(empty, Written) and empty.restores
            return Written(down.path, False, (_said(found), *((_ONLY_WITH_ROWS,) if only_with_rows else ())))
    except ServerLost as lost:
        return Written(down.path, False, (f"the server was lost over it: {lost}",))
    return found


def _tried(retrial: Retrial, down: Down, fresh: Open) -> Written | SqlError | None:
    """What became of a fresh place; the error that ended the way back."""
    with fresh() as at:
        if play_again(retrial.stand, retrial.played, at.session):
            return None
        between = _between(retrial.states.before, at, retrial.states.rows)
        with _session(retrial, at) as session:
            if error := run_down(session, down, Prelude(retrial.stand.cluster)):
                return error
        back = read_catalog(at.reader)
        difference = compare(retrial.states.before, back, blanks=False)
        rows = fingerprint(at.reader, back, between)
        loses = tuple(_lost(retrial.states.rows, between, rows))
        return Written(down.path, not difference, difference or tuple(_again(retrial, at)), loses)


def _again(retrial: Retrial, at: Place) -> Iterator[str]:
    """What is in the way of applying the migration once more."""
    with _session(retrial, at) as session:
        if error := play_again(retrial.stand, retrial.played, session):
            yield f"the migration cannot be applied again: {_said(error)}"
            return
    yield from (f"applied again: {line}" for line in compare(retrial.states.after, read_catalog(at.reader)))


def _session(retrial: Retrial, at: Place) -> Session:
    """A runner comes back with a connection of its own: no temporary tables, no settings of the time before."""
    return Session(retrial.stand.cluster, Role.MIGRATION, at.session.database)


def run_down(session: Session, down: Down, prelude: Prelude) -> SqlError | None:
    """As its runner would, each statement by itself, so that an error has its line: what is refused inside a
    transaction is refused here. A message of several statements is a transaction, too."""
    wrapped = down.transaction is Transaction.FILE
    if down.transaction is Transaction.SIMPLE_QUERY:
        wrapped = sum(statement.kind is StatementKind.SQL for statement in split(down.text).statements) > 1
    migration = Migration(down.path, down.path, down.text, down.transaction)
    return one_by_one(session, migration, prelude, wrapped=wrapped)


def _said(error: SqlError) -> str:
    return f"line {error.line}: {error.message}" if error.line else error.message


# ---------------------------------------------------------------- rows


@dataclass(frozen=True, slots=True)
class _Kept:
    """All rows of a table that the migration leaves alone, through the columns that it does not drop, which have their
    former names here."""

    columns: tuple[str, ...]
    rows: Counter[tuple[int | None, ...]]


def _between(before: Catalog, at: Place, rows: Fingerprint) -> Mapping[Name, _Kept]:
    """By table, under its former name. A renamed table or column keeps its OID or number, and a clone has those of its
    original."""
    after = read_catalog(at.reader)
    tables = {Name(*each.path): each for each in before.of_kind(Kind.TABLE)}
    now = {
        name: Name(*found.path)
        for name in rows
        if name in tables and (found := after.objects.get(tables[name].id)) and found.kind is Kind.TABLE
    }
    names = {
        (Name(*each.path[:2]), each.path[2]): found.path[2]
        for each in before.of_kind(Kind.COLUMN)
        if (found := after.objects.get(each.id))
    }
    contents = fingerprint(at.reader, after, frozenset(now.values()))
    kept = {}
    for name, other in now.items():
        was, content = rows[name], contents[other]
        if was.complete and content.complete:
            columns = tuple(column for column in was.columns if (name, column) in names)
            former, left = was.of(columns), content.of(names[name, column] for column in columns)
            if former <= left:
                kept[name] = _Kept(columns, former)
    return kept


def _lost(before: Fingerprint, between: Mapping[Name, _Kept], now: Fingerprint) -> Iterator[str]:
    """Where tables or columns are missing, the schemas differ, which says more."""
    for table, kept in between.items():
        content = now.get(table)
        if not (content and content.complete and set(kept.columns) <= set(content.columns)):
            continue
        if lost := (kept.rows - content.of(kept.columns)).total():
            told = f"{lost} of {len(before[table].rows)} rows"
            yield f"table {table}: {told} are not as they were, which the migration had left alone"
