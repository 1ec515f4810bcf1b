"""Indexes made, dropped and made anew without keeping anybody from writing."""

from __future__ import annotations

from collections.abc import Iterator

from workers.catalog import Catalog, Kind, Object
from workers.changes import IndexCreated
from workers.rewrites import lineage
from workers.rewrites.wording import inside, name_sql, outside, quote, with_word
from workers.rules import Step, schema
from workers.sql.actions import CreateIndex, DropIndex, Reindex
from workers.sql.cursor import Cursor
from workers.sql.naming import index_name
from workers.sql.object_actions import Refresh
from workers.verdict import RewriteStep
from workers.words import Name

Steps = tuple[RewriteStep, ...]


def create_index(step: Step, action: CreateIndex) -> Steps:
    """https://www.postgresql.org/docs/current/sql-createindex.html#SQL-CREATEINDEX-CONCURRENTLY"""
    if action.concurrently:
        return alone(step)
    if action.only:
        return ()
    text = step.statement.text
    if step.before is None or not lineage.partitioned(step.before, action.table):
        return (outside(with_word(text, "index", word="CONCURRENTLY")),)
    return tuple(_on_partitions(step, action, step.before))


def _on_partitions(step: Step, action: CreateIndex, before: Catalog) -> Iterator[RewriteStep]:
    """On the parent alone, where it is invalid until each partition's has been attached. Partitions of partitions would
    need the same again, and foreign tables have no index."""
    text = step.statement.text
    leaves = tuple(lineage.partitions(before, action.table))
    if any(leaf.text("partition_key") is not None or leaf.kind is Kind.FOREIGN_TABLE for leaf in leaves):
        return
    cursor = Cursor(text)
    if action.if_not_exists or action.name is None or not cursor.find("on"):
        return
    head, rest = text[: cursor.last_end], text[cursor.last_end :]
    yield inside(f"{head} ONLY{rest}")
    schema_sql = quote(action.table.schema)
    unique = "UNIQUE " if action.unique else ""
    cursor.path()
    elements = text[cursor.last_end :]
    for leaf in leaves:
        index = _chosen(step, action, leaf)
        yield outside(f"CREATE {unique}INDEX CONCURRENTLY {quote(index)} ON {name_sql(Name(*leaf.path))}{elements}")
        leaf_index = name_sql(Name(leaf.path[0], index))
        yield inside(f"ALTER INDEX {schema_sql}.{quote(action.name)} ATTACH PARTITION {leaf_index}")


def _chosen(step: Step, action: CreateIndex, leaf: Object) -> str:
    """The name that the server gave to the partition's index when the statement ran."""
    table = Name(*leaf.path)
    seen = (c.index.name for c in step.changes if isinstance(c, IndexCreated) and c.table == table)
    return next(seen, index_name(table.name, action.columns))


def alone(step: Step) -> Steps:
    """What no transaction may hold, where the runner would put it into one."""
    return (outside(step.statement.text),) if step.in_transaction else ()


def drop_index(step: Step, action: DropIndex) -> Steps:
    """One statement for each. Not with CASCADE, and not for the index of a partitioned table, of which the server
    refuses it (https://www.postgresql.org/docs/current/sql-dropindex.html)."""
    found = [schema.find(step.before, Kind.INDEX, index.schema, index.name) for index in action.indexes]
    cursor = Cursor(step.statement.text)
    if action.concurrently:
        return alone(step)
    if any(index and index.attributes.get("table_kind") == "p" for index in found):
        return ()
    if Cursor(step.statement.text).find("cascade"):
        return ()
    cursor.expect("drop", "index")
    unless = "IF EXISTS " if cursor.accept("if", "exists") else ""
    names = [item.until("restrict", "cascade") for item in cursor.items()]
    return tuple(outside(f"DROP INDEX CONCURRENTLY {unless}{name}") for name in names)


def reindex(step: Step, action: Reindex) -> Steps:
    if action.concurrently:
        return alone(step)
    if action.kind not in ("index", "table", "schema"):
        return ()
    return (outside(with_word(step.statement.text, action.kind, word="CONCURRENTLY")),)


def refresh(step: Step, action: Refresh) -> Steps:
    """Needs a unique index over all rows (https://www.postgresql.org/docs/current/sql-refreshmaterializedview.html)."""
    text = step.statement.text
    if action.concurrently or step.before is None or Cursor(text).find("no", "data"):
        return ()
    for each in step.before.of_kind(Kind.INDEX):
        definition = each.text("definition") or ""
        cursor = Cursor(definition)
        if cursor.accept("create", "unique", "index") and cursor.find("on") and cursor.name() == action.view:
            return () if cursor.find("where") else (inside(with_word(text, "view", word="CONCURRENTLY")),)
    return ()
