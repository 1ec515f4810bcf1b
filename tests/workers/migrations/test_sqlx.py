import pytest

from tests.workers.migrations.told import FILE, SIMPLE_QUERY, ids, owners, ways
from workers.migrations.layout import Entry, Way
from workers.migrations.sqlx import SQLX
from workers.model import Transaction

CARGO = '[dependencies]\nsqlx = { version = "0.8" }\n'


@pytest.mark.parametrize(
    ("beside", "expected"),
    [
        ({}, "plain"),
        ({"server/Cargo.toml": CARGO}, "sqlx"),
        ({"Cargo.toml": CARGO, "server/Cargo.toml": "[package]"}, "sqlx"),
        ({"server/Cargo.toml": '[dependencies]\ntokio-postgres = "1"\n'}, "plain"),
        ({"Cargo.lock": '[[package]]\nname = "sqlx"\n'}, "sqlx"),
        ({"Cargo.lock": '[[package]]\nname = "sqlx-core"\n'}, "plain"),
        ({"server/sqlx.toml": ""}, "sqlx"),
        ({"other/Cargo.toml": CARGO}, "plain"),
    ],
)
def test_detection(beside: dict[str, str], expected: Transaction) -> None:
    assert owners({"server/migrations/1_a.sql": "", **beside}) == {"server/migrations": expected}


def test_reversible_files_without_rust_are_golang_migrate_s() -> None:
    files = {"server/migrations/1_a.up.sql": "", "server/migrations/1_a.down.sql": ""}
    assert owners(files) == {"server/migrations": "golang-migrate"}
    assert owners({**files, "server/Cargo.toml": CARGO}) == {"server/migrations": "sqlx"}


def test_order_is_by_number_and_files_of_both_kinds_may_mix() -> None:
    names = ["10_c.sql", "9_b.up.sql", "9_b.down.sql", "0001_a.sql", "readme.sql", "2.sql", "3-x.sql"]
    assert ids(SQLX, *names) == ["0001_a", "9_b", "10_c"]
    assert SQLX.entries(["m/1_a.up.sql", "m/1_a.down.sql"], "m") == (Entry("1_a", "m/1_a.up.sql", "m/1_a.down.sql"),)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1;", FILE),
        ("-- no-transaction\r\nSELECT 1;", SIMPLE_QUERY),
        ("-- no-transaction because\nSELECT 1;", SIMPLE_QUERY),
        ("\n-- no-transaction\nSELECT 1;", FILE),
        ("--no-transaction\nSELECT 1;", FILE),
    ],
)
def test_each_file_opts_out_by_itself(text: str, expected: Transaction) -> None:
    assert ways(SQLX, text, "SELECT 2;") == (Way(text, expected), Way("SELECT 2;", FILE))
    assert ways(SQLX, "SELECT 2;", text) == (Way("SELECT 2;", FILE), Way(text, expected))


def test_the_history_table_has_the_number() -> None:
    assert SQLX.version("0001_a") == "1"
