"""Rows compare by content, whatever the order of rows and columns."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.rows import Content, fingerprint, lost_rows
from workers.words import Name

Connection = psycopg.Connection[tuple[object, ...]]
T = Name("public", "t")


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(b"CREATE TABLE t (a int, b text, c float8)")
        connection.execute(b"INSERT INTO t VALUES (1, '', 0.1), (1, '', 0.1), (NULL, NULL, 'NaN')")
        yield connection


def read(connection: Connection) -> Content:
    return fingerprint(connection, read_catalog(connection), (T,))[T]


def test_unknown_tables_are_left_out(connection: Connection) -> None:
    assert fingerprint(connection, read_catalog(connection), (Name("public", "x"),)) == {}


def test_nothing_lost(connection: Connection) -> None:
    before = read(connection)
    connection.execute(b"CREATE TABLE u AS SELECT * FROM t; TRUNCATE t; INSERT INTO t SELECT * FROM u ORDER BY a DESC")
    assert lost_rows(before, read(connection), ()) == 0


def test_rows_that_were_added_do_not_count(connection: Connection) -> None:
    before = read(connection)
    connection.execute(b"INSERT INTO t VALUES (9)")
    assert lost_rows(before, read(connection), ()) == 0


@pytest.mark.parametrize(
    ("change", "lost"),
    [
        ("DELETE FROM t WHERE ctid = '(0,1)'", 1),
        ("UPDATE t SET b = NULL WHERE a = 1", 2),
        ("UPDATE t SET b = '' WHERE a IS NULL", 1),
        ("TRUNCATE t", 3),
    ],
)
def test_lost(connection: Connection, change: str, lost: int) -> None:
    before = read(connection)
    connection.execute(change.encode())
    assert lost_rows(before, read(connection), ()) == lost


def test_a_column_that_was_dropped_or_is_ignored_does_not_count(connection: Connection) -> None:
    before = read(connection)
    connection.execute(b"ALTER TABLE t DROP a, ADD a int; UPDATE t SET b = 'x'")
    assert (lost_rows(before, read(connection), ("a", "b")), lost_rows(before, read(connection), ("a",))) == (0, 3)


def test_settings_of_the_session_do_not_count(connection: Connection) -> None:
    connection.execute(b"ALTER TABLE t ADD d timestamptz DEFAULT '2024-01-01'")
    before = read(connection)
    connection.execute(b"SET TimeZone TO 'Asia/Tokyo'; SET extra_float_digits TO -5; SET search_path TO ''")
    assert read(connection) == before
