"""What a statement's text foretold stands beside what was observed, where there is a finding."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tests.workers.report.reports import INDEXED, judged
from workers.facts import Build, Facts, Lock, Scan, Write
from workers.model import Level
from workers.report.evidence import evidence
from workers.words import LockMode, Name, Source

ORDERS, ITEMS, KEY = Name("public", "orders"), Name("public", "items"), Name("public", "orders_pkey")
NEW = frozenset({ORDERS})
EXCLUSIVE, SHARE, READ = LockMode.ACCESS_EXCLUSIVE, LockMode.SHARE, LockMode.ACCESS_SHARE


def lock(table: Name, mode: LockMode, *, carried: bool = False) -> Lock:
    return Lock(table, mode, Source.OBSERVED, carried=carried)


LOCKED = Facts(locks=(lock(ORDERS, EXCLUSIVE),))
SHARED = Facts(locks=(lock(ORDERS, SHARE),))


def told(observed: Facts, predicted: Facts, *, found: bool = True) -> list[str]:
    """What is said of the prediction."""
    one = replace(judged("ALTER TABLE", Level.RISKY, 5, observed), predicted=predicted)
    lines = evidence(replace(one, findings=(INDEXED,) if found else ()))
    return [line.removeprefix("predicted: ") for line in lines if line.startswith("predicted: ")]


@pytest.mark.parametrize(
    ("observed", "predicted"),
    [
        (Facts(), Facts()),
        (Facts(locks=(lock(ORDERS, READ),)), Facts()),
        (replace(LOCKED, new_tables=NEW), LOCKED),
    ],
)
def test_no_work_needs_no_prediction(observed: Facts, predicted: Facts) -> None:
    assert told(observed, predicted) == []


def test_where_nothing_was_found_or_run_nothing_is_added() -> None:
    assert told(LOCKED, SHARED, found=False) == []
    alone = replace(judged("ALTER TABLE", Level.RISKY, 5, LOCKED), observation=None, findings=(INDEXED,))
    assert evidence(replace(alone, predicted=LOCKED)) == ("ACCESS EXCLUSIVE on `public.orders`",)


@pytest.mark.parametrize(
    ("observed", "predicted"),
    [
        (LOCKED, LOCKED),
        (replace(LOCKED, locks=(*LOCKED.locks, lock(ITEMS, READ))), LOCKED),
        (Facts(locks=(*SHARED.locks, lock(ITEMS, EXCLUSIVE, carried=True))), SHARED),
        (
            replace(LOCKED, rewrites=(ORDERS,), builds=(Build(KEY, ORDERS, True),), scans=(Scan(ORDERS, 1),)),
            replace(LOCKED, rewrites=(ORDERS,)),
        ),
        (replace(LOCKED, scans=(Scan(ITEMS, 1),), writes=(Write(ORDERS, updated=3),)), LOCKED),
        (
            replace(SHARED, builds=(Build(KEY, ORDERS, False),), scans=(Scan(ORDERS, 1),)),
            replace(SHARED, builds=(Build(KEY, ORDERS, False),)),
        ),
    ],
)
def test_the_same(observed: Facts, predicted: Facts) -> None:
    assert told(observed, predicted) == ["the same"]


def test_a_lock_that_an_earlier_statement_left_is_not_taken_again() -> None:
    one = replace(judged("ALTER TABLE", Level.RISKY, 5), predicted=SHARED, findings=(INDEXED,))
    weaker, stronger = (replace(one, held=(lock(ORDERS, mode),)) for mode in (LockMode.ROW_EXCLUSIVE, EXCLUSIVE))
    assert evidence(weaker) == ("predicted: SHARE on `public.orders`",)
    assert evidence(stronger) == ("predicted: the same",)
    assert evidence(replace(stronger, facts=Facts(locks=(lock(ORDERS, EXCLUSIVE, carried=True),)))) == (
        "ACCESS EXCLUSIVE on `public.orders`",
        "predicted: the same",
    )


@pytest.mark.parametrize(
    ("observed", "predicted", "expected"),
    [
        (LOCKED, Facts(), "nothing"),
        (LOCKED, SHARED, "SHARE on `public.orders`"),
        (Facts(), LOCKED, "ACCESS EXCLUSIVE on `public.orders`"),
        (SHARED, LOCKED, "ACCESS EXCLUSIVE on `public.orders`"),
        (replace(LOCKED, locks=(*LOCKED.locks, lock(ITEMS, EXCLUSIVE))), LOCKED, "ACCESS EXCLUSIVE on `public.orders`"),
        (LOCKED, replace(LOCKED, rewrites=(ORDERS,)), "ACCESS EXCLUSIVE on `public.orders`, rewrites `public.orders`"),
        (replace(SHARED, builds=(Build(KEY, ORDERS, True),)), SHARED, "SHARE on `public.orders`"),
        (replace(LOCKED, scans=(Scan(ORDERS, 1),)), LOCKED, "ACCESS EXCLUSIVE on `public.orders`"),
    ],
)
def test_what_differs_is_told_as_predicted(observed: Facts, predicted: Facts, expected: str) -> None:
    assert told(observed, predicted) == [expected]


def test_it_stands_between_the_work_and_the_rows() -> None:
    ran = replace(LOCKED, writes=(Write(ORDERS, updated=3),))
    one = replace(judged("UPDATE", Level.RISKY, 5, ran), predicted=LOCKED, findings=(INDEXED,))
    assert evidence(one) == (
        "ACCESS EXCLUSIVE on `public.orders`",
        "predicted: the same",
        "updates 3 rows in `public.orders`",
    )
