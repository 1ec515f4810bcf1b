"""A constraint that is NOT ENFORCED keeps nothing out."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rules.declared import declared_constraints
from workers.rules.rule import Rule, Step
from workers.sql.naming import constraint_name
from workers.sql.table_actions import AlterTableOther
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """PostgreSQL 18 and newer. On a new table it is only advice: nobody counts on it yet."""
    for action in step.actions:
        if isinstance(action, AlterTableOther) and action.what.endswith("NOT ENFORCED"):
            yield _finding(step, action.table, "A constraint", "is not enforced any more")
    for table, constraint in declared_constraints(step.actions):
        if not constraint.enforced:
            name = constraint_name(table.name, constraint)
            yield _finding(step, table, f"{name} ({constraint.kind.sql})", "is added but not enforced")


def _finding(step: Step, table: Name, constraint: str, what: str) -> Finding:
    return step.finding(
        RULE,
        str(table),
        f"{constraint} of {table} {what}: rows that break it come in without an error. To keep new ones out "
        "at once and look at the old ones later, use NOT VALID.",
        None if step.existing(table) else Level.SAFE,
    )


RULE = Rule("constraint-not-enforced", Level.RISKY, "A constraint that is NOT ENFORCED keeps nothing out.", check)
