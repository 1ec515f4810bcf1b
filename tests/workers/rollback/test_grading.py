"""What does not come back as it was is named, each thing by a sentence; what changes no grade among it."""

from __future__ import annotations

from collections.abc import Iterator

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.facts import Facts, Lock
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Role
from workers.rollback.effects import effects_in
from workers.rollback.write import write_rollback
from workers.sql.split import split
from workers.ways_back import Grade
from workers.words import LockMode, Name, Source

Connection = psycopg.Connection[tuple[object, ...]]
EXACT, LOSSY = Grade.EXACT, Grade.LOSSY
SETUP = """
CREATE TYPE mood AS ENUM ('sad', 'ok');
CREATE TABLE p (id serial PRIMARY KEY, code int UNIQUE);
CREATE TABLE c (id int PRIMARY KEY, p int REFERENCES p ON DELETE CASCADE, q int REFERENCES p ON DELETE SET NULL,
    code int REFERENCES p (code) ON UPDATE CASCADE);
CREATE TABLE g (id int PRIMARY KEY, c int REFERENCES c ON DELETE CASCADE, "x ON DELETE CASCADE" int REFERENCES p);
CREATE TABLE t (a int, b int, d int GENERATED ALWAYS AS (a) STORED, m mood);
CREATE TABLE parts (id int) PARTITION BY LIST (id);
CREATE TABLE one PARTITION OF parts FOR VALUES IN (1);
CREATE SEQUENCE s;
CREATE TABLE w (a int, at timestamptz);
CREATE FUNCTION touch() RETURNS trigger LANGUAGE plpgsql AS 'BEGIN NEW.at := now(); RETURN NEW; END';
CREATE TRIGGER touched BEFORE INSERT OR UPDATE ON w FOR EACH ROW EXECUTE FUNCTION touch();
"""
C_DELETED = "Rows of table public.c were deleted; they do not come back."
P_DELETED = C_DELETED.replace(".c", ".p")
G_DELETED = C_DELETED.replace(".c", ".g")
C_UPDATED = "Rows of table public.c were updated; their former values are gone."
P_PLACED = "The position of sequence public.p_id_seq was set; it stays where the migration leaves it."
S_PLACED = P_PLACED.replace("p_id_seq", "s")
BEYOND = "reaches beyond the database; it is not undone."


def locked(*tables: str) -> Facts:
    return Facts(tuple(Lock(Name("public", table), LockMode.ROW_EXCLUSIVE, Source.OBSERVED) for table in tables))


