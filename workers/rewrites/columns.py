"""A column added without writing or reading every row under the lock that adding it takes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from workers.catalog import Kind
from workers.changes import ConstraintKind
from workers.rewrites.batches import batched, primary_key
from workers.rewrites.case import Case, Steps, not_null
from workers.rewrites.constraints import constrained
from workers.rewrites.wording import inside, name_sql, slice_of
from workers.rules import schema
from workers.sql.column_types import is_serial, normal_type
from workers.sql.columns import expression, type_name
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.naming import object_name
from workers.sql.table_actions import AddColumn
from workers.sql.volatility import is_volatile
from workers.verdict import RewriteStep
from workers.words import Name

# What is left to the reader: nobody else knows the value.
MISSING = "the value of the rows that are there"
BLANK = "/* FILL IN: the value of the rows that are there */"
_OPTIONS = ("constraint", "null", "default", "check", "unique", "primary", "references", "generated", "collate")


@dataclass(slots=True)
class _Written:
    """A column's definition in its own words. constraints: each with its name, if it has one."""

    name: str
    type: str
    default: str | None = None
    not_null: bool = False
    constraints: list[tuple[str | None, str]] = field(default_factory=list)
    rest: str = ""


def add_column(case: Case[AddColumn]) -> Steps:
    """IF NOT EXISTS stays as it is, and so do identities and generated values: they have no other form."""
    column = case.action.column
    if case.action.if_not_exists or column.identity or column.generated is not None:
        return ()
    written = _read(case.part)
    varies = is_serial(written.type) or (written.default is not None and is_volatile(written.default))
    if varies:
        return tuple(_filled_in_batches(case, written))
    if written.not_null and not column.has_value:
        return tuple(_filled_by_the_reader(case, written))
    kinds = {constraint.kind for constraint in column.constraints}
    if not kinds - {ConstraintKind.FOREIGN_KEY} and not column.has_value:
        return ()  # a foreign key of NULLs has nothing to look up
    later = tuple(_constraints(case, written))
    if not later:
        return ()
    default = f" DEFAULT {written.default}" if written.default else ""
    needed = " NOT NULL" if written.not_null else ""
    return (case.altered(f"ADD COLUMN {written.name} {written.type}{written.rest}{default}{needed}"), *later)


def _filled_in_batches(case: Case[AddColumn], written: _Written) -> Iterator[RewriteStep]:
    keys = primary_key(case.step, case.name)
    if not keys:
        return
    if is_serial(written.type):
        yield _with_sequence(case, written)
    else:
        plain = f"ADD COLUMN {written.name} {written.type}{written.rest}"
        yield case.altered(f"{plain}, ALTER COLUMN {written.name} SET DEFAULT {written.default}")
    yield batched(case.table, keys, f"{written.name} = DEFAULT", f"{written.name} IS NULL")
    if written.not_null or is_serial(written.type):
        yield from not_null(case, case.action.column.name, written.name)
    yield from _constraints(case, written)


def _with_sequence(case: Case[AddColumn], written: _Written) -> RewriteStep:
    """What serial stands for (https://www.postgresql.org/docs/current/datatype-numeric.html#DATATYPE-SERIAL). From
    PostgreSQL 15 on, the sequence of an unlogged table is unlogged too."""
    table, type = case.name, normal_type(written.type)
    name = Name(table.schema, object_name(table.name, (case.action.column.name,), "seq"))
    made = schema.find(case.step.after, Kind.SEQUENCE, name.schema, name.name)
    unlogged = "UNLOGGED " if made and made.text("persistence") == "u" else ""
    sequence = name_sql(name)
    literal = sequence.replace("'", "''")
    return inside(
        f"CREATE {unlogged}SEQUENCE {sequence} AS {type};\n"
        f"{case.alter.head} ADD COLUMN {written.name} {type}{written.rest},"
        f" ALTER COLUMN {written.name} SET DEFAULT nextval('{literal}');\n"
        f"ALTER SEQUENCE {sequence} OWNED BY {case.table}.{written.name}"
    )


def _filled_by_the_reader(case: Case[AddColumn], written: _Written) -> Iterator[RewriteStep]:
    keys = primary_key(case.step, case.name)
    yield case.altered(f"ADD COLUMN {written.name} {written.type}{written.rest}")
    fill = f"{written.name} = {BLANK}"
    empty = f"{written.name} IS NULL"
    plain = inside(f"UPDATE {case.table} SET {fill} WHERE {empty}")  # noqa: S608  the user's own
    step = batched(case.table, keys, fill, empty) if keys else plain
    yield RewriteStep(step.sql, step.transaction, f"code that sets {case.action.column.name} in every INSERT")
    yield from not_null(case, case.action.column.name, written.name)
    yield from _constraints(case, written)


def _constraints(case: Case[AddColumn], written: _Written) -> Iterator[RewriteStep]:
    """Each as a constraint of the table. Raises Unreadable for one that has no safe form: the column's neither then."""
    for constraint, (name, text) in zip(case.action.column.constraints, written.constraints, strict=True):
        if constraint.kind is ConstraintKind.FOREIGN_KEY:
            text = f"FOREIGN KEY ({written.name}) {text}"
        elif constraint.kind is not ConstraintKind.CHECK:
            head = len(constraint.definition)
            text = f"{text[:head]} ({written.name}){text[head:]}"
        steps = constrained(case, replace(constraint, definition=text), name)
        if not steps or constraint.kind is ConstraintKind.PRIMARY_KEY:
            raise Unreadable("a constraint without a safe form")
        yield from steps


def _read(part: str) -> _Written:
    """Raises Unreadable for what ADD COLUMN is not taken apart with."""
    cursor = Cursor(part)
    cursor.expect("add")
    cursor.accept("column")
    written = _Written(slice_of(cursor, cursor.identifier), type_name(cursor))
    while not cursor.ended:
        _option(cursor, written)
    return written


def _option(cursor: Cursor, written: _Written) -> None:
    name = slice_of(cursor, cursor.identifier) if cursor.accept("constraint") else None
    if cursor.accept("not", "null"):
        if name:
            raise Unreadable("a NOT NULL with a name")
        written.not_null = True
    elif cursor.accept("default"):
        written.default = expression(cursor)
    elif any(cursor.at(word) for word in ("check", "unique", "primary", "references")):
        written.constraints.append((name, slice_of(cursor, lambda: _one(cursor))))
    elif not cursor.accept("null"):
        written.rest += f" {slice_of(cursor, lambda: _one(cursor))}"


def _one(cursor: Cursor) -> None:
    """Steps over one option: SET NULL and NOT DEFERRABLE belong to a foreign key."""
    cursor.skip()
    while not (cursor.ended or cursor.at("not", "null") or cursor.peek().word in _OPTIONS):
        cursor.accept("set")
        cursor.skip()
