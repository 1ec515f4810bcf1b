"""When an environment is compared, and what counts as another set of differences. Pure."""

from __future__ import annotations

from dataclasses import replace

import pytest

from workers.catalog import Kind
from workers.drift.gaps import Gap, GapKind
from workers.drift.live import History, LiveDrift
from workers.environments.model import DriftPlan
from workers.jobs.drift_issue import CLEAN
from workers.jobs.drifting import differences, fingerprint, headline, is_due

HOUR = 3_600
NONE = LiveDrift("db:5432/shop", "prisma", "prisma/migrations", "c0ffee", History("public._prisma_migrations"))
COLUMN = Gap(GapKind.EXTRA, Kind.COLUMN, ("public", "a", "b"), "column public.a.b", None, "text")
TABLE = Gap(GapKind.MISSING, Kind.TABLE, ("public", "c"), "table public.c", "TABLE ()", None)


@pytest.mark.parametrize(
    ("ended", "begun", "now", "expected"),
    [
        (0, 0, 100 * HOUR, True),
        (90 * HOUR, 90 * HOUR, 100 * HOUR, False),
        (76 * HOUR, 76 * HOUR, 100 * HOUR, True),
        (0, 99.5 * HOUR, 100 * HOUR, False),
        (0, 99 * HOUR, 100 * HOUR, True),
        (76 * HOUR, 99.5 * HOUR, 100 * HOUR, False),
    ],
)
def test_when_it_is_due(ended: float, begun: float, now: float, expected: bool) -> None:
    assert is_due(DriftPlan(every_hours=24), ended, begun, now) is expected


def test_nothing_differs() -> None:
    pending = replace(NONE, history=History("t", pending=("m2",), rolled_back=("m2",), stamped=("m1",)))
    for clean in (NONE, pending, replace(NONE, reordered=("public.a",), notes=("not compared: comments",))):
        assert (differences(clean), fingerprint(clean), headline(clean)) == ((), CLEAN, "")


def test_what_makes_another_set() -> None:
    drift = replace(NONE, gaps=(COLUMN, TABLE))
    same = replace(drift, gaps=(TABLE, COLUMN), commit="beef", seconds=9.0, notes=("more",))
    assert fingerprint(same) == fingerprint(drift)
    others = (
        replace(drift, gaps=(COLUMN,)),
        replace(drift, gaps=(COLUMN, replace(TABLE, expected="TABLE (id integer)"))),
        replace(drift, history=History("t", edited=("m1",))),
        replace(drift, history=History("t", missing=("m1",))),
    )
    assert len({fingerprint(one) for one in (NONE, drift, *others)}) == 6


@pytest.mark.parametrize(
    ("gaps", "history", "expected"),
    [
        ((COLUMN,), History("t"), "1 object differs"),
        ((), History("t", failed=("m1",)), "1 migration is not in order"),
        (
            (COLUMN, TABLE),
            History("t", edited=("m1",), out_of_order=("m0",)),
            "2 objects differ, 2 migrations are not in order",
        ),
    ],
)
def test_in_a_few_words(gaps: tuple[Gap, ...], history: History, expected: str) -> None:
    assert headline(replace(NONE, gaps=gaps, history=history)) == expected
