"""Rollback SQL: the difference of two snapshots of one database, as statements that undo it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from workers.catalog import Catalog
from workers.rollback.alters import replaceable
from workers.rollback.difference import match
from workers.rollback.grading import DataEffects, Loss, losses, tables_with_new_rows
from workers.rollback.outline import outline
from workers.rollback.statements import statements
from workers.ways_back import Grade
from workers.words import Name

_SEVERITY = {grade: severity for severity, grade in enumerate(Grade)}
_NO_EFFECTS = DataEffects()


@dataclass(frozen=True, slots=True)
class Plan:
    """statements: each with its semicolon, in order. lost_tables and lost_columns: whose content the rollback does not
    claim to bring back, under their former names. tables_with_new_rows: where rows that the migration inserted stay."""

    statements: tuple[str, ...]
    grade: Grade
    reasons: tuple[str, ...]
    lost_tables: frozenset[Name] = frozenset()
    lost_columns: frozenset[tuple[Name, str]] = frozenset()
    tables_with_new_rows: frozenset[Name] = frozenset()

    @property
    def sql(self) -> str:
        """Empty when there is nothing to undo in the schema."""
        return "".join(statement + "\n" for statement in self.statements)


def write_rollback(before: Catalog, after: Catalog, effects: DataEffects = _NO_EFFECTS) -> Plan:
    """The SQL that makes the schema `after` into the schema `before` again, both read from one database, and what it
    does not bring back. Indexes are dropped without CONCURRENTLY, so that the whole runs in one transaction."""
    difference = match(before, after)
    found = outline(difference, replaceable)
    lost = tuple(losses(found, effects))
    return planned(tuple(statements(found)), lost, tables_with_new_rows(difference, effects))


def planned(statements: tuple[str, ...], lost: Sequence[Loss], new_rows: frozenset[Name]) -> Plan:
    """Graded by what is lost. new_rows: the tables where rows that the migration inserted stay."""
    return Plan(
        statements,
        grade=max((loss.grade for loss in lost), key=_SEVERITY.__getitem__, default=Grade.EXACT),
        reasons=tuple(dict.fromkeys(loss.reason for loss in lost)),
        lost_tables=frozenset(loss.table for loss in lost if loss.table and loss.column is None),
        lost_columns=frozenset((loss.table, loss.column) for loss in lost if loss.table and loss.column),
        tables_with_new_rows=new_rows,
    )
