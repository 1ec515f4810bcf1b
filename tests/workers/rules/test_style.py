"""Rules that are off until the policy switches them on. What they must not say comes first."""

from __future__ import annotations

import pytest

from tests.workers.rules.build import DO, ORDERS, USERS, found, messages, of, step
from tests.workers.rules.schemas import schema_of, table
from workers.changes import (
    CatalogChange,
    ColumnAdded,
    ColumnRenamed,
    ColumnTypeChanged,
    IndexCreated,
    TableCreated,
    TableDropped,
    TableRenamed,
)
from workers.facts import Facts
from workers.model import Migration, Transaction
from workers.policy_file import parse_policy
from workers.rules import (
    delete_cascades,
    insert_without_columns,
    json_column,
    key_may_run_out,
    naming,
    several_changes,
    table_without_key,
)
from workers.words import Name


def added(table: str) -> ColumnAdded:
    return ColumnAdded(Name("public", table), "note", "text", not_null=False, has_default=False)


# ---------------------------------------------------------------- several-changes


FEW = (added("a"), added("b"), added("c"))
BACKFILL = "UPDATE orders SET a = 1 WHERE id < 9"


def test_few_tables() -> None:
    assert found(several_changes.RULE, step(DO, of(added("a")), earlier=FEW)) == []
    assert found(several_changes.RULE, step(DO, of(*FEW, TableCreated(ORDERS)))) == []
    made = frozenset({Name("public", "d")})
    assert found(several_changes.RULE, step(DO, of(added("d")), earlier=FEW, created=made)) == []


def test_partitions_follow_their_parent() -> None:
    before = schema_of(table(Name("public", "d"), 1, {}, bound="FOR VALUES IN (1)"))
    assert found(several_changes.RULE, step(DO, of(added("d")), earlier=FEW, before=before)) == []


def test_the_table_that_is_one_too_many() -> None:
    assert found(several_changes.RULE, step(DO, of(added("d")), earlier=FEW)) == [("1_test", "risky")]
    assert found(several_changes.RULE, step(DO, of(added("e")), earlier=(*FEW, added("d")))) == []


def test_rows_alone_or_of_a_new_table() -> None:
    assert found(several_changes.RULE, step(BACKFILL)) == []
    assert found(several_changes.RULE, step(BACKFILL, later=(TableCreated(USERS),), created=frozenset({USERS}))) == []
    assert found(several_changes.RULE, step(BACKFILL, earlier=FEW, created=frozenset({ORDERS}))) == []


def test_rows_and_schema_are_told_at_the_first_statement_about_rows() -> None:
    text = f"ALTER TABLE a ADD note text; {BACKFILL}; {BACKFILL};"
    migration = Migration("1_test", "m/1_test.sql", text, Transaction.FILE)
    first = step(BACKFILL, migration=migration, index=1, later=FEW)
    assert found(several_changes.RULE, first) == [("1_test", "risky")]
    assert found(several_changes.RULE, step(BACKFILL, migration=migration, index=2, later=FEW)) == []


# ---------------------------------------------------------------- naming


def test_names_that_follow_their_patterns() -> None:
    sql = 'CREATE TABLE orders (id bigint CONSTRAINT a_b PRIMARY KEY, "_x1" text)'
    assert found(naming.RULE, step(sql, of(TableCreated(ORDERS)))) == []
    made = IndexCreated(Name("public", "Orders_pkey"), ORDERS, unique=True, valid=True, constraint=True)
    assert found(naming.RULE, step(DO, of(made, TableRenamed(Name("app", "Old"), Name("public", "Old"))))) == []
    assert found(naming.RULE, step('CREATE TEMP TABLE "T" ("A" int)')) == []


def test_names_that_do_not_are_told_for_each_table() -> None:
    sql = 'CREATE TABLE "Order" ("userId" bigint CONSTRAINT "One" UNIQUE)'
    table = Name("public", "Order")
    (message,) = messages(naming.RULE, step(sql, of(TableCreated(table))))
    snake = "[a-z_][a-z0-9_]*"
    assert message.startswith(
        f"Of public.Order, these names do not follow their patterns: table Order ({snake}), column userId ({snake}), "
        f"constraint One ({snake})."
    )


@pytest.mark.parametrize(
    ("sql", "change"),
    [
        (DO, TableRenamed(ORDERS, Name("public", "Bestellung"))),
        (DO, ColumnRenamed(ORDERS, "a", "B")),
        (DO, IndexCreated(Name("public", "I"), ORDERS, unique=False, valid=True, constraint=False)),
        ('ALTER TABLE orders ADD "C" int', None),
        ('ALTER TABLE orders ADD CONSTRAINT "C" CHECK (a > 0)', None),
        ('ALTER TABLE orders RENAME CONSTRAINT c TO "C"', None),
    ],
)
def test_new_names_of_a_table_that_was_there(sql: str, change: CatalogChange | None) -> None:
    assert found(naming.RULE, step(sql, of(change) if change else Facts())) == [("public.orders", "risky")]


