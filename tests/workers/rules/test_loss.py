"""Rules about what is lost: tables, columns, rows, keys. What they must not say comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.rules.build import DO, ORDERS, SMALL, USERS, found, messages, placed, step
from workers.changes import (
    ColumnAdded,
    ColumnDropped,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    IndexDropped,
    TableCreated,
    TableDropped,
)
from workers.facts import Facts, Write
from workers.model import Level
from workers.object_changes import ObjectDropped
from workers.rules import (
    all_rows_deleted,
    column_dropped,
    column_replaced,
    primary_key_changed,
    relation_changed,
    table_dropped,
)
from workers.verdict import Finding
from workers.words import Name

# ---------------------------------------------------------------- table-dropped


@pytest.mark.parametrize(
    "facts",
    [
        Facts(),
        Facts(changes=(ObjectDropped("view", ORDERS), IndexDropped(Name("public", "i"), ORDERS))),
        Facts(changes=(TableDropped(ORDERS),), new_tables=frozenset({ORDERS})),
    ],
)
def test_a_table_stays_or_was_new(facts: Facts) -> None:
    assert found(table_dropped.RULE, step(DO, facts)) == []


def test_a_table_created_earlier_in_the_pull_request_is_new() -> None:
    facts = Facts(changes=(TableDropped(ORDERS),))
    assert found(table_dropped.RULE, step("DROP TABLE orders", facts, created=frozenset({ORDERS}))) == []


def test_a_table_dropped_inside_a_do_block() -> None:
    facts = Facts(changes=(TableDropped(ORDERS), TableDropped(USERS)))
    assert found(table_dropped.RULE, step(DO, facts)) == [("public.orders", "high-risk"), ("public.users", "high-risk")]


@pytest.mark.parametrize(
    ("copying", "level"),
    [
        ("INSERT INTO orders_new SELECT * FROM orders", "risky"),
        ("INSERT INTO orders_new SELECT * FROM users", "high-risk"),
        ("INSERT INTO users SELECT * FROM orders", "high-risk"),
    ],
)
def test_a_table_that_its_copy_replaces(copying: str, level: str) -> None:
    sql = f"{copying}; DROP TABLE orders; ALTER TABLE orders_new RENAME TO orders"
    made = step("DROP TABLE orders", Facts(changes=(TableDropped(ORDERS),)))
    made = placed(made, migration=replace(made.migration, text=sql), index=1)
    assert found(table_dropped.RULE, made) == [("public.orders", level)]
    other = placed(made, migration=replace(made.migration, text=sql.replace("TO orders", "TO sales")), index=1)
    assert found(table_dropped.RULE, other) == [("public.orders", "high-risk")]


def test_a_schema_is_told_by_its_tables_once_it_ran() -> None:
    sql = "DROP SCHEMA shop CASCADE"
    assert found(table_dropped.RULE, step(sql)) == []
    assert found(table_dropped.RULE, step(sql, observation=None)) == [("shop", "high-risk")]
    assert found(table_dropped.RULE, step("DROP SCHEMA shop", observation=None)) == []


# ---------------------------------------------------------------- column-replaced, column-dropped


def dropped(column: str, type: str | None = "text") -> ColumnDropped:
    return ColumnDropped(ORDERS, column, type)


def added(column: str, type: str = "text") -> ColumnAdded:
    return ColumnAdded(ORDERS, column, type, not_null=False, has_default=False)


def both(*changes: ColumnDropped | ColumnAdded, **more: object) -> tuple[list[str], list[str]]:
    """Columns that are replaced, and columns that are dropped, as judge runs the two rules."""
    made = step(DO, Facts(changes=changes), **more)
    replaced = tuple(column_replaced.RULE.check(made))
    plain = column_dropped.RULE.check(step(DO, Facts(changes=changes), found=replaced, **more))
    return [f.object for f in replaced], [f.object for f in plain]


def test_columns_of_a_dropped_or_new_table_are_not_told() -> None:
    assert found(column_dropped.RULE, step(DO, Facts(changes=(TableDropped(ORDERS), dropped("a"))))) == []
    assert both(dropped("a"), added("b"), created=frozenset({ORDERS})) == ([], [])


def test_a_column_that_came_with_the_same_migration_has_no_values() -> None:
    assert both(dropped("a"), earlier=(added("a"),)) == ([], [])


def test_a_drop_and_an_add_of_one_type_are_a_replacement() -> None:
    assert both(dropped("name"), added("full_name")) == (["public.orders.name"], [])


def test_a_later_statement_may_add_the_successor() -> None:
    assert both(dropped("name"), later=(added("full_name"),)) == (["public.orders.name"], [])


def test_an_earlier_add_is_no_successor_as_values_may_have_been_copied() -> None:
    assert both(dropped("name"), earlier=(added("full_name"),)) == ([], ["public.orders.name"])


def test_another_type_or_another_table_is_no_successor() -> None:
    assert both(dropped("name"), added("size", "integer")) == ([], ["public.orders.name"])
    other = ColumnAdded(USERS, "name", "text", not_null=False, has_default=False)
    assert both(dropped("name"), other) == ([], ["public.orders.name"])


def test_the_same_name_is_a_successor_of_whatever_type() -> None:
    facts = Facts(changes=(dropped("age", "text"), added("age", "integer")))
    (message,) = messages(column_replaced.RULE, step(DO, facts))
    assert message.startswith("public.orders.age is dropped and added again as integer: its values are lost.")


def test_a_predicted_drop_has_no_type() -> None:
    assert both(dropped("name", None), added("full_name")) == (["public.orders.name"], [])


def test_of_several_the_most_alike_is_the_successor() -> None:
    facts = Facts(changes=(dropped("firstName"), dropped("zip"), added("street"), added("first_name")))
    made = step(DO, facts)
    assert [m.split(",")[0] for m in messages(column_replaced.RULE, made)] == [
        "public.orders.firstName is dropped and first_name added"
    ]


@pytest.mark.parametrize(
    ("name", "others"),
    [
        ("threadId", ("dataroomId", "teamId", "viewId", "linkId")),
        ("last_offset", ("last_id",)),
        ("embed_html", ("embed_video_url",)),
        ("id", ("thread_id",)),
        ("street", ("street_1", "street_2")),
    ],
)
def test_what_names_share_as_words_makes_no_successor(name: str, others: tuple[str, ...]) -> None:
    assert both(dropped(name), *map(added, others)) == ([], [f"public.orders.{name}"])


@pytest.mark.parametrize(
    ("name", "other"),
    [("color", "colour"), ("imageUrl", "image"), ("priceCents", "price_in_cents"), ("fullName", "full_name")],
)
def test_a_like_name_is_a_successor(name: str, other: str) -> None:
    assert both(dropped(name), added(other), added("teamId")) == ([f"public.orders.{name}"], [])


def test_a_column_that_comes_again_with_its_type_is_not_changed_in_place() -> None:
    assert both(dropped("muted"), added("muted")) == ([], ["public.orders.muted"])
    generated = "ALTER TABLE orders DROP COLUMN muted, ADD COLUMN muted boolean GENERATED ALWAYS AS (at > 0) STORED"
    facts = Facts(changes=(dropped("muted"), added("muted", "boolean")))
    assert found(column_replaced.RULE, step(generated, facts)) == []


def test_one_column_replaces_only_one() -> None:
    replaced, plain = both(dropped("note"), dropped("notes"), added("notes_new"))
    assert (len(replaced), len(plain)) == (1, 1)


# ---------------------------------------------------------------- all-rows-deleted


@pytest.mark.parametrize(
    ("sql", "write"),
    [
        ("DELETE FROM orders WHERE id = 1", Write(ORDERS, deleted=30, rows_before=30)),
        (DO, Write(ORDERS, deleted=29, rows_before=30)),
        (DO, Write(ORDERS, deleted=0, rows_before=0)),
        (DO, Write(ORDERS, deleted=5)),
    ],
)
def test_some_rows_or_rows_of_a_readable_condition(sql: str, write: Write) -> None:
    assert found(all_rows_deleted.RULE, step(sql, Facts(writes=(write,)))) == []


def test_a_new_table_may_be_emptied() -> None:
    facts = Facts(truncated=(ORDERS,), new_tables=frozenset({ORDERS}))
    assert found(all_rows_deleted.RULE, step("TRUNCATE orders", facts)) == []


@pytest.mark.parametrize("sql", ["DELETE FROM orders", "DELETE FROM orders WHERE true", "DELETE FROM public.orders o"])
def test_a_delete_without_a_condition(sql: str) -> None:
    assert found(all_rows_deleted.RULE, step(sql)) == [("public.orders", "high-risk")]


def test_a_do_block_that_empties_a_table_is_seen() -> None:
    facts = Facts(writes=(Write(ORDERS, deleted=30, rows_before=30),))
    assert found(all_rows_deleted.RULE, step(DO, facts)) == [("public.orders", "high-risk")]


def test_truncate_cascade_names_each_table_even_a_small_one() -> None:
    made = step("TRUNCATE orders CASCADE", Facts(truncated=(ORDERS, USERS)), policy=SMALL)
    assert found(all_rows_deleted.RULE, made) == [("public.orders", "high-risk"), ("public.users", "high-risk")]


# ---------------------------------------------------------------- primary-key-changed, relation-changed


def constraint(kind: ConstraintKind, name: str, using_index: bool = False) -> ConstraintAdded:
    return ConstraintAdded(ORDERS, name, kind, validated=True, definition="", using_index=using_index)


@pytest.mark.parametrize(
    "facts",
    [
        Facts(changes=(constraint(ConstraintKind.UNIQUE, "u"),)),
        Facts(changes=(ConstraintDropped(ORDERS, "orders_pkey", ConstraintKind.PRIMARY_KEY), TableDropped(ORDERS))),
        Facts(changes=(ConstraintDropped(ORDERS, "orders_total_check", None),)),
        Facts(changes=(TableCreated(ORDERS), constraint(ConstraintKind.PRIMARY_KEY, "orders_pkey"))),
    ],
)
def test_no_primary_key_changes(facts: Facts) -> None:
    assert found(primary_key_changed.RULE, step(DO, facts)) == []


@pytest.mark.parametrize(
    "change",
    [
        constraint(ConstraintKind.PRIMARY_KEY, "pk"),
        constraint(ConstraintKind.PRIMARY_KEY, "pk", using_index=True),
        ConstraintDropped(ORDERS, "pk", ConstraintKind.PRIMARY_KEY),
        ConstraintDropped(ORDERS, "orders_pkey", None),
    ],
)
def test_a_primary_key_changes_whatever_the_size(change: ConstraintAdded | ConstraintDropped) -> None:
    made = step(DO, Facts(changes=(change,)), policy=SMALL)
    assert found(primary_key_changed.RULE, made) == [("public.orders", "high-risk")]


def test_a_replaced_primary_key_is_told_once() -> None:
    changes = (ConstraintDropped(ORDERS, "a", ConstraintKind.PRIMARY_KEY), constraint(ConstraintKind.PRIMARY_KEY, "b"))
    (message,) = messages(primary_key_changed.RULE, step(DO, Facts(changes=changes)))
    assert message.startswith("The primary key of public.orders is replaced by another: code, ")


KEY = ConstraintDropped(ORDERS, "orders_user_id_fkey", ConstraintKind.FOREIGN_KEY)


@pytest.mark.parametrize("also", [TableDropped(USERS), TableDropped(ORDERS), dropped("user_id")])
def test_a_relation_that_goes_with_its_table_or_column_is_told_there(also: TableDropped | ColumnDropped) -> None:
    assert found(relation_changed.RULE, step(DO, Facts(changes=(KEY,)), later=(also,))) == []
    assert found(relation_changed.RULE, step(DO, Facts(changes=(KEY, also)))) == []


def test_other_constraints_are_no_relations() -> None:
    facts = Facts(changes=(ConstraintDropped(ORDERS, "c_fkey", ConstraintKind.CHECK),))
    assert found(relation_changed.RULE, step(DO, facts)) == []


def test_a_relation_is_cut() -> None:
    name = "public.orders.orders_user_id_fkey"
    assert found(relation_changed.RULE, step(DO, Facts(changes=(KEY,)))) == [(name, "high-risk")]
    predicted = ConstraintDropped(ORDERS, "orders_user_id_fkey", None)
    assert found(relation_changed.RULE, step(DO, Facts(changes=(predicted,)))) == [(name, "high-risk")]


def test_relations_that_a_statement_cuts_are_told_together() -> None:
    other = ConstraintDropped(ORDERS, "orders_shop_fkey", ConstraintKind.FOREIGN_KEY)
    again = constraint(ConstraintKind.FOREIGN_KEY, "orders_shop_fkey")
    made = step(DO, Facts(changes=(KEY, other)), later=(again,))
    assert found(relation_changed.RULE, made) == [("public.orders", "high-risk")]
    (message,) = messages(relation_changed.RULE, made)
    assert "orders_user_id_fkey of public.orders is dropped" in message
    assert "orders_shop_fkey of public.orders is replaced" in message


def test_a_relation_that_comes_back_is_only_risky() -> None:
    again = constraint(ConstraintKind.FOREIGN_KEY, "orders_user_id_fkey")
    made = step(DO, Facts(changes=(KEY,)), later=(again,))
    assert found(relation_changed.RULE, made) == [("public.orders.orders_user_id_fkey", "risky")]


def test_a_finding_tells_where() -> None:
    made = step("-- why\n\nDROP TABLE orders", Facts(changes=(TableDropped(ORDERS),)))
    (finding,) = table_dropped.RULE.check(made)
    assert finding == Finding("table-dropped", Level.HIGH_RISK, "m/1_test.sql", 3, "public.orders", finding.message)
    assert "only a backup brings them back" in finding.message
