import pytest

from workers.migrations.layout import Files
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


def runs(text: str) -> Transaction:
    way, back = PLAIN.ways(Files(text), Transaction.FILE)
    assert (way.text, back) == (text, None)
    return way.transaction


def test_one_transaction_a_file() -> None:
    assert PLAIN.transaction([], "migrations", str) is Transaction.FILE


@pytest.mark.parametrize(
    ("text", "layout"),
    [
        ("-- +goose Up\nSELECT 1;\n-- +goose Down\n", "goose"),
        ("-- migrate:up\nSELECT 1;\n-- migrate:down\n", "dbmate"),
        ("-- +migrate Up\n", "sql-migrate"),
    ],
)
def test_files_that_hold_the_way_back_are_refused(text: str, layout: str) -> None:
    files = {"migrations/1_a.sql": text}
    refusal = f"migrations: written for {layout}, which runs other parts of a file than the layout plain"
    assert PLAIN.refuses(files, "migrations", files.__getitem__) == refusal


@pytest.mark.parametrize("name", ["1_a.down.sql", "001.undo.sql"])
def test_ways_back_are_refused(name: str) -> None:
    files = {"migrations/1_a.sql": "", f"migrations/{name}": ""}
    refusal = f"migrations/{name}: a way back, which the layout plain has none of"
    assert PLAIN.refuses(files, "migrations", files.__getitem__) == refusal


def test_plain_files_are_not_refused() -> None:
    files = {"migrations/1_a.sql": "SELECT '-- +goose Up';"}
    assert PLAIN.refuses(files, "migrations", files.__getitem__) is None


@pytest.mark.parametrize(
    "head",
    [
        "-- shop:migrations NO TRANSACTION",
        "-- why\n\n-- transaction: false",
        "-- atlas:txmode none",
        "-- disable_ddl_transaction!",
        "-- run outside a transaction",
    ],
)
def test_a_file_that_wants_no_transaction(head: str) -> None:
    text = f"{head}\nCREATE INDEX CONCURRENTLY i ON t (a);\n"
    assert runs(text) is Transaction.SIMPLE_QUERY


@pytest.mark.parametrize("text", ["SELECT 1;\n", "-- transactions\nSELECT 1;\n", "SELECT 1; -- no transaction\n", ""])
def test_any_other_file(text: str) -> None:
    assert runs(text) is Transaction.FILE


BUILD = "CREATE INDEX CONCURRENTLY i ON t (a);\n"


@pytest.mark.parametrize(
    ("merged", "transaction"),
    [
        ([], Transaction.FILE),
        (["CREATE INDEX i ON t (a); -- not concurrently\n"], Transaction.FILE),
        (["REFRESH MATERIALIZED VIEW CONCURRENTLY v;\n"], Transaction.FILE),
        ([f"-- no transaction\n{BUILD}"], Transaction.FILE),
        ([f"{BUILD}SELECT 1;\n", "-- no transaction\nSELECT 1;\n"], Transaction.FILE),
        (["SELECT 1;\n", BUILD], Transaction.SIMPLE_QUERY),
        ([BUILD, f"SELECT 1;\n{BUILD}"], Transaction.STATEMENT),
    ],
)
def test_what_merged_files_tell_of_their_runner(merged: list[str], transaction: Transaction) -> None:
    assert PLAIN.learned(merged, Transaction.FILE) is transaction
