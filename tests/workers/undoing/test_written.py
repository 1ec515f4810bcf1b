"""The authors' own way back, tried on a real server: what restores comes first, then what is told of what does not."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path

import pytest

from workers.judge import judge
from workers.model import Change, ChangedMigration, Down, Migration, MigrationSet, Transaction
from workers.policy import Policy
from workers.postgres.limits import Limits
from workers.postgres.sandbox import strongest_tier
from workers.postgres.servers import Installation
from workers.rehearse import rehearse
from workers.rehearsed import Rehearsal
from workers.replay import Ground, replayed
from workers.rules import MIGRATION_RULES
from workers.rules.pages import page
from workers.rules.steps import not_rehearsed
from workers.verdict import Finding
from workers.ways_back import Grade, Rollback, Written

BASE = """
CREATE TABLE users (id serial PRIMARY KEY, name text, age int NOT NULL);
CREATE TABLE orders (id serial PRIMARY KEY, user_id int NOT NULL REFERENCES users, total int);
CREATE INDEX orders_total ON orders (total);
CREATE TABLE small (a int);
INSERT INTO users (name, age) VALUES ('Ada', 36), ('Bob', 40);
"""
HISTORY = (Migration("0", "m/0.sql", BASE, Transaction.SIMPLE_QUERY),)

Rehearsed = Callable[..., Rehearsal]


Pair = tuple[str, str | None]


@pytest.fixture
def rehearsed(installation: Installation, cache: Path) -> Rehearsed:
    def call(*pairs: Pair, transaction: Transaction = Transaction.FILE) -> Rehearsal:
        ground = Ground(installation, strongest_tier(), Limits(), cache, 1 << 30, lambda: None)
        with replayed(HISTORY, ground) as base:
            return rehearse(base, _migrations(pairs, transaction))

    return call


def _migrations(pairs: Sequence[Pair], transaction: Transaction) -> tuple[Migration, ...]:
    return tuple(
        Migration(str(number), f"m/{number}.sql", up, transaction, down=_down(number, down, transaction))
        for number, (up, down) in enumerate(pairs, start=1)
    )


def _down(number: int, text: str | None, transaction: Transaction) -> Down | None:
    return None if text is None else Down(_path(number), text, transaction)


def _path(number: int) -> str:
    return f"m/{number}.down.sql"


def _written(rehearsal: Rehearsal) -> list[Written | None]:
    return [one.written for one in rehearsal.migrations]


def test_what_restores(rehearsed: Rehearsed) -> None:
    """Each on what the ones before it left. An empty file is right where nothing was changed; the order of columns does
    not count; neither do rows of tables that go."""
    pairs = (
        ("CREATE TABLE last (id int);", None),
        ("ALTER TABLE users ADD nick text;", "ALTER TABLE users DROP nick;"),
        ("SELECT 1;", "-- nothing to do\n"),
        ("ALTER TABLE users DROP name;", "ALTER TABLE users ADD name text;"),
        ("CREATE TABLE n (id int); INSERT INTO n VALUES (1);", "DROP TABLE n;"),
        ("ALTER TABLE users RENAME TO people; ALTER TABLE people RENAME age TO years;",
         "ALTER TABLE people RENAME years TO age; ALTER TABLE people RENAME TO users;"),
        ("UPDATE people SET years = 1 WHERE years > 1;", "UPDATE people SET years = 2 WHERE years = 1;"),
        ("CREATE ROLE helper_of_tests; GRANT SELECT ON orders TO helper_of_tests;",
         "REVOKE SELECT ON orders FROM helper_of_tests; DROP ROLE helper_of_tests;"),
        ("CREATE TEMP TABLE s AS SELECT 1; ALTER TABLE orders ADD a int;", "ALTER TABLE orders DROP a;"),
    )  # fmt: skip
    rehearsal = rehearsed(*pairs)
    assert _written(rehearsal) == [None, *(Written(_path(number), True) for number in range(2, len(pairs) + 1))]
    assert _found(rehearsal, *pairs) == []


def test_what_does_not_restore(rehearsed: Rehearsed) -> None:
    refused = "DROP INDEX CONCURRENTLY cannot run inside a transaction block"
    cases = (
        ("ALTER TABLE users ADD nick text;", "-- later\n", ("column public.users.nick is not expected",)),
        (
            "ALTER TABLE orders DROP total;",
            "ALTER TABLE orders ADD total bigint;",
            ("index public.orders_total is missing", "column public.orders.total, type: expected integer, is bigint"),
        ),
        (
            "ALTER TABLE users ADD zip text;",
            "\n\n  ALTER TABLE users\n  DROP COLUMN nock;\n",
            ('line 3: column "nock" of relation "users" does not exist',),
        ),
        (
            "ALTER TABLE users ADD street text;",
            "ALTER TABLE users DROP street;\nALTER TABLE users\nALTER name\nSET NOTHING;",
            ('line 4: syntax error at or near "NOTHING"',),
        ),
        ("CREATE INDEX i ON orders (user_id);", "DROP INDEX CONCURRENTLY i;", (f"line 1: {refused}",)),
        (
            "ALTER TABLE orders DROP user_id;",
            "SELECT 1;\nALTER TABLE orders ADD user_id int NOT NULL REFERENCES users;\n"
            "CREATE INDEX i ON orders (user_id);",
            (
                'line 2: column "user_id" of relation "orders" contains null values',
                "without made-up rows it restores the schema",
            ),
        ),
    )
    expected = [Written(_path(number), False, difference) for number, (_, _, difference) in enumerate(cases, start=1)]
    assert _written(rehearsed(*((up, down) for up, down, _ in cases))) == expected


def test_each_statement_by_itself(rehearsed: Rehearsed) -> None:
    """As some runners run it: CONCURRENTLY is at home there."""
    pair = ("CREATE INDEX CONCURRENTLY i ON orders (user_id);", "SELECT 1;\nDROP INDEX CONCURRENTLY i;")
    assert _written(rehearsed(pair, transaction=Transaction.STATEMENT)) == [Written(_path(1), True)]
    (seen,) = _written(rehearsed(pair, transaction=Transaction.SIMPLE_QUERY))
    refused = "line 2: DROP INDEX CONCURRENTLY cannot run inside a transaction block"
    assert seen == Written(_path(1), False, (refused,))


def test_rows_that_the_migration_left_alone(rehearsed: Rehearsed) -> None:
    """Deleted, or dropped with a table that is made again."""
    pairs = (
        ("ALTER TABLE users ADD nick text;",
         "ALTER TABLE users DROP nick; DELETE FROM users WHERE name = 'Ada';"),
        ("ALTER TABLE small ADD b int;", "DROP TABLE small; CREATE TABLE small (a int);"),
    )  # fmt: skip
    rehearsal = rehearsed(*pairs)
    users, small = _written(rehearsal)
    lines = dict(line.split(": ", 1) for one in (users, small) if one for line in one.loses)
    assert list(lines) == ["table public.users", "table public.small"]
    deleted, of, *_ = lines["table public.users"].split()
    assert (deleted, of) == ("1", "of")
    dropped, of, rows, *_ = lines["table public.small"].split()
    assert (dropped, of) == (rows, "of")
    assert [(one.restores, one.difference) for one in (users, small) if one] == [(True, ())] * 2
    told = [finding.message.partition(": ")[0] for finding in _found(rehearsal, *pairs)]
    assert told == [f"{_path(number)} restores the schema, but not all rows" for number in (1, 2)]


def test_whether_it_can_be_applied_again_is_told(rehearsed: Rehearsed) -> None:
    """It is no finding: seeds are left where they are on purpose."""
    pair = ("CREATE TABLE IF NOT EXISTS n (id int); INSERT INTO users (id, age) VALUES (7000, 1);", "DROP TABLE n;")
    rehearsal = rehearsed(pair)
    refused = 'duplicate key value violates unique constraint "users_pkey"'
    assert _written(rehearsal) == [
        Written(_path(1), True, (f"the migration cannot be applied again: line 1: {refused}",))
    ]
    assert _found(rehearsal, pair) == []


# ---------------------------------------------------------------- what is found


def _found(rehearsal: Rehearsal, *pairs: Pair) -> list[Finding]:
    added = _migrations(pairs, Transaction.FILE)
    changed = tuple(ChangedMigration(Change.ADDED, None, migration) for migration in added)
    report = judge(MigrationSet("plain", "m", "a", "b", HISTORY, changed), rehearsal, Policy())
    (rule,) = MIGRATION_RULES
    return [finding for finding in report.findings if finding.rule == rule.name]


@pytest.mark.parametrize(("grade", "found"), [(Grade.IRREVERSIBLE, 0), (Grade.LOSSY, 1), (Grade.EXACT, 1)])
def test_a_way_back_that_cannot_be_is_not_asked_for(grade: Grade, found: int) -> None:
    (migration,) = _migrations((("SELECT 1;", "SELECT raise();"),), Transaction.FILE)
    written = Written(_path(1), False, ("line 1: irreversible",))
    seen = replace(not_rehearsed(migration), rollback=Rollback("", grade, proven=False), written=written)
    (rule,) = MIGRATION_RULES
    assert [each.message for each in rule.check(seen)] == [
        f"{_path(1)} does not restore the schema: line 1: irreversible."
    ] * found


def test_an_empty_file_claims_nothing() -> None:
    (migration,) = _migrations((("ALTER TABLE users ADD nick text;", "-- forward only\n"),), Transaction.FILE)
    (rule,) = MIGRATION_RULES
    assert list(rule.check(replace(not_rehearsed(migration), written=Written(_path(1), False, ("x",))))) == []


def test_the_line_where_the_way_back_begins() -> None:
    """In a file that holds both, and one that holds it alone."""
    (migration,) = _migrations((("ALTER TABLE users ADD nick text;", ""),), Transaction.FILE)
    assert migration.down is not None
    for path, expected in ((migration.path, 4), (migration.down.path, 1)):
        written = Written(path, False, ("x",))
        both = replace(migration, down=replace(migration.down, path=path, text="\n\n\n  SELECT 1;"))
        (rule,) = MIGRATION_RULES
        assert [each.line for each in rule.check(replace(not_rehearsed(both), written=written))] == [expected]


@pytest.mark.parametrize("block", ["Unsafe", "Safe"])
def test_the_page_keeps_its_word(rehearsed: Rehearsed, block: str) -> None:
    (rule,) = MIGRATION_RULES
    of = page(rule)
    example = of.unsafe if block == "Unsafe" else of.safe
    assert example is not None
    up, _, down = example.sql.partition("-- migrate:down\n")
    rehearsal = rehearsed((of.setup, None), (up, down))
    assert len(_found(rehearsal, (of.setup, None), (up, down))) == (block == "Unsafe")


def test_the_first_differences_are_told(rehearsed: Rehearsed) -> None:
    columns = ("a", "b", "c", "d", "e")
    pair = ("ALTER TABLE users " + ", ".join(f"ADD {each} int" for each in columns), "SELECT 1;")
    ((message, line),) = [(found.message, found.line) for found in _found(rehearsed(pair), pair)]
    told = "; ".join(f"column public.users.{each} is not expected" for each in columns[:3])
    assert line == 1
    assert message == (
        f"{_path(1)} does not restore the schema: {told}; and 2 more. The rollback in this report does, and is proven."
    )
