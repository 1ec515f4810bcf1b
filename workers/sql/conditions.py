"""Tells what a condition is about, and whether it holds for every row; the only importer of sqlglot."""

from __future__ import annotations

import logging

from workers.sql.actions import Where
from workers.sql.cursor import Cursor, Unreadable, tokens
from workers.sql.scan import NUMBER, QUOTED, STRING, WORD

_MAX_CHARACTERS = 2_000  # a condition that is always true is short; sqlglot needs 10 ms for 2,000 characters
_MAX_NESTING = 50  # sqlglot recurses: deeper text would exhaust Python's stack


def where(condition: str) -> Where:
    """Which rows a WHERE with this condition reaches. Anything not understood counts as SOME. Never raises."""
    if len(condition) > _MAX_CHARACTERS or condition.count("(") > _MAX_NESTING or _compares(condition):
        return Where.SOME
    return Where.ALWAYS_TRUE if _simplified(condition) == "TRUE" else Where.SOME


def words(condition: str) -> frozenset[str]:
    """The names in a condition, and its key words."""
    return frozenset(token.word or token.text.strip('"') for token in tokens(condition) if token.kind in (WORD, QUOTED))


def tested_column(condition: str, *test: str) -> str | None:
    """The column of a condition that is no more than: column IS NULL, where the test is "is", "null"."""
    cursor = Cursor(condition)
    try:
        column = cursor.path()[-1]
    except Unreadable:
        return None
    return column if cursor.accept(*test) and cursor.ended else None


def _compares(condition: str) -> bool:
    """A column with one value or NULL, as most do, which needs no sqlglot."""
    cursor = Cursor(condition)
    constant = cursor.peek().word in ("true", "false", "null")
    try:
        cursor.path()
    except Unreadable:
        return False
    if cursor.accept("is", "null") or cursor.accept("is", "not", "null"):
        return cursor.ended and not constant
    value = cursor.next() if cursor.accept("=") else None
    return value is not None and value.kind in (NUMBER, STRING) and cursor.ended and not constant


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
