"""What a database holds at one moment, and the snapshot by which pg_dump sees that very moment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import psycopg
from psycopg import sql


@dataclass(frozen=True, slots=True)
class Table:
    """oid: by which pg_dump's lists name it. partitioned: has no rows of its own. bytes: with indexes and TOAST. rows:
    None where they were not counted."""

    oid: int
    schema: str
    name: str
    partitioned: bool
    bytes: int
    rows: int | None = None

    def __str__(self) -> str:
        return f"{self.schema}.{self.name}"


@dataclass(frozen=True, slots=True)
class Source:
    """snapshot: to be given to pg_dump while the transaction lasts. tables: all that pg_dump takes. asked: how many
    tables the sample was to have. sample: counted. foreign_keys: oids of those that the sample's rows have to keep."""

    server: str
    encoding: str
    snapshot: str
    tables: tuple[Table, ...]
    extensions: frozenset[str]
    asked: int
    sample: tuple[Table, ...]
    foreign_keys: frozenset[int]

    @property
    def major(self) -> int:
        return int(self.server.partition(".")[0])


# What pg_dump takes: no system schemas, no temporary tables, nothing that CREATE EXTENSION brings back
# (selectDumpableNamespace and checkExtensionMembership in src/bin/pg_dump/pg_dump.c).
_TABLES = """
SELECT c.oid::int8, n.nspname, c.relname, c.relkind = 'p', pg_catalog.pg_total_relation_size(c.oid)
FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
WHERE c.relkind IN ('r', 'p') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema' AND NOT EXISTS (
    SELECT FROM pg_catalog.pg_depend d
    WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid AND d.deptype = 'e')
ORDER BY 1
"""
_EXTENSIONS = "SELECT extname FROM pg_catalog.pg_extension"
# A partition's are dumped as those of the table that it is a part of.
_FOREIGN_KEYS = """
SELECT k.oid::int8 FROM pg_catalog.pg_constraint k JOIN pg_catalog.pg_class c ON c.oid = k.conrelid
WHERE k.contype = 'f' AND (c.relkind = 'p' OR c.oid::int8 = ANY(%s))
"""
# row_security: an error instead of half the rows, as in pg_dump.
_SETTINGS = "SELECT pg_catalog.set_config('lock_timeout', %s, true), pg_catalog.set_config('row_security', 'off', true)"
_FACTS = """
SELECT pg_catalog.current_setting('server_version'), pg_catalog.getdatabaseencoding(), pg_catalog.pg_export_snapshot()
"""


@contextlib.contextmanager
def held_source(
    connection: psycopg.Connection[Any], sample: int, largest_bytes: int, lock_wait_ms: int
) -> Iterator[Source]:
    """connection: in autocommit. sample: how many tables are counted, none of them larger than largest_bytes. The
    snapshot can be used until the block ends (https://www.postgresql.org/docs/current/functions-admin.html#id-1.5.8.33.8).
    Raises psycopg.Error."""
    connection.execute("BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY")
    try:
        connection.execute(_SETTINGS, (str(lock_wait_ms),))
        yield _read(connection, sample, largest_bytes)
    finally:
        with contextlib.suppress(psycopg.Error):  # nothing was changed: a connection that is lost loses nothing
            connection.execute("ROLLBACK")


def _read(connection: psycopg.Connection[Any], sample: int, largest_bytes: int) -> Source:
    version, encoding, snapshot = connection.execute(_FACTS).fetchone() or ("", "", "")
    tables = tuple(Table(*row) for row in connection.execute(_TABLES))
    counted = tuple(
        replace(table, rows=count_rows(connection, table)) for table in sampled(tables, sample, largest_bytes)
    )
    return Source(
        server=version.partition(" ")[0],
        encoding=encoding,
        snapshot=snapshot,
        tables=tables,
        extensions=frozenset(name for (name,) in connection.execute(_EXTENSIONS)),
        asked=sample,
        sample=counted,
        foreign_keys=frozenset(
            oid for (oid,) in connection.execute(_FOREIGN_KEYS, ([table.oid for table in counted],))
        ),
    )


def sampled(tables: Sequence[Table], count: int, largest_bytes: int) -> tuple[Table, ...]:
    """The largest of those that are not too large, and the smallest."""
    fitting = [table for table in tables if not table.partitioned and table.bytes <= largest_bytes]
    ordered = sorted(fitting, key=lambda table: (-table.bytes, table.oid))
    if len(ordered) <= count or count < 2:
        return tuple(ordered[:count])
    return (*ordered[: count - 1], ordered[-1])


def count_rows(connection: psycopg.Connection[Any], table: Table) -> int:
    """Of the table itself, without its children."""
    query = sql.SQL("SELECT pg_catalog.count(*) FROM ONLY {}").format(sql.Identifier(table.schema, table.name))
    found = connection.execute(query).fetchone()
    assert found is not None
    return int(found[0])
