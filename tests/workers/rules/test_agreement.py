"""Prediction beside observation: what the two make together, and what is said where they differ."""

from __future__ import annotations

from typing import Any

import pytest

from tests.workers.rules.build import ORDERS, step
from workers.catalog import Catalog, Kind, Object, ObjectId
from workers.changes import CatalogChange, ColumnAdded
from workers.facts import Build, Facts, Lock, Scan
from workers.object_changes import ObjectCreated, ObjectDropped, PrivilegeChanged, Trait, TraitChanged
from workers.rules.agreement import disagreements, merged
from workers.sql.known import Known, learn
from workers.sql.predict import predict
from workers.sql.read import read
from workers.sql.split import split
from workers.words import LockMode, Name, Source

VIEW = Name("public", "open")
INDEX = Name("public", "i")
EXCLUSIVE = (Lock(ORDERS, LockMode.ACCESS_EXCLUSIVE, Source.OBSERVED),)
ADDED = ColumnAdded(ORDERS, "a", "integer", not_null=False, has_default=False)
DROPPED, CREATED = ObjectDropped("view", VIEW), ObjectCreated("view", VIEW)
MEMBER = PrivilegeChanged("role", Name("", "admin"), "bob", "MEMBER", given=True)


# ---------------------------------------------------------------- one set of facts


@pytest.mark.parametrize(
    ("predicted", "observed", "whole", "expected"),
    [
        ((), (ADDED,), True, (ADDED,)),
        ((ADDED, DROPPED), (), True, ()),
        ((CREATED,), (DROPPED,), True, (DROPPED,)),
        ((MEMBER,), (ADDED,), True, (ADDED, MEMBER)),  # no catalog of a database has it
        ((ADDED, DROPPED), (ADDED,), False, (ADDED, DROPPED)),
    ],
)
def test_observed_objects_replace_predicted_ones(
    predicted: tuple[CatalogChange, ...],
    observed: tuple[CatalogChange, ...],
    whole: bool,
    expected: tuple[CatalogChange, ...],
) -> None:
    assert merged(Facts(changes=predicted), Facts(changes=observed), whole=whole).changes == expected


# ---------------------------------------------------------------- where they differ


def catalog(*paths: tuple[Kind, str]) -> Catalog:
    ids = [ObjectId(1, number, 0) for number, _ in enumerate(paths)]
    objects = (Object(id, kind, ("public", name), None, "", {}) for id, (kind, name) in zip(ids, paths, strict=True))
    return Catalog({each.id: each for each in objects}, "bob")


SCHEMA = catalog((Kind.TABLE, "orders"), (Kind.VIEW, "open"))
KNOWN = learn(
    Known(), read(split("CREATE TABLE orders (id int, note varchar(10), total int, fee money)").statements[0])
)
BEFORE = Known(columns=KNOWN.columns)


def said(sql: str, seen: Facts, **more: Any) -> list[str]:
    of = step(sql, seen, **({"before": SCHEMA, "after": SCHEMA} | more))
    return [each.partition(": ")[2] for each in disagreements(of, predict(of.actions, BEFORE))]


