"""Where a history table stands on a server, and whether the table there is the one that its runner makes."""

from __future__ import annotations

import weakref
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg
from psycopg import sql
from psycopg.rows import tuple_row

from workers.errors import Refused
from workers.migrations.history_tables import HistoryTable

Connection = psycopg.Connection[Any]

# Categories of types (https://www.postgresql.org/docs/current/catalog-pg-type.html#CATALOG-TYPCATEGORY-TABLE).
TEXT, NUMBER, BOOLEAN, OTHER, ANY = "S", "N", "B", "U", ""

_FIND = sql.SQL("""SELECT nspname, pg_catalog.has_schema_privilege(pg_namespace.oid, 'USAGE')
        AND pg_catalog.has_table_privilege(pg_class.oid, 'SELECT'), current_user, (
    SELECT pg_catalog.array_agg(ARRAY[attname::text, typcategory::text, pg_catalog.format_type(atttypid, NULL)])
    FROM pg_catalog.pg_attribute JOIN pg_catalog.pg_type ON pg_type.oid = atttypid
    WHERE attrelid = pg_class.oid AND attnum > 0 AND NOT attisdropped)
FROM pg_catalog.pg_class JOIN pg_catalog.pg_namespace ON pg_namespace.oid = relnamespace
WHERE relname = %s AND relkind IN ('r', 'p', 'v', 'm', 'f') AND nspname = ANY (%s)
ORDER BY pg_catalog.array_position(%s, nspname::text) LIMIT 1""")

# Prisma counts ordinary tables only, and not those that PostGIS makes.
_ORDINARY = sql.SQL("""SELECT relname FROM pg_catalog.pg_class
JOIN pg_catalog.pg_namespace AS schema ON schema.oid = relnamespace
WHERE relkind = 'r' AND nspname = %s AND lower(relname) <> ALL (%s) ORDER BY relname""")
_POSTGIS = ["spatial_ref_sys", "geometry_columns", "geography_columns", "raster_columns", "raster_overviews"]

# Each connection's schemas for tables: those of its search_path when it was first asked. A migration may set another
# one that stays, as what pg_dump writes does, and the table is not there.
_paths: weakref.WeakKeyDictionary[Connection, tuple[str, ...]] = weakref.WeakKeyDictionary()


@dataclass(frozen=True, slots=True)
class Table:
    """A runner's table. runner: its name, for people. columns: those that are read, each with its type's category.
    schema: where the runner puts it; "" for the first of the search_path. reach: how many schemas of the search_path it
    is looked for in, None for all."""

    runner: str
    name: str
    columns: Mapping[str, str]
    schema: str = ""
    reach: int | None = None

    @property
    def shown(self) -> str:
        return f"{self.schema}.{self.name}" if self.schema else self.name


@dataclass(frozen=True, slots=True)
class Found:
    """A table that is there, and its columns."""

    schema: str
    name: str
    columns: frozenset[str]

    @property
    def place(self) -> sql.Identifier:
        return sql.Identifier(self.schema, self.name)


def find(c: Connection, table: Table) -> Found | None:
    """None where there is no such table. Raises Refused where it is another's, or not for us to read."""
    schemas = [*filter(None, (table.schema,)), *search_path(c)[: table.reach]]
    row = execute(c, _FIND, table.name, schemas, schemas).fetchone()
    if row is None:
        return None
    schema, readable, role, columns = row
    types = {name: (category, type) for name, category, type in columns or ()}
    for name, wanted in table.columns.items():
        if name not in types:
            raise Refused(f"{schema}.{table.name} has no column {name}, so it is not {table.runner}'s history table")
        category, type = types[name]
        if wanted not in (ANY, category):
            said = f"{schema}.{table.name} has a column {name} of the type {type}"
            raise Refused(f"{said}, so it is not {table.runner}'s history table")
    if not readable:
        raise Refused(f"the role {role} may not read {schema}.{table.name}: GRANT USAGE on the schema, SELECT on it")
    return Found(schema, table.name, frozenset(types))


def home(c: Connection, table: Table) -> sql.Identifier:
    """Where it would be made. Raises Refused where no schema of the search_path is there."""
    path = (table.schema,) if table.schema else search_path(c)
    if not path:
        raise Refused(f"no schema of the search_path is there, so there is no place for {table.name}")
    return sql.Identifier(path[0], table.name)


def missing(c: Connection, table: Table) -> bool:
    """Whether the table is to be made. Raises Refused where it is not there, and the schema has other tables."""
    if find(c, table) is not None:
        return False
    if why := unknown(c, table.shown):
        raise Refused(why)
    return True


def create(c: Connection, table: Table, made: HistoryTable) -> None:
    """As its runner makes it, with its schema. Raises Refused where no schema of the search_path is there."""
    if table.schema:
        execute(c, sql.SQL("CREATE SCHEMA IF NOT EXISTS {schema}").format(schema=sql.Identifier(table.schema)))
    execute(c, sql.SQL(made.sql).format(table=home(c, table)))


def database(c: Connection) -> str:
    """Its name."""
    row = execute(c, sql.SQL("SELECT pg_catalog.current_database()")).fetchone()
    assert row is not None
    return str(row[0])


def search_path(c: Connection) -> tuple[str, ...]:
    """The schemas of it that are there, as they were when the connection was first asked."""
    if c not in _paths:
        row = execute(c, sql.SQL("SELECT pg_catalog.current_schemas(false)::text[]")).fetchone()
        if row is None or not row[0]:
            return ()
        _paths[c] = tuple(row[0])
    return _paths[c]


def unknown(c: Connection, name: str) -> str:
    """Why nobody can know what was applied where there is no table of that name; "" where the schema is empty."""
    schema = next(iter(search_path(c)), None)
    tables = [one for (one,) in execute(c, _ORDINARY, schema, _POSTGIS).fetchall()] if schema else []
    if not tables:
        return ""
    return (
        f"the schema {schema} has tables ({tables[0]} …) and no {name}, so what was applied there is not "
        "known: mark each migration that it already has as applied, then deploy the others"
    )


def execute(c: Connection, statement: sql.SQL | sql.Composed, *values: object) -> psycopg.Cursor[tuple[Any, ...]]:
    """Never as a prepared statement: a migration may end with DISCARD ALL."""
    return c.cursor(row_factory=tuple_row).execute(statement, values, prepare=False)