@pytest.fixture(scope="module")
def connection(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(SETUP.encode())
        yield connection


@pytest.mark.parametrize(
    ("migration", "seen", "grade", "reasons"),
    [
        ("SELECT 1", Facts(), EXACT, ()),
        # order of columns
        ("ALTER TABLE t ADD e int", Facts(), EXACT, ()),
        ("ALTER TABLE c DROP code", Facts(), LOSSY, (
            "The values of column public.c.code were dropped with it; it comes back without them.",)),
        ("ALTER TABLE t DROP b", Facts(), LOSSY, (
            "The values of column public.t.b were dropped with it; it comes back without them.",
            "Columns of table public.t come back behind the others, not in their former place: b.")),
        ("ALTER TABLE t DROP d", Facts(), EXACT, (
            "Columns of table public.t come back behind the others, not in their former place: d.",)),
        # values of an enum
        ("ALTER TYPE mood RENAME VALUE 'ok' TO 'fine'", Facts(), EXACT, ()),
        ("ALTER TYPE mood ADD VALUE 'happy'; ALTER TYPE mood ADD VALUE 'glad'", Facts(), EXACT, (
            "The rollback fails once rows use a value that enum public.mood has only with the migration:"
            " happy, glad.",)),
        # rows, also through foreign keys
        ("DELETE FROM g WHERE id = 1", Facts(), LOSSY, (G_DELETED,)),
        ("DELETE FROM c WHERE id = 1", locked("c", "g"), LOSSY, (C_DELETED, G_DELETED)),
        ("DELETE FROM p WHERE id = 1", locked("p", "c", "g"), LOSSY, (P_DELETED, C_UPDATED, C_DELETED, G_DELETED)),
        ("ALTER TABLE t ADD n int; UPDATE t SET n = 1", Facts(), EXACT, ()),
        ("ALTER TABLE w ADD n int; UPDATE w SET n = 1", Facts(), LOSSY, (C_UPDATED.replace(".c", ".w"),)),
        ("UPDATE p SET id = 3 WHERE id = 1", Facts(), LOSSY, (C_UPDATED.replace(".c", ".p"),)),
        ("UPDATE p SET code = 3 WHERE id = 1", Facts(), LOSSY, (C_UPDATED.replace(".c", ".p"), C_UPDATED)),
        ("DELETE FROM parts", locked("parts", "one"), LOSSY, (P_DELETED.replace(".p ", ".parts "),)),
        ("INSERT INTO c VALUES (1) ON CONFLICT DO NOTHING", Facts(), LOSSY, (
            "Rows were inserted into table public.c; they stay, also when the migration is applied again.",)),
        ("INSERT INTO c VALUES (1) ON CONFLICT (id) DO UPDATE SET p = 1", Facts(), LOSSY, (
            "Rows were inserted into table public.c; they stay, also when the migration is applied again.", C_UPDATED)),
        ("DO $$ BEGIN IF false THEN DELETE FROM t; END IF; END $$", locked("t"), LOSSY, (
            "Code that is not read may write to table public.t; what it writes there does not come back.",)),
        # positions
        ("CREATE SEQUENCE n; SELECT setval('n', 7)", Facts(), EXACT, ()),
        ("SELECT setval('s', (SELECT max(id) FROM p))", Facts(), LOSSY, (S_PLACED,)),
        ("SELECT pg_catalog.setval('public.s'::regclass, 7)", Facts(), LOSSY, (S_PLACED,)),
        ("SELECT setval(pg_get_serial_sequence('p', 'id'), 7)", Facts(), LOSSY, (P_PLACED,)),
        ("ALTER SEQUENCE s RESTART", Facts(), LOSSY, (S_PLACED,)),
        ("TRUNCATE p RESTART IDENTITY CASCADE", Facts(truncated=(Name("public", "p"),)), LOSSY, (
            "The rows of table public.p were truncated; they do not come back.", P_PLACED)),
        ("SELECT nextval('s')", Facts(), EXACT, (
            "Numbers were taken from sequence public.s; its position stays where the migration leaves it.",)),
        # beyond the database
        ("CREATE ROLE keeper_of_tests", Facts(), EXACT, (f"Line 1, CREATE ROLE, {BEYOND}",)),
        ("SELECT 1;\nALTER ROLE CURRENT_USER SET work_mem = '5MB'", Facts(), EXACT, (
            f"Line 2, ALTER ROLE … SET, {BEYOND}",)),
        ("CREATE ROLE keeper_of_tests;\nGRANT keeper_of_tests TO CURRENT_USER", Facts(), EXACT, (
            f"Line 1, CREATE ROLE, {BEYOND}", f"Line 2, GRANT, {BEYOND}")),
        ("GRANT SELECT ON t TO pg_monitor", Facts(), EXACT, ()),
    ],
)  # fmt: skip
def test_what_is_named(
    connection: Connection, migration: str, seen: Facts, grade: Grade, reasons: tuple[str, ...]
) -> None:
    statements = split(migration).statements
    with connection.transaction(force_rollback=True):
        before = read_catalog(connection)
        connection.execute(migration.encode())
        after = read_catalog(connection)
    effects = effects_in(statements, [seen] * len(statements))
    plan = write_rollback(before, after, effects)
    assert (plan.grade, plan.reasons) == (grade, reasons)
