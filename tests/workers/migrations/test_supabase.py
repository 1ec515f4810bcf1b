from tests.workers.migrations.told import SIMPLE_QUERY, ids, owners
from workers.migrations.layout import Files, Way
from workers.migrations.supabase import SUPABASE


def test_detection() -> None:
    paths = {"supabase/migrations/1_a.sql": "", "supabase/seed.sql": "", "apps/x/supabase/migrations/2_b.sql": ""}
    assert owners(paths) == {"supabase/migrations": "supabase", "apps/x/supabase/migrations": "supabase"}
    assert owners({"supabase/migrations/readme.sql": "", "not-supabase/migrations/1_a.sql": ""}) == {
        "not-supabase/migrations": "plain"
    }


def test_order_is_by_name_as_text() -> None:
    assert ids(SUPABASE, "9_b.sql", "10_a.sql", "1.sql", "sub/1_a.sql", "x_1.sql") == ["10_a", "9_b"]


def test_an_old_first_file_is_passed_over() -> None:
    assert ids(SUPABASE, "20211208235959_init.sql", "20220101000000_a.sql") == ["20220101000000_a"]
    assert ids(SUPABASE, "20211209000000_init.sql") == ["20211209000000_init"]
    assert ids(SUPABASE, "20210101000000_a.sql", "20211208235959_init.sql") == [
        "20210101000000_a",
        "20211208235959_init",
    ]


def test_a_file_is_one_implicit_transaction() -> None:
    usual = SUPABASE.transaction([], "supabase/migrations", str)
    assert usual is SIMPLE_QUERY
    assert SUPABASE.ways(Files("SELECT 1;\r\n"), usual) == (Way("SELECT 1;\r\n", usual), None)


def test_the_history_table_has_the_number() -> None:
    assert SUPABASE.version("20220101000000_a") == "20220101000000"
