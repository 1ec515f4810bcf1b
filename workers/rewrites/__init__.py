"""The safe form of a statement, made of its own names, types and expressions."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from workers.model import Transaction
from workers.rewrites import indexes, inserts, partitions, updates
from workers.rewrites.alters import alter_table
from workers.rewrites.columns import BLANK, MISSING
from workers.rewrites.replaced import replaced
from workers.rules import Step
from workers.sql.actions import Action, CreateIndex, DropIndex, Insert, Reindex, Update
from workers.sql.cursor import Unreadable
from workers.sql.object_actions import Refresh
from workers.sql.split import split
from workers.sql.table_actions import CreateTable, TableAction
from workers.verdict import Finding, Rewrite, RewriteStep

_REWRITERS: Mapping[type[Action], Callable[[Step, Any], tuple[RewriteStep, ...]]] = {
    CreateIndex: indexes.create_index,
    CreateTable: partitions.create_partition,
    DropIndex: indexes.drop_index,
    Reindex: indexes.reindex,
    Refresh: indexes.refresh,
    Update: updates.update,
    Insert: inserts.insert,
}

# The rules whose findings are gone once a statement is replaced by its rewrite.
ANSWERED = frozenset(
    (
        *("index-not-concurrent", "blocking-work", "hot-table-lock", "lock-held-through-work"),
        "concurrently-in-transaction",
        *("constraint-validated-at-once", "primary-key-changed", "not-null-set", "required-column-added"),
        *("table-rewritten", "type-narrowed", "renamed", "column-replaced", "all-rows-updated"),
        "insert-without-columns",
    )
)


def told_with(findings: Iterable[Finding]) -> Finding | None:
    """Of a statement's findings the one that its rewrite is shown with: the first of the worst that it answers."""
    answered = (finding for finding in findings if finding.rule in ANSWERED)
    return max(answered, key=lambda finding: finding.level, default=None)


def rewritten(step: Step) -> Rewrite | None:
    """The statement's safe form; None where there is none or its text is not understood."""
    try:
        steps = _steps(step)
    except Unreadable:
        return None
    if not steps:
        return None
    missing = MISSING if any(BLANK in each.sql for each in steps) else None
    return Rewrite(steps, False, None, missing is None and _in_place(step, steps), replaced(step), missing)


def _steps(step: Step) -> tuple[RewriteStep, ...]:
    """An ALTER TABLE has an action for each subcommand, any other statement with a rewriter has one."""
    first, *more = step.actions
    if rewriter := _REWRITERS.get(type(first)):
        return () if more else rewriter(step, first)
    return alter_table(step) if isinstance(first, TableAction) else ()


def _in_place(step: Step, steps: tuple[RewriteStep, ...]) -> bool:
    """What the runner does with the file does for the steps: one in the file's transaction, or each by itself. A
    message with a second statement is a transaction (https://www.postgresql.org/docs/current/protocol-flow.html)."""
    if any(each.deploy for each in steps):
        return False
    if step.in_transaction:
        return len(steps) == 1 and steps[0].transaction and steps[0].sql != f"{step.statement.text};"
    if any(len(split(each.sql).statements) > 1 for each in steps):
        return False
    return len(steps) == 1 or step.migration.transaction is Transaction.STATEMENT
