"""A statement passes on empty tables and fails on rows that the schema before it allows."""

from __future__ import annotations

from collections.abc import Iterator

from workers.model import Level
from workers.rehearsed import Rejection
from workers.rules.migration_fails import only_here
from workers.rules.rule import Rule, Step
from workers.rules.script import stays_done
from workers.sql.actions import RUNS_CODE, Insert
from workers.verdict import Finding
from workers.words import Name

_NOT_NULL_VIOLATION = "23502"
_ODD_VALUE = "22023"  # invalid_parameter_value: a time zone "abcdef", which our rows have and real ones do not
_CODE = "42"  # syntax errors and names that are nowhere: no other rows would help
_SYNTAX = "42601"  # syntax_error: also what the type ltree says of a value


def check(step: Step) -> Iterator[Finding]:
    """What our rows were refused for, the real ones may be too; the same refusal only once, though it came again with
    fewer rows."""
    for rejection in {(each.table, each.error.message): each for each in reversed(step.rejections)}.values():
        table = _table(step, rejection)
        if rejection.error.sqlstate != _ODD_VALUE and not _told(step, rejection):
            yield step.finding(RULE, str(table or step.migration.id), _message(step, rejection))


def _table(step: Step, rejection: Rejection) -> Name | None:
    """The rows that INSERT puts into a table come from elsewhere, and so do all of a new or a temporary one."""
    inserted = any(isinstance(action, Insert) and action.table == rejection.table for action in step.actions)
    return rejection.table if rejection.table and step.existing(rejection.table) and not inserted else None


def _told(step: Step, rejection: Rejection) -> bool:
    """A NULL in a column that has to have a value, by that rule; where a query finds it, that is shown all the same."""
    rules = ("required-column-added", *(("not-null-set",) if rejection.preflight else ()))
    null = rejection.error.sqlstate == _NOT_NULL_VIOLATION
    return null and rejection.table is not None and step.about(rejection.table, *rules)


def _message(step: Step, rejection: Rejection) -> str:
    error = rejection.error
    if error.sqlstate.startswith(_CODE) and (error.sqlstate != _SYNTAX or _runs_code(step)):
        here = only_here(error)
        return (
            f"{step.action} fails as soon as there are rows: {error.message} ({error.sqlstate})."
            f"{f' {here}' if here else ''}{stays_done(step)}"
        )
    table = _table(step, rejection)
    rows = f"of {table} " if table else ""
    return (
        f"{step.action} passes on empty tables, but rows {rows}that the schema allows make it fail: {error.message} "
        f"({error.sqlstate}).{_leftover(rejection)}{stays_done(step)}"
    )


def _runs_code(step: Step) -> bool:
    return any(isinstance(action, RUNS_CODE) for action in step.actions)


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
