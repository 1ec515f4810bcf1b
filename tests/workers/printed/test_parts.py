"""What runners print, cut into migrations. The texts have the form of Alembic 1.20's output."""

import pytest

from workers.model import Transaction
from workers.printed.parts import Printed, cut, printed

FILE, STATEMENT = Transaction.FILE, Transaction.STATEMENT
BOOKS = """CREATE TABLE alembic_version (
    version_num VARCHAR(32) NOT NULL
);
"""
ONE = """-- Running upgrade  -> a1

CREATE TABLE a (
    id SERIAL
);

INSERT INTO alembic_version (version_num) VALUES ('a1') RETURNING alembic_version.version_num;
"""
TWO = """-- Running upgrade a1 -> b2

ALTER TABLE a ADD COLUMN b text DEFAULT 'x; y';

COMMIT;

CREATE INDEX CONCURRENTLY i ON a (b);

BEGIN;

UPDATE alembic_version SET version_num='b2' WHERE alembic_version.version_num = 'a1';
"""
MERGE = """-- Running upgrade b2, c3 -> d4

DELETE FROM alembic_version WHERE alembic_version.version_num = 'b2';
"""


def shown(found: dict[str, Printed]) -> dict[str, tuple[Transaction, list[str]]]:
    """Each with the lines that are not blank."""
    return {
        id: (one.transaction, [line.rstrip() for line in one.text.splitlines()[1:] if line.strip()])
        for id, one in found.items()
    }


TABLE = (FILE, ["CREATE TABLE a (", "    id SERIAL", ");"])
INDEX = (
    STATEMENT,
    ["BEGIN;", "ALTER TABLE a ADD COLUMN b text DEFAULT 'x; y';", "COMMIT;", "CREATE INDEX CONCURRENTLY i ON a (b);"],
)


def test_nothing() -> None:
    assert cut("").up == {}
    assert cut("Nothing to do.\nSELECT 1;\n").up == {}


def test_one_transaction_around_all() -> None:
    found = cut("\n".join(("BEGIN;\n", BOOKS, ONE, TWO, MERGE, "COMMIT;\n")))
    assert shown(found.up) == {"a1": TABLE, "b2": INDEX, "d4": (STATEMENT, [])}
    assert found.down == {}


def test_one_transaction_around_each() -> None:
    found = cut("\n".join(("BEGIN;", BOOKS, "COMMIT;\n\nBEGIN;\n", ONE, "COMMIT;\n\nBEGIN;\n", TWO, "COMMIT;\n")))
    assert shown(found.up) == {"a1": TABLE, "b2": INDEX}


def test_lines_are_those_of_what_is_printed() -> None:
    text = cut(f"BEGIN;\n\n{ONE}\n\nCOMMIT;\n").up["a1"].text
    assert text.splitlines()[2] == ONE.splitlines()[2] == "CREATE TABLE a ("


def test_ways_back() -> None:
    steps = "-- Running downgrade b2 -> a1\n\nDROP INDEX i;\n\n-- Running downgrade a1 -> \n\nDROP TABLE a;"
    found = cut(f"BEGIN;\n\n{steps}\n\nCOMMIT;\n")
    assert (found.up, shown(found.down)) == ({}, {"b2": (FILE, ["DROP INDEX i;"]), "a1": (FILE, ["DROP TABLE a;"])})


def test_a_script_of_one_s_own() -> None:
    text = "Loading.\r\n-- migration: shop.0001\nSELECT 1;\n-- migration: shop.0002\nBEGIN;\nSELECT 2;\nCOMMIT;\n"
    found = cut(f"{text}-- way back: shop.0002\nSELECT 3;\n")
    assert shown(found.up) == {"shop.0001": (STATEMENT, ["SELECT 1;"]), "shop.0002": (FILE, ["SELECT 2;"])}
    assert shown(found.down) == {"shop.0002": (STATEMENT, ["SELECT 3;"])}


@pytest.mark.parametrize(
    ("text", "transaction", "left"),
    [
        ("", STATEMENT, ""),
        ("SELECT 1;", STATEMENT, "SELECT 1;"),
        ("BEGIN; SELECT 1; COMMIT;", FILE, "SELECT 1;"),
        ("START TRANSACTION; SELECT 1; END", FILE, "SELECT 1;"),
        ("BEGIN; SAVEPOINT a; ROLLBACK TO SAVEPOINT a; COMMIT;", FILE, "SAVEPOINT a; ROLLBACK TO SAVEPOINT a;"),
        ("BEGIN; SELECT 1; COMMIT; SELECT 2;", STATEMENT, "BEGIN; SELECT 1; COMMIT; SELECT 2;"),
        ("INSERT INTO \"django_migrations\" (app) VALUES ('a');", STATEMENT, ""),
        ("BEGIN; INSERT INTO public.knex_migrations (name) VALUES ('a'); COMMIT;", STATEMENT, ""),
        ("UPDATE alembic_versions SET a = 1;", STATEMENT, "UPDATE alembic_versions SET a = 1;"),
    ],
)
def test_of_one_migration(text: str, transaction: Transaction, left: str) -> None:
    found = printed(text)
    assert (found.transaction, found.text.strip()) == (transaction, left)
