"""Reads the parts of a table's definition: columns and constraints."""

from __future__ import annotations

from dataclasses import replace

from workers.changes import ConstraintKind
from workers.sql.column_types import is_serial, normal_type
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.scan import QUOTED, STRING, WORD
from workers.sql.table_actions import Column, Constraint

_AFTER_TYPE = frozenset(
    (
        *("collate", "constraint", "not", "null", "check", "default", "generated", "unique", "primary", "references"),
        *("storage", "compression", "deferrable", "initially", "using", "enforced", "options"),
    )
)
_WITHIN_TYPE = frozenset(
    (
        *("precision", "varying", "character", "char", "with", "without", "time", "zone", "array", "to"),
        *("year", "month", "day", "hour", "minute", "second"),
    )
)
_CONSTRAINT_STARTS = ("constraint", "check", "unique", "primary", "foreign")


def at_constraint(cursor: Cursor) -> bool:
    """A table constraint is next, not a column: EXCLUDE, unlike the other words, may be a column's name."""
    starts = cursor.peek().word in _CONSTRAINT_STARTS
    return starts or any(cursor.at(*words) for words in (("exclude", "using"), ("exclude", "("), ("not", "null")))


def constraint(cursor: Cursor) -> Constraint:
    """A table constraint, to the cursor's end. Raises Unreadable for what is none."""
    name = cursor.identifier() if cursor.accept("constraint") else None
    start = cursor.peek().start
    found = _body(cursor)
    not_valid, enforced = False, True
    while not cursor.ended:
        not_valid = cursor.accept("not", "valid") or not_valid
        enforced = not cursor.accept("not", "enforced") and enforced
        if not cursor.ended:
            cursor.skip()
    definition = cursor.text[start : cursor.last_end]
    return replace(found, name=name, definition=definition, not_valid=not_valid, enforced=enforced)


def _body(cursor: Cursor) -> Constraint:
    """The constraint but for what its frame says: its name, its text, NOT VALID."""
    if cursor.accept("check"):
        cursor.inside()
        return Constraint(ConstraintKind.CHECK, None, (), "")
    if cursor.accept("foreign", "key"):
        columns = identifiers(cursor.inside())
        cursor.expect("references")
        return _foreign(cursor, columns)
    if cursor.accept("not", "null"):
        return Constraint(ConstraintKind.NOT_NULL, None, (cursor.identifier(),), "")
    if cursor.accept("exclude"):
        if cursor.accept("using"):
            cursor.identifier()
        elements = tuple(_excluded(item) for item in cursor.inside().items())
        return Constraint(ConstraintKind.EXCLUSION, None, elements, "")
    kind = _key_kind(cursor)
    if cursor.accept("using", "index"):
        return Constraint(kind, None, (), "", using_index=cursor.identifier())
    return Constraint(kind, None, identifiers(cursor.inside()), "")


def _foreign(cursor: Cursor, columns: tuple[str, ...]) -> Constraint:
    """What follows REFERENCES."""
    table = cursor.name()
    referenced = identifiers(cursor.inside()) if cursor.at("(") else ()
    on_delete = _on_delete(cursor)
    return Constraint(
        ConstraintKind.FOREIGN_KEY, None, columns, "", table, referenced_columns=referenced, on_delete=on_delete
    )


def _key_kind(cursor: Cursor) -> ConstraintKind:
    if cursor.accept("primary", "key"):
        return ConstraintKind.PRIMARY_KEY
    cursor.expect("unique")
    _ = cursor.accept("nulls", "distinct") or cursor.accept("nulls", "not", "distinct")
    return ConstraintKind.UNIQUE


def _excluded(item: Cursor) -> str:
    return item.until("with")


def identifiers(cursor: Cursor) -> tuple[str, ...]:
    """Names between commas; what stands behind each of them is left out."""
    return tuple(item.identifier() for item in cursor.items())


def column(cursor: Cursor) -> Column:
    """A column's definition, to the cursor's end. Raises Unreadable for what is none."""
    name = cursor.identifier()
    return options(cursor, name, type_name(cursor))


def type_name(cursor: Cursor) -> str:
    """A type as written. Raises Unreadable for what cannot be one, such as the rest of ADD COLUM a int."""
    start, previous = cursor.peek().start, "."
    while not cursor.ended and (token := cursor.peek()).word not in _AFTER_TYPE:
        if previous != "." and token.kind in (WORD, QUOTED, STRING) and token.word not in _WITHIN_TYPE:
            raise Unreadable("a type expected")
        previous = token.text
        cursor.skip()
    written = cursor.text[start : cursor.last_end]
    if previous == ".":
        raise Unreadable("a type expected")
    return written


def options(cursor: Cursor, name: str, written_type: str) -> Column:
    """What may follow a column's type (in a partition or a typed table, its name), to the cursor's end."""
    not_null, default, generated, stored, identity = is_serial(written_type), None, None, False, False
    constraints: list[Constraint] = []
    while not cursor.ended:
        label = cursor.identifier() if cursor.accept("constraint") else None
        if cursor.accept("not", "null"):
            not_null = True
        elif cursor.accept("not", "enforced"):  # the constraint before it
            constraints[-1:] = [replace(found, enforced=False) for found in constraints[-1:]]
        elif cursor.accept("default"):
            default = expression(cursor)
        elif cursor.accept("generated"):
            cursor.until("as")
            cursor.expect("as")
            identity = cursor.accept("identity")
            if not identity:
                generated = cursor.inside().rest()
                stored = cursor.accept("stored")
        elif found := _inline(cursor, name, label):
            constraints.append(found)
        else:
            cursor.skip()
    keyed = any(found.kind is ConstraintKind.PRIMARY_KEY for found in constraints)
    return Column(
        name,
        normal_type(written_type),
        not_null=not_null or identity or keyed,
        default=default,
        generated=generated,
        stored=stored,
        identity=identity,
        serial=is_serial(written_type),
        constraints=tuple(constraints),
    )


def expression(cursor: Cursor) -> str:
    """A column's DEFAULT: its first token may be a word that else begins the next option (DEFAULT NULL)."""
    start = cursor.peek().start
    cursor.skip()
    cursor.until(*_AFTER_TYPE)
    return cursor.text[start : cursor.last_end]


def _inline(cursor: Cursor, column_name: str, label: str | None) -> Constraint | None:
    """A column's own CHECK, UNIQUE, PRIMARY KEY or REFERENCES, if one is next."""
    start = cursor.peek().start
    if cursor.accept("check"):
        cursor.inside()
        found = Constraint(ConstraintKind.CHECK, label, (column_name,), "")
    elif cursor.at("unique") or cursor.at("primary", "key"):
        found = Constraint(_key_kind(cursor), label, (column_name,), "")
    elif cursor.accept("references"):
        found = replace(_foreign(cursor, (column_name,)), name=label)
    else:
        return None
    return replace(found, definition=cursor.text[start : cursor.last_end])


def _on_delete(cursor: Cursor) -> str:
    """Steps over MATCH, ON DELETE, ON UPDATE: SET NULL and SET DEFAULT would read as options of the column."""
    on_delete = "NO ACTION"
    while True:
        if cursor.accept("match"):
            cursor.skip()
        elif cursor.accept("on"):
            deleting = cursor.next().word == "delete"
            action = cursor.keywords(2 if cursor.peek().word in ("set", "no") else 1)
            for _ in action.split():
                cursor.skip()
            if cursor.at("("):  # SET NULL (column)
                cursor.inside()
            on_delete = action if deleting else on_delete
        else:
            return on_delete
