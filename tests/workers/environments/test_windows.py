"""Windows over midnight, over the change to summer time, and freezes that end inside of them."""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from workers.environments.model import Freeze, Rules, Window
from workers.environments.windows import frozen, is_open, moment_text, next_opening, window_text

PARIS = ZoneInfo("Europe/Paris")
EVERY_DAY = tuple(range(7))
WORK = Rules(windows=(Window((0, 1, 2, 3), time(9), time(16), "Europe/Paris"),))
NIGHT = Rules(windows=(Window((4,), time(22), time(6), "Europe/Paris"),))  # Friday's


def paris(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=PARIS)


def test_without_windows_it_is_always_open() -> None:
    assert is_open(Rules(), paris("2026-03-04 03:00"))
    assert next_opening(Rules(), paris("2026-03-04 03:00")) is None


@pytest.mark.parametrize(
    ("rules", "now", "expected"),
    [
        (WORK, "2026-03-04 08:59:59", False),
        (WORK, "2026-03-04 09:00", True),
        (WORK, "2026-03-04 15:59:59", True),
        (WORK, "2026-03-04 16:00", False),
        (WORK, "2026-03-06 10:00", False),
        (NIGHT, "2026-03-06 21:59", False),
        (NIGHT, "2026-03-06 22:00", True),
        (NIGHT, "2026-03-07 05:59", True),
        (NIGHT, "2026-03-07 06:00", False),
        (NIGHT, "2026-03-07 22:30", False),
        (NIGHT, "2026-03-06 05:00", False),
        (Rules(windows=(Window((6,), time(22), time(2), "Europe/Paris"),)), "2026-03-09 01:00", True),
        (Rules(windows=(Window((2,), time(9), time(9), "Europe/Paris"),)), "2026-03-05 08:59", True),
        (Rules(windows=(Window((2,), time(9), time(9), "Europe/Paris"),)), "2026-03-05 09:00", False),
        (Rules(windows=(*WORK.windows, *NIGHT.windows)), "2026-03-06 23:00", True),
    ],
)
def test_by_the_clock_on_the_wall(rules: Rules, now: str, expected: bool) -> None:
    assert is_open(rules, paris(now)) == expected
    assert is_open(rules, paris(now).astimezone(UTC)) == expected


@pytest.mark.parametrize(
    ("moment", "expected"),
    [
        (datetime(2026, 3, 28, 8, 30, tzinfo=UTC), True),  # 09:30 in winter
        (datetime(2026, 3, 28, 7, 30, tzinfo=UTC), False),
        (datetime(2026, 3, 29, 7, 30, tzinfo=UTC), True),  # 09:30 in summer, from this day on
        (datetime(2026, 3, 29, 14, 30, tzinfo=UTC), False),
    ],
)
def test_summer_time_moves_a_window(moment: datetime, expected: bool) -> None:
    assert is_open(Rules(windows=(Window(EVERY_DAY, time(9), time(16), "Europe/Paris"),)), moment) == expected


def test_an_hour_that_is_left_out_has_no_window_and_one_that_comes_twice_has_two() -> None:
    rules = Rules(windows=(Window(EVERY_DAY, time(2), time(3), "Europe/Paris"),))

    def hours_open(midnight: datetime) -> list[int]:
        return [hour for hour in range(5) if is_open(rules, midnight + timedelta(hours=hour))]

    assert hours_open(datetime(2026, 3, 27, 23, tzinfo=UTC)) == [2]
    assert hours_open(datetime(2026, 3, 28, 23, tzinfo=UTC)) == []
    assert hours_open(datetime(2026, 10, 24, 22, tzinfo=UTC)) == [2, 3]


HOLIDAYS = Freeze(paris("2026-12-20 00:00"), paris("2027-01-04 12:00"), "holidays")


def test_a_freeze_closes_what_a_window_opens() -> None:
    rules = Rules(windows=WORK.windows, freezes=(HOLIDAYS,))
    assert is_open(rules, paris("2026-12-17 10:00"))
    assert not is_open(rules, paris("2026-12-21 10:00"))
    assert frozen(rules, paris("2026-12-20 00:00")) == HOLIDAYS
    assert frozen(rules, HOLIDAYS.end) is None
    assert is_open(rules, HOLIDAYS.end)


def test_of_two_freezes_the_longer_is_told() -> None:
    other = Freeze(HOLIDAYS.start, paris("2026-12-27 00:00"), "Christmas")
    assert frozen(Rules(freezes=(other, HOLIDAYS)), paris("2026-12-21 10:00")) == HOLIDAYS


@pytest.mark.parametrize(
    ("rules", "now", "expected"),
    [
        (WORK, "2026-03-04 08:00", "Wed 2026-03-04 09:00 Europe/Paris"),
        (WORK, "2026-03-05 16:00", "Mon 2026-03-09 09:00 Europe/Paris"),
        (NIGHT, "2026-03-07 06:00", "Fri 2026-03-13 22:00 Europe/Paris"),
        (Rules(WORK.who, windows=WORK.windows, freezes=(HOLIDAYS,)), "2026-12-21 10:00", None),
        (Rules(freezes=(HOLIDAYS,)), "2026-12-21 10:00", None),
        (
            Rules(windows=(Window((6,), time(2, 30), time(5), "Europe/Paris"),)),
            "2026-03-29 01:00",
            "Sun 2026-03-29 03:30 Europe/Paris",
        ),
        (
            Rules(windows=(Window((6,), time(2), time(2, 45), "Europe/Paris"),)),
            "2026-03-25 10:00",
            "Sun 2026-04-05 02:00 Europe/Paris",
        ),
    ],
)
def test_the_next_opening_is_told(rules: Rules, now: str, expected: str | None) -> None:
    opens = next_opening(rules, paris(now))
    assert opens is not None
    assert moment_text(opens) == (expected or moment_text(HOLIDAYS.end))


def test_a_window_is_told() -> None:
    assert window_text(WORK.windows[0]) == "Mon, Tue, Wed, Thu 09:00 to 16:00 Europe/Paris"


_quarters = st.integers(0, 95).map(lambda quarter: time(quarter // 4, quarter % 4 * 15))
_windows = st.builds(
    Window,
    st.sets(st.integers(0, 6), min_size=1).map(tuple),
    _quarters,
    _quarters,
    st.sampled_from(("Europe/Paris", "America/New_York", "Asia/Kolkata", "UTC")),
)
_START = datetime(2026, 6, 1, tzinfo=UTC)  # no clock changes within the month
_freezes = st.builds(
    lambda begin, hours: Freeze(
        _START + timedelta(hours=begin), _START + timedelta(hours=begin + hours), "closed"
    ),
    st.integers(0, 200),
    st.integers(1, 200),
)  # fmt: skip


@given(
    st.builds(
        lambda windows, freezes: Rules(windows=tuple(windows), freezes=tuple(freezes)),
        st.lists(_windows, min_size=1, max_size=2),
        st.lists(_freezes, max_size=2),
    ),
    st.integers(0, 200 * 4),
)
def test_it_opens_when_it_is_said_to_and_not_before(rules: Rules, quarters: int) -> None:
    step = timedelta(minutes=15)
    now = _START + quarters * step
    if is_open(rules, now):
        return
    opens = next_opening(rules, now)
    while not is_open(rules, now):
        now += step
    assert opens == now
