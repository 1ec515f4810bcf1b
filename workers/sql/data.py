"""Reads statements about rows and upkeep: DELETE, UPDATE, INSERT, COPY, TRUNCATE, REINDEX, VACUUM, LOCK …"""

from __future__ import annotations

from collections.abc import Callable, Iterator

from workers.sql.actions import (
    Action,
    Analyze,
    Cluster,
    Copy,
    Delete,
    Insert,
    LockTable,
    Merge,
    Reindex,
    Select,
    Truncate,
    Update,
    Vacuum,
    Where,
)
from workers.sql.conditions import tested_column, where, words
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.kinds import object_kind
from workers.sql.object_actions import Refresh
from workers.sql.others import set_by_function
from workers.words import LockMode, Name

_LOCK_MODES = {tuple(mode.sql.lower().split()): mode for mode in LockMode}
_REINDEX_KINDS = ("index", "table", "schema", "database", "system")


def delete(cursor: Cursor) -> tuple[Action, ...]:
    """What follows DELETE. Raises Unreadable."""
    cursor.expect("from")
    cursor.accept("only")
    table = cursor.name()
    condition = _condition(cursor)
    return (Delete(table, _where(condition), words(condition or "")),)


def update(cursor: Cursor) -> tuple[Action, ...]:
    """What follows UPDATE. Raises Unreadable."""
    cursor.accept("only")
    table = cursor.name()
    if not cursor.find("set"):
        raise Unreadable("SET expected")
    columns = tuple(_set(cursor))
    condition = _condition(cursor)
    null, value = (tested_column(condition or "", *test) for test in (("is", "null"), ("is", "not", "null")))
    return (Update(table, _where(condition), columns, null, value),)


def _set(cursor: Cursor) -> Iterator[str]:
    """The columns that are set: a = …, or several at once: (a, b) = …; steps to what follows the list."""
    while True:
        if cursor.at("("):
            yield from (item.identifier() for item in cursor.inside().items())
        else:
            yield cursor.identifier()
        while not (cursor.ended or cursor.at(",") or cursor.at("from") or cursor.at("where") or cursor.at("returning")):
            cursor.skip()
        if not cursor.accept(","):
            return


def _condition(cursor: Cursor) -> str | None:
    return cursor.until("returning") if cursor.find("where") else None


def _where(condition: str | None) -> Where:
    """A join (USING, FROM) without WHERE still reaches only rows that have a partner, if any; it counts as none."""
    return Where.NONE if condition is None else where(condition)


def insert(cursor: Cursor) -> tuple[Action, ...]:
    """What follows INSERT. Raises Unreadable."""
    cursor.expect("into")
    table = cursor.name()
    if cursor.accept("as"):
        cursor.identifier()
    lists_columns = _lists_columns(cursor)
    if lists_columns and cursor.at("("):
        cursor.inside()
    query = cursor.rest() if cursor.at("select") or cursor.at("with") or cursor.at("(", "select") else ""
    return (Insert(table, lists_columns, words(query)),)


def _lists_columns(cursor: Cursor) -> bool:
    """A parenthesis may also hold the query. DEFAULT VALUES leaves nothing to mix up."""
    if not cursor.at("("):
        return cursor.at("default")
    return (cursor.peek(1).word or cursor.peek(1).text) not in ("(", "select", "with", "values", "table")


def select(cursor: Cursor) -> tuple[Action, ...]:
    """What follows SELECT. Raises Unreadable."""
    if cursor.at("set_config") or cursor.at("pg_catalog", ".", "set_config"):
        return tuple(map(set_by_function, cursor.items()))
    if not (cursor.at("setval") or cursor.at("pg_catalog", ".", "setval")):
        return (Select(),)  # and nothing more of it is read
    found = (_restarted(item) for item in cursor.items())
    return (Select(tuple(name for name in found if name is not None)),)


def _restarted(item: Cursor) -> Name | None:
    """The sequence of setval('sequence', 1), setval('sequence'::regclass, 1, false)."""
    item.accept("pg_catalog", ".")
    try:
        item.expect("setval")
        sequence, value, *_ = item.inside().items()
        return Cursor(sequence.string()).name() if value.rest().isdecimal() else None
    except (Unreadable, ValueError):  # the latter: fewer than two arguments
        return None


def merge(cursor: Cursor) -> tuple[Action, ...]:
    """What follows MERGE. Raises Unreadable."""
    cursor.expect("into")
    cursor.accept("only")
    return (Merge(cursor.name()),)


