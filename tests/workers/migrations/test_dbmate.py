import pytest

from tests.workers.migrations.told import FILE, SIMPLE_QUERY, ids, owners, ways
from workers.migrations.dbmate import DBMATE
from workers.migrations.layout import Way
from workers.model import Transaction

BOTH = "-- migrate:up\nSELECT 1;\n-- migrate:down\nSELECT 2;\n"


def test_detection() -> None:
    assert owners({"db/migrations/1_a.sql": BOTH}) == {"db/migrations": "dbmate"}
    assert owners({"crates/db/migrations/1_a.sql": BOTH, "crates/db/Cargo.toml": "sqlx"}) == {
        "crates/db/migrations": "dbmate"
    }
    assert owners({"db/migrations/1_a.sql": "-- migrate:upward\n"}) == {"db/migrations": "plain"}


def test_order_is_by_name_as_text() -> None:
    assert ids(DBMATE, "9_a.sql", "10_b.sql", "2024x.sql", "x.sql") == ["10_b", "2024x", "9_a"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_way_keeps_its_lines(end: str) -> None:
    text = end.join(("-- why", "--migrate:up", "SELECT 1;", "", "-- migrate:down  ", "", "SELECT 2;", ""))
    up = end.join(("-- why", "", "SELECT 1;", ""))
    down = end.join(("", "", "", "", "", "", "SELECT 2;", ""))
    assert ways(DBMATE, text) == (Way(up, FILE), Way(down, FILE))


@pytest.mark.parametrize(
    ("up", "down", "expected"),
    [
        ("", "", (FILE, FILE)),
        (" transaction:true", " transaction:off", (FILE, FILE)),
        (" transaction:false", "", (SIMPLE_QUERY, FILE)),
        (" x:y transaction:false", " transaction:false", (SIMPLE_QUERY, SIMPLE_QUERY)),
        (" transaction: false", "", (FILE, FILE)),
    ],
)
def test_each_way_opts_out_by_itself(up: str, down: str, expected: tuple[Transaction, Transaction]) -> None:
    text = f"-- migrate:up{up}\r\nSELECT 1;\n-- migrate:down{down}\r\nSELECT 2;\n"
    there, back = ways(DBMATE, text)
    assert back
    assert (there.transaction, back.transaction) == expected


def test_several_pairs_are_told_as_one() -> None:
    up, down = ways(DBMATE, BOTH * 2)
    assert up.text == "\nSELECT 1;\n\n\n\nSELECT 1;\n"
    assert down
    assert down.text == "\n\n\nSELECT 2;\n\n\n\nSELECT 2;\n"


def test_the_history_table_has_the_digits() -> None:
    assert DBMATE.version("00120_a") == "00120"
