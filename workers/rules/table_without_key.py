"""Nothing tells the rows of a table without a primary key apart."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind
from workers.changes import ConstraintAdded, ConstraintKind, TableCreated, TableDropped
from workers.model import Level
from workers.rules import schema
from workers.rules.declared import declared_constraints
from workers.rules.rule import Rule, Step
from workers.sql.table_actions import CreateTable
from workers.verdict import Finding
from workers.words import Name


def check(step: Step) -> Iterator[Finding]:
    """New tables, as the migration leaves them. A partition has its parent's key."""
    for change in step.changes:
        if isinstance(change, TableCreated) and _keyless(step, change.table):
            yield step.finding(
                RULE,
                str(change.table),
                f"{change.table} has no primary key: equal rows cannot be told apart, logical replication of UPDATE and"
                " DELETE fails, and tools that go through rows in batches have nothing to go by. Give it one: "
                "id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY.",
            )


def _keyless(step: Step, table: Name) -> bool:
    return _without_key(step.after, table) if step.after is not None else _declared_without(step, table)


def _without_key(after: Catalog, table: Name) -> bool:
    found = schema.table(after, table)
    if found is None or found.kind is Kind.FOREIGN_TABLE or found.text("bound"):
        return False
    return all(each.text("type") != "p" for each in schema.parts(after, found, Kind.CONSTRAINT))


def _declared_without(step: Step, table: Name) -> bool:
    """LIKE and INHERITS may bring a key along, which the text does not tell."""
    made = next((a for a in step.actions if isinstance(a, CreateTable) and a.table == table), None)
    if made is None or made.sources or made.parents or made.partition_of:
        return False
    later = [change.kind for change in step.later.of(ConstraintAdded, table) if change.table == table]
    kinds = [*later, *(constraint.kind for _, constraint in declared_constraints((made,)))]
    return ConstraintKind.PRIMARY_KEY not in kinds and not any(step.later.of(TableDropped, table))


RULE = Rule(
    "table-without-key",
    Level.RISKY,
    "Nothing tells the rows of a table without a primary key apart.",
    check,
    opt_in=True,
)
