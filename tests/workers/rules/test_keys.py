"""Rules about indexes, keys and what constraints keep out, on schemas before and after a migration. What they must not
say comes first."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.rules.build import DO, ORDERS, SMALL, USERS, found, lock, messages, one, step
from tests.workers.rules.keyed import schema
from workers.catalog import Catalog
from workers.changes import (
    CatalogChange,
    ColumnDropped,
    ColumnTypeChanged,
    ConstraintAdded,
    ConstraintDropped,
    ConstraintKind,
    IndexCreated,
    IndexDropped,
    NotNullSet,
    TableCreated,
)
from workers.facts import Facts
from workers.model import Level
from workers.policy_file import parse_policy
from workers.rehearsed import Observation
from workers.rules import (
    foreign_key_not_indexed,
    guarantee_dropped,
    index_redundant,
    nothing_created,
    primary_key_changed,
    relation_changed,
)
from workers.rules.rule import Step
from workers.words import LockMode, Name

COLUMNS = {"id": "bigint not null", "user_id": "bigint", "tenant_id": "bigint not null", "email": "text"}
TABLES = {"users": {"id": "bigint not null"}, "orders": COLUMNS}
CASCADING = "FOREIGN KEY (user_id) REFERENCES public.users(id) ON DELETE CASCADE"
FORBIDDING = "FOREIGN KEY (user_id) REFERENCES public.users(id)"
BOTH = "FOREIGN KEY (tenant_id, user_id) REFERENCES public.users(tenant_id, id) ON DELETE CASCADE"
KEY = ("orders", "k")
EMPTY = schema(TABLES)


def on(columns: str, rest: str = "") -> str:
    return f"CREATE INDEX i ON public.orders USING btree ({columns}){rest}"


def keyed(text: str, *indexes: str, **more: object) -> Catalog:
    return schema(TABLES, indexes, {KEY: text}, **more)  # type: ignore[arg-type]  # a test's shorthand


# ---------------------------------------------------------------- foreign-key-not-indexed

ADDED = Facts(changes=(ConstraintAdded(ORDERS, "k", ConstraintKind.FOREIGN_KEY, True, "", USERS),))
CREATED = Facts(changes=(TableCreated(ORDERS),))


def added(after: Catalog, facts: Facts = ADDED, before: Catalog = EMPTY, **more: object) -> Step:
    return step(DO, facts, before=before, after=after, **more)


@pytest.mark.parametrize(
    "made",
    [
        step(DO, ADDED),
        added(keyed(CASCADING, on("user_id"))),
        added(keyed(CASCADING, on("user_id, email"))),
        added(keyed(CASCADING, on("user_id", " WHERE (user_id IS NOT NULL)"))),
        added(keyed(BOTH, on("user_id, tenant_id, email"))),
        added(keyed(BOTH, on("user_id"))),
        added(keyed(CASCADING), before=keyed(FORBIDDING)),
        added(keyed(CASCADING), policy=SMALL),
        added(keyed(FORBIDDING), CREATED),
        added(keyed(CASCADING), CREATED, later=ADDED.changes),
        added(EMPTY),
    ],
)
def test_a_key_that_is_indexed_or_not_worth_a_word(made: Step) -> None:
    assert found(foreign_key_not_indexed.RULE, made) == []


@pytest.mark.parametrize(
    "after",
    [
        keyed(CASCADING),
        keyed(CASCADING, on("email, user_id")),
        keyed(CASCADING, on("user_id", " WHERE (email IS NULL)")),
        keyed(CASCADING, on("user_id"), invalid=("i",)),
        keyed(BOTH, on("tenant_id, email")),
    ],
)
def test_a_key_without_an_index_that_helps(after: Catalog) -> None:
    assert found(foreign_key_not_indexed.RULE, added(after)) == [("public.orders.k", "risky")]


def test_a_key_that_only_forbids_is_risky_where_the_table_is_known_to_be_large() -> None:
    large = parse_policy("tables: {orders: {rows: 1_000_000}}")
    assert found(foreign_key_not_indexed.RULE, added(keyed(FORBIDDING))) == [("public.orders.k", "safe")]
    assert found(foreign_key_not_indexed.RULE, added(keyed(FORBIDDING), policy=large)) == [("public.orders.k", "risky")]


def test_a_new_table_gets_advice() -> None:
    assert found(foreign_key_not_indexed.RULE, added(keyed(CASCADING), CREATED)) == [("public.orders.k", "safe")]
    later = added(keyed(CASCADING), created=frozenset({ORDERS}))
    assert found(foreign_key_not_indexed.RULE, later) == [("public.orders.k", "safe")]


def test_a_key_loses_its_last_index_or_one_of_two() -> None:
    facts = Facts(changes=(IndexDropped(Name("public", "i"), ORDERS),))
    before = keyed(CASCADING, on("user_id"))
    (message,) = messages(foreign_key_not_indexed.RULE, added(keyed(CASCADING), facts, before))
    assert message.startswith(
        "The foreign key k of public.orders (user_id) loses its index: each DELETE of a public.users"
    )
    other = "CREATE INDEX j ON public.orders USING btree (user_id, email)"
    assert found(foreign_key_not_indexed.RULE, added(keyed(CASCADING, other), facts, before)) == []
    useless = keyed(CASCADING, on("email"))
    assert found(foreign_key_not_indexed.RULE, added(keyed(CASCADING), facts, useless)) == []


# ---------------------------------------------------------------- guarantee-dropped


def lost(kind: ConstraintKind | None, name: str = "k") -> tuple[CatalogChange, ...]:
    return (ConstraintDropped(ORDERS, name, kind),)


def gone(before: str, after: Catalog, kind: ConstraintKind = ConstraintKind.UNIQUE, **more: object) -> Step:
    return step(DO, Facts(changes=lost(kind)), before=keyed(before), after=after, **more)


CHECK = "CHECK ((tenant_id > 0))"
PRESENT = "CHECK ((tenant_id IS NOT NULL))"
UNIQUE = "UNIQUE (tenant_id, email)"


@pytest.mark.parametrize(
    "made",
    [
        gone(UNIQUE, schema(TABLES, (), {("orders", "other"): UNIQUE})),
        gone(UNIQUE, schema(TABLES, (), {("orders", "other"): "PRIMARY KEY (email)"})),
        gone(UNIQUE, schema(TABLES, ("CREATE UNIQUE INDEX i ON public.orders USING btree (email)",))),
        gone(CHECK, schema(TABLES, (), {("orders", "other"): CHECK + " NOT VALID"}), ConstraintKind.CHECK),
        gone(CHECK, keyed("CHECK ((tenant_id > 5))"), ConstraintKind.CHECK),
        gone(PRESENT, EMPTY, ConstraintKind.CHECK),
        gone(UNIQUE, EMPTY, created=frozenset({ORDERS})),
        gone(UNIQUE, EMPTY, later=(ColumnDropped(ORDERS, "email", "text"),)),
        gone(CHECK, EMPTY, ConstraintKind.CHECK, later=(ColumnTypeChanged(ORDERS, "tenant_id", "bigint", "text"),)),
        gone(FORBIDDING, EMPTY, ConstraintKind.FOREIGN_KEY),
        step(DO, Facts(changes=lost(ConstraintKind.CHECK)), before=EMPTY, after=EMPTY),
    ],
)
def test_a_guarantee_that_stays_or_had_to_go(made: Step) -> None:
    assert found(guarantee_dropped.RULE, made) == []


@pytest.mark.parametrize(
    "made",
    [
        gone(UNIQUE, EMPTY),
        gone(UNIQUE, schema(TABLES, (), {("orders", "other"): "UNIQUE (id, tenant_id, email)"})),
        gone(UNIQUE, schema(TABLES, ("CREATE UNIQUE INDEX i ON public.orders USING btree (email)",), invalid=("i",))),
        gone(UNIQUE, schema(TABLES, ("CREATE UNIQUE INDEX i ON public.orders USING btree (email) WHERE (id > 0)",))),
        gone("UNIQUE NULLS NOT DISTINCT (email)", schema(TABLES, (), {("orders", "other"): "UNIQUE (email)"})),
        gone(CHECK, EMPTY, ConstraintKind.CHECK),
        gone("CHECK ((email IS NOT NULL))", EMPTY, ConstraintKind.CHECK),
        gone("EXCLUDE USING gist (email WITH =)", EMPTY, ConstraintKind.EXCLUSION),
    ],
)
def test_a_guarantee_is_gone(made: Step) -> None:
    assert found(guarantee_dropped.RULE, made) == [("public.orders.k", "risky")]


def test_another_check_that_was_there_before_replaces_nothing() -> None:
    other = {("orders", "other"): "CHECK ((tenant_id < 9))"}
    before, after = schema(TABLES, (), {KEY: CHECK, **other}), schema(TABLES, (), other)
    made = step(DO, Facts(changes=lost(ConstraintKind.CHECK)), before=before, after=after)
    assert found(guarantee_dropped.RULE, made) == [("public.orders.k", "risky")]


def test_a_unique_index_without_a_constraint() -> None:
    facts = Facts(changes=(IndexDropped(Name("public", "i"), ORDERS),))
    plain = schema(TABLES, (on("email"),))
    unique = schema(TABLES, ("CREATE UNIQUE INDEX i ON public.orders USING btree (email)",))
    assert found(guarantee_dropped.RULE, step(DO, facts, before=plain, after=EMPTY)) == []
    (message,) = messages(guarantee_dropped.RULE, step(DO, facts, before=unique, after=EMPTY))
    assert message.startswith("i (UNIQUE (email)) of public.orders is dropped: rows may come that it kept out")
    assert "ON CONFLICT" in message


@pytest.mark.parametrize(
    ("change", "told"),
    [
        (ConstraintDropped(ORDERS, "orders_total_check", None), True),
        (ConstraintDropped(ORDERS, "orders_user_id_fkey", None), False),
        (ConstraintDropped(ORDERS, "orders_pkey", None), False),
        (IndexDropped(Name("public", "orders_email_key"), ORDERS), True),
        (IndexDropped(Name("public", "orders_email_idx"), ORDERS), False),
    ],
)
def test_predicted_from_the_name(change: CatalogChange, told: bool) -> None:
    assert bool(found(guarantee_dropped.RULE, step(DO, Facts(changes=(change,))))) is told
    earlier = (IndexCreated(Name("public", "new"), ORDERS, True, True, False),)
    assert found(guarantee_dropped.RULE, step(DO, Facts(changes=(change,)), earlier=earlier)) == []


# ---------------------------------------------------------------- relation-changed, primary-key-changed

FOREIGN = Facts(changes=lost(ConstraintKind.FOREIGN_KEY))


def test_an_equal_key_under_another_name_is_no_change() -> None:
    after = schema(TABLES, (), {("orders", "other"): CASCADING + " NOT VALID"})
    assert found(relation_changed.RULE, step(DO, FOREIGN, before=keyed(CASCADING), after=after)) == []


def test_a_key_that_does_something_else_under_another_name_is_risky() -> None:
    after = schema(TABLES, (), {("orders", "other"): CASCADING})
    finding = one(relation_changed.RULE, step(DO, FOREIGN, before=keyed(FORBIDDING), after=after))
    assert finding.level is Level.RISKY
    assert f"is replaced: {FORBIDDING} becomes {CASCADING}." in finding.message


def test_a_key_that_is_gone_is_high_risk() -> None:
    made = step(DO, FOREIGN, before=keyed(FORBIDDING), after=EMPTY)
    assert found(relation_changed.RULE, made) == [("public.orders.k", "high-risk")]


PRIMARY = ConstraintAdded(ORDERS, "pk", ConstraintKind.PRIMARY_KEY, True, "", using_index=True)


def primary(before: Catalog, after: Catalog, *more: CatalogChange) -> Step:
    return step(DO, Facts(changes=(PRIMARY, *more)), before=before, after=after)


def test_a_primary_key_over_the_same_columns_is_the_same() -> None:
    same = keyed("PRIMARY KEY (id)")
    assert found(primary_key_changed.RULE, primary(same, same)) == []
    renewed = primary(same, same, ColumnDropped(ORDERS, "id", "bigint"))
    assert found(primary_key_changed.RULE, renewed) == [("public.orders", "high-risk")]


def test_a_first_primary_key_is_risky_and_another_one_high_risk() -> None:
    old, new = keyed("PRIMARY KEY (id)"), keyed("PRIMARY KEY (tenant_id)")
    assert found(primary_key_changed.RULE, primary(EMPTY, new)) == [("public.orders", "risky")]
    assert found(primary_key_changed.RULE, primary(old, new)) == [("public.orders", "high-risk")]


def test_a_primary_key_that_becomes_another_says_so() -> None:
    gone = ConstraintDropped(ORDERS, "orders_pkey", ConstraintKind.PRIMARY_KEY)
    changed = step(
        DO, Facts(changes=(gone,)), before=keyed("PRIMARY KEY (id)"), after=keyed("PRIMARY KEY (id, tenant_id)")
    )
    (message,) = messages(primary_key_changed.RULE, changed)
    assert message.startswith("The primary key of public.orders, (id), becomes (id, tenant_id): code, foreign keys ")
    (message,) = messages(primary_key_changed.RULE, step(DO, Facts(changes=(gone,)), after=EMPTY))
    assert "nothing keeps the rows apart from here on" in message


def test_a_primary_key_that_another_statement_dropped_is_told_there() -> None:
    gone = ConstraintDropped(ORDERS, "orders_pkey", ConstraintKind.PRIMARY_KEY)
    assert found(primary_key_changed.RULE, step(DO, Facts(changes=(PRIMARY,)), earlier=(gone,))) == []
    (message,) = messages(primary_key_changed.RULE, step(DO, Facts(changes=(gone,)), later=(PRIMARY,)))
    assert message.startswith("The primary key of public.orders is replaced by another: ")


def test_a_primary_key_on_what_may_be_null_reads_the_rows() -> None:
    (message,) = messages(primary_key_changed.RULE, primary(EMPTY, EMPTY, NotNullSet(ORDERS, "user_id")))
    assert message.endswith(" user_id becomes NOT NULL on the way: all rows are read under the lock.")


# ---------------------------------------------------------------- index-redundant, nothing-created


def created(*indexes: str, later: tuple[CatalogChange, ...] = ()) -> Step:
    change = IndexCreated(Name("public", "i"), ORDERS, False, True, False)
    return step(DO, Facts(changes=(change,)), before=EMPTY, after=schema(TABLES, indexes), later=later)


def test_of_two_new_indexes_that_are_equal_the_second_is_told() -> None:
    twin = "CREATE INDEX j ON public.orders USING btree (email)"
    later = (IndexCreated(Name("public", "j"), ORDERS, False, True, False),)
    assert found(index_redundant.RULE, created(on("email"), twin, later=later)) == []
    assert len(found(index_redundant.RULE, created(on("email"), twin))) == 1


def test_a_plain_index_is_the_spare_one_beside_a_unique_one() -> None:
    twin = "CREATE UNIQUE INDEX j ON public.orders USING btree (email)"
    (message,) = messages(index_redundant.RULE, created(on("email"), twin))
    assert message == "i is an index on the same as j, btree (email): drop or leave out i."


SKIPPED = Observation(Facts(), 1.0, notices=('NOTICE: relation "orders" already exists, skipping',))


@pytest.mark.parametrize(
    ("sql", "differs"),
    [
        ("CREATE TABLE IF NOT EXISTS orders (id bigint, email text)", None),
        ("CREATE TABLE IF NOT EXISTS other (id integer)", None),
        ("CREATE INDEX IF NOT EXISTS i ON orders (email)", None),
        ("CREATE INDEX IF NOT EXISTS i ON orders (lower(email))", None),
        ("CREATE TABLE orders (id integer)", None),
        ("CREATE TABLE IF NOT EXISTS orders (id bigint, note text)", "public.orders has no column note"),
        ("CREATE TABLE IF NOT EXISTS orders (id integer)", "id of public.orders is bigint, not integer"),
        ("ALTER TABLE orders ADD COLUMN IF NOT EXISTS email text NOT NULL", "email of public.orders can be NULL"),
        ("CREATE UNIQUE INDEX IF NOT EXISTS i ON orders (email)", "the index i is ON public.orders btree (email)"),
    ],
)
def test_what_was_skipped_is_compared(sql: str, differs: str | None) -> None:
    made = step(sql, observation=SKIPPED, before=schema(TABLES, (on("email"),)))
    assert [str(differs) in message for message in messages(nothing_created.RULE, made)] == ([True] if differs else [])
    assert found(nothing_created.RULE, replace(made, observation=replace(SKIPPED, notices=()))) == []


def test_a_lock_alone_says_nothing_about_keys() -> None:
    made = step(DO, Facts(locks=(lock(ORDERS, LockMode.ACCESS_EXCLUSIVE),)), before=EMPTY, after=EMPTY)
    rules = (foreign_key_not_indexed, guarantee_dropped, relation_changed, primary_key_changed, index_redundant)
    assert [found(rule.RULE, made) for rule in rules] == [[]] * len(rules)
