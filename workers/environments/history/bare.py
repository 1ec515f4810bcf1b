"""The history tables that have one row for an applied migration, and no checksum: of dbmate, diesel, goose, …"""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final, LiteralString

from workers.environments.history.book import Begun
from workers.environments.history.place import ANY, BOOLEAN, NUMBER, TEXT, Table
from workers.environments.history.rows import RowsBook, by_version, fixed_lock, own_lock
from workers.migrations import BY_NAME
from workers.migrations.history_tables import HISTORY_TABLES

VERSIONS: Final[LiteralString] = (
    "SELECT version::text, '', NULL::timestamptz, 'applied' FROM {table} ORDER BY length(version), version"
)


def _version(layout: str, begun: Begun) -> str:
    return BY_NAME[layout].version(begun.migration.id)


# https://github.com/amacneil/dbmate/blob/main/pkg/driver/postgres/postgres.go
DBMATE = RowsBook(
    Table("dbmate", "schema_migrations", {"version": TEXT}),
    VERSIONS,
    by_version("dbmate"),
    made=HISTORY_TABLES["dbmate"],
    row=lambda begun: {"version": _version("dbmate", begun)},
    lock=own_lock("schema_migrations"),
)

# https://github.com/diesel-rs/diesel/blob/main/diesel_migrations/src/migration_harness.rs
DIESEL = RowsBook(
    Table("Diesel", "__diesel_schema_migrations", {"version": TEXT, "run_on": ANY}),
    "SELECT version::text, '', run_on::timestamptz, 'applied' FROM {table} ORDER BY run_on, version",
    by_version("diesel"),
    made=HISTORY_TABLES["diesel"],
    row=lambda begun: {"version": _version("diesel", begun)},
    lock=own_lock("__diesel_schema_migrations"),
)

# A version's last row counts; older releases wrote one more for the way back, newer ones delete. 0 is goose's own. The
# key is the one of its library's locker, which its command line does not take
# (https://github.com/pressly/goose/blob/main/lock/session_locker_options.go).
GOOSE = RowsBook(
    Table("goose", "goose_db_version", {"id": NUMBER, "version_id": NUMBER, "is_applied": BOOLEAN, "tstamp": ANY}),
    "SELECT version_id::text, '', tstamp::timestamptz, CASE WHEN is_applied THEN 'applied' ELSE 'rolled back' END "
    "FROM (SELECT DISTINCT ON (version_id) * FROM {table} ORDER BY version_id, id DESC) AS last "
    "WHERE version_id <> 0 ORDER BY tstamp, version_id",
    by_version("goose"),
    made=HISTORY_TABLES["goose"],
    first="INSERT INTO {table} (version_id, is_applied) VALUES (0, true)",
    row=lambda begun: {"version_id": int(_version("goose", begun)), "is_applied": True},
    key="version_id",
    lock=fixed_lock(4097083626),
    late="goose refuses to run it",
)

# https://github.com/rubenv/sql-migrate/blob/master/migrate.go; its table is made by gorp.
SQL_MIGRATE = RowsBook(
    Table("sql-migrate", "gorp_migrations", {"id": TEXT, "applied_at": ANY}),
    "SELECT id::text, '', applied_at::timestamptz, 'applied' FROM {table} ORDER BY applied_at, id",
    by_version("sql-migrate"),
    made=HISTORY_TABLES["sql-migrate"],
    row=lambda begun: {"id": _version("sql-migrate", begun), "applied_at": datetime.now(UTC)},
    key="id",
    lock=own_lock("gorp_migrations"),
)

# https://github.com/salsita/node-pg-migrate/blob/main/src/runner.ts
NODE_PG_MIGRATE = RowsBook(
    Table("node-pg-migrate", "pgmigrations", {"id": NUMBER, "name": TEXT, "run_on": ANY}),
    "SELECT name::text, '', run_on::timestamptz, 'applied' FROM {table} ORDER BY run_on, id",
    by_version("node-pg-migrate"),
    made=HISTORY_TABLES["node-pg-migrate"],
    row=lambda begun: {"name": begun.migration.id, "run_on": "now"},
    key="name",
    lock=fixed_lock(7_241_865_325_823_964),
    late="node-pg-migrate refuses to run it",
)
