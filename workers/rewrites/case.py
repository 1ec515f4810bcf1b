"""One subcommand of an ALTER TABLE, with what its rewriter may know."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Generic, TypeVar

from workers.catalog import Catalog
from workers.rewrites.wording import Alter, coined, inside
from workers.rules import Step
from workers.verdict import RewriteStep
from workers.words import Name

A = TypeVar("A")
Steps = tuple[RewriteStep, ...]


@dataclass(frozen=True, slots=True)
class Case(Generic[A]):
    """part: the subcommand as written."""

    step: Step
    alter: Alter
    action: A
    part: str

    @property
    def before(self) -> Catalog | None:
        return self.step.before

    @property
    def name(self) -> Name:
        return self.alter.name

    @property
    def table(self) -> str:
        """As written."""
        return self.alter.table

    def altered(self, subcommand: str) -> RewriteStep:
        return inside(f"{self.alter.head} {subcommand}")


def not_null(case: Case[A], column: str, column_sql: str) -> Steps:
    """SET NOT NULL by way of a CHECK that proves it: validating lets others read and write, and what is proven is not
    read again (https://www.postgresql.org/docs/current/sql-altertable.html)."""
    check = coined(case.name.name, column, label="is_set")
    return (
        case.altered(f"ADD CONSTRAINT {check} CHECK ({column_sql} IS NOT NULL) NOT VALID"),
        case.altered(f"VALIDATE CONSTRAINT {check}"),
        case.altered(f"ALTER COLUMN {column_sql} SET NOT NULL"),
        case.altered(f"DROP CONSTRAINT {check}"),
    )
