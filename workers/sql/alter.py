"""Reads ALTER TABLE: one action for each of its subcommands."""

from __future__ import annotations

from collections.abc import Callable

from workers.sql.actions import Action
from workers.sql.column_types import normal_type
from workers.sql.columns import at_constraint, column, constraint, type_name
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.object_actions import AlterObject
from workers.sql.table_actions import (
    AddColumn,
    AddConstraint,
    AlterColumnType,
    AlterTableOther,
    AttachPartition,
    DetachPartition,
    DropColumn,
    DropConstraint,
    DropDefault,
    DropNotNull,
    RenameColumn,
    RenameConstraint,
    RenameTable,
    SetDefault,
    SetNotNull,
    SetSchema,
    ValidateConstraint,
)
from workers.words import Name

# The forms that AlterTableOther names, longest first where one begins another.
_OTHER_FORMS = (
    "ENABLE ROW LEVEL SECURITY",
    "DISABLE ROW LEVEL SECURITY",
    "NO FORCE ROW LEVEL SECURITY",
    "FORCE ROW LEVEL SECURITY",
    "ENABLE REPLICA TRIGGER",
    "ENABLE ALWAYS TRIGGER",
    "ENABLE TRIGGER",
    "DISABLE TRIGGER",
    "ENABLE REPLICA RULE",
    "ENABLE ALWAYS RULE",
    "ENABLE RULE",
    "DISABLE RULE",
    "CLUSTER ON",
    "SET WITHOUT CLUSTER",
    "SET WITHOUT OIDS",
    "SET TABLESPACE",
    "SET ACCESS METHOD",
    "SET LOGGED",
    "SET UNLOGGED",
    "SET (",
    "RESET (",
    "NO INHERIT",
    "INHERIT",
    "NOT OF",
    "OF",
    "OWNER TO",
    "REPLICA IDENTITY",
    "ALTER CONSTRAINT",
)
_NAMING = ("OWNER TO", "SET TABLESPACE", "SET ACCESS METHOD", "CLUSTER ON")
_NOT_ENFORCED = "ALTER CONSTRAINT … NOT ENFORCED"
_OTHER_COLUMN_FORMS = (
    "SET STATISTICS",
    "SET STORAGE",
    "SET COMPRESSION",
    "SET (",
    "RESET (",
    "SET EXPRESSION",
    "DROP EXPRESSION",
    "ADD GENERATED",
    "SET GENERATED",
    "DROP IDENTITY",
    "RESTART",
    "OPTIONS",
)


def alter_table(cursor: Cursor) -> tuple[Action, ...]:
    """What follows ALTER TABLE (or ALTER FOREIGN TABLE). Raises Unreadable when not even the table can be read."""
    if cursor.accept("all", "in", "tablespace"):
        return (AlterObject("tablespace", None, "ALL IN TABLESPACE"),)
    cursor.accept("if", "exists")
    cursor.accept("only")
    table = cursor.name()
    cursor.accept("*")
    if cursor.accept("rename"):
        return (_rename(cursor, table),)
    if cursor.accept("set", "schema"):
        return (SetSchema(table, Name(cursor.identifier(), table.name)),)
    if cursor.accept("attach", "partition"):
        return (AttachPartition(table, cursor.name(), cursor.accept("default")),)
    if cursor.accept("detach", "partition"):
        partition = cursor.name()
        return (DetachPartition(table, partition, cursor.accept("concurrently")),)
    found = tuple(_subcommand(item, table) for item in cursor.items())
    if not found:
        raise Unreadable("a subcommand expected")
    return found


def _rename(cursor: Cursor, table: Name) -> Action:
    if cursor.accept("to"):
        return RenameTable(table, Name(table.schema, cursor.identifier()))
    if cursor.accept("constraint"):
        constraint_name = cursor.identifier()
        cursor.expect("to")
        return RenameConstraint(table, constraint_name, cursor.identifier())
    if not cursor.at("column", "to"):  # a column may be called column
        cursor.accept("column")
    column_name = cursor.identifier()
    cursor.expect("to")
    return RenameColumn(table, column_name, cursor.identifier())


