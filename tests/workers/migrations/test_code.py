import pytest

from tests.workers.migrations.told import FILE, STATEMENT
from workers.migrations.code import layout_of, sign_of_code
from workers.migrations.layout import Entry, Files, Holds, Way
from workers.runners import Runner, completed

PATHS = ["app/models.py", "app/migrations/0002_b.py", "app/migrations/__init__.py", "lib/migrations/0001_a.py"]


def test_the_files_that_the_policy_names() -> None:
    layout = layout_of(completed(Runner("django")))
    assert layout.claims(["app/models.py"]) == ()
    assert [layout.claims(paths) for paths in (PATHS, PATHS[:2], ["0001_a.py"])] == [("",), ("app/migrations",), ()]
    assert layout_of(completed(Runner("django")), "app").claims(PATHS) == ("app",)
    assert layout.entries(PATHS, "") == (
        Entry("app/migrations/0002_b.py", "app/migrations/0002_b.py", holds=Holds.CODE),
        Entry("lib/migrations/0001_a.py", "lib/migrations/0001_a.py", holds=Holds.CODE),
    )


@pytest.mark.parametrize(
    ("pattern", "expected"),
    [
        ("*/migrations/*.py", PATHS[1:]),
        ("app/**", PATHS[:3]),
        ("**/000?_[!b]*.py", PATHS[3:]),
        ("migrations/*.py", []),
        ("**/*.rb", []),
    ],
)
def test_patterns(pattern: str, expected: list[str]) -> None:
    found = layout_of(Runner("own", (pattern,))).entries(PATHS, "")
    assert [entry.path for entry in found] == sorted(expected)


def test_a_dump_of_what_is_merged() -> None:
    runner = Runner("knex", ("migrations/*.ts",), "x {path}", state="schema.sql")
    layout = layout_of(runner)
    assert layout.entries(["schema.sql", "migrations/1_a.ts"], "")[0] == Entry("state", "schema.sql", holds=Holds.STATE)
    text = "-- PostgreSQL database dump\n\\restrict x\nCREATE TABLE a ();\n"
    assert layout.ways(Files(text, path="schema.sql"), FILE) == (Way("\n\nCREATE TABLE a ();\n", STATEMENT), None)
    assert layout.ways(Files("CREATE TABLE a ();", path="schema.sql"), FILE)[0].text == "CREATE TABLE a ();"
    assert layout.ways(Files("code", path="migrations/1_a.ts"), FILE) == (Way("code", FILE), None)


@pytest.mark.parametrize(
    ("path", "whose"),
    [
        ("migrations/1_a.sql", None),
        ("app/migrations/__init__.py", None),
        ("api/versions/v1.py", None),
        ("alembic/versions/1975ea83b712_create.py", "Alembic"),
        ("core/versions/2021-06-02_f011c050b9ba.py", "Alembic"),
        ("app/migrations/0001_initial.py", "Django"),
        ("db/migrate/20240101000000_a.rb", "Rails"),
        ("migrations/20240101000000_users.ts", "Knex"),
        ("src/migration/1700000000000-Users.ts", "TypeORM"),
    ],
)
def test_signs(path: str, whose: str | None) -> None:
    expected = f"; {path} looks like a migration of {whose}, which is code: see docs/code-runners.md" if whose else ""
    assert sign_of_code(["README.md", path]) == expected
