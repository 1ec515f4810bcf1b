"""What Prisma manages differs as Prisma's own engine sees it, and the SQL written for it closes the gap."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator, Mapping
from typing import Any

import psycopg
import pytest

from tests.workers.drift.prisma_schema import DDL, SEEN, UNSEEN
from workers.catalog import Catalog
from workers.drift.closing import Sides, closing_sql
from workers.drift.gaps import Gap, gaps
from workers.drift.managed import Leeway, managed
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role

_Connection = psycopg.Connection[Any]


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[_Connection]:
    """To a database of its own that holds the schema as Prisma makes it."""
    cluster.create_database("drift_managed")
    with cluster.connect(Role.MIGRATION, "drift_managed") as connection:
        connection.execute(DDL.encode())
        yield connection
    cluster.drop_database("drift_managed")


@pytest.fixture(scope="module")
def declared(connection: _Connection) -> Catalog:
    return read_catalog(connection)


@contextlib.contextmanager
def built(connection: _Connection, sql: str) -> Iterator[Catalog]:
    """The schema changed, until the block ends."""
    with connection.transaction(force_rollback=True):
        connection.execute(sql.encode())
        yield read_catalog(connection)


def run(connection: _Connection, statements: tuple[str, ...]) -> Catalog:
    for statement in statements:
        connection.execute(statement.encode())
    return read_catalog(connection)


def found(declared: Catalog, built: Catalog, leeway: Leeway | None = None) -> tuple[Gap, ...]:
    return gaps(*managed(declared, built, leeway or Leeway()))


def told(gaps: tuple[Gap, ...]) -> tuple[str, ...]:
    return tuple(f"{gap.kind} {gap.object}" for gap in gaps)


def test_a_schema_is_what_it_is(declared: Catalog) -> None:
    assert found(declared, declared) == ()


@pytest.mark.parametrize("row", UNSEEN, ids=[", ".join(row) for row in UNSEEN])
def test_what_prisma_cannot_say_is_no_drift(connection: _Connection, declared: Catalog, row: Mapping[str, str]) -> None:
    with built(connection, "; ".join(row.values())) as catalog:
        assert found(declared, catalog) == ()


@pytest.mark.parametrize(("sql", "expected"), SEEN, ids=[sql for sql, _ in SEEN])
def test_drift_is_told_and_closed(
    connection: _Connection, declared: Catalog, sql: str, expected: tuple[str, ...]
) -> None:
    with built(connection, sql) as catalog:
        drift = found(declared, catalog)
        assert sorted(told(drift)) == sorted(expected)
        statements = closing_sql(Sides(declared, catalog, managed(declared, catalog)), drift)
        assert found(declared, run(connection, statements)) == ()


def test_the_reverse_is_told_as_well(connection: _Connection, declared: Catalog) -> None:
    """What is built and not declared, once as declared and not built: a value that an enum lacks is added to it."""
    sql = """ALTER TYPE "Role" ADD VALUE 'LAST'; ALTER TYPE "Role" ADD VALUE 'FIRST' BEFORE 'USER';
        ALTER TABLE "User" ADD born int DEFAULT 3; CREATE TABLE later (id serial PRIMARY KEY, "of" int UNIQUE)"""
    with built(connection, sql) as catalog:
        drift = found(catalog, declared)
        assert told(drift) == (
            "different enum public.Role",
            "missing column public.User.born",
            "missing table public.later",
        )
        statements = closing_sql(Sides(catalog, declared, managed(catalog, declared)), drift)
        assert statements[:2] == (
            """ALTER TYPE "public"."Role" ADD VALUE 'FIRST' BEFORE 'USER';""",
            """ALTER TYPE "public"."Role" ADD VALUE 'LAST' AFTER 'ADMIN';""",
        )
    with built(connection, "SELECT 1"):
        assert found(catalog, run(connection, statements)) == ()


def test_a_rename_costs_no_rebuild(connection: _Connection, declared: Catalog) -> None:
    with built(connection, 'ALTER INDEX "User_name_idx" RENAME TO foo') as catalog:
        drift = found(declared, catalog)
        assert [gap.likely for gap in drift] == ["index public.foo", "index public.User_name_idx"]
        sides = Sides(declared, catalog, managed(declared, catalog))
        assert closing_sql(sides, drift) == ('ALTER INDEX "public"."foo" RENAME TO "User_name_idx";',)


def test_what_the_schema_leaves_open_is_no_drift(connection: _Connection, declared: Catalog) -> None:
    sql = """ALTER TABLE "User" ALTER g SET DEFAULT uuid_in('0'::cstring); CREATE TABLE extra (id int);
        CREATE TYPE kept AS ENUM ('a'); ALTER TABLE "User" ALTER name TYPE varchar(60)"""
    open_ = Leeway(frozenset({("User", "g")}), frozenset({("User", "name")}), frozenset({"public.extra", "kept"}))
    with built(connection, sql) as catalog:
        assert len(found(declared, catalog)) == 4
        assert found(declared, catalog, open_) == ()
