"""json cannot be compared: DISTINCT, GROUP BY and = fail on the column."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ColumnTypeChanged
from workers.model import Level
from workers.rules.declared import declared_columns
from workers.rules.rule import Rule, Step
from workers.verdict import Finding


def check(step: Step) -> Iterator[Finding]:
    """Columns of new tables, too: the type is easiest to change before there are rows."""
    named = [(table, column.name) for table, column in declared_columns(step.actions) if column.type == "json"]
    named += [(c.table, c.column) for c in step.changes if isinstance(c, ColumnTypeChanged) and c.new == "json"]
    for table, column in named:
        yield step.finding(
            RULE,
            f"{table}.{column}",
            f"{column} of {table} is json, which has no equality: SELECT DISTINCT, GROUP BY and = fail on it, and each "
            "read parses the text again. Use jsonb, unless the exact text (order of keys, repeated keys) has to stay.",
        )


RULE = Rule(
    "json-column",
    Level.RISKY,
    "json cannot be compared: DISTINCT, GROUP BY and = fail on the column.",
    check,
    opt_in=True,
)
