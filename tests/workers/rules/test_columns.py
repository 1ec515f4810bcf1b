"""Rules about columns, enums and sequences. What they must not say comes first."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workers.rules.build import DO, ORDERS, USERS, found, messages, of, step
from tests.workers.rules.schemas import schema_of, sequence, table
from workers.catalog import Value
from workers.changes import CatalogChange, ColumnAdded, ColumnTypeChanged, DefaultChanged
from workers.object_changes import EnumValueRemoved, ObjectCreated, Trait, TraitChanged
from workers.rules import (
    all_rows_updated,
    autovacuum_off,
    cached_plan_broken,
    default_dropped,
    enum_value_removed,
    sequence_set_back,
    soft_delete_bypassed,
    type_narrowed,
)
from workers.words import Name

# ---------------------------------------------------------------- default-dropped


DROPPED = DefaultChanged(ORDERS, "state", None)


@pytest.mark.parametrize(
    "column",
    [
        {"not_null": False},
        {"not_null": True, "default": "'x'::text"},  # another one by now
        {"not_null": True, "identity": "a"},
        {"not_null": True, "generated": "1"},
        {"not_null": True, "inherited": True},  # a partition's
    ],
)
def test_the_column_can_still_be_left_out(column: dict[str, Value]) -> None:
    after = schema_of(table(ORDERS, 1, {"state": column}))
    assert found(default_dropped.RULE, step(DO, of(DROPPED), after=after)) == []


def test_a_default_of_nobody() -> None:
    after = schema_of(table(ORDERS, 1, {"state": {"not_null": True}}))
    assert found(default_dropped.RULE, step(DO, of(DefaultChanged(ORDERS, "state", "'x'")), after=after)) == []
    assert found(default_dropped.RULE, step(DO, of(DROPPED), after=after, created=frozenset({ORDERS}))) == []
    assert found(default_dropped.RULE, step(DO, of(DROPPED), after=schema_of(table(ORDERS, 1, {})))) == []
    assert found(default_dropped.RULE, step(DO, of(DROPPED))) == []


def test_a_required_column_loses_its_default() -> None:
    after = schema_of(table(ORDERS, 1, {"state": {"not_null": True}}))
    made = step(DO, of(DROPPED), after=after)
    assert found(default_dropped.RULE, made) == [("public.orders.state", "risky")]


@pytest.mark.parametrize(
    ("earlier", "advice"),
    [
        ((), "Deploy code that always sets it first, and drop the default in a later release."),
        (
            (ColumnAdded(ORDERS, "state", "text", True, True),),
            "Keep the default for now: code that sets it can only be ",
        ),
    ],
)
def test_code_cannot_set_a_column_before_it_is_there(earlier: tuple[CatalogChange, ...], advice: str) -> None:
    after = schema_of(table(ORDERS, 1, {"state": {"not_null": True}}))
    (message,) = messages(default_dropped.RULE, step(DO, of(DROPPED), after=after, earlier=earlier))
    assert advice in message


def test_required_columns_of_a_table_are_told_together() -> None:
    after = schema_of(table(ORDERS, 1, {"state": {"not_null": True}, "kind": {"not_null": True}}))
    made = step(DO, of(DROPPED, DefaultChanged(ORDERS, "kind", None)), after=after)
    assert found(default_dropped.RULE, made) == [("public.orders", "risky")]
    assert messages(default_dropped.RULE, made)[0].startswith("Of public.orders, state, kind are NOT NULL and left ")


# ---------------------------------------------------------------- type-narrowed, cached-plan-broken


ROUNDED = ColumnTypeChanged(ORDERS, "price", "numeric(12,4)", "numeric(12,2)")


def test_a_type_that_holds_as_much_or_is_not_known() -> None:
    wider = ColumnTypeChanged(ORDERS, "price", "numeric(12,2)", "numeric(14,2)")
    unknown = ColumnTypeChanged(ORDERS, "price", None, "date")
    assert found(type_narrowed.RULE, step(DO, of(wider, unknown))) == []


def test_a_column_without_rows_of_old() -> None:
    added = ColumnAdded(ORDERS, "price", "numeric(12,4)", not_null=False, has_default=False)
    assert found(type_narrowed.RULE, step(DO, of(ROUNDED), earlier=(added,))) == []
    assert found(type_narrowed.RULE, step(DO, of(ROUNDED), created=frozenset({ORDERS}))) == []
    assert found(cached_plan_broken.RULE, step(DO, of(ROUNDED), created=frozenset({ORDERS}))) == []


def test_a_partition_follows_its_parent_and_a_renamed_type_is_the_same() -> None:
    sql = "ALTER TABLE orders ALTER price TYPE numeric(12, 2)"
    part = ColumnTypeChanged(Name("public", "orders_1"), "price", "numeric(12,4)", "numeric(12,2)")
    assert found(type_narrowed.RULE, step(sql, of(ROUNDED, part))) == [("public.orders.price", "high-risk")]
    renamed = ColumnTypeChanged(ORDERS, "state", "state", "state_old")
    assert found(cached_plan_broken.RULE, step("ALTER TYPE state RENAME TO state_old", of(renamed))) == []


def test_what_using_says_is_asked() -> None:
    sql = "ALTER TABLE orders ALTER price TYPE integer USING (price * 100)::integer"
    cents = ColumnTypeChanged(ORDERS, "price", "numeric(12,2)", "integer")
    assert found(type_narrowed.RULE, step(sql, of(cents))) == []
    assert found(type_narrowed.RULE, step("ALTER TABLE orders ALTER price TYPE integer", of(cents))) == [
        ("public.orders.price", "high-risk")
    ]


def test_rounding_even_inside_of_a_do_block() -> None:
    assert found(type_narrowed.RULE, step(DO, of(ROUNDED))) == [("public.orders.price", "high-risk")]
    assert found(cached_plan_broken.RULE, step(DO, of(ROUNDED))) == [("public.orders.price", "risky")]


# ---------------------------------------------------------------- autovacuum-off


def options(now: str, was: str | None = "") -> TraitChanged:
    return TraitChanged(ORDERS, Trait.OPTIONS, was, now)


OFF = options("autovacuum_enabled=false,fillfactor=90")


@pytest.mark.parametrize(
    "change",
    [
        options("fillfactor=90"),
        options("toast.autovacuum_enabled=false"),
        options("autovacuum_enabled=true"),
        options("autovacuum_enabled=off,fillfactor=90", was="autovacuum_enabled=off"),
        TraitChanged(ORDERS, Trait.OWNER, "a", "autovacuum_enabled=false"),
    ],
)
def test_autovacuum_stays_as_it_was(change: TraitChanged) -> None:
    assert found(autovacuum_off.RULE, step(DO, of(change))) == []


def test_autovacuum_off_for_a_while_or_for_a_new_table() -> None:
    assert found(autovacuum_off.RULE, step(DO, of(OFF), later=(options("", OFF.now),))) == []
    assert found(autovacuum_off.RULE, step(DO, of(OFF), created=frozenset({ORDERS}))) == []


def test_autovacuum_off() -> None:
    other = TraitChanged(USERS, Trait.OPTIONS, "autovacuum_enabled=false", "")
    made = step(DO, of(OFF), later=(other, options("autovacuum_enabled=false")))
    assert found(autovacuum_off.RULE, made) == [("public.orders", "risky")]


# ---------------------------------------------------------------- enum-value-removed


def test_values_taken_from_an_enum_are_told_together() -> None:
    state = Name("public", "state")
    made = step(DO, of(EnumValueRemoved(state, "lost"), EnumValueRemoved(state, "sent")))
    assert found(enum_value_removed.RULE, made) == [("public.state", "risky")]
    assert messages(enum_value_removed.RULE, made)[0].startswith("public.state loses 'lost', 'sent': ")
    assert found(enum_value_removed.RULE, step(DO)) == []


# ---------------------------------------------------------------- soft-delete-bypassed


def deleting(sql: str, *columns: str, **more: Any) -> list[tuple[str, str]]:
    before = schema_of(table(ORDERS, 1, {name: {} for name in columns}))
    return found(soft_delete_bypassed.RULE, step(sql, before=before, **more))


SOME = "DELETE FROM orders WHERE id = 1"


def test_rows_that_are_not_marked_or_marked_already() -> None:
    assert deleting(SOME, "id", "undeleted", "deleted_by") == []
    assert deleting("DELETE FROM orders WHERE orders.deleted_at < now()", "id", "deleted_at") == []
    assert deleting('DELETE FROM orders WHERE "isDeleted"', "isDeleted") == []
    assert deleting("DELETE FROM orders", "deleted_at") == []  # told by all-rows-deleted
    assert deleting(SOME, "deleted_at", created=frozenset({ORDERS})) == []
    assert found(soft_delete_bypassed.RULE, step(SOME)) == []


@pytest.mark.parametrize("mark", ["deleted_at", "deletedAt", "is_deleted", "isArchived", "archived_on", "discarded_at"])
def test_rows_deleted_for_good(mark: str) -> None:
    assert deleting(SOME, "id", mark) == [("public.orders", "risky")]


# ---------------------------------------------------------------- sequence-set-back


SEQUENCE = Name("public", "orders_id_seq")
RESTART = "ALTER SEQUENCE orders_id_seq RESTART WITH 5"
OWNED = schema_of(table(ORDERS, 1, {"id": {}}), sequence(SEQUENCE, 2, owner=(1, 1)))


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER SEQUENCE orders_id_seq CACHE 5",
        "SELECT setval('orders_id_seq', (SELECT max(id) FROM orders))",
        "SELECT nextval('orders_id_seq')",
        "ALTER TABLE orders ALTER COLUMN id SET GENERATED ALWAYS",
    ],
)
def test_a_sequence_counts_on(sql: str) -> None:
    assert found(sequence_set_back.RULE, step(sql, before=OWNED)) == []


def test_a_sequence_that_is_new_or_whose_table_is() -> None:
    assert found(sequence_set_back.RULE, step(RESTART, before=schema_of())) == []
    assert found(sequence_set_back.RULE, step(RESTART, before=OWNED, created=frozenset({ORDERS}))) == []
    assert found(sequence_set_back.RULE, step(RESTART, created=frozenset({ORDERS}))) == []
    made = ObjectCreated("sequence", SEQUENCE)
    assert found(sequence_set_back.RULE, step(RESTART, earlier=(made,))) == []
    of_column = step("ALTER TABLE orders ALTER id RESTART", created=frozenset({ORDERS}))
    assert found(sequence_set_back.RULE, of_column) == []


def test_a_sequence_starts_over() -> None:
    told = [("public.orders_id_seq", "risky")]
    assert found(sequence_set_back.RULE, step(RESTART, before=OWNED)) == told
    assert found(sequence_set_back.RULE, step(RESTART, before=schema_of(sequence(SEQUENCE, 2)))) == told
    assert found(sequence_set_back.RULE, step("SELECT setval('orders_id_seq', 1, false)")) == told
    assert found(sequence_set_back.RULE, step("ALTER TABLE orders ALTER id RESTART")) == [("public.orders", "risky")]


# ---------------------------------------------------------------- all-rows-updated


FILL = "UPDATE orders SET note = '' WHERE note IS NULL"


def new_column(has_default: bool = False, name: str = "note") -> ColumnAdded:
    return ColumnAdded(ORDERS, name, "text", not_null=False, has_default=has_default)


def test_rows_that_may_have_a_value() -> None:
    assert found(all_rows_updated.RULE, step(FILL)) == []
    assert found(all_rows_updated.RULE, step(FILL, earlier=(new_column(has_default=True), new_column(name="b")))) == []
    assert found(all_rows_updated.RULE, step(f"{FILL} AND id < 5", earlier=(new_column(),))) == []


def test_a_condition_that_only_a_null_does_not_meet() -> None:
    sql = "UPDATE orders SET note = '' WHERE note IS NOT NULL"
    nullable, filled = (schema_of(table(ORDERS, 1, {"note": {"not_null": each}})) for each in (False, True))
    assert found(all_rows_updated.RULE, step(sql)) == []
    assert found(all_rows_updated.RULE, step(sql, before=nullable)) == []
    assert found(all_rows_updated.RULE, step(sql, before=filled)) == [("public.orders", "risky")]


def test_a_join_with_a_query_over_all_rows() -> None:
    sql = "UPDATE orders o SET note = n.note FROM (SELECT id, note FROM orders) n WHERE o.id = n.id"
    nullable, key = (schema_of(table(ORDERS, 1, {"id": {"not_null": each}})) for each in (False, True))
    assert found(all_rows_updated.RULE, step(sql, before=nullable)) == []
    assert found(all_rows_updated.RULE, step(sql, before=key)) == [("public.orders", "risky")]


def test_no_row_has_a_value_in_a_new_column() -> None:
    assert found(all_rows_updated.RULE, step(FILL, earlier=(new_column(),))) == [("public.orders", "risky")]
