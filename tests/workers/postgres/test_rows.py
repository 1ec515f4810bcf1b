"""Tables are filled with rows that their constraints allow, and with as many nasty values as these leave."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import LiteralString

import psycopg
import pytest

from workers.postgres.cluster import Cluster, Limits, Role, start_cluster
from workers.postgres.rows import Filled, FilledTable, fill
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation, find_installations
from workers.words import Name

DATABASE = "rows"

WIDE = """
CREATE TYPE mood AS ENUM ('sad', 'ok', 'HAPPY', 'it''s');
CREATE TYPE pair AS (a int, b text);
CREATE DOMAIN positive AS int CHECK (VALUE > 0);
CREATE DOMAIN word AS varchar(5) NOT NULL CHECK (VALUE ~ '^[a-z]+$');
CREATE TABLE parent (id serial PRIMARY KEY, code text UNIQUE);
CREATE TABLE wide (
    id uuid PRIMARY KEY, parent_id int REFERENCES parent, t text, v5 varchar(5), c3 char(3), i2 smallint, i4 int,
    i8 bigint, n numeric, n52 numeric(5, 2), f4 real, f8 double precision, b boolean, by bytea, d date, ti time,
    tz timetz, ts timestamp, tstz timestamptz, iv interval, u uuid, j json, jb jsonb, m money, ine inet, cid cidr,
    mac macaddr, b4 bit(4), vb varbit(6), tsv tsvector, tsq tsquery, pt point, bx box, r int4range, nr numrange,
    dr daterange, mr int4multirange, e mood, ea mood[], ia int[], ta text[], ja jsonb[], p pair, pa pair[],
    pos positive, nm name, ch "char", o oid, rc regclass, lsn pg_lsn, "Quoted ""Name" text,
    g int GENERATED ALWAYS AS (i4 / 2) STORED, w word, tn text NOT NULL
)
"""


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


def public(*names: str) -> list[Name]:
    return [Name("public", name) for name in names]


def all_of(connection: psycopg.Connection, query: LiteralString) -> list[object]:
    return [row[0] for row in connection.execute(query)]


def one(filled: Filled, name: str = "t") -> FilledTable:
    found = filled.of(Name("public", name))
    assert found is not None
    return found


def test_nothing_to_fill(connection: psycopg.Connection) -> None:
    assert fill(connection, []) == Filled(())


def test_what_holds_no_rows_is_reported(connection: psycopg.Connection) -> None:
    connection.execute("CREATE VIEW v AS SELECT 1; CREATE TABLE shut (k int) PARTITION BY LIST (k)")
    filled = fill(connection, public("v", "missing", "shut"))
    assert filled.tables == (
        FilledTable(Name("public", "v"), 0, problem="not a table that stores rows"),
        FilledTable(Name("public", "missing"), 0, problem="no such table"),
        FilledTable(Name("public", "shut"), 0, problem='no partition of relation "shut" found for row'),
    )


def test_every_common_type(connection: psycopg.Connection) -> None:
    connection.execute(WIDE)
    filled = one(fill(connection, public("wide")), "wide")
    columns = all_of(connection, "SELECT attname FROM pg_attribute WHERE attrelid = 'wide'::regclass AND attnum > 0")
    assert filled.inserted >= 24
    assert set(columns) - set(filled.nulls) == {"id", "tn", "w"}
    assert set(columns) - set(filled.duplicates) == {"id"}
    for column in columns:  # what was reported is what is there
        name = psycopg.sql.Identifier(str(column))
        counts = psycopg.sql.SQL("SELECT count(*), count({0}), count(DISTINCT {0}::text) FROM wide").format(name)
        rows, present, distinct = connection.execute(counts).fetchall()[0]
        assert (present < rows, distinct < present) == (column in filled.nulls, column in filled.duplicates)


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("SELECT count(*) FROM wide WHERE t = '' OR btrim(t) = ''", True),
        ("SELECT count(*) FROM wide WHERE t IN ('2024-02-30', '1e400', '{not json')", True),
        ("SELECT count(*) FROM wide WHERE length(v5) = 5 AND octet_length(v5) > 5", True),
        ("SELECT count(*) FROM wide WHERE length(t) >= 1000", True),
        ("SELECT count(*) FROM wide WHERE i4 IN (2000000000, -2000000000, 0)", True),
        ("SELECT count(*) FROM wide WHERE n = 'NaN' OR n = 'Infinity'", True),
        ("SELECT count(*) FROM wide WHERE f8 = 'NaN' OR f8 = '-Infinity'", True),
        ("SELECT count(*) FROM wide WHERE d = 'infinity' OR d < '0002-01-01'", True),
        ("SELECT count(*) FROM wide WHERE ta = '{}'", True),
        ("SELECT count(*) FROM wide WHERE array_position(ia, NULL) IS NOT NULL", True),
        ("SELECT count(*) FROM wide WHERE jb = 'null' OR jsonb_typeof(jb) = 'number'", True),
        ("SELECT count(*) FROM wide WHERE j::text LIKE '%u0000%'", True),
        ("SELECT count(*) FROM wide WHERE isempty(r)", True),
        ("SELECT count(*) FROM wide WHERE p IS NULL AND p IS DISTINCT FROM NULL", True),
        ("SELECT count(*) FROM (SELECT lower(t) FROM wide GROUP BY 1 HAVING count(DISTINCT t) > 1) AS same", True),
        ("SELECT count(DISTINCT e) = 4 FROM wide", True),
        ("SELECT count(*) FROM wide WHERE parent_id IS NOT NULL", True),
        ("SELECT count(*) FROM wide WHERE pos <= 0 OR w !~ '^[a-z]+$'", False),
    ],
)
def test_nasty_values_are_there(connection: psycopg.Connection, query: LiteralString, expected: bool) -> None:
    connection.execute(WIDE)
    fill(connection, public("wide"))
    assert [bool(found) for found in all_of(connection, query)] == [expected]


def test_the_same_database_gets_the_same_rows(connection: psycopg.Connection) -> None:
    connection.execute(WIDE)
    seen = []
    for _ in range(2):
        filled = fill(connection, public("wide"))
        seen.append((filled, all_of(connection, "SELECT wide::text FROM wide ORDER BY 1")))
        connection.execute("TRUNCATE parent, wide RESTART IDENTITY")
    assert seen[0] == seen[1]


@pytest.mark.parametrize(
    ("column", "least"),
    [
        ("x int CHECK (x > 0)", 24),
        ("x int NOT NULL CHECK (x BETWEEN 7 AND 9)", 24),
        ("x text NOT NULL CHECK (x IN ('red', 'gr''een'))", 24),
        ("x text NOT NULL CHECK (length(x) >= 300)", 24),
        ("x text NOT NULL UNIQUE CHECK (length(x) BETWEEN 28 AND 30)", 24),
        ("x text NOT NULL CHECK (x LIKE 'usr\\_%')", 24),
        ("x text NOT NULL UNIQUE CHECK (x ~ '^[a-z]+$')", 24),
        ("x text NOT NULL CHECK (x ~ '^[^@ ]+@[^@ ]+$')", 24),
        ("x jsonb NOT NULL CHECK (jsonb_typeof(x) = 'object')", 24),
        ("x timestamptz NOT NULL CHECK (x >= '2031-01-01' AND x < '2031-01-02')", 24),
        ("x int, y int, CHECK (num_nonnulls(x, y) = 1)", 24),
        ("x date NOT NULL, y date NOT NULL, CHECK (x < y)", 24),
        ("x int NOT NULL, y int NOT NULL, z int NOT NULL, CHECK (x + y = z)", 24),
        ("x int NOT NULL, y int GENERATED ALWAYS AS (1000 / x) STORED", 20),
        ("x boolean PRIMARY KEY", 2),
        ("x int GENERATED ALWAYS AS IDENTITY PRIMARY KEY", 24),
        ("x bigserial PRIMARY KEY CHECK (x > 0)", 24),
        ("x int, y int, PRIMARY KEY (x, y), UNIQUE (y)", 24),
        ("x int4range NOT NULL, EXCLUDE USING gist (x WITH &&)", 20),
        ("x text UNIQUE DEFERRABLE INITIALLY DEFERRED", 24),
        ("x int CHECK (x / 0 > 1)", 2),
    ],
)
def test_constraints_are_satisfied(connection: psycopg.Connection, column: LiteralString, least: int) -> None:
    connection.execute(f"CREATE TABLE t ({column})")
    filled = one(fill(connection, public("t")))
    assert filled.problem is None
    assert filled.inserted >= least


def test_duplicates_for_every_unique_index_still_to_come(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (id serial PRIMARY KEY, a text, b int, c uuid, x int, y int, UNIQUE (x, y))")
    fill(connection, public("t"))
    for columns in ("a", "b, c", "a, b, c", "x", "y", "x, a, b", "y, a, c"):
        with pytest.raises(psycopg.errors.UniqueViolation):
            connection.execute(f"CREATE UNIQUE INDEX ON t ({columns})".encode())


def test_duplicates_beside_a_key_that_is_unique_with_a_parent(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE TABLE env (id int PRIMARY KEY);
        CREATE TABLE t (id int PRIMARY KEY, env_id int NOT NULL REFERENCES env, tenant int, name text NOT NULL);
        CREATE UNIQUE INDEX ON t (env_id, name);
    """)
    fill(connection, public("t"))
    with pytest.raises(psycopg.errors.UniqueViolation):
        connection.execute("CREATE UNIQUE INDEX ON t (tenant, name)")