def _subcommand(cursor: Cursor, table: Name) -> Action:
    reader = _READERS.get(cursor.peek().word)
    try:
        found = reader(cursor, table) if reader else None
    except Unreadable:
        found = None
    return found or _other(cursor, table)


def _add(cursor: Cursor, table: Name) -> Action | None:
    cursor.expect("add")
    if at_constraint(cursor):
        return AddConstraint(table, constraint(cursor))
    cursor.accept("column")
    unless = cursor.accept("if", "not", "exists")
    return AddColumn(table, column(cursor), unless)


def _drop(cursor: Cursor, table: Name) -> Action | None:
    cursor.expect("drop")
    is_constraint = cursor.accept("constraint")
    if not is_constraint:
        cursor.accept("column")
    if_exists = cursor.accept("if", "exists")
    name = cursor.identifier()
    cascade = cursor.accept("cascade")
    if is_constraint:
        return DropConstraint(table, name, cascade, if_exists)
    return DropColumn(table, name, cascade, if_exists)


def _validate(cursor: Cursor, table: Name) -> Action | None:
    cursor.expect("validate", "constraint")
    return ValidateConstraint(table, cursor.identifier())


def _alter(cursor: Cursor, table: Name) -> Action | None:
    cursor.expect("alter")
    if cursor.at("constraint"):
        return AlterTableOther(table, _NOT_ENFORCED) if cursor.find("not", "enforced") else None
    cursor.accept("column")
    name = cursor.identifier()
    if cursor.accept("set", "not", "null"):
        return SetNotNull(table, name)
    if cursor.accept("drop", "not", "null"):
        return DropNotNull(table, name)
    if cursor.accept("set", "default"):
        return SetDefault(table, name, cursor.rest())
    if cursor.accept("drop", "default"):
        return DropDefault(table, name)
    if cursor.accept("type") or cursor.accept("set", "data", "type"):
        return _type_change(cursor, table, name)
    form = next((form for form in _OTHER_COLUMN_FORMS if cursor.at(*form.lower().split())), "")
    return AlterTableOther(table, f"ALTER COLUMN {form}".removesuffix(" (").strip())


def _type_change(cursor: Cursor, table: Name, name: str) -> AlterColumnType:
    new = type_name(cursor)
    collate = cursor.accept("collate")
    if collate:
        cursor.until("using")
    return AlterColumnType(table, name, normal_type(new), cursor.rest() if cursor.accept("using") else None, collate)


def _other(cursor: Cursor, table: Name) -> AlterTableOther:
    cursor.rewind()
    form = next((form for form in _OTHER_FORMS if cursor.at(*form.lower().split())), None)
    if form is None:
        return AlterTableOther(table, cursor.keywords(2))
    cursor.accept(*form.lower().split())
    other = cursor.try_name() if form in ("INHERIT", "NO INHERIT") else None
    trigger = cursor.identifier() if form.endswith("TRIGGER") else None
    return AlterTableOther(table, form.removesuffix(" ("), other, trigger, _value(cursor, form))


def _value(cursor: Cursor, form: str) -> str | None:
    """What stands behind the form's words; of storage parameters, name=value as pg_class.reloptions has them, which has
    nothing of those that are reset."""
    if form in ("SET (", "RESET ("):
        return ",".join(_option(item) for item in cursor.items()) if form == "SET (" else ""
    if form == "REPLICA IDENTITY":
        return cursor.identifier() if cursor.accept("using", "index") else cursor.next().word
    return cursor.identifier() if form in _NAMING or form.endswith("RULE") else None


def _option(item: Cursor) -> str:
    name = ".".join(item.path())
    return f"{name}={item.until(')').strip(chr(39)).lower() if item.accept('=') else 'true'}"


_READERS: dict[str, Callable[[Cursor, Name], Action | None]] = {
    "add": _add,
    "drop": _drop,
    "validate": _validate,
    "alter": _alter,
}
