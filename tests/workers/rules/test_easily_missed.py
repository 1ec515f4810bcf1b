"""What looks harmless and is not, and what looks dangerous and is not: all that a review finds of it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.rules.running import Servers, observed
from workers.model import Transaction
from workers.postgres.cluster import Cluster
from workers.postgres.servers import Installation
from workers.rules.pages import Example, Page

pytestmark = pytest.mark.campaign

SHOP = """
CREATE TABLE users (id bigint PRIMARY KEY, name text, flag boolean);
CREATE TABLE orders (id bigint PRIMARY KEY, user_id bigint NOT NULL REFERENCES users (id), note text);
CREATE INDEX orders_user ON orders (user_id);
"""


@pytest.fixture(scope="module")
def server(cache: Path, installation: Installation) -> Iterator[Cluster]:
    servers = Servers(cache)
    yield servers.of(installation)
    servers.stop()


def found(setup: str, sql: str, server: Cluster) -> list[tuple[str, str]]:
    """Rule and object of each finding, as for a file that its runner wraps in a transaction."""
    example = Example(sql, Transaction.FILE, ())
    report = observed(Page("", "", setup, example, None, ""), example, server)
    assert (report.notes, report.unread) == ((), ())
    return [(finding.rule, finding.object) for finding in report.findings]


def test_what_hangs_on_the_rows_is_not_called_safe(server: Cluster) -> None:
    sql = "DO $$ BEGIN ALTER TABLE users ALTER name SET NOT NULL; EXCEPTION WHEN others THEN NULL; END $$;"
    example = Example(sql, Transaction.FILE, ())
    report = observed(Page("", "", SHOP, example, None, ""), example, server)
    assert [(one.line, one.reason.partition(",")[0]) for one in report.unread] == [
        (1, "DO changes the schema where tables are empty")
    ]


@pytest.mark.parametrize(
    ("setup", "sql", "expected"),
    [
        pytest.param(SHOP, "SAVEPOINT a; INSERT INTO users VALUES (1); RELEASE a;", [], id="a savepoint comes first"),
        pytest.param(
            SHOP,
            "DO $$ DECLARE r record; BEGIN FOR r IN SELECT id FROM users LOOP UPDATE users SET flag = true "
            "WHERE id = r.id; END LOOP; END $$;",
            [("all-rows-updated", "public.users")],
            id="a loop over the rows",
        ),
        pytest.param(
            SHOP,
            "CREATE TABLE n (id bigint PRIMARY KEY, name text NOT NULL); INSERT INTO n SELECT id, name FROM users;",
            [("rows-rejected", "2_example")],
            id="rows of a table that is only read",
        ),
        pytest.param(
            SHOP,
            "DO $$ BEGIN CREATE TEMPORARY TABLE n AS SELECT * FROM users; CREATE INDEX i ON n (name); "
            "CREATE TABLE m (id int PRIMARY KEY, t text); END $$;",
            [],
            id="code makes tables",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql AS 'SELECT 1';",
            "ALTER FUNCTION f() SECURITY DEFINER;",
            [("definer-without-search-path", "public.f")],
            id="a function becomes a definer's",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER SET search_path = '' AS 'SELECT 1';",
            "ALTER FUNCTION f() RESET ALL;",
            [("definer-without-search-path", "public.f")],
            id="a definer's function loses its path",
        ),
        pytest.param(
            "",
            "DO $$ BEGIN EXECUTE 'CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS ''SELECT 1'''; "
            "END $$;",
            [("definer-without-search-path", "public.f")],
            id="code makes a definer's function",
        ),
        pytest.param(
            "CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER AS 'SELECT 1';",
            "ALTER FUNCTION f() STABLE;",
            [],
            id="a definer's function is as it was",
        ),
        pytest.param(
            "CREATE TABLE t (id int PRIMARY KEY, o text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY p ON t USING (o = current_user);",
            "CREATE POLICY q ON t FOR SELECT USING (true);",
            [("rows-shown", "public.t")],
            id="a policy opens what another guards",
        ),
        pytest.param(
            "CREATE TABLE t (id int PRIMARY KEY, o text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY p ON t USING (o = current_user);",
            "ALTER POLICY p ON t USING (true);",
            [("rows-shown", "public.t")],
            id="a policy loses its condition",
        ),
        pytest.param(
            "CREATE TABLE t (id int PRIMARY KEY, o text); ALTER TABLE t ENABLE ROW LEVEL SECURITY;"
            "CREATE POLICY p ON t USING (true);",
            "CREATE POLICY q ON t FOR SELECT USING (true);",
            [],
            id="all was open before",
        ),
        pytest.param(
            "CREATE SCHEMA s;",
            "ALTER DEFAULT PRIVILEGES IN SCHEMA s GRANT SELECT ON TABLES TO PUBLIC;",
            [("granted-to-everyone", "for role postgres in schema s on tables")],
            id="future tables for everybody",
        ),
        pytest.param(
            "CREATE TABLE t (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE (d); CREATE TABLE p (LIKE t);"
            "CREATE TABLE other PARTITION OF t DEFAULT;",
            "ALTER TABLE t ATTACH PARTITION p FOR VALUES FROM ('2026-01-01') TO ('2027-01-01');",
            [("rows-rejected", "public.t"), ("blocking-work", "public.p"), ("blocking-work", "public.other")],
            id="the default partition is read too",
        ),
        *(
            pytest.param(SHOP, sql, [("all-rows-deleted", "public.orders")], id=sql)
            for sql in (
                "DELETE FROM orders WHERE id = id",
                "DELETE FROM orders WHERE id IS NOT NULL",
                "DELETE FROM orders WHERE id IN (SELECT id FROM orders)",
                "DELETE FROM orders o WHERE EXISTS (SELECT 1 FROM orders p WHERE p.id = o.id)",
                "DELETE FROM orders USING users WHERE users.id = user_id",
                "MERGE INTO orders o USING orders p ON o.id = p.id WHEN MATCHED THEN DELETE",
            )
        ),
        pytest.param(
            SHOP + "CREATE FUNCTION f() RETURNS bigint LANGUAGE sql AS 'DELETE FROM orders RETURNING id';",
            "CREATE TABLE n AS SELECT f() AS id;",
            [("all-rows-deleted", "public.orders")],
            id="a query that makes a table calls a function",
        ),
        pytest.param(
            "CREATE TABLE t (id int NOT NULL, d date NOT NULL) PARTITION BY RANGE (d);"
            "CREATE TABLE p PARTITION OF t DEFAULT; CREATE TABLE q PARTITION OF t FOR VALUES FROM ('2026-01-01') TO "
            "('2027-01-01');",
            "DELETE FROM t WHERE id = id;",
            [("all-rows-deleted", "public.p")],
            id="all rows of all partitions",
        ),
        pytest.param(
            SHOP,
            "INSERT INTO orders SELECT id, user_id, 'x' FROM orders ON CONFLICT (id) DO UPDATE SET note = 'x';",
            [("all-rows-updated", "public.orders")],
            id="an upsert of all rows",
        ),
        *(
            pytest.param(SHOP, sql, [], id=sql)
            for sql in (
                "UPDATE users SET name = 'x' WHERE flag",
                "UPDATE users SET name = 'x' WHERE flag IS NULL",
                "UPDATE orders SET note = 'x' WHERE note IS NOT NULL",
                "UPDATE orders SET note = 'x' WHERE id IS DISTINCT FROM user_id",
                "DELETE FROM orders a USING orders b WHERE a.note = b.note AND a.id > b.id",
                "DELETE FROM orders WHERE note = 'x'",
            )
        ),
        pytest.param(
            "CREATE TYPE place AS (street text, zip text);"
            "CREATE TABLE t (id int PRIMARY KEY, home place, more place[]);",
            "ALTER TYPE place DROP ATTRIBUTE zip;",
            [("column-dropped", "public.place")],
            id="an attribute of a type that columns hold",
        ),
        pytest.param(
            "CREATE TYPE place AS (street text, zip text); CREATE TYPE nowhere AS (a int, b int);"
            "CREATE TABLE t (id int PRIMARY KEY, home place);",
            "ALTER TYPE place RENAME ATTRIBUTE zip TO code; ALTER TYPE nowhere DROP ATTRIBUTE b;",
            [],
            id="no attribute is lost",
        ),
        pytest.param(
            SHOP + "CREATE PUBLICATION p FOR TABLE users, orders;",
            "ALTER PUBLICATION p DROP TABLE users; DROP TABLE orders;",
            [("object-dropped", "p"), ("table-dropped", "public.orders")],
            id="a table is published no more",
        ),
        pytest.param(
            SHOP,
            "SELECT set_config('session_replication_role', 'replica', false);",
            [("trigger-disabled", "session_replication_role")],
            id="triggers are off by a function",
        ),
        pytest.param(
            "CREATE TABLE a (id int PRIMARY KEY); CREATE TABLE b () INHERITS (a);",
            "ALTER TABLE b NO INHERIT a; ALTER TABLE b INHERIT a;",
            [],
            id="a child goes and comes back",
        ),
    ],
)
def test_all_that_is_found(setup: str, sql: str, expected: list[tuple[str, str]], server: Cluster) -> None:
    assert found(setup, sql, server) == expected
