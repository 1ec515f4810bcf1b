"""Rules about what fails or breaks when a migration is deployed. What they must not say comes first."""

from __future__ import annotations

import pytest

from tests.workers.rules.build import ORDERS, SMALL, USERS, failed, found, messages, one, step
from workers.changes import ColumnAdded, ColumnRenamed, TableRenamed
from workers.facts import Facts
from workers.model import (
    Change,
    ChangedMigration,
    Level,
    Migration,
    MigrationSet,
    Preflight,
    Rejection,
    SqlError,
    Transaction,
)
from workers.rules import (
    concurrently_in_transaction,
    merged_migration_changed,
    migration_fails,
    migration_out_of_order,
    renamed,
    required_column_added,
    rows_rejected,
)
from workers.rules.rule import Step
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
