"""The way back in words: how its SQL is run, what others wait for, and how each runner is told."""

from __future__ import annotations

import pytest

from workers.facts import Lock
from workers.report import phrases
from workers.report.marks import mark
from workers.sql.split import split
from workers.ways_back import Grade, Rollback, UndoStep
from workers.words import LockMode, Name, Source

BACK = Rollback("DROP TABLE a;", Grade.EXACT, True)


def test_what_blocks_nobody_takes_nothing() -> None:
    lock = Lock(Name("public", "a"), LockMode.SHARE_UPDATE_EXCLUSIVE, Source.OBSERVED)
    assert tuple(phrases.going_back(BACK)) == ()
    assert tuple(phrases.going_back(Rollback("x;", Grade.EXACT, True, locks=(lock,)))) == ()


def test_what_others_wait_for() -> None:
    modes = {"a": LockMode.SHARE, "b": LockMode.ACCESS_EXCLUSIVE, "c": LockMode.ACCESS_EXCLUSIVE}
    locks = tuple(Lock(Name("public", name), mode, Source.OBSERVED) for name, mode in modes.items())
    undo = Rollback("x;", Grade.EXACT, True, locks=locks, takes=("CREATE INDEX: i is built.",))
    assert tuple(phrases.going_back(undo)) == (
        "Going back takes: `ACCESS EXCLUSIVE` on `public.b`, `public.c`, which blocks reads and writes.",
        "Going back takes: `SHARE` on `public.a`, which blocks writes.",
        "Going back takes: CREATE INDEX: i is built.",
    )


@pytest.mark.parametrize(
    ("steps", "how"),
    [
        ((), "--single-transaction"),
        ((UndoStep("x;"),), "--single-transaction"),
        ((UndoStep("x;", transaction=False),), "outside a transaction"),
        ((UndoStep("x;", transaction=False), UndoStep("y;")), "with its own BEGIN and COMMIT"),
    ],
)
def test_how_its_sql_is_run(steps: tuple[UndoStep, ...], how: str) -> None:
    assert how in phrases.run_it(Rollback("x;", Grade.EXACT, True, steps=steps))


def test_what_was_not_compared_is_said_with_the_proof() -> None:
    undo = Rollback("x;", Grade.EXACT, True, notes=("not compared by pg_dump",))
    assert phrases.proof(undo) == f"proven: {phrases.PROOF}; not compared by pg_dump"


@pytest.mark.parametrize(
    ("layout", "id", "told"),
    [
        ("goose", "00012_x", "DELETE FROM goose_db_version WHERE version_id = 12;"),
        ("dbmate", "0012_x", "DELETE FROM schema_migrations WHERE version = '0012';"),
        ("sqlx", "12_x", "DELETE FROM _sqlx_migrations WHERE version = 12;"),
        ("sql-migrate", "12_x", "DELETE FROM gorp_migrations WHERE id = '12_x.sql';"),
        ("diesel", "2026-01-01-000000_x", "DELETE FROM __diesel_schema_migrations WHERE version = '20260101000000';"),
        ("node-pg-migrate", "12_it's", "DELETE FROM pgmigrations WHERE name = '12_it''s';"),
        ("hasura", "1654696186008_x", "hasura migrate apply --type down --version 1654696186008 --skip-execution"),
        ("flyway", "V1_2__x", "DELETE FROM flyway_schema_history WHERE version = '1.2';"),
        ("flyway", "R__views", "Bring its former text back"),
        ("supabase", "20260101000000_x", "supabase migration repair --status reverted 20260101000000"),
        ("nobody knows", "12_x", "Delete the row of `12_x` from your runner's history table, if it keeps one."),
        ("prisma", "1_`x", "WHERE migration_name = '1_''x' AND rolled_back_at IS NULL"),
    ],
)
def test_each_runner_is_told_in_its_own_words(layout: str, id: str, told: str) -> None:
    said = mark(layout, id)
    assert told in said
    assert said.count("`") % 2 == 0
    for code in said.split("`")[1::2]:
        if code.startswith(("DELETE", "UPDATE")):
            assert len(split(code).statements) == 1
