"""Migrations of every form we claim to undo: what was there, what the migration does, how its rollback is graded."""

from __future__ import annotations

from tests.workers.rollback.cases_columns import COLUMNS
from tests.workers.rollback.cases_others import CODE, CONSTRAINTS, TYPES
from tests.workers.rollback.cases_tables import ROWS, TABLES

CASES = (*TABLES, *COLUMNS, *CONSTRAINTS, *TYPES, *CODE, *ROWS)
