import pytest

from tests.workers.migrations.told import FILE, STATEMENT, ids, owners, ways
from workers.migrations.atlas import ATLAS
from workers.migrations.layout import Way
from workers.model import Transaction


def test_detection() -> None:
    assert owners({"ent/x/20240101_a.sql": "", "ent/x/atlas.sum": ""}) == {"ent/x": "atlas"}
    assert owners({"migrations/1_a.sql": ""}) == {"migrations": "plain"}
    assert owners({"migrations/atlas.sum": ""}) == {}


@pytest.mark.parametrize(
    ("name", "text", "layout"),
    [
        ("1_a.up.sql", "", "golang-migrate"),
        ("1_a.sql", "-- +goose Up\nSELECT 1;\n", "goose"),
        ("1_a.sql", "-- migrate:up\nSELECT 1;\n", "dbmate"),
        ("V1__a.sql", "", "flyway"),
    ],
)
def test_sums_that_it_keeps_for_others(name: str, text: str, layout: str) -> None:
    assert owners({f"migrations/{name}": text, "migrations/atlas.sum": ""}) == {"migrations": layout}


def test_order_is_by_name_as_text() -> None:
    assert ids(ATLAS, "9_b.sql", "10_a.sql", "11-c.sql", "12.sql", "x.sql") == ["10_a", "11-c", "12", "9_b"]


def test_a_checkpoint_stands_for_what_is_gone() -> None:
    assert ids(ATLAS, "1_a.sql", "2_checkpoint.sql", "3_b.sql") == ["1_a", "3_b"]
    assert ids(ATLAS, "2_checkpoint.sql", "3_b.sql") == ["2_checkpoint", "3_b"]


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1;", FILE),
        ("-- atlas:txmode none\n\nSELECT 1;", STATEMENT),
        ("-- why\r\n-- atlas:txmode none\r\n\r\nSELECT 1;", STATEMENT),
        ("-- atlas:txmode none\nSELECT 1;", FILE),
        ("-- atlas:txmode file\n\nSELECT 1;", FILE),
        ("\n-- atlas:txmode none\n\nSELECT 1;", FILE),
    ],
)
def test_the_head_opts_out(text: str, expected: Transaction) -> None:
    assert ways(ATLAS, text) == (Way(text, expected), None)


def test_the_history_table_has_the_version() -> None:
    assert [ATLAS.version(id) for id in ("20240101_a_b", "20240101-a", "20240101")] == [
        "20240101",
        "20240101-a",
        "20240101",
    ]
