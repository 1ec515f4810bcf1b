"""A COMMIT or ROLLBACK in the file ends the transaction that the runner has opened around it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, Transaction
from workers.rules.rule import Rule, Step
from workers.rules.script import verb, works
from workers.sql.actions import TransactionControl
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Where something stands before it, and for a COMMIT also behind it. In a message of several statements
    (simple-query) only without a BEGIN of the file's own: Prisma writes BEGIN … COMMIT around some parts."""
    word = verb(step.actions)
    if not step.in_transaction or step.migration.transaction is Transaction.STATEMENT or _own(step):
        return
    if not any(map(works, step.earlier_actions)):
        return
    if word == "ROLLBACK":
        yield step.finding(
            RULE,
            step.migration.id,
            "ROLLBACK ends the transaction around the file: what stands before it is undone, while the runner counts "
            "the migration as done. Leave it out.",
        )
    elif word == "COMMIT" and any(map(works, step.later_actions)):
        yield step.finding(
            RULE,
            step.migration.id,
            "COMMIT ends the transaction around the file: when a statement behind it fails, those before it stay "
            "done, and the next try meets them. Leave it out, or put what stands behind it into a migration of its "
            "own.",
        )


def _own(step: Step) -> bool:
    """The file began the transaction itself. Inside a block that the runner has opened, BEGIN is only warned of."""
    if step.migration.transaction is Transaction.FILE:
        return False
    verbs = [action.verb for action in step.earlier_actions.of(TransactionControl)]
    return verbs.count("BEGIN") > verbs.count("COMMIT") + verbs.count("ROLLBACK")


RULE = Rule(
    "transaction-ended-early",
    Level.RISKY,
    "A COMMIT or ROLLBACK in the file ends the transaction that the runner has opened around it.",
    check,
)
