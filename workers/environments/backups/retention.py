"""Which backups stay: grandfather, father, son."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from datetime import UTC, datetime, timedelta

from workers.environments.backups.kept import Kept
from workers.environments.model import Retention

# The command to go back stands in comments of today, also when a second migration has run since.
FRESH = timedelta(hours=24)


def keep(kept: Sequence[Kept], plan: Retention, now: datetime) -> frozenset[str]:
    """The names of those that stay: whatever is younger than FRESH; the newest good one, always; and of the good ones
    the newest of each of the last plan.daily days that have one, and so for weeks (ISO) and months, in UTC. Days
    without a backup do not count, so a quiet month costs nothing: as restic's and borg's --keep-daily
    (https://restic.readthedocs.io/en/stable/060_forget.html). One that is not good is in nobody's place."""
    good = sorted((one for one in kept if one.good), key=lambda one: (one.taken_at, one.name), reverse=True)
    stays = {one.name for one in kept if now - one.taken_at < FRESH}
    stays.update(one.name for one in good[:1])
    for count, period in ((plan.daily, _day), (plan.weekly, _week), (plan.monthly, _month)):
        stays.update(_newest(good, period)[:count])
    return frozenset(stays)


def _newest(good: Sequence[Kept], period: Callable[[datetime], Hashable]) -> list[str]:
    """One of each period, newest first."""
    found: dict[Hashable, str] = {}
    for one in good:
        found.setdefault(period(one.taken_at.astimezone(UTC)), one.name)
    return list(found.values())


def _day(moment: datetime) -> Hashable:
    return moment.date()


def _week(moment: datetime) -> Hashable:
    return moment.isocalendar()[:2]


def _month(moment: datetime) -> Hashable:
    return moment.year, moment.month
