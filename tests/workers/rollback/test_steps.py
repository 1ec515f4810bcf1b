"""Indexes of tables in use are dropped and built outside a transaction, rows are checked in one of their own."""

from __future__ import annotations

import functools
from collections.abc import Iterator
from pathlib import Path

import psycopg
import pytest

from tests.workers.rollback.databases import fresh_database
from workers.facts import Facts
from workers.model import Migration, Transaction
from workers.policy import SMALL_ROWS, Policy, TablePolicy
from workers.postgres.catalog import read_catalog
from workers.postgres.cluster import Cluster, Limits, Role
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.rehearsed import Observation
from workers.replay import Ground, replayed
from workers.rollback.comparison import compare
from workers.rollback.steps import bare, in_use, steps_of, text_of
from workers.rollback.write import write_rollback
from workers.sql.split import split
from workers.ways_back import UndoStep
from workers.words import Name

BASE = """
CREATE TABLE t (a int PRIMARY KEY, b text, c int);
CREATE INDEX old ON t (b);
CREATE INDEX commented ON t (c);
COMMENT ON INDEX commented IS 'stays with the index';
CREATE TABLE big (id int PRIMARY KEY, t int REFERENCES t, x int CHECK (x > 0));
CREATE TABLE parted (a int) PARTITION BY RANGE (a);
"""
PATIENT = (
    "-- Gives up on a lock after five seconds, as others wait behind it meanwhile; it can then be run again.\n"
    "SET LOCAL lock_timeout = '5s';\n"
)
ASIDE = "-- Outside a transaction. Where it fails it leaves an invalid index, to be dropped before another try.\n"
CHECK = (
    "-- Done apart, this lets others read and write. Where rows are in the way, put them right, then run this again.\n"
)

Connection = psycopg.Connection[tuple[object, ...]]


@pytest.fixture
def connection(cluster: Cluster) -> Iterator[Connection]:
    with fresh_database(cluster) as database, cluster.connect(Role.MIGRATION, database) as connection:
        connection.execute(BASE.encode())
        yield connection


def steps(connection: Connection, migration: str) -> tuple[UndoStep, ...]:
    """Run, and found to lead back."""
    before, statements = read_catalog(connection), split(migration).statements
    for statement in statements:
        connection.execute(statement.text.encode())
    states = before, read_catalog(connection)
    tables = in_use(statements, [Observation(Facts(), 0.0)] * len(statements), states)
    found = steps_of(write_rollback(*states).statements, states, tables)
    for step in found:
        connection.execute(step.sql.encode())
    assert compare(before, read_catalog(connection)) == ()
    return found


def test_nothing_to_undo_has_no_steps() -> None:
    assert (text_of(()), bare(UndoStep("x;\n"))) == ("", "x;\n")


def test_what_its_author_did_in_a_transaction_is_one_step(connection: Connection) -> None:
    found = steps(connection, "CREATE INDEX new ON t (c); DROP INDEX old")
    sql = 'DROP INDEX "public"."new";\nCREATE INDEX old ON public.t USING btree (b);\n'
    assert found == (UndoStep(PATIENT + sql),)
    assert text_of(found) == PATIENT + sql
    assert bare(found[0]) == sql


def test_a_lone_index_is_dropped_without_a_transaction(connection: Connection) -> None:
    found = steps(connection, "CREATE INDEX CONCURRENTLY new ON t (c)")
    assert found == (UndoStep(f'{ASIDE}DROP INDEX CONCURRENTLY "public"."new";\n', transaction=False),)
    assert text_of(found) == found[0].sql


def test_drops_come_first_and_builds_last(installation: Installation, cache: Path) -> None:
    text = (
        "DROP INDEX CONCURRENTLY old; CREATE UNIQUE INDEX CONCURRENTLY new ON t (c, b); ALTER TABLE t ADD d int;"
        " ALTER TABLE big DROP CONSTRAINT big_t_fkey"
    )
    ground = Ground(installation, strongest_tier(), Limits(), cache, 1 << 30, lambda: None)
    with replayed((Migration("1", "1.sql", BASE, Transaction.FILE),), ground) as base:
        (one,) = rehearse(base, (Migration("2", "2.sql", text, Transaction.STATEMENT),)).migrations
    undo = one.rollback
    assert undo is not None
    assert (undo.difference, undo.proven, undo.notes) == ((), True, ())
    assert undo.sql == (
        f'{ASIDE}DROP INDEX CONCURRENTLY "public"."new";\n\n'
        f'BEGIN;\n{PATIENT}ALTER TABLE "public"."t" DROP COLUMN "d";\n'
        'ALTER TABLE "public"."big" ADD CONSTRAINT "big_t_fkey" FOREIGN KEY (t) REFERENCES public.t(a) NOT VALID;\n'
        f"COMMIT;\n\n{ASIDE}CREATE INDEX CONCURRENTLY old ON public.t USING btree (b);\n\n"
        f'BEGIN;\n{CHECK}{PATIENT}ALTER TABLE "public"."big" VALIDATE CONSTRAINT "big_t_fkey";\nCOMMIT;\n'
    )
    assert [step.transaction for step in undo.steps] == [False, True, False, True]
    assert [(str(lock.relation), lock.mode.sql) for lock in undo.locks] == [
        ("public.big", "SHARE ROW EXCLUSIVE"),
        ("public.t", "ACCESS EXCLUSIVE"),
    ]
    assert undo.takes == ()


