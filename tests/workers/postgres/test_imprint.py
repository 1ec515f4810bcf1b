"""The imprint of the system catalogs: the same where nothing is left of a change, another where anything is."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from workers.postgres.cluster import Cluster, Role
from workers.postgres.dump import schema_dump
from workers.postgres.imprint import imprint, untouched

Connection = psycopg.Connection[tuple[object, ...]]

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, name text, m mood DEFAULT 'ok');
CREATE VIEW v AS SELECT name FROM t;
CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';
"""


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[Connection]:
    with cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        yield connection


@pytest.mark.parametrize(
    ("change", "back"),
    [
        ("SELECT 1", "SELECT 1"),
        ("INSERT INTO t VALUES (1)", "DELETE FROM t"),
        ("CREATE TABLE u (id serial PRIMARY KEY, t int REFERENCES t)", "DROP TABLE u"),
        (
            "ALTER TABLE t ADD a text NOT NULL DEFAULT 'x', ADD CHECK (id > 0)",
            "ALTER TABLE t DROP a, DROP CONSTRAINT t_id_check",
        ),
        ("CREATE INDEX i ON t (name)", "DROP INDEX i"),
        ("CREATE FUNCTION g() RETURNS int LANGUAGE sql AS 'SELECT 2'", "DROP FUNCTION g"),
        ("COMMENT ON TABLE t IS 'rows'", "COMMENT ON TABLE t IS NULL"),
        ("CREATE TEMPORARY TABLE u (id int)", "DROP TABLE u"),
        ("ALTER TABLE t ALTER m SET STATISTICS 5", "ALTER TABLE t ALTER m SET STATISTICS -1"),
    ],
)
def test_nothing_is_left(connection: Connection, change: str, back: str) -> None:
    before = imprint(connection)
    connection.execute(change.encode())
    connection.execute(back.encode())
    assert untouched(connection, before)


@pytest.mark.parametrize(
    "change",
    [
        "ALTER TABLE t ADD a int",
        "ALTER TABLE t RENAME name TO title",
        "ALTER TABLE t ALTER m SET DEFAULT 'sad'",
        "ALTER TABLE t ALTER name SET NOT NULL",
        "ALTER TABLE t ALTER name SET STORAGE PLAIN",
        "ALTER TABLE t SET (fillfactor = 50)",
        "ALTER TABLE t ENABLE ROW LEVEL SECURITY",
        "CREATE POLICY p ON t",
        "ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'",
        "ALTER VIEW v SET (security_barrier)",
        "CREATE OR REPLACE VIEW v AS SELECT upper(name) AS name FROM t",
        "CREATE OR REPLACE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 2'",
        "COMMENT ON COLUMN t.name IS 'in full'",
        "GRANT SELECT ON t TO PUBLIC",
        "REVOKE ALL ON FUNCTION f FROM PUBLIC",
        "ALTER DEFAULT PRIVILEGES GRANT SELECT ON TABLES TO PUBLIC",
        "ALTER SEQUENCE s INCREMENT 2",
        "CREATE STATISTICS st ON id, name FROM t",
        "CREATE PUBLICATION p FOR TABLE t",
        "DROP FUNCTION f",
    ],
)
def test_something_is_left(cluster: Cluster, database: str, connection: Connection, change: str) -> None:
    connection.execute("CREATE SEQUENCE s")
    before, dumped = imprint(connection), schema_dump(cluster, database)
    connection.execute(change.encode())
    assert (untouched(connection, before), schema_dump(cluster, database) != dumped) == (False, True)


def test_a_clone_has_the_same(cluster: Cluster, database: str, connection: Connection) -> None:
    expected = imprint(connection)
    connection.close()
    clone = f"{database}_clone"
    cluster.create_database(clone, database)
    try:
        with cluster.connect(Role.MIGRATION, clone) as other:
            assert untouched(other, expected)
            other.execute("ALTER TABLE t ADD a int")
            assert not untouched(other, expected)
    finally:
        cluster.drop_database(clone)
