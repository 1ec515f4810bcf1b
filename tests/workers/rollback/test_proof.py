"""A rollback that does not do what it claims is found out, and never by an exception."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.catalog import Catalog
from workers.facts import Write
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.postgres.dump import schema_dump
from workers.rollback.grading import DataEffects
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.reached import TableEffect
from workers.rollback.rows import fingerprint
from workers.rollback.write import Plan, write_rollback
from workers.ways_back import Grade, Rollback
from workers.words import Name

Connection = psycopg.Connection[tuple[object, ...]]
T = Name("public", "t")
SETUP = "CREATE TABLE t (id int PRIMARY KEY, a text); INSERT INTO t VALUES (1, 'x'), (2, NULL)"


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        yield connection


@dataclass(frozen=True)
class Bench:
    cluster: Cluster
    connection: Connection

    def run(self, sql: str) -> str | None:
        try:
            with self.connection.transaction():
                self.connection.execute(sql.encode())
        except psycopg.Error as refused:
            return refused.diag.message_primary
        return None

    def migrate(self, sql: str, effects: DataEffects) -> tuple[Plan, States]:
        before = read_catalog(self.connection)
        rows, dump = fingerprint(self.connection, before, (T,)), self.dump()
        assert self.run(sql) is None
        after = read_catalog(self.connection)
        return write_rollback(before, after, effects), States(before, after, rows, lambda: dump)

    def prove(self, sql: str, plan: Plan, states: States) -> Rollback:
        database = Rehearsed(self.connection, self.run, lambda: self.run(sql), self.dump)
        return settle(plan, prove(database, plan, states))

    def dump(self) -> str:
        return schema_dump(self.cluster, self.connection.info.dbname)


def exact(*statements: str) -> Plan:
    return Plan(statements, Grade.EXACT, ())


ADD = "ALTER TABLE t ADD b int"


@pytest.mark.parametrize(
    ("claimed", "difference"),
    [
        (exact('ALTER TABLE "public"."t" DROP COLUMN "b";'), ()),
        (exact(), ("column public.t.b is not expected",)),
        (exact("ALTER TABLE t DROP COLUMN c;"), ('rolling back failed: column "c" of relation "t" does not exist',)),
        (exact("ALTER TABLE t DROP b, DROP a, ADD a text;"), ("table public.t: 1 of 2 rows are not as they were",)),
        (exact("ALTER TABLE t DROP b; DELETE FROM t;"), ("table public.t: 2 of 2 rows are not as they were",)),
        (exact("ALTER TABLE t DROP b; COMMENT ON TABLE t IS 'x';"), ("table public.t, comment: expected none, is x",)),
        (exact("DROP TABLE t;"), ("table public.t is missing",)),
    ],
)
def test_what_differs_is_named(
    cluster: Cluster, connection: Connection, claimed: Plan, difference: tuple[str, ...]
) -> None:
    bench = Bench(cluster, connection)
    _, states = bench.migrate(ADD, DataEffects())
    found = bench.prove(ADD, claimed, states)
    assert (found.difference, found.proven) == (difference, not difference)


def test_a_migration_that_cannot_be_applied_again_is_not_proven(cluster: Cluster, connection: Connection) -> None:
    migration = "INSERT INTO t VALUES (3)"
    bench = Bench(cluster, connection)
    _, states = bench.migrate(migration, DataEffects())
    found = bench.prove(migration, exact(), states)
    refused = 'duplicate key value violates unique constraint "t_pkey"'
    assert found.difference == (f"applying the migration again failed: {refused}",)


def test_rows_that_a_migration_inserts_stay_and_are_told(cluster: Cluster, connection: Connection) -> None:
    migration = "INSERT INTO t VALUES (3)"
    bench = Bench(cluster, connection)
    plan, states = bench.migrate(migration, DataEffects.of((Write(T, inserted=1),), ()))
    told = "Rows were inserted into table public.t; they stay, also when the migration is applied again."
    assert bench.prove(migration, plan, states) == Rollback("", Grade.LOSSY, True, (told,))
    assert connection.execute("SELECT count(*) FROM t").fetchall() == [(3,)]


@pytest.mark.parametrize(
    ("columns", "grade"), [(None, Grade.LOSSY), (frozenset({"a", "b"}), Grade.LOSSY), (frozenset({"b"}), Grade.EXACT)]
)
def test_an_update_of_new_columns_only_costs_nothing(
    cluster: Cluster, connection: Connection, columns: frozenset[str] | None, grade: Grade
) -> None:
    migration = "ALTER TABLE t ADD b int; UPDATE t SET b = id; ALTER TABLE t ALTER b SET NOT NULL"
    bench = Bench(cluster, connection)
    plan, states = bench.migrate(migration, DataEffects((TableEffect(T, updated=2, columns=columns),)))
    assert plan.grade is grade
    assert bench.prove(migration, plan, states).proven


@pytest.mark.parametrize(
    ("migration", "effects", "reasons"),
    [
        ("DROP TABLE t", DataEffects(), ("The rows of table public.t were dropped with it; it comes back empty.",)),
        (
            "ALTER TABLE t DROP a",
            DataEffects(),
            ("The values of column public.t.a were dropped with it; it comes back without them.",),
        ),
        (
            "ALTER TABLE t ALTER a TYPE varchar(5)",
            DataEffects(),
            (
                "The change of column public.t.a from text to character varying(5) may have cost values,"
                " which do not come back.",
            ),
        ),
        (
            "ALTER TABLE t RENAME TO u; TRUNCATE u",
            DataEffects(truncated=(Name("public", "u"),)),
            ("The rows of table public.t were truncated; they do not come back.",),
        ),
        ("CREATE TABLE n (a int); INSERT INTO n VALUES (1)", DataEffects.of((Write(Name("public", "n"), 1),), ()), ()),
    ],
)
def test_reasons(
    cluster: Cluster, connection: Connection, migration: str, effects: DataEffects, reasons: tuple[str, ...]
) -> None:
    plan, _ = Bench(cluster, connection).migrate(migration, effects)
    assert plan.reasons == reasons


@pytest.mark.parametrize(
    ("migration", "statements"),
    [
        ("SELECT 1", ()),
        ("CREATE TABLE u (a int PRIMARY KEY, b int REFERENCES t)", ('DROP TABLE "public"."u";',)),
        (
            "ALTER TABLE t RENAME a TO b; CREATE INDEX i ON t (b)",
            ('DROP INDEX "public"."i";', 'ALTER TABLE "public"."t" RENAME COLUMN "b" TO "a";'),
        ),
        (
            "CREATE VIEW v AS SELECT a FROM t; CREATE VIEW w AS SELECT a FROM v",
            ('DROP VIEW "public"."w";', 'DROP VIEW "public"."v";'),
        ),
        (
            "ALTER TABLE t ALTER a SET NOT NULL, ALTER a SET DEFAULT ''",
            (
                'ALTER TABLE ONLY "public"."t" ALTER COLUMN "a" DROP DEFAULT;',
                'ALTER TABLE "public"."t" ALTER COLUMN "a" DROP NOT NULL;',
            ),
        ),
    ],
)
def test_statements(cluster: Cluster, connection: Connection, migration: str, statements: tuple[str, ...]) -> None:
    connection.execute("UPDATE t SET a = '' WHERE a IS NULL")
    plan, _ = Bench(cluster, connection).migrate(migration, DataEffects())
    assert plan.statements == statements
    assert plan.sql == "".join(f"{statement}\n" for statement in statements)


# ---------------------------------------------------------------- what our own catalog would not see


def blind(connection: Connection, name: str) -> Catalog:
    """The catalog without the objects of a name."""
    found = read_catalog(connection)
    return replace(found, objects={id: each for id, each in found.objects.items() if name not in each.path})


def test_pg_dump_sees_what_the_catalog_does_not(cluster: Cluster, connection: Connection) -> None:
    migration = "CREATE VIEW v AS SELECT 1 AS one"
    bench = Bench(cluster, connection)
    _, states = bench.migrate(migration, DataEffects())
    database = Rehearsed(connection, bench.run, lambda: None, bench.dump, lambda reader: blind(reader, "v"))
    found = settle(exact(), prove(database, exact(), replace(states, after=blind(connection, "v"))))
    assert (found.difference, found.proven) == (("pg_dump: VIEW public.v is not expected",), False)


def test_without_pg_dump_the_proof_says_so(cluster: Cluster, connection: Connection) -> None:
    bench = Bench(cluster, connection)
    plan, states = bench.migrate(ADD, DataEffects())
    database = Rehearsed(connection, bench.run, lambda: bench.run(ADD))
    found = settle(plan, prove(database, plan, replace(states, dump=str)))
    assert (found.proven, found.notes) == (True, ("not compared by pg_dump: nobody asked for it",))
    found = bench.prove(ADD, plan, replace(states, dump=str))
    assert (found.proven, found.notes) == (True, ("not compared by pg_dump",))
