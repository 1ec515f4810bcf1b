"""Rules about views, functions, types, triggers, roles and settings: what their pages have no room for."""

from __future__ import annotations

import pytest

from tests.workers.rules.build import DO, ORDERS, found, step
from workers.changes import CatalogChange, ColumnDropped, ColumnTypeChanged, DefaultChanged, TableCreated, TableDropped
from workers.facts import Facts
from workers.object_changes import (
    ObjectChanged,
    ObjectCreated,
    ObjectDropped,
    ObjectRenamed,
    PrivilegeChanged,
    Trait,
    TraitChanged,
)
from workers.rules import (
    dropped_by_cascade,
    granted_to_everyone,
    object_dropped,
    privilege_revoked,
    rows_hidden,
    table_unlogged,
    trigger_disabled,
)
from workers.words import Name

VIEW = Name("public", "active")
MOOD = Name("public", "mood")
NEW = frozenset({ORDERS})


# ---------------------------------------------------------------- object-dropped


@pytest.mark.parametrize(
    ("dropped", "around"),
    [
        (ObjectDropped("view", VIEW), {"later": (ObjectCreated("view", VIEW),)}),
        (ObjectDropped("view", VIEW), {"later": (ObjectChanged("view", VIEW),)}),
        (ObjectDropped("view", VIEW), {"earlier": (ObjectCreated("view", VIEW),)}),
        (ObjectDropped("view", VIEW), {"later": (ObjectCreated("materialized view", VIEW),)}),
        (ObjectDropped("view", VIEW), {"later": (TableCreated(VIEW),)}),
        (ObjectDropped("view", VIEW), {"later": (ObjectRenamed("view", Name("public", "active_2"), VIEW),)}),
        (ObjectDropped("function", VIEW), {"later": (ObjectCreated("procedure", VIEW),)}),
        (ObjectDropped("function", VIEW), {"earlier": (ObjectDropped("trigger", Name("", "t"), ORDERS),)}),
        (ObjectDropped("type", MOOD), {}),
        (ObjectDropped("type", MOOD), {"earlier": (ColumnTypeChanged(ORDERS, "a", "text", "mood"),)}),
        (ObjectDropped("type", MOOD), {"earlier": (ColumnTypeChanged(ORDERS, "a", "mood", "text"),), "created": NEW}),
        (ObjectDropped("trigger", Name("", "t"), ORDERS), {"later": (TableDropped(ORDERS),)}),
        (ObjectDropped("trigger", Name("", "t"), ORDERS), {"later": (ColumnDropped(ORDERS, "old", None),)}),
        (ObjectDropped("policy", Name("", "p"), ORDERS), {"later": (ObjectCreated("policy", Name("", "q"), ORDERS),)}),
        (ObjectDropped("sequence", VIEW), {"earlier": (DefaultChanged(ORDERS, "id", None),)}),
        (ObjectDropped("statistics", VIEW), {}),
        (ObjectDropped("index", VIEW), {}),
    ],
)
def test_a_drop_that_nobody_misses(dropped: ObjectDropped, around: dict[str, tuple[CatalogChange, ...]]) -> None:
    assert found(object_dropped.RULE, step(DO, Facts(changes=(dropped,)), **around)) == []


def test_what_cascade_takes_is_told_by_the_other_rule() -> None:
    taken = Facts(changes=(ObjectDropped("view", VIEW), TableDropped(ORDERS)))
    made = step("DROP TABLE orders CASCADE", taken)
    assert found(object_dropped.RULE, made) == []
    assert found(dropped_by_cascade.RULE, made) == [("public.orders", "risky")]


@pytest.mark.parametrize(
    ("dropped", "earlier", "name"),
    [
        (ObjectDropped("view", VIEW), (), "public.active"),
        (ObjectDropped("view", VIEW), (ObjectChanged("view", VIEW, None, ("owner",)),), "public.active"),
        (ObjectDropped("type", MOOD), (ColumnTypeChanged(ORDERS, "a", "mood[]", "text"),), "public.mood"),
        (ObjectDropped("trigger", Name("", "t"), ORDERS), (), "public.orders.t"),
        (ObjectDropped("extension", Name("", "hstore")), (), "hstore"),
    ],
)
def test_a_drop_is_told(dropped: ObjectDropped, earlier: tuple[CatalogChange, ...], name: str) -> None:
    made = step(DO, Facts(changes=(dropped,)), earlier=earlier)
    assert found(object_dropped.RULE, made) == [(name, "risky")]


# ---------------------------------------------------------------- traits, triggers, privileges

HIDDEN = TraitChanged(ORDERS, Trait.ROW_SECURITY, "off", "on")
UNLOGGED = TraitChanged(ORDERS, Trait.PERSISTENCE, "logged", "unlogged")


