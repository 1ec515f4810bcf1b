"""What a runner will send for each migration, and in which transactions; from the texts alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from workers.model import Migration, Script, Statement, StatementKind, Transaction
from workers.sql.actions import Action, TransactionControl
from workers.sql.read import read
from workers.sql.split import split
from workers.sql.wording import must_run_alone


@dataclass(frozen=True, slots=True)
class Plan:
    """A migration as its runner takes it. wrapped: in one block."""

    migration: Migration
    script: Script
    wrapped: bool

    @property
    def statements(self) -> tuple[Statement, ...]:
        return tuple(one for one in self.script.statements if one.kind is StatementKind.SQL)


def plan_of(migration: Migration) -> Plan:
    plan = Plan(migration, split(migration.text), False)
    simple = migration.transaction is Transaction.SIMPLE_QUERY and len(plan.statements) > 1
    return replace(plan, wrapped=simple or migration.transaction is Transaction.FILE)


def can_be_one(plans: Sequence[Plan]) -> bool:
    """Whether all of it may run in one transaction, so far as the texts say."""
    actions = [read(statement) for plan in plans for statement in plan.statements]
    return not any(is_control(one) or must_run_alone(one) for one in actions)


def is_control(actions: Sequence[Action]) -> bool:
    """BEGIN, COMMIT and their like."""
    return any(isinstance(action, TransactionControl) for action in actions)
