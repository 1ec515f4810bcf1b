import pytest

from tests.workers.migrations.told import FILE, STATEMENT, ids, owners, ways
from workers.migrations.layout import Way
from workers.migrations.sql_migrate import SQL_MIGRATE
from workers.model import Transaction

BOTH = "-- +migrate Up\nSELECT 1;\n-- +migrate Down\nSELECT 2;\n"


def test_detection() -> None:
    assert owners({"migrate/migrations/1-a.sql": BOTH}) == {"migrate/migrations": "sql-migrate"}
    assert owners({"migrations/1-a.sql": "--+migrate Up\n"}) == {"migrations": "plain"}


def test_order_is_by_number_then_by_name() -> None:
    assert ids(SQL_MIGRATE, "10_c.sql", "9-b.sql", "1a.sql", "1-a.sql", "x.sql") == ["1-a", "1a", "9-b", "10_c"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_way_keeps_its_lines(end: str) -> None:
    text = end.join(
        (
            "SELECT 'nobody runs this';",
            "-- +migrate Up",
            "-- +migrate StatementBegin",
            "SELECT 1;",
            "-- +migrate StatementEnd",
            " -- +migrate Down",
            "-- +migrate Down",
            "SELECT 2;",
        )
    )
    up = end.join(("", "", "", "SELECT 1;", "", " -- +migrate Down", ""))
    down = end.join(("",) * 7) + end + "SELECT 2;"
    assert ways(SQL_MIGRATE, text) == (Way(up, FILE), Way(down, FILE))


@pytest.mark.parametrize(
    ("up", "down", "expected"),
    [
        ("", "", (FILE, FILE)),
        (" notransaction", "", (STATEMENT, FILE)),
        ("", " notransaction", (FILE, STATEMENT)),
        (" no transaction", "", (FILE, FILE)),
    ],
)
def test_each_way_opts_out_by_itself(up: str, down: str, expected: tuple[Transaction, Transaction]) -> None:
    text = f"-- +migrate Up{up}\r\nSELECT 1;\r\n-- +migrate Down{down}\r\nSELECT 2;\r\n"
    there, back = ways(SQL_MIGRATE, text)
    assert back
    assert (there.transaction, back.transaction) == expected


def test_the_history_table_has_the_file_s_name() -> None:
    assert SQL_MIGRATE.version("1-a") == "1-a.sql"
