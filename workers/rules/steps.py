"""Turns a migration's statements, run or not, into the steps that rules look at."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

from workers.changes import CatalogChange, TableCreated, TableDropped, TableRenamed
from workers.facts import Facts, Lock
from workers.model import Migration, RehearsedMigration, StatementKind, Transaction
from workers.policy import Policy
from workers.rules.agreement import merged
from workers.rules.rule import Step
from workers.sql.actions import Action, TransactionControl
from workers.sql.known import Known, learn
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import action_name
from workers.words import Name

_ENDS = {"COMMIT", "ROLLBACK", "PREPARE TRANSACTION"}


@dataclass(frozen=True, slots=True)
class Look:
    """A statement with what was predicted for it and what decides: what was observed if it ran to its end, with the
    source of each lock, else what was predicted."""

    index: int
    actions: tuple[Action, ...]
    created: frozenset[Name]  # tables that the pull request made before
    predicted: Facts
    facts: Facts


def not_rehearsed(migration: Migration) -> RehearsedMigration:
    """A migration as read, without a server."""
    script = split(migration.text)
    return RehearsedMigration(migration, script, (None,) * len(script.statements))


def look(rehearsed: RehearsedMigration, known: Known) -> tuple[tuple[Look, ...], Known]:
    """The migration's statements in order, and what is known after them. known: what is known before the migration."""
    found = []
    for index, (statement, seen) in enumerate(zip(rehearsed.script.statements, rehearsed.observations, strict=True)):
        actions = read(statement)
        predicted = predict(actions, known)
        facts = merged(predicted, seen.facts) if seen and not seen.error else predicted
        found.append(Look(index, actions, known.new_tables, predicted, facts))
        known = _after(learn(known, actions), facts.changes)
    return tuple(found), known


def steps(rehearsed: RehearsedMigration, looks: Sequence[Look], policy: Policy) -> Iterator[Step]:
    """What the rules look at, in order. Steps share nothing but what they are made of: use one, then take the next."""
    changes: list[CatalogChange] = [change for each in looks for change in each.facts.changes]
    inside = in_transaction(rehearsed, looks)
    held: dict[Name, Lock] = {}
    before = 0
    for each in looks:
        after = before + len(each.facts.changes)
        if not inside[each.index] or _control(each.actions) in _ENDS:
            held = {}
        yield Step(
            migration=rehearsed.migration,
            statement=rehearsed.script.statements[each.index],
            index=each.index,
            action=action_name(each.actions),
            actions=each.actions,
            facts=each.facts,
            observation=rehearsed.observations[each.index],
            rejections=tuple(r for r in rehearsed.rejections if r.statement == each.index),
            in_transaction=inside[each.index],
            earlier=tuple(changes[:before]),
            later=tuple(changes[after:]),
            held=tuple(held.values()),
            created=each.created,
            policy=policy,
        )
        before = after
        for lock in each.facts.locks:
            held[lock.relation] = max(lock, held.get(lock.relation, lock), key=lambda one: one.mode)


def in_transaction(rehearsed: RehearsedMigration, looks: Sequence[Look]) -> tuple[bool, ...]:
    """Whether the layout's runner would run each statement inside a transaction block, with the file's own BEGIN and
    COMMIT. A message of several statements is a transaction even behind a COMMIT in it
    (https://www.postgresql.org/docs/current/protocol-flow.html#PROTOCOL-FLOW-MULTI-STATEMENT)."""
    several = sum(statement.kind is StatementKind.SQL for statement in rehearsed.script.statements) > 1
    implicit = rehearsed.migration.transaction is Transaction.SIMPLE_QUERY and several
    inside = rehearsed.migration.transaction is Transaction.FILE
    found = []
    for each in looks:
        found.append(inside or implicit)
        verb = _control(each.actions)
        inside = verb == "BEGIN" or (inside and verb not in _ENDS)
    return tuple(found)


def _control(actions: Sequence[Action]) -> str | None:
    return next((action.verb for action in actions if isinstance(action, TransactionControl)), None)


def _after(known: Known, changes: Sequence[CatalogChange]) -> Known:
    """Also the tables that only running showed: made by a DO block, or dropped by CASCADE."""
    new = set(known.new_tables)
    for change in changes:
        match change:
            case TableCreated():
                new.add(change.table)
            case TableDropped():
                new.discard(change.table)
            case TableRenamed() if change.table in new:
                new.discard(change.table)
                new.add(change.new)
    return known if new == known.new_tables else replace(known, new_tables=frozenset(new))