def with_queries(cursor: Cursor) -> tuple[Action, ...]:
    """What follows WITH: the statements in its parentheses that write, then the one behind them. Raises Unreadable."""
    cursor.accept("recursive")
    found: tuple[Action, ...] = ()
    while True:
        cursor.identifier()
        if cursor.at("("):
            cursor.inside()
        cursor.expect("as")
        _ = cursor.accept("materialized") or cursor.accept("not", "materialized")
        inner = cursor.inside()
        reader = WRITERS.get(inner.next().word)
        found += reader(inner) if reader else ()
        while not (cursor.ended or cursor.at(",") or cursor.peek().word in _AFTER_WITH):
            cursor.skip()  # SEARCH, CYCLE
        if not cursor.accept(","):
            break
    word = cursor.next().word
    reader = WRITERS.get(word)
    if reader:
        return found + reader(cursor)
    if word not in _AFTER_WITH:
        raise Unreadable("a query expected")
    return found or (Select(),)


WRITERS: dict[str, Callable[[Cursor], tuple[Action, ...]]] = {
    "delete": delete,
    "update": update,
    "insert": insert,
    "merge": merge,
}
_AFTER_WITH = (*WRITERS, "select", "values", "table")


def copy(cursor: Cursor) -> tuple[Action, ...]:
    """What follows COPY. Raises Unreadable."""
    cursor.accept("binary")
    if cursor.at("("):
        return (Copy(None, writes=False),)
    table = cursor.name()
    if cursor.at("("):
        cursor.inside()
    return (Copy(table, writes=cursor.accept("from")),)


def truncate(cursor: Cursor) -> tuple[Action, ...]:
    """What follows TRUNCATE. Raises Unreadable."""
    cursor.accept("table")
    return (Truncate(cursor.names(), cursor.find("cascade")),)


def reindex(cursor: Cursor) -> tuple[Action, ...]:
    """What follows REINDEX. Raises Unreadable."""
    concurrently = "concurrently" in _options(cursor)
    kind = object_kind(cursor)
    if kind not in _REINDEX_KINDS:
        raise Unreadable("something that has indexes expected")
    concurrently = cursor.accept("concurrently") or concurrently
    if kind in ("index", "table"):
        return (Reindex(kind, cursor.name(), concurrently),)
    return (Reindex(kind, None if cursor.ended else Name("", cursor.identifier()), concurrently),)


def _options(cursor: Cursor) -> set[str]:
    """The words of a parenthesis such as (FULL, VERBOSE off) that are not switched off."""
    if not cursor.at("("):
        return set()
    found = set()
    for item in cursor.inside().items():
        word = item.next().word
        if (item.peek().word or item.peek().text.strip("'")) not in ("off", "false", "0"):
            found.add(word)
    return found


def vacuum(cursor: Cursor) -> tuple[Action, ...]:
    """What follows VACUUM. Raises Unreadable."""
    full = "full" in _options(cursor)
    while cursor.peek().word in ("full", "freeze", "verbose", "analyze", "analyse"):
        full = cursor.next().word == "full" or full
    return (Vacuum(() if cursor.ended else cursor.names(), full),)


def analyze(cursor: Cursor) -> tuple[Action, ...]:
    """What follows ANALYZE. Raises Unreadable."""
    _options(cursor)
    cursor.accept("verbose")
    return (Analyze(() if cursor.ended else cursor.names()),)


def cluster(cursor: Cursor) -> tuple[Action, ...]:
    """What follows CLUSTER. Raises Unreadable."""
    _options(cursor)
    cursor.accept("verbose")
    if cursor.ended:
        return (Cluster(),)
    name = cursor.name()
    return (Cluster(cursor.name() if cursor.accept("on") else name),)


def lock_table(cursor: Cursor) -> tuple[Action, ...]:
    """What follows LOCK. Raises Unreadable."""
    cursor.accept("table")
    tables = cursor.names()
    mode: LockMode | None = LockMode.ACCESS_EXCLUSIVE
    if cursor.accept("in"):
        mode = _LOCK_MODES.get(tuple(cursor.until("mode").lower().split()))
    if mode is None:
        raise Unreadable("a lock mode expected")
    return (LockTable(tables, mode, nowait=cursor.find("nowait")),)


def refresh(cursor: Cursor) -> tuple[Action, ...]:
    """What follows REFRESH. Raises Unreadable."""
    cursor.expect("materialized", "view")
    concurrently = cursor.accept("concurrently")
    return (Refresh(cursor.name(), concurrently),)
