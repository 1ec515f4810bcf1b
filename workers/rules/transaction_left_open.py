"""BEGIN without COMMIT: all that stands behind it is undone when the connection closes."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, Transaction
from workers.rules.rule import Rule, Step
from workers.rules.script import ENDS, verb
from workers.sql.actions import TransactionControl
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """A runner that wraps the file commits in the end, also what the file's own BEGIN has opened."""
    if verb(step.actions) != "BEGIN" or step.migration.transaction is Transaction.FILE:
        return
    if not any(action.verb in ENDS for action in step.later_actions.of(TransactionControl)):
        yield step.finding(
            RULE,
            step.migration.id,
            "BEGIN without COMMIT: all that stands behind it is undone when the connection closes, and until then it "
            "keeps its locks. Put COMMIT at the end of the file.",
        )


RULE = Rule(
    "transaction-left-open",
    Level.HIGH_RISK,
    "BEGIN without COMMIT: all that stands behind it is undone when the connection closes.",
    check,
)
