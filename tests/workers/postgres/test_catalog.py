"""The snapshot of a schema: complete, qualified, and read without a trace."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.catalog import Catalog, Kind, Object
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        yield connection


def one(catalog: Catalog, kind: Kind, *path: str) -> Object:
    (found,) = (each for each in catalog.of_kind(kind) if each.path == path)
    return found


def labels(catalog: Catalog) -> set[str]:
    return {each.label for each in catalog.objects.values()}


def test_an_empty_database_holds_its_schema_and_language(connection: Connection) -> None:
    assert labels(read_catalog(connection)) == {"schema public", "extension plpgsql"}


def test_every_kind_is_seen(connection: Connection) -> None:
    connection.execute(
        b"""CREATE SCHEMA s; CREATE TYPE s.e AS ENUM ('b', 'a'); CREATE DOMAIN s.d AS int CHECK (VALUE > 0);
        CREATE TYPE s.c AS (x int); CREATE TABLE s.t (id serial PRIMARY KEY, e s.e DEFAULT 'a');
        CREATE INDEX ON s.t (e); CREATE VIEW s.v AS SELECT * FROM s.t; CREATE MATERIALIZED VIEW s.m AS SELECT 1 AS a;
        CREATE FUNCTION s.f(int) RETURNS void LANGUAGE plpgsql AS 'BEGIN END';
        CREATE FUNCTION s.f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN END';
        CREATE TRIGGER g BEFORE UPDATE ON s.t FOR EACH ROW EXECUTE FUNCTION s.f();
        CREATE RULE r AS ON DELETE TO s.t DO INSTEAD NOTHING; CREATE POLICY p ON s.t;
        CREATE STATISTICS s.st ON id, e FROM s.t; CREATE TEMP TABLE hidden (a int);"""
    )
    assert labels(read_catalog(connection)) == {
        *("schema public", "extension plpgsql", "schema s", "enum s.e", "domain s.d", "constraint s.d.d_check"),
        *("composite type s.c", "table s.t", "column s.t.id", "column s.t.e", "sequence s.t_id_seq", "default s.t.id"),
        *("default s.t.e", "constraint s.t.t_pkey", "index s.t_pkey", "index s.t_e_idx", "view s.v"),
        *("materialized view s.m", "function s.f()", "function s.f(integer)", "trigger s.t.g", "rule s.t.r"),
        *("policy s.t.p", "statistics s.st"),
    }


def test_attributes_of_a_column(connection: Connection) -> None:
    connection.execute(b'CREATE TABLE t ("A b" varchar(20) COLLATE "C" NOT NULL DEFAULT \'x\')')
    connection.execute(b"COMMENT ON COLUMN t.\"A b\" IS 'note'")
    catalog = read_catalog(connection)
    column = one(catalog, Kind.COLUMN, "public", "t", "A b")
    assert {name: value for name, value in column.attributes.items() if value not in (None, False)} == {
        "type": "character varying(20)",
        "collation": 'pg_catalog."C"',
        "not_null": True,
        "not_null_valid": True,
        "not_null_own": True,
        "comment": "note",
    } | ({"not_null_constraint": "t_A b_not_null"} if connection.info.server_version >= 180000 else {})
    assert one(catalog, Kind.DEFAULT, "public", "t", "A b").text("definition") == "'x'::character varying"
    assert column.parent == one(catalog, Kind.TABLE, "public", "t").id


def test_enum_labels_stand_in_their_order(connection: Connection) -> None:
    connection.execute(b"CREATE TYPE e AS ENUM ('z', 'a'); ALTER TYPE e ADD VALUE 'm' BEFORE 'a'")
    assert one(read_catalog(connection), Kind.ENUM, "public", "e").texts("labels") == ("z", "m", "a")


def test_dependencies_name_the_object_behind_an_array_or_row_type(connection: Connection) -> None:
    connection.execute(b"CREATE TYPE e AS ENUM ('a'); CREATE TABLE t (x e[]); CREATE VIEW v AS SELECT t FROM t")
    catalog = read_catalog(connection)
    column, enum = one(catalog, Kind.COLUMN, "public", "t", "x"), one(catalog, Kind.ENUM, "public", "e")
    assert enum.id in {dependency.on for dependency in catalog.on(column.id)}
    view, table = one(catalog, Kind.VIEW, "public", "v"), one(catalog, Kind.TABLE, "public", "t")
    assert table.id in {dependency.on for dependency in catalog.on(view.id)}


@pytest.mark.parametrize("path", ["", "public", "evil, pg_catalog, public", "pg_temp"])
def test_definitions_are_qualified_whatever_the_search_path(connection: Connection, path: str) -> None:
    connection.execute(
        b"""CREATE SCHEMA evil; CREATE FUNCTION evil.format_type(oid, int) RETURNS text
        LANGUAGE sql AS $$ SELECT 'x' $$;
        CREATE TABLE public.pg_class (a int); CREATE TYPE e AS ENUM ('a');
        CREATE TABLE t (x e, CHECK (x = 'a')); CREATE VIEW v AS SELECT x FROM t;"""
    )
    connection.execute("SELECT set_config('search_path', %s, false)", (path,))
    catalog = read_catalog(connection)
    assert one(catalog, Kind.COLUMN, "public", "t", "x").text("type") == "public.e"
    assert "'a'::public.e" in str(one(catalog, Kind.CONSTRAINT, "public", "t", "t_x_check").text("definition"))
    assert "FROM public.t" in str(one(catalog, Kind.VIEW, "public", "v").text("definition"))
    assert connection.execute("SHOW search_path").fetchall() == [(path,)]


def test_inside_a_transaction_it_sees_what_is_not_committed_and_leaves_it_open(connection: Connection) -> None:
    with connection.transaction():
        connection.execute("CREATE TABLE t (a int)")
        assert "table public.t" in labels(read_catalog(connection))
        connection.execute("SAVEPOINT still_open")
    assert "table public.t" in labels(read_catalog(connection))
    assert connection.info.transaction_status == psycopg.pq.TransactionStatus.IDLE


def test_settings_of_the_session_change_neither_the_snapshot_nor_are_changed(connection: Connection) -> None:
    connection.execute(
        b"CREATE TABLE t (a timestamptz DEFAULT '2024-01-01 00:00+00'::timestamptz, b float DEFAULT 0.1)"
    )
    plain = read_catalog(connection)
    connection.execute(b"SET TimeZone TO 'Asia/Tokyo'; SET DateStyle TO german; SET quote_all_identifiers TO on")
    assert read_catalog(connection).objects == plain.objects
    assert connection.execute("SHOW TimeZone").fetchall() == [("Asia/Tokyo",)]


def test_grants_are_listed_only_where_they_are_not_the_usual_ones(connection: Connection) -> None:
    connection.execute(b"CREATE TABLE t (a int); CREATE TABLE u (a int); CREATE TABLE w (a int)")
    connection.execute(b"GRANT SELECT ON t TO PUBLIC; GRANT SELECT ON u TO PUBLIC; REVOKE SELECT ON u FROM PUBLIC")
    catalog = read_catalog(connection)
    granted = {name: one(catalog, Kind.TABLE, "public", name).attributes["grants"] for name in "tuw"}
    assert (granted["u"], granted["w"]) == (None, None)
    assert "SELECT TO PUBLIC" in one(catalog, Kind.TABLE, "public", "t").texts("grants")


def test_an_object_keeps_its_id_through_renames_and_moves(connection: Connection) -> None:
    connection.execute(b"CREATE SCHEMA s; CREATE TABLE t (a int)")
    before = one(read_catalog(connection), Kind.COLUMN, "public", "t", "a")
    connection.execute(b"ALTER TABLE t RENAME a TO b; ALTER TABLE t RENAME TO u; ALTER TABLE u SET SCHEMA s")
    after = one(read_catalog(connection), Kind.COLUMN, "s", "u", "b")
    assert (after.id, after.raw) == (before.id, before.raw)
