"""Proves rewrites: a migration with them in their statements' places must come to the same schema and the same rows."""

from __future__ import annotations

import functools
import itertools
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass

import psycopg

from workers.catalog import Catalog, Kind
from workers.changes import TableRenamed
from workers.model import Statement, StatementKind, Transaction
from workers.policy import Policy
from workers.postgres.catalog import read_catalog
from workers.postgres.outcome import ServerLost
from workers.postgres.session import Session
from workers.rehearsed import RehearsedMigration
from workers.rewrites import rewritten, told_with
from workers.rewrites.batches import BATCH
from workers.rewrites.wording import name_sql, quote
from workers.rollback.comparison import compare
from workers.rollback.rows import ROWS_MAX, Fingerprint, fingerprint
from workers.rules.found import at_policy_levels, found
from workers.rules.steps import look, steps
from workers.sql.actions import TransactionControl
from workers.sql.known import Known
from workers.sql.object_actions import CreateTrigger
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.table_actions import AddColumn
from workers.sql.wording import must_run_alone
from workers.verdict import Rewrite
from workers.words import Name

_MOST = 25  # statements of a migration that are tried
_ALONE_S = 2.0  # for trying them one by one
_SMALL_BATCH = BATCH.replace("10000", "5")  # so that the few rows of a trial make several batches

Rewrites = Mapping[int, Rewrite]  # by the index of their statements


@dataclass(frozen=True, slots=True)
class End:
    """What a migration comes to."""

    schema: Catalog
    rows: Fingerprint


@dataclass(frozen=True, slots=True)
class Place:
    """A fresh clone with the rows on which the migration was tried. reader: sees what the session has committed."""

    session: Session
    reader: psycopg.Connection


Columns = frozenset[tuple[Name, str]]
Open = Callable[[], AbstractContextManager[Place]]


@dataclass(frozen=True, slots=True)
class Proof:
    """By statement: which of them were proven, and why others were not."""

    proven: frozenset[int] = frozenset()
    refuted: tuple[tuple[int, str], ...] = ()


def rewrites_in(rehearsed: RehearsedMigration, created: frozenset[Name], policy: Policy) -> Rewrites:
    """Of the statements that a rule finds something about. created: the tables that the pull request made before."""
    looks, _ = look(rehearsed, Known(new_tables=created))
    wanted = (
        (step.index, rewrite)
        for step in steps(rehearsed, looks, policy, {})
        if (rewrite := rewritten(step)) and not rewrite.missing
        if told_with(at_policy_levels(found(step), policy))
    )
    return dict(itertools.islice(wanted, _MOST))


def ends_of(rehearsed: RehearsedMigration, rows: Fingerprint) -> frozenset[Name]:
    """The tables whose rows are compared: those that held some before, under the names they have in the end."""
    seen = (change for one in rehearsed.observations if one for change in one.facts.changes)
    return frozenset(rows) | {change.new for change in seen if isinstance(change, TableRenamed)}


def prove_rewrites(rehearsed: RehearsedMigration, rewrites: Rewrites, end: End, place: Open) -> Proof:
    """All in one go, and one by one if that differs. end: what the migration itself comes to; place: opens a clone with
    the rows that it passed on. Where the server is lost over a rewrite, none is proven, and none refuted."""
    try:
        return _proof(rehearsed, rewrites, end, place) if rewrites else Proof()
    except ServerLost:
        return Proof()


def _proof(rehearsed: RehearsedMigration, rewrites: Rewrites, end: End, place: Open) -> Proof:
    tables = end.rows.keys()

    @functools.cache
    def varying() -> Columns:
        """Found by running the migration itself once more: its own values may be random, or the time."""
        again = _end(rehearsed, {}, place, tables)
        found = () if isinstance(again, str) else _differing(end.rows, again.rows)
        return frozenset((*found, *_numbered(rehearsed, rewrites)))

    def difference(tried: Rewrites) -> str | None:
        found = _end(rehearsed, tried, place, tables)
        if isinstance(found, str):
            return found
        if lines := compare(end.schema, found.schema):
            return lines[0]
        kept = frozenset(column for rewrite in tried.values() for column in rewrite.kept)
        unlike = next(_unlike(end.rows, found.rows, frozenset(), kept), None)
        return unlike and next(_unlike(end.rows, found.rows, varying(), kept), None)

    together = difference(rewrites)
    if together is None:
        return Proof(frozenset(rewrites))
    began = time.monotonic()
    reasons: dict[int, str | None] = dict.fromkeys(rewrites, together) if len(rewrites) == 1 else {}
    for index in rewrites if len(rewrites) > 1 else ():
        if time.monotonic() - began < _ALONE_S:
            reasons[index] = difference({index: rewrites[index]})
    refuted = tuple((index, why) for index, why in reasons.items() if why is not None)
    return Proof(frozenset(reasons) - {index for index, _ in refuted}, refuted)


