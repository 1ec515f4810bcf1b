"""Files of rollback SQL: where they stand, what they say, and that no layout takes one for a migration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.repositories import Repo
from tests.workers.report.reports import EMPTY, FULL, RISKY_MIGRATION, SAFE, SAFE_MIGRATION, reports
from workers.gather import Between, gather
from workers.migrations import LAYOUTS, Layout
from workers.migrations.layout import Files
from workers.migrations.plain import PLAIN
from workers.migrations.prisma import PRISMA
from workers.model import Change, Transaction
from workers.policy import RollbackForm
from workers.projects import Wanted
from workers.report.rollback_file import WrittenFile, rollback_files, rollback_path
from workers.repository import open_repository
from workers.sql.split import split
from workers.verdict import JudgedMigration, Report
from workers.ways_back import Grade, Rollback, UndoStep, Written


def test_nothing_to_undo_makes_no_file() -> None:
    assert rollback_files(EMPTY) == ()
    for undo in (None, Rollback("\n", Grade.EXACT, True)):
        assert rollback_files(replace(SAFE, migrations=(replace(SAFE_MIGRATION, rollback=undo),))) == ()
    merged = replace(SAFE_MIGRATION, change=Change.EDITED)
    assert rollback_files(replace(SAFE, migrations=(merged,))) == ()


def test_a_file_tells_what_it_takes_back_and_how_to_run_it() -> None:
    assert rollback_files(replace(FULL, migrations=(RISKY_MIGRATION,))) == (
        WrittenFile(
            "prisma/migrations/20260101000000_orders/rollback.sql",
            "-- Takes back the migration 20260101000000_orders. Written by migration-bot; run by hand, never by the "
            "runner.\n"
            "-- lossy: the schema comes back, not all of the data. Proven: applied, rolled back, compared equal, "
            "applied again.\n"
            "-- - the values of note are gone\n"
            "-- 1. Deploy the code from before this pull request.\n"
            "-- 2. Run the SQL in one transaction, as `psql --single-transaction -v ON_ERROR_STOP=1 -f FILE` does.\n"
            '-- 3. Mark it as rolled back: `UPDATE "_prisma_migrations" SET rolled_back_at = now() WHERE '
            "migration_name = '20260101000000_orders' AND rolled_back_at IS NULL`. Where the deploy had failed, `npx "
            "prisma migrate resolve --rolled-back 20260101000000_orders` does so; it refuses a migration that was "
            "applied to its end.\n"
            "\n"
            "ALTER TABLE public.orders ADD COLUMN note text;\n",
        ),
    )


def test_of_several_the_last_goes_back_first() -> None:
    first, last = (file.sql for file in rollback_files(replace(FULL, layout="plain")))
    after, row = "the last one before the others", "from your runner's history table, if it keeps one."
    assert f"-- 1. Roll back what comes after it first, {after}: `20260102000000_gift_cards`.\n" in first
    assert f"-- 3. Delete the row of `20260102000000_gift_cards` {row}\n" in last


@pytest.mark.parametrize(
    ("layout", "directory", "name"),
    [
        (PRISMA, "prisma/migrations", "20260101000000_orders/migration.sql"),
        (PLAIN, "db/migrations", "003_orders.sql"),
        (PLAIN, "", "003_orders.sql"),
        (PLAIN, "sql", "3.sql"),
    ],
)
def test_no_layout_takes_one_for_a_migration(layout: Layout, directory: str, name: str) -> None:
    path = f"{directory}/{name}".lstrip("/")
    beside = rollback_path(replace(RISKY_MIGRATION, path=path), layout.name)
    before, after = (path,), (path, beside)
    assert layout.entries(after, directory) == layout.entries(before, directory)
    for other in LAYOUTS:
        assert other.claims(after) == other.claims(before)
        folder = beside.rpartition("/")[0]
        assert folder == path.rpartition("/")[0] or other.entries(after, folder) == ()


@given(reports)
@settings(deadline=None)
def test_the_head_stays_a_comment(report: Report) -> None:
    undone = [one for one in report.migrations if one.change is Change.ADDED and one.rollback]
    for migration, file in zip(
        [one for one in undone if one.rollback and one.rollback.sql.strip()], rollback_files(report), strict=True
    ):
        assert migration.rollback is not None
        head, blank, sql = file.sql.partition("\n\n")
        assert blank
        assert all(line.startswith("-- ") for line in head.split("\n"))
        assert sql == migration.rollback.sql.strip() + "\n"
        assert split(head).statements == ()
        assert "\r" not in head
        assert file.path.endswith("rollback.sql") or "rollback_" in file.path


@pytest.mark.parametrize("layout", ["prisma", "plain"])
def test_a_review_after_they_are_committed_sees_the_same_migrations(layout: str, tmp_path: Path) -> None:
    name = {"prisma": "prisma/migrations/{}/migration.sql", "plain": "db/migrations/{}.sql"}[layout]
    repo = Repo.at(tmp_path / "repo")
    base = repo.commit({name.format("1_init"): "CREATE TABLE orders (note text);\n"})
    path = name.format("2_orders")
    before = repo.commit({path: "ALTER TABLE orders DROP COLUMN note;\n"}, branch="work")
    files = rollback_files(replace(FULL, layout=layout, migrations=(replace(RISKY_MIGRATION, path=path),)))
    after = repo.commit({file.path: file.sql for file in files})
    repository = open_repository(repo.folder)
    found, again = (gather(repository, Between(base, head), (Wanted(),)) for head in (before, after))
    assert again == (replace(found[0], head=after),)
    assert [one.migration.path for one in found[0].changed] == [path]


# ---------------------------------------------------------------- other forms

ONE = (UndoStep("DROP TABLE a;\n"),)
TWO = (UndoStep("DROP INDEX CONCURRENTLY i;\n", transaction=False), UndoStep("DROP TABLE b;\n"))


def undone(id: str, path: str, steps: tuple[UndoStep, ...]) -> JudgedMigration:
    undo = Rollback("".join(step.sql for step in steps), Grade.EXACT, True, steps=steps)
    return replace(RISKY_MIGRATION, id=id, path=path.format(id), rollback=undo)


def files(layout: str, form: RollbackForm, *migrations: JudgedMigration) -> tuple[WrittenFile, ...]:
    return rollback_files(replace(FULL, layout=layout, migrations=migrations), form)


FORWARD = {
    "prisma": ("m/{}/migration.sql", "20261231235959_x", "m/20270101000000_revert_x/migration.sql"),
    "plain": ("{}.sql", "0099_x", "0100_revert_x.sql"),
    "flyway": ("sql/{}.sql", "V1_9__x", "sql/V1_10__revert_x.sql"),
    "golang-migrate": ("m/{}.up.sql", "000009_x", "m/000010_revert_x.up.sql"),
    "goose": ("m/{}.sql", "20260101000059_x", "m/20260101000100_revert_x.sql"),
    "dbmate": ("m/{}.sql", "9_x", "m/10_revert_x.sql"),
    "sqlx": ("m/{}.up.sql", "1_x", "m/2_revert_x.up.sql"),
    "sql-migrate": ("m/{}.sql", "01-x", "m/02_revert_x.sql"),
    "diesel": ("m/{}/up.sql", "2026-01-01-000000_x", "m/2026-01-01-000001_revert_x/up.sql"),
    "hasura": ("m/default/{}/up.sql", "1654696186008_x", "m/default/1654696186009_revert_x/up.sql"),
}


@pytest.mark.parametrize("layout", FORWARD)
def test_a_new_migration_follows_the_newest(layout: str) -> None:
    path, id, expected = FORWARD[layout]
    (file,) = files(layout, RollbackForm.FORWARD, undone(id, path, ONE))
    assert (file.path, file.appended) == (expected, False)
    assert f"-- Takes back the migration {id}.\n" in file.sql
    assert "DROP TABLE a;\n" in file.sql


@pytest.mark.parametrize("layout", FORWARD)
def test_what_was_taken_back_by_a_new_migration_is_left(layout: str) -> None:
    path, id, _ = FORWARD[layout]
    one = undone(id, path, ONE)
    (file,) = files(layout, RollbackForm.FORWARD, one)
    parts = file.path.removesuffix("/migration.sql").removesuffix("/up.sql").removesuffix(".sql").removesuffix(".up")
    again = replace(undone(parts.rpartition("/")[2], path, ONE), path=file.path)
    assert files(layout, RollbackForm.FORWARD, one, again) == ()


def test_each_step_is_a_migration_and_the_last_goes_back_first() -> None:
    first, last = (undone(f"{number}_x", "m/{}.sql", steps) for number, steps in ((1, ONE), (2, TWO)))
    found = files("goose", RollbackForm.FORWARD, first, last)
    assert [file.path for file in found] == ["m/3_revert_x.sql", "m/4_revert_x.sql", "m/5_revert_x.sql"]
    assert found[0].sql.startswith("-- +goose NO TRANSACTION\n-- +goose Up\n-- Takes back the migration 2_x.\n")
    assert found[1].sql.startswith("-- +goose Up\n-- +goose StatementBegin\n-- Takes back the migration 2_x.\n")
    assert found[2].sql.endswith("\nDROP TABLE a;\n-- +goose StatementEnd\n")


def test_no_new_migration_overtakes_what_is_taken_back_by_hand() -> None:
    first, last = (undone(f"{number}_x", "m/{}.sql", steps) for number, steps in ((1, ONE), (2, TWO)))
    found = files("plain", RollbackForm.FORWARD, first, last)
    assert [file.path for file in found] == ["m/rollbacks/rollback_2_x.sql", "m/rollbacks/rollback_1_x.sql"]
    assert "-- A part of it runs outside a transaction, which a file cannot tell its runner (plain).\n" in found[0].sql
    assert "-- 2_x, which came later, is taken back by hand, so this is, too.\n" in found[1].sql


DOWN = {
    "golang-migrate": ("m/{}.up.sql", "m/1_x.down.sql", False),
    "diesel": ("m/{}/up.sql", "m/1_x/down.sql", False),
    "hasura": ("m/{}/up.sql", "m/1_x/down.sql", False),
    "sqlx": ("m/{}.up.sql", "m/1_x.down.sql", False),
    "goose": ("m/{}.sql", "m/1_x.sql", True),
    "dbmate": ("m/{}.sql", "m/1_x.sql", True),
    "sql-migrate": ("m/{}.sql", "m/1_x.sql", True),
}


@pytest.mark.parametrize("layout", DOWN)
def test_a_way_back_stands_where_the_layout_keeps_it(layout: str) -> None:
    path, expected, appended = DOWN[layout]
    (file,) = files(layout, RollbackForm.DOWN, undone("1_x", path, ONE))
    assert (file.path, file.appended) == (expected, appended)
    if appended:
        ways = next(one.ways for one in LAYOUTS if one.name == layout)
        up, down = ways(Files(f"{UP[layout]}CREATE TABLE a ();\n{file.sql}"), Transaction.FILE)
        assert [one.text for one in split(up.text).statements] == ["CREATE TABLE a ()"]
        assert down is not None
        assert [one.text for one in split(down.text).statements] == ["DROP TABLE a"]


def test_steps_that_are_transactions_are_one_with_the_runner() -> None:
    steps = UndoStep("ALTER TABLE a ADD CONSTRAINT k CHECK (x) NOT VALID;\n"), UndoStep("VALIDATE k;\n")
    (file,) = files("sqlx", RollbackForm.DOWN, undone("1_x", "m/{}.up.sql", steps))
    assert file.path == "m/1_x.down.sql"
    assert file.sql.endswith("\nALTER TABLE a ADD CONSTRAINT k CHECK (x) NOT VALID;\nVALIDATE k;\n")


UP = {"goose": "-- +goose Up\n", "dbmate": "-- migrate:up\n", "sql-migrate": "-- +migrate Up\n"}


@pytest.mark.parametrize(
    ("layout", "steps", "written", "why"),
    [
        ("prisma", ONE, None, "This layout (prisma) keeps no way back with a migration."),
        ("goose", TWO, None, "A part of it runs outside a transaction, which a way back cannot hold."),
        ("sqlx", ONE, None, "m/1_x.sql is of the kind that has no way back."),
        (
            "goose",
            ONE,
            Written("m/1_x.sql", False),
            "The migration has a way back of its own, in m/1_x.sql, which is left as it is.",
        ),
    ],
)
def test_what_has_no_such_form_is_run_by_hand(
    layout: str, steps: tuple[UndoStep, ...], written: Written | None, why: str
) -> None:
    one = replace(undone("1_x", "m/{}.sql", steps), written=written)
    (file,) = files(layout, RollbackForm.DOWN, one)
    assert "rollback" in file.path
    assert f"-- {why}\n" in file.sql


def test_a_way_back_that_restores_needs_none_of_ours() -> None:
    one = replace(undone("1_x", "m/{}.sql", ONE), written=Written("m/1_x.sql", restores=True))
    assert files("goose", RollbackForm.DOWN, one) == ()
