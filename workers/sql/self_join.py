"""Tells where an UPDATE joins its table to a query that gives all rows of the same table."""

from __future__ import annotations

from collections.abc import Iterator

from workers.sql.cursor import Cursor, Unreadable
from workers.words import Name


def joined_by(text: str) -> str | None:
    """The column that the two are joined by: each row that has a value in it is updated. None for any other statement,
    and for anything more than a plain query and WHERE one.column = other.column."""
    try:
        return _joined(Cursor(text))
    except Unreadable:
        return None


def _joined(cursor: Cursor) -> str | None:
    queries = dict(_queries(cursor)) if cursor.accept("with") else {}
    cursor.expect("update")
    cursor.accept("only")
    table = cursor.name()
    cursor.find("set")
    cursor.until("from", "where", "returning")
    cursor.expect("from")
    query = cursor.inside() if cursor.at("(") else queries.get(cursor.identifier())
    cursor.accept("as")
    if not cursor.at("where"):
        cursor.identifier()
    cursor.expect("where")
    one = cursor.path()
    cursor.expect("=")
    other = cursor.path()
    plain = query is not None and cursor.ended and len(one) == len(other) == 2
    if not plain or query is None or one[0] == other[0] or one[1] != other[1]:
        return None
    return one[1] if _gives_all(query, table, one[1]) else None


def _queries(cursor: Cursor) -> Iterator[tuple[str, Cursor]]:
    """Those of WITH that keep their columns' names."""
    while True:
        name = cursor.identifier()
        renamed = cursor.at("(") and cursor.inside()
        cursor.expect("as")
        _ = cursor.accept("materialized") or cursor.accept("not", "materialized")
        query = cursor.inside()
        if not renamed:
            yield name, query
        if not cursor.accept(","):
            return


def _gives_all(query: Cursor, table: Name, column: str) -> bool:
    """SELECT column, … FROM table, and nothing behind that: no condition, no join, no limit."""
    query.expect("select")
    items = list(Cursor(query.until("from")).items())
    query.expect("from")
    if query.name() != table:
        return False
    query.accept("as")
    if not query.ended:
        query.identifier()
    return query.ended and all(map(_keeps_rows, items)) and any(_is(item, column) for item in items)


def _keeps_rows(item: Cursor) -> bool:
    """A function that returns a set may return none: only those of windows are known not to."""
    if item.at("distinct"):
        return False
    called = item.find("(")
    item.rewind()
    window = item.find("over")
    item.rewind()
    return window or not called


def _is(item: Cursor, column: str) -> bool:
    try:
        return item.path()[-1] == column and item.ended
    except Unreadable:  # a number, a string, an expression in brackets
        return False
