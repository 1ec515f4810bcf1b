"""With ON DELETE CASCADE, deleting one row deletes all that refer to it, however many there are."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.declared import declared_constraints
from workers.rules.rule import Rule, Step
from workers.sql.naming import constraint_name
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Foreign keys of new tables, too: it is the parent's rows that take others along."""
    for table, constraint in declared_constraints(step.actions):
        if constraint.on_delete == "CASCADE":
            yield step.finding(
                RULE,
                f"{table}.{constraint_name(table.name, constraint)}",
                f"Deleting a row of {constraint.references} deletes every row of {table} that refers to it, in the same"
                " statement, with all their locks and triggers. Use ON DELETE RESTRICT, and delete the rows that "
                "refer to it by name, in batches.",
            )


RULE = Rule(
    "delete-cascades",
    Level.RISKY,
    "With ON DELETE CASCADE, deleting one row deletes all that refer to it, however many there are.",
    check,
    opt_in=True,
)
