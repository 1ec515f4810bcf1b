"""Turns a migration's statements, run or not, into the steps that rules look at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace

from workers.changes import CatalogChange, TableCreated, TableDropped, TableRenamed
from workers.code import Mentions
from workers.facts import Facts, Lock
from workers.model import Migration, StatementKind, Transaction
from workers.policy import Policy
from workers.rehearsed import RehearsedMigration
from workers.rules.agreement import merged
from workers.rules.course import Course
from workers.rules.partitions import materialized_views, partitions_of
from workers.rules.rule import Step
from workers.rules.script import ENDS, verb
from workers.rules.search_path import search_path
from workers.sql.actions import Action, SetParameter
from workers.sql.known import Known, learn
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import action_name
from workers.words import Name


@dataclass(frozen=True, slots=True)
class Look:
    """A statement with what was predicted for it and what decides: what was observed if it ran to its end, with the
    source of each lock, else what was predicted."""

    index: int
    actions: tuple[Action, ...]
    created: frozenset[Name]  # tables that the pull request made before
    partitions: Mapping[Name, Name]
    predicted: Facts
    facts: Facts


def not_rehearsed(migration: Migration) -> RehearsedMigration:
    """A migration as read, without a server."""
    script = split(migration.text)
    return RehearsedMigration(migration, script, (None,) * len(script.statements))


def look(rehearsed: RehearsedMigration, known: Known) -> tuple[tuple[Look, ...], Known]:
    """The migration's statements in order, and what is known after them. known: what is known before the migration."""
    found = []
    path = search_path(rehearsed.before)
    for index, (statement, seen) in enumerate(zip(rehearsed.script.statements, rehearsed.observations, strict=True)):
        actions = read(statement, path.home)
        path = path.after(actions)
        predicted = predict(actions, known)
        whole = rehearsed.after is not None
        facts = merged(predicted, seen.facts, whole=whole) if seen and not seen.error else predicted
        found.append(Look(index, actions, known.new_tables, known.partitions, predicted, facts))
        known = _after(learn(known, actions), facts.changes)
    return tuple(found), known


def steps(
    rehearsed: RehearsedMigration, looks: Sequence[Look], policy: Policy, mentions: Mapping[str, Mentions]
) -> Iterator[Step]:
    """What the rules look at, in order. Steps share nothing but what they are made of: use one, then take the next."""
    changes = Course(change for each in looks for change in each.facts.changes)
    actions = Course(action for each in looks for action in each.actions)
    inside = in_transaction(rehearsed, looks)
    partitions = partitions_of(rehearsed.before)
    views = materialized_views(rehearsed.before)
    lasting = _Lasting()
    change, action = 0, 0  # the statement's first
    for each in looks:
        next_change, next_action = change + len(each.facts.changes), action + len(each.actions)
        if not inside[each.index] or verb(each.actions) in ENDS:
            lasting.end_transaction()
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
            whole=changes,
            earlier=changes.part(0, change),
            later=changes.part(next_change),
            earlier_actions=actions.part(0, action),
            later_actions=actions.part(next_action),
            held=tuple(lasting.held.values()),
            created=each.created,
            before=rehearsed.before,
            after=rehearsed.after,
            partitions={**partitions, **each.partitions},
            views=views,
            settings={**lasting.settings, **lasting.local},
            mentions=mentions,
            policy=policy,
        )
        change, action = next_change, next_action
        lasting.take(each)


@dataclass(slots=True)
class _Lasting:
    """What statements leave to those behind them. local: SET LOCAL, until the transaction ends, and without one not at
    all."""

    held: dict[Name, Lock] = field(default_factory=dict)
    settings: dict[str, str] = field(default_factory=dict)
    local: dict[str, str] = field(default_factory=dict)

    def end_transaction(self) -> None:
        self.held, self.local = {}, {}

    def take(self, each: Look) -> None:
        for action in each.actions:
            if isinstance(action, SetParameter):
                self.local.pop(action.name, None)
                (self.local if action.local else self.settings)[action.name] = action.value or ""
        for lock in each.facts.locks:
            self.held[lock.relation] = max(lock, self.held.get(lock.relation, lock), key=lambda one: one.mode)


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
        word = verb(each.actions)
        inside = word == "BEGIN" or (inside and word not in ENDS)
    return tuple(found)


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
