"""Cuts a statement's own text into the pieces that its safe form is put together from."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from workers.sql.cursor import Cursor, Unreadable
from workers.sql.naming import object_name
from workers.verdict import RewriteStep
from workers.words import Name
from workers.words import quote as quoted_if_odd

# https://www.postgresql.org/docs/current/sql-keywords-appendix.html: those that cannot be a column's name unquoted.
_RESERVED = frozenset(
    """all analyse analyze and any array as asc asymmetric authorization binary both case cast check collate collation
    column concurrently constraint create cross current_catalog current_date current_role current_schema current_time
    current_timestamp current_user default deferrable desc distinct do else end except false fetch for foreign freeze
    from full grant group having ilike in initially inner intersect into is isnull join lateral leading left like limit
    localtime localtimestamp natural not notnull null offset on only or order outer overlaps placing primary references
    returning right select session_user similar some symmetric system_user table tablesample then to trailing true union
    unique user using variadic verbose when where window with""".split()  # noqa: SIM905  thirty lines else
)


def quote(identifier: str) -> str:
    """The identifier as SQL text, quoted where SQL needs it."""
    return f'"{identifier}"' if identifier in _RESERVED else quoted_if_odd(identifier)


def name_sql(name: Name) -> str:
    return f"{quote(name.schema)}.{quote(name.name)}"


def coined(table: str, *columns: str, label: str) -> str:
    """A name for something that does not exist yet, as SQL text."""
    return quote(object_name(table, columns, label))


def with_word(text: str, *before: str, word: str) -> str:
    """The text with a word put behind the first place where these key words stand. Raises Unreadable."""
    cursor = Cursor(text)
    if not cursor.find(*before):
        raise Unreadable(f"{' '.join(before)} expected")
    return f"{text[: cursor.last_end]} {word}{text[cursor.last_end :]}"


def slice_of(cursor: Cursor, step_over: Callable[[], object]) -> str:
    """The text of what is stepped over."""
    start = cursor.peek().start
    step_over()
    return cursor.text[start : cursor.last_end]


def inside(sql: str) -> RewriteStep:
    """A step that a transaction block may hold."""
    return RewriteStep(f"{sql};", transaction=True)


def outside(sql: str) -> RewriteStep:
    """A step that no transaction block may hold."""
    return RewriteStep(f"{sql};", transaction=False)


@dataclass(frozen=True, slots=True)
class Alter:
    """ALTER TABLE in its pieces. head: ALTER TABLE IF EXISTS ONLY orders; table: orders, as written; parts: one for
    each subcommand."""

    head: str
    table: str
    name: Name
    parts: tuple[str, ...]


def alter(text: str) -> Alter:
    """Raises Unreadable for what is no ALTER TABLE."""
    cursor = Cursor(text)
    cursor.expect("alter", "table")
    cursor.accept("if", "exists")
    cursor.accept("only")
    start = cursor.peek().start
    name = cursor.name()
    table = text[start : cursor.last_end]
    cursor.accept("*")
    head = text[: cursor.last_end]
    return Alter(head, table, name, tuple(item.rest() for item in cursor.items()))
