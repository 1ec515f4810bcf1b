"""Migrations of every form we claim to undo: what was there, what the migration does, how its rollback is graded."""

from __future__ import annotations

from tests.workers.rollback.cases_access import ACCESS, SETTINGS
from tests.workers.rollback.cases_code import CODE_OF_ALL_KINDS
from tests.workers.rollback.cases_columns import COLUMNS
from tests.workers.rollback.cases_constraints import CONSTRAINTS_OF_ALL_KINDS
from tests.workers.rollback.cases_indexes import INDEXES
from tests.workers.rollback.cases_others import CODE, CONSTRAINTS, TYPES
from tests.workers.rollback.cases_partitions import INHERITANCE, PARTITIONS
from tests.workers.rollback.cases_privileges import PRIVILEGES, RULES
from tests.workers.rollback.cases_published import EXTENSIONS, PUBLICATIONS, STATISTICS
from tests.workers.rollback.cases_rare import COLLATIONS, OPERATORS, TEXT_SEARCH
from tests.workers.rollback.cases_tables import ROWS, TABLES
from tests.workers.rollback.cases_triggers import CONSTRAINT_TRIGGERS
from tests.workers.rollback.cases_types import TYPES_OF_ALL_KINDS
from tests.workers.rollback.cases_values import VALUES
from tests.workers.rollback.cases_views import VIEWS_OF_ALL_KINDS

_RARE = (COLLATIONS, OPERATORS, TEXT_SEARCH, PUBLICATIONS, STATISTICS, EXTENSIONS, PRIVILEGES, RULES)
_KINDS = (
    *(ACCESS, SETTINGS, CONSTRAINTS_OF_ALL_KINDS, CONSTRAINT_TRIGGERS, INDEXES, PARTITIONS, INHERITANCE),
    *(TYPES_OF_ALL_KINDS, VIEWS_OF_ALL_KINDS, CODE_OF_ALL_KINDS),
)
_COMMON = tuple(cases[0] for cases in (*_RARE, *_KINDS))
SELDOM = (*(case for cases in (*_RARE, *_KINDS) for case in cases[1:]), *VALUES)  # in campaigns only

CASES = (*TABLES, *COLUMNS, *CONSTRAINTS, *TYPES, *CODE, *_COMMON, *ROWS)
