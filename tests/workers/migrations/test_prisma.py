import pytest

from workers.migrations.layout import Entry, Files, Way
from workers.migrations.prisma import PRISMA
from workers.model import Transaction

DIRECTORY = "packages/db/prisma/migrations"


def test_claims_folders_of_migrations() -> None:
    paths = [
        f"{DIRECTORY}/1_a/migration.sql",
        "other/migrations/2_b/migration.sql",
        "locked/m/migration_lock.toml",
        "seeds/1_a/migration.sql",  # neither called migrations nor locked
        "hasura/migrations/1_a/up.sql",
        "migration.sql",
    ]
    assert PRISMA.claims(paths) == ("locked/m", "other/migrations", DIRECTORY)
    assert PRISMA.claims([]) == ()


def test_entries_are_in_prisma_s_order() -> None:
    names = ["20240101_B", "20240101_a", "1A_x", "1a_x", "_z", "1_a"]
    paths = [f"{DIRECTORY}/{name}/migration.sql" for name in names] + [f"{DIRECTORY}/3_empty/notes.md", "x.sql"]
    found = [entry.id for entry in PRISMA.entries(paths, DIRECTORY)]
    assert found == ["_z", "1_a", "1a_x", "1A_x", "20240101_a", "20240101_B"]


def test_entry_has_its_path() -> None:
    assert PRISMA.entries(["m/1_a/migration.sql"], "m") == (Entry("1_a", "m/1_a/migration.sql"),)


def test_way_back_is_read_and_sent_as_one_message() -> None:
    paths = ["m/1_a/migration.sql", "m/1_a/down.sql", "m/2_b/down.sql", "m/down.sql"]
    assert PRISMA.entries(paths, "m") == (Entry("1_a", "m/1_a/migration.sql", "m/1_a/down.sql"),)
    files = Files("CREATE TABLE a ()", "DROP TABLE a")
    expected = Way("CREATE TABLE a ()", Transaction.STATEMENT), Way("DROP TABLE a", Transaction.SIMPLE_QUERY)
    assert PRISMA.ways(files, Transaction.STATEMENT) == expected


PACKAGE = "packages/db/package.json"


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({}, Transaction.SIMPLE_QUERY),
        ({PACKAGE: '{"devDependencies": {"prisma": "^6.2.0"}}'}, Transaction.SIMPLE_QUERY),
        ({PACKAGE: '{"devDependencies": {"prisma": "7.3.1"}}'}, Transaction.SIMPLE_QUERY),
        ({PACKAGE: '{"devDependencies": {"prisma": "7.4.0"}}'}, Transaction.STATEMENT),
        ({PACKAGE: '{"dependencies": {"prisma": "~7.10"}}'}, Transaction.STATEMENT),
        ({PACKAGE: '{"devDependencies": {"prisma": "^7.0.0"}}'}, Transaction.STATEMENT),
        ({PACKAGE: '{"devDependencies": {"prisma": "latest"}}'}, Transaction.SIMPLE_QUERY),
        ({PACKAGE: "not json"}, Transaction.SIMPLE_QUERY),
        ({PACKAGE: '["prisma"]'}, Transaction.SIMPLE_QUERY),
        ({"package.json": '{"devDependencies": {"prisma": "7.5.0"}}'}, Transaction.STATEMENT),
        (
            {PACKAGE: '{"devDependencies": {"prisma": "^7.0.0"}}', "pnpm-lock.yaml": "packages:\n\n  prisma@7.2.0:\n"},
            Transaction.SIMPLE_QUERY,
        ),
        ({"pnpm-lock.yaml": "  /prisma@5.1.0:\n"}, Transaction.SIMPLE_QUERY),
        ({"pnpm-lock.yaml": "  '@x/prisma-tools@9.9.9':\n  prisma@7.10.1(typescript@5):\n"}, Transaction.STATEMENT),
        ({"pnpm-lock.yaml": "  '@casl/prisma@1.6.1':\n\n  prisma@7.8.0:\n"}, Transaction.STATEMENT),
        ({"yarn.lock": '"prisma@npm:^7.0.0":\n  version: 7.8.0\n'}, Transaction.STATEMENT),
        ({"yarn.lock": 'prisma@^6.1.0:\n  version "6.1.2"\n'}, Transaction.SIMPLE_QUERY),
        (
            {"package-lock.json": '{"packages": {"node_modules/prisma": {\n  "version": "7.4.0"}}}'},
            Transaction.STATEMENT,
        ),
    ],
)
def test_the_version_decides_the_transaction(files: dict[str, str], expected: Transaction) -> None:
    assert PRISMA.transaction(files, DIRECTORY, files.__getitem__) is expected


def test_another_provider_is_refused() -> None:
    lock = f"{DIRECTORY}/migration_lock.toml"
    files = {lock: '# comment\nprovider = "mysql"\n'}
    assert PRISMA.refuses(files, DIRECTORY, files.__getitem__) == f"{lock}: the provider is mysql, not postgresql"
    files = {lock: 'provider = "postgresql"\n'}
    assert PRISMA.refuses(files, DIRECTORY, files.__getitem__) is None
    assert PRISMA.refuses({}, DIRECTORY, files.__getitem__) is None


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("SELECT 1; SELECT 2;", Transaction.STATEMENT),
        ("CREATE INDEX CONCURRENTLY i ON t (a); SELECT 2;", Transaction.STATEMENT),
        ("DROP INDEX CONCURRENTLY i; SELECT 2;", Transaction.SIMPLE_QUERY),
    ],
)
def test_what_prisma_cannot_read_goes_as_one_message(text: str, expected: Transaction) -> None:
    assert PRISMA.ways(Files(text), Transaction.STATEMENT) == (Way(text, expected), None)
    assert PRISMA.ways(Files(text), Transaction.SIMPLE_QUERY) == (Way(text, Transaction.SIMPLE_QUERY), None)
