"""A key that counts in integer ends at 2,147,483,647; then nothing can be inserted."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintKind
from workers.model import Level
from workers.rules.declared import declared_columns, declared_constraints
from workers.rules.rule import Rule, Step
from workers.verdict import Finding

_ENDS = {"smallint": "32,767", "integer": "2,147,483,647"}


def check(step: Step) -> Iterator[Finding]:
    """Keys that count by themselves. One that refers to another table is as large as that table's key; a natural one
    (a year, a code) is as large as it is."""
    keys = {
        (table, constraint.columns)
        for table, constraint in declared_constraints(step.actions)
        if constraint.kind is ConstraintKind.PRIMARY_KEY
    }
    for table, column in declared_columns(step.actions):
        counts = column.serial or column.identity
        if counts and column.type in _ENDS and (table, (column.name,)) in keys:
            yield step.finding(
                RULE,
                f"{table}.{column.name}",
                f"The key {column.name} of {table} counts in {column.type}, which ends at {_ENDS[column.type]}; numbers"
                " are also spent by INSERTs that fail or are rolled back. Use bigint: changing it later rewrites this "
                "table and all that refer to it.",
            )


RULE = Rule(
    "key-may-run-out",
    Level.RISKY,
    "A key that counts in integer ends at 2,147,483,647; then nothing can be inserted.",
    check,
    opt_in=True,
)
