from tests.workers.migrations.told import SIMPLE_QUERY, ids, owners
from workers.migrations.golang_migrate import GOLANG_MIGRATE
from workers.migrations.layout import Entry, Files, Way


def test_detection() -> None:
    assert owners({}) == {}
    assert owners({"db/migrations/1_a.up.sql": "", "db/migrations/1_a.down.sql": ""}) == {
        "db/migrations": "golang-migrate"
    }
    assert owners({"migrations/1_a.up.sql": "", "go.mod": "", "rust/Cargo.toml": 'sqlx = "0.8"'}) == {
        "migrations": "golang-migrate"
    }
    assert owners({"db/migrations/1_a.sql": ""}) == {"db/migrations": "plain"}


def test_order_is_by_number() -> None:
    names = ["10_c.up.sql", "9_b.up.sql", "0001_a.up.sql", "x.up.sql", "2-d.up.sql", "3_e.sql", "sub/1_x.up.sql"]
    assert ids(GOLANG_MIGRATE, *names) == ["0001_a", "9_b", "10_c"]


def test_the_way_back_is_the_file_of_the_number() -> None:
    paths = ["m/001_init.up.sql", "m/1_inital.down.sql", "m/2_b.up.sql", "m/3_c.down.sql"]
    assert GOLANG_MIGRATE.entries(paths, "m") == (
        Entry("001_init", "m/001_init.up.sql", "m/1_inital.down.sql"),
        Entry("2_b", "m/2_b.up.sql"),
    )


def test_a_file_is_one_message_whatever_it_says() -> None:
    usual = GOLANG_MIGRATE.transaction([], "m", str)
    assert usual is SIMPLE_QUERY
    text, down = "-- no transaction\r\nSELECT 1;\r\n", "SELECT 2;"
    assert GOLANG_MIGRATE.ways(Files(text, down), usual) == (Way(text, usual), Way(down, usual))


def test_the_history_table_has_the_number() -> None:
    assert GOLANG_MIGRATE.version("000001_init") == "1"
