"""IF NOT EXISTS finds an object of that name that is another one, and leaves it as it is."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog
from workers.model import Level
from workers.rules import schema
from workers.rules.definitions import index_named
from workers.rules.rule import Rule, Step
from workers.sql.actions import CreateIndex
from workers.sql.table_actions import AddColumn, Column, CreateTable
from workers.verdict import Finding
from workers.words import Name

_SKIPPED = "already exists, skipping"  # the server speaks English here


def check(step: Step) -> Iterator[Finding]:
    """What the server skipped, where the merged migrations have made another one under that name."""
    notices = step.observation.notices if step.observation else ()
    if step.before is None or not any(notice.endswith(_SKIPPED) for notice in notices):
        return
    for action in step.actions:
        match action:
            case CreateTable(if_not_exists=True, table=name):
                differs = next(_columns_differ(step.before, name, action.columns), None)
            case AddColumn(if_not_exists=True, table=name):
                differs = next(_columns_differ(step.before, name, (action.column,), whole=False), None)
            case CreateIndex(if_not_exists=True, table=name):
                differs = _index_differs(step.before, action)
            case _:
                continue
        if differs:
            yield step.finding(
                RULE,
                str(name),
                f"{step.action} IF NOT EXISTS did nothing, as there is one of that name, and it is another: {differs}. "
                "Change the one that is there, or choose another name.",
            )


def _columns_differ(before: Catalog, table: Name, columns: tuple[Column, ...], whole: bool = True) -> Iterator[str]:
    """whole: the table was skipped, not one column."""
    if schema.table(before, table) is None:
        return
    for wanted in columns:
        found = schema.column(before, table, wanted.name)
        if found is None and whole:
            yield f"{table} has no column {wanted.name}"
        elif found is not None and wanted.type and _differ(found.text("type") or "", wanted.type):
            yield f"{wanted.name} of {table} is {found.text('type')}, not {wanted.type}"
        elif found is not None and wanted.not_null and not found.flag("not_null"):
            yield f"{wanted.name} of {table} can be NULL"


def _differ(type: str, wanted: str) -> bool:
    return type.rpartition(".")[2] != wanted.rpartition(".")[2]  # the schema may be left out


def _index_differs(before: Catalog, action: CreateIndex) -> str | None:
    """Expressions are not compared: the server prints them in its own way."""
    found = index_named(before, Name(action.table.schema, action.name or ""))
    if found is None:
        return None
    there = found.form
    same = there.columns == action.columns or not all(map(str.isidentifier, (*there.columns, *action.columns)))
    alike = (there.table, there.unique, there.where is None) == (action.table, action.unique, action.where is None)
    return (
        None if same and alike else f"the index {found.name} is {'UNIQUE ' * there.unique}ON {there.table} {found.body}"
    )


RULE = Rule(
    "nothing-created",
    Level.RISKY,
    "IF NOT EXISTS finds an object of that name that is another one, and leaves it as it is.",
    check,
    needs_server=True,
)