def _numbered(rehearsed: RehearsedMigration, rewrites: Rewrites) -> Iterator[tuple[Name, str]]:
    """Which row gets which number of a new serial hangs on the order in which they are written."""
    for action in (action for index in rewrites for action in read(rehearsed.script.statements[index])):
        if isinstance(action, AddColumn) and action.column.serial:
            yield action.table, action.column.name


def _end(rehearsed: RehearsedMigration, rewrites: Rewrites, place: Open, tables: Collection[Name]) -> End | str:
    """What the migration comes to with the rewrites, or the error it meets."""
    with place() as found:
        if error := _run(found.session, rehearsed, rewrites):
            return error
        schema = read_catalog(found.reader)
        return End(schema, fingerprint(found.reader, schema, tables))


def _run(session: Session, rehearsed: RehearsedMigration, rewrites: Rewrites) -> str | None:
    """The migration as its runner would run it, but for the rewrites: before each of them the transaction is committed,
    and after it the next begins. The first error, or None."""
    statements = rehearsed.script.statements
    several = sum(statement.kind is StatementKind.SQL for statement in statements) > 1
    transaction = rehearsed.migration.transaction
    wrapped = transaction is Transaction.FILE or (transaction is Transaction.SIMPLE_QUERY and several)
    for index, statement in enumerate(statements):
        if statement.kind is StatementKind.META:
            continue
        rewrite = rewrites.get(index)
        error = _rewrite(session, rewrite, rehearsed.before) if rewrite else _statement(session, statement, wrapped)
        if error:
            return error
    return _ran(session, "commit") if session.in_block else None


def _rewrite(session: Session, rewrite: Rewrite, before: Catalog | None) -> str | None:
    open_before = session.in_block
    steps = (each.sql.replace(BATCH, _SMALL_BATCH) for each in rewrite.steps)
    texts = [text for step in steps for text in (step, *_written_meanwhile(step, before))]
    around = ["commit", *texts, "begin"] if open_before else texts
    return next((error for text in around if (error := _ran(session, text))), None)


def _written_meanwhile(step: str, before: Catalog | None) -> Iterator[str]:
    """Code goes on while the steps of a rewrite are taken: where one makes a trigger, all rows are written as they are.
    before: without the columns that the rewrite adds, so that one of those is written that were there."""
    for action in (action for statement in split(step).statements for action in read(statement)):
        if isinstance(action, CreateTrigger) and (column := _plain_column(before, action.table)):
            yield f"UPDATE {name_sql(action.table)} SET {quote(column)} = {quote(column)}"  # noqa: S608


def _plain_column(catalog: Catalog | None, table: Name) -> str | None:
    """One that can be written."""
    columns = catalog.of_kind(Kind.COLUMN) if catalog else ()
    own = (each for each in columns if each.path[:2] == (table.schema, table.name))
    return next((each.path[-1] for each in own if not (each.text("identity") or each.text("generated"))), None)


def _statement(session: Session, statement: Statement, wrapped: bool) -> str | None:
    """What cannot run in a block runs outside of it, as it did when it was tried the first time."""
    actions = read(statement)
    control = any(isinstance(action, TransactionControl) for action in actions)
    alone = must_run_alone(actions)
    if alone and session.in_block:
        session.run("commit")
    elif wrapped and not (control or alone or session.in_block):
        session.run("begin")
    error = session.run(statement.text, copy_data=statement.copy_data).error
    return f"{error.message} (in line {statement.line})" if error else None


def _ran(session: Session, sql: str) -> str | None:
    """As one message: a transaction, unless it is one statement that will not have it."""
    error = session.run(sql, simple=True).error
    return f"{error.message} (in {' '.join(sql.split())[:80]})" if error else None


def _differing(expected: Fingerprint, found: Fingerprint) -> Iterator[tuple[Name, str]]:
    """The columns that do not hold the same values, and all of a table whose rows differ only as a whole."""
    for table, content in expected.items():
        other = found.get(table)
        if other and content.of(content.columns) != other.of(content.columns):
            columns = [column for column in content.columns if content.of((column,)) != other.of((column,))]
            yield from ((table, column) for column in columns or content.columns)


def _unlike(expected: Fingerprint, found: Fingerprint, varying: Columns, kept: Columns) -> Iterator[str]:
    """varying: columns of which only what is NULL is compared; kept: columns that are not compared."""
    for table, content in expected.items():
        other = found.get(table)
        if other is None or not (content.complete and other.complete):
            yield f"table {table}: more than {ROWS_MAX} rows, which were not compared"
            continue
        columns = [column for column in content.columns if (table, column) not in kept]
        null = [(table, column) in varying for column in columns]
        wanted, there = _seen(content.of(columns), null), _seen(other.of(columns), null)
        if unlike := max((wanted - there).total(), (there - wanted).total()):
            yield f"table {table}: {unlike} of {len(content.rows)} rows are not as the statement leaves them"


def _seen(rows: Counter[tuple[int | None, ...]], null: list[bool]) -> Counter[tuple[int | bool | None, ...]]:
    seen: Counter[tuple[int | bool | None, ...]] = Counter()
    for row, count in rows.items():
        seen[tuple(value is None if only else value for value, only in zip(row, null, strict=True))] += count
    return seen
