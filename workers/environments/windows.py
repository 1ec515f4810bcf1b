"""When an environment may be changed: windows by the clock on the wall there, freezes, and how both are said."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from workers.environments.model import Freeze, Rules, Window

_DAY = timedelta(days=1)
DAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")  # 0 for Monday, as datetime has it
_DAYS_AHEAD = 15  # every weekday begins twice: once, the clock may leap over its window


def is_open(rules: Rules, now: datetime) -> bool:
    """now: aware. No windows are an open one."""
    return frozen(rules, now) is None and (not rules.windows or any(_inside(window, now) for window in rules.windows))


def frozen(rules: Rules, now: datetime) -> Freeze | None:
    """The freeze that holds now, of several the one that ends last."""
    holding = [freeze for freeze in rules.freezes if freeze.start <= now < freeze.end]
    return max(holding, key=lambda freeze: freeze.end, default=None)


def next_opening(rules: Rules, now: datetime) -> datetime | None:
    """The next moment at which it opens, in the zone of its window or freeze; None when no window ever does."""
    ends = [freeze.end for freeze in rules.freezes if freeze.end > now]
    beginnings = (begin for moment in (now, *ends) for window in rules.windows for begin in _beginnings(window, moment))
    return min((moment for moment in (*ends, *beginnings) if moment > now and is_open(rules, moment)), default=None)


def window_text(window: Window) -> str:
    """Mon, Tue 09:00 to 16:00 Europe/Paris."""
    days = ", ".join(DAYS[day] for day in window.days)
    return f"{days} {window.start:%H:%M} to {window.end:%H:%M} {window.zone}"


def moment_text(moment: datetime) -> str:
    """moment: aware. Mon 2026-03-02 09:00 Europe/Paris."""
    return f"{DAYS[moment.weekday()]} {moment:%Y-%m-%d %H:%M} {moment.tzinfo}"


def _inside(window: Window, now: datetime) -> bool:
    """By the wall's clock: an hour that a change to summer time leaves out has no window, one that comes twice has two.
    A window whose end is not after its start ends on the next day."""
    there = now.astimezone(ZoneInfo(window.zone))
    today, clock = there.weekday() in window.days, there.time()
    if window.start < window.end:
        return today and window.start <= clock < window.end
    yesterday = (there.weekday() - 1) % 7 in window.days
    return (today and clock >= window.start) or (yesterday and clock < window.end)


def _beginnings(window: Window, now: datetime) -> Iterator[datetime]:
    zone = ZoneInfo(window.zone)
    today = now.astimezone(zone).date()
    for days in range(_DAYS_AHEAD):
        if (day := today + days * _DAY).weekday() in window.days:
            yield _moment(day, window.start, zone)


def _moment(day: date, clock: time, zone: ZoneInfo) -> datetime:
    """The first of such moments; where the clock leaps over it, as much later as it leaps."""
    return datetime.combine(day, clock, zone).astimezone(ZoneInfo("UTC")).astimezone(zone)
