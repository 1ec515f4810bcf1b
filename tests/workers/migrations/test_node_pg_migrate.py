import pytest

from tests.workers.migrations.told import FILE, ids, owners, ways
from workers.migrations.layout import Way
from workers.migrations.node_pg_migrate import NODE_PG_MIGRATE

BOTH = "-- Up Migration\nSELECT 1;\n-- Down Migration\nSELECT 2;\n"


def test_detection() -> None:
    assert owners({"migrations/1_a.sql": BOTH}) == {"migrations": "node-pg-migrate"}
    assert owners({"migrations/1_a.sql": "-- down migration\n"}) == {"migrations": "node-pg-migrate"}
    assert owners({"migrations/1_a.sql": "-- an up migration\n"}) == {"migrations": "plain"}


def test_order_is_by_number_or_time() -> None:
    names = ["1589352424505_b.sql", "20200513064704504_a.sql", "2_c.sql", "3_d.js", "99999999999999999_e.sql"]
    assert ids(NODE_PG_MIGRATE, *names) == [
        "2_c",
        "20200513064704504_a",
        "1589352424505_b",
        "99999999999999999_e",
    ]


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_each_way_keeps_its_lines(end: str) -> None:
    text = end.join(("-- why", " --- UP  migration: all", "SELECT 1;", "", "-- down migration", "SELECT 2;", ""))
    up = end.join(("-- why", "", "SELECT 1;", ""))
    down = end.join(("", "", "", "", "", "SELECT 2;", ""))
    assert ways(NODE_PG_MIGRATE, text) == (Way(up, FILE), Way(down, FILE))


def test_the_way_back_may_come_first() -> None:
    up, down = ways(NODE_PG_MIGRATE, "-- Down Migration\nSELECT 2;\n-- Up Migration\nSELECT 1;\n")
    assert (up, down) == (Way("\n\n\nSELECT 1;\n", FILE), Way("\nSELECT 2;\n", FILE))


def test_without_the_first_marker_all_is_run() -> None:
    text = "SELECT 1;\n-- Down Migration\nSELECT 2;\n"
    assert ways(NODE_PG_MIGRATE, text) == (Way(text, FILE), Way("\n\nSELECT 2;\n", FILE))
    assert ways(NODE_PG_MIGRATE, "SELECT 1;\n") == (Way("SELECT 1;\n", FILE), None)


def test_migrations_that_are_no_sql() -> None:
    assert NODE_PG_MIGRATE.code(["m/2_b.ts", "m/3_c.cjs", "m/2_b.test.ts", "m/1_a.sql"], "m") == (
        "m/2_b.ts",
        "m/3_c.cjs",
    )
