"""Tells whether a statement leaves it to the tables alone which rows it reaches, and chooses by nothing of its own."""

from __future__ import annotations

from collections.abc import Iterator, Set

from workers.sql.cursor import Cursor, Token
from workers.sql.scan import NUMBER, STRING, SYMBOL

# Words that a parenthesis may follow without being a function's.
_OPENING = frozenset(
    (
        *("all", "and", "any", "as", "delete", "exists", "from", "in", "join", "lateral", "on", "or", "select", "some"),
        *("update", "using", "when", "where", "with", "=", ",", "("),
    )
)
_CHOOSING = frozenset(
    (
        *("current_date", "current_role", "current_time", "current_timestamp", "current_user", "distinct", "false"),
        *("fetch", "group", "having", "limit", "localtime", "localtimestamp", "session_user", "tablesample", "true"),
        "user",
    )
)
_MARKS = frozenset(("=", ",", "(", ")", ".", ";", "*"))


def by_tables_alone(text: str, others: Set[str]) -> bool:
    """Whether the conditions of a DELETE, UPDATE, MERGE or INSERT … SELECT ask for nothing but equal columns and NULL,
    and name none of `others`, the relations that do not count: WHERE id = id, WHERE id IN (SELECT id FROM the table).
    Where rows of every kind meet such a condition, real ones do."""
    before = ""
    for token in _choosing(Cursor(text)):
        name = token.word or token.text.strip('"')
        called = token.text == "(" and before not in _OPENING
        negated = token.word == "not" and before not in ("is", "when")
        compared = token.kind == SYMBOL and token.text not in _MARKS
        if token.kind in (NUMBER, STRING) or name in _CHOOSING or name in others or called or negated or compared:
            return False
        before = token.word or token.text
    return True


def _choosing(cursor: Cursor) -> Iterator[Token]:
    """The tokens of conditions, and the names of relations; not what is written, given back or selected: that chooses
    no rows, but for functions that return sets, and what those do our own rows show."""
    skips = False
    while not cursor.ended:
        token = cursor.next()
        if token.word in ("insert", "select", "set", "returning", "conflict", "then"):
            skips = True
        elif token.word in ("from", "where", "when", "using", "update", "merge"):
            skips = False
        if not skips:
            yield token
