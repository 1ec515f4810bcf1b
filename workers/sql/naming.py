"""The names that PostgreSQL gives to indexes and constraints that a statement leaves unnamed."""

from __future__ import annotations

from workers.changes import ConstraintKind
from workers.sql.table_actions import Constraint

_NAME_BYTES = 63
_LABELS = {
    ConstraintKind.CHECK: "check",
    ConstraintKind.FOREIGN_KEY: "fkey",
    ConstraintKind.PRIMARY_KEY: "pkey",
    ConstraintKind.UNIQUE: "key",
    ConstraintKind.EXCLUSION: "excl",
    ConstraintKind.NOT_NULL: "not_null",
}


def constraint_name(table: str, constraint: Constraint) -> str:
    """The constraint's own name, that of the index it takes over, or the server's choice. The number that the server
    adds to a name that is taken is not foreseen."""
    if constraint.name or constraint.using_index:
        return constraint.name or constraint.using_index or ""
    columns = () if constraint.kind is ConstraintKind.PRIMARY_KEY else constraint.columns
    return _joined(table, columns, _LABELS[constraint.kind])


def index_name(table: str, columns: tuple[str, ...]) -> str:
    """Of CREATE INDEX without a name."""
    return _joined(table, columns, "idx")


def object_name(table: str, columns: tuple[str, ...], label: str) -> str:
    """Of anything else, such as a serial's sequence: orders_number_seq."""
    return _joined(table, columns, label)


def _joined(table: str, columns: tuple[str, ...], label: str) -> str:
    """As makeObjectName in src/backend/commands/indexcmds.c: the longer of the two parts is cut first."""
    middle = "_".join(column if column.isidentifier() else "expr" for column in columns)
    room = _NAME_BYTES - len(label) - 1 - (1 if middle else 0)
    first, second = table.encode(), middle.encode()
    while len(first) + len(second) > room:
        if len(first) > len(second):
            first = first[:-1]
        else:
            second = second[:-1]
    parts = (first.decode(errors="ignore"), second.decode(errors="ignore"), label)
    return "_".join(part for part in parts if part)
