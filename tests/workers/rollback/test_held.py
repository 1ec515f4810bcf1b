"""A value that a migration adds to an enum cannot be taken away while rows hold it, nor can NULL; the proof tells."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.catalog import Kind
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.proof import Rehearsed, States, prove, settle
from workers.rollback.rows import fingerprint
from workers.rollback.write import write_rollback
from workers.ways_back import Grade, Rollback
from workers.words import Name

Connection = psycopg.Connection[tuple[object, ...]]
EXACT, LOSSY, IRREVERSIBLE = Grade.EXACT, Grade.LOSSY, Grade.IRREVERSIBLE
SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok'); CREATE DOMAIN feeling AS mood; CREATE TYPE pair AS (n int, m mood);
CREATE TABLE t (id int PRIMARY KEY, must int NOT NULL, m mood, ms mood[], f feeling, fs feeling[], p pair,
    x text, g text GENERATED ALWAYS AS (CASE WHEN m = 'sad' THEN 'no' END) STORED);
INSERT INTO t VALUES (1, 3, 'sad', '{ok}', 'ok', '{sad}', (1, 'ok'), 'glad')
"""
ADD = "ALTER TYPE mood ADD VALUE 'glad'"
OTHER_TYPE = """
ALTER TABLE t DROP g; CREATE TYPE new AS ENUM ('sad', 'ok', 'glad'); ALTER TABLE t ALTER m TYPE new USING m::text::new;
UPDATE t SET m = 'glad'
"""


@pytest.fixture
def connection(server: Cluster) -> Iterator[Connection]:
    with fresh_database(server) as database, server.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        yield connection


def run(connection: Connection, sql: str) -> str | None:
    try:
        connection.execute(sql.encode())
    except psycopg.Error as refused:
        return refused.diag.message_primary
    return None


def undone(connection: Connection, migration: Sequence[str]) -> Rollback:
    before = read_catalog(connection)
    rows = fingerprint(connection, before, [Name(*each.path) for each in before.of_kind(Kind.TABLE)])
    assert [run(connection, sql) for sql in migration] == [None] * len(migration)
    after = read_catalog(connection)
    plan = write_rollback(before, after)

    def apply() -> str | None:
        return next((error for sql in migration if (error := run(connection, sql))), None)

    rehearsed = Rehearsed(connection, lambda sql: run(connection, sql), apply)
    return settle(plan, prove(rehearsed, plan, States(before, after, rows)))


def told(column: str, values: str, them: str = "it", type: str = "enum public.mood") -> str:
    return (
        f"Rows of public.t.{column} hold {values}, which {type} did not have before:"
        f" they need another value, or to go, before {them} can be taken away."
    )


NULL = (
    "Rows of public.t.must hold NULL, which it did not take before: they need a value, or to go, before it can be NOT"
    " NULL again."
)


@pytest.mark.parametrize(
    ("migration", "grade", "reason"),
    [
        ((ADD, "UPDATE t SET m = 'glad'"), IRREVERSIBLE, told("m", "'glad'")),
        (("ALTER TABLE t ALTER must DROP NOT NULL; INSERT INTO t (id) VALUES (2)",), IRREVERSIBLE, NULL),
        *(
            pytest.param(*one, marks=pytest.mark.campaign)
            for one in (
                ((ADD,), EXACT, None),
                (("ALTER TABLE t ALTER must DROP NOT NULL",), EXACT, None),
                (
                    ("ALTER TABLE t ALTER must DROP NOT NULL; UPDATE t SET must = NULL",),
                    IRREVERSIBLE,
                    NULL,
                ),
                ((ADD, "UPDATE t SET m = 'glad' WHERE id = 2"), EXACT, None),
                ((ADD, "UPDATE t SET m = 'sad'"), EXACT, None),
                ((ADD, "CREATE TABLE n (m mood); INSERT INTO n VALUES ('glad')"), EXACT, None),
                ((ADD, "ALTER TABLE t ADD n mood DEFAULT 'glad'"), EXACT, None),
                ((ADD, "INSERT INTO t VALUES (2, 3, 'glad')"), IRREVERSIBLE, told("m", "'glad'")),
                ((ADD, "UPDATE t SET ms = ms || '{glad}'"), IRREVERSIBLE, told("ms", "'glad'")),
                ((ADD, "UPDATE t SET f = 'glad'"), IRREVERSIBLE, told("f", "'glad'")),
                ((ADD, "UPDATE t SET fs = '{glad}'"), IRREVERSIBLE, told("fs", "'glad'")),
                ((ADD, "UPDATE t SET p = (1, 'glad')"), IRREVERSIBLE, told("p", "'glad'")),
                (
                    (ADD, "ALTER TYPE mood ADD VALUE 'bad'", "UPDATE t SET ms = '{bad,glad,sad}'"),
                    IRREVERSIBLE,
                    told("ms", "'bad', 'glad'", "them"),
                ),
                (
                    (ADD, "ALTER TYPE mood RENAME VALUE 'sad' TO 'low'", "UPDATE t SET f = 'glad'"),
                    IRREVERSIBLE,
                    told("f", "'glad'"),
                ),
                ((OTHER_TYPE,), IRREVERSIBLE, told("m", "'glad'", type="enum public.new")),
                (
                    (ADD, "ALTER TABLE t RENAME TO u; ALTER TABLE u RENAME m TO k; UPDATE u SET k = 'glad'"),
                    IRREVERSIBLE,
                    told("m", "'glad'"),
                ),
            )
        ),
    ],
)
def test_values_in_use(connection: Connection, migration: tuple[str, ...], grade: Grade, reason: str | None) -> None:
    found = undone(connection, migration)
    assert (found.grade, found.proven) == (grade, grade is not IRREVERSIBLE), found.difference
    assert reason is None or found.reasons[0] == reason
    assert bool(found.difference) is (grade is IRREVERSIBLE)
