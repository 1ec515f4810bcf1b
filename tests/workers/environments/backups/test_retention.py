"""Which backups stay."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.environments.backups.kept import Kept
from workers.environments.backups.retention import FRESH, keep
from workers.environments.model import Retention

NOW = datetime(2026, 11, 21, 12, tzinfo=UTC)
NOTHING = Retention(daily=0, weekly=0, monthly=0)


def kept(name: str, taken_at: datetime, good: bool = True) -> Kept:
    return Kept(name, taken_at, 1, good)


def of_days(days: Iterable[int]) -> tuple[Kept, ...]:
    """One of noon of each of so many days ago, named by it."""
    return tuple(kept(str(day), NOW - timedelta(days=day)) for day in days)


def test_nothing_is_kept_of_nothing() -> None:
    assert keep((), Retention(), NOW) == frozenset()


def test_the_only_one_stays_however_old_it_is() -> None:
    assert keep(of_days([4000]), NOTHING, NOW) == {"4000"}


@pytest.mark.parametrize(
    ("plan", "stays"),
    [
        (Retention(3, 0, 0), {"0", "1", "2"}),
        (Retention(0, 3, 0), {"0", "6", "13"}),  # a Saturday, and the Sundays before it
        (Retention(0, 0, 3), {"0", "21", "52"}),  # 31 October, 30 September
        (Retention(2, 2, 2), {"0", "1", "6", "21"}),
    ],
)
def test_a_backup_of_each_day_for_a_year(plan: Retention, stays: set[str]) -> None:
    assert keep(of_days(range(366)), plan, NOW) == stays


def test_days_without_a_backup_do_not_count() -> None:
    assert keep(of_days([10, 200, 300, 301]), Retention(3, 0, 0), NOW) == {"10", "200", "300"}


def test_of_an_older_day_only_the_newest_stays() -> None:
    day = NOW - timedelta(days=3)
    three = [kept(str(hour), day.replace(hour=hour)) for hour in (3, 5, 4)]
    assert keep(three, Retention(), NOW) == {"5"}


def test_what_is_fresh_stays_whatever_the_plan_says() -> None:
    fresh = [kept(str(hours), NOW - timedelta(hours=hours)) for hours in range(30)]
    assert keep(fresh, NOTHING, NOW) == {str(hours) for hours in range(24)}


def test_one_that_is_not_good_is_in_nobodys_place() -> None:
    old, newer = NOW - timedelta(days=3), NOW - timedelta(days=2)
    assert keep([kept("good", old), kept("bad", newer, good=False)], Retention(1, 1, 1), NOW) == {"good"}


def test_days_are_those_of_utc() -> None:
    east = timezone(timedelta(hours=9))
    two = [
        kept("yesterday", datetime(2026, 11, 1, 8, tzinfo=east)),
        kept("today", datetime(2026, 11, 1, 10, tzinfo=east)),
    ]
    assert keep(two, Retention(2, 0, 0), NOW) == {"yesterday", "today"}


ages = st.integers(0, 3 * 365 * 24 * 60).map(lambda minutes: timedelta(minutes=minutes))
histories = st.lists(st.tuples(ages.map(lambda age: NOW - age), st.booleans()), max_size=60).map(
    lambda found: tuple(kept(str(number), *one) for number, one in enumerate(found))
)
plans = st.builds(Retention, *(st.integers(0, 12) for _ in range(3)))


@given(histories, plans)
def test_the_newest_good_one_always_stays(history: tuple[Kept, ...], plan: Retention) -> None:
    good = [one for one in history if one.good]
    newest = max((one.taken_at for one in good), default=None)
    stays = keep(history, plan, NOW)
    assert newest is None or newest in {one.taken_at for one in good if one.name in stays}


@given(histories, plans)
def test_no_more_stay_than_asked_for(history: tuple[Kept, ...], plan: Retention) -> None:
    old = [one for one in history if one.name in keep(history, plan, NOW) and NOW - one.taken_at >= FRESH]
    assert all(one.good for one in old)
    assert len(old) <= max(1, plan.daily + plan.weekly + plan.monthly)


@given(histories, plans)
def test_to_prune_twice_removes_nothing_more(history: tuple[Kept, ...], plan: Retention) -> None:
    stays = keep(history, plan, NOW)
    assert keep([one for one in history if one.name in stays], plan, NOW) == stays


@given(histories, plans, ages)
def test_what_goes_is_never_missed(history: tuple[Kept, ...], plan: Retention, wait: timedelta) -> None:
    assert keep(history, plan, NOW + wait) <= keep(history, plan, NOW)
