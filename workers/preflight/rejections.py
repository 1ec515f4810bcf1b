"""What a rejection of rows tells, and which rows the migration is tried on next. Pure."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace

from workers.changes import IndexCreated
from workers.model import SqlError, Statement
from workers.postgres.relations import Relations
from workers.preflight import Known, preflight_for
from workers.rehearsed import Observation, Rejection
from workers.sql.actions import Copy, CreateIndex, Insert
from workers.sql.read import read
from workers.sql.table_actions import AddConstraint, AlterColumnType, SetNotNull, ValidateConstraint
from workers.words import Name

_NOT_NULL_VIOLATION, _UNIQUE_VIOLATION, _CHECK_VIOLATION = "23502", "23505", "23514"
_ABOUT_DATA = ("22", "23", "0A")  # the classes of errors that rows cause
_CHECKS = AddConstraint | ValidateConstraint | SetNotNull | CreateIndex | AlterColumnType


@dataclass(frozen=True, slots=True)
class Ask:
    """The tables to fill, the columns of them that are not to hold NULL, and those that are to hold nothing else."""

    tables: frozenset[Name] = frozenset()
    required: frozenset[tuple[Name, str]] = frozenset()
    empty: frozenset[tuple[Name, str]] = frozenset()


def milder(ask: Ask, statement: Statement, rejection: Rejection, relations: Relations) -> Ask:
    """What to ask for after a rejection: no NULL where the statement forbids it; else no rows in the table at fault,
    nor in those whose rows need one there; none at all when it is not known."""
    actions = read(statement) if rejection.error.sqlstate == _NOT_NULL_VIOLATION else ()
    forbidden = frozenset((a.table, a.column) for a in actions if isinstance(a, SetNotNull))
    if forbidden - ask.required:
        return replace(ask, required=ask.required | forbidden)
    if rejection.table not in ask.tables:
        return Ask()
    emptied = {rejection.table}
    while more := _needing(emptied, relations) - emptied:
        emptied |= more
    return replace(ask, tables=ask.tables - emptied)


def _needing(parents: Collection[Name], relations: Relations) -> set[Name]:
    """The tables with a foreign key that points at one of the parents: filling them would fill that one, too."""
    targets = {oid for oid, relation in relations.items() if relation.name in parents}
    return {
        relation.name
        for relation in relations.values()
        if any(key.references in targets for key in relation.constraints.values() if key.references)
    }


def rejected(statements: Sequence[Statement], observation: Observation | None, path: str, known: Known) -> Rejection:
    """About the last of the statements, which begin with the migration's first, and what was seen of it."""
    assert observation is not None
    assert observation.error is not None
    named = (getattr(action, "table", None) for action in read(statements[-1]))
    table = next((name for name in named if isinstance(name, Name)), None)
    query = preflight_for(statements, observation.error, path, known)
    created = (change for change in observation.facts.changes if isinstance(change, IndexCreated))
    invalid = next((change.index for change in created if not change.valid), None)
    return Rejection(len(statements) - 1, table, observation.error, query, invalid)


def our_own_doing(statement: Statement, rejection: Rejection) -> bool:
    """A seed row that meets one of ours by its key: we chose that key, and it tells nothing about the real rows."""
    inserts = any(isinstance(action, Insert | Copy) for action in read(statement))
    return inserts and rejection.error.sqlstate == _UNIQUE_VIOLATION


def only_checks(statement: Statement) -> bool:
    """It demands something of rows and changes none, so that the statements behind it can be tried without it."""
    actions = read(statement)
    return bool(actions) and all(isinstance(action, _CHECKS) for action in actions)


def said(rejection: Rejection, earlier: Sequence[Rejection]) -> bool:
    """An earlier one is about the same statement and the same trouble; other rows have other values in the message."""
    same = (each for each in earlier if each.statement == rejection.statement)
    return any(_alike(rejection.error, each.error) for each in same)


def follows(rejection: Rejection, earlier: Sequence[Rejection]) -> bool:
    """It may be there only because statements that were rejected were left out: it is not about rows, or about the same
    ones as before. A refused CHECK may be what SET NOT NULL relies on."""
    error = rejection.error
    checked = any(each.table == rejection.table and each.error.sqlstate == _CHECK_VIOLATION for each in earlier)
    return (
        error.sqlstate[:2] not in _ABOUT_DATA
        or (checked and error.sqlstate == _NOT_NULL_VIOLATION)
        or any(error.message == each.error.message for each in earlier)
    )


def _alike(one: SqlError, other: SqlError) -> bool:
    return one.sqlstate == other.sqlstate and (one.message == other.message or one.sqlstate[:2] != "23")