@pytest.mark.parametrize(
    "around",
    [
        {"created": NEW},
        {"earlier": (ObjectCreated("policy", Name("", "p"), ORDERS),)},
        {"later": (TraitChanged(ORDERS, Trait.ROW_SECURITY, "on", "off"),)},
        {"earlier": (HIDDEN,)},
    ],
)
def test_rows_that_are_not_hidden_or_were_told(around: dict[str, tuple[CatalogChange, ...]]) -> None:
    assert found(rows_hidden.RULE, step(DO, Facts(changes=(HIDDEN,)), **around)) == []


def test_hidden_rows_are_told() -> None:
    assert found(rows_hidden.RULE, step(DO, Facts(changes=(HIDDEN,)))) == [("public.orders", "risky")]


def test_unlogged_for_a_while() -> None:
    back = (TraitChanged(ORDERS, Trait.PERSISTENCE, "unlogged", "logged"),)
    assert found(table_unlogged.RULE, step(DO, Facts(changes=(UNLOGGED,)), later=back)) == []
    assert found(table_unlogged.RULE, step(DO, Facts(changes=(UNLOGGED,)), created=NEW)) == []
    assert found(table_unlogged.RULE, step(DO, Facts(changes=(UNLOGGED,)))) == [("public.orders", "high-risk")]


@pytest.mark.parametrize(
    ("sql", "told"),
    [
        ("ALTER TABLE orders DISABLE TRIGGER t; ALTER TABLE orders ENABLE TRIGGER t", False),
        ("ALTER TABLE orders DISABLE TRIGGER t; ALTER TABLE orders ENABLE TRIGGER ALL", False),
        ("SET session_replication_role TO 'replica'; SET session_replication_role = origin", False),
        ("SET LOCAL session_replication_role = replica", False),
        ("SET session_replication_role = origin", False),
        ("ALTER TABLE orders DISABLE TRIGGER ALL; ALTER TABLE orders ENABLE TRIGGER t", True),
        ("ALTER TABLE orders DISABLE TRIGGER t; ALTER TABLE orders ENABLE REPLICA TRIGGER t", True),
        ("ALTER TABLE orders DISABLE TRIGGER t; ALTER TABLE users ENABLE TRIGGER t", True),
        ("SET session_replication_role = replica; ALTER TABLE orders ENABLE TRIGGER ALL", True),
    ],
)
def test_a_trigger_stays_off(sql: str, told: bool) -> None:
    assert bool(found(trigger_disabled.RULE, step(sql))) is told


LOST = PrivilegeChanged("table", ORDERS, "app", "SELECT", given=False)
OPENED = PrivilegeChanged("table", ORDERS, "public", "SELECT", given=True)


@pytest.mark.parametrize(
    ("change", "around"),
    [
        (LOST, {"created": NEW}),
        (LOST, {"later": (PrivilegeChanged("table", ORDERS, "app", "SELECT", given=True),)}),
        (LOST, {"later": (PrivilegeChanged("table", ORDERS, "app", "ALL", given=True),)}),
        (PrivilegeChanged("schema", Name("", "public"), "public", "CREATE", given=False), {}),
        (PrivilegeChanged("function", VIEW, "public", "ALL", False), {"earlier": (ObjectCreated("function", VIEW),)}),
        (PrivilegeChanged("role", Name("", "admin"), "app", "MEMBER", given=False), {}),
        (OPENED, {}),
    ],
)
def test_a_privilege_that_nobody_misses(change: PrivilegeChanged, around: dict[str, tuple[CatalogChange, ...]]) -> None:
    assert found(privilege_revoked.RULE, step(DO, Facts(changes=(change,)), **around)) == []


def test_privileges_are_told_by_role() -> None:
    others = (PrivilegeChanged("table", ORDERS, role, "INSERT", given=False) for role in ("app", "jobs"))
    facts = Facts(changes=(LOST, *others, PrivilegeChanged("view", VIEW, "app", "SELECT", given=False)))
    words = [finding.message.partition(":")[0] for finding in privilege_revoked.RULE.check(step(DO, facts))]
    assert words == [
        "SELECT, INSERT on table public.orders and 1 more is taken from app",
        "INSERT on table public.orders is taken from jobs",
    ]


@pytest.mark.parametrize(
    ("change", "later"),
    [
        (LOST, ()),
        (PrivilegeChanged("table", ORDERS, "app", "SELECT", given=True), ()),
        (PrivilegeChanged("function", VIEW, "public", "EXECUTE", given=True), ()),
        (PrivilegeChanged("schema", Name("", "public"), "public", "USAGE", given=True), ()),
        (OPENED, (PrivilegeChanged("table", ORDERS, "public", "ALL", given=False),)),
    ],
)
def test_what_is_not_given_to_everyone(change: PrivilegeChanged, later: tuple[CatalogChange, ...]) -> None:
    assert found(granted_to_everyone.RULE, step(DO, Facts(changes=(change,)), later=later)) == []


def test_given_to_everyone() -> None:
    assert found(granted_to_everyone.RULE, step(DO, Facts(changes=(OPENED,)))) == [("public.orders", "risky")]
