"""A name that does not follow the pattern that the names of its kind have."""

from __future__ import annotations

import re
from collections.abc import Iterator

from workers.changes import ColumnRenamed, IndexCreated, TableCreated, TableRenamed
from workers.model import Level
from workers.rules.declared import declared_columns, declared_constraints
from workers.rules.rule import Rule, Step
from workers.sql.table_actions import RenameConstraint
from workers.verdict import Finding
from workers.words import Name

Named = tuple[Name, str, str]  # the table, the kind as the policy calls it, the name


def check(step: Step) -> Iterator[Finding]:
    """New names, of new tables too; one finding for each table. Names that the server chose follow from others."""
    wrong: dict[Name, list[str]] = {}
    for table, kind, name in (*_changed(step), *_declared(step)):
        pattern = step.policy.naming.pattern(kind)
        if not re.fullmatch(pattern, name):
            wrong.setdefault(table, []).append(f"{kind} {name} ({pattern})")
    for table, names in wrong.items():
        yield step.finding(
            RULE,
            str(table),
            f"Of {table}, these names do not follow their patterns: {', '.join(names)}. Choose names that do, as long "
            "as no code uses them.",
        )


def _changed(step: Step) -> Iterator[Named]:
    for change in step.changes:
        match change:
            case TableCreated(table=table):
                yield table, "table", table.name
            case TableRenamed(table=table, new=new) if table.name != new.name:
                yield table, "table", new.name
            case ColumnRenamed(table=table, new=column):
                yield table, "column", column
            case IndexCreated(table=table, index=index, constraint=False):
                yield table, "index", index.name


def _declared(step: Step) -> Iterator[Named]:
    for table, column in declared_columns(step.actions):
        yield table, "column", column.name
    for table, constraint in declared_constraints(step.actions):
        if constraint.name is not None:
            yield table, "constraint", constraint.name
    for action in step.actions:
        if isinstance(action, RenameConstraint):
            yield action.table, "constraint", action.new


RULE = Rule(
    "naming",
    Level.RISKY,
    "A name that does not follow the pattern that the names of its kind have.",
    check,
    opt_in=True,
)
