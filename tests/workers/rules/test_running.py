"""Rules about what fails or breaks when a migration is deployed. What they must not say comes first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from tests.workers.rules.build import DO, ORDERS, SMALL, USERS, failed, found, messages, one, placed, step
from workers.changes import ColumnAdded, ColumnRenamed, TableRenamed
from workers.facts import Facts
from workers.model import Change, ChangedMigration, Level, Migration, MigrationSet, SqlError, Transaction
from workers.rehearsed import Preflight, Rejection
from workers.rules import (
    concurrently_in_transaction,
    merged_migration_changed,
    migration_fails,
    migration_out_of_order,
    renamed,
    required_column_added,
    rows_rejected,
    transaction_ended_early,
    transaction_left_open,
)
from workers.rules.rule import Step
from workers.sql.split import split
from workers.verdict import Finding
from workers.words import Name

BUILD = "CREATE INDEX CONCURRENTLY i ON orders (a)"
ALONE = [
    BUILD,
    "DROP INDEX CONCURRENTLY i",
    "REINDEX TABLE CONCURRENTLY orders",
    "VACUUM orders",
    "ALTER TABLE orders DETACH PARTITION p CONCURRENTLY",
    "CREATE DATABASE x",
    "ALTER SYSTEM SET work_mem = '1GB'",
]


# ---------------------------------------------------------------- concurrently-in-transaction


@pytest.mark.parametrize("sql", ALONE)
def test_outside_of_a_transaction(sql: str) -> None:
    assert found(concurrently_in_transaction.RULE, step(sql)) == []


@pytest.mark.parametrize("sql", ["CREATE INDEX i ON orders (a)", "REFRESH MATERIALIZED VIEW CONCURRENTLY v"])
def test_what_may_run_inside_a_transaction(sql: str) -> None:
    assert found(concurrently_in_transaction.RULE, step(sql, in_transaction=True)) == []


@pytest.mark.parametrize("sql", ALONE)
def test_inside_a_transaction(sql: str) -> None:
    assert found(concurrently_in_transaction.RULE, step(sql, in_transaction=True)) == [("1_test", "high-risk")]


def test_refused_by_the_server_though_the_text_does_not_show_it() -> None:
    made = step("CALL rebuild()", observation=failed("25001"))
    assert found(concurrently_in_transaction.RULE, made) == [("1_test", "high-risk")]


@pytest.mark.parametrize(
    ("transaction", "why"),
    [
        (Transaction.FILE, "the runner wraps each file in one"),
        (Transaction.SIMPLE_QUERY, "the runner sends the file as one message"),
        (Transaction.STATEMENT, "the file is inside one here"),
    ],
)
def test_the_message_names_the_runners_manner(transaction: Transaction, why: str) -> None:
    (message,) = messages(concurrently_in_transaction.RULE, step(BUILD, transaction=transaction, in_transaction=True))
    assert message.startswith(f"CREATE INDEX CONCURRENTLY cannot run inside a transaction, and {why}")
    names_the_way = message.endswith("tell us: transaction: statement in .github/migrations.yml.")
    assert names_the_way is (transaction is Transaction.FILE)


# ---------------------------------------------------------------- migration-fails


def test_no_error() -> None:
    assert found(migration_fails.RULE, step("SELECT 1")) == []
    assert found(migration_fails.RULE, step("SELECT 1", observation=None)) == []


def test_a_refused_transaction_is_told_once() -> None:
    told = Finding("concurrently-in-transaction", Level.HIGH_RISK, "p", 1, "1_test", "")
    assert found(migration_fails.RULE, step(BUILD, observation=failed("25001"), found=(told,))) == []


def test_a_failure_is_told_in_the_servers_words_at_its_line() -> None:
    observation = failed("42P01", 'relation "ordres" does not exist', line=7, hint="Try orders")
    finding = one(migration_fails.RULE, step("ALTER TABLE ordres ADD a int", observation=observation))
    assert (finding.level, finding.line) == (Level.HIGH_RISK, 7)
    assert finding.message == (
        "ALTER TABLE … ADD COLUMN fails on the base branch's schema: "
        'relation "ordres" does not exist (42P01). Try orders.'
    )


@pytest.mark.parametrize(
    ("sqlstate", "message"),
    [
        ("57014", "canceling statement due to user request"),
        ("57P01", "terminating connection"),
        ("53100", "could not extend file"),
        ("42501", "permission denied for schema x"),
        ("0A000", 'extension "vector" is not available'),
    ],
)
def test_an_error_that_may_be_ours_is_only_risky(sqlstate: str, message: str) -> None:
    made = step("SELECT f()", observation=failed(sqlstate, message))
    assert found(migration_fails.RULE, made) == [("1_test", "risky")]


def test_a_feature_that_postgres_lacks_is_not_ours() -> None:
    made = step("SELECT f()", observation=failed("0A000", "cannot alter type of a column used by a view"))
    assert found(migration_fails.RULE, made) == [("1_test", "high-risk")]


# ---------------------------------------------------------------- rows-rejected

NULLS = SqlError("23502", 'column "a" contains null values')
PREFLIGHT = Preflight("SELECT count(*) FROM orders WHERE a IS NULL;", "0", "", "m/1_test.sql", 1)


def test_no_rejection() -> None:
    assert found(rows_rejected.RULE, step("SELECT 1")) == []


def test_a_required_column_is_told_there() -> None:
    told = Finding("required-column-added", Level.RISKY, "p", 1, "public.orders.a", "")
    sql = "ALTER TABLE orders ADD a int NOT NULL"
    assert found(rows_rejected.RULE, step(sql, rejections=(Rejection(0, ORDERS, NULLS, None),), found=(told,))) == []


def told(rule: str, sql: str, rejection: Rejection, **more: Any) -> list[str]:
    finding = Finding(rule, Level.RISKY, "p", 1, "public.orders.a", "")
    return messages(rows_rejected.RULE, step(sql, rejections=(rejection,), found=(finding,), **more))


def test_a_null_that_its_own_rule_and_a_query_tell() -> None:
    sql = "ALTER TABLE orders ALTER a SET NOT NULL"
    assert told("not-null-set", sql, Rejection(0, ORDERS, NULLS, PREFLIGHT)) == []
    assert len(told("not-null-set", sql, Rejection(0, ORDERS, NULLS, None))) == 1
    assert len(told("not-null-set", sql, Rejection(0, USERS, NULLS, PREFLIGHT))) == 1
    assert len(told("not-null-set", sql, Rejection(0, ORDERS, SqlError("23514", "no"), PREFLIGHT))) == 1


def test_a_value_that_nobody_has() -> None:
    zone = SqlError("22023", 'time zone "abcdef" not recognized')
    sql = "UPDATE orders SET a = a AT TIME ZONE zone"
    assert found(rows_rejected.RULE, step(sql, rejections=(Rejection(0, ORDERS, zone, None),))) == []


def test_a_body_that_names_what_is_nowhere() -> None:
    nowhere = Rejection(0, None, SqlError("42703", 'column "n" does not exist'), None)
    assert messages(rows_rejected.RULE, step("DO $$ x $$", rejections=(nowhere,))) == [
        'DO fails as soon as there are rows: column "n" does not exist (42703).'
    ]
    denied = Rejection(0, None, SqlError("42501", "permission denied"), None)
    (message,) = messages(rows_rejected.RULE, step("DO $$ x $$", rejections=(denied,)))
    assert message.endswith("(42501). Migrations run as the database's owner here, not as a superuser.")


def test_a_value_with_a_syntax_of_its_own() -> None:
    value = Rejection(0, ORDERS, SqlError("42601", "ltree syntax error"), None)
    (message,) = messages(rows_rejected.RULE, step("UPDATE orders SET a = b::ltree", rejections=(value,)))
    assert message.startswith("UPDATE passes on empty tables, but rows of public.orders")
    (message,) = messages(rows_rejected.RULE, step(DO, rejections=(value,)))
    assert message.startswith("DO fails as soon as there are rows")


def test_rows_put_into_a_table_come_from_elsewhere() -> None:
    rejection = Rejection(0, ORDERS, SqlError("22P02", "no number"), None)
    new = step(DO, rejections=(rejection,), created=frozenset({ORDERS}))
    for made in (new, step("INSERT INTO orders SELECT * FROM users", rejections=(rejection,))):
        finding = one(rows_rejected.RULE, made)
        assert finding.object == "1_test"
        assert "but rows that the schema allows make it fail" in finding.message


def test_a_rejection_tells_table_and_error() -> None:
    sql = "ALTER TABLE orders ALTER a SET NOT NULL"
    finding = one(rows_rejected.RULE, step(sql, rejections=(Rejection(0, ORDERS, NULLS, PREFLIGHT),)))
    assert (finding.object, finding.level) == ("public.orders", Level.RISKY)
    assert finding.message == (
        "ALTER TABLE … ALTER COLUMN … SET NOT NULL passes on empty tables, but rows of public.orders that the schema "
        'allows make it fail: column "a" contains null values (23502).'
    )


def test_a_rejection_tells_of_an_invalid_index() -> None:
    sql = "CREATE UNIQUE INDEX CONCURRENTLY u ON orders (a)"
    rejection = Rejection(0, ORDERS, NULLS, None, leaves_invalid=Name("public", "u"))
    finding = one(rows_rejected.RULE, step(sql, rejections=(rejection,)))
    assert finding.message.endswith(" It leaves the index public.u behind, invalid: drop it before trying again.")


def test_a_rejection_without_a_table_or_a_query_is_told_too() -> None:
    made = step("SELECT f()", rejections=(Rejection(0, None, NULLS, None),))
    assert found(rows_rejected.RULE, made) == [("1_test", "risky")]


# ---------------------------------------------------------------- what stays done, transactions of the file's own


def at(index: int, sql: str, manner: Transaction, inside: bool, **more: Any) -> Step:
    """A statement of a file."""
    statement = split(sql).statements[index].text
    made = step(statement, transaction=manner, in_transaction=inside, **more)
    return placed(made, migration=replace(made.migration, text=sql), index=index)


FAILING: dict[str, Any] = {"observation": failed("23505", "duplicate")}
LEFT = " The statements before it stay done: the migration is left half applied."
FILE, MESSAGE, APART = Transaction.FILE, Transaction.SIMPLE_QUERY, Transaction.STATEMENT


@pytest.mark.parametrize(
    ("sql", "manner", "inside", "left"),
    [
        ("UPDATE a SET b = 1; UPDATE c SET d = 1", FILE, True, False),
        ("UPDATE a SET b = 1; UPDATE c SET d = 1", MESSAGE, True, False),
        ("SET lock_timeout = 1; UPDATE c SET d = 1", APART, False, False),
        ("UPDATE a SET b = 1; UPDATE c SET d = 1", APART, False, True),
        ("BEGIN; UPDATE a SET b = 1; UPDATE c SET d = 1", APART, True, False),
        ("UPDATE a SET b = 1; COMMIT; UPDATE c SET d = 1", FILE, False, True),
        ("UPDATE a SET b = 1; COMMIT; UPDATE c SET d = 1", MESSAGE, True, True),
    ],
)
def test_what_stays_done_is_up_to_the_runner(sql: str, manner: Transaction, inside: bool, left: bool) -> None:
    last = sql.count(";")
    rejected = at(last, sql, manner, inside, rejections=(Rejection(last, ORDERS, NULLS, None),))
    for rule, made in ((migration_fails, at(last, sql, manner, inside, **FAILING)), (rows_rejected, rejected)):
        assert one(rule.RULE, made).message.endswith(LEFT) is left


def test_an_enum_value_that_is_used_too_early() -> None:
    observation = failed("55P04", 'unsafe use of new value "a"', hint="New enum values must be committed first")
    (message,) = messages(migration_fails.RULE, step("SELECT 1", observation=observation))
    assert message.endswith("committed first. Add the value in a migration of its own, before this one.")


@pytest.mark.parametrize(
    ("sql", "manner"),
    [
        ("BEGIN; UPDATE a SET b = 1; COMMIT", APART),
        ("BEGIN; UPDATE a SET b = 1; ROLLBACK", APART),
        ("BEGIN; UPDATE a SET b = 1", FILE),
    ],
)
def test_a_transaction_that_somebody_ends(sql: str, manner: Transaction) -> None:
    assert found(transaction_left_open.RULE, at(0, sql, manner, manner is FILE)) == []


@pytest.mark.parametrize("manner", [APART, MESSAGE])
def test_a_transaction_that_nobody_ends(manner: Transaction) -> None:
    sql = "BEGIN; SAVEPOINT s; UPDATE a SET b = 1; RELEASE s"
    assert found(transaction_left_open.RULE, at(0, sql, manner, False)) == [("1_test", "high-risk")]
    assert found(transaction_left_open.RULE, at(2, sql, manner, True)) == []


@pytest.mark.parametrize(
    ("sql", "index", "manner"),
    [
        ("UPDATE a SET b = 1; COMMIT", 1, FILE),
        ("UPDATE a SET b = 1; COMMIT; SET lock_timeout = 0", 1, FILE),
        ("ROLLBACK; UPDATE a SET b = 1", 0, FILE),
        ("COMMIT; CREATE INDEX CONCURRENTLY i ON a (b); BEGIN", 0, FILE),
        ("BEGIN; UPDATE a SET b = 1; COMMIT; UPDATE a SET b = 2", 2, MESSAGE),
        ("BEGIN; UPDATE a SET b = 1; COMMIT; UPDATE a SET b = 2", 2, APART),
        ("UPDATE a SET b = 1; SAVEPOINT s; ROLLBACK TO s; UPDATE a SET b = 2", 2, FILE),
    ],
)
def test_a_transaction_that_ends_where_it_may(sql: str, index: int, manner: Transaction) -> None:
    assert found(transaction_ended_early.RULE, at(index, sql, manner, inside=True)) == []


@pytest.mark.parametrize(
    ("sql", "index", "manner", "what"),
    [
        ("UPDATE a SET b = 1; COMMIT; UPDATE a SET b = 2", 1, FILE, "COMMIT ends the transaction around the file"),
        ("BEGIN; UPDATE a SET b = 1; COMMIT; UPDATE a SET b = 2", 2, FILE, "COMMIT ends the transaction"),
        ("UPDATE a SET b = 1; COMMIT; BEGIN; UPDATE a SET b = 2", 1, MESSAGE, "COMMIT ends the transaction"),
        ("UPDATE a SET b = 1; ROLLBACK", 1, FILE, "ROLLBACK ends the transaction around the file"),
    ],
)
def test_the_runners_transaction_is_ended(sql: str, index: int, manner: Transaction, what: str) -> None:
    finding = one(transaction_ended_early.RULE, at(index, sql, manner, inside=True))
    assert (finding.object, finding.level) == ("1_test", Level.RISKY)
    assert finding.message.startswith(what)


# ---------------------------------------------------------------- required-column-added, renamed


def column(not_null: bool, has_default: bool) -> Facts:
    return Facts(changes=(ColumnAdded(ORDERS, "a", "text", not_null, has_default),))


@pytest.mark.parametrize(
    "made",
    [
        step("SELECT 1", column(False, False)),
        step("SELECT 1", column(True, True)),
        step("SELECT 1", column(True, False), created=frozenset({ORDERS})),
    ],
)
def test_a_column_that_no_row_lacks(made: Step) -> None:
    assert found(required_column_added.RULE, made) == []


def test_a_required_column_even_on_a_small_table() -> None:
    made = step("SELECT 1", column(True, False), policy=SMALL)
    assert found(required_column_added.RULE, made) == [("public.orders.a", "risky")]


TABLE = TableRenamed(ORDERS, Name("public", "sales"))
COLUMN = ColumnRenamed(ORDERS, "a", "b")


@pytest.mark.parametrize("change", [TABLE, COLUMN])
def test_a_new_table_may_be_renamed(change: TableRenamed | ColumnRenamed) -> None:
    assert found(renamed.RULE, step("SELECT 1", Facts(changes=(change,)), created=frozenset({ORDERS}))) == []


def test_a_column_of_the_same_migration_may_be_renamed() -> None:
    earlier = (ColumnAdded(ORDERS, "a", "text", False, False),)
    assert found(renamed.RULE, step("SELECT 1", Facts(changes=(COLUMN,)), earlier=earlier)) == []


def test_renames_of_what_is_in_use() -> None:
    assert found(renamed.RULE, step("SELECT 1", Facts(changes=(TABLE, COLUMN)))) == [
        ("public.orders", "risky"),
        ("public.orders.a", "risky"),
    ]


# ---------------------------------------------------------------- merged-migration-changed, migration-out-of-order


def migration(name: str) -> Migration:
    return Migration(name, f"m/{name}.sql", "SELECT 1;", Transaction.FILE)


def changes(*changed: ChangedMigration) -> MigrationSet:
    return MigrationSet("plain", "m", "a", "b", (migration("1"), migration("3")), changed)


def test_an_added_migration_at_the_end() -> None:
    added = changes(ChangedMigration(Change.ADDED, None, migration("4")))
    assert [*merged_migration_changed.RULE.check(added), *migration_out_of_order.RULE.check(added)] == []


@pytest.mark.parametrize(
    ("changed", "object", "words"),
    [
        (ChangedMigration(Change.EDITED, migration("1"), migration("1")), "1", "1 is merged and now edited"),
        (ChangedMigration(Change.DELETED, migration("3"), None), "3", "3 is merged and now deleted"),
        (ChangedMigration(Change.RENAMED, migration("1"), migration("9")), "9", "1 is merged and now renamed to 9"),
    ],
)
def test_a_merged_migration_changes(changed: ChangedMigration, object: str, words: str) -> None:
    (finding,) = merged_migration_changed.RULE.check(changes(changed))
    assert (finding.object, finding.path, finding.level) == (object, f"m/{object}.sql", Level.RISKY)
    assert finding.message.startswith(words)


def test_a_migration_before_a_merged_one() -> None:
    late = ChangedMigration(Change.ADDED, None, migration("2"), out_of_order=True)
    (finding,) = migration_out_of_order.RULE.check(changes(late))
    assert (finding.object, finding.level) == ("2", Level.RISKY)
    assert finding.message.startswith("2 is new but sorts before 3, which is merged")
    assert list(merged_migration_changed.RULE.check(changes(late))) == []


def test_users_is_another_table() -> None:
    told = Finding("required-column-added", Level.RISKY, "p", 1, "public.users_old.a", "")
    made = step("SELECT 1", found=(told,))
    assert (made.about(USERS), made.about(Name("public", "users_old"))) == (False, True)
