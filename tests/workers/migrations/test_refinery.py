from tests.workers.migrations.told import FILE, ids, owners, ways
from workers.migrations.layout import Way
from workers.migrations.refinery import REFINERY

CARGO = '[dependencies]\nrefinery = { version = "0.8", features = ["postgres"] }\n'


def test_detection() -> None:
    files = {"app/migrations/V1__a.sql": "", "app/migrations/sub/V2__b.sql": ""}
    assert owners(files) == {"app/migrations": "flyway"}
    assert owners({**files, "app/Cargo.toml": CARGO}) == {"app/migrations": "refinery"}
    assert owners({**files, "Cargo.toml": '[dependencies]\nsqlx = "0.8"\n'}) == {"app/migrations": "flyway"}


def test_order_is_by_version_whatever_the_letter() -> None:
    names = ["V10__c.sql", "U9__b.sql", "V1__a.sql", "V2__rust.rs", "sub/V3__d.sql", "V1.2__e.sql", "V4__a-b.sql"]
    assert ids(REFINERY, *names) == ["V1__a", "V3__d", "U9__b", "V10__c"]


def test_one_transaction_and_no_way_back() -> None:
    text = "-- no-transaction\r\nSELECT 1;"
    assert ways(REFINERY, text) == (Way(text, FILE), None)


def test_the_history_table_has_the_version() -> None:
    assert REFINERY.version("V01__a") == "1"


def test_migrations_that_are_no_sql() -> None:
    assert REFINERY.code(["m/V2__b.rs", "m/sub/U3__c.rs", "m/mod.rs", "m/V1__a.sql"], "m") == (
        "m/V2__b.rs",
        "m/sub/U3__c.rs",
    )
