"""Constraints added to a table in use: checked after they are there, on indexes built beforehand."""

from __future__ import annotations

from collections.abc import Iterator

from workers.changes import ConstraintAdded, ConstraintDropped, ConstraintKind
from workers.rewrites import lineage
from workers.rewrites.case import A, Case, Steps, not_null
from workers.rewrites.wording import coined, outside, quote, slice_of
from workers.rules import schema
from workers.sql.cursor import Cursor
from workers.sql.naming import constraint_name
from workers.sql.table_actions import AddConstraint, Constraint, SetNotNull, ValidateConstraint
from workers.verdict import RewriteStep

_CHECKED = (ConstraintKind.CHECK, ConstraintKind.FOREIGN_KEY, ConstraintKind.NOT_NULL)
_INDEXED = (ConstraintKind.UNIQUE, ConstraintKind.PRIMARY_KEY)


def indexed(action: AddConstraint) -> bool:
    return action.constraint.kind in _INDEXED


def add_constraint(case: Case[AddConstraint], drops: tuple[str, ...] = ()) -> Steps:
    """drops: subcommands that take away what the constraint replaces."""
    cursor = Cursor(case.part)
    cursor.expect("add")
    if cursor.accept("constraint"):
        return constrained(case, case.action.constraint, slice_of(cursor, cursor.identifier), drops)
    return constrained(case, case.action.constraint, None, drops)


def constrained(case: Case[A], constraint: Constraint, written: str | None, drops: tuple[str, ...] = ()) -> Steps:
    """The steps that add a constraint. written: its name as the statement spells it."""
    if constraint.not_valid or constraint.using_index or Cursor(constraint.definition).find("enforced"):
        return ()
    name = written or quote(_chosen(case, constraint))
    if constraint.kind in _INDEXED:
        return tuple(_on_an_index(case, constraint, name, drops))
    if constraint.kind not in _CHECKED or _never_unvalidated(case, constraint):
        return ()
    return (
        case.altered(f"ADD CONSTRAINT {name} {constraint.definition} NOT VALID"),
        case.altered(f"VALIDATE CONSTRAINT {name}"),
    )


def _never_unvalidated(case: Case[A], constraint: Constraint) -> bool:
    """A partitioned table takes no foreign key that is NOT VALID, up to PostgreSQL 17
    (https://www.postgresql.org/docs/17/sql-altertable.html)."""
    return constraint.kind is ConstraintKind.FOREIGN_KEY and lineage.partitioned(case.before, case.name)


def _chosen(case: Case[A], constraint: Constraint) -> str:
    """The name that the server gave when the statement ran, if there is no doubt which constraint is meant."""
    table = case.name
    added = [c for c in case.step.changes if isinstance(c, ConstraintAdded) and c.table == table]
    own = [change.constraint for change in added if change.kind is constraint.kind]
    return own[0] if len(own) == 1 else constraint_name(table.name, constraint)


def _on_an_index(case: Case[A], constraint: Constraint, name: str, drops: tuple[str, ...]) -> Iterator[RewriteStep]:
    """The index takes the constraint's name, as it would have had; where that is not free yet, in the end. A
    partitioned table takes no index over. Not where an earlier statement has dropped the primary key: the table would
    be without one while the index is built."""
    if lineage.partitioned(case.before, case.name):
        return
    if constraint.kind is ConstraintKind.PRIMARY_KEY and _key_dropped_before(case):
        return
    index = coined(case.name.name, *constraint.columns, label="key_new") if drops else name
    cursor = Cursor(constraint.definition)
    primary = cursor.accept("primary", "key")
    if not primary:
        cursor.expect("unique")
    nulls = " NULLS NOT DISTINCT" if cursor.accept("nulls", "not", "distinct") else ""
    cursor.accept("nulls", "distinct")
    columns = _parenthesis(cursor)
    parts = [columns]
    if cursor.accept("include"):
        parts.append(f" INCLUDE {_parenthesis(cursor)}")
    parts.append(nulls)
    if cursor.accept("with"):
        parts.append(f" WITH {_parenthesis(cursor)}")
    if cursor.accept("using", "index", "tablespace"):
        parts.append(f" TABLESPACE {quote(cursor.identifier())}")
    deferred = f" {rest}" if (rest := cursor.rest()) else ""
    yield outside(f"CREATE UNIQUE INDEX CONCURRENTLY {index} ON {case.table} {''.join(parts)}")
    if primary:
        for item in Cursor(columns).inside().items():
            written = item.rest()
            yield from _required(case, Cursor(written).identifier(), written)
    kind = "PRIMARY KEY" if primary else "UNIQUE"
    yield case.altered(", ".join((*drops, f"ADD CONSTRAINT {name} {kind} USING INDEX {index}{deferred}")))


def _key_dropped_before(case: Case[A]) -> bool:
    dropped = case.step.earlier.of(ConstraintDropped, case.name)
    return any(each.table == case.name and each.kind in (ConstraintKind.PRIMARY_KEY, None) for each in dropped)


def _parenthesis(cursor: Cursor) -> str:
    return slice_of(cursor, cursor.inside)


def _required(case: Case[A], column: str, column_sql: str) -> Steps:
    found = schema.column(case.before, case.name, column)
    return () if found and found.flag("not_null") else not_null(case, column, column_sql)


def validate(case: Case[ValidateConstraint]) -> Steps:
    """By itself: the locks of what the same transaction did before would be held while the rows are read."""
    return (case.altered(case.part),) if case.step.in_transaction else ()


def set_not_null(case: Case[SetNotNull]) -> Steps:
    cursor = Cursor(case.part)
    cursor.expect("alter")
    cursor.accept("column")
    return not_null(case, case.action.column, slice_of(cursor, cursor.identifier))
