"""Code that leaves a NOT NULL column to its default can no longer insert once the default is dropped."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind
from workers.changes import DefaultChanged
from workers.model import Level
from workers.rules import schema
from workers.rules.rule import Rule, Step
from workers.verdict import Finding
from workers.words import Name

_FIRST = "Deploy code that always sets it first, and drop the default in a later release."
_NEW = (
    "Keep the default for now: code that sets it can only be deployed once the column is there. Drop the default in a "
    "release after that."
)


def check(step: Step) -> Iterator[Finding]:
    """Also an identity or a generation expression. What the column is after the migration counts: it may have got
    another default, or be nullable."""
    left: dict[Name, list[str]] = {}
    for change in step.changes:
        if isinstance(change, DefaultChanged) and step.existing(change.table) and _required(step.after, change):
            left.setdefault(change.table, []).append(change.column)
    for table, columns in left.items():
        order = _NEW if all(step.added(table, column) for column in columns) else _FIRST
        yield step.finding(
            RULE,
            f"{table}.{columns[0]}" if len(columns) == 1 else str(table),
            f"Of {table}, {', '.join(columns)} {'is' if len(columns) == 1 else 'are'} NOT NULL and left without a "
            f"default: INSERTs of code that runs while this is deployed fail if they leave it out. {order}",
        )


def _required(after: Catalog | None, change: DefaultChanged) -> bool:
    """Partitions follow their parent, which is told."""
    if after is None or change.new is not None:
        return False
    column = schema.column(after, change.table, change.column)
    if column is None or column.flag("inherited") or not column.flag("not_null"):
        return False
    filled = column.flag("identity") or column.flag("generated") or any(schema.parts(after, column, Kind.DEFAULT))
    return not filled


RULE = Rule(
    "default-dropped",
    Level.RISKY,
    "Code that leaves a NOT NULL column to its default can no longer insert once the default is dropped.",
    check,
    needs_server=True,
)