SMALL = Policy(tables=((Name("public", "big"), TablePolicy(rows=SMALL_ROWS)),))
seldom = functools.partial(pytest.param, marks=pytest.mark.campaign)
MADE = "CREATE TABLE made (id int PRIMARY KEY, t int REFERENCES t)"


@pytest.mark.parametrize(
    ("migrations", "policy", "checked"),
    [
        (("ALTER TABLE big DROP CONSTRAINT big_t_fkey",), SMALL, None),
        seldom((MADE, "ALTER TABLE made DROP CONSTRAINT made_t_fkey"), Policy(), None),
        seldom(("ALTER TABLE big ALTER x TYPE bigint",), Policy(), None),
        seldom(("DROP TABLE big",), Policy(), None),
        (("ALTER TABLE big DROP CONSTRAINT big_t_fkey",), Policy(), "big_t_fkey"),
        seldom(("ALTER TABLE big DROP x, ADD y int",), Policy(), "big_x_check"),
    ],
)
def test_rows_of_what_may_be_large_are_checked_apart(
    installation: Installation, cache: Path, migrations: tuple[str, ...], policy: Policy, checked: str | None
) -> None:
    """Of the last migration."""
    added = [Migration(str(n), f"{n}.sql", text, Transaction.FILE) for n, text in enumerate(migrations, start=2)]
    ground = Ground(installation, strongest_tier(), Limits(), cache, 1 << 30, lambda: None)
    with replayed((Migration("1", "1.sql", BASE, Transaction.FILE),), ground) as base:
        undo = rehearse(base, tuple(added), policy=policy).migrations[-1].rollback
    assert undo is not None
    assert (undo.difference, undo.proven) == ((), True)
    assert ["VALIDATE" in step.sql for step in undo.steps] == ([False, True] if checked else [False])
    assert (f'VALIDATE CONSTRAINT "{checked}"' in undo.steps[-1].sql, "NOT VALID" in undo.sql) == (
        (True, True) if checked else (False, False)
    )


@pytest.mark.parametrize(
    ("migration", "aside"),
    [
        ("DROP INDEX CONCURRENTLY commented", []),  # its comment would come too early
        ("CREATE TABLE n (a int); CREATE INDEX CONCURRENTLY ON n (a)", []),  # the table goes, and the index with it
        ("CREATE INDEX CONCURRENTLY new ON t (c); ALTER TABLE t RENAME TO u", ["new"]),
        (
            "CREATE UNIQUE INDEX CONCURRENTLY new ON t (c, a);"
            " CREATE TABLE n (c int, a int, FOREIGN KEY (c, a) REFERENCES t (c, a))",
            [],  # a foreign key stands on it, which goes only in the transaction
        ),
        (
            "CREATE INDEX CONCURRENTLY tmp ON t (c, b); DROP INDEX CONCURRENTLY old; ALTER INDEX tmp RENAME TO old",
            ["old", "old"],
        ),
        ("CREATE INDEX CONCURRENTLY new ON t (c); ALTER TABLE t ADD UNIQUE (c)", ["new"]),
    ],
)
def test_what_cannot_be_done_aside_is_not(connection: Connection, migration: str, aside: list[str]) -> None:
    found = [step.sql for step in steps(connection, migration) if not step.transaction]
    assert len(found) == len(aside)
    assert all(name in step for name, step in zip(aside, found, strict=True))


def test_tables_that_nobody_named_are_not_in_use(connection: Connection) -> None:
    found = steps(connection, "CREATE INDEX CONCURRENTLY new ON t (c); CREATE INDEX other ON big (x)")
    assert [step.transaction for step in found] == [False, True]
    assert 'DROP INDEX "public"."other";' in found[1].sql
