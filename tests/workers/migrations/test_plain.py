import pytest

from workers.migrations.plain import PLAIN
from workers.model import Transaction


def test_claims_numbered_files_in_a_likely_folder() -> None:
    paths = [
        "db/migrations/001_a.sql",
        "sql/1.sql",
        "docs/2024-notes.sql",
        "migrations/readme.sql",
        "x/migrate/2-b.sql",
    ]
    assert PLAIN.claims(paths) == ("db/migrations", "sql", "x/migrate")


def test_order_is_by_number() -> None:
    paths = ["migrations/10_c.sql", "migrations/9_b.sql", "migrations/0001_a.sql", "migrations/sub/1_x.sql"]
    assert [entry.id for entry in PLAIN.entries(paths, "migrations")] == ["0001_a", "9_b", "10_c"]


def test_one_transaction_a_file() -> None:
    assert PLAIN.transaction([], "migrations", str) is Transaction.FILE


@pytest.mark.parametrize(
    ("name", "text", "layout"),
    [
        ("1_a.up.sql", "", "golang-migrate"),
        ("1_a.sql", "-- +goose Up\nSELECT 1;\n-- +goose Down\n", "goose"),
        ("1_a.sql", "-- migrate:up\nSELECT 1;\n-- migrate:down\n", "dbmate"),
        ("1_a.sql", "-- +migrate Up\n", "sql-migrate"),
    ],
)
def test_other_layouts_are_refused_by_name(name: str, text: str, layout: str) -> None:
    files = {f"migrations/{name}": text}
    refusal = PLAIN.refuses(files, "migrations", files.__getitem__)
    assert refusal == f"migrations/{name}: written for {layout}, a layout that is not read yet"


def test_plain_files_are_not_refused() -> None:
    files = {"migrations/1_a.sql": "SELECT '-- +goose Up';"}
    assert PLAIN.refuses(files, "migrations", files.__getitem__) is None
