"""Two schemas compared by name."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.catalog import Catalog
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.comparison import compare

TABLE = "CREATE TABLE t (a int, b text)"


@pytest.fixture(scope="module")
def connections(cluster: Cluster) -> Iterator[tuple[psycopg.Connection, psycopg.Connection]]:
    with (
        fresh_database(cluster) as one,
        fresh_database(cluster) as other,
        cluster.connect(Role.MIGRATION, one) as first,
        cluster.connect(Role.MIGRATION, other) as second,
    ):
        yield first, second


def read(connection: psycopg.Connection, sql: str) -> Catalog:
    with connection.transaction(force_rollback=True):
        connection.execute(sql.encode())
        return read_catalog(connection)


@pytest.mark.parametrize(
    ("expected", "actual", "lines"),
    [
        (TABLE, TABLE, ()),
        (TABLE, "CREATE TABLE u (x int); DROP TABLE u; CREATE TABLE t (b text, a int)", ()),
        (TABLE, "SELECT 1", ("table public.t is missing",)),
        ("SELECT 1", TABLE, ("table public.t is not expected",)),
        (TABLE, "CREATE TABLE t (a int)", ("column public.t.b is missing",)),
        (
            TABLE,
            "CREATE TABLE t (a bigint, b text)",
            ("column public.t.a, type: expected integer, is bigint",),
        ),
        (
            TABLE,
            TABLE + "; ALTER TABLE t ENABLE ROW LEVEL SECURITY; ALTER TABLE t SET (fillfactor = 50)",
            (
                "table public.t, options: expected none, is (fillfactor=50)",
                "table public.t, row security: expected false, is true",
            ),
        ),
        (
            "CREATE TYPE e AS ENUM ('a', 'b')",
            "CREATE TYPE e AS ENUM ('b', 'a')",
            ("enum public.e, labels: expected (a, b), is (b, a)",),
        ),
        (
            "CREATE FUNCTION f(int) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            "CREATE FUNCTION f(text) RETURNS int LANGUAGE sql AS 'SELECT 1'",
            ("function public.f(integer) is missing", "function public.f(text) is not expected"),
        ),
    ],
)
def test_compare(
    connections: tuple[psycopg.Connection, psycopg.Connection], expected: str, actual: str, lines: tuple[str, ...]
) -> None:
    first, second = connections
    assert compare(read(first, expected), read(second, actual)) == lines