def test_empty_columns_hold_only_null(connection: psycopg.Connection) -> None:
    connection.execute(
        "CREATE TABLE env (id int PRIMARY KEY); CREATE TABLE t (a int, b int, c int, e int REFERENCES env)"
    )
    connection.execute("ALTER TABLE t ADD CHECK (c IS NOT NULL) NOT VALID")
    empty = [(table, column) for table in public("t") for column in "bce"]
    assert one(fill(connection, public("t"), empty=empty)).inserted >= 20
    counts = connection.execute("SELECT count(a) > 0, count(b), count(c) > 0, count(e) FROM t").fetchone()
    assert counts == (True, 0, True, 0)


def test_an_expression_and_a_partial_unique_index(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (mail text NOT NULL, gone boolean NOT NULL, code text)")
    connection.execute("CREATE UNIQUE INDEX ON t (lower(mail)); CREATE UNIQUE INDEX ON t (code) WHERE NOT gone")
    filled = one(fill(connection, public("t")))
    assert filled.inserted >= 20
    assert filled.duplicates == ("gone", "code")


def test_parents_are_filled_first_and_only_where_needed(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE TABLE far (id int PRIMARY KEY);
        CREATE TABLE country (id int PRIMARY KEY, far_id int REFERENCES far);
        CREATE TABLE city (id text PRIMARY KEY, country_id int NOT NULL REFERENCES country);
        CREATE TABLE t (city_id text REFERENCES city, tenant int, thing int);
    """)
    filled = fill(connection, public("t"))
    assert [(str(table.table), table.inserted >= 24) for table in filled.tables] == [
        ("public.t", True),
        ("public.country", True),
        ("public.city", True),
    ]
    assert {"city_id"} <= {*one(filled).nulls} & {*one(filled).duplicates}


def test_parents_that_hold_rows_stay_as_they_are(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE role (id int PRIMARY KEY); INSERT INTO role VALUES (5)")
    connection.execute("CREATE TABLE t (role_id int NOT NULL REFERENCES role)")
    assert [str(table.table) for table in fill(connection, public("t")).tables] == ["public.t"]
    assert all_of(connection, "SELECT DISTINCT role_id FROM t") == [5]


@pytest.mark.parametrize(
    "schema",
    [
        "CREATE TABLE t (id int PRIMARY KEY, up int REFERENCES t)",
        "CREATE TABLE t (id int PRIMARY KEY, up int NOT NULL REFERENCES t)",
        "CREATE TABLE t (id serial PRIMARY KEY, up int NOT NULL REFERENCES t)",
        "CREATE TABLE t (id int GENERATED ALWAYS AS IDENTITY PRIMARY KEY, up int NOT NULL REFERENCES t)",
        "CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY REFERENCES o, up int REFERENCES t);"
        "ALTER TABLE o ADD up int REFERENCES t",
        "CREATE TABLE o (tenant int, id int, PRIMARY KEY (tenant, id));"
        "CREATE TABLE t (tenant int NOT NULL, a int NOT NULL, up int, FOREIGN KEY (tenant, a) REFERENCES o,"
        "FOREIGN KEY (tenant, up) REFERENCES o)",
        "CREATE TABLE o (a int, b int, PRIMARY KEY (a, b));"
        "CREATE TABLE t (a int, up int, FOREIGN KEY (a, up) REFERENCES o MATCH FULL)",
    ],
)
def test_cycles_and_shared_columns(connection: psycopg.Connection, schema: LiteralString) -> None:
    connection.execute(schema)
    filled = one(fill(connection, public("t")))
    assert filled.inserted >= 20
    assert all_of(connection, "SELECT count(*) > 0 FROM t WHERE up IS NOT NULL") == [True]


def test_a_cycle_that_nobody_can_enter(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE o (id int PRIMARY KEY); CREATE TABLE t (id int PRIMARY KEY REFERENCES o)")
    connection.execute("ALTER TABLE o ADD t_id int NOT NULL REFERENCES t")
    filled = fill(connection, public("t", "o"))
    assert [(table.inserted, (table.problem or "")[:11]) for table in filled.tables] == [
        (0, "foreign key"),
        (0, "foreign key"),
    ]


def test_partitions(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE TABLE t (k text NOT NULL, at timestamptz NOT NULL, v int) PARTITION BY RANGE (at);
        CREATE TABLE t1 PARTITION OF t FOR VALUES FROM ('2024-01-01') TO ('2024-02-01') PARTITION BY LIST (k);
        CREATE TABLE t1a PARTITION OF t1 FOR VALUES IN ('de', 'fr');
        CREATE TABLE t2 PARTITION OF t FOR VALUES FROM ('2024-02-01') TO (MAXVALUE);
    """)
    filled = fill(connection, public("t", "t1a"))
    assert [table.inserted >= 24 for table in filled.tables] == [True, True]
    assert all_of(connection, "SELECT count(DISTINCT tableoid) FROM t") == [2]


def test_seed_rows_stay(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (0, 'mine'), (7, 'too')")
    assert one(fill(connection, public("t"))).inserted >= 20
    assert all_of(connection, "SELECT a FROM t WHERE id IN (0, 7) ORDER BY id") == ["mine", "too"]


def test_sequences_still_give_free_values(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (id serial PRIMARY KEY, a text)")
    fill(connection, public("t"))
    connection.execute("INSERT INTO t (a) VALUES ('the next')")
    assert all_of(connection, "SELECT count(*) > 0 FROM t WHERE id <= 0") == [True]


# ---------------------------------------------------------------- what the schema does on its own

RAISE = "CREATE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$BEGIN {body} RETURN NEW; END$$;"
TRIGGER = "CREATE TRIGGER g BEFORE INSERT ON t FOR EACH ROW EXECUTE FUNCTION f();"


def test_what_a_trigger_refuses_is_not_allowed(connection: psycopg.Connection) -> None:
    body = "IF NEW.a < 0 THEN RAISE EXCEPTION 'no'; END IF;"
    connection.execute(f"CREATE TABLE t (a int NOT NULL); {RAISE.format(body=body)} {TRIGGER}".encode())
    assert one(fill(connection, public("t"))).inserted >= 24
    assert all_of(connection, "SELECT count(*) FROM t WHERE a < 0") == [0]


@pytest.mark.parametrize("body", ["RAISE EXCEPTION 'never';", "ASSERT false;", "RETURN NULL;", "PERFORM pg_sleep(60);"])
def test_triggers_that_let_nothing_in_are_off_for_a_moment(connection: psycopg.Connection, body: str) -> None:
    connection.execute(f"CREATE TABLE t (a int); {RAISE.format(body=body)} {TRIGGER}".encode())
    connection.execute("CREATE TRIGGER h AFTER INSERT ON t FOR EACH ROW EXECUTE FUNCTION f()")
    connection.execute("ALTER TABLE t DISABLE TRIGGER h, ENABLE ALWAYS TRIGGER g; SET statement_timeout = 300")
    fill(connection, public("t"))
    assert all_of(connection, "SELECT count(*) >= 24 FROM t") == [True]
    states = "SELECT tgname || tgenabled::text FROM pg_trigger WHERE tgrelid = 't'::regclass ORDER BY 1"
    assert all_of(connection, states) == ["gA", "hD"]


def test_forced_row_security(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (a int); ALTER TABLE t ENABLE ROW LEVEL SECURITY, FORCE ROW LEVEL SECURITY")
    assert one(fill(connection, public("t"))).inserted >= 24
    assert all_of(connection, "SELECT relforcerowsecurity FROM pg_class WHERE oid = 't'::regclass") == [True]


def test_a_check_that_never_ends(connection: psycopg.Connection) -> None:
    connection.execute("SET statement_timeout = 200")
    connection.execute("CREATE FUNCTION f(int) RETURNS bool LANGUAGE plpgsql AS $$BEGIN LOOP END LOOP; END$$")
    connection.execute("CREATE TABLE t (a int CHECK (f(a))); CREATE TABLE other (a int)")
    filled = fill(connection, public("t", "other"))
    assert one(filled).problem == "canceling statement due to statement timeout"
    assert one(filled, "other").inserted >= 24
    assert all_of(connection, "SHOW statement_timeout") == ["200ms"]


def test_names_do_not_matter(connection: psycopg.Connection) -> None:
    connection.execute("""
        CREATE SCHEMA "select"; CREATE SCHEMA odd; CREATE TYPE odd.text AS ENUM ('a');
        CREATE TABLE "select"."from ""x" ("order" int CHECK ("order" > 3), "a'b\\c" odd.text, "{x}" text DEFAULT '%s');
        SET search_path = odd, "select"
    """)
    filled = fill(connection, [Name("select", 'from "x')]).tables[0]
    assert (filled.inserted >= 24, filled.problem) == (True, None)
    assert all_of(connection, "SHOW search_path") == ['odd, "select"']


def test_inside_the_callers_transaction(connection: psycopg.Connection) -> None:
    connection.execute("CREATE TABLE t (a int)")
    with connection.transaction(force_rollback=True):
        assert one(fill(connection, public("t"))).inserted >= 24
    assert all_of(connection, "SELECT count(*) FROM t") == [0]


def test_a_lost_connection_is_raised(connection: psycopg.Connection, server: Cluster) -> None:
    body = "PERFORM pg_catalog.pg_terminate_backend(pg_catalog.pg_backend_pid());"
    connection.execute(f"CREATE TABLE t (a int); {RAISE.format(body=body)} {TRIGGER}".encode())
    with server.connect(Role.MIGRATION, DATABASE) as other, pytest.raises(psycopg.OperationalError):
        fill(other, public("t"))