def test_the_policy_has_patterns_of_its_own() -> None:
    policy = parse_policy("naming: {column: '[a-z][a-zA-Z]*'}")
    assert found(naming.RULE, step('ALTER TABLE orders ADD "userId" int', policy=policy)) == []
    assert found(naming.RULE, step("ALTER TABLE orders ADD user_id int", policy=policy)) == [("public.orders", "risky")]


# ---------------------------------------------------------------- json-column, key-may-run-out, table-without-key


def test_other_types_than_json() -> None:
    assert found(json_column.RULE, step("ALTER TABLE orders ADD json jsonb, ADD b text DEFAULT '{}'::json")) == []
    jsonb = ColumnTypeChanged(ORDERS, "data", "json", "jsonb")
    assert found(json_column.RULE, step(DO, of(jsonb))) == []


def test_json() -> None:
    assert found(json_column.RULE, step("CREATE TABLE orders (a json)")) == [("public.orders.a", "risky")]
    changed = ColumnTypeChanged(ORDERS, "data", "text", "json")
    assert found(json_column.RULE, step(DO, of(changed))) == [("public.orders.data", "risky")]


@pytest.mark.parametrize(
    "columns",
    [
        "id bigserial PRIMARY KEY",
        "id int PRIMARY KEY",  # natural, or the other table's
        "id serial, name text PRIMARY KEY",
        "id serial, name text, PRIMARY KEY (id, name)",
    ],
)
def test_keys_that_do_not_end(columns: str) -> None:
    assert found(key_may_run_out.RULE, step(f"CREATE TABLE orders ({columns})")) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE orders (id serial PRIMARY KEY)",
        "CREATE TABLE orders (id smallint GENERATED BY DEFAULT AS IDENTITY, PRIMARY KEY (id))",
        "ALTER TABLE orders ADD COLUMN id serial PRIMARY KEY",
    ],
)
def test_keys_that_end(sql: str) -> None:
    assert found(key_may_run_out.RULE, step(sql)) == [("public.orders.id", "risky")]


MADE = of(TableCreated(ORDERS))


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE orders (id bigint PRIMARY KEY)",
        "CREATE TABLE orders (a int, b int, PRIMARY KEY (a, b))",
        "CREATE TABLE orders (LIKE users INCLUDING ALL)",
        "CREATE TABLE orders () INHERITS (users)",
        "CREATE TABLE orders PARTITION OF users FOR VALUES IN (1)",
        DO,
    ],
)
def test_a_key_or_perhaps_one(sql: str) -> None:
    assert found(table_without_key.RULE, step(sql, MADE)) == []


def test_a_table_that_does_not_stay() -> None:
    assert found(table_without_key.RULE, step("CREATE TABLE orders (a int)", MADE, later=(TableDropped(ORDERS),))) == []
    assert found(table_without_key.RULE, step("CREATE TABLE orders (a int)", MADE, after=schema_of())) == []


def test_no_key() -> None:
    told = [("public.orders", "risky")]
    assert found(table_without_key.RULE, step("CREATE TABLE orders (a int UNIQUE)", MADE)) == told
    assert found(table_without_key.RULE, step(DO, MADE, after=schema_of(table(ORDERS, 1, {})))) == told


# ---------------------------------------------------------------- delete-cascades, insert-without-columns


@pytest.mark.parametrize("action", ["", "ON DELETE SET NULL", "ON UPDATE CASCADE", "ON DELETE RESTRICT"])
def test_foreign_keys_that_delete_nothing(action: str) -> None:
    assert found(delete_cascades.RULE, step(f"CREATE TABLE orders (a int REFERENCES users {action})")) == []


@pytest.mark.parametrize(
    "sql",
    [
        "CREATE TABLE orders (a int REFERENCES users ON DELETE CASCADE)",
        "CREATE TABLE orders (a int, FOREIGN KEY (a) REFERENCES users ON UPDATE SET NULL ON DELETE CASCADE)",
        "ALTER TABLE orders ADD FOREIGN KEY (a) REFERENCES users ON DELETE CASCADE NOT VALID",
        "ALTER TABLE orders ADD a int REFERENCES users ON DELETE CASCADE",
    ],
)
def test_deleting_cascades(sql: str) -> None:
    assert found(delete_cascades.RULE, step(sql)) == [("public.orders.orders_a_fkey", "risky")]


def test_inserts_that_name_columns_or_fill_a_new_table() -> None:
    assert found(insert_without_columns.RULE, step("INSERT INTO orders (a) VALUES (1)")) == []
    new = step("INSERT INTO orders VALUES (1)", created=frozenset({ORDERS}))
    assert found(insert_without_columns.RULE, new) == []


def test_inserts_that_go_by_the_order_of_the_columns() -> None:
    sql = "WITH x AS (INSERT INTO orders VALUES (1) RETURNING a) INSERT INTO users SELECT * FROM x"
    assert found(insert_without_columns.RULE, step(sql)) == [("public.orders", "risky"), ("public.users", "risky")]
