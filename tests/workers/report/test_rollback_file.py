"""Files of rollback SQL: where they stand, what they say, and that no layout takes one for a migration."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings

from tests.repositories import Repo
from tests.workers.report.reports import EMPTY, FULL, RISKY_MIGRATION, SAFE, SAFE_MIGRATION, reports
from workers.gather import Wanted, gather
from workers.migrations import LAYOUTS, Layout
from workers.migrations.plain import PLAIN
from workers.migrations.prisma import PRISMA
from workers.model import Change
from workers.report.rollback_file import rollback_files, rollback_path
from workers.repository import open_repository
from workers.sql.split import split
from workers.verdict import Report
from workers.ways_back import Grade, Rollback


def test_nothing_to_undo_makes_no_file() -> None:
    assert rollback_files(EMPTY) == ()
    for undo in (None, Rollback("\n", Grade.EXACT, True)):
        assert rollback_files(replace(SAFE, migrations=(replace(SAFE_MIGRATION, rollback=undo),))) == ()
    merged = replace(SAFE_MIGRATION, change=Change.EDITED)
    assert rollback_files(replace(SAFE, migrations=(merged,))) == ()


def test_a_file_tells_what_it_takes_back_and_how_to_run_it() -> None:
    assert rollback_files(replace(FULL, migrations=(RISKY_MIGRATION,))) == (
        (
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
    (_, first), (_, last) = rollback_files(replace(FULL, layout="plain"))
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
    for migration, (path, text) in zip(
        [one for one in undone if one.rollback and one.rollback.sql.strip()], rollback_files(report), strict=True
    ):
        assert migration.rollback is not None
        head, blank, sql = text.partition("\n\n")
        assert blank
        assert all(line.startswith("-- ") for line in head.split("\n"))
        assert sql == migration.rollback.sql.strip() + "\n"
        assert split(head).statements == ()
        assert "\r" not in head
        assert path.endswith("rollback.sql") or "rollback_" in path


@pytest.mark.parametrize("layout", ["prisma", "plain"])
def test_a_review_after_they_are_committed_sees_the_same_migrations(layout: str, tmp_path: Path) -> None:
    name = {"prisma": "prisma/migrations/{}/migration.sql", "plain": "db/migrations/{}.sql"}[layout]
    repo = Repo.at(tmp_path / "repo")
    base = repo.commit({name.format("1_init"): "CREATE TABLE orders (note text);\n"})
    path = name.format("2_orders")
    before = repo.commit({path: "ALTER TABLE orders DROP COLUMN note;\n"}, branch="work")
    files = rollback_files(replace(FULL, layout=layout, migrations=(replace(RISKY_MIGRATION, path=path),)))
    after = repo.commit(dict(files))
    repository = open_repository(repo.folder)
    fork = replace(gather(repository, base, before, Wanted()), head=after)
    assert gather(repository, base, after, Wanted()) == fork
    assert [one.migration.path for one in fork.changed] == [path]
