"""Partitions attached and detached without a scan, or a strong lock, that keeps others out."""

from __future__ import annotations

from workers.catalog import Catalog, Kind
from workers.changes import ConstraintKind
from workers.rewrites import lineage, outdated
from workers.rewrites.case import Case, Steps
from workers.rewrites.wording import coined, inside, name_sql, outside, quote, slice_of
from workers.rules import Step, schema
from workers.sql.cursor import Cursor, Unreadable
from workers.sql.naming import constraint_name
from workers.sql.table_actions import AttachPartition, Constraint, CreateTable, DetachPartition
from workers.words import Name


def attach(case: Case[AttachPartition]) -> Steps:
    """A CHECK that says what the bounds say spares the scan, and may be dropped afterwards
    (https://www.postgresql.org/docs/current/ddl-partitioning.html#DDL-PARTITIONING-DECLARATIVE-MAINTENANCE)."""
    key = _key(case.step, case.name)
    if key is None or case.action.default:
        return ()
    cursor = Cursor(case.part)
    cursor.expect("attach", "partition")
    partition = slice_of(cursor, cursor.name)
    bounds = _bounds(cursor, quote(key))
    alone = _checked(partition, coined(case.action.partition.name, label="bounds"), bounds)
    others = _others(case.before, case.name, bounds)
    return (*alone[:-1], *others[:-1], case.altered(case.part), alone[-1], *others[-1:])


def create_partition(step: Step, action: CreateTable) -> Steps:
    """Beside a default partition, which is read for rows that belong into the new one."""
    key = _key(step, action.partition_of) if action.partition_of else None
    if action.partition_of is None or key is None or action.default_partition or action.if_not_exists:
        return ()
    text = step.statement.text
    others = _others(step.before, action.partition_of, _bounds(Cursor(text), quote(key)))
    return (*others[:-1], inside(text), *others[-1:]) if others else ()


def _others(before: Catalog | None, table: Name, bounds: str) -> Steps:
    """A CHECK of the default partition that none of its rows is within the bounds; none where there is no such one."""
    default = next((each for each in lineage.partitions(before, table) if each.text("bound") == "DEFAULT"), None)
    if default is None:
        return ()
    return _checked(name_sql(Name(*default.path)), coined(default.path[1], label="others"), f"NOT ({bounds})")


def _checked(table: str, name: str, condition: str) -> Steps:
    """A CHECK made, proven, and in the end dropped."""
    alter = f"ALTER TABLE {table}"
    return (
        inside(f"{alter} ADD CONSTRAINT {name} CHECK ({condition}) NOT VALID"),
        inside(f"{alter} VALIDATE CONSTRAINT {name}"),
        inside(f"{alter} DROP CONSTRAINT {name}"),
    )


def detach(case: Case[DetachPartition]) -> Steps:
    """Not where there is a default partition, which the server refuses. It leaves a CHECK of the bounds behind
    (https://www.postgresql.org/docs/current/sql-altertable.html#SQL-ALTERTABLE-DETACH-PARTITION)."""
    key, partition = _key(case.step, case.name), case.action.partition
    if key is None or case.action.concurrently:
        return ()
    if any(each.text("bound") == "DEFAULT" for each in lineage.partitions(case.before, case.name)):
        return ()
    left = constraint_name(partition.name, Constraint(ConstraintKind.CHECK, None, (key,), ""))
    if schema.find(case.before, Kind.CONSTRAINT, partition.schema, partition.name, left):
        return ()
    return (
        outside(f"{case.alter.head} {case.part} CONCURRENTLY"),
        inside(f"ALTER TABLE {name_sql(partition)} DROP CONSTRAINT {quote(left)}"),
    )


def _key(step: Step, table: Name) -> str | None:
    """The column that the table is partitioned by; None where it is more than a column."""
    found = schema.table(step.before, table)
    cursor = Cursor((found.text("partition_key") if found else None) or "")
    if not (cursor.accept("range") or cursor.accept("list")):
        return None
    inner = cursor.inside()
    column = inner.identifier() if inner.peek().word or inner.peek().text.startswith('"') else None
    return column if inner.ended and not (column and outdated.key(step, table, (column,))) else None


def _bounds(cursor: Cursor, key: str) -> str:
    """As a condition. Raises Unreadable for what is no plain list or range of one column's values."""
    if not cursor.find("for", "values"):
        raise Unreadable("FOR VALUES expected")
    if cursor.accept("in"):
        values = [item.rest() for item in cursor.inside().items()]
        if any(value.lower() == "null" for value in values):
            raise Unreadable("a partition for NULL")
        return f"{key} IS NOT NULL AND {key} IN ({', '.join(values)})"
    cursor.expect("from")
    lowest = cursor.inside().rest()
    cursor.expect("to")
    highest = cursor.inside().rest()
    above = f" AND {key} >= {lowest}" if lowest.lower() != "minvalue" else ""
    return f"{key} IS NOT NULL{above}" + (f" AND {key} < {highest}" if highest.lower() != "maxvalue" else "")
