"""What each runner's table looks like, and what it writes there, for the tests of history tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import psycopg

from workers.environments.history.checksum import checksum, crc32, sha1, sha384
from workers.environments.history.siphash import siphash_1_3
from workers.migrations import BY_NAME
from workers.migrations.history_tables import HISTORY_TABLES
from workers.model import Migration


@dataclass(frozen=True, slots=True)
class Runner:
    """What a runner's table looks like. row: of an applied migration, with {version}, {name}, {hash} …; foreign: of one
    that has no file, and what it is called. failed: makes the newest row one of a failed migration, "" where there is
    no such thing. made: the table, where no layout has its own."""

    row: str
    foreign: tuple[str, str]
    failed: str = ""
    hash: Any = None
    made: str = ""
    table: str = ""

    def make(self, c: psycopg.Connection[Any], layout: str) -> None:
        if self.made:
            c.execute(self.made.encode())
            return
        made = HISTORY_TABLES[layout]
        if made.schema:
            c.execute(f"CREATE SCHEMA {made.schema}".encode())
        c.execute(made.sql.replace("{table}", self.place(layout)).encode())

    def place(self, layout: str) -> str:
        if self.table:
            return self.table
        made = HISTORY_TABLES[layout]
        return f"{made.schema}.{made.name}" if made.schema else made.name

    def add(self, c: psycopg.Connection[Any], layout: str, *migrations: Migration) -> None:
        for hour, one in enumerate(migrations):
            values = _values(layout, one)
            hash = self.hash(one) if self.hash else ""
            c.execute(self._sql(layout, self.row, {**values, "hash": hash, "hour": f"{hour:02}"}))

    def fail(self, c: psycopg.Connection[Any], layout: str) -> None:
        c.execute(self._sql(layout, self.failed, {}))

    def add_foreign(self, c: psycopg.Connection[Any], layout: str) -> None:
        c.execute(self._sql(layout, self.foreign[0], {}))

    def _sql(self, layout: str, text: str, values: Mapping[str, str]) -> bytes:
        return text.format(table=self.place(layout), **values).encode()


def _values(layout: str, one: Migration) -> dict[str, str]:
    version = BY_NAME[layout].version(one.id)
    name = one.id.partition("__")[2] or one.id.partition("_")[2] or one.id
    return {"id": one.id, "version": version, "name": name.replace("_", " "), "when": one.known_as}


def _little(one: Migration) -> bytes:
    return int(one.id[1]).to_bytes(4, "little")


_AT = "'2026-01-01 {hour}:00'"

RUNNERS = {
    "dbmate": Runner(
        "INSERT INTO {table} VALUES ('{version}')", ("INSERT INTO {table} VALUES ('99')", "99")
    ),
    "diesel": Runner(
        f"INSERT INTO {{table}} VALUES ('{{version}}', {_AT})",
        ("INSERT INTO {table} VALUES ('00000000000000')", "00000000000000"),
    ),
    "goose": Runner(
        f"INSERT INTO {{table}} (version_id, is_applied, tstamp) VALUES ({{version}}, true, {_AT})",
        ("INSERT INTO {table} (version_id, is_applied) VALUES (99, true)", "99"),
    ),
    "node-pg-migrate": Runner(
        f"INSERT INTO {{table}} (name, run_on) VALUES ('{{id}}', {_AT})",
        ("INSERT INTO {table} (name, run_on) VALUES ('99_code', now())", "99_code"),
    ),
    "sql-migrate": Runner(
        f"INSERT INTO {{table}} VALUES ('{{version}}', {_AT})",
        ("INSERT INTO {table} VALUES ('99_gone.sql', now())", "99_gone.sql"),
    ),
    "supabase": Runner(
        "INSERT INTO {table} VALUES ('{version}', ARRAY['…'], '{name}')",
        ("INSERT INTO {table} VALUES ('99990101000000')", "99990101000000"),
    ),
    "rails": Runner(
        "INSERT INTO {table} VALUES ('{version}')",
        ("INSERT INTO {table} VALUES ('99')", "99"),
        made="CREATE TABLE schema_migrations (version varchar NOT NULL PRIMARY KEY)",
        table="schema_migrations",
    ),
    "sqlx": Runner(
        f"INSERT INTO {{table}} VALUES ({{version}}, '{{name}}', {_AT}, true, decode('{{hash}}', 'hex'), -1)",
        ("INSERT INTO {table} VALUES (99, 'gone', now(), true, 'x', 7)", "99"),
        "UPDATE {table} SET success = false WHERE version = (SELECT max(version) FROM {table})",
        lambda one: sha384(one.text),
    ),
    "refinery": Runner(
        "INSERT INTO {table} VALUES ({version}, '{name}', '2026-01-01T{hour}:00:00.123456789Z', '{hash}')",
        ("INSERT INTO {table} VALUES (99, 'gone', '2026-01-02T00:00:00Z', '1')", "99"),
        hash=lambda one: siphash_1_3(one.id[4:].encode() + b"\xff" + _little(one) + one.text.encode() + b"\xff"),
    ),
    "flyway": Runner(
        "INSERT INTO {table} SELECT coalesce(max(installed_rank), 0) + 1, '{version}', '{name}', 'SQL', '{id}.sql', "
        f"{{hash}}, 'me', {_AT}, 5, true FROM {{table}}",
        (
            "INSERT INTO {table} VALUES (99, '99', 'gone', 'SQL', 'V99__gone.sql', 1, 'me', now(), 5, true)",
            "V99__gone.sql",
        ),
        "UPDATE {table} SET success = false WHERE installed_rank = (SELECT max(installed_rank) FROM {table})",
        lambda one: crc32(one.text),
    ),
    "drizzle": Runner(
        "INSERT INTO {table} (hash, created_at) VALUES ('{hash}', {when})",
        ("INSERT INTO {table} (hash, created_at) VALUES ('f00', 1800000000000)", "1800000000000"),
        hash=lambda one: checksum(one.whole or one.text),
    ),
    "atlas": Runner(
        "INSERT INTO {table} (version, description, type, applied, total, executed_at, execution_time, hash, "
        f"operator_version) VALUES ('{{version}}', '{{name}}', 2, 1, 1, {_AT}, 1, 'h', 'Atlas CLI')",
        (
            "INSERT INTO {table} (version, description, applied, total, executed_at, execution_time, hash, "
            "operator_version) VALUES ('99', 'gone', 1, 1, now(), 1, 'h', '')",
            "99",
        ),
        "UPDATE {table} SET total = 2, error = 'no' WHERE version = (SELECT max(version) FROM {table})",
    ),
    "sqitch": Runner(
        f"INSERT INTO {{table}} VALUES ('id of {{id}}', '{{hash}}', '{{id}}', 'shop', {_AT})",
        ("INSERT INTO {table} VALUES ('id', 'hash', 'gone', 'shop', now())", "gone"),
        hash=lambda one: sha1(one.text),
        made="CREATE SCHEMA sqitch; CREATE TABLE sqitch.changes (change_id text PRIMARY KEY, script_hash text, "
        "change text NOT NULL, project text NOT NULL, committed_at timestamptz NOT NULL)",
        table="sqitch.changes",
    ),
    "hasura": Runner(
        "UPDATE {table} SET cli_state = jsonb_set(cli_state, '{{migrations,default,{version}}}', 'false')",
        ("UPDATE {table} SET cli_state = jsonb_set(cli_state, '{{migrations,default,1999999999999}}', 'false')",
         "1999999999999"),
        "UPDATE {table} SET cli_state = jsonb_set(cli_state, '{{migrations,default,1700000000003}}', 'true')",
        made="CREATE SCHEMA hdb_catalog; CREATE TABLE hdb_catalog.hdb_version (hasura_uuid uuid PRIMARY KEY DEFAULT "
        "gen_random_uuid(), version text NOT NULL, upgraded_on timestamptz NOT NULL, cli_state jsonb NOT NULL DEFAULT "
        "'{}', console_state jsonb NOT NULL DEFAULT '{}'); INSERT INTO hdb_catalog.hdb_version (version, upgraded_on, "
        "cli_state) VALUES ('48', now(), '{\"migrations\": {\"default\": {}}, \"settings\": {}}')",
        table="hdb_catalog.hdb_version",
    ),
}  # fmt: skip
