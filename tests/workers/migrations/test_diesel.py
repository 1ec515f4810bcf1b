import pytest

from tests.workers.migrations.told import FILE, SIMPLE_QUERY, ids, owners, ways
from workers.migrations.diesel import DIESEL
from workers.migrations.layout import Entry, Way
from workers.model import Transaction


def test_detection() -> None:
    assert owners({"migrations/2024-01-02-030405_a/up.sql": "", "Cargo.toml": "", "diesel.toml": ""}) == {
        "migrations": "diesel"
    }
    assert owners({"migrations/2024-01-02-030405_a/down.sql": "", "up.sql": ""}) == {}
    assert owners({"migrations/1595524527514_a/up.sql": ""}) == {"migrations": "hasura"}
    assert owners({"migrations/1_a/migration.sql": ""}) == {"migrations": "prisma"}


def test_order_is_by_version_without_dashes_as_text() -> None:
    names = [
        "2018-07-10-061642_c",
        "20180710061641_b",
        "2018-07-10-061642-0000_d",
        "00000000000000_diesel_initial_setup",
        "9_z",
        ".hidden",
    ]
    assert ids(DIESEL, *(f"{name}/up.sql" for name in names), "5_no_up/down.sql", "README.md") == [
        "00000000000000_diesel_initial_setup",
        "20180710061641_b",
        "2018-07-10-061642_c",
        "2018-07-10-061642-0000_d",
        "9_z",
    ]


def test_its_files() -> None:
    paths = ["m/1_a/up.sql", "m/1_a/down.sql", "m/2_b/up.sql", "m/2_b/metadata.toml", "m/2_b/notes.md"]
    assert DIESEL.entries(paths, "m") == (
        Entry("1_a", "m/1_a/up.sql", "m/1_a/down.sql"),
        Entry("2_b", "m/2_b/up.sql", None, "m/2_b/metadata.toml"),
    )


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (None, FILE),
        ("run_in_transaction = true", FILE),
        ("# why\r\nrun_in_transaction = false\r\n", SIMPLE_QUERY),
        ("", SIMPLE_QUERY),
        ("not toml", FILE),
    ],
)
def test_the_settings_are_for_both_ways(settings: str | None, expected: Transaction) -> None:
    assert ways(DIESEL, "SELECT 1;", "SELECT 2;", settings) == (Way("SELECT 1;", expected), Way("SELECT 2;", expected))


def test_the_history_table_has_the_version() -> None:
    assert DIESEL.version("2018-07-10-061642_create_entities") == "20180710061642"
