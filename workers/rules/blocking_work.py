"""Every row of a table is read or indexed while others cannot use it."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintAdded, ConstraintKind
from workers.model import Level
from workers.rules.rule import Rule, Step
from workers.rules.script import elsewhere
from workers.sql.actions import Reindex
from workers.sql.object_actions import AlterObject, Refresh
from workers.sql.table_actions import AddConstraint, AlterColumnType, AttachPartition, Constraint, CreateTable
from workers.verdict import Finding
from workers.words import Name

BLOCKING = (
    "table-rewritten",
    "index-not-concurrent",
    "constraint-validated-at-once",
    "not-null-set",
    "required-column-added",
    "primary-key-changed",
)  # the rules that have said it already, and better
SLOW = (*BLOCKING, "all-rows-updated", "all-rows-deleted")


def check(step: Step) -> Iterator[Finding]:
    """Scans and builds on large tables under a lock that blocks, which no rule before this one has taken: the statement
    may hold the lock itself (REINDEX, ATTACH PARTITION), or an earlier one of its transaction (a backfill or VALIDATE
    behind an ALTER TABLE). So nothing slow is called safe."""
    if any(isinstance(action, Refresh) and action.concurrently for action in step.actions):
        return  # it blocks writes, but nobody else writes a materialized view
    for table in worked_on(step):
        if step.large(table) and step.blocks(table) and not step.about(table, *SLOW):
            strongest = (table, step.lock_on(table))
            own = any((lock.relation, lock.mode) == strongest and not lock.carried for lock in step.facts.locks)
            since = "" if own else ", held since an earlier statement of the transaction"
            yield step.finding(
                RULE,
                str(table),
                f"{step.action} goes through all rows of {table} under {step.lock_words(table)}{since}. "
                f"{_instead(step) if own else f'Put it {elsewhere(step)}.'}",
            )


def worked_on(step: Step) -> Iterator[Name]:
    """The tables whose rows are read or indexed. A foreign key's parent is left out: it is only looked up, and a new
    child has nothing to look up."""
    parents = {change.references for change in step.changes if isinstance(change, ConstraintAdded)}
    work = [scan.table for scan in step.facts.scans] + [build.table for build in step.facts.builds]
    for table in dict.fromkeys(work):
        if table not in parents and table not in step.facts.truncated and not step.dropped(table):
            yield table


def _instead(step: Step) -> str:
    """The form of the statement with a weaker lock."""
    for action in step.actions:
        match action:
            case Reindex():
                return f"{step.action} CONCURRENTLY lets others write; it has to run outside a transaction."
            case AlterObject(kind="domain"):
                return (
                    "A domain has no form that lets others write meanwhile: add its constraint NOT VALID and validate "
                    "it in a quiet hour, or put a CHECK on the tables, which can be validated without blocking."
                )
            case AlterColumnType():
                return (
                    "No form of it lets others write meanwhile: do it in a quiet hour, or add a column of the new "
                    "type, fill it in batches and change the code over."
                )
            case AddConstraint(constraint=Constraint(kind=ConstraintKind.PRIMARY_KEY)):
                return (
                    "CREATE UNIQUE INDEX CONCURRENTLY on its columns before, and let ADD PRIMARY KEY USING INDEX take "
                    "it over: a moment's work where they are NOT NULL."
                )
            case AttachPartition():
                return (
                    "ADD a CHECK of the bounds NOT VALID to the partition and VALIDATE it before; to the default "
                    "partition one that excludes them: then nothing is read."
                )
            case CreateTable(partition_of=Name()):
                return (
                    "The default partition is read: give it a validated CHECK that excludes the new bounds; or create "
                    "the table by itself and ATTACH it."
                )
            case _:
                pass
    return "Put the slow part into a transaction of its own, in a form with a weaker lock."


RULE = Rule("blocking-work", Level.RISKY, "Every row of a table is read or indexed while others cannot use it.", check)
