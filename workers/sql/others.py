"""Reads DROP, COMMENT, and ALTER of everything but tables."""

from __future__ import annotations

from workers.sql.actions import Action, DropIndex, Select, SetParameter
from workers.sql.alter import alter_table
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.kinds import OF_A_TABLE, UNQUALIFIED, object_kind
from workers.sql.object_actions import (
    AlterEnumAddValue,
    AlterObject,
    Comment,
    DropObject,
    RenameEnumValue,
    RenameObject,
)
from workers.sql.table_actions import DropTable
from workers.words import Name

_RELATIONS = ("table", "foreign table", "view", "materialized view", "sequence", "index")
_FORMS = (
    "OWNER TO",
    "IN DATABASE",
    "SET SCHEMA",
    "SET TABLESPACE",
    "SET NOT NULL",
    "SET",
    "RESET",
    "ADD CONSTRAINT",
    "ADD ATTRIBUTE",
    "ADD",
    "DROP CONSTRAINT",
    "DROP NOT NULL",
    "DROP",
    "VALIDATE CONSTRAINT",
    "ATTACH PARTITION",
    "DEPENDS ON EXTENSION",
    "NO DEPENDS ON EXTENSION",
    "RENAME COLUMN",
    "RENAME ATTRIBUTE",
    "RENAME",
    "RESTART",
    "OWNED BY",
    "INCREMENT",
    "ENABLE",
    "DISABLE",
    "REFRESH",
    "UPDATE",
    "GRANT",
    "REVOKE",
    "AS",
)


def drop(cursor: Cursor) -> tuple[Action, ...]:
    """What follows DROP. Raises Unreadable."""
    kind = object_kind(cursor)
    if kind in ("cast", "large object", "transform", "user mapping", "operator", "operator class", "operator family"):
        return (DropObject(kind, ()),)
    concurrently = cursor.accept("concurrently")
    if_exists = cursor.accept("if", "exists")
    on = None
    if kind in OF_A_TABLE or kind in UNQUALIFIED:
        names = _unqualified(cursor)
        on = cursor.name() if cursor.accept("on") else None
    else:
        names = cursor.names()
    cascade = cursor.find("cascade")
    if kind == "index":
        return (DropIndex(names, concurrently, if_exists),)
    if kind in ("table", "foreign table"):
        return (DropTable(names, cascade, if_exists),)
    return (DropObject(kind, names, cascade, if_exists, on),)


def _unqualified(cursor: Cursor) -> tuple[Name, ...]:
    found = [Name("", cursor.identifier())]
    while cursor.accept(","):
        found.append(Name("", cursor.identifier()))
    return tuple(found)


def alter(cursor: Cursor) -> tuple[Action, ...]:
    """What follows ALTER. Raises Unreadable."""
    kind = object_kind(cursor)
    if kind in ("table", "foreign table"):
        return alter_table(cursor)
    if kind == "system":
        return (_system(cursor),)
    if kind in ("default privileges", "large object", "operator", "operator class", "operator family"):
        return (AlterObject(kind, None, ""),)
    if cursor.accept("all", "in", "tablespace"):
        return (AlterObject(kind, None, "ALL IN TABLESPACE"),)
    cursor.accept("if", "exists")
    if kind in OF_A_TABLE:
        name, on = Name("", cursor.identifier()), cursor.name() if cursor.accept("on") else None
    elif kind in UNQUALIFIED:
        name, on = Name("", cursor.identifier()), None
    else:
        name, on = cursor.name(), None
    if cursor.at("("):
        cursor.inside()  # a function's arguments
    if kind == "type" and (found := _enum_change(cursor, name)):
        return (found,)
    if on is None and cursor.accept("rename", "to"):
        return (RenameObject(kind, name, Name(name.schema, cursor.identifier())),)
    return (AlterObject(kind, name, _form(cursor), on, _new_name(cursor, name)),)


def _new_name(cursor: Cursor, name: Name) -> Name | None:
    if cursor.accept("rename", "to"):
        return Name(name.schema, cursor.identifier())
    moved = name.schema and cursor.accept("set", "schema")
    return Name(cursor.identifier(), name.name) if moved else None


def _form(cursor: Cursor) -> str:
    found = next((form for form in _FORMS if cursor.at(*form.lower().split())), cursor.keywords(1))
    return f"{found} … NOT VALID" if found.startswith("ADD") and cursor.find("not", "valid") else found


def _system(cursor: Cursor) -> AlterObject:
    return AlterObject("system", None, _form(cursor))


def _enum_change(cursor: Cursor, name: Name) -> Action | None:
    if cursor.accept("add", "value"):
        cursor.accept("if", "not", "exists")
        return AlterEnumAddValue(name, cursor.string())
    if cursor.accept("rename", "value"):
        old = cursor.string()
        cursor.expect("to")
        return RenameEnumValue(name, old, cursor.string())
    return None


def comment(cursor: Cursor) -> tuple[Action, ...]:
    """What follows COMMENT. Raises Unreadable."""
    cursor.expect("on")
    kind = object_kind(cursor)
    if kind == "column":
        path = cursor.path()
        if len(path) < 2:
            raise Unreadable("a column's table expected")
        return (Comment(kind, Name(path[-3] if len(path) > 2 else "public", path[-2])),)
    if kind in OF_A_TABLE:
        cursor.identifier()
        on_domain = cursor.accept("on") and cursor.accept("domain")
        return (Comment(kind, None if on_domain else cursor.name()),)
    return (Comment(kind, cursor.name() if kind in _RELATIONS else None),)


def set_parameter(cursor: Cursor) -> tuple[Action, ...]:
    """What follows SET. Raises Unreadable."""
    local = cursor.accept("local")
    if not local and not cursor.at("session", "authorization") and not cursor.at("session", "characteristics"):
        cursor.accept("session")
    if cursor.accept("schema"):  # https://www.postgresql.org/docs/current/sql-set.html: an alias
        return (SetParameter("search_path", cursor.rest(), local),)
    for words in (("time", "zone"), ("session", "authorization"), ("transaction",), ("constraints",), ("role",)):
        if cursor.accept(*words):
            return (SetParameter(" ".join(words), cursor.rest(), local),)
    if cursor.accept("session", "characteristics"):
        return (SetParameter("session characteristics", cursor.rest(), local),)
    name = ".".join(cursor.path())
    if not (cursor.accept("=") or cursor.accept("to")):
        raise Unreadable("= expected")
    value = cursor.rest()
    return (SetParameter(name, None if value.lower() == "default" else value, local),)


def reset_parameter(cursor: Cursor) -> tuple[Action, ...]:
    """What follows RESET. Raises Unreadable."""
    return (SetParameter(".".join(cursor.path()), None),)


def set_by_function(item: Cursor) -> Action:
    """An item of SELECT: set_config('lock_timeout', '1s', true) does what SET LOCAL does
    (https://www.postgresql.org/docs/current/functions-admin.html#FUNCTIONS-ADMIN-SET)."""
    item.accept("pg_catalog", ".")
    try:
        item.expect("set_config")
        name, value, local = item.inside().items()
        written = name.string(), value.string()
        plain = name.ended and value.ended and item.ended and local.peek().word in ("true", "false")
        return SetParameter(written[0].lower(), written[1], local.at("true")) if plain else Select()
    except (Unreadable, ValueError):  # the latter: not three arguments
        return Select()
