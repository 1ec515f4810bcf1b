"""What was: recognised when it is back under other numbers, and missed where anything is otherwise."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from workers.postgres.cluster import Cluster, Role
from workers.postgres.dump import schema_dump
from workers.postgres.past import Past

Connection = psycopg.Connection[tuple[object, ...]]

SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE t (id int PRIMARY KEY, name text NOT NULL DEFAULT 'x' CHECK (name <> ''), m mood DEFAULT 'ok', n int);
CREATE INDEX t_name ON t (lower(name), n) WHERE n > 70000;
COMMENT ON COLUMN t.name IS 'in full';
CREATE TABLE u (id serial PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE);
CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN new; END';
CREATE TRIGGER tr BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION f();
CREATE POLICY p ON t USING (n = 1);
CREATE VIEW v AS SELECT id FROM u;
"""
INDEX = "CREATE INDEX t_name ON t (lower(name), n) WHERE n > 70000"
TRIGGER = "CREATE TRIGGER tr BEFORE UPDATE OF n ON t FOR EACH ROW EXECUTE FUNCTION f()"
POLICY = "CREATE POLICY p ON t USING (n = 1)"
U = "CREATE TABLE u (id serial PRIMARY KEY, t int REFERENCES t ON DELETE CASCADE)"
VIEW = "CREATE VIEW v AS SELECT id FROM u"
KEY = "ALTER TABLE u ADD FOREIGN KEY (t) REFERENCES t ON DELETE CASCADE"
MOOD = """
    ALTER TABLE t ALTER m DROP DEFAULT; ALTER TYPE mood RENAME TO old; CREATE TYPE mood AS ENUM ({});
    ALTER TABLE t ALTER m TYPE mood USING m::text::mood, ALTER m SET DEFAULT 'ok'; DROP TYPE old
"""

# A change, and what takes it back: all of it, or not quite.
BACK = [
    ("CREATE TABLE w (id int)", "DROP TABLE w"),
    ("ALTER TABLE u ADD a text", "ALTER TABLE u DROP a"),  # the table for large values stays
    ("DROP INDEX t_name", INDEX),
    ("DROP INDEX t_name", INDEX.replace("INDEX", "INDEX CONCURRENTLY")),
    ("ALTER TABLE t ALTER m DROP DEFAULT", "ALTER TABLE t ALTER m SET DEFAULT 'ok'"),
    ("ALTER TABLE u DROP t", "ALTER TABLE u ADD t int REFERENCES t ON DELETE CASCADE"),
    ("DROP TABLE u CASCADE", f"{U}; {VIEW}"),
    ("ALTER TABLE t DROP CONSTRAINT t_pkey CASCADE", f"ALTER TABLE t ADD PRIMARY KEY (id); {KEY}"),
    ("DROP POLICY p ON t", POLICY),
    ("DROP TRIGGER tr ON t", TRIGGER),
    ("ALTER TABLE t RENAME TO w", "ALTER TABLE w RENAME TO t"),
    ("ALTER TYPE mood ADD VALUE 'glad'", MOOD.format("'sad', 'ok'")),
    ("COMMENT ON COLUMN t.name IS NULL", "COMMENT ON COLUMN t.name IS 'in full'"),
]
NOT_QUITE = [
    ("CREATE TABLE w (id int)", "SELECT 1"),
    ("CREATE TABLE w (id int)", "DROP TABLE w; DROP INDEX t_name"),
    ("DROP INDEX t_name", INDEX.replace("70000", "70001")),
    ("DROP INDEX t_name", INDEX.replace("t_name", "t_lower")),
    ("DROP INDEX t_name", INDEX.replace(", n)", ", n DESC)")),
    ("ALTER TABLE t ALTER m DROP DEFAULT", "ALTER TABLE t ALTER m SET DEFAULT 'sad'"),
    ("ALTER TABLE u DROP t", "ALTER TABLE u ADD t int REFERENCES t"),
    ("ALTER TABLE u DROP t", "ALTER TABLE u ADD t bigint REFERENCES t ON DELETE CASCADE"),
    ("DROP TABLE u CASCADE", U),
    ("DROP POLICY p ON t", POLICY.replace("n = 1", "n = 2")),
    ("DROP TRIGGER tr ON t", TRIGGER.replace("UPDATE OF n", "UPDATE OF name")),
    ("ALTER TYPE mood ADD VALUE 'glad'", MOOD.format("'ok', 'sad'")),
    ("COMMENT ON COLUMN t.name IS NULL", "COMMENT ON COLUMN t.n IS 'in full'"),
    ("GRANT SELECT ON t TO PUBLIC", "REVOKE SELECT ON u FROM PUBLIC"),
]


@pytest.fixture
def connection(cluster: Cluster, database: str) -> Iterator[Connection]:
    with cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        yield connection


@pytest.fixture
def behind(cluster: Cluster, database: str) -> Iterator[Connection]:
    with cluster.connect(Role.OBSERVER, database) as connection:
        yield connection


@pytest.mark.parametrize(("change", "back"), BACK)
def test_back(connection: Connection, behind: Connection, change: str, back: str) -> None:
    assert Past(behind).is_back(connection)
    past = Past(behind)
    connection.execute(change.encode())
    if "CONCURRENTLY" in back:
        past.leave()
    connection.execute(back.encode())
    assert past.is_back(connection)


@pytest.mark.parametrize(("change", "back"), NOT_QUITE)
@pytest.mark.parametrize("early", [False, True])
def test_not_quite(
    cluster: Cluster, connection: Connection, behind: Connection, change: str, back: str, early: bool
) -> None:
    past, dumped = Past(behind), schema_dump(cluster, connection.info.dbname)
    connection.execute(change.encode())
    if early:
        past.leave()
    connection.execute(back.encode())
    assert (past.is_back(connection), schema_dump(cluster, connection.info.dbname) != dumped) == (False, True)


def test_of_what_was_rolled_back_nothing_is_told(connection: Connection, behind: Connection) -> None:
    past = Past(behind)
    with connection.transaction(force_rollback=True):
        connection.execute("DROP TABLE u CASCADE")
    connection.execute("CREATE TABLE w (id int)")
    connection.execute("DROP TABLE w")
    assert past.is_back(connection)


def test_two_that_cannot_be_told_apart(connection: Connection, behind: Connection) -> None:
    """Two equal checks have names; two equal casts have none, but what they cast."""
    past = Past(behind)
    connection.execute("CREATE CAST (mood AS int) WITH INOUT; DROP CAST (mood AS int)")
    assert past.is_back(connection)


def test_nothing_is_to_be_closed_of_a_session_that_is_gone(cluster: Cluster, behind: Connection) -> None:
    past = Past(behind)
    with cluster.connect(Role.OBSERVER) as other:
        other.execute("SELECT pg_terminate_backend(%s, 5000)", (behind.info.backend_pid,))
    past.close()
    with pytest.raises(psycopg.OperationalError):
        past.leave()