@pytest.mark.parametrize(
    ("sql", "seen"),
    [
        ("ALTER TABLE orders ALTER total TYPE bigint", Facts(EXCLUSIVE, rewrites=(ORDERS,))),
        ("ALTER TABLE orders ALTER unknown TYPE bigint", Facts(EXCLUSIVE)),
        ("ALTER TABLE orders ALTER unknown TYPE text", Facts(EXCLUSIVE, rewrites=(ORDERS,))),
        ("ALTER TABLE orders ALTER total TYPE bigint USING f(total)", Facts(EXCLUSIVE)),
        ("ALTER TABLE orders ADD x int DEFAULT f()", Facts(EXCLUSIVE)),  # f may be immutable
        ("ALTER TABLE orders ADD x open", Facts(EXCLUSIVE)),
        ("ALTER TABLE orders SET UNLOGGED", Facts(EXCLUSIVE)),  # it was
        ("TRUNCATE orders", Facts(EXCLUSIVE, rewrites=(ORDERS,))),
        ("ALTER TABLE orders ALTER total SET NOT NULL", Facts(EXCLUSIVE)),  # a CHECK may prove it
        ("ALTER TABLE orders ALTER total SET NOT NULL", Facts(EXCLUSIVE, scans=(Scan(ORDERS, 1),))),
        ("ALTER TABLE orders ADD UNIQUE (id)", Facts(EXCLUSIVE, builds=(Build(INDEX, ORDERS, False),))),
        ("ALTER TABLE orders ADD UNIQUE (id)", Facts(EXCLUSIVE, builds=(Build(INDEX, ORDERS, True),))),
        ("DO $$ $$", Facts(EXCLUSIVE, (ORDERS,), (Build(INDEX, ORDERS, False),), (Scan(ORDERS, 1),))),
        ("DROP VIEW IF EXISTS open", Facts()),
        ("DROP VIEW other", Facts()),
        ("CREATE VIEW open AS SELECT 1", Facts()),
        ("CREATE TEMP VIEW x AS SELECT 1", Facts()),
        ("CREATE ROLE x", Facts()),
        ("ALTER DOMAIN money ADD CHECK (value > 0)", Facts()),
        ("CREATE VIEW x AS SELECT 1; DROP VIEW x", Facts()),
        ("CREATE VIEW x AS SELECT 1; ROLLBACK", Facts()),
        ("CREATE FUNCTION x() AS ''; SELECT y()", Facts()),
    ],
)
def test_nothing_to_say(sql: str, seen: Facts) -> None:
    assert said(sql, seen) == []


def test_nothing_is_said_of_names_that_a_search_path_decides_about() -> None:
    assert said("DROP VIEW open", Facts(), settings={"search_path": "app"}) == []


def test_nothing_is_said_of_tables_of_the_same_pull_request() -> None:
    assert said("ALTER TABLE orders ALTER total TYPE bigint", Facts(EXCLUSIVE), created=frozenset({ORDERS})) == []


@pytest.mark.parametrize(
    ("sql", "seen", "sentence"),
    [
        (
            "ALTER TABLE orders ALTER total TYPE bigint",
            Facts(EXCLUSIVE),
            "ALTER TABLE … ALTER COLUMN … TYPE was predicted to rewrite public.orders, but kept its storage.",
        ),
        (
            "ALTER TABLE orders ALTER note TYPE varchar(20)",
            Facts(EXCLUSIVE, rewrites=(ORDERS,)),
            "ALTER TABLE … ALTER COLUMN … TYPE rewrote public.orders, which was not predicted.",
        ),
        (
            "ALTER TABLE orders SET UNLOGGED",
            Facts(EXCLUSIVE, changes=(TraitChanged(ORDERS, Trait.PERSISTENCE, "logged", "unlogged"),)),
            "ALTER TABLE … SET UNLOGGED was predicted to rewrite public.orders, but kept its storage.",
        ),
        (
            "ALTER TABLE orders ADD UNIQUE (id)",
            Facts(EXCLUSIVE),
            "ALTER TABLE … ADD UNIQUE was predicted to build an index of public.orders, but built none.",
        ),
        (
            "ALTER TABLE orders DROP total",
            Facts(EXCLUSIVE, builds=(Build(INDEX, ORDERS, False),)),
            "ALTER TABLE … DROP COLUMN built an index of public.orders, which was not predicted.",
        ),
        (
            "ALTER TABLE orders ADD CHECK (total > 0)",
            Facts(EXCLUSIVE),
            "ALTER TABLE … ADD CHECK was predicted to read all of public.orders, but did not.",
        ),
        (
            "ALTER TABLE orders ADD x int",
            Facts(EXCLUSIVE, scans=(Scan(ORDERS, 1),)),
            "ALTER TABLE … ADD COLUMN read all of public.orders, which was not predicted.",
        ),
        ("DROP VIEW open", Facts(), "DROP VIEW was predicted to drop view public.open, which is still there."),
        ("CREATE VIEW x AS SELECT 1", Facts(), "CREATE VIEW was predicted to make view public.x, which is not there."),
    ],
)
def test_where_they_differ(sql: str, seen: Facts, sentence: str) -> None:
    assert said(sql, seen) == [sentence]
