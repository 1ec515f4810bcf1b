import pytest

from tests.workers.migrations.told import FILE, STATEMENT, ids, owners, ways
from workers.migrations.flyway import FLYWAY
from workers.migrations.layout import Entry, Way
from workers.model import Transaction

BUILD = "CREATE INDEX CONCURRENTLY i ON t (a);"


def test_detection() -> None:
    assert owners({"src/main/resources/alfio/db/PGSQL/V1__a.sql": ""}) == {
        "src/main/resources/alfio/db/PGSQL": "flyway"
    }
    assert owners({"db/V1__a.sql": "", "db/sub/V2__b.sql": "", "db2/V1__a.sql": ""}) == {
        "db": "flyway",
        "db2": "flyway",
    }
    assert owners({"V1__a.sql": "", "db/V2__b.sql": ""}) == {"": "flyway"}
    assert owners({"sql/V1__a.sql": "", "Cargo.toml": 'sqlx = "0.8"', "sql/atlas.sum": ""}) == {"sql": "flyway"}
    assert owners({"db/migration/mysql/V1__a.sql": "", "db/V1_a.sql": "", "db/R__a.sql": ""}) == {}


def test_order_is_by_the_parts_of_the_version() -> None:
    names = ["V10_1.3.0__j.sql", "V9__i.sql", "V1.10__d.sql", "V1_9__c.sql", "V1__a.sql", "V001.2__b.sql", "V2.sql"]
    assert ids(FLYWAY, *names) == ["V1__a", "V001.2__b", "V1_9__c", "V1.10__d", "V2", "V9__i", "V10_1.3.0__j"]


def test_repeatable_ones_come_last_by_description() -> None:
    names = ["R__b_view.sql", "R__a.sql", "R__b.sql", "V99__z.sql", "U99__z.sql"]
    assert ids(FLYWAY, *names, "afterMigrate__x.sql", "beforeMigrate.sql", "R.sql", "v1__a.sql") == [
        "V99__z",
        "R__a",
        "R__b",
        "R__b_view",
    ]
    assert [entry.repeatable for entry in FLYWAY.entries(["m/V1__a.sql", "m/R__b.sql"], "m")] == [False, True]


def test_a_baseline_stands_for_what_is_gone() -> None:
    assert ids(FLYWAY, "B2__all.sql", "B1__old.sql", "V3__c.sql") == ["B2__all", "V3__c"]
    assert ids(FLYWAY, "B2__all.sql", "V1__a.sql", "V2__b.sql") == ["V1__a", "V2__b"]


def test_its_files() -> None:
    paths = ["m/V1__a.sql", "m/sub/U1.0__a.sql", "m/sub/V2__b.sql", "m/sub/V2__b.sql.conf"]
    assert FLYWAY.entries([*paths, "m/mysql/V3__c.sql"], "m") == (
        Entry("V1__a", "m/V1__a.sql", "m/sub/U1.0__a.sql"),
        Entry("V2__b", "m/sub/V2__b.sql", None, "m/sub/V2__b.sql.conf"),
    )


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1;", FILE),
        ("SELECT 'vacuum'; -- DROP INDEX CONCURRENTLY", FILE),
        (BUILD, STATEMENT),
        (f"-- why\r\nSET lock_timeout = 1;\r\n{BUILD}", STATEMENT),
        ("VACUUM t;", STATEMENT),
        ("reindex schema public;", STATEMENT),
        ("REINDEX INDEX CONCURRENTLY i;", FILE),
        ("CREATE UNIQUE INDEX CONCURRENTLY i ON t (a);", STATEMENT),
    ],
)
def test_a_statement_that_needs_none_turns_the_transaction_off(text: str, expected: Transaction) -> None:
    assert ways(FLYWAY, text, "SELECT 2;") == (Way(text, expected), Way("SELECT 2;", FILE))
    assert ways(FLYWAY, "SELECT 2;", text) == (Way("SELECT 2;", FILE), Way(text, expected))


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        ("executeInTransaction=false", STATEMENT),
        ("# why\r\nexecuteInTransaction = FALSE\r\n", STATEMENT),
        ("executeInTransaction=true", FILE),
        ("#executeInTransaction=false", FILE),
    ],
)
def test_a_file_of_settings(settings: str, expected: Transaction) -> None:
    assert ways(FLYWAY, "SELECT 1;", None, settings) == (Way("SELECT 1;", expected), None)


def test_the_history_table_has_the_version() -> None:
    assert [FLYWAY.version(id) for id in ("V1_2__a", "V001", "R__view")] == ["1.2", "001", ""]
