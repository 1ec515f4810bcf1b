"""Proof of a rollback: run it, compare catalogs, dumps and rows, apply the migration again, compare once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import psycopg

from workers.catalog import Catalog, Kind, ObjectId
from workers.errors import CannotAnalyse
from workers.postgres.catalog import read_catalog
from workers.rollback.comparison import compare
from workers.rollback.difference import match
from workers.rollback.dumps import dumps_differ
from workers.rollback.held import held_values
from workers.rollback.names import ident
from workers.rollback.rows import ROWS_MAX, Content, Fingerprint, fingerprint, lost_rows
from workers.rollback.steps import steps_of, text_of
from workers.rollback.write import Plan
from workers.ways_back import Grade, Rollback, UndoStep
from workers.words import Name

Run = Callable[[str], str | None]

NOT_DUMPED = "not compared by pg_dump"


def _no_dump() -> str:
    raise CannotAnalyse("nobody asked for it")


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A database on which a migration has just been applied. run: executes SQL as one message, which is a transaction
    unless it is one statement that takes none, and returns the server's error text, or None. apply: runs the migration
    again, likewise. reader: sees what they have committed. dump: the schema by pg_dump; may raise CannotAnalyse. look:
    reads the catalog."""

    reader: psycopg.Connection[Any]
    run: Run
    apply: Callable[[], str | None]
    dump: Callable[[], str] = _no_dump
    look: Callable[[psycopg.Connection[Any]], Catalog] = read_catalog


@dataclass(frozen=True, slots=True)
class States:
    """The catalog before the migration and after it, and the rows that the tables held before it. dump: tells pg_dump's
    text before it, empty where there is none. in_use: tables whose indexes are dropped and built aside. is_back:
    whether the system catalogs say the same as before it, where that is known: then neither the catalog nor pg_dump
    can tell a difference. large: tables whose rows are checked aside."""

    before: Catalog
    after: Catalog
    rows: Fingerprint
    dump: Callable[[], str] = lambda: ""
    in_use: frozenset[ObjectId] = frozenset()
    is_back: Callable[[psycopg.Connection[Any]], bool] = lambda _: False
    large: frozenset[ObjectId] = frozenset()


@dataclass(frozen=True, slots=True)
class Proof:
    """proven: nothing differed. steps: what was run. again: the catalog after the migration was applied again, when it
    came so far. notes: what was not compared. held: why the schema cannot come back at all while the rows are as they
    are."""

    difference: tuple[str, ...]
    again: Catalog | None = None
    steps: tuple[UndoStep, ...] = ()
    notes: tuple[str, ...] = ()
    held: tuple[str, ...] = ()

    @property
    def proven(self) -> bool:
        return not self.difference


def prove(database: Rehearsed, plan: Plan, states: States) -> Proof:
    """Leaves the database as the migration leaves it, if all went well. An error the server raises is a difference, not
    an exception; psycopg.Error is raised only where the reader itself fails."""
    steps = steps_of(plan.statements, (states.before, states.after), states.in_use, states.large)
    for step in steps:
        if error := database.run(step.sql):
            held = held_values(database.reader, match(states.before, states.after))
            return Proof((f"rolling back failed: {error}",), steps=steps, held=held)
    same = states.is_back(database.reader)
    back = states.before if same else database.look(database.reader)
    contents = fingerprint(database.reader, back, states.rows.keys())
    difference = [*compare(states.before, back), *_rows(plan, states, contents)]
    dumped, notes = ((), ()) if difference or same else _dumped(database, states)
    if difference or dumped:
        return Proof((*difference, *dumped), None, steps, notes)
    if error := _remove_new_rows(database, plan, states, contents) or database.apply():
        return Proof((f"applying the migration again failed: {error}",), None, steps, notes)
    again = database.look(database.reader)
    return Proof(tuple(f"applied again: {line}" for line in compare(states.after, again)), again, steps, notes)


def settle(plan: Plan, proof: Proof) -> Rollback:
    """The rollback as it is reported."""
    grade = Grade.IRREVERSIBLE if proof.held else plan.grade
    reasons = (*proof.held, *plan.reasons)
    found = Rollback(text_of(proof.steps), grade, proof.proven, reasons, proof.difference, proof.steps)
    return replace(found, notes=proof.notes)


def _dumped(database: Rehearsed, states: States) -> tuple[tuple[str, ...], tuple[str, ...]]:
    """In what pg_dump's texts differ, and why they could not be compared."""
    expected = states.dump()
    try:
        dump = database.dump()
    except CannotAnalyse as error:
        return (), (f"{NOT_DUMPED}: {error}",)
    return (dumps_differ(expected, dump), ()) if expected else ((), (NOT_DUMPED,))


def _rows(plan: Plan, states: States, contents: Fingerprint) -> Iterator[str]:
    """Tables and columns whose content the plan gives up are left out, and with the latter what is computed from it."""
    for table, before in states.rows.items():
        now = contents.get(table)
        if now is None or table in plan.lost_tables:
            continue
        ignored = {column for name, column in plan.lost_columns if name == table}
        if ignored:
            ignored |= _generated(states.before, table)
        if not (before.complete and now.complete):
            yield f"table {table}: more than {ROWS_MAX} rows, which were not compared"
        elif lost := lost_rows(before, now, ignored):
            yield f"table {table}: {lost} of {len(before.rows)} rows are not as they were"


def _generated(catalog: Catalog, table: Name) -> set[str]:
    columns = catalog.of_kind(Kind.COLUMN)
    return {each.path[2] for each in columns if Name(*each.path[:2]) == table and each.flag("generated")}


def _remove_new_rows(database: Rehearsed, plan: Plan, states: States, contents: Fingerprint) -> str | None:
    """The rows that the migration inserted stay in a rollback; the plan says so. Here they would only be in the way of
    applying it again, so they go, the ones that refer to others first."""
    deletions = []
    for table in sorted(plan.tables_with_new_rows):
        if table in contents and (places := _new_places(states.rows.get(table), contents[table])):
            listed = ", ".join(f"'{place}'" for place in places)
            deletions.append(f"DELETE FROM {ident(table.schema, table.name)} WHERE ctid IN ({listed});")  # noqa: S608  quoted
    while deletions:
        errors = {deletion: error for deletion in deletions if (error := database.run(deletion))}
        if len(errors) == len(deletions):
            return next(iter(errors.values()))
        deletions = list(errors)
    return None


def _new_places(before: Content | None, now: Content) -> list[str]:
    if before is None:
        return []
    columns = [column for column in before.columns if column in now.columns]
    known = before.of(columns)
    at = [now.columns.index(column) for column in columns]
    places = []
    for row, place in zip(now.rows, now.places, strict=False):
        key = tuple(row[i] for i in at)
        known[key] -= 1
        if known[key] < 0:
            places.append(place)
    return places
