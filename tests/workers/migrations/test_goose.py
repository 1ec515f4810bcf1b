import pytest

from tests.workers.migrations.told import FILE, STATEMENT, ids, owners, ways
from workers.errors import InputError
from workers.migrations.goose import GOOSE
from workers.migrations.layout import Way

BOTH = "-- +goose Up\nSELECT 1;\n-- +goose Down\nSELECT 2;\n"


def test_detection() -> None:
    assert owners({"db/migrations/1_a.sql": "SELECT 1;", "db/migrations/2_b.sql": BOTH}) == {"db/migrations": "goose"}
    forgotten = {f"db/migrations/{number}_b.sql": "SELECT 1;" for number in (2, 3, 4)}
    assert owners({"db/migrations/1_a.sql": BOTH, **forgotten}) == {"db/migrations": "goose"}
    assert owners({**forgotten, "db/migrations/5_e.sql": BOTH, "db/migrations/6_f.sql": ""}) == {
        "db/migrations": "goose"
    }
    assert owners({"db/migrations/1_a.sql": "SELECT '-- +goose Up';"}) == {"db/migrations": "plain"}
    assert owners({"elsewhere/1_a.sql": BOTH}) == {}


def test_order_is_by_number_above_zero() -> None:
    names = ["10_c.sql", "9_b.sql", "00001_a.sql", "000_zero.sql", "2-d.sql", "3_go.go", "x_4.sql", "1.sql"]
    assert ids(GOOSE, *names) == ["00001_a", "9_b", "10_c"]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_way_keeps_its_lines(end: str) -> None:
    text = end.join(
        (
            "-- why",
            "SELECT 'nobody runs this';",
            "-- +goose Up",
            "-- +goose StatementBegin",
            "SELECT 1;",
            "",
            "-- +goose statementend",
            "SELECT 3; -- +goose Down",
            "",
            "--+goose Down",
            "SELECT 2;",
        )
    )
    up = end.join(("-- why", "", "", "", "SELECT 1;", "", "", "SELECT 3; -- +goose Down", ""))
    down = end.join(("",) * 10) + end + "SELECT 2;"
    assert ways(GOOSE, text) == (Way(up, FILE), Way(down, FILE))


def test_no_way_back() -> None:
    assert ways(GOOSE, "-- +goose Up\nSELECT 1;\n") == (Way("\nSELECT 1;\n", FILE), None)
    assert ways(GOOSE, "-- +goose Up\nSELECT 1;\n-- +goose Down\n\n") == (Way("\nSELECT 1;\n", FILE), Way("", FILE))


@pytest.mark.parametrize("text", ["", "SELECT 1;\n", "-- +goose Down\nSELECT 2;\n"])
def test_a_file_without_the_first_marker_is_refused(text: str) -> None:
    with pytest.raises(InputError) as refused:
        ways(GOOSE, text)
    assert str(refused.value) == "m/1_a.sql: has no line -- +goose Up, without which its runner refuses it"


def test_another_way_back_is_the_same_way_there() -> None:
    up, _ = ways(GOOSE, BOTH)
    assert ways(GOOSE, BOTH + "SELECT 3;\n\n")[0] == up
    assert ways(GOOSE, BOTH.removesuffix("SELECT 2;\n"))[0] == up


@pytest.mark.parametrize("place", [0, 1, 2, 4])
def test_no_transaction_is_for_both_ways_wherever_it_stands(place: int) -> None:
    lines = BOTH.splitlines(keepends=True)
    lines.insert(place, "-- +goose no transaction\n")
    up, down = ways(GOOSE, "".join(lines))
    assert up.transaction is STATEMENT
    assert down
    assert down.transaction is STATEMENT


def test_words_that_are_no_annotation() -> None:
    assert ways(GOOSE, "-- goose NO TRANSACTION\n" + BOTH)[0].transaction is FILE


def test_the_history_table_has_the_number() -> None:
    assert GOOSE.version("00001_a") == "1"


def test_migrations_that_are_no_sql() -> None:
    assert GOOSE.code(["m/2_b.go", "m/2_b_test.go", "m/0_z.go", "m/helpers.go", "m/1_a.sql", "m/x/3_c.go"], "m") == (
        "m/2_b.go",
    )
