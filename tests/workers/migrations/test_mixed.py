"""Two layouts in one folder: told, with the files of either, and nothing passed over in silence."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from workers.migrations import Project
from workers.migrations.mixed import mixed

FLYWAY = ("db/V1__a.sql", "db/V2__b.sql", "db/R__view.sql", "db/U2__b.sql")
GO = ("db/1_a.up.sql", "db/1_a.down.sql", "db/2_b.up.sql")


def found(layout: str, files: Mapping[str, str], directory: str = "db") -> tuple[str, tuple[str, ...]] | None:
    told = mixed(files, Project(layout, directory), files.__getitem__)
    return (told.other, told.passed_over) if told else None


@pytest.mark.parametrize(
    ("layout", "paths"),
    [
        ("flyway", FLYWAY),
        ("golang-migrate", (*GO, "db/README.md", "db/seed.sql")),
        ("golang-migrate", (*GO, "db/3_c.down.sql")),  # a way back without a migration is nobody's
        ("plain", ("db/1_a.sql", "db/rollbacks/rollback_1_a.sql", "db/notes.sql")),
        ("prisma", ("db/migrations/1_a/migration.sql", "db/migrations/1_a/rollback.sql")),
    ],
)
def test_one_layout(layout: str, paths: tuple[str, ...]) -> None:
    directory = "db/migrations" if layout == "prisma" else "db"
    assert found(layout, dict.fromkeys(paths, ""), directory) is None


def test_two_layouts() -> None:
    files = dict.fromkeys((*FLYWAY, *GO), "")
    assert found("flyway", files) == ("golang-migrate", ("db/1_a.up.sql", "db/2_b.up.sql"))
    assert found("golang-migrate", files) == ("flyway", ("db/V1__a.sql", "db/V2__b.sql", "db/R__view.sql"))
    lock = {"prisma/migrations/1_a/migration.sql": "", "prisma/migrations/2_b.sql": ""}
    assert found("prisma", lock, "prisma/migrations") == ("plain", ("prisma/migrations/2_b.sql",))


def test_it_is_told_with_the_files_of_either() -> None:
    files = dict.fromkeys((*FLYWAY, *(f"db/{number}_x.up.sql" for number in range(1, 6))), "")
    assert str(mixed(files, Project("flyway", "db"), files.__getitem__)) == (
        "db holds migrations of two layouts, flyway (V1__a.sql, V2__b.sql, R__view.sql) and golang-migrate "
        "(1_x.up.sql, 2_x.up.sql, 3_x.up.sql and 2 more): it was read as flyway, and the files of golang-migrate were "
        "left unread. "
        "Keep them in folders of their own, or name the layout in .github/migrations.yml."
    )
