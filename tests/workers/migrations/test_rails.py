from tests.workers.migrations.told import FILE, STATEMENT, owners
from workers.migrations.layout import Entry, Files, Holds, Way
from workers.migrations.rails import RAILS, dump_of, version, versions

DUMP = """SET statement_timeout = 0;
SET transaction_timeout = 0;
SELECT pg_catalog.set_config('search_path', '', false);

COMMENT ON EXTENSION btree_gist IS 'indexes';
CREATE TABLE public.users (
    id bigint NOT NULL
);
\\unrestrict x

SET search_path TO "$user", public;

INSERT INTO "schema_migrations" (version) VALUES
('20240102000000'),
('20240101000000'),
('1');
"""
FILES = {"db/structure.sql": DUMP, "db/migrate/20240101000000_a.rb": ""}


def test_detection() -> None:
    assert owners({"db/migrate/20240101000000_a.rb": "", "db/schema.rb": ""}) == {}
    assert owners({"db/structure.sql": DUMP}) == {}
    assert owners({**FILES, "db/structure.sql": "CREATE TABLE `users` (id int) ENGINE=InnoDB;"}) == {}
    assert owners(FILES) == {"db/migrate": "rails"}
    assert owners({f"backend/{path}": text for path, text in FILES.items()}) == {"backend/db/migrate": "rails"}


def test_each_database_is_a_project() -> None:
    second = {"db/animals_structure.sql": DUMP, "db/animals_migrate/20240101000000_a.rb": ""}
    assert owners({**FILES, **second}) == {"db/animals_migrate": "rails", "db/migrate": "rails"}
    assert [dump_of(name) for name in ("db/migrate", "db/animals_migrate", "migrate")] == [
        "db/structure.sql",
        "db/animals_structure.sql",
        "structure.sql",
    ]


def test_order_is_by_version_after_the_dump_in_all_folders_of_the_database() -> None:
    names = ["migrate/10_c.rb", "migrate/2_b.rb", "migrate/sub/3_s.rb", "migrate/README.rb", "post_migrate/4_later.rb"]
    other = ["animals_migrate/1_x.rb", "migrate/5_x.sql", "structure.sql"]
    found = RAILS.entries([f"db/{name}" for name in (*names, *other)], "db/migrate")
    assert found == (
        Entry("structure", "db/structure.sql", holds=Holds.STATE),
        Entry("2_b", "db/migrate/2_b.rb", holds=Holds.CODE),
        Entry("3_s", "db/migrate/sub/3_s.rb", holds=Holds.CODE),
        Entry("4_later", "db/post_migrate/4_later.rb", holds=Holds.CODE),
        Entry("10_c", "db/migrate/10_c.rb", holds=Holds.CODE),
    )
    assert [one.id for one in RAILS.entries([f"db/{name}" for name in other], "db/animals_migrate")] == ["1_x"]


def test_the_dump_s_schema_is_run_in_its_lines_and_the_rest_is_not() -> None:
    way, back = RAILS.ways(Files(DUMP, path="db/structure.sql"), FILE)
    assert (way.transaction, back) == (STATEMENT, None)
    shown = [(line, text) for line, text in enumerate(way.text.splitlines(), 1) if text]
    assert shown == [
        (1, "SET statement_timeout = 0;"),
        (3, "SELECT pg_catalog.set_config('search_path', '', false);"),
        (6, "CREATE TABLE public.users ("),
        (7, "    id bigint NOT NULL"),
        (8, ");"),
        (11, 'SET search_path TO "$user", public;'),
    ]
    assert RAILS.ways(Files("class A\nend\n", path="db/migrate/1_a.rb"), FILE) == (Way("class A\nend\n", FILE), None)


def test_the_versions_that_a_dump_lists() -> None:
    assert versions("") == {}
    assert versions(DUMP) == {"20240102000000": 14, "20240101000000": 15, "1": 16}
    old = (
        "INSERT INTO schema_migrations (version) VALUES ('2');\n\nINSERT INTO schema_migrations (version) VALUES ('3');"
    )
    assert versions(old) == {"2": 1, "3": 3}


def test_the_history_table_has_the_number() -> None:
    assert [version(id) for id in ("001_create", "20240101000000_a", "structure")] == ["1", "20240101000000", ""]
