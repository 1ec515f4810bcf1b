"""CONCURRENTLY, VACUUM and their like refuse to run inside a transaction."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, Transaction
from workers.policy import POLICY_PATH
from workers.rules.rule import Rule, Step
from workers.sql.wording import must_run_alone
from workers.verdict import Finding

REFUSED = "25001"  # active_sql_transaction


def check(step: Step) -> Iterator[Finding]:
    """Refused by the server, or bound to be refused in the transaction that the layout's runner opens. High-risk: it
    fails at every deploy, and a failed migration holds up all later ones."""
    error = step.observation.error if step.observation else None
    refused = error is not None and error.sqlstate == REFUSED
    if refused or (step.in_transaction and must_run_alone(step.actions)):
        yield step.finding(
            RULE,
            step.migration.id,
            f"{step.action} cannot run inside a transaction, and {_why(step)}. Give it a migration of its own"
            f"{_how(step.migration.transaction)}.",
        )


def _why(step: Step) -> str:
    match step.migration.transaction:
        case Transaction.FILE:
            return "the runner wraps each file in one"
        case Transaction.SIMPLE_QUERY:
            return "the runner sends the file as one message, which is one transaction if it holds several statements"
        case Transaction.STATEMENT:
            return "the file is inside one here"


def _how(transaction: Transaction) -> str:
    if transaction is not Transaction.FILE:
        return ""
    return (
        ", and tell the runner not to open a transaction for it; or, if it opens none anyway, tell us: "
        f"transaction: statement in {POLICY_PATH}"
    )


RULE = Rule(
    "concurrently-in-transaction",
    Level.HIGH_RISK,
    "CONCURRENTLY, VACUUM and their like refuse to run inside a transaction.",
    check,
)
