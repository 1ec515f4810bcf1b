"""The query finds the rows that a statement fails on, and gives the expected answer where the statement passes."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import psycopg
import pytest

from workers.model import SqlError
from workers.postgres.cluster import Cluster, Limits, Role, start_cluster
from workers.postgres.observe import Observer
from workers.postgres.relations import Relations
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.postgres.session import Session
from workers.preflight import Known, preflight_for
from workers.sql.split import split

DATABASE = "preflight"
T = 'CREATE TABLE "T" (id int PRIMARY KEY, a int, "B" text, "order" int);'
P = "CREATE TABLE p (x int, y int, UNIQUE (x, y), UNIQUE (x)); INSERT INTO p VALUES (1, 1), (2, 2);"

EMPTY = """DO $$DECLARE name text; BEGIN
    FOR name IN SELECT oid::regclass FROM pg_class WHERE relname IN ('T', 't', 'c') LOOP EXECUTE 'DELETE FROM ' || name;
    END LOOP; END$$"""


@dataclass(frozen=True)
class Case:
    """bad: rows that the schema allows and the last statement of the migration refuses; good: rows it takes."""

    schema: str
    migration: str
    bad: str
    good: str
    query: str
    expect: str = "0"
    since: int = 15


CASES = {
    "set not null": Case(
        T,
        'ALTER TABLE "T" ALTER COLUMN "B" SET NOT NULL',
        'INSERT INTO "T" VALUES (1, 1, NULL, 1)',
        """INSERT INTO "T" VALUES (1, NULL, '', NULL)""",
        'SELECT count(*) FROM "public"."T" WHERE "B" IS NULL;',
    ),
    "one of several actions": Case(
        T,
        'ALTER TABLE "T" ADD COLUMN n int, ALTER COLUMN a SET NOT NULL, ALTER COLUMN "order" SET NOT NULL',
        'INSERT INTO "T" VALUES (1, 1, NULL, NULL)',
        'INSERT INTO "T" VALUES (1, 1, NULL, 1)',
        'SELECT count(*) FROM "public"."T" WHERE "order" IS NULL;',
    ),
    "required column": Case(
        T,
        'ALTER TABLE "T" ADD COLUMN "new" text NOT NULL',
        'INSERT INTO "T" VALUES (1)',
        "",
        'SELECT 1 FROM "public"."T" WHERE true LIMIT 1;',
        "no rows",
    ),
    "primary key over nulls": Case(
        "CREATE TABLE t (a int, b int);",
        "ALTER TABLE t ADD PRIMARY KEY (a, b)",
        "INSERT INTO t VALUES (1, NULL)",
        "INSERT INTO t VALUES (1, 1), (1, 2)",
        'SELECT count(*) FROM "public"."t" WHERE "b" IS NULL;',
    ),
    "primary key over duplicates": Case(
        "CREATE TABLE t (a int, b int);",
        "ALTER TABLE t ADD CONSTRAINT k PRIMARY KEY (a, b)",
        "INSERT INTO t VALUES (1, 1), (1, 1)",
        "INSERT INTO t VALUES (1, 1), (1, 2)",
        'SELECT "a", "b", count(*) FROM "public"."t" WHERE "a" IS NOT NULL AND "b" IS NOT NULL '
        'GROUP BY "a", "b" HAVING count(*) > 1 LIMIT 20;',
        "no rows",
    ),
    "using that gives null": Case(
        "CREATE TABLE t (a text NOT NULL);",
        "ALTER TABLE t ALTER COLUMN a TYPE int USING nullif(a, '')::int",
        "INSERT INTO t VALUES ('')",
        "INSERT INTO t VALUES ('1')",
        """SELECT count(*) FROM "public"."t" WHERE (nullif(a, '')::int) IS NULL;""",
    ),
    "unique index": Case(
        T,
        'CREATE UNIQUE INDEX "T_key" ON "T" USING btree ("B", "order" DESC)',
        """INSERT INTO "T" VALUES (1, 1, 'x', 1), (2, 1, 'x', 1)""",
        """INSERT INTO "T" VALUES (1, 1, 'x', NULL), (2, 1, 'x', NULL), (3, 1, NULL, 1), (4, 1, NULL, 1)""",
        'SELECT "B", "order", count(*) FROM "public"."T" WHERE "B" IS NOT NULL AND "order" IS NOT NULL '
        'GROUP BY "B", "order" HAVING count(*) > 1 LIMIT 20;',
        "no rows",
    ),
    "partial unique index on an expression": Case(
        T,
        """CREATE UNIQUE INDEX ON "T" (lower( "B" ), (a + 1)) WHERE id > 0 OR "B" = 'y'""",
        """INSERT INTO "T" VALUES (1, 1, 'X', 1), (2, 1, 'x', 1)""",
        """INSERT INTO "T" VALUES (-1, 1, 'X', 1), (-2, 1, 'x', 1), (3, 1, 'x', 1)""",
        """SELECT (lower( "B" )), (a + 1), count(*) FROM "public"."T" WHERE (id > 0 OR "B" = 'y') AND """
        '(lower( "B" )) IS NOT NULL AND (a + 1) IS NOT NULL '
        'GROUP BY (lower( "B" )), (a + 1) HAVING count(*) > 1 LIMIT 20;',
        "no rows",
    ),
    "nulls not distinct": Case(
        T,
        'CREATE UNIQUE INDEX ON "T" (a) NULLS NOT DISTINCT',
        'INSERT INTO "T" VALUES (1), (2)',
        'INSERT INTO "T" VALUES (1, NULL), (2, 2)',
        'SELECT "a", count(*) FROM "public"."T" WHERE true GROUP BY "a" HAVING count(*) > 1 LIMIT 20;',
        "no rows",
    ),
    "unique constraint": Case(
        T,
        'ALTER TABLE "T" ADD COLUMN z int, ADD UNIQUE NULLS NOT DISTINCT (a) INCLUDE (id)',
        'INSERT INTO "T" VALUES (1), (2)',
        'INSERT INTO "T" VALUES (1, NULL), (2, 2)',
        'SELECT "a", count(*) FROM "public"."T" WHERE true GROUP BY "a" HAVING count(*) > 1 LIMIT 20;',
        "no rows",
    ),
    "unique column with a default": Case(
        T,
        """ALTER TABLE "T" ADD COLUMN code text UNIQUE DEFAULT 'x'""",
        'INSERT INTO "T" VALUES (1), (2)',
        'INSERT INTO "T" VALUES (1)',
        'SELECT 1 FROM "public"."T" WHERE true LIMIT 1 OFFSET 1;',
        "no rows",
    ),
    "check": Case(
        T,
        """ALTER TABLE "T" ADD CONSTRAINT c CHECK ("B" <> ')' AND (a > 0 OR "order" IN (1,2)))""",
        """INSERT INTO "T" VALUES (1, 0, 'x', 3)""",
        """INSERT INTO "T" VALUES (1, 0, 'x', 1), (2, NULL, 'x', NULL), (3, 1, NULL, 1)""",
        """SELECT count(*) FROM "public"."T" WHERE NOT ("B" <> ')' AND (a > 0 OR "order" IN (1,2)));""",
    ),
    "check of a new column": Case(
        T,
        'ALTER TABLE "T" ADD COLUMN n int DEFAULT 0 CHECK (n > 0)',
        'INSERT INTO "T" VALUES (1)',
        "",
        'SELECT 1 FROM "public"."T" WHERE true LIMIT 1;',
        "no rows",
    ),
    "foreign key": Case(
        T + P,
        'ALTER TABLE "T" ADD CONSTRAINT f FOREIGN KEY (a, "order") REFERENCES p (x, y) ON DELETE CASCADE',
        'INSERT INTO "T" VALUES (1, 1, NULL, 2)',
        'INSERT INTO "T" VALUES (1, 1, NULL, 1), (2, 7, NULL, NULL), (3, NULL, NULL, 7)',
        'SELECT count(*) FROM "public"."T" AS child WHERE child."a" IS NOT NULL AND child."order" IS NOT NULL AND '
        'NOT EXISTS (SELECT 1 FROM "public"."p" AS parent WHERE parent."x" = child."a" AND '
        'parent."y" = child."order");',
    ),
    "foreign key match full": Case(
        T + P,
        'ALTER TABLE "T" ADD FOREIGN KEY (a, "order") REFERENCES p (x, y) MATCH FULL',
        'INSERT INTO "T" VALUES (1, 1, NULL, NULL)',
        'INSERT INTO "T" VALUES (1, 1, NULL, 1), (2, NULL, NULL, NULL)',
        'SELECT count(*) FROM "public"."T" AS child WHERE (child."a" IS NOT NULL AND child."order" IS NOT NULL AND '
        'NOT EXISTS (SELECT 1 FROM "public"."p" AS parent WHERE parent."x" = child."a" AND '
        'parent."y" = child."order")) OR ((child."a" IS NULL OR child."order" IS NULL) AND '
        '(child."a" IS NOT NULL OR child."order" IS NOT NULL));',
    ),
    "foreign key to the primary key of itself": Case(
        T,
        'ALTER TABLE "T" ADD FOREIGN KEY (a) REFERENCES "T"',
        'INSERT INTO "T" VALUES (1, 2)',
        'INSERT INTO "T" VALUES (1, 1), (2, NULL)',
        'SELECT count(*) FROM "public"."T" AS child WHERE child."a" IS NOT NULL AND '
        'NOT EXISTS (SELECT 1 FROM "public"."T" AS parent WHERE parent."id" = child."a");',
    ),
    "new column that refers": Case(
        T + P,
        'ALTER TABLE "T" ADD COLUMN px int DEFAULT 7 REFERENCES p (x)',
        'INSERT INTO "T" VALUES (1)',
        'INSERT INTO "T" VALUES (1); INSERT INTO p VALUES (7)',
        'SELECT 1 FROM "public"."T" WHERE NOT EXISTS (SELECT 1 FROM "public"."p" AS parent WHERE parent."x" = (7)) '
        "LIMIT 1;",
        "no rows",
    ),
    "delete of parents": Case(
        P + "CREATE TABLE c (x int REFERENCES p (x));",
        "DELETE FROM p AS old WHERE old.x > 1 RETURNING *",
        "INSERT INTO c VALUES (2)",
        "INSERT INTO c VALUES (1)",
        'SELECT count(*) FROM "public"."p" AS "old" WHERE (old.x > 1) AND '
        'EXISTS (SELECT 1 FROM "public"."c" AS child_row WHERE "old"."x" = child_row."x");',
    ),
    "update of parents": Case(
        P + "CREATE TABLE c (x int REFERENCES p (x));",
        "UPDATE p SET x = x + 10 WHERE y = 2",
        "INSERT INTO c VALUES (2)",
        "INSERT INTO c VALUES (1)",
        'SELECT count(*) FROM "public"."p" AS "p" WHERE (y = 2) AND '
        'EXISTS (SELECT 1 FROM "public"."c" AS child_row WHERE "p"."x" = child_row."x");',
    ),
    "exclusion": Case(
        "CREATE TABLE t (room int4range, during tsrange, off boolean);",
        "ALTER TABLE t ADD CONSTRAINT e EXCLUDE USING gist (room WITH &&, during WITH &&) WHERE (NOT off)",
        "INSERT INTO t VALUES ('[1,2)', '(,)', false), ('[1,2)', '(,)', false)",
        "INSERT INTO t VALUES ('[1,2)', '(,)', false), ('[1,2)', '(,)', true), ('[2,3)', '(,)', false), "
        "(NULL, '(,)', false)",
        "SELECT count(*) FROM (SELECT tableoid AS part, ctid AS place, room AS k0, during AS k1 "
        'FROM "public"."t" WHERE NOT off) AS one, (SELECT tableoid AS part, ctid AS place, room AS k0, during AS k1 '
        'FROM "public"."t" WHERE NOT off) AS other WHERE (one.part, one.place) < (other.part, other.place) AND '
        "one.k0 && other.k0 AND one.k1 && other.k1;",
    ),
    "text to integer": Case(
        T,
        'ALTER TABLE "T" ALTER COLUMN "B" TYPE int USING "B"::int',
        """INSERT INTO "T" VALUES (1, 1, 'abc')""",
        """INSERT INTO "T" VALUES (1, 1, ' 12 '), (2, 1, NULL)""",
        """SELECT count(*) FROM "public"."T" WHERE NOT pg_input_is_valid(("B")::text, 'integer');""",
        since=16,
    ),
    "text to timestamp": Case(
        T,
        'ALTER TABLE "T" ALTER "B" SET DATA TYPE timestamptz USING ("B"::timestamptz)',
        """INSERT INTO "T" VALUES (1, 1, '2024-02-30')""",
        """INSERT INTO "T" VALUES (1, 1, '2024-02-29'), (2, 1, NULL)""",
        """SELECT count(*) FROM "public"."T" WHERE NOT pg_input_is_valid(("B")::text, 'timestamp with time zone');""",
        since=16,
    ),
    "text to json": Case(
        T,
        'ALTER TABLE "T" ALTER "B" TYPE jsonb USING "B"::jsonb',
        """INSERT INTO "T" VALUES (1, 1, '{')""",
        """INSERT INTO "T" VALUES (1, 1, '{}'), (2, 1, NULL)""",
        """SELECT count(*) FROM "public"."T" WHERE NOT pg_input_is_valid(("B")::text, 'jsonb');""",
        since=16,
    ),
    "an expression we do not know": Case(
        T,
        """ALTER TABLE "T" ALTER "B" TYPE date USING to_date("B", 'YYYY-MM-DD')""",
        """INSERT INTO "T" VALUES (1, 1, '2024-02-30')""",
        """INSERT INTO "T" VALUES (1, 1, '2024-02-29'), (2, 1, NULL)""",
        """SELECT count(CAST(to_date("B", 'YYYY-MM-DD') AS date)) FROM "public"."T";""",
        "any numbers, and no error",
    ),
    "shorter text": Case(
        T,
        'ALTER TABLE "T" ALTER "B" TYPE varchar(3)',
        """INSERT INTO "T" VALUES (1, 1, 'éééé')""",
        """INSERT INTO "T" VALUES (1, 1, 'ééé   '), (2, 1, NULL)""",
        """SELECT count(*) FROM "public"."T" WHERE length(rtrim(("B")::text, ' ')) > 3;""",
    ),
    "smaller integer": Case(
        "CREATE TABLE t (a bigint);",
        "ALTER TABLE t ALTER a TYPE smallint",
        "INSERT INTO t VALUES (32768)",
        "INSERT INTO t VALUES (32767), (-32768), (NULL)",
        'SELECT count(*) FROM "public"."t" WHERE round(("a")::numeric) NOT BETWEEN -32768 AND 32767;',
    ),
    "float to integer": Case(
        "CREATE TABLE t (a double precision);",
        "ALTER TABLE t ALTER a TYPE int USING a::int",
        "INSERT INTO t VALUES ('NaN')",
        "INSERT INTO t VALUES (2147483647.4), (0.5), (NULL)",
        'SELECT count(*) FROM "public"."t" WHERE round((a)::numeric) NOT BETWEEN -2147483648 AND 2147483647;',
    ),
    "numeric to integer": Case(
        "CREATE TABLE t (a numeric);",
        "ALTER TABLE t ALTER a TYPE int",
        "INSERT INTO t VALUES ('NaN')",
        "INSERT INTO t VALUES (2147483647.4), (0.5), (NULL)",
        'SELECT count(*) FROM "public"."t" WHERE round(("a")::numeric) NOT BETWEEN -2147483648 AND 2147483647;',
    ),
    "narrower numeric": Case(
        "CREATE TABLE t (a numeric);",
        "ALTER TABLE t ALTER a TYPE numeric(5,2)",
        "INSERT INTO t VALUES (999.995)",
        "INSERT INTO t VALUES (999.994), (-999.994), ('NaN'), (NULL)",
        """SELECT count(*) FROM "public"."t" WHERE ("a")::numeric <> 'NaN' AND abs(round(("a")::numeric, 2)) >= 1e3;""",
    ),
    "enum made by the migration": Case(
        """CREATE TYPE "S" AS ENUM ('a', 'b''c', 'gone'); CREATE TABLE t (s "S");""",
        """CREATE TYPE "S_new" AS ENUM ('a', 'b''c');
        ALTER TABLE t ALTER COLUMN s TYPE "S_new" USING ("s"::text::"S_new")""",
        "INSERT INTO t VALUES ('gone')",
        "INSERT INTO t VALUES ('a'), ('b''c'), (NULL)",
        """SELECT count(*) FROM "public"."t" WHERE ("s"::text)::text NOT IN ('a', 'b''c');""",
    ),
    "text to an enum made by the migration": Case(
        T,
        """CREATE TYPE mood AS ENUM ('sad'); ALTER TABLE "T" ALTER COLUMN "B" TYPE mood USING "B"::mood""",
        """INSERT INTO "T" VALUES (1, 1, 'SAD')""",
        """INSERT INTO "T" VALUES (1, 1, 'sad'), (2, 1, NULL)""",
        """SELECT count(*) FROM "public"."T" WHERE ("B")::text NOT IN ('sad');""",
    ),
    "update to null": Case(
        T + P,
        'UPDATE "T" AS u SET id = NULLIF(u."order", p.y), "B" = DEFAULT FROM p WHERE p.x = u.a',
        'INSERT INTO "T" VALUES (1, 1, NULL, 1)',
        'INSERT INTO "T" VALUES (1, 1, NULL, 3), (2, 7, NULL, NULL)',
        'SELECT count(*) FROM "public"."T" AS u, p WHERE (p.x = u.a) AND (NULLIF(u."order", p.y)) IS NULL;',
    ),
    "update out of range": Case(
        T,
        'UPDATE "T" SET a = "B"::int, "order" = a * 2 WHERE a > 0 RETURNING id',
        """INSERT INTO "T" VALUES (1, 1, 'x', 1)""",
        """INSERT INTO "T" VALUES (1, 1, '1', 1), (2, 0, 'x', 1)""",
        'SELECT count(CAST("B"::int AS integer)), count(CAST(a * 2 AS integer)) FROM "public"."T" WHERE a > 0;',
        "any numbers, and no error",
    ),
    "insert of null": Case(
        T,
        'CREATE TABLE t (a int NOT NULL, b int); INSERT INTO t (b, a) SELECT id, a FROM "T" ORDER BY 1',
        'INSERT INTO "T" VALUES (1)',
        'INSERT INTO "T" VALUES (1, 1)',
        'SELECT count(*) FROM (SELECT id, a FROM "T" ORDER BY 1) AS written (c0, c1) WHERE (true) AND '
        "(written.c1) IS NULL;",
    ),
    "insert out of range": Case(
        T + "CREATE TABLE t (a smallint);",
        'INSERT INTO t (a) SELECT a FROM "T"',
        'INSERT INTO "T" VALUES (1, 40000)',
        'INSERT INTO "T" VALUES (1, 1)',
        'SELECT count(CAST(written.c0 AS smallint)) FROM (SELECT a FROM "T") AS written (c0) WHERE true;',
        "any numbers, and no error",
    ),
    "validation of a check": Case(
        T + """ALTER TABLE "T" ADD CONSTRAINT c CHECK (a > 0);""",
        'ALTER TABLE "T" VALIDATE CONSTRAINT c',
        'ALTER TABLE "T" DROP CONSTRAINT c; INSERT INTO "T" VALUES (1, 0);'
        'ALTER TABLE "T" ADD CONSTRAINT c CHECK (a > 0) NOT VALID',
        'INSERT INTO "T" VALUES (1, 1), (2, NULL)',
        'SELECT count(*) FROM "public"."T" WHERE NOT ((a > 0));',
    ),
    "validation of a foreign key": Case(
        T + P + """ALTER TABLE "T" ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x);""",
        'ALTER TABLE "T" VALIDATE CONSTRAINT f',
        'ALTER TABLE "T" DROP CONSTRAINT f; INSERT INTO "T" VALUES (1, 3);'
        'ALTER TABLE "T" ADD CONSTRAINT f FOREIGN KEY (a) REFERENCES p (x) NOT VALID',
        'INSERT INTO "T" VALUES (1, 1), (2, NULL)',
        'SELECT count(*) FROM "public"."T" AS child WHERE child."a" IS NOT NULL AND '
        'NOT EXISTS (SELECT 1 FROM "public"."p" AS parent WHERE parent."x" = child."a");',
    ),
}


@pytest.fixture(scope="module", params=find_installations(), ids=str)
def server(request: pytest.FixtureRequest, cache: Path) -> Iterator[Cluster]:
    installation: Installation = request.param
    with start_cluster(installation, strongest_tier(), Limits(), cache) as running:
        yield running


@pytest.fixture
def connection(server: Cluster) -> Iterator[psycopg.Connection]:
    server.create_database(DATABASE)
    with server.connect(Role.MIGRATION, DATABASE) as connected:
        yield connected
    server.drop_database(DATABASE)


def relations(server: Cluster) -> Relations:
    with Session(server, database=DATABASE) as session:
        observer = Observer(session, frozenset())
        observer.load()
        return dict(observer.relations)


def run(connection: psycopg.Connection, text: str) -> None:
    if text:
        connection.execute(text.encode())


def answer(connection: psycopg.Connection, sql: str) -> str:
    """In the words of Preflight.expect, as far as they go."""
    try:
        rows = connection.execute(sql.encode()).fetchall()
    except psycopg.DataError as error:
        return str(error)
    if sql.startswith("SELECT count(*)"):
        return str(rows[0][0])
    if sql.startswith("SELECT count("):
        return "any numbers, and no error"
    return "no rows" if not rows else f"{len(rows)} rows"


@pytest.mark.parametrize("case", CASES.values(), ids=CASES)
def test_query(server: Cluster, connection: psycopg.Connection, case: Case) -> None:
    major = server.installation.major
    run(connection, case.schema)
    before = relations(server)
    script = split(case.migration).statements
    for statement in script[:-1]:
        run(connection, statement.text)
    connection.execute("BEGIN")
    run(connection, case.bad)
    connection.execute("COMMIT")
    now = relations(server)
    with pytest.raises(psycopg.Error) as failed:
        run(connection, script[-1].text)
    error = SqlError(failed.value.sqlstate or "", failed.value.diag.message_primary or "")

    asked = preflight_for(script, error, "m.sql", Known(before, now, major))

    assert asked is not None
    if major >= case.since:
        assert (asked.sql, asked.expect) == (case.query, case.expect)
    assert (asked.path, asked.line) == ("m.sql", script[-1].line)
    assert answer(connection, asked.sql) != asked.expect
    run(connection, EMPTY)
    run(connection, case.good)
    assert answer(connection, asked.sql) == asked.expect
    run(connection, script[-1].text)


@pytest.mark.parametrize(
    ("migration", "error"),
    [
        ("SELECT 1/0", SqlError("22012", "division by zero")),
        ("ALTER TABLE t ALTER a SET NOT NULL", SqlError("55P03", "canceling statement due to lock timeout")),
        (
            "ALTER TABLE missing ALTER a SET NOT NULL",
            SqlError("23502", 'column "a" of relation "missing" contains null'),
        ),
        (
            "ALTER TABLE t ADD n int; CREATE UNIQUE INDEX ON t (n)",
            SqlError("23505", 'could not create unique index "i"'),
        ),
        (
            "ALTER TABLE t ADD n int; ALTER TABLE t ADD CHECK (N > a)",
            SqlError("23514", 'check constraint "t_check" is'),
        ),
        ("CREATE TABLE u (a int); ALTER TABLE u ADD CHECK (a > 0)", SqlError("23514", 'check constraint "u_check" is')),
        ("DO $$BEGIN UPDATE t SET a = NULL; END$$", SqlError("23502", 'null value in column "a" of relation "t"')),
        ("ALTER TABLE t ADD CONSTRAINT (", SqlError("23514", 'check constraint "t_check" is')),
        ("DELETE FROM t", SqlError("23503", 'update or delete on table "t" violates foreign key constraint "f"')),
        ("ALTER TABLE t ADD FOREIGN KEY (a) REFERENCES missing", SqlError("23503", "insert or update on table")),
    ],
)
def test_nothing_to_ask(server: Cluster, connection: psycopg.Connection, migration: str, error: SqlError) -> None:
    run(connection, "CREATE TABLE t (a int)")
    before = relations(server)
    script = split(migration).statements
    for statement in script[:-1]:
        run(connection, statement.text)
    assert preflight_for(script, error, "m.sql", Known(before, relations(server), 16)) is None
