"""A statement passes on empty tables and fails on rows that the schema before it allows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level, Rejection
from workers.rules.rule import Rule, Step
from workers.verdict import Finding

_NOT_NULL_VIOLATION = "23502"


def check(step: Step) -> Iterator[Finding]:
    """What our rows were refused for, the real ones may be too; the same refusal only once, though it came again with
    fewer rows. A required column is told by its own rule."""
    for rejection in {(each.table, each.error.message): each for each in reversed(step.rejections)}.values():
        table = rejection.table
        required = table is not None and step.about(table, "required-column-added")
        if not (required and rejection.error.sqlstate == _NOT_NULL_VIOLATION):
            yield step.finding(RULE, str(table or step.migration.id), _message(step, rejection))


def _message(step: Step, rejection: Rejection) -> str:
    error = rejection.error
    rows = f"of {rejection.table} " if rejection.table else ""
    return (
        f"{step.action} passes on empty tables, but rows {rows}that the schema allows make it fail: {error.message} "
        f"({error.sqlstate}).{_leftover(rejection)}"
    )


def _leftover(rejection: Rejection) -> str:
    """IF NOT EXISTS would take an invalid index for the wanted one
    (https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY)."""
    index = rejection.leaves_invalid
    return f" It leaves the index {index} behind, invalid: drop it before trying again." if index else ""


RULE = Rule(
    "rows-rejected",
    Level.RISKY,
    "A statement passes on empty tables and fails on rows that the schema before it allows.",
    check,
    needs_server=True,
)
