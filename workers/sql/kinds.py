"""The kinds of object that CREATE, ALTER, DROP and COMMENT name."""

from __future__ import annotations

from workers.sql.cursor import Cursor, Unreadable

# Longest first where one begins another.
_KINDS = (
    "access method",
    "aggregate",
    "cast",
    "collation",
    "column",
    "constraint trigger",
    "constraint",
    "conversion",
    "database",
    "default privileges",
    "domain",
    "event trigger",
    "extension",
    "foreign data wrapper",
    "foreign table",
    "function",
    "group",
    "index",
    "language",
    "procedural language",
    "large object",
    "materialized view",
    "operator class",
    "operator family",
    "operator",
    "policy",
    "procedure",
    "publication",
    "role",
    "routine",
    "rule",
    "schema",
    "sequence",
    "server",
    "statistics",
    "subscription",
    "system",
    "table",
    "tablespace",
    "text search configuration",
    "text search dictionary",
    "text search parser",
    "text search template",
    "transform",
    "trigger",
    "type",
    "user mapping",
    "user",
    "view",
)
_WORDS = tuple((kind, tuple(kind.split())) for kind in _KINDS)

# Kinds whose names stand outside of schemas.
UNQUALIFIED = frozenset(
    (
        "access method",
        "database",
        "event trigger",
        "extension",
        "foreign data wrapper",
        "group",
        "language",
        "procedural language",
        "publication",
        "role",
        "schema",
        "server",
        "subscription",
        "tablespace",
        "user",
        "user mapping",
    )
)

# Kinds whose objects belong to one table and are named with it: DROP TRIGGER t ON table.
OF_A_TABLE = frozenset(("policy", "rule", "trigger", "constraint"))

# Kinds that have several names, one of which says what the catalog knows.
_SAME = {
    "constraint trigger": "trigger",
    "routine": "function",
    "user": "role",
    "group": "role",
    "procedural language": "language",
}


def noun(kind: str) -> str:
    """What a change of the catalog calls a kind that has several names: constraint trigger → trigger."""
    return _SAME.get(kind, kind)


def object_kind(cursor: Cursor) -> str:
    """Steps over a kind of object; its words in lower case. Raises Unreadable for anything else."""
    for kind, words in _WORDS:
        if cursor.accept(*words):
            return kind
    raise Unreadable("a kind of object expected")
