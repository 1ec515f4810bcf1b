"""What a pre-flight question is asked about, and the pieces its SQL is put together from. Pure."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

from workers.changes import ConstraintKind
from workers.model import SqlError, Statement
from workers.postgres.relations import Relation, Relations
from workers.sql.actions import Action
from workers.sql.columns import constraint
from workers.sql.cursor import Cursor
from workers.sql.table_actions import AddConstraint, Constraint, ValidateConstraint
from workers.words import Name

ZERO = "0"
NO_ROWS = "no rows"
NO_ERROR = "any numbers, and no error"


@dataclass(frozen=True, slots=True)
class Known:
    """before: the relations of the database that the query is for. now: those that the failing statement met, which
    statements before it may have changed. version: the server's major version, such as 16."""

    before: Relations
    now: Relations
    version: int


@dataclass(frozen=True, slots=True)
class Question:
    """tables: those that the query reads."""

    sql: str
    expect: str
    reason: str
    tables: tuple[Name, ...]


@dataclass(frozen=True, slots=True)
class Case:
    """A failed statement. enums: the labels of enum types that the migration makes before it."""

    statement: Statement
    actions: Sequence[Action]
    error: SqlError
    known: Known
    enums: Mapping[Name, tuple[str, ...]]

    def named(self, kind: str) -> str | None:
        """What the error's message calls by name: column "x", constraint "x", index "x", table "x"."""
        found = re.search(rf'{kind} "([^"]+)"', self.error.message)
        return found[1] if found else None

    def relation(self, name: Name) -> Relation | None:
        return next((relation for relation in self.known.now.values() if relation.name == name), None)

    def constraints(self, *kinds: ConstraintKind) -> Iterator[tuple[Name, Constraint]]:
        """The constraints that the statement adds or validates; the one that the error names, if it names one."""
        named = self.named("constraint") or self.named("index")
        for action in self.actions:
            found = action.constraint if isinstance(action, AddConstraint) else None
            if isinstance(action, ValidateConstraint):
                found = self.existing(action.table, action.constraint)
            if found and found.kind in kinds and found.name in (named, None) and not found.using_index:
                assert isinstance(action, AddConstraint | ValidateConstraint)
                yield action.table, found

    def existing(self, table: Name, name: str) -> Constraint | None:
        """A constraint of the catalog, as a statement would have given it."""
        relation = self.relation(table)
        found = (each for each in relation.constraints.values() if each.name == name) if relation else ()
        return next((declared(each.definition, name) for each in found), None)

    def primary_key(self, table: Name) -> tuple[str, ...]:
        relation = self.relation(table)
        for found in relation.constraints.values() if relation else ():
            if found.kind is ConstraintKind.PRIMARY_KEY:
                return declared(found.definition, found.name).columns
        return ()

    def columns(self, table: Name) -> frozenset[str]:
        relation = self.relation(table)
        return frozenset(column.name for column in relation.columns.values()) if relation else frozenset()


def declared(definition: str, name: str) -> Constraint:
    """A constraint from its definition as pg_get_constraintdef prints it."""
    return replace(constraint(Cursor(definition)), name=name)


def quoted(name: str) -> str:
    """A column's name, which quotes keep from being taken for a key word."""
    return '"' + name.replace('"', '""') + '"'


def table_sql(table: Name) -> str:
    return f"{quoted(table.schema)}.{quoted(table.name)}"


def condition_of(definition: str) -> str:
    """What a CHECK demands, as written."""
    cursor = Cursor(definition)
    return cursor.inside().rest() if cursor.find("check") else ""


def count_rows(source: str, condition: str) -> str:
    return f"SELECT count(*) FROM {source} WHERE {condition};"  # noqa: S608  quoted names, the statement's own text


def some_row(source: str, condition: str = "true", beyond: int = 0) -> str:
    """beyond: how many rows may be there."""
    offset = f" OFFSET {beyond}" if beyond else ""
    return f"SELECT 1 FROM {source} WHERE {condition} LIMIT 1{offset};"  # noqa: S608  quoted names, the statement's own text


def exists(source: str, condition: str) -> str:
    return f"EXISTS (SELECT 1 FROM {source} WHERE {condition})"  # noqa: S608  quoted names, the statement's own text


def all_of(conditions: Iterable[str]) -> str:
    """The conditions joined, never empty."""
    return " AND ".join(conditions) or "true"
