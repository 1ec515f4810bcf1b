"""Tells conditions that hold for every row from those that may not; the only importer of sqlglot."""

from __future__ import annotations

import logging

from workers.sql.actions import Where

_MAX_CHARACTERS = 2_000  # a condition that is always true is short; sqlglot needs 10 ms for 2,000 characters
_MAX_NESTING = 50  # sqlglot recurses: deeper text would exhaust Python's stack


def where(condition: str) -> Where:
    """Which rows a WHERE with this condition reaches. Anything not understood counts as SOME. Never raises."""
    if len(condition) > _MAX_CHARACTERS or condition.count("(") > _MAX_NESTING:
        return Where.SOME
    return Where.ALWAYS_TRUE if _simplified(condition) == "TRUE" else Where.SOME


def _simplified(condition: str) -> str:
    """sqlglot's simplification, as a hint only: its text never goes to a server. Imported here because loading it takes
    0.1 s, and most reviews meet no UPDATE or DELETE."""
    import sqlglot
    from sqlglot.errors import SqlglotError
    from sqlglot.optimizer.simplify import simplify

    logging.getLogger("sqlglot").setLevel(logging.CRITICAL)
    try:
        found = simplify(sqlglot.parse_one(f"SELECT {condition}", dialect="postgres").expressions[0])
        return str(found.sql(dialect="postgres"))
    # sqlglot's own errors, and those its code raises on text that is no SQL.
    except (SqlglotError, RecursionError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError):
        return ""
