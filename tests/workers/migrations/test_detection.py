"""Which of a repository's folders are migrations at all."""

from tests.workers.migrations.told import owners
from workers.migrations import LAYOUTS


def test_each_layout_has_a_name_of_its_own() -> None:
    assert len({layout.name for layout in LAYOUTS}) == len(LAYOUTS)
    assert LAYOUTS[-1].name == "plain"


def test_a_folder_of_another_server_s_is_left_alone() -> None:
    for folder in ("mysql/migrations", "migrations/sqlite", "db/clickhouse"):
        names = ("1_a.sql", "1_a.up.sql", "V1__a.sql", "1_a/up.sql", "atlas.sum")
        assert owners({f"{folder}/{name}": "" for name in names}) == {}


def test_a_folder_named_for_postgres_is_as_likely_as_the_one_above() -> None:
    paths = {f"{folder}/1_a.sql": "" for folder in ("db/migrations/postgres", "docs/postgres", "postgres")}
    assert owners(paths) == {"db/migrations/postgres": "plain"}


def test_several_projects() -> None:
    files = {
        "a/migrations/1_a.sql": "-- +goose Up\n",
        "b/migrations/1_a.up.sql": "",
        "c/migrations/1_a/migration.sql": "",
        "d/migrations/1_a/up.sql": "",
        "e/migrations/1_a.sql": "",
    }
    assert owners(files) == {
        "a/migrations": "goose",
        "b/migrations": "golang-migrate",
        "c/migrations": "prisma",
        "d/migrations": "diesel",
        "e/migrations": "plain",
    }
