"""Rules about views, functions, types and their like: what only a server shows, and what only the text does."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.workers.rules.running import Servers, observed
from workers.judge import lint
from workers.model import Transaction
from workers.policy import Policy
from workers.postgres.cluster import Cluster
from workers.postgres.servers import Installation
from workers.rules.pages import Example, Page

# ---------------------------------------------------------------- on a server: what hangs on what

OURS = frozenset(
    ("object-dropped", "dropped-by-cascade", "rows-hidden", "replica-identity-changed", "enum-value-renamed")
)
TABLES = "CREATE TABLE a (id int PRIMARY KEY, b int, c int); CREATE TABLE d (id int PRIMARY KEY, a int REFERENCES a);"


@pytest.fixture(scope="module")
def server(cache: Path, installation: Installation) -> Iterator[Cluster]:
    servers = Servers(cache)
    yield servers.of(installation)
    servers.stop()


@pytest.mark.parametrize(
    ("setup", "sql", "expected"),
    [
        pytest.param(
            "CREATE TYPE role AS ENUM ('a', 'b'); CREATE TABLE t (id int PRIMARY KEY, role role);",
            "CREATE TYPE role_new AS ENUM ('a', 'b', 'c'); ALTER TABLE t ALTER role TYPE role_new USING role::text::"
            "role_new; ALTER TYPE role RENAME TO role_old; ALTER TYPE role_new RENAME TO role; DROP TYPE role_old;",
            [],
            id="an enum is swapped",
        ),
        pytest.param(
            "CREATE TYPE role AS ENUM ('a'); CREATE TABLE t (id int PRIMARY KEY, role role);",
            "ALTER TABLE t DROP COLUMN role; DROP TYPE role;",
            [],
            id="a type goes with its column",
        ),
        pytest.param(
            "CREATE TYPE role AS ENUM ('a');", "ALTER TYPE role RENAME VALUE 'a' TO 'b';", [], id="nothing had the enum"
        ),
        pytest.param(
            TABLES + "CREATE VIEW v AS SELECT * FROM a;",
            "ALTER TABLE a DROP COLUMN b CASCADE; CREATE VIEW v AS SELECT * FROM a;",
            [],
            id="a view that went by CASCADE comes back",
        ),
        pytest.param(TABLES, "DROP TABLE a CASCADE; DROP TABLE d CASCADE;", [], id="all go in turn"),
        pytest.param(
            TABLES + "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN RETURN NEW; END';"
            "CREATE TRIGGER g BEFORE INSERT ON a FOR EACH ROW EXECUTE FUNCTION f();",
            "DROP FUNCTION f() CASCADE;",
            [("dropped-by-cascade", "public.f", "trigger g on public.a")],
            id="a trigger goes with its function",
        ),
        pytest.param(
            "CREATE SEQUENCE s; CREATE TABLE t (id int DEFAULT nextval('s'));",
            "DROP SEQUENCE s CASCADE;",
            [("dropped-by-cascade", "public.s", "default of public.t.id"), ("object-dropped", "public.s", "nextval")],
            id="a default goes with its sequence",
        ),
        pytest.param(
            "CREATE FUNCTION f(a int) RETURNS int LANGUAGE sql AS 'SELECT 1'; CREATE FUNCTION g(a int) RETURNS int "
            "LANGUAGE sql AS 'SELECT 1';",
            "DROP FUNCTION f(int); CREATE FUNCTION f(a int, b int) RETURNS int LANGUAGE sql AS 'SELECT 1';"
            "DROP FUNCTION g(int); CREATE FUNCTION g(c int, d int DEFAULT 2) RETURNS int LANGUAGE sql AS 'SELECT 1';",
            [("object-dropped", "public.f", "function public.f(a integer) is gone and has a namesake")],
            id="a function with other parameters",
        ),
        pytest.param(
            'CREATE TABLE t (id int, "A" int, b text); CREATE VIEW v AS SELECT DISTINCT ON (id) id, "A", upper(b) AS c '
            "FROM t; CREATE VIEW w AS SELECT id FROM t; CREATE VIEW x AS WITH y AS (SELECT id FROM t) TABLE y;",
            "DROP VIEW v; CREATE VIEW v AS SELECT b AS c FROM t; DROP VIEW w; CREATE VIEW w AS SELECT b, id FROM t;"
            "DROP VIEW x; CREATE VIEW x AS SELECT b FROM t;",
            [("object-dropped", "public.v", "view public.v is made again without id, A: code that reads it so fails")],
            id="a view without columns that it had",
        ),
        pytest.param(
            "CREATE SCHEMA old; CREATE TYPE old.e AS ENUM ('x'); CREATE FUNCTION old.f() RETURNS int LANGUAGE sql AS "
            "'SELECT 1'; CREATE SCHEMA empty; CREATE VIEW v AS SELECT old.f() AS f;",
            "DROP SCHEMA old CASCADE; DROP SCHEMA empty CASCADE;",
            [
                ("dropped-by-cascade", "old", "does not name: view public.v."),
                ("object-dropped", "old", "(enum old.e, function old.f())"),
            ],
            id="a schema and what it held",
        ),
        pytest.param(
            TABLES + "ALTER TABLE a ENABLE ROW LEVEL SECURITY;",
            "ALTER TABLE a FORCE ROW LEVEL SECURITY;",
            [("rows-hidden", "public.a", "its owner too")],
            id="row level security for the owner too",
        ),
        pytest.param(
            TABLES + "CREATE POLICY p ON a USING (true);", "ALTER TABLE a ENABLE ROW LEVEL SECURITY;", [], id="a policy"
        ),
        pytest.param(
            "CREATE TABLE t (id int NOT NULL); CREATE UNIQUE INDEX i ON t (id);"
            "ALTER TABLE t REPLICA IDENTITY USING INDEX i;",
            "DROP INDEX i; SELECT 1;",
            [("replica-identity-changed", "public.t", "Nothing tells the rows of public.t apart")],
            id="the index of a replica identity",
        ),
    ],
)
def test_what_hangs_on_what(setup: str, sql: str, expected: list[tuple[str, str, str]], server: Cluster) -> None:
    example = Example(sql, Transaction.STATEMENT, ())
    report = observed(Page("", "", setup, example, None, ""), example, server)
    ours = [finding for finding in report.findings if finding.rule in OURS]
    assert [(one.rule, one.object) for one in ours] == [(rule, name) for rule, name, _ in expected]
    assert [words in one.message for one, (_, _, words) in zip(ours, expected, strict=True)] == [True] * len(ours)


# ---------------------------------------------------------------- by the text alone


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("ALTER SYSTEM SET work_mem = '64MB'", ["system"]),
        ("ALTER DATABASE app SET timezone = 'UTC'", ["app"]),
        ("ALTER DATABASE app RESET timezone", ["app"]),
        ("ALTER ROLE app IN DATABASE shop SET search_path = shop", ["app"]),
        ("ALTER USER app SET search_path = shop", ["app"]),
        ("CREATE ROLE app; ALTER ROLE app SET search_path = shop", []),
        ("ALTER DATABASE app OWNER TO shop", []),
        ("ALTER DATABASE app SET TABLESPACE fast", []),
        ("ALTER ROLE app PASSWORD NULL", []),
        ("CREATE EXTENSION hstore; ALTER EXTENSION hstore UPDATE", []),
        ("ALTER EXTENSION hstore SET SCHEMA extensions", []),
        ("ALTER EXTENSION hstore UPDATE TO '1.8'", ["hstore"]),
        ("CREATE FUNCTION f() RETURNS int LANGUAGE sql SECURITY DEFINER BEGIN ATOMIC SELECT 1; END", []),
        ("CREATE FUNCTION f() RETURNS int SECURITY DEFINER SET search_path FROM CURRENT LANGUAGE sql AS 'x'", []),
        ("CREATE OR REPLACE PROCEDURE p() LANGUAGE sql EXTERNAL SECURITY DEFINER AS 'SELECT 1'", ["public.p"]),
    ],
)
def test_by_the_text(sql: str, expected: list[str]) -> None:
    assert [finding.object for finding in lint([("m.sql", sql)], Policy()).findings] == expected
