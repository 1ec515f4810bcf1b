"""Proof of a rollback: run it, compare catalogs and rows, apply the migration again, compare once more."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg

from workers.catalog import Catalog, Kind
from workers.postgres.catalog import read_catalog
from workers.rollback.comparison import compare
from workers.rollback.names import ident
from workers.rollback.rows import ROWS_MAX, Content, Fingerprint, fingerprint, lost_rows
from workers.rollback.write import Plan
from workers.ways_back import Rollback
from workers.words import Name

Run = Callable[[str], str | None]


@dataclass(frozen=True, slots=True)
class Rehearsed:
    """A database on which a migration has just been applied. run: executes SQL in one transaction and returns the
    server's error text, or None. apply: runs the migration again, likewise. reader: sees what they have committed."""

    reader: psycopg.Connection[Any]
    run: Run
    apply: Callable[[], str | None]


@dataclass(frozen=True, slots=True)
class States:
    """The catalog before the migration and after it, and the rows that the tables held before it."""

    before: Catalog
    after: Catalog
    rows: Fingerprint


@dataclass(frozen=True, slots=True)
class Proof:
    """proven: nothing differed. `again`: the catalog after the migration was applied again, when it came so far."""

    difference: tuple[str, ...]
    again: Catalog | None = None

    @property
    def proven(self) -> bool:
        return not self.difference


def prove(database: Rehearsed, plan: Plan, states: States) -> Proof:
    """Leaves the database as the migration leaves it, if all went well. An error the server raises is a difference, not
    an exception; psycopg.Error is raised only where the reader itself fails."""
    if plan.sql and (error := database.run(plan.sql)):
        return Proof((f"rolling back failed: {error}",))
    back = read_catalog(database.reader)
    contents = fingerprint(database.reader, back, states.rows.keys())
    difference = [*compare(states.before, back), *_rows(plan, states, contents)]
    if difference:
        return Proof(tuple(difference))
    if error := _remove_new_rows(database, plan, states, contents) or database.apply():
        return Proof((f"applying the migration again failed: {error}",))
    again = read_catalog(database.reader)
    return Proof(tuple(f"applied again: {line}" for line in compare(states.after, again)), again)


def settle(plan: Plan, proof: Proof) -> Rollback:
    """The rollback as it is reported."""
    return Rollback(plan.sql, plan.grade, proof.proven, plan.reasons, proof.difference)


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
