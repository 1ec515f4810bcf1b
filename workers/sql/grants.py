"""Reads GRANT and REVOKE."""

from __future__ import annotations

from collections.abc import Iterator

from workers.sql.actions import Action
from workers.sql.cursor import Cursor
from workers.sql.kinds import UNQUALIFIED
from workers.sql.object_actions import Grant, Revoke
from workers.words import Name

_KINDS = (
    *("table", "sequence", "domain", "type", "function", "procedure", "routine"),
    *("database", "foreign data wrapper", "foreign server", "language", "parameter", "schema", "tablespace"),
)
_ENDS = ("with", "granted", "cascade", "restrict")


def grant(cursor: Cursor) -> tuple[Action, ...]:
    """What follows GRANT. Raises Unreadable."""
    return (Grant(*_given(cursor), _roles(cursor)),)


def revoke(cursor: Cursor) -> tuple[Action, ...]:
    """What follows REVOKE. Raises Unreadable."""
    words = ("grant", "admin", "inherit", "set")
    option = any(cursor.accept(word, "option", "for") for word in words)
    return (Revoke(*_given(cursor), _roles(cursor), option),)


def _given(cursor: Cursor) -> tuple[tuple[str, ...], str, tuple[Name, ...]]:
    """The privileges, the kind of what they are about, and its names; steps behind TO or FROM."""
    listed = Cursor(cursor.until("on", "to", "from"))
    if not cursor.accept("on"):
        cursor.next()
        return ("MEMBER",), "role", tuple(Name("", item.identifier()) for item in listed.items())
    privileges = tuple(privilege for item in listed.items() for privilege in _privileges(item))
    kind = _kind(cursor)
    target = Cursor(cursor.until("to", "from"), home=cursor.home)
    cursor.next()
    if kind == "large object":
        return privileges, kind, ()
    if kind in UNQUALIFIED or kind in ("foreign server", "parameter") or kind.endswith("in schema"):
        return privileges, kind, tuple(Name("", item.path()[-1]) for item in target.items())
    return privileges, kind, target.names()


def _privileges(item: Cursor) -> Iterator[str]:
    words: list[str] = []
    while word := item.peek().word:
        words.append(word.upper())
        item.next()
    privilege = " ".join(words).removesuffix(" PRIVILEGES")
    if not item.at("("):
        yield privilege
        return
    for column in item.inside().items():
        yield f"{privilege} ({column.identifier()})"


def _kind(cursor: Cursor) -> str:
    """A table may be called like a kind: GRANT SELECT ON type TO bob."""
    if cursor.accept("large", "object"):
        return "large object"
    if cursor.at("all") and cursor.peek(2).word == "in":
        plural = cursor.peek(1).word
        for _ in range(4):  # all tables in schema
            cursor.next()
        return f"{plural} in schema"
    for kind in _KINDS:
        words = kind.split()
        behind = cursor.peek(len(words))
        if cursor.at(*words) and (behind.word or behind.text) not in ("to", "from", ",", "."):
            cursor.accept(*words)
            return kind
    return "table"


def _roles(cursor: Cursor) -> tuple[str, ...]:
    listed = Cursor(cursor.until(*_ENDS))
    return tuple(_role(item) for item in listed.items())


def _role(item: Cursor) -> str:
    if item.peek(1).kind != "end":
        item.accept("group")
    return item.identifier()
