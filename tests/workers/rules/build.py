"""Steps built by hand: facts as a server would have seen them, without a server."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from workers.changes import CatalogChange
from workers.facts import Facts, Lock
from workers.model import Migration, SqlError, Statement, Transaction
from workers.policy import Policy
from workers.policy_file import parse_policy
from workers.rehearsed import Observation
from workers.rules.course import Course
from workers.rules.rule import Rule, Step
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import action_name
from workers.verdict import Finding
from workers.words import LockMode, Name, Source

ORDERS = Name("public", "orders")
USERS = Name("public", "users")
SMALL = parse_policy("tables: {orders: {rows: 10000}}")
HOT = parse_policy("tables: {orders: {hot: true}}")
DO = "DO $$ BEGIN PERFORM 1; END $$"


def of(*changes: CatalogChange) -> Facts:
    return Facts(changes=changes)


def step(sql: str, facts: Facts | None = None, **more: Any) -> Step:
    """A statement that ran, with these facts, in a file of its own; earlier, later: what others change."""
    statement: Statement = split(sql).statements[0]
    migration = Migration("1_test", "m/1_test.sql", sql, more.pop("transaction", Transaction.FILE))
    actions = read(statement)
    facts = facts or Facts()
    made = Step(migration, statement, 0, action_name(actions), actions, facts, Observation(facts, 1.0), policy=Policy())
    earlier: tuple[CatalogChange, ...] = more.pop("earlier", ())
    whole = Course((*earlier, *facts.changes, *more.pop("later", ())))
    later = whole.part(len(earlier) + len(facts.changes))
    return placed(made, whole=whole, earlier=whole.part(0, len(earlier)), later=later, **more)


def placed(step: Step, **more: Any) -> Step:
    """Between the statements that stand around it in its migration's text."""
    made = replace(step, **more)
    every = [read(each) for each in split(made.migration.text).statements]
    asked = Course(action for actions in every for action in actions)
    first = sum(map(len, every[: made.index]))
    behind = asked.part(first + len(every[made.index]))
    return replace(made, earlier_actions=asked.part(0, first), later_actions=behind)


def failed(sqlstate: str, message: str = "no", **more: Any) -> Observation:
    return Observation(Facts(), 1.0, error=SqlError(sqlstate, message, **more))


def found(rule: Rule, of: Step) -> list[tuple[str, str]]:
    """What a rule finds: object and level."""
    return [(finding.object, finding.level.word) for finding in rule.check(of)]


def messages(rule: Rule, of: Step) -> list[str]:
    return [finding.message for finding in rule.check(of)]


def one(rule: Rule, of: Step) -> Finding:
    (finding,) = rule.check(of)
    return finding


def lock(table: Name, mode: LockMode, carried: bool = False) -> Lock:
    return Lock(table, mode, Source.OBSERVED, carried=carried)
